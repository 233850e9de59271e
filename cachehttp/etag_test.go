package cachehttp_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

func tagged(f http.HandlerFunc) *site { return &site{h: cachehttp.ETag(f)} }

func TestETag_answers(t *testing.T) {
	s := tagged(reply(200, "hello", "Content-Type: text/plain"))
	s.t = t
	first := s.get()
	tag := first.Header.Get("ETag")
	want(t, "answer", answer(first), "200 hello")
	want(t, "tag", tag, `"LPJNul-wow4m6Dsqxbning"`)
	second := s.get("If-None-Match: " + tag)
	want(t, "answer", answer(second), "304 ")
	want(t, "Content-Type", second.Header["Content-Type"], "[]")
	want(t, "another tag", answer(s.get(`If-None-Match: "x"`)), "200 hello")
	head := s.do("HEAD", "http://example.com/a")
	want(t, "HEAD", head.Header.Get("ETag"), tag)
}

func TestETag_leavesAlone(t *testing.T) {
	flushed := func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		w.Write([]byte("b"))
	}
	for name, f := range map[string]http.HandlerFunc{
		"a response with an ETag":          reply(200, "x", `ETag: "own"`),
		"a response with a Last-Modified":  reply(200, "x", "Last-Modified: Mon, 01 Jan 1990 00:00:00 GMT"),
		"another status than 200":          reply(404, "x"),
		"a response that is flushed":       flushed,
		"a response larger than 1 MiB":     reply(200, strings.Repeat("x", 1<<20+1)),
		"a HEAD whose handler writes less": func(w http.ResponseWriter, r *http.Request) {},
	} {
		s := tagged(f)
		s.t = t
		method := "GET"
		if strings.Contains(name, "HEAD") {
			method = "HEAD"
		}
		tag := s.do(method, "http://example.com/").Header.Get("ETag")
		want(t, name, tag != "" && tag != `"own"`, false)
	}
}

func TestETag_differsByCoding(t *testing.T) {
	s := tagged(reply(200, "hello", "Content-Encoding: gzip"))
	s.t = t
	want(t, "tag", s.get().Header.Get("ETag"), `"LPJNul-wow4m6Dsqxbning-gzip"`)
}

func TestETag_isEmptyAfterPanic(t *testing.T) {
	w := httptest.NewRecorder()
	func() {
		defer func() { recover() }()
		cachehttp.ETag(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("half"))
			panic("x")
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	}()
	want(t, "body", w.Body.String(), "")
}

func TestRowETag(t *testing.T) {
	want(t, "plain", cachehttp.RowETag(7), `"v7"`)
	if cachehttp.RowETag(7, "en") == cachehttp.RowETag(7, "de") || cachehttp.RowETag(7, "a", "b") == cachehttp.RowETag(7, "ab") {
		t.Error("variants share a tag")
	}
}

var changed = time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC)

// writing are the rules of conditional writes.
var writing = []rule{
	{"9110 13.1.1: If-Match compares strongly", func(t *testing.T) {
		write(t, 200, `"a"`, `If-Match: "x", "a"`)
		write(t, 412, `"a"`, `If-Match: "b"`)
		write(t, 412, `"a"`, `If-Match: W/"a"`)
		write(t, 412, `W/"a"`, `If-Match: W/"a"`)
		write(t, 412, `"a"`, `If-Match: `)
	}},
	{"9110 13.1.1: If-Match star needs something to exist", func(t *testing.T) {
		write(t, 200, `"a"`, "If-Match: *")
		write(t, 412, "", "If-Match: *")
	}},
	{"9110 13.1.2: If-None-Match star needs nothing to exist", func(t *testing.T) {
		write(t, 412, `"a"`, "If-None-Match: *")
		write(t, 200, "", "If-None-Match: *")
	}},
	{"9110 13.1.4: If-Unmodified-Since compares with the last change", func(t *testing.T) {
		write(t, 200, `"a"`, "If-Unmodified-Since: "+changed.Format(http.TimeFormat))
		write(t, 412, `"a"`, "If-Unmodified-Since: "+changed.Add(-time.Second).Format(http.TimeFormat))
	}},
	{"9110 13.1.4: it is ignored if it is no date", func(t *testing.T) {
		write(t, 200, `"a"`, "If-Unmodified-Since: yesterday")
	}},
	{"9110 13.2.2: If-Match wins over If-Unmodified-Since", func(t *testing.T) {
		write(t, 200, `"a"`, `If-Match: "a"`, "If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT")
		write(t, 412, `"a"`, `If-Match: "b"`, "If-Unmodified-Since: Fri, 01 Jan 2100 00:00:00 GMT")
	}},
	{"6585 3: a write without a condition gets 428", func(t *testing.T) { write(t, 428, `"a"`) }},
}

func write(t *testing.T, status int, etag string, f ...string) {
	t.Helper()
	ran := false
	m := &cachehttp.Match{Current: func(*http.Request) (string, time.Time, error) {
		if etag == "" {
			return "", time.Time{}, nil
		}
		return etag, changed, nil
	}}
	s := &site{t: t, h: m.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true }))}
	want(t, etag+" against "+strings.Join(f, " "), s.do("PUT", "http://example.com/", f...).StatusCode, status)
	want(t, "the handler ran", ran, status == 200)
}

func TestMatch_passesWhatIsSafe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &cachehttp.Match{Current: func(*http.Request) (string, time.Time, error) { return "", time.Time{}, errors.New("down") }}
		s := &site{t: t, h: m.Handler(reply(200, "x"))}
		want(t, "GET", s.get().StatusCode, 200)
		want(t, "a failing Current", s.do("PUT", "http://example.com/", "If-Match: *").StatusCode, 500)
		m.Optional = true
		want(t, "an optional condition", s.do("PUT", "http://example.com/").StatusCode, 200)
	})
}

func TestMatch_refusesToBeIncomplete(t *testing.T) {
	defer func() { want(t, "panic", recover(), "cachehttp: Match.Current is not set") }()
	new(cachehttp.Match).Handler(nil)
}
