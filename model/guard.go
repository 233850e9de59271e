package model

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// A Guard finds queries in loops while an app is being developed: it counts
// the statements that run under one context, usually one request, and reports
// the place that runs the same one again and again. Relations load for all
// siblings at once, so what is left to find is a Find or a Where in a loop.
//
//	if development {
//		handler = new(model.Guard).Handler(handler)
//	}
//
// The zero value works. Its fields must not change after first use; its
// methods may be called concurrently. Without a Guard nothing is counted.
type Guard struct {
	// Limit is how often a statement may run before it is reported; 0 means 5.
	Limit int
	// Report is called once for each statement that passes the limit; nil
	// logs a warning to slog.Default().
	Report func(context.Context, Repeat)
}

// A Repeat is a statement that ran too often under one context.
type Repeat struct {
	Statement string // with placeholders, so it holds no data
	Count     int    // how often it has run
	Caller    string // "/app/list.go:17 app.List", outside this package
}

// Handler counts the statements of every request apart.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, _ := g.Watch(r.Context())
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Watch returns a context whose statements are counted in the tally.
func (g *Guard) Watch(ctx context.Context) (context.Context, *Tally) {
	t := &Tally{guard: g, counts: map[string]int{}}
	return context.WithValue(ctx, tallyKey{}, t), t
}

type tallyKey struct{}

// A Tally is what ran under a context of [Guard.Watch]. It may be read while
// statements run.
type Tally struct {
	guard  *Guard
	mu     sync.Mutex
	total  int
	counts map[string]int // by text
}

// Total returns how many statements have run.
func (t *Tally) Total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}

// Counts returns how often each statement has run, by its text.
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]int, len(t.counts))
	for text, n := range t.counts {
		out[text] = n
	}
	return out
}

// count notes a statement in the tally of ctx, if it has one.
func count(ctx context.Context, text string) {
	t, ok := ctx.Value(tallyKey{}).(*Tally)
	if !ok {
		return
	}
	limit := t.guard.Limit
	if limit <= 0 {
		limit = 5
	}
	t.mu.Lock()
	t.total++
	t.counts[text]++
	n := t.counts[text]
	t.mu.Unlock()
	if n == limit+1 {
		t.guard.report(ctx, Repeat{text, n, caller()})
	}
}

func (g *Guard) report(ctx context.Context, r Repeat) {
	if g.Report != nil {
		g.Report(ctx, r)
		return
	}
	slog.WarnContext(ctx, "model: a query in a loop", "caller", r.Caller, "count", r.Count, "statement", r.Statement)
}

// caller names the first function on the stack outside this package.
func caller() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	first, more := frames.Next()
	own := first.Function[:strings.LastIndexByte(first.Function, '.')+1]
	for more {
		var f runtime.Frame
		f, more = frames.Next()
		if strings.HasPrefix(f.Function, own) || strings.HasPrefix(f.Function, "iter.") || f.Function == "" {
			continue
		}
		return f.File + ":" + strconv.Itoa(f.Line) + " " + f.Function[strings.LastIndexByte(f.Function, '/')+1:]
	}
	return "unknown"
}
