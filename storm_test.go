package glueful_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
)

// lockedBuffer is a log that many requests write to.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// settled waits until no more than the given number of goroutines is left.
func settled(t *testing.T, most int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > most {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left, want at most %d:\n%s", runtime.NumGoroutine(), most, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

func TestMux_panicStorm(t *testing.T) {
	const panics = 1000
	before := runtime.NumGoroutine()
	var log lockedBuffer
	m := &glueful.Mux{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	m.Handle("GET /early", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errors.New("boom")) }))
	m.Handle("GET /nil", glueful.Do(func(context.Context, struct{}) (int, error) { var p *int; return *p, nil }))
	m.Handle("GET /late", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		panic("late")
	}))
	srv := httptest.NewServer(m)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	var wg sync.WaitGroup
	var cut, problems atomic.Int64
	for worker := range 10 {
		wg.Go(func() {
			for i := range panics / 10 {
				path := []string{"/early", "/nil", "/late"}[(worker+i)%3]
				resp, err := srv.Client().Get(srv.URL + path)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				switch {
				case path == "/late" && err != nil:
					cut.Add(1)
				case path != "/late" && resp.StatusCode == 500 && strings.Contains(resp.Header.Get("Content-Type"), "problem") && !strings.Contains(string(body), "boom"):
					problems.Add(1)
				default:
					t.Errorf("%s: %d %s, %v", path, resp.StatusCode, body, err)
				}
			}
		})
	}
	wg.Wait()
	srv.Close()
	if cut.Load()+problems.Load() != panics || cut.Load() < 300 {
		t.Errorf("%d problems and %d cut answers", problems.Load(), cut.Load())
	}
	if n := strings.Count(log.String(), "\n"); n != panics {
		t.Errorf("%d log lines, want %d", n, panics)
	}
	if n := strings.Count(log.String(), "storm_test.go"); n < panics {
		t.Errorf("%d stacks in the log, want %d", n, panics)
	}
	settled(t, before+2)
}

// TestServer_stopsUnderLoad stops a server while clients ask as fast as they can:
// every request it took is answered.
func TestServer_stopsUnderLoad(t *testing.T) {
	m := quiet()
	var taken, served atomic.Int64
	m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken.Add(1)
		pause := time.NewTimer(5 * time.Millisecond)
		defer pause.Stop()
		<-pause.C
		io.WriteString(w, "whole")
	}))
	addr, stop, done := start(t, &glueful.Server{Handler: m})
	var clients sync.WaitGroup
	var half atomic.Int64
	for range 20 {
		clients.Go(func() {
			client := http.Client{Transport: &http.Transport{}}
			for {
				resp, err := client.Get("http://" + addr + "/")
				if err != nil {
					return // refused or never taken: the balancer's business
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || string(body) != "whole" {
					half.Add(1)
				}
				served.Add(1)
			}
		})
	}
	for served.Load() < 500 {
		runtime.Gosched()
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	clients.Wait()
	if half.Load() != 0 || served.Load() != taken.Load() {
		t.Errorf("%d requests taken, %d answered, %d of them cut", taken.Load(), served.Load(), half.Load())
	}
}

// TestServer_slowClients holds the server against thousands of clients that do
// not finish: others are served, memory stays small, and all are gone in time.
func TestServer_slowClients(t *testing.T) {
	if testing.Short() {
		t.Skip("opens many connections")
	}
	headers, bodies, readers := 500, 200, 200
	if os.Getenv("GLUEFUL_LONG") == "1" {
		headers, bodies, readers = 10_000, 2_000, 2_000
	}
	before := runtime.NumGoroutine()
	m := quiet()
	m.Handle("GET /quick", text("quick"))
	m.Handle("POST /slow", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}))
	large := strings.Repeat("x", 32<<20)
	var writing atomic.Int64
	release := make(chan struct{})
	m.Handle("GET /large", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writing.Add(1)
		defer writing.Add(-1)
		io.WriteString(w, large)
	}))
	const timeout = 2 * time.Second
	addr, stop, done := start(t, &glueful.Server{Handler: m, ReadHeaderTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout})

	var open atomic.Int64
	var slow sync.WaitGroup
	hold := func(n int, request string) {
		for range n {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, request)
			open.Add(1)
			slow.Go(func() {
				defer c.Close()
				defer open.Add(-1)
				if strings.HasPrefix(request, "GET /large") { // reads nothing, and stays
					<-release
					return
				}
				tick := time.NewTicker(200 * time.Millisecond)
				defer tick.Stop()
				for range tick.C { // a byte now and then
					if _, err := io.WriteString(c, "a"); err != nil {
						return
					}
				}
			})
		}
	}
	hold(headers, "GET /quick HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	hold(bodies, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	hold(readers, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
	if open.Load() == 0 {
		t.Fatal("no slow client is connected")
	}
	took := make([]time.Duration, 0, 200)
	for i := range cap(took) {
		began := time.Now()
		resp, err := http.Get("http://" + addr + "/quick")
		if err != nil { // on a busy machine the timeouts catch an honest client now and then
			resp, err = http.Get("http://" + addr + "/quick")
		}
		if err != nil {
			t.Fatalf("request %d, twice: %v", i, err)
		}
		resp.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	heap := mem.HeapAlloc - uint64(len(large))
	t.Logf("with %d slow clients: p99 of others %v, heap of server and clients %d MiB beside the answer", open.Load(), took[len(took)*99/100], heap>>20)
	if heap > 64<<20 && os.Getenv("GLUEFUL_LONG") != "1" {
		t.Errorf("heap of %d MiB beside the answer, want at most 64", heap>>20)
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(timeout + 20*time.Second); !done(); {
			if time.Now().After(deadline) {
				t.Errorf("%s: still there", what)
				return
			}
			pause := time.NewTimer(10 * time.Millisecond)
			<-pause.C
		}
	}
	until("handlers that write to clients who do not read", func() bool { return writing.Load() == 0 })
	close(release)
	until("slow clients", func() bool { return open.Load() == 0 })
	slow.Wait()
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	settled(t, before+4)
}

func ExampleRequestID() {
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler), TrustRequestID: true}
	m.Handle("GET /", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		fmt.Println(glueful.RequestID(r.Context()))
		return nil
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "from-the-proxy")
	m.ServeHTTP(httptest.NewRecorder(), r)
	// Output: from-the-proxy
}
