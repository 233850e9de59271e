// Package cachehttpbench measures cachehttp: what a hit costs.
//
// The base is a bare handler that writes the same bytes and fields. The rival
// gregjones/httpcache is a cache on the client's side, so it is used as its
// documentation shows (https://pkg.go.dev/github.com/gregjones/httpcache): a
// Transport over a memory cache, whose body the caller reads.
package cachehttpbench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"github.com/gregjones/httpcache"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/internal/bench/harness"
)

// Tables are the tables of the room.
func Tables() []harness.Table {
	return []harness.Table{hit(), notModified(), misses()}
}

var body = bytes.Repeat([]byte("0123456789abcdef"), 512) // 8 KiB

const etag = `"v7"`

// sink is a response writer that costs nothing but the copy of the body that
// every real one makes.
type sink struct {
	header http.Header
	status int
	buf    []byte
}

func (s *sink) Header() http.Header    { return s.header }
func (s *sink) WriteHeader(status int) { s.status = status }
func (s *sink) Write(p []byte) (int, error) {
	s.buf = append(s.buf[:0], p...)
	return len(p), nil
}

// bare writes the bytes and fields that a hit writes.
func bare(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", etag)
	h.Set("Date", "Mon, 01 Jan 2029 00:00:00 GMT")
	h.Set("Content-Length", "8192")
	w.WriteHeader(http.StatusOK)
	w.Write(body)
}

// cached is the handler behind the cache, and warm.
func cached() http.Handler {
	h := new(cachehttp.Cache).Handler(http.HandlerFunc(bare))
	h.ServeHTTP(httptest.NewRecorder(), request(""))
	return h
}

func request(condition string) *http.Request {
	r := httptest.NewRequest("GET", "http://example.com/v1/books/7?fields=title", nil)
	if condition != "" {
		r.Header.Set("If-None-Match", condition)
	}
	return r
}

// row measures a handler, and checks status and body.
func row(name string, h http.Handler, condition string, status int, targets ...harness.Target) harness.Row {
	w, r := &sink{header: http.Header{}}, request(condition)
	return harness.Row{
		Name: name,
		Run: func(n int) error {
			for range n {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
			return nil
		},
		Check: func() error {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != status || status == 200 && !bytes.Equal(rec.Body.Bytes(), body) || rec.Header().Get("ETag") != etag {
				return fmt.Errorf("answered %d with %d bytes", rec.Code, rec.Body.Len())
			}
			return nil
		},
		Targets: targets,
	}
}

// transport answers as the origin does, without a network.
type transport struct{}

func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Date", "Mon, 01 Jan 2029 00:00:00 GMT")
	bare(w, r)
	res := w.Result()
	res.Request = r
	return res, nil
}

// gregjones measures the client cache: round trip and reading the body.
func gregjones() harness.Row {
	t := httpcache.NewMemoryCacheTransport()
	t.Transport = transport{}
	buf := make([]byte, 0, len(body))
	ask := func() (*http.Response, error) {
		res, err := t.RoundTrip(request(""))
		if err != nil {
			return nil, err
		}
		b := bytes.NewBuffer(buf[:0])
		_, err = io.Copy(b, res.Body)
		res.Body.Close()
		if err == nil && b.Len() != len(body) {
			err = fmt.Errorf("read %d bytes", b.Len())
		}
		return res, err
	}
	return harness.Row{
		Name: "gregjones",
		Run: func(n int) error {
			for range n {
				if _, err := ask(); err != nil {
					return err
				}
			}
			return nil
		},
		Check: func() error {
			ask()
			res, err := ask()
			if err == nil && res.Header.Get(httpcache.XFromCache) != "1" {
				err = fmt.Errorf("not from the cache")
			}
			return err
		},
	}
}

func hit() harness.Table {
	return harness.Table{
		Name: "cachehttp: hit of 8 KiB",
		Base: "bare handler",
		Rows: []harness.Row{
			row("bare handler", http.HandlerFunc(bare), "", 200),
			row("glueful", cached(), "", 200, harness.Target{Against: "bare handler", AtMost: 1.5}, harness.Target{What: harness.Allocs, AtMost: 6}),
			gregjones(),
		},
		Notes: []string{"gregjones is a client's cache: its row is a round trip with the body read, and includes making the request"},
	}
}

func notModified() harness.Table {
	return harness.Table{
		Name: "cachehttp: 304 from cache",
		Base: "bare handler, 8 KiB",
		Rows: []harness.Row{
			row("bare handler, 8 KiB", http.HandlerFunc(bare), "", 200),
			row("glueful", cached(), etag, 304, harness.Target{Against: "bare handler, 8 KiB", AtMost: 2.2}, harness.Target{What: harness.Allocs, AtMost: 6}),
		},
	}
}

func misses() harness.Table {
	return harness.Table{
		Name: "cachehttp: 100 concurrent misses",
		Kind: harness.Value,
		Unit: "origin calls",
		Rows: []harness.Row{
			{Name: "bare handler", Measure: func() (float64, error) { return crowd(func(h http.Handler) http.Handler { return h }) }},
			{Name: "glueful", Measure: func() (float64, error) { return crowd(new(cachehttp.Cache).Handler) }, Targets: []harness.Target{{AtMost: 1}}},
		},
	}
}

// crowd sends 100 requests at once and counts the calls of the origin, which
// answers when all have been sent.
func crowd(wrap func(http.Handler) http.Handler) (float64, error) {
	var calls, wrong atomic.Int64
	var sent, done sync.WaitGroup
	sent.Add(100)
	h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		sent.Wait()
		bare(w, r)
	}))
	for range 100 {
		done.Go(func() {
			w := httptest.NewRecorder()
			sent.Done()
			h.ServeHTTP(w, request(""))
			if w.Body.Len() != len(body) {
				wrong.Add(1)
			}
		})
	}
	done.Wait()
	if n := wrong.Load(); n > 0 {
		return 0, fmt.Errorf("%d wrong answers", n)
	}
	return float64(calls.Load()), nil
}
