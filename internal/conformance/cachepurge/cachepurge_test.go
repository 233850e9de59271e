// Package cachepurge proves that processes purge each other's caches across a
// restart of the database.
package cachepurge

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/sqlstore"
	"github.com/glueful/glueful-go/internal/cluster"
)

const childDSN = "CACHEPURGE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		if err := child(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is one process of an application. It ends with its standard input.
func child(dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := pq.NewListener(dsn, 10*time.Millisecond, time.Second, nil)
	if err := l.Listen("cachehttp"); err != nil {
		return err
	}
	cache := &cachehttp.Cache{Feed: &sqlstore.Feed{DB: db, Dialect: "postgres", Wait: func(ctx context.Context) error {
		select {
		case <-l.Notify:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}}
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
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	fmt.Println(s.URL)
	io.Copy(io.Discard, os.Stdin)
	return nil
}

func process(t *testing.T, dsn string) (url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
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

func get(t *testing.T, url string) (status int, body string, hit bool) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b), strings.Contains(res.Header.Get("Cache-Status"), "hit")
}

// until asks again and again, for as long as patience lasts.
func until(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func start(t *testing.T) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Options{})
	if errors.Is(err, cluster.ErrNoBinaries) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	db, err := sql.Open("postgres", c.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	schema, err := fs.ReadFile(sqlstore.Schema("postgres"), "0001_cachehttp.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(schema)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPurge_acrossRestarts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a database")
	}
	c := start(t)
	a, b := process(t, c.DSN()), process(t, c.DSN())
	warm := func(url string) (body string) {
		t.Helper()
		until(t, 10*time.Second, "a warm cache", func() (hit bool) {
			_, body, hit = get(t, url)
			return hit
		})
		return body
	}
	purge := func(patience time.Duration) {
		t.Helper()
		before := warm(b)
		until(t, 10*time.Second, "a purge", func() bool {
			status, _, _ := get(t, a+"/purge")
			return status == 200
		})
		began := time.Now()
		until(t, patience, "the purge in the other process", func() bool {
			_, body, _ := get(t, b)
			return body != before
		})
		t.Logf("arrived after %v", time.Since(began))
		a, b = b, a
	}
	purge(time.Second)
	purge(time.Second)
	for _, mode := range []cluster.Mode{cluster.Fast, cluster.Immediate} {
		warm(a)
		before := warm(b)
		if err := c.Stop(mode); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := get(t, a+"/purge"); status != 503 {
			t.Errorf("a purge without a database answers %d", status)
		}
		if status, body, hit := get(t, b); status != 200 || body != before || !hit {
			t.Errorf("without a database the cache answers %d %s, hit %v", status, body, hit)
		}
		if err := c.Restart(cluster.Fast); err != nil {
			t.Fatal(err)
		}
		purge(time.Second)
		purge(time.Second)
	}
}
