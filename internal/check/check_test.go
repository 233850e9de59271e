package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fixture is a module of a few faults, each of which one stage must find.
var fixture = map[string]string{
	"go.mod":           "module fixture.example\n\ngo 1.26.0\n",
	"bad/format.go":    "// Package bad is formatted badly.\npackage bad\nfunc  F() {}\n",
	"bad/vet.go":       "package bad\n\nimport \"fmt\"\n\nfunc g() { fmt.Printf(\"%d\", \"x\") }\n",
	"build/a_test.go":  "package build\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { undefined() }\n",
	"panic/a_test.go":  "package panic\n\nimport \"testing\"\n\nfunc TestMain(m *testing.M) { panic(\"planted\") }\n",
	"empty/a.go":       "package empty\n",
	"ok/race.go":       "//go:build race\n\npackage ok\n\nconst race = true\n",
	"ok/norace.go":     "//go:build !race\n\npackage ok\n\nconst race = false\n",
	"ok/a_test.go":     okTests,
	"fail/a_test.go":   failTests,
	"fuzz/a_test.go":   "package fuzz\n\nimport \"testing\"\n\nfunc FuzzA(f *testing.F) {\n\tf.Fuzz(func(t *testing.T, n int) {})\n}\n",
	"testdata/ugly.go": "package  ugly\n",
}

const okTests = `package ok

import (
	"os"
	"testing"
)

func TestPass(t *testing.T) {
	t.Run("sub", func(t *testing.T) {})
}

func TestSkip(t *testing.T) { t.Skip("for a", "reason") }

func TestMute(t *testing.T) { t.SkipNow() }

func TestAllocations(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
}

func TestEnvironment(t *testing.T) {
	if os.Getenv("GLUEFUL_TEST_DSN") != "planted" || os.Getenv("GOWORK") != "off" || os.Getenv("GLUEFUL_LONG") != "" {
		t.Fatal("not handed on")
	}
}
`

const failTests = `package fail

import "testing"

func TestParent(t *testing.T) {
	t.Run("child", func(t *testing.T) { t.Error("planted failure") })
}

func TestFine(t *testing.T) {}
`

// start writes the fixture and returns a checker over it.
func start(t *testing.T) (*checker, *bytes.Buffer) {
	t.Helper()
	t.Setenv("GLUEFUL_LONG", "") // the tests of this package may run with -long
	dir := t.TempDir()
	for name, text := range fixture {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git: %v\n%s", err, out)
		}
	}
	var out bytes.Buffer
	c := &checker{report: report{out: &out, start: time.Now()}, dir: dir, env: []string{"GLUEFUL_TEST_DSN=planted"}}
	if err := c.find(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, &out
}

func TestTests(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiling takes seconds")
	}
	for _, race := range []bool{false, true} {
		c, out := start(t)
		if c.race = race; race {
			if _, err := output(t.Context(), c.dir, nil, "go", "list", "-race", "errors"); err != nil {
				continue // this machine has no race detector, and check says so
			}
		}
		c.tests(t.Context())
		// TestPass, its part, TestAllocations, TestEnvironment, TestFine, FuzzA.
		if c.passed != 6 || c.failed != 3 || c.skipped != 2 {
			t.Errorf("race %v: %d passed, %d failed, %d skipped, want 6, 3, 2", race, c.passed, c.failed, c.skipped)
		}
		want := []string{"fixture.example/build", "fixture.example/fail TestParent/child", "fixture.example/panic"}
		if slices.Sort(c.failures); !slices.Equal(c.failures, want) {
			t.Errorf("failures %q, want %q", c.failures, want)
		}
		want = []string{"fixture.example/ok TestMute: no reason given", "fixture.example/ok TestSkip: for a reason"}
		if slices.Sort(c.skips); !slices.Equal(c.skips, want) {
			t.Errorf("skips %q, want %q", c.skips, want)
		}
		code := c.close()
		for _, text := range []string{"undefined: undefined", "planted failure", "panic: planted", "-test.shuffle "} {
			if !strings.Contains(out.String(), text) {
				t.Errorf("the report lacks %q:\n%s", text, out)
			}
		}
		if !strings.HasSuffix(out.String(), "\n6 passed, 3 failed, 2 skipped\n") || code != 1 {
			t.Errorf("exit code %d after\n%s", code, out)
		}
	}
}

