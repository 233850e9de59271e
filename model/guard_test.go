package model_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func TestGuard(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	for i := range 10 {
		if err := entries.Insert(t.Context(), db, &entry{Tag: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	var found []model.Repeat
	guard := &model.Guard{Report: func(_ context.Context, r model.Repeat) { found = append(found, r) }}
	serve := func(h http.HandlerFunc) {
		t.Helper()
		found = nil
		guard.Handler(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	}

	t.Run("a query in a loop is reported once, with its place", func(t *testing.T) {
		serve(func(w http.ResponseWriter, r *http.Request) {
			for id := range int64(10) {
				if _, err := entries.Find(r.Context(), db, id+1); err != nil { // the place
					t.Error(err)
				}
			}
		})
		if len(found) != 1 || found[0].Count != 6 ||
			!strings.Contains(found[0].Caller, "guard_test.go:") || !strings.Contains(found[0].Caller, "TestGuard") {
			t.Errorf("found %+v, want one repeat in this file", found)
		}
	})
	t.Run("requests are counted apart", func(t *testing.T) {
		for id := range int64(10) {
			serve(func(w http.ResponseWriter, r *http.Request) { entries.Find(r.Context(), db, id+1) })
			if found != nil {
				t.Errorf("found %+v", found)
			}
		}
	})
	t.Run("a tally counts every statement", func(t *testing.T) {
		ctx, tally := guard.Watch(t.Context())
		entries.All(ctx, db)
		entries.All(ctx, db)
		entries.Where(model.Eq(&en.ID, 1)).Count(ctx, db)
		if tally.Total() != 3 || len(tally.Counts()) != 2 {
			t.Errorf("Total = %d, Counts = %v, want 3 of 2 texts", tally.Total(), tally.Counts())
		}
	})
}

func TestSpan(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	var mu sync.Mutex
	var seen []string
	db.Span = func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error)) {
		return ctx, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			verb, _, _ := strings.Cut(attrs[1].Value.String(), " ")
			seen = append(seen, fmt.Sprintf("%s %s=%s %s %v", name, attrs[0].Key, attrs[0].Value, verb, err != nil))
		}
	}
	ctx := t.Context()
	if err := entries.Insert(ctx, db, &entry{Tag: "a"}); err != nil {
		t.Fatal(err)
	}
	entries.All(ctx, db)
	entries.Insert(ctx, db, &entry{ID: 1, Tag: "again"})
	want := []string{
		"model.query db.system=postgres INSERT false",
		"model.query db.system=postgres SELECT false",
		"model.query db.system=postgres INSERT true",
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("spans = %q, want %q", seen, want)
	}
}
