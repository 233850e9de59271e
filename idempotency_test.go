package glueful_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/lib/pq"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/render"
)

// database makes a schema of the test's own with the tables it needs, and returns
// a handle and the DSN that leads there.
func database(t *testing.T) (*sql.DB, string) {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const say = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(say)
		}
		t.Skip(say)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t_root_%x", rand.Uint64())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	db, err := sql.Open("postgres", u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Close()
		admin.Exec("DROP SCHEMA " + name + " CASCADE")
		admin.Close()
	})
	tables, err := fs.ReadFile(glueful.Schema("postgres"), "0001_idempotency.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(tables), "CREATE TABLE orders (id bigserial, key text)"} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	return db, u.String()
}

type order struct {
	Key  string `header:"X-Order"`
	Fail string `query:"fail"`
}

// orders is an API whose effect is a row, made in the transaction of the key.
func orders(once *glueful.Idempotency, before func()) *glueful.Mux {
	m := quiet()
	m.With(once.Handler).Handle("POST /orders", glueful.Do(func(ctx context.Context, in order) (render.Created[map[string]int64], error) {
		before()
		var id int64
		err := glueful.Tx(ctx).QueryRowContext(ctx, "INSERT INTO orders (key) VALUES ($1) RETURNING id", in.Key).Scan(&id)
		switch {
		case err != nil:
			return render.Created[map[string]int64]{}, err
		case in.Fail == "late":
			return render.Created[map[string]int64]{}, errs.Conflict
		case in.Fail == "panic":
			panic("late")
		}
		return render.Created[map[string]int64]{At: fmt.Sprint("/orders/", id), Body: map[string]int64{"id": id}}, nil
	}))
	return m
}

func account(r *http.Request) string { return r.Header.Get("X-Account") }

func TestIdempotency(t *testing.T) {
	db, _ := database(t)
	enter, leave := make(chan struct{}, 1), make(chan struct{})
	var slow atomic.Bool
	m := orders(&glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account, Required: true}, func() {
		if slow.Load() {
			enter <- struct{}{}
			<-leave
		}
	})
	srv := httptest.NewServer(m)
	defer srv.Close()
	post := func(account, key, path string) (int, string, http.Header) {
		t.Helper()
		req, _ := http.NewRequest("POST", srv.URL+path, nil)
		req.Header.Set("X-Account", account)
		req.Header.Set("X-Order", key)
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), resp.Header
	}
	rows := func() (n int) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM orders").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	status, first, header := post("a", `"k1"`, "/orders")
	if status != 201 || header.Get("Idempotency-Replayed") != "" {
		t.Fatalf("%d %s", status, first)
	}
	status, again, replayed := post("a", `"k1"`, "/orders")
	if status != 201 || again != first || replayed.Get("Location") != header.Get("Location") || replayed.Get("Idempotency-Replayed") != "true" {
		t.Errorf("repetition: %d %s %v", status, again, replayed)
	}
	if replayed.Get("X-Request-Id") == header.Get("X-Request-Id") {
		t.Error("the repetition has the id of the first request")
	}
	if status, other, _ := post("b", `"k1"`, "/orders"); status != 201 || other == first {
		t.Errorf("another caller's key: %d %s", status, other)
	}
	if status, _, _ := post("a", `"k1"`, "/orders?fail="); status != 422 {
		t.Errorf("the key with another request: %d, want 422", status)
	}
	if n := rows(); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	for key, want := range map[string]int{"": 400, `k`: 400, `""`: 400, `"a" "b"`: 400, `"a\"b\\"`: 201, `"` + strings.Repeat("x", 255) + `"`: 201, `"` + strings.Repeat("x", 256) + `"`: 400, `"é"`: 400, `"a\n"`: 400} {
		if status, body, _ := post("keys", key, "/orders"); status != want {
			t.Errorf("key %q: %d, want %d: %s", key, status, want, body)
		}
	}
	if status, _, _ := post("", `"k"`, "/orders"); status != 401 {
		t.Errorf("without a caller: %d, want 401", status)
	}

	before := rows()
	for range 2 { // nothing is recorded of a failure, and nothing has happened
		if status, _, h := post("a", `"k2"`, "/orders?fail=late"); status != 409 || h.Get("Idempotency-Replayed") != "" {
			t.Errorf("a refused request: %d", status)
		}
		if status, _, _ := post("a", `"k3"`, "/orders?fail=panic"); status != 500 {
			t.Errorf("a panic: %d", status)
		}
	}
	if n := rows(); n != before {
		t.Errorf("failed requests left %d rows", n-before)
	}

	slow.Store(true)
	done := make(chan int)
	go func() { s, _, _ := post("a", `"k4"`, "/orders"); done <- s }()
	<-enter
	if status, _, h := post("a", `"k4"`, "/orders"); status != 409 || h.Get("Retry-After") == "" {
		t.Errorf("while the first runs: %d, Retry-After %q", status, h.Get("Retry-After"))
	}
	close(leave)
	if s := <-done; s != 201 {
		t.Errorf("the first: %d", s)
	}
	slow.Store(false)

	once := &glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account}
	if _, err := db.Exec("UPDATE idempotency_keys SET expires_at = 0"); err != nil {
		t.Fatal(err)
	}
	if n, err := once.Sweep(t.Context(), 2); n != 2 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if status, _, h := post("a", `"k1"`, "/orders?x="); status != 400 && h.Get("Idempotency-Replayed") != "" {
		t.Errorf("an expired key was replayed")
	}
	db.Exec("DROP TABLE idempotency_keys")
	if status, body, _ := post("a", `"k9"`, "/orders"); status != 503 || strings.Contains(body, "idempotency_keys") {
		t.Errorf("without the table: %d %s", status, body)
	}
}