func TestStatic(t *testing.T) {
	t.Run("gofmt", func(t *testing.T) {
		c, out := start(t)
		c.gofmt()
		if c.failed != 1 || !strings.Contains(out.String(), "bad/format.go: run gofmt -w") || strings.Contains(out.String(), "ugly") {
			t.Errorf("%d failed:\n%s", c.failed, out)
		}
	})
	t.Run("vet", func(t *testing.T) {
		c, out := start(t)
		c.vet(t.Context())
		if c.failed != 1 || !strings.Contains(out.String(), "wrong type string") {
			t.Errorf("%d failed:\n%s", c.failed, out)
		}
	})
	t.Run("tidy", func(t *testing.T) {
		c, out := start(t)
		c.check(t.Context(), c.modules[0], "tidy", "go", "mod", "tidy", "-diff")
		if c.failed != 0 || c.passed != 1 {
			t.Errorf("a tidy module fails:\n%s", out)
		}
		text := fixture["go.mod"] + "\nreplace other.example => ./other\n\nrequire other.example v0.0.0\n"
		for name, text := range map[string]string{"go.mod": text, "other/go.mod": "module other.example\n\ngo 1.26.0\n"} {
			os.MkdirAll(filepath.Join(c.dir, "other"), 0o755)
			if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c.check(t.Context(), c.modules[0], "tidy", "go", "mod", "tidy", "-diff")
		if c.failed != 1 || !strings.Contains(out.String(), "-require other.example") {
			t.Errorf("an unused requirement is not found:\n%s", out)
		}
	})
}

// planted is an entry of a vulnerability database against a function of std.
const planted = `{"schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-01-01T00:00:00Z",
"published": "2026-01-01T00:00:00Z", "summary": "planted", "details": "planted", "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2026-0001"},
"affected": [{
"package": {"name": "stdlib", "ecosystem": "Go"},
"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
"ecosystem_specific": {"imports": [{"path": "strings", "symbols": ["ToUpper"]}]}}]}`

func TestTools(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiling takes seconds")
	}
	bin := t.TempDir()
	if err := (&checker{dir: filepath.Join("..", ".."), bin: bin}).tools(t.Context()); err != nil {
		t.Fatal(err)
	}
	code := "// Package reach reaches.\npackage reach\n\nimport \"strings\"\n\nvar _ = strings.ToUpper(\"x\")\n\nfunc unused() {}\n"
	c, out := start(t)
	c.bin = bin
	os.RemoveAll(filepath.Join(c.dir, "build"))
	if err := os.WriteFile(filepath.Join(c.dir, "empty", "a.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Run("staticcheck finds unused code", func(t *testing.T) {
		c.check(t.Context(), c.modules[0], "staticcheck", filepath.Join(bin, "staticcheck"), "./empty")
		if c.failed != 1 || !strings.Contains(out.String(), "func unused is unused") {
			t.Errorf("%d failed:\n%s", c.failed, out)
		}
	})
	t.Run("govulncheck finds what is called", func(t *testing.T) {
		db := t.TempDir()
		if err := os.WriteFile(filepath.Join(db, "GO-2026-0001.json"), []byte(planted), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOVULNDB", "file://"+db)
		if err := c.vulndb(t.Context()); err != nil {
			t.Errorf("a named database is not taken at its word: %v", err)
		}
		c.govulncheck(t.Context(), c.modules[0])
		if c.failed != 2 || !strings.Contains(out.String(), "affected by 1 vulnerability") {
			t.Errorf("%d failed:\n%s", c.failed, out)
		}
	})
}

func TestModules(t *testing.T) {
	got := modules([]string{"go.mod", "a.go", "ext/x/go.mod", "ext/x/b.go", "ext/x/sub/c.go", "extra.go", "testdata/go.mod", "README.md"})
	want := []module{
		{".", []string{"a.go", "extra.go"}},
		{"ext/x", []string{"ext/x/b.go", "ext/x/sub/c.go"}},
	}
	if !slices.EqualFunc(got, want, func(a, b module) bool { return a.dir == b.dir && slices.Equal(a.files, b.files) }) {
		t.Errorf("modules = %v, want %v", got, want)
	}
}

func TestOlder(t *testing.T) {
	for have, want := range map[string]bool{
		"go1.25.9": true, "go1.26.5": true, "go1.26rc1": true, "go1.26.5 X:nodwarf5": true,
		"go1.26.6": false, "go1.26.8": false, "go1.27rc1": false, "devel go1.27-abc": false,
	} {
		if got := older(have, oldest); got != want {
			t.Errorf("older(%q) = %v, want %v", have, got, want)
		}
	}
}

func TestCommand_flags(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		text string
	}{
		{"-nosuch", 2, "flag provided but not defined"},
		{"-h", 0, "usage: go run ./internal/check"},
	} {
		var out, errs bytes.Buffer
		if got := command(t.Context(), []string{c.args}, &out, &errs); got != c.code || !strings.Contains(errs.String(), c.text) {
			t.Errorf("%s: exit code %d, want %d, after %q", c.args, got, c.code, errs.String())
		}
	}
	t.Run("a module that does not exist", func(t *testing.T) {
		var out, errs bytes.Buffer
		code := command(t.Context(), []string{"nosuch"}, &out, &errs)
		if code != 1 || !strings.Contains(out.String(), `no module in "nosuch"`) || !strings.HasSuffix(out.String(), "\n0 passed, 1 failed, 0 skipped\n") {
			t.Errorf("exit code %d after %q", code, out.String())
		}
	})
}

func TestPeer_missing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lib7.so")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, needs := range map[string][]string{
		"":                  {"go", filepath.Join(filepath.Dir(file), "lib*.so")},
		"no-such-program":   {"go", "no-such-program"},
		"/no/such/place*.a": {"/no/such/place*.a"},
	} {
		if got := (peer{needs: needs}).missing(); got != want {
			t.Errorf("missing(%q) = %q, want %q", needs, got, want)
		}
	}
}
