package sqlstore_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/sqlstore"
)

const childDSN = "CACHEHTTP_TEST_CHILD"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		if err := child(dsn, os.Getenv("CACHEHTTP_TEST_LISTEN") == "yes"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is one process of an application: a cache in memory that follows
// the purges of the others. It ends with its standard input.
func child(dsn string, listen bool) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	feed := &sqlstore.Feed{DB: db, Dialect: "postgres"}
	if listen {
		l := pq.NewListener(dsn, 10*time.Millisecond, time.Second, nil)
		if err := l.Listen("cachehttp"); err != nil {
			return err
		}
		feed.Wait = func(ctx context.Context) error {
			select {
			case <-l.Notify:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	cache := &cachehttp.Cache{Feed: feed}
	go cache.Follow(ctx)
	var calls atomic.Int64
	page := cache.With(cachehttp.Policy{TTL: time.Hour, Tags: []string{"page"}})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, calls.Add(1))
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/purge" {
			page.ServeHTTP(w, r)
			return
		}
		if err := cache.Purge(r.Context(), "page"); err != nil {
			http.Error(w, err.Error(), 500)
		}
	}))
	defer s.Close()
	fmt.Println(s.URL)
	io.Copy(io.Discard, os.Stdin)
	return nil
}

// process starts a child and returns its URL.
func process(t *testing.T, dsn, listen string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDSN+"="+dsn, "CACHEHTTP_TEST_LISTEN="+listen)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func get(t *testing.T, url string) (body, status string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 {
		t.Fatalf("%s: %s %s", url, res.Status, b)
	}
	return string(b), res.Header.Get("Cache-Status")
}

// warm waits until the cache holds the page and returns it.
func warm(t *testing.T, url string) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); pause(t) {
		if body, status := get(t, url); strings.Contains(status, "hit") {
			return body
		}
	}
	t.Fatal("the page is never a hit")
	return ""
}

func pause(t *testing.T) {
	select {
	case <-t.Context().Done():
	case <-time.After(2 * time.Millisecond):
	}
}

func TestFeed_processesPurgeEachOther(t *testing.T) {
	_, dsn := database(t)
	for _, listen := range []string{"yes", "no"} {
		t.Run("notifications "+listen, func(t *testing.T) {
			a, b := process(t, dsn, listen), process(t, dsn, listen)
			for range 3 {
				before := warm(t, b)
				get(t, a+"/purge")
				began := time.Now()
				for after := before; after == before; after, _ = get(t, b) {
					if time.Since(began) > time.Second {
						t.Fatal("the purge did not arrive within 1 s")
					}
					pause(t)
				}
				t.Logf("arrived after %v", time.Since(began))
				a, b = b, a
			}
		})
	}
}

