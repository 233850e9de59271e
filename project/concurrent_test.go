package project_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/glueful/glueful-go/project"
)

// TestPlan_concurrent asks for more selections than a plan remembers, by
// callers who may see different things, at once.
func TestPlan_concurrent(t *testing.T) {
	type admin struct{}
	names := make([]string, 40)
	for i := range names {
		names[i] = fmt.Sprint("m", i)
	}
	var mu sync.Mutex
	compiled := 0
	p, err := project.NewPlan(func(r *project.Rules) {
		r.Guard("m0", func(ctx context.Context) bool { return ctx.Value(admin{}) != nil })
	}, project.Answer{
		Kind: "page",
		Members: func(path string) []string {
			if strings.Count(path, ".") > 4 {
				return nil
			}
			return names
		},
		Compile: func(paths []string) any {
			mu.Lock()
			defer mu.Unlock()
			compiled++
			return strings.Join(paths, " ")
		},
		Reads: func(probe, selection any) [][]any { return [][]any{{probe, selection}} },
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			ctx := context.Background()
			if worker%2 == 0 {
				ctx = context.WithValue(ctx, admin{}, true)
			}
			for i := range 2000 {
				a, b := names[1+i%39], names[1+i/39%39]
				var q project.Query
				if err := q.Bind(ctx, p, url.Values{"fields": {a + "(m0," + b + ")"}}); (err == nil) != (worker%2 == 0) {
					t.Errorf("worker %d: %v", worker, err)
					return
				}
				if err := q.Bind(ctx, p, url.Values{"fields": {a + "(" + b + ")"}}); err != nil || !strings.HasPrefix(q.Selection().(string), a+"."+b) {
					t.Errorf("worker %d: %v, %v", worker, q.Selection(), err)
					return
				}
				if got := q.Reads(&mu); got[0][1] != q.Selection() {
					t.Errorf("worker %d: reads %v", worker, got)
				}
			}
		})
	}
	wg.Wait()
	if compiled < 1521 {
		t.Errorf("%d selections were compiled, want all 1521 of them", compiled)
	}
}
