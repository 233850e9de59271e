package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"github.com/glueful/glueful-go/internal/wire"
)

// freshClone copies what git tracks, as it is now, into a repository of its own.
func freshClone(t *testing.T) string {
	t.Helper()
	from, to := checkout(t), filepath.Join(t.TempDir(), "clone")
	list, err := exec.Command("git", "-C", from, "ls-files", "-z").Output()
	if err != nil {
		t.Fatal("git ls-files: ", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue // deleted, not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(to, name)
		info, _ := os.Stat(filepath.Join(from, name))
		os.MkdirAll(filepath.Dir(target), 0o755)
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "x"}} {
		if out, err := exec.Command("git", append([]string{"-C", to}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	return to
}

// must runs a program in dir and fails the test unless it exits with code.
func must(t *testing.T, dir string, env []string, code int, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s %v in %s: exit %d, %v:\n%s", name, args, dir, got, err, out)
	}
	return string(out)
}

// offline is the environment of a machine whose module cache is warm and whose
// network is away.
var offline = []string{"GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOTOOLCHAIN=local"}

func TestEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("builds several applications")
	}
	clone := freshClone(t)
	for _, module := range []string{".", "ext/sqlite"} {
		must(t, filepath.Join(clone, module), []string{"GOWORK=off"}, 0, "go", "mod", "download")
	}
	elsewhere := t.TempDir()

	t.Run("outside of the checkout", func(t *testing.T) {
		must(t, clone, []string{"GOFLAGS=-buildvcs=true"}, 0, "go", "run", "./cmd/glueful", "new", "-in", elsewhere, "shop")
		app := filepath.Join(elsewhere, "shop")
		must(t, app, offline, 0, "go", "mod", "tidy", "-diff")
		must(t, app, offline, 0, "go", "vet", "./...")
		must(t, app, append(offline, "TEST_DATABASE_URL="+os.Getenv("GLUEFUL_TEST_DSN")), 0, "go", "test", "./...")
		if out := must(t, app, nil, 0, "gofmt", "-l", "."); out != "" {
			t.Errorf("not gofmt-clean: %s", out)
		}
		again := must(t, clone, nil, 1, "go", "run", "./cmd/glueful", "new", "-in", elsewhere, "shop")
		if !strings.Contains(again, "exists and holds") {
			t.Errorf("the second time: %s", again)
		}
	})
	t.Run("inside of the checkout", func(t *testing.T) {
		must(t, clone, []string{"GOFLAGS=-buildvcs=false"}, 0, "go", "run", "./cmd/glueful", "new", "inner")
		app := filepath.Join(clone, "inner")
		mod, err := os.ReadFile(filepath.Join(app, "go.mod"))
		if err != nil || !strings.Contains(string(mod), modulePath+" => ..\n") {
			t.Errorf("want a relative replacement: %v\n%s", err, mod)
		}
		must(t, app, offline, 0, "go", "build", "-o", os.DevNull, ".")
		must(t, clone, offline, 0, "go", "list", "./...") // the checkout is not disturbed
	})
	t.Run("serve", func(t *testing.T) { serveEndToEnd(t, clone, elsewhere) })
	t.Run("start and stop", func(t *testing.T) { startEndToEnd(t, filepath.Join(elsewhere, "shop")) })
	t.Run("wire hygiene", func(t *testing.T) { wireEndToEnd(t, filepath.Join(elsewhere, "shop")) })
}

// freePort returns an address nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// process is a running program with its output.
type process struct {
	*exec.Cmd
	out  *bytes.Buffer
	seen chan string // lines
	done chan error
}

func launch(t *testing.T, dir string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{exec.Command(name, args...), new(bytes.Buffer), make(chan string, 1000), make(chan error, 1)}
	p.Dir, p.Env = dir, append(os.Environ(), env...)
	r, w := io.Pipe()
	p.Stdout, p.Stderr = w, w
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.seen <- lines.Text()
		}
		close(p.seen)
	}()
	go func() { err := p.Wait(); w.Close(); p.done <- err }()
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// until reads lines up to the one that contains the text.
func (p *process) until(t *testing.T, text string) string {
	t.Helper()
	limit := time.After(5 * time.Minute)
	var all strings.Builder
	for {
		select {
		case line, ok := <-p.seen:
			fmt.Fprintln(&all, line)
			if strings.Contains(line, text) {
				return all.String()
			}
			if !ok {
				t.Fatalf("ended without %q:\n%s", text, all.String())
			}
		case <-limit:
			t.Fatalf("no %q within five minutes:\n%s", text, all.String())
		}
	}
}

