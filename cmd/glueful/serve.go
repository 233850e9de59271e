package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// serveApp builds the app, runs it with its seed data, and prints how to talk to
// it once it answers. It returns when the app has ended.
func serveApp(ctx context.Context, env environment, dir, addr string) error {
	bin, err := buildApp(ctx, env, dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(bin))
	child := exec.Command(bin, "-seed")
	child.Dir, child.Stdout, child.Stderr = dir, env.stdout, env.stderr
	child.Env = append(os.Environ(), "ADDR="+addr)
	child.SysProcAttr = apart()
	runtime.LockOSThread() // a child is told when the thread that started it is gone
	defer runtime.UnlockOSThread()
	foreign := listening(addr) // then the app will say so and end
	if err := child.Start(); err != nil {
		return fmt.Errorf("the app in %s cannot be started: %w", dir, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	answers := make(chan struct{})
	poll, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		if !foreign && waitFor(poll, "http://"+reachable(addr)+"/v1/books") {
			close(answers)
		}
	}()
	stop, again := ctx.Done(), make(chan os.Signal, 1)
	defer signal.Stop(again)
	for {
		select {
		case <-answers:
			answers = nil
			greet(env, dir, reachable(addr))
		case <-stop:
			stopApp(child.Process)
			stop = nil
			signal.Notify(again, stopSignals()...)
		case <-again: // the app ends at once when it is told twice
			stopApp(child.Process)
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("the app in %s ended: %w; its words stand above", dir, err)
			}
			return nil
		}
	}
}

func buildApp(ctx context.Context, env environment, dir string) (string, error) {
	tmp, err := os.MkdirTemp("", "glueful-run-*")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(tmp, filepath.Base(dir))
	if runtime.GOOS == "windows" {
		bin += ".exe"
	}
	fmt.Fprintf(env.stdout, "\nbuilding (the first time takes a minute) ...\n")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".")
	build.Dir, build.Stdout, build.Stderr = dir, env.stdout, env.stderr
	build.Env = append(os.Environ(), "GOWORK=off")
	if err := build.Run(); err != nil {
		os.RemoveAll(tmp)
		if errors.Is(err, exec.ErrNotFound) {
			return "", fmt.Errorf("the app in %s is written, but the go command is not on the PATH", dir)
		}
		return "", fmt.Errorf("the app in %s is written, but does not build: %w", dir, err)
	}
	return bin, nil
}

// checkAddr refuses an address that nobody could be told to ask.
func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if n, convErr := strconv.ParseUint(port, 10, 16); err != nil || convErr != nil || n == 0 {
		return usagef("-addr %q: want HOST:PORT, with a port from 1 to 65535", addr)
	}
	return nil
}

// reachable returns where an app that listens on addr can be asked from here.
func reachable(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

// listening reports whether somebody has the address already.
func listening(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// waitFor asks until the address answers; it reports false when ctx ends first.
func waitFor(ctx context.Context, url string) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
		if err != nil {
			return false
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

func greet(env environment, dir, addr string) {
	base := "http://" + addr
	fmt.Fprintf(env.stdout, `
%s answers at %s

  curl -g '%s/v1/books?page[size]=2'
  curl %s/v1/books/1
  curl -H 'Content-Type: application/json' -d '{"title":"Emma","pages":474,"author_id":1}' %s/v1/books

stop it with Ctrl-C; run it again with: cd %s && go run .
`, filepath.Base(dir), base, base, base, base, dir)
}

// stopApp asks the app to drain; Windows knows no such question.
func stopApp(p *os.Process) {
	if runtime.GOOS == "windows" {
		p.Kill()
		return
	}
	p.Signal(syscall.SIGTERM)
}
