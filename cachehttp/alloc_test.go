package cachehttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/glueful/glueful-go/cachehttp"
)

// sink is a client that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	h := new(cachehttp.Cache).Handler(reply(200, string(make([]byte, 8<<10)), "Cache-Control: max-age=3600", `ETag: "a"`, "Content-Type: application/json", "Vary: Accept-Encoding"))
	for name, c := range map[string]struct {
		field string
		limit float64
	}{
		"hit of 8 KiB":   {"X-None", 6},
		"304 from cache": {"If-None-Match", 6},
	} {
		r := httptest.NewRequest("GET", "http://example.com/books/7?fields=title", nil)
		r.Header.Set(c.field, `"a"`)
		w := &sink{http.Header{}}
		h.ServeHTTP(w, r)
		got := testing.AllocsPerRun(1000, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		t.Logf("%s: %.1f allocations", name, got)
		if got > c.limit {
			t.Errorf("%s: %.1f allocations, want at most %.0f", name, got, c.limit)
		}
	}
}
