package glueful_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
)

// start runs a server with the handler and returns its address, a function that
// stops it, and the channel of Run's result.
func start(t *testing.T, s *glueful.Server) (addr string, stop context.CancelFunc, done <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	up, result := make(chan net.Addr, 1), make(chan error, 1)
	s.Addr, s.Log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	s.Started = func(a net.Addr) { up <- a }
	go func() { result <- s.Run(ctx) }()
	t.Cleanup(cancel)
	select {
	case a := <-up:
		return a.String(), cancel, result
	case err := <-result:
		t.Fatal(err)
		return "", nil, nil
	}
}

func TestServer_drains(t *testing.T) {
	m := quiet()
	entered, release := make(chan struct{}), make(chan struct{})
	m.Handle("GET /slow", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "whole")
	}))
	told := make(chan struct{})
	streaming := make(chan struct{})
	m.Handle("GET /stream", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(streaming)
		<-glueful.Draining(r.Context())
		close(told)
	}))
	addr, stop, done := start(t, &glueful.Server{Handler: m})
	type answer struct {
		body string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		resp, err := http.Get("http://" + addr + "/slow")
		if err != nil {
			answers <- answer{"", err}
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		answers <- answer{string(b), err}
	}()
	go http.Get("http://" + addr + "/stream")
	<-entered
	<-streaming
	stop()
	<-told
	close(release)
	if a := <-answers; a.body != "whole" || a.err != nil {
		t.Errorf("the running request got %q, %v", a.body, a.err)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("the stopped server still accepts")
	}
}

func TestServer_lameAcceptsForAWhile(t *testing.T) {
	m := quiet()
	m.Handle("GET /ready", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		select {
		case <-glueful.Draining(r.Context()):
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
		}
		return nil
	}))
	addr, stop, done := start(t, &glueful.Server{Handler: m, Lame: time.Second})
	stop()
	for deadline := time.Now().Add(time.Second); ; { // the balancer asks until it is told
		resp, err := http.Get("http://" + addr + "/ready")
		if err != nil {
			t.Fatal("closed before the balancer could know: ", err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("never told that it drains")
		}
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestServer_graceEnds(t *testing.T) {
	m := quiet()
	m.Timeout = -1
	entered := make(chan struct{})
	m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { close(entered); <-r.Context().Done() }))
	addr, stop, done := start(t, &glueful.Server{Handler: m, Grace: 10 * time.Millisecond})
	go http.Get("http://" + addr + "/")
	<-entered
	stop()
	if err := <-done; !errors.Is(err, glueful.ErrForced) {
		t.Errorf("Run: %v, want ErrForced", err)
	}
}

func TestServer_slowHeaderIsClosed(t *testing.T) {
	addr, _, _ := start(t, &glueful.Server{Handler: quiet(), ReadHeaderTimeout: 50 * time.Millisecond})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection was not closed")
	}
}

func TestServer_idleConnectionIsClosed(t *testing.T) {
	addr, _, _ := start(t, &glueful.Server{Handler: quiet(), IdleTimeout: 50 * time.Millisecond})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404") {
		t.Errorf("%v, %q", err, answer)
	}
}

func TestServer_headerCap(t *testing.T) {
	for limit, set := range map[int]int{32 << 10: 0, 8 << 10: 8 << 10} {
		addr, _, _ := start(t, &glueful.Server{Handler: quiet(), MaxHeaderBytes: set})
		for size, want := range map[int]int{limit - 1: 404, limit: 404, limit + 1: 431, 1 << 20: 431} {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			const begin, end = "GET / HTTP/1.1\r\nHost: x\r\nX-Big: ", "\r\n\r\n"
			go io.WriteString(c, begin+strings.Repeat("x", size-len(begin)-len(end))+end)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			if resp.StatusCode != want {
				t.Errorf("limit %d, header of %d bytes: %d, want %d", limit, size, resp.StatusCode, want)
			}
		}
	}
}

