package cachehttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// show prints what a client sees.
func show(h http.Handler, method, target string, fields ...string) {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	line := fmt.Sprint(w.Code, " ", w.Body, " ", w.Header().Get("Cache-Status"))
	fmt.Println(strings.Join(strings.Fields(line), " "))
}

func Example() {
	var cache cachehttp.Cache

	books := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "Dune, Emma")
	})
	mux := http.NewServeMux()
	mux.Handle("GET /books", cache.With(cachehttp.Policy{
		TTL:  time.Minute,
		Tags: []string{"books"},
	})(books))

	show(mux, "GET", "/books")
	show(mux, "GET", "/books")
	cache.Purge(context.Background(), "books")
	show(mux, "GET", "/books")
	// Output:
	// 200 Dune, Emma glueful; fwd=uri-miss; fwd-status=200; stored
	// 200 Dune, Emma glueful; hit; ttl=60
	// 200 Dune, Emma glueful; fwd=uri-miss; fwd-status=200; stored
}

// A handler may say everything itself.
func ExampleCache_Handler() {
	var cache cachehttp.Cache
	h := cache.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Vary", "Accept-Language")
		fmt.Fprint(w, "in ", r.Header.Get("Accept-Language"))
	}))
	show(h, "GET", "/", "Accept-Language", "en")
	show(h, "GET", "/", "Accept-Language", "de")
	show(h, "GET", "/", "Accept-Language", "en")
	// Output:
	// 200 in en glueful; fwd=uri-miss; fwd-status=200; stored
	// 200 in de glueful; fwd=vary-miss; fwd-status=200; stored
	// 200 in en glueful; hit; ttl=60
}

// A tag that the handler learns while it runs.
func ExampleTag() {
	var cache cachehttp.Cache
	h := cache.With(cachehttp.Policy{TTL: time.Hour})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cachehttp.Tag(r.Context(), "author:7")
		fmt.Fprint(w, "a book by author 7")
	}))
	show(h, "GET", "/books/1")
	cache.Soften(context.Background(), "author:7")
	show(h, "GET", "/books/1")
	// Output:
	// 200 a book by author 7 glueful; fwd=uri-miss; fwd-status=200; stored
	// 200 a book by author 7 glueful; fwd=stale; fwd-status=200; stored
}

func ExampleETag() {
	h := cachehttp.ETag(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "hello")
	}))
	show(h, "GET", "/")
	show(h, "GET", "/", "If-None-Match", `"LPJNul-wow4m6Dsqxbning"`)
	// Output:
	// 200 hello
	// 304
}

func ExampleMatch() {
	version := int64(7)
	match := &cachehttp.Match{
		Current: func(r *http.Request) (string, time.Time, error) {
			return cachehttp.RowETag(version), time.Time{}, nil
		},
	}
	h := match.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		version++
		w.Header().Set("ETag", cachehttp.RowETag(version))
		fmt.Fprint(w, "saved")
	}))
	show(h, "PUT", "/books/1")
	show(h, "PUT", "/books/1", "If-Match", `"v7"`)
	show(h, "PUT", "/books/1", "If-Match", `"v7"`) // of somebody who has not seen the change
	// Output:
	// 428 Precondition Required
	// 200 saved
	// 412 Precondition Failed
}

func ExamplePrecondition() {
	r := httptest.NewRequest("DELETE", "/books/1", nil)
	r.Header.Set("If-Match", cachehttp.RowETag(6))
	err := cachehttp.Precondition(r, cachehttp.RowETag(7), time.Time{})
	fmt.Println(err)
	// Output: cachehttp: the resource has changed since you read it
}

func ExampleUnreachable() {
	// The ErrorHandler of a httputil.ReverseProxy behind a cache.
	handler := func(w http.ResponseWriter, r *http.Request, err error) {
		cachehttp.Unreachable(r.Context())
		w.WriteHeader(http.StatusBadGateway)
	}
	h := new(cachehttp.Cache).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler(w, r, context.DeadlineExceeded)
	}))
	show(h, "GET", "/")
	// Output: 502 glueful; fwd=uri-miss; fwd-status=502
}
