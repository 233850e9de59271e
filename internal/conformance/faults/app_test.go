// Package faults takes the generated application, as `glueful new` writes it,
// and breaks what it stands on: tables, connections, locks, its own handlers.
// Whatever happens, a client learns a status, a code and a request id, and the
// log has one line a request.
package faults

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq"
)

// work is where applications are generated and built; TestMain removes it.
var work string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "glueful-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	work = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// An edit changes the source of a freshly generated application.
type edit func(source map[string]string) error

// generate writes an application, changes it, and builds its binary.
func generate(name string, change edit) (bin string, err error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return "", err
	}
	if err := run(root, "go", "run", "./cmd/glueful", "new", "-in", work, name); err != nil {
		return "", err
	}
	app := filepath.Join(work, name)
	source := map[string]string{}
	for _, pattern := range []string{"*.go", "bookshop/*.go", "bookshop/migrations/postgres/*.sql"} {
		files, _ := filepath.Glob(filepath.Join(app, pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			short, _ := filepath.Rel(app, file)
			source[filepath.ToSlash(short)] = string(text)
		}
	}
	if change != nil {
		if err := change(source); err != nil {
			return "", fmt.Errorf("the template has changed: %w", err)
		}
		for file, text := range source {
			if err := os.WriteFile(filepath.Join(app, filepath.FromSlash(file)), []byte(text), 0o644); err != nil {
				return "", err
			}
		}
	}
	bin = filepath.Join(work, name+".bin")
	return bin, run(app, "go", "build", "-o", bin, ".")
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// once replaces the only occurrence of a text.
func once(text *string, old, new string) error {
	if n := strings.Count(*text, old); n != 1 {
		return fmt.Errorf("%q stands there %d times", old, n)
	}
	*text = strings.Replace(*text, old, new, 1)
	return nil
}

// plain is the application as it is generated.
var plain = sync.OnceValues(func() (string, error) { return generate("plain", nil) })

// database is a schema of its own behind a proxy of ours.
type database struct {
	*sql.DB        // direct, into the schema
	proxy   *proxy // what the application goes through
	url     string // of the application
	schema  string
}

func open(t *testing.T) *database {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if testing.Short() {
		t.Skip("builds and runs several applications")
	}
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
	d := &database{schema: fmt.Sprintf("t_faults_%x", rand.Uint64())}
	q := u.Query()
	q.Set("search_path", d.schema)
	u.RawQuery = q.Encode()
	if d.DB, err = sql.Open("postgres", u.String()); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "CREATE SCHEMA "+d.schema)
	d.proxy = listen(t, u.Host)
	q.Set("application_name", d.schema)
	u.RawQuery, u.Host = q.Encode(), d.proxy.Addr().String()
	d.url = u.String()
	t.Cleanup(func() {
		d.DB.ExecContext(context.Background(), "DROP SCHEMA "+d.schema+" CASCADE")
		d.DB.Close()
	})
	return d
}

func (d *database) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := d.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// fill puts every table into the state the requests of walk expect.
func (d *database) fill(t *testing.T) {
	t.Helper()
	d.exec(t, "TRUNCATE authors, books, reviews RESTART IDENTITY CASCADE",
		"INSERT INTO authors (name) SELECT 'Jane ' || n FROM generate_series(1, 3) n",
		"INSERT INTO books (title, pages, author_id) SELECT 'Title ' || n, 100 + n, 1 FROM generate_series(1, 3) n",
		"INSERT INTO reviews (book_id, stars, text) SELECT n, 5, 'Read it twice.' FROM generate_series(1, 3) n")
}

// app is a running application.
type app struct {
	t    *testing.T
	base string
	log  *buffer
	seen []answer // everything it was asked so far
	mu   sync.Mutex
}

// start runs a binary and waits until it listens.
func start(t *testing.T, bin string, db *database, env ...string) *app {
	t.Helper()
	a := &app{t: t, log: new(buffer)}
	cmd := exec.Command(bin)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), a.log, a.log
	cmd.Env = append(append(os.Environ(), "ADDR=127.0.0.1:0", "DATABASE_URL="+db.url), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-done })
	listening := regexp.MustCompile(`"msg":"listening","url":"([^"]+)"`)
	wait(t, "the application to listen", func() bool {
		m := listening.FindStringSubmatch(a.log.String())
		if m != nil {
			a.base = m[1]
		}
		select {
		case <-done:
			t.Fatalf("the application ended: %s", a.log)
		default:
		}
		return m != nil
	})
	return a
}

// wait polls until the condition holds.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// line is one line of the log.
type line struct {
	Msg, ID, Route, Path string
	Status               int
	text                 string
}

// requests returns the log lines of requests, once there are n or more, and
// complains about a line that is no JSON object.
func (a *app) requests(n int) []line {
	a.t.Helper()
	var lines []line
	wait(a.t, fmt.Sprint(n, " log lines"), func() bool {
		text := a.log.String()
		if !strings.HasSuffix(text, "\n") || strings.Count(text, `"msg":"request"`) < n {
			return false
		}
		lines = nil
		for s := range strings.Lines(text) {
			l := line{text: s}
			if err := json.Unmarshal([]byte(s), &l); err != nil || !strings.HasPrefix(s, "{") {
				a.t.Errorf("a log line that is no JSON object (%v): %s", err, s)
			}
			if l.Msg == "request" {
				lines = append(lines, l)
			}
		}
		return true
	})
	return lines
}

// settle holds the log against everything that was asked: one line a request,
// with its id and its status, and none of the secrets.
func (a *app) settle() {
	a.t.Helper()
	lines := a.requests(len(a.seen))
	if len(lines) != len(a.seen) {
		a.t.Errorf("%d log lines for %d requests", len(lines), len(a.seen))
	}
	byID := map[string]line{}
	for _, l := range lines {
		if _, twice := byID[l.ID]; twice || l.ID == "" {
			a.t.Errorf("the id %q has two lines or is none", l.ID)
		}
		byID[l.ID] = l
	}
	for _, x := range a.seen {
		if l, ok := byID[x.id]; !ok || l.Status != x.status {
			a.t.Errorf("%s: answered %d under %q, logged %d", x.request, x.status, x.id, l.Status)
		}
	}
	for _, s := range secrets {
		if strings.Contains(a.log.String(), s) {
			a.t.Errorf("the log holds the secret %q", s)
		}
	}
}
