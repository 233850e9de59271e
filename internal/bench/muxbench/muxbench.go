// Package muxbench measures the root package: routing, the base layer, typed
// handlers, and a whole service.
//
// The rivals are used as their documentation shows: chi with the middlewares of
// its README (https://github.com/go-chi/chi#examples), a ServeMux with five plain
// middlewares as most codebases write them.
package muxbench

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/internal/bench/harness"
)

// Tables are those of the root package.
func Tables() []harness.Table {
	return []harness.Table{routing(), base(), typed(), hello()}
}

// sink is a response writer that costs nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

var silent = slog.New(slog.NewJSONHandler(io.Discard, nil))

func noop(http.ResponseWriter, *http.Request) {}

// patterns is a REST API of 200 routes, and requests has one request for each.
func patterns() (list []string, requests []*http.Request) {
	for _, things := range strings.Fields("users teams books authors reviews orders invoices payments projects issues " +
		"labels comments files folders events hooks keys sessions roles plans") {
		for _, p := range []string{
			"GET /v1/%s", "POST /v1/%s", "GET /v1/%s/{id}", "PATCH /v1/%s/{id}", "DELETE /v1/%s/{id}",
			"GET /v1/%s/{id}/notes", "POST /v1/%s/{id}/notes", "GET /v1/%s/{id}/notes/{note}", "DELETE /v1/%s/{id}/notes/{note}", "POST /v1/%s/search",
		} {
			p = fmt.Sprintf(p, things)
			list = append(list, p)
			method, path, _ := strings.Cut(strings.NewReplacer("{id}", "4711", "{note}", "42").Replace(p), " ")
			requests = append(requests, httptest.NewRequest(method, path, nil))
		}
	}
	return list, requests
}

// each serves one request per operation, all of them in turn.
func each(h http.Handler, requests []*http.Request) func(int) error {
	i := 0
	return func(n int) error {
		for range n {
			w := sink{header: make(http.Header, 4)}
			h.ServeHTTP(&w, requests[i])
			i = (i + 1) % len(requests)
		}
		return nil
	}
}

func routing() harness.Table {
	list, requests := patterns()
	std, byHand, router := http.NewServeMux(), http.NewServeMux(), chi.NewRouter()
	ours := &glueful.Mux{Log: silent}
	for _, p := range list {
		std.HandleFunc(p, noop)
		byHand.Handle(p, inner(http.HandlerFunc(noop)))
		ours.Handle(p, http.HandlerFunc(noop))
		method, path, _ := strings.Cut(p, " ")
		router.MethodFunc(method, path, noop)
	}
	return harness.Table{
		Name: "mux: routing, 200 routes",
		Base: "servemux and base by hand",
		Notes: []string{"the first two rows do the same work: routing and one base layer (recover, id, access line, deadline, limit)",
			"the others route only, to show what routing costs"},
		Rows: []harness.Row{
			{Name: "servemux and base by hand", Run: each(outer(byHand), requests)},
			{Name: "glueful", Run: each(ours, requests), Targets: []harness.Target{
				{Against: "servemux and base by hand", AtMost: 1.10},
				{What: harness.Allocs, Against: "servemux and base by hand", AtMost: 0},
			}},
			{Name: "bare servemux", Run: each(std, requests)},
			{Name: "bare chi", Run: each(router, requests)},
		},
	}
}

func base() harness.Table {
	request := func() []*http.Request { return []*http.Request{httptest.NewRequest("GET", "/books/7", nil)} }
	bare, plain, twin := http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
	bare.HandleFunc("GET /books/{id}", noop)
	plain.HandleFunc("GET /books/{id}", noop)
	twin.Handle("GET /books/{id}", inner(http.HandlerFunc(noop)))
	ours := &glueful.Mux{Log: silent}
	ours.Handle("GET /books/{id}", http.HandlerFunc(noop))
	router := chi.NewRouter()
	router.Use(middleware.RequestID, middleware.RequestSize(1<<20), middleware.RequestLogger(&middleware.DefaultLogFormatter{
		Logger: slog.NewLogLogger(silent.Handler(), slog.LevelInfo), NoColor: true}),
		middleware.Recoverer, middleware.Timeout(30*time.Second))
	router.Get("/books/{id}", noop)
	return harness.Table{
		Name: "mux: base layer",
		Base: "five plain middlewares",
		Rows: []harness.Row{
			{Name: "five plain middlewares", Run: each(plainFive(plain), request())},
			{Name: "glueful", Run: each(ours, request()), Targets: []harness.Target{
				{Against: "five plain middlewares", AtMost: 0.90},
				{Against: "chi's five", AtMost: 0.75},
				{What: harness.Allocs, AtMost: 9 + 2}, // two are the sink's header
			}},
			{Name: "fused by hand", Run: each(outer(twin), request())},
			{Name: "chi's five", Run: each(router, request())},
			{Name: "none", Run: each(bare, request())},
		},
	}
}

func hello() harness.Table {
	write := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"hello":"world"}`)
	}
	return harness.Table{
		Name:    "mux: hello over loopback",
		Kind:    harness.Service,
		Base:    "bare servemux",
		Request: harness.Request{Path: "/hello", Answer: "world"},
		Rows: []harness.Row{
			{Name: "bare servemux", Handler: func() (http.Handler, error) {
				m := http.NewServeMux()
				m.HandleFunc("GET /hello", write)
				return m, nil
			}},
			{Name: "glueful", Handler: func() (http.Handler, error) {
				m := &glueful.Mux{Log: silent}
				m.Handle("GET /hello", http.HandlerFunc(write))
				return m, nil
			}, Targets: []harness.Target{{Against: "bare servemux", AtMost: 1.5}}},
			{Name: "five plain middlewares", Handler: func() (http.Handler, error) {
				m := http.NewServeMux()
				m.HandleFunc("GET /hello", write)
				return plainFive(m), nil
			}},
		},
	}
}
