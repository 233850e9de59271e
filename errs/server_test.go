package errs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueful/glueful-go/errs"
)

func TestRecover_storm(t *testing.T) {
	const n = 1000
	var log syncBuffer
	h := &errs.Handler{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	srv := httptest.NewServer(h.Recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("storm") })))
	before := runtime.NumGoroutine()
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 8}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range n / 8 {
				resp, err := client.Get(srv.URL)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != 500 {
					t.Errorf("status %d", resp.StatusCode)
				}
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()
	srv.Close()
	if got := len(lines(t, &log.Buffer)); got != n {
		t.Errorf("%d log lines, want %d", got, n)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestFunc_hijack(t *testing.T) {
	h := &errs.Handler{Log: slog.New(slog.DiscardHandler)}
	begun := make(chan any, 1)
	srv := httptest.NewServer(h.Func(func(w http.ResponseWriter, r *http.Request) error {
		defer func() { begun <- w.(interface{ Status() int }).Status() }()
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		return errors.Join(err, errs.Conflict)
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "ok" || <-begun != 101 {
		t.Errorf("body %q", b)
	}
}

func TestFunc_flush(t *testing.T) {
	h := &errs.Handler{Log: slog.New(slog.DiscardHandler)}
	srv := httptest.NewServer(h.Func(func(w http.ResponseWriter, r *http.Request) error {
		w.(http.Flusher).Flush()
		return errs.Conflict
	}))
	defer srv.Close()
	if !getAborted(t, srv.URL) {
		t.Error("an error after Flush looks like a whole answer")
	}
}

func TestWrite_defaultLog(t *testing.T) {
	var log bytes.Buffer
	old := slog.Default()
	defer slog.SetDefault(old)
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	errs.Write(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), errors.New("boom"))
	if got := lines(t, &log); len(got) != 1 || got[0]["error"] != "boom" {
		t.Errorf("log %v", got)
	}
	log.Reset()
	off := &errs.Handler{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelError + 1}))}
	off.Write(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), errors.New("boom"))
	if log.Len() > 0 {
		t.Errorf("logged below its level: %s", &log)
	}
}

func TestWrite_size(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-Id", strings.Repeat("x", 1000))
	errs.Write(w, httptest.NewRequest("GET", "/", nil), errs.Conflict.Detailf("%s", strings.Repeat("y", 100<<10)))
	if got, want := w.Header().Get("Content-Length"), fmt.Sprint(w.Body.Len()); got != want {
		t.Errorf("Content-Length %q, want %q", got, want)
	}
	if strings.Count(w.Body.String(), "x") > 130 {
		t.Error("a request id of any length is repeated")
	}
}

func TestWrite_unwrapsWriters(t *testing.T) {
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("recovered %v, want http.ErrAbortHandler", v)
		}
	}()
	h := &errs.Handler{Log: slog.New(slog.DiscardHandler)}
	h.Write(outer{inner{httptest.NewRecorder()}}, httptest.NewRequest("GET", "/", nil), errs.Conflict)
	t.Error("wrote a second answer")
}

type inner struct{ http.ResponseWriter }

func (inner) Status() int { return 200 }

type outer struct{ w http.ResponseWriter }

func (o outer) Header() http.Header         { return o.w.Header() }
func (o outer) Write(p []byte) (int, error) { return o.w.Write(p) }
func (o outer) WriteHeader(n int)           { o.w.WriteHeader(n) }
func (o outer) Unwrap() http.ResponseWriter { return o.w }

func TestError_type(t *testing.T) {
	if got := ErrQuota.Detailf("x").Type(); got != "https://api.example.com/problems/quota_exceeded" {
		t.Errorf("Type() = %q", got)
	}
}

func TestWrite_timeout(t *testing.T) {
	h := &errs.Handler{Log: slog.New(slog.DiscardHandler)}
	srv := httptest.NewServer(h.Func(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
		defer cancel()
		<-ctx.Done()
		return fmt.Errorf("query: %w", ctx.Err())
	}))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 504 || resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("status %d, request id %q", resp.StatusCode, resp.Header.Get("X-Request-Id"))
	}
}