// TestIdempotency_edges is about what surrounds an answer, and about commits
// that fail.
func TestIdempotency_edges(t *testing.T) {
	db, _ := database(t)
	if _, err := db.Exec("CREATE TABLE names (name text UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO names VALUES ('taken')"); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	outside := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("RateLimit", fmt.Sprint("remaining=", calls.Add(1)))
			next.ServeHTTP(w, r)
		})
	}
	once := &glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account, Required: true}
	m := quiet()
	api := m.With(outside, once.Handler)
	api.Handle("POST /names/{name}", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("a recorded answer was hijacked: %v", err)
		}
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("a recorded answer was flushed: %v", err)
		}
		_, err := glueful.Tx(r.Context()).ExecContext(r.Context(), "INSERT INTO names VALUES ($1)", r.PathValue("name"))
		w.Header().Set("Location", "/names/"+r.PathValue("name"))
		w.WriteHeader(http.StatusCreated)
		return err
	}))
	for i := range 2 {
		resp, body := call(t, m, "POST", "/names/new", "", "X-Account", "a", "Idempotency-Key", `"n"`)
		if resp.StatusCode != 201 || resp.Header.Get("Location") != "/names/new" || (resp.Header.Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("call %d: %d %v %s", i, resp.StatusCode, resp.Header, body)
		}
		if got, want := resp.Header.Values("RateLimit"), fmt.Sprint("remaining=", i+1); len(got) != 1 || got[0] != want {
			t.Errorf("call %d: RateLimit %q, want that of this request, %q", i, got, want)
		}
	}
	for range 2 { // the commit fails: nothing has happened, and the key is free at once
		resp, body := call(t, m, "POST", "/names/taken", "", "X-Account", "a", "Idempotency-Key", `"t"`)
		if resp.StatusCode != 409 || strings.Contains(body, "idempotency_key_in_progress") || resp.Header.Get("Retry-After") != "" {
			t.Errorf("a unique name that is taken, found at commit: %d %v %s", resp.StatusCode, resp.Header, body)
		}
	}
}

// TestIdempotency_clientGone has the client leave after the change and before the
// commit: nothing has happened, and its next attempt is the first.
func TestIdempotency_clientGone(t *testing.T) {
	db, _ := database(t)
	changed, gone := make(chan struct{}), make(chan struct{}, 1)
	var attempts atomic.Int64
	once := &glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account}
	m := quiet()
	m.With(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { gone <- struct{}{} }()
			next.ServeHTTP(w, r)
		})
	}, once.Handler).Handle("POST /orders", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := glueful.Tx(r.Context()).ExecContext(r.Context(), "INSERT INTO orders (key) VALUES ('gone')"); err != nil {
			return err
		}
		if attempts.Add(1) == 1 {
			close(changed)
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusCreated) // whatever the context says
		return nil
	}))
	srv := httptest.NewServer(m)
	defer srv.Close()
	send := func(ctx context.Context) (int, error) {
		req, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/orders", nil)
		req.Header.Set("X-Account", "a")
		req.Header.Set("Idempotency-Key", `"gone"`)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-changed; leave() }()
	if _, err := send(ctx); err == nil {
		t.Fatal("the client did not leave")
	}
	<-gone
	if status, err := send(t.Context()); status != 201 || err != nil {
		t.Errorf("the next attempt: %d, %v", status, err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM orders").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d effects, %v", n, err)
	}
}

