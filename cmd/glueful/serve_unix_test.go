//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// counting is an app that counts the signals it gets: one is a clean end.
const counting = `package main

import (
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go http.ListenAndServe(os.Getenv("ADDR"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	<-signals
	select {
	case <-signals:
		os.Exit(7)
	case <-time.After(time.Second):
	}
}
`

// TestMain lets the test binary be the command of the tests below.
func TestMain(m *testing.M) {
	if dir := os.Getenv("GLUEFUL_TEST_SERVE"); dir != "" {
		ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
		defer stop()
		if err := serveApp(ctx, environment{os.Stdout, os.Stderr}, dir, os.Getenv("GLUEFUL_TEST_ADDR")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serving starts the command in a process group of its own, as a shell does, and
// waits until its app answers.
func serving(t *testing.T) (cmd *exec.Cmd, addr string, rest func() string) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{"go.mod": "module counting\n\ngo 1.26\n", "main.go": counting} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	addr = freePort(t)
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GLUEFUL_TEST_SERVE="+dir, "GLUEFUL_TEST_ADDR="+addr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	var all strings.Builder
	for !strings.Contains(all.String(), "stop it with") {
		if !lines.Scan() {
			t.Fatalf("ended early:\n%s", all.String())
		}
		fmt.Fprintln(&all, lines.Text())
	}
	return cmd, addr, func() string {
		for lines.Scan() {
			fmt.Fprintln(&all, lines.Text())
		}
		return all.String()
	}
}

func TestServe_signals(t *testing.T) {
	if testing.Short() {
		t.Skip("builds an application")
	}
	t.Run("Ctrl-C tells the app once", func(t *testing.T) {
		cmd, _, rest := serving(t)
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		words := rest()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v:\n%s", err, words)
		}
	})
	t.Run("a second signal is handed on", func(t *testing.T) {
		cmd, _, rest := serving(t)
		cmd.Process.Signal(syscall.SIGTERM)
		go func() { // until it is over: the first must have been taken by then
			for range time.Tick(10 * time.Millisecond) {
				if cmd.Process.Signal(syscall.SIGTERM) != nil {
					return
				}
			}
		}()
		words := rest()
		if err := cmd.Wait(); err == nil || !strings.Contains(words, "exit status 7") {
			t.Errorf("%v:\n%s", err, words)
		}
	})
	t.Run("a killed command leaves no app behind", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("only Linux tells a child that its parent is gone")
		}
		cmd, addr, _ := serving(t)
		cmd.Process.Kill()
		for deadline := time.Now().Add(10 * time.Second); ; {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			c.Close()
			if time.Now().After(deadline) {
				t.Fatal("the app still answers")
			}
		}
	})
}
