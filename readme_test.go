package glueful_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// readmeCommands are the commands README.md shows, each with the test that runs
// it. "here" is this file.
var readmeCommands = map[string]string{
	"git clone <this repository> glueful-go && cd glueful-go": "internal/check/e2e_test.go",
	"go run ./cmd/glueful new -serve shop":                    "internal/check/e2e_test.go",
	"go run ./internal/check":                                 "internal/check/e2e_test.go",
	"cp -r valid ../yourapp/internal/valid":                   "here",
	"cd ../yourapp && sed -i 's,github.com/glueful/glueful-go/,yourapp/internal/,' internal/valid/*.go": "here",
	"go test ./internal/valid": "here",
}

func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if n := strings.Count(text, "\n"); n > 150 {
		t.Errorf("README.md has %d lines, want at most 150", n)
	}
	seen := 0
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		command, ok := strings.CutPrefix(line, "    ")
		if code || !ok {
			continue
		}
		command, _, _ = strings.Cut(strings.TrimSpace(command), "  #")
		command = strings.TrimSpace(command)
		where, known := readmeCommands[command]
		if !known {
			t.Errorf("no test is known to run %q", command)
			continue
		}
		seen++
		if _, err := os.Stat(where); where != "here" && err != nil {
			t.Errorf("%q: %v", command, err)
		}
	}
	if seen != len(readmeCommands) {
		t.Errorf("%d of %d commands are in README.md", seen, len(readmeCommands))
	}
	for _, word := range []string{"http://", "https://", "badge", "go install", "go get"} {
		if strings.Contains(text, word) {
			t.Errorf("README.md holds %q, which nothing here tests", word)
		}
	}
}

// TestReadme_copy runs what README.md says about copying one package.
func TestReadme_copy(t *testing.T) {
	if testing.Short() {
		t.Skip("runs another module's tests")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the sed of README.md is that of GNU")
	}
	dir := t.TempDir()
	for _, name := range []string{"glueful-go", "yourapp/internal"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "glueful-go", "valid"), os.DirFS("valid")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "yourapp", "go.mod"), []byte("module yourapp\n\ngo 1.26.0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	script := "cp -r valid ../yourapp/internal/valid\n" +
		"cd ../yourapp && sed -i 's,github.com/glueful/glueful-go/,yourapp/internal/,' internal/valid/*.go\n" +
		"go test -short ./internal/valid\n"
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-c", script)
	cmd.Dir = filepath.Join(dir, "glueful-go")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "CI=")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "ok") {
		t.Errorf("%v\n%s", err, out)
	}
}
