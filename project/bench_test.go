package project_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

// thirty is a plan of an answer with thirty members, and a selection of them.
func thirty(tb testing.TB) (*project.Plan, string) {
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprint("member", i)
	}
	p, err := project.NewPlan(nil, project.Answer{Kind: "page", Members: func(path string) []string {
		if path == "" {
			return names
		}
		return nil
	}})
	if err != nil {
		tb.Fatal(err)
	}
	return p, strings.Join(names, ",")
}

func BenchmarkBind(b *testing.B) {
	p, text := thirty(b)
	ctx := context.Background()
	b.Run("known", func(b *testing.B) {
		values := url.Values{"fields": {text}}
		b.ReportAllocs()
		for b.Loop() {
			var q project.Query
			_ = q.Bind(ctx, p, values)
		}
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			more := fmt.Sprint(",member", n%30, ",member", n/30%30, ",member", n/900%30)
			var q project.Query
			_ = q.Bind(ctx, p, url.Values{"fields": {text + more}})
		}
	})
}
