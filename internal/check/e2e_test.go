//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nested keeps the check inside the end-to-end test from starting another one.
const nested = "GLUEFUL_CHECK_NESTED"

// TestEndToEnd does in one fresh clone what a new user does: makes an app and
// talks to it, then runs this command. The whole command runs with -long; else
// it runs over one small module, and the house rules run over the clone, which
// now holds an app that is not ours.
func TestEndToEnd(t *testing.T) {
	if testing.Short() || os.Getenv(nested) != "" {
		t.Skip("not inside another run of itself, nor with -short")
	}
	t.Setenv(nested, "1")
	t.Setenv("DATABASE_URL", "")
	here, err := output(t.Context(), "", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		t.Skipf("this is no git checkout: %v", err)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	if _, err := output(t.Context(), "", nil, "git", "clone", "-q", "--no-hardlinks", here, clone); err != nil {
		t.Fatal(err)
	}
	serve(t, clone)
	if os.Getenv("GLUEFUL_LONG") == "1" {
		t.Setenv("GLUEFUL_LONG", "")
		passes(t, clone, "go", "run", "./internal/check")
		return
	}
	if out := passes(t, clone, "go", "run", "./internal/check", "internal/tools"); !strings.Contains(out, "\n1 passed, 0 failed, ") {
		t.Errorf("check said:\n%s", out)
	}
	passes(t, clone, "go", "test", "-run=^(TestLayout|TestModules|TestRequirements)", ".")
}

// passes runs a command in the clone and returns what it printed.
func passes(t *testing.T, dir string, name string, args ...string) string {
	t.Helper()
	out, err := prepare(t.Context(), dir, nil, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// serve makes an app in the clone, runs the curl lines it prints, and stops it.
func serve(t *testing.T, clone string) {
	t.Helper()
	cmd := prepare(t.Context(), clone, nil, "go", "run", "./cmd/glueful", "new", "-serve", "-addr", freeAddress(t), "shop")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	var said []string
	curls := 0
	for lines := bufio.NewScanner(stdout); curls < 3 && lines.Scan(); {
		said = append(said, lines.Text())
		if line, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "curl "); ok {
			if curls++; curls == 1 {
				t.Logf("the app answered after %.1f s", time.Since(begin).Seconds())
			}
			curl(t, clone, line)
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, stdout) // what it says while it drains
	cmd.Wait()
	if curls != 3 {
		t.Errorf("%d curl lines, want 3, in\n%s\n%s", curls, strings.Join(said, "\n"), stderr.String())
	}
}

// curl runs one of the printed lines, such that an error status fails it.
func curl(t *testing.T, dir, line string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Logf("curl is missing: %s is not tried", line)
		return
	}
	passes(t, dir, "sh", "-c", "curl --silent --show-error --fail --max-time 10 "+line)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("127.0.0.1:%d", l.Addr().(*net.TCPAddr).Port)
}