func TestFeed_losesNothing(t *testing.T) {
	db, _ := database(t)
	ctx, cancel := context.WithCancel(t.Context())
	feed := &sqlstore.Feed{DB: db, Dialect: "postgres", Poll: 5 * time.Millisecond}
	if err := feed.Publish(ctx, cachehttp.Purge{Tags: []string{"before"}}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	ready, done := make(chan struct{}), make(chan error)
	go func() {
		done <- feed.Follow(ctx, func(p cachehttp.Purge) {
			if len(p.Tags) == 0 {
				close(ready)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			seen[fmt.Sprint(p.Tags[0], p.Soft)]++
		})
	}()
	<-ready
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 25 {
				if err := feed.Publish(ctx, cachehttp.Purge{Tags: []string{fmt.Sprint(i, "/", n), "all"}, Soft: n%2 == 0}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for end := time.Now().Add(10 * time.Second); ; pause(t) {
		mu.Lock()
		n := len(seen)
		mu.Unlock()
		if n == 202 { // 200 tags, and one more in both ways
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of 202 purges came", n)
		}
	}
	if seen["beforefalse"] != 0 {
		t.Error("a purge from before Follow came")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Follow ends with %v", err)
	}
}

func TestFeed_goesOnThroughFailures(t *testing.T) {
	db, _ := database(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log strings.Builder
	feed := &sqlstore.Feed{DB: db, Dialect: "postgres", Poll: 2 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Wait: func(context.Context) error { return errors.New("a listener that does not work") }}
	exec1 := func(query string) {
		if _, err := db.Exec(query); err != nil {
			t.Error(err)
		}
	}
	exec1("ALTER TABLE cachehttp_version RENAME TO away")
	ready, done := make(chan struct{}, 1), make(chan error)
	purged := make(chan string, 10)
	go func() {
		done <- feed.Follow(ctx, func(p cachehttp.Purge) {
			if len(p.Tags) == 0 {
				ready <- struct{}{}
				return
			}
			purged <- p.Tags[0]
		})
	}()
	select {
	case <-ready:
		t.Error("it caught up without a table")
	case <-time.After(20 * time.Millisecond):
	}
	exec1("ALTER TABLE away RENAME TO cachehttp_version")
	<-ready
	if err := feed.Publish(ctx, cachehttp.Purge{Tags: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if tag := <-purged; tag != "x" {
		t.Errorf("got %q", tag)
	}
	cancel()
	<-done
	for _, want := range []string{"cannot follow", "following purges again"} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log says %q not once:\n%s", want, log.String())
		}
	}
}

func TestZeroValues_refuse(t *testing.T) {
	ctx := t.Context()
	var s sqlstore.Store
	var f sqlstore.Feed
	_, _, getErr := s.Get(ctx, "k")
	for i, err := range []error{getErr, s.Set(ctx, "k", nil, time.Hour), s.Drop(ctx, "x"), s.Soften(ctx, "x"), s.Sweep(ctx),
		f.Publish(ctx, cachehttp.Purge{}), f.Follow(ctx, nil)} {
		if err == nil {
			t.Errorf("call %d reports success", i)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Schema takes any dialect")
		}
	}()
	sqlstore.Schema("oracle")
}

func TestStore_isSharedByCaches(t *testing.T) {
	db, _ := database(t)
	n := 0
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, n) })
	var caches [2]*cachehttp.Cache
	var handlers [2]http.Handler
	for i := range caches {
		caches[i] = &cachehttp.Cache{Store: &sqlstore.Store{DB: db, Dialect: "postgres"}}
		handlers[i] = caches[i].With(cachehttp.Policy{TTL: time.Hour, StaleWhileRevalidate: time.Hour, Tags: []string{"x"}})(page)
	}
	ask := func(i int) string {
		w := httptest.NewRecorder()
		handlers[i].ServeHTTP(w, httptest.NewRequest("GET", "http://example.com/a", nil))
		return w.Body.String()
	}
	check := func(i int, want string) {
		t.Helper()
		if got := ask(i); got != want {
			t.Errorf("cache %d answers %s, want %s", i, got, want)
		}
	}
	check(0, "1")
	check(1, "1")
	if err := caches[0].Purge(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	check(1, "2")
	check(0, "2")
	if err := caches[1].Soften(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	check(0, "2")
	caches[0].Close()
	for end := time.Now().Add(10 * time.Second); ask(1) != "3"; pause(t) {
		if time.Now().After(end) {
			t.Fatal("the softened page was not fetched anew")
		}
	}
}

func TestStore_Sweep(t *testing.T) {
	db, _ := database(t)
	s := &sqlstore.Store{DB: db, Dialect: "postgres"}
	s.Set(t.Context(), "old", []byte("x"), time.Millisecond, "a")
	s.Set(t.Context(), "new", []byte("x"), time.Hour, "a")
	s.Drop(t.Context(), "gone")
	mustExec(t, db, "UPDATE cachehttp_purge SET at = 0")
	s.Drop(t.Context(), "recent")
	mustExec(t, db, "UPDATE cachehttp_entry SET seen = 9 WHERE expires > extract(epoch FROM now()) * 1000 + 1000")
	for end := time.Now().Add(5 * time.Second); ; pause(t) {
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var entries, purges int
		if err := db.QueryRow("SELECT (SELECT count(*) FROM cachehttp_entry), (SELECT count(*) FROM cachehttp_purge)").Scan(&entries, &purges); err != nil {
			t.Fatal(err)
		}
		if entries == 1 && purges == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d entries and %d purges are left, want 1 and 1", entries, purges)
		}
	}
}

func TestSchema_down(t *testing.T) {
	db, _ := database(t)
	mustExec(t, db, migration(t, "postgres", "down"))
	mustExec(t, db, migration(t, "postgres", "up"))
}