// stop ends the process as a service manager does and wants a clean exit.
func (p *process) stop(t *testing.T) {
	t.Helper()
	p.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("still running 20 s after SIGTERM")
	}
}

func serveEndToEnd(t *testing.T, clone, elsewhere string) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGTERM")
	}
	bin := filepath.Join(t.TempDir(), "glueful")
	must(t, clone, nil, 0, "go", "build", "-o", bin, "./cmd/glueful")
	addr := freePort(t)
	began := time.Now()
	p := launch(t, elsewhere, offline, bin, "new", "-replace", clone, "-serve", "bazaar", "-addr", addr)
	p.until(t, "answers at http://"+addr)
	t.Logf("first 200 after %v", time.Since(began).Round(10*time.Millisecond))
	curls := regexp.MustCompile(`curl .*`).FindAllString(p.until(t, "stop it with"), -1)
	if len(curls) != 3 {
		t.Fatalf("curl lines %q, want 3", curls)
	}
	for _, line := range curls {
		obey(t, line)
	}
	taken := must(t, elsewhere, offline, 1, bin, "new", "-replace", clone, "-serve", "rival", "-addr", addr)
	if !strings.Contains(taken, addr+" is in use") || runtime.GOOS == "linux" && !strings.Contains(taken, "by process") {
		t.Errorf("the port is taken: %s", taken)
	}
	p.stop(t)
	if _, err := os.Stat(filepath.Join(elsewhere, "bazaar", "shop.db")); err != nil {
		t.Errorf("the database file: %v", err)
	}
}

