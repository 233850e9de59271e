package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model/migrate"
	"github.com/glueful/glueful-go/render"
)

type order struct {
	Fail bool `query:"fail"`
}

func TestIdempotency(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "orders.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := (migrate.Set{{Name: "glueful", Files: glueful.Schema("sqlite")}}).Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "CREATE TABLE orders (id integer PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	once := &glueful.Idempotency{DB: db.SQL(), Dialect: "sqlite", Caller: func(*http.Request) string { return "a" }, Required: true}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	m.With(once.Handler).Handle("POST /orders", glueful.Do(func(ctx context.Context, in order) (render.Created[map[string]int64], error) {
		res, err := glueful.Tx(ctx).ExecContext(ctx, "INSERT INTO orders DEFAULT VALUES")
		if err != nil {
			return render.Created[map[string]int64]{}, err
		}
		if in.Fail {
			return render.Created[map[string]int64]{}, errs.Conflict
		}
		id, err := res.LastInsertId()
		return render.Created[map[string]int64]{At: fmt.Sprint("/orders/", id), Body: map[string]int64{"id": id}}, err
	}))
	post := func(key, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, nil)
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		return w
	}
	for i := range 3 {
		w := post(`"k"`, "/orders")
		if w.Code != 201 || w.Body.String() != "{\"id\":1}" && w.Body.String() != "{\"id\":1}\n" || (w.Header().Get("Idempotency-Replayed") == "true") != (i > 0) {
			t.Errorf("call %d: %d %s %v", i, w.Code, w.Body, w.Header())
		}
	}
	if w := post(`"k"`, "/orders?fail=true"); w.Code != 422 {
		t.Errorf("the key with another request: %d", w.Code)
	}
	for range 2 {
		if w := post(`"f"`, "/orders?fail=true"); w.Code != 409 || w.Header().Get("Idempotency-Replayed") != "" {
			t.Errorf("a failure: %d", w.Code)
		}
	}
	var calls sync.WaitGroup
	var made atomic.Int64
	for range 50 {
		calls.Go(func() {
			for {
				w := post(`"many"`, "/orders")
				if w.Code == 201 {
					made.Add(1)
					return
				}
				if w.Code != 409 {
					t.Errorf("%d %s", w.Code, w.Body)
					return
				}
			}
		})
	}
	calls.Wait()
	var rows int
	if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM orders").Scan(&rows); err != nil || rows != 2 || made.Load() != 50 {
		t.Errorf("%d rows, %d answers, %v; want 2 and 50", rows, made.Load(), err)
	}
	if n, err := once.Sweep(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("Sweep of fresh keys: %d, %v", n, err)
	}
}
