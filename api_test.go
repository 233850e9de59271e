package glueful_test

import (
	"flag"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestAPI holds what every room exports, with its documentation, against
// testdata/api, so that a change of it shows in the diff:
//
//	go test -run TestAPI -update .
func TestAPI(t *testing.T) {
	const folder = "testdata/api"
	if _, err := os.Stat(folder); err != nil && !*update {
		t.Fatal("no golden files: go test -run TestAPI -update .")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	old, err := filepath.Glob(folder + "/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	gone := map[string]bool{}
	for _, file := range old {
		gone[filepath.ToSlash(file)] = true
	}
	dirs, by := packages(tracked(t).sources(t))
	for _, dir := range dirs {
		if !public(dir, by[dir]) {
			continue
		}
		file := path.Join(folder, golden(dir))
		delete(gone, file)
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			compare(t, dir, file)
		})
	}
	for file := range gone {
		if !*update {
			t.Errorf("%s: no room of this name", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

// golden names the file of a room: model-postgres.txt for model/postgres.
func golden(dir string) string {
	if dir == "." {
		return "glueful.txt"
	}
	return strings.ReplaceAll(dir, "/", "-") + ".txt"
}

// public reports whether others may import the package.
func public(dir string, files []*source) bool {
	if topRoom(dir) == "internal" {
		return false
	}
	for _, s := range files {
		if !s.test {
			return s.file.Name.Name != "main"
		}
	}
	return false
}

func compare(t *testing.T, dir, file string) {
	cmd := exec.Command("go", "doc", "-all", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	got, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go doc: %v\n%s", err, got)
	}
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; to write it: go test -run TestAPI -update .", err)
	}
	if line := firstDifference(string(got), string(want)); line != "" {
		t.Errorf("%s differs from go doc: %s; if the change is meant: go test -run TestAPI -update .", file, line)
	}
}

// firstDifference shows the first line in which the texts differ, or "".
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		switch {
		case i >= len(g):
			return "missing " + w[i]
		case i >= len(w):
			return "new " + g[i]
		case g[i] != w[i]:
			return "got " + g[i] + ", want " + w[i]
		}
	}
	return ""
}

func TestAPI_difference(t *testing.T) {
	for _, c := range []struct{ got, want, line string }{
		{"a\nb", "a\nb", ""},
		{"a\nx", "a\nb", "got x, want b"},
		{"a\nb\nc", "a\nb", "new c"},
		{"a", "a\nb", "missing b"},
	} {
		if line := firstDifference(c.got, c.want); line != c.line {
			t.Errorf("firstDifference(%q, %q) = %q, want %q", c.got, c.want, line, c.line)
		}
	}
}
