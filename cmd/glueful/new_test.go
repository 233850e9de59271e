package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// glueful runs a command line in this process.
func glueful(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = run(context.Background(), environment{&out, &err}, args)
	return code, out.String(), err.String()
}

// tree lists every path below dir with the content of files.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, strings.TrimPrefix(p, dir), d.Type())
		if d.Type().IsRegular() {
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			b.Write(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun_usage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string // in stdout for code 0, in stderr otherwise
	}{
		{nil, 2, "no command"},
		{[]string{"help"}, 0, "commands:"},
		{[]string{"-h"}, 0, "commands:"},
		{[]string{"help", "new"}, 0, "-serve"},
		{[]string{"new", "-h"}, 0, "-serve"},
		{[]string{"help", "nwe"}, 2, `did you mean "new"?`},
		{[]string{"nwe"}, 2, `did you mean "new"?`},
		{[]string{"destroy"}, 2, `unknown command "destroy"`},
		{[]string{"-serve", "new", "shop"}, 2, "before the command"},
		{[]string{"new"}, 2, "wants a name"},
		{[]string{"new", "a", "b"}, 2, "one name, not 2: a, b"},
		{[]string{"new", "shop", "-server"}, 2, "unknown flag: -server"},
		{[]string{"new", "-in"}, 2, "flag needs an argument"},
		{[]string{"new", "--", "-serve"}, 2, `"-serve" does not fit`},
		{[]string{"new", "-n", "-serve", "shop"}, 2, "exclude"},
		{[]string{"new", "-replace", "x", "shop", "-version", "v1"}, 2, "exclude"},
		{[]string{"new", "shop", "-addr", "127.0.0.1:8081"}, 2, "-serve"},
		{[]string{"new", "-serve", "shop", "-addr", "8081"}, 2, "HOST:PORT"},
		{[]string{"new", "-serve", "shop", "-addr", "127.0.0.1:0"}, 2, "HOST:PORT"},
		{[]string{"new", "-serve", "shop", "-addr", "127.0.0.1:http"}, 2, "HOST:PORT"},
		{[]string{"new", "shop", "-module", modulePath}, 2, "framework's own"},
		{[]string{"new", "shop", "-version", "latest"}, 2, "v1.2.3"},
		{[]string{"new", "shop", "-version", "v1.0.0\nreplace x => y"}, 2, "v1.2.3"},
		{[]string{"new", "-replace", "/nonexistent", "shop"}, 2, "no checkout"},
		{[]string{"new", "shop", "-module", "a b"}, 2, "no module path"},
		{[]string{"new", "shop", "-module", "../up"}, 2, "no module path"},
		{[]string{"new", "shop", "-module", "example.com/con"}, 2, "no module path"},
		{[]string{"new", "shop", "-in", "/nonexistent"}, 1, "/nonexistent cannot be used"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			t.Chdir(t.TempDir())
			code, stdout, stderr := glueful(c.args...)
			text := stderr
			if c.code == 0 {
				text = stdout
			}
			if code != c.code || !strings.Contains(text, c.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, text, c.code, c.want)
			}
			if c.code != 0 && len(c.args) > 0 && strings.Count(stderr, "\n") != 1 {
				t.Errorf("want one line: %q", stderr)
			}
			if got := tree(t, "."); strings.Count(got, "\n") != 1 {
				t.Errorf("something was written: %s", got)
			}
		})
	}
}

