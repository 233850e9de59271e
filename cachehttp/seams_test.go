package cachehttp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

func TestDeny(t *testing.T) {
	var got error
	c := &cachehttp.Cache{Deny: func(w http.ResponseWriter, r *http.Request, err error) { got = err; w.WriteHeader(418) }}
	s := newSite(t, c, cachehttp.Policy{}, say())
	want(t, "status", s.get("Cache-Control: only-if-cached").StatusCode, 418)
	if !errors.Is(got, cachehttp.ErrNotCached) {
		t.Errorf("got %v", got)
	}
	for err, status := range map[*cachehttp.Error]int{cachehttp.ErrNotCached: 504, cachehttp.ErrGaveUp: 503, cachehttp.ErrStale: 504, cachehttp.ErrPrecondition: 412, cachehttp.ErrUnconditional: 428} {
		if err.HTTPStatus() != status || err.ErrorCode() == "" || err.PublicMessage() == "" || err.Error() != "cachehttp: "+err.PublicMessage() {
			t.Errorf("%v is %d, %q, %q", err, err.HTTPStatus(), err.ErrorCode(), err.PublicMessage())
		}
	}
	m := &cachehttp.Match{Deny: c.Deny, Current: func(*http.Request) (string, time.Time, error) { return "", time.Time{}, nil }}
	s.h = m.Handler(s.h)
	want(t, "status", s.do("PUT", "http://example.com/a").StatusCode, 418)
	if !errors.Is(got, cachehttp.ErrUnconditional) {
		t.Errorf("got %v", got)
	}
}

type spanKey struct{}

func TestSpan(t *testing.T) {
	var list []string
	c := &cachehttp.Cache{Span: func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error)) {
		return context.WithValue(ctx, spanKey{}, name), func(err error) { list = append(list, fmt.Sprint(name, attrs, err)) }
	}}
	status := 200
	s := newSite(t, c, cachehttp.Policy{}, func(w http.ResponseWriter, r *http.Request) {
		want(t, "context", r.Context().Value(spanKey{}), "cachehttp.fetch")
		reply(status, "x", "Cache-Control: max-age=60")(w, r)
	})
	s.get()
	s.get()
	status = 500
	s.do("GET", "http://example.com/b")
	want(t, "spans", fmt.Sprintf("%q", list), `["cachehttp.fetch[reason=uri-miss] <nil>" "cachehttp.fetch[reason=uri-miss] cachehttp: the handler ends with status 500"]`)
}

// The writers of this package stand between others.
func TestWriters_areTransparent(t *testing.T) {
	var c cachehttp.Cache
	for name, h := range map[string]func(http.Handler) http.Handler{"cache": c.Handler, "ETag": cachehttp.ETag} {
		for _, method := range []string{"GET", "POST"} {
			inner := h(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if s, ok := w.(interface{ Status() int }); ok && s.Status() != 0 {
					t.Errorf("%s: a status before the answer", name)
				}
				w.WriteHeader(http.StatusEarlyHints)
				if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
					t.Errorf("%s %s: SetWriteDeadline: %v", name, method, err)
				}
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Errorf("%s %s: Flush: %v", name, method, err)
				}
				w.WriteHeader(500) // too late
				w.Write([]byte("x"))
				if s, ok := w.(interface{ Status() int }); ok && s.Status() != 200 {
					t.Errorf("%s: status %d", name, s.Status())
				}
			}))
			if _, ok := inner.(interface{ Unwrap() http.Handler }); !ok {
				t.Errorf("%s hides the handler", name)
			}
			s := httptest.NewServer(inner)
			req, _ := http.NewRequestWithContext(t.Context(), method, s.URL+"/"+name, nil)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			want(t, name+" "+method, answer(res), "200 x")
			res.Body.Close()
			s.Close()
		}
	}
}