func TestServer_HTTP2OnlyWhenAsked(t *testing.T) {
	for _, asked := range []bool{false, true} {
		m := quiet()
		m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
		addr, _, _ := start(t, &glueful.Server{Handler: m, HTTP2: asked})
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		resp, err := (&http.Client{Transport: transport}).Get("http://" + addr + "/")
		if (err == nil) != asked {
			t.Errorf("HTTP2 %v: %v", asked, err)
		}
		if err == nil {
			resp.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

func TestServer_portTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	err = glueful.Serve(t.Context(), ln.Addr().String(), quiet())
	if err == nil || !strings.Contains(err.Error(), ln.Addr().String()+" is in use") {
		t.Fatalf("Serve: %v", err)
	}
	if runtime.GOOS == "linux" && !strings.Contains(err.Error(), fmt.Sprintf("by process %d ", os.Getpid())) {
		t.Errorf("Serve: %v, want this process named", err)
	}
}

// TestMain lets the test binary be the server of the tests about signals.
func TestMain(m *testing.M) {
	switch mode := os.Getenv("GLUEFUL_TEST_SERVER"); mode {
	case "":
	case "idempotency":
		serveOrders()
		return
	default:
		serveForSignals(mode)
		return
	}
	os.Exit(m.Run())
}

func serveForSignals(mode string) {
	m := quiet()
	m.Handle("GET /hang", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("hanging")
		<-r.Context().Done()
	}))
	m.Handle("GET /hi", text("hi"))
	s := &glueful.Server{Addr: "127.0.0.1:0", Handler: m, Log: slog.New(slog.DiscardHandler), Started: func(a net.Addr) { fmt.Println(a) }}
	if mode == "listener" {
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid())) // the parent cannot know it beforehand
		s.Addr = "192.0.2.1:1"                             // must not be used
	}
	end := s.Run(context.Background())
	if mode == "listener" && os.Getenv("LISTEN_FDS") != "" {
		fmt.Println("LISTEN_FDS is still set: the next server would take descriptor 3 again")
	}
	fmt.Println("end:", end)
}

// child starts this test binary as a server and returns it, its address and its
// output after that.
func child(t *testing.T, mode string, files ...*os.File) (*exec.Cmd, string, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "GLUEFUL_TEST_SERVER="+mode, "LISTEN_FDS=")
	if len(files) > 0 {
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+strconv.Itoa(len(files)))
	}
	cmd.ExtraFiles = files
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the server printed no address")
	}
	return cmd, lines.Text(), lines
}

func TestServer_signals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGTERM")
	}
	t.Run("the first drains, the second ends at once", func(t *testing.T) {
		cmd, addr, lines := child(t, "signals")
		go http.Get("http://" + addr + "/hang")
		lines.Scan() // hanging
		cmd.Process.Signal(syscall.SIGTERM)
		for deadline := time.Now().Add(5 * time.Second); ; { // the listener closes first
			c, err := net.Dial("tcp", addr)
			if err != nil {
				break
			}
			c.Close()
			if time.Now().After(deadline) {
				t.Fatal("still accepting after SIGTERM")
			}
		}
		began := time.Now()
		cmd.Process.Signal(syscall.SIGTERM)
		lines.Scan()
		if got := lines.Text(); got != "end: "+glueful.ErrForced.Error() || time.Since(began) > time.Second {
			t.Errorf("%q after %v", got, time.Since(began))
		}
	})
	t.Run("an idle server ends cleanly", func(t *testing.T) {
		cmd, _, lines := child(t, "signals")
		cmd.Process.Signal(os.Interrupt)
		lines.Scan()
		if got := lines.Text(); got != "end: <nil>" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a listener that was handed down is used", func(t *testing.T) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd, addr, lines := child(t, "listener", f)
		if addr != ln.Addr().String() {
			t.Fatalf("listens on %s, want %s", addr, ln.Addr())
		}
		resp, err := http.Get("http://" + addr + "/hi")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		cmd.Process.Signal(os.Interrupt)
		if lines.Scan(); lines.Text() != "end: <nil>" {
			t.Error(lines.Text())
		}
	})
}