// obey makes the request of a curl line, and runs curl itself where there is one.
func obey(t *testing.T, line string) {
	t.Helper()
	target := regexp.MustCompile(`http://[^' ]*`).FindString(line)
	req, err := http.NewRequest("GET", strings.NewReplacer("[", "%5B", "]", "%5D").Replace(target), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(line); body != nil {
		req.Method, req.Body = "POST", io.NopCloser(strings.NewReader(body[1]))
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		t.Errorf("%s: %d %s", line, resp.StatusCode, body)
	}
	if _, err := exec.LookPath("curl"); err == nil {
		if out, err := exec.Command("sh", "-c", line+" -sS --fail --noproxy '*'").CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", line, err, out)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// startEndToEnd runs the app's binary on good and on bad environments.
func startEndToEnd(t *testing.T, app string) {
	bin := filepath.Join(t.TempDir(), "app")
	must(t, app, offline, 0, "go", "build", "-o", bin, ".")
	dir := t.TempDir()
	file := "DATABASE_URL=" + filepath.Join(dir, "a.db")

	for name, url := range map[string]string{"sqlite": file, "postgres": "DATABASE_URL=" + schema(t)} {
		t.Run(name, func(t *testing.T) {
			if url == "DATABASE_URL=" {
				needDSN(t)
			}
			addr := freePort(t)
			for _, args := range [][]string{{"-seed"}, {}} { // the second start finds its data
				p := launch(t, dir, []string{url, "ADDR=" + addr}, bin, args...)
				p.until(t, "listening")
				if status, body := get(t, "http://"+addr+"/v1/books"); status != 200 || strings.Count(body, `"title"`) != 3 {
					t.Errorf("%d %s", status, body)
				}
				p.stop(t)
			}
		})
	}
	for name, c := range map[string]struct{ env, want string }{
		"database refused":    {"DATABASE_URL=postgres://x@127.0.0.1:1/x?sslmode=disable", "refused"},
		"sslmode missing":     {"DATABASE_URL=postgres://x@127.0.0.1:1/x", "sslmode"},
		"folder missing":      {"DATABASE_URL=" + filepath.Join(dir, "none", "a.db"), "none"},
		"not a database":      {"DATABASE_URL=" + notADatabase(t, dir), "not a database"},
		"nonsense as address": {"ADDR=nonsense", "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			out := must(t, t.TempDir(), []string{file, c.env}, 1, bin)
			if strings.Count(out, "\n") != 1 || !strings.Contains(out, c.want) || strings.Contains(out, "goroutine") {
				t.Errorf("want one sentence with %q: %s", c.want, out)
			}
		})
	}
	t.Run("database locked", func(t *testing.T) { lockedEndToEnd(t, app, bin) })
	t.Run("a migration that was edited", func(t *testing.T) {
		name := filepath.Join(app, "bookshop", "migrations", "sqlite", "0001_bookshop.up.sql")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(name, text, 0o644)
		if err := os.WriteFile(name, append(text, "-- edited\n"...), 0o644); err != nil {
			t.Fatal(err)
		}
		out := must(t, app, append(offline, file), 1, "go", "run", ".")
		if !strings.Contains(out, "0001_bookshop") || strings.Contains(out, "goroutine") {
			t.Errorf("want the migration named: %s", out)
		}
	})
}

// lockedEndToEnd starts the app while another process holds its file.
func lockedEndToEnd(t *testing.T, app, bin string) {
	const holder = `package main

import (
	"database/sql"
	"fmt"
	"os"
	"time"

	_ "modernc.org/sqlite"
)

func main() {
	db, _ := sql.Open("sqlite", os.Args[1])
	db.SetMaxOpenConns(1)
	for _, text := range []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "CREATE TABLE IF NOT EXISTS x (y)"} {
		if _, err := db.Exec(text); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("locked")
	time.Sleep(5 * time.Minute)
}
`
	dir := filepath.Join(app, "holder")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(holder), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "holder")
	must(t, app, offline, 0, "go", "build", "-o", program, "./holder")
	file := filepath.Join(t.TempDir(), "held.db")
	p := launch(t, app, nil, program, file)
	p.until(t, "locked")
	out := must(t, t.TempDir(), []string{"DATABASE_URL=" + file, "ADDR=" + freePort(t)}, 1, bin)
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, "locked") || strings.Contains(out, "goroutine") {
		t.Errorf("want one sentence about the lock: %s", out)
	}
}

func notADatabase(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(name, bytes.Repeat([]byte("these are notes. "), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func needDSN(t *testing.T) {
	t.Helper()
	const say = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
	if os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	t.Skip(say)
}

// schema makes an empty schema and returns the URL that leads there, "" without a
// server.
func schema(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		return ""
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t_new_%x", rand.Uint64())
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		admin.Close()
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// wireEndToEnd asks the freshly generated app, with one route more that panics,
// the questions of package wire: it answers all of them as it should.
func wireEndToEnd(t *testing.T, app string) {
	name := filepath.Join(app, "bookshop", "shop.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(name, text, 0o644)
	const routes = "func (s *Shop) Routes(m *glueful.Mux) {\n"
	edited := strings.Replace(string(text), routes, routes+"\tm.Handle(\"GET /panic\", glueful.Do(func(context.Context, struct{}) (string, error) { panic(\"wire-secret\") }))\n", 1)
	if edited == string(text) {
		t.Fatal("the template's Routes has changed")
	}
	if err := os.WriteFile(name, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "app")
	must(t, app, offline, 0, "go", "build", "-o", bin, ".")
	addr := freePort(t)
	p := launch(t, t.TempDir(), []string{"ADDR=" + addr, "DATABASE_URL=wire.db"}, bin, "-seed")
	p.until(t, "listening")
	checks, err := wire.Target{Base: "http://" + addr, Books: "/v1/books", Extra: `,"author_id":1`, Panic: "/panic"}.Probe()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Seen != "" {
			t.Errorf("%s: %s", c.Name, c.Seen)
		}
	}
	if n := wire.Passed(checks); n != 20 {
		t.Errorf("%d of 20", n)
	}
	p.stop(t)
}