func TestIdempotency_onAnotherRouter(t *testing.T) {
	db, _ := database(t)
	once := &glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account}
	mux := http.NewServeMux()
	mux.Handle("POST /", once.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(r.Body, 1)) })))
	for size, want := range map[int]int{1 << 20: 200, 1<<20 + 1: 413} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", size)))
		r.Header.Set("X-Account", "a")
		r.Header.Set("Idempotency-Key", fmt.Sprintf(`"%d"`, size))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%d bytes: %d, want %d: %.100s", size, w.Code, want, w.Body)
		}
	}
}

// serveOrders is the server that gets killed.
func serveOrders() {
	db, err := sql.Open("postgres", os.Getenv("GLUEFUL_TEST_ORDERS"))
	if err != nil {
		panic(err)
	}
	m := orders(&glueful.Idempotency{DB: db, Dialect: "postgres", Caller: account, Required: true, Lease: time.Second}, func() {})
	s := &glueful.Server{Addr: os.Getenv("GLUEFUL_TEST_ADDR"), Handler: m, Log: slog.New(slog.DiscardHandler), Started: func(a net.Addr) { fmt.Println(a) }}
	fmt.Println(s.Run(context.Background()))
}

// TestIdempotency_killed sends each key from many clients at once while the server
// is killed and started again: one effect a key, one answer a key.
func TestIdempotency_killed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	db, dsn := database(t)
	keys, clients, kills := 100, 20, 5
	if os.Getenv("GLUEFUL_LONG") == "1" {
		keys, kills = 1000, 20
	}
	t.Setenv("GLUEFUL_TEST_ORDERS", dsn)
	t.Setenv("GLUEFUL_TEST_ADDR", "127.0.0.1:0")
	cmd, addr, _ := child(t, "idempotency")
	t.Setenv("GLUEFUL_TEST_ADDR", addr)

	var answered atomic.Int64
	var mu sync.Mutex
	answers := map[string]map[string]bool{}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	var clientsDone sync.WaitGroup
	work := make(chan string)
	for range clients * 2 {
		clientsDone.Go(func() {
			for key := range work {
				body, err := order1(ctx, addr, key)
				if err != nil {
					t.Errorf("key %s: %v", key, err)
					return
				}
				answered.Add(1)
				mu.Lock()
				if answers[key] == nil {
					answers[key] = map[string]bool{}
				}
				answers[key][body] = true
				mu.Unlock()
			}
		})
	}
	go func() {
		defer close(work)
		for k := range keys {
			for range clients {
				select {
				case work <- fmt.Sprintf("key-%d", k):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	total, killed := int64(keys*clients), 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ; killed < kills && ctx.Err() == nil; <-tick.C {
		if answered.Load() >= total*int64(killed+1)/int64(kills+1) {
			cmd.Process.Kill()
			cmd.Wait()
			killed++
			cmd, _, _ = child(t, "idempotency")
		}
	}
	clientsDone.Wait()
	if killed < kills || answered.Load() != total {
		t.Fatalf("%d kills, %d of %d answers", killed, answered.Load(), total)
	}
	var rows, distinct int
	if err := db.QueryRow("SELECT count(*), count(DISTINCT key) FROM orders").Scan(&rows, &distinct); err != nil {
		t.Fatal(err)
	}
	if rows != keys || distinct != keys {
		t.Errorf("%d effects for %d of %d keys", rows, distinct, keys)
	}
	for key, bodies := range answers {
		if len(bodies) != 1 {
			t.Errorf("%s was answered in %d ways", key, len(bodies))
		}
	}
}

// order1 repeats an order until it is answered, as a careful client does.
func order1(ctx context.Context, addr, key string) (string, error) {
	for {
		req, err := http.NewRequestWithContext(ctx, "POST", "http://"+addr+"/orders", nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Idempotency-Key", `"`+key+`"`)
		req.Header.Set("X-Order", key)
		req.Header.Set("X-Account", "a")
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			body, readErr := io.ReadAll(resp.Body)
			resp.Body.Close()
			switch {
			case readErr == nil && resp.StatusCode == http.StatusCreated:
				return string(body), nil
			case readErr == nil && resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusServiceUnavailable:
				return "", fmt.Errorf("%d %s", resp.StatusCode, body)
			}
		}
		pause := time.NewTimer(20 * time.Millisecond)
		select {
		case <-ctx.Done():
			return "", errors.Join(ctx.Err(), err)
		case <-pause.C:
		}
	}
}
