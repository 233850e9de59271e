package cachehttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// site is a cache in front of a handler that counts its calls.
type site struct {
	t     *testing.T
	cache *cachehttp.Cache
	h     http.Handler

	mu    sync.Mutex
	calls int
	last  *http.Request
}

func newSite(t *testing.T, c *cachehttp.Cache, p cachehttp.Policy, f http.HandlerFunc) *site {
	t.Helper()
	s := &site{t: t, cache: c}
	s.h = c.With(p)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.calls++
		s.last = r
		s.mu.Unlock()
		f(w, r)
	}))
	return s
}

// get sends a request; fields are "Name: value" lines.
func (s *site) do(method, url string, fields ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(method, url, nil)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		if r.Header.Add(name, strings.TrimSpace(value)); name == "Host" {
			r.Host = strings.TrimSpace(value)
		}
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w.Result()
}

func (s *site) get(fields ...string) *http.Response {
	s.t.Helper()
	return s.do("GET", "http://example.com/a", fields...)
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// wantCalls checks how often the handler ran.
func (s *site) wantCalls(n int) {
	s.t.Helper()
	if got := s.count(); got != n {
		s.t.Errorf("the handler ran %d times, want %d", got, n)
	}
}

// say answers with the given "Name: value" lines and a body that tells the
// number of the call.
func say(fields ...string) http.HandlerFunc {
	n := 0
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		body := fmt.Sprintf("body %d", n)
		mu.Unlock()
		set(w, fields...)
		fmt.Fprint(w, body)
	}
}

func set(w http.ResponseWriter, fields ...string) {
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		w.Header().Add(name, strings.TrimSpace(value))
	}
}

func TestZeroCache_reusesFreshResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{}, say("Cache-Control: max-age=60"))
		s.get()
		time.Sleep(59 * time.Second)
		res := s.get()
		s.wantCalls(1)
		if got := res.Header.Get("Age"); got != "59" {
			t.Errorf("Age %q, want 59", got)
		}
		if got := res.Header.Get("Cache-Status"); got != "glueful; hit; ttl=1" {
			t.Errorf("Cache-Status %q", got)
		}
		time.Sleep(time.Second)
		s.get()
		s.wantCalls(2)
	})
}