func TestNew_names(t *testing.T) {
	bad := []string{"", ".", "..", "../x", "../../x", "/tmp/x", "a/b", `a\b`, `..\x`, "~", "~x", "-", "-x", "x ", " x", "x.", "x.y", "X", "Shop", "shöp", "x\x00y", "x\ny", "x\u202ey",
		"1shop", "_x", "func", "go", "type", "main", "internal", "vendor", "test", "fmt", "net", "std", "con", "nul", "aux", "prn", "com1", "lpt9",
		"x:y", "x*", "x?", "x|y", "x<y", "x>y", `x"y`, "x;y", "x$y", "x`y", "$(id)", "x&y", "%2e%2e", "..%2fx", "x%00", "a/../../b", "./x/", "C:", `C:\x`, `\\host\share`,
		strings.Repeat("x", 65), strings.Repeat("x", 5000), "x'); os.Exit(1) //", "*/", "..．", "⁄etc"}
	if len(bad) < 60 {
		t.Fatalf("only %d names", len(bad))
	}
	dir, from := t.TempDir(), checkout(t)
	t.Chdir(dir)
	for _, name := range bad {
		code, _, stderr := glueful("new", "-replace", from, "--", name)
		if code != exitUsage || stderr == "" {
			t.Errorf("%q: exit %d %q", name, code, stderr)
		}
	}
	if got := tree(t, dir); strings.Count(got, "\n") != 1 {
		t.Errorf("something was written: %s", got)
	}
	for _, name := range []string{"x", "shop", "my-shop", "my_shop2", strings.Repeat("x", 64)} {
		if err := checkName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNew_existing(t *testing.T) {
	from := checkout(t)
	for name, c := range map[string]struct {
		prepare func(dir string) error
		code    int
		want    string
	}{
		"a full folder is left alone":  {func(d string) error { return write(d, "shop/keep.txt") }, 1, "exists and holds keep.txt"},
		"a file is left alone":         {func(d string) error { return write(d, "shop") }, 1, "not a folder"},
		"a link is not followed":       {func(d string) error { return link(d) }, 1, "not a folder"},
		"an empty folder is used":      {func(d string) error { return os.Mkdir(filepath.Join(d, "shop"), 0o755) }, 0, "next:"},
		"a new folder is made":         {func(d string) error { return nil }, 0, "next:"},
		"a read-only parent is said":   {func(d string) error { return os.Chmod(d, 0o555) }, 1, "cannot write in"},
		"five files are not all named": {func(d string) error { return write(d, "shop/a", "shop/b", "shop/c", "shop/d", "shop/e") }, 1, "a, b, c and 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.prepare(dir); err != nil {
				t.Skip("cannot be prepared here: ", err)
			}
			if strings.Contains(name, "read-only") && os.Getuid() == 0 {
				t.Skip("root may write everywhere")
			}
			before := tree(t, dir)
			code, stdout, stderr := glueful("new", "shop", "-in", dir, "-replace", from)
			if code != c.code || !strings.Contains(stdout+stderr, c.want) {
				t.Errorf("exit %d %q %q; want %d and %q", code, stdout, stderr, c.code, c.want)
			}
			after := tree(t, dir)
			if c.code != 0 && before != after {
				t.Errorf("the folder changed:\n%s", after)
			}
			if strings.Contains(after, ".new-") {
				t.Errorf("a work folder was left:\n%s", after)
			}
		})
	}
}

func write(dir string, names ...string) error {
	for _, n := range names {
		p := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, []byte("mine"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func link(dir string) error {
	if err := os.Mkdir(filepath.Join(dir, "elsewhere"), 0o755); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "shop"))
}

func TestNew_dryRun(t *testing.T) {
	dir, from := t.TempDir(), checkout(t)
	code, listed, _ := glueful("new", "-n", "shop", "-in", dir, "-replace", from)
	if code != exitPending || strings.Count(tree(t, dir), "\n") != 1 {
		t.Errorf("exit %d, wrote %s", code, tree(t, dir))
	}
	code, made, _ := glueful("new", "-in", dir, "shop", "-replace", from)
	if code != exitOK || !strings.HasPrefix(made, listed) {
		t.Errorf("exit %d; made %q, listed %q", code, made, listed)
	}
	files := 0
	for line := range strings.Lines(tree(t, dir)) {
		if strings.HasPrefix(line, "/shop/") && strings.HasSuffix(line, " ----------\n") {
			files++
		}
	}
	if files == 0 || files > 12 || files != strings.Count(listed, "create") {
		t.Errorf("%d files, %d listed; want at most 12", files, strings.Count(listed, "create"))
	}
}

func TestNew_module(t *testing.T) {
	dir, from := t.TempDir(), checkout(t)
	if code, _, stderr := glueful("new", "store", "-module", "example.com/team/store", "-in", dir, "-replace", from); code != 0 {
		t.Fatal(stderr)
	}
	all := tree(t, filepath.Join(dir, "store"))
	for _, want := range []string{"module example.com/team/store\n", `"example.com/team/store/bookshop"`, "store.db", modulePath + " => " + from} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in the app", want)
		}
	}
	if strings.Contains(all, `"shop/`) {
		t.Error("the template's module path is left")
	}
	mod, err := os.ReadFile(filepath.Join(dir, "store", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	released, err := origin{version: "v0.1.0"}.goMod("module shop\n\nrequire "+modulePath+" v0.0.0\n", "store", dir)
	if err != nil || released != "module store\n\nrequire "+modulePath+" v0.1.0\n" {
		t.Errorf("with a release: %q, %v", released, err)
	}
	if strings.Contains(string(mod), "v0.1.0") {
		t.Error("a checkout's app asks for a release")
	}
}

// TestTemplate_modules holds the go.mod and go.sum of new apps against those of
// the modules they use.
func TestTemplate_modules(t *testing.T) {
	mod, err := app.ReadFile("_app/go.mod.txt")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := app.ReadFile("_app/go.sum.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"../..", "../../ext/sqlite"} {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
			if len(f) < 2 || !strings.HasPrefix(f[1], "v") || f[0] == modulePath || strings.HasSuffix(f[0], "x/time") || strings.HasSuffix(f[0], "x/crypto") {
				continue // not reached by the app's packages
			}
			if !strings.Contains(string(mod), "\t"+f[0]+" "+f[1]+" // indirect\n") {
				t.Errorf("%s requires %s %s; the template does not", dir, f[0], f[1])
			}
			for _, suffix := range []string{" h1:", "/go.mod h1:"} {
				if !strings.Contains(string(sum), f[0]+" "+f[1]+suffix) {
					t.Errorf("the template's go.sum lacks %s %s%s", f[0], f[1], suffix)
				}
			}
		}
	}
}
