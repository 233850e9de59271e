package model_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestMistakes holds the compiler to what it is relied upon for: a string that
// came in at run time is no SQL, and a value of another type is no value.
func TestMistakes(t *testing.T) {
	const file = "testdata/mistakes/mistakes.go"
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "build", "-o", os.DevNull, "-gcflags=-e", file).CombinedOutput()
	if err == nil {
		t.Fatal("the mistakes compile")
	}
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if _, rest, ok := strings.Cut(line, "mistakes.go:"); ok {
			n, _, _ := strings.Cut(rest, ":")
			found[n] += rest
		}
	}
	n, mistakes := 0, 0
	for line := range strings.Lines(string(source)) {
		n++
		_, want, ok := strings.Cut(line, "// want ")
		if !ok {
			continue
		}
		mistakes++
		if got := found[strconv.Itoa(n)]; !strings.Contains(got, strings.TrimSpace(want)) {
			t.Errorf("line %d: the compiler says %q, want %q", n, got, want)
		}
	}
	if mistakes != len(found) || mistakes == 0 {
		t.Errorf("%d lines are wrong, want %d:\n%s", len(found), mistakes, out)
	}
}
