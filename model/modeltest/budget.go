package modeltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// Budget returns a context under which at most n statements may run until the
// test ends; more fail the test, with every statement and how often it ran.
// It finds the query in a loop that a test with one row never shows:
//
//	ctx := modeltest.Budget(t, t.Context(), 3)
//	page, err := shop.list(ctx, query)
func Budget(t testing.TB, ctx context.Context, n int) context.Context {
	t.Helper()
	quiet := &model.Guard{Report: func(context.Context, model.Repeat) {}}
	ctx, tally := quiet.Watch(ctx)
	t.Cleanup(func() {
		t.Helper()
		if got := tally.Total(); got > n {
			t.Errorf("%d statements ran, the budget is %d:\n%s", got, n, spent(tally))
		}
	})
	return ctx
}

// spent lists the statements of a tally, those that ran most often first.
func spent(tally *model.Tally) string {
	counts := tally.Counts()
	var lines []string
	for text, n := range counts {
		lines = append(lines, fmt.Sprintf("%6d x %s", n, text))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(b, a) })
	return strings.Join(lines, "\n")
}
