package cachehttp_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// A rule is one requirement. Its name begins with RFC and section and is the
// row of the table in the package documentation.
type rule struct {
	name string
	test func(*testing.T)
}

func TestRFC(t *testing.T) {
	for _, r := range allRules() {
		t.Run(r.name, func(t *testing.T) { synctest.Test(t, r.test) })
	}
}

func allRules() []rule {
	return slices.Concat(storing, reusing, timing, validating, directives, ranging, others, writing)
}

func TestRFC_tableOfTheDocumentation(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var rows, names []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\d{4} [\d.]+: .*)$`).FindAllStringSubmatch(string(doc), -1) {
		rows = append(rows, m[1])
	}
	for _, r := range allRules() {
		names = append(names, r.name)
	}
	for _, row := range rows {
		if !slices.Contains(names, row) {
			t.Errorf("the documentation promises %q, but no test has that name", row)
		}
	}
	for i, name := range names {
		if !slices.Contains(rows, name) {
			t.Errorf("%q is tested, but not in the documentation", name)
		}
		if slices.Contains(names[:i], name) {
			t.Errorf("%q is there twice", name)
		}
	}
}

// two says what is sent twice and what the handler answers.
type two struct {
	full   bool
	status int           // of the response; 0 means 200
	method string        // of the first request; "" means GET
	first  []string      // fields of the first request
	again  []string      // fields of the second request
	url    string        // of the second request; "" means the same
	fields []string      // of the response
	wait   time.Duration // between the two
}

func (x two) run(t *testing.T) (s *site, first, second *http.Response) {
	t.Helper()
	c := new(cachehttp.Cache)
	if x.full {
		c.Profile = cachehttp.Full
	}
	body := say(x.fields...)
	s = newSite(t, c, cachehttp.Policy{}, func(w http.ResponseWriter, r *http.Request) {
		if x.status != 0 {
			set(w, x.fields...)
			w.WriteHeader(x.status)
			return
		}
		body(w, r)
	})
	method, url := "GET", "http://example.com/a"
	if x.method != "" {
		method = x.method
	}
	first = s.do(method, url, x.first...)
	time.Sleep(x.wait)
	if x.url != "" {
		url = x.url
	}
	second = s.do("GET", url, x.again...)
	return s, first, second
}

// reused is the claim that the second request is answered from the cache.
func reused(x two) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if s, _, _ := x.run(t); s.count() != 1 {
			t.Errorf("not reused: %+v", x)
		}
	}
}

// refused is the claim that the second request reaches the handler, while
// without what is refused the response would have been reused.
func refused(x two) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		if s, _, _ := x.run(t); s.count() != 2 {
			t.Errorf("reused: %+v", x)
		}
	}
}

func fields(f ...string) []string { return f }

func cc(value string) []string { return fields("Cache-Control: " + value) }

func text(res *http.Response) string {
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// answer is the status and body of res.
func answer(res *http.Response) string { return fmt.Sprintf("%d %s", res.StatusCode, text(res)) }

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// at is the virtual time of the bubble plus d as an HTTP-date.
func at(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }

// script answers the nth request with the nth step, the last one for ever.
func script(steps ...http.HandlerFunc) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		step := steps[min(n, len(steps)-1)]
		n++
		step(w, r)
	}
}

// reply answers with a status, fields and a body.
func reply(status int, body string, f ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		set(w, f...)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// full and safe start a site of that profile without a policy.
func full(t *testing.T, f http.HandlerFunc) *site {
	return newSite(t, &cachehttp.Cache{Profile: cachehttp.Full}, cachehttp.Policy{}, f)
}

func safe(t *testing.T, f http.HandlerFunc) *site {
	return newSite(t, new(cachehttp.Cache), cachehttp.Policy{}, f)
}

var storing = []rule{
	{"9111 3: a fresh response is reused", reused(two{fields: cc("max-age=60")})},
	{"9111 3: no-store is not stored", refused(two{fields: cc("no-store, max-age=60")})},
	{"9111 3: private is not stored", refused(two{fields: cc("private, max-age=60")})},
	{"9111 3: the response to a method that is not understood is not stored", refused(two{method: "POST", fields: cc("max-age=60")})},
	{"9111 3: a response without explicit freshness is not stored under Safe", refused(two{fields: fields(`ETag: "a"`)})},
	{"9111 3: an unknown final status with explicit freshness is stored", reused(two{status: 299, fields: cc("max-age=60")})},
	{"9111 3: no-cache with a validator is stored and validated", func(t *testing.T) {
		s := safe(t, script(reply(200, "x", "Cache-Control: no-cache", `ETag: "a"`), reply(304, "")))
		s.get()
		res := s.get()
		want(t, "status", res.StatusCode, 200)
		want(t, "If-None-Match", s.last.Header.Get("If-None-Match"), `"a"`)
		want(t, "body", text(res), "x")
	}},
	{"9111 3.1: unknown fields are stored", func(t *testing.T) {
		_, _, res := two{fields: fields("Cache-Control: max-age=60", "X-Odd: one", "X-Odd: two")}.run(t)
		want(t, "X-Odd", res.Header["X-Odd"], "[one two]")
	}},
	{"9111 3.1: Connection and what it lists is not stored", func(t *testing.T) {
		_, _, res := two{full: true, fields: fields("Cache-Control: max-age=60", "Connection: x-hop, close", "X-Hop: 1")}.run(t)
		want(t, "fields", fmt.Sprint(res.Header["Connection"], res.Header["X-Hop"]), "[] []")
	}},
	{"9111 3.1: hop-by-hop and proxy fields are not stored", func(t *testing.T) {
		names := []string{"Keep-Alive", "Te", "Transfer-Encoding", "Upgrade", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization"}
		f := cc("max-age=60")
		for _, name := range names {
			f = append(f, name+": x")
		}
		_, _, res := two{full: true, fields: f}.run(t)
		for _, name := range names {
			want(t, name, res.Header[name], "[]")
		}
	}},
	{"9111 3.2: a 304 replaces the stored fields", func(t *testing.T) {
		s := safe(t, script(reply(200, "x", "Cache-Control: max-age=1", `ETag: "a"`, "X-A: old", "X-B: stays"),
			reply(304, "", "Cache-Control: max-age=60", `ETag: "a"`, "X-A: new")))
		s.get()
		time.Sleep(2 * time.Second)
		for range 2 {
			res := s.get()
			want(t, "fields", res.Header.Get("X-A")+res.Header.Get("X-B")+res.Header.Get("Cache-Control"), "newstaysmax-age=60")
		}
		s.wantCalls(2)
	}},
	{"9111 3.2: a 304 does not replace what describes the stored body", func(t *testing.T) {
		s := safe(t, script(reply(200, "x", "Cache-Control: max-age=1", `ETag: "a"`, "Content-Type: text/a", "Content-Encoding: e", "Content-Length: 1"),
			reply(304, "", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Type: text/b", "Content-Encoding: f", "Content-Length: 7", "Content-Range: bytes 0-6/7")))
		s.get()
		time.Sleep(2 * time.Second)
		res := s.get()
		want(t, "fields", res.Header.Get("Content-Type")+res.Header.Get("Content-Encoding")+res.Header.Get("Content-Length")+res.Header.Get("Content-Range"), "text/ae1")
	}},
	{"9111 3.3: a body short of its Content-Length is not stored", func(t *testing.T) {
		s := safe(t, reply(200, "half", "Cache-Control: max-age=60", "Content-Length: 8"))
		s.get()
		s.get()
		s.wantCalls(2)
	}},
	{"9111 3.3: a stored part does not answer a request for the whole", func(t *testing.T) {
		s := full(t, script(reply(206, "01234", "Cache-Control: max-age=60", "Content-Range: bytes 0-4/10"), reply(200, "0123456789")))
		s.get("Range: bytes=0-4")
		want(t, "body", text(s.get()), "0123456789")
	}},
	{"9111 3.3: a stored part answers a range within it as 206", func(t *testing.T) {
		s := full(t, reply(206, "01234", "Cache-Control: max-age=60", "Content-Range: bytes 0-4/10"))
		s.get("Range: bytes=0-4")
		res := s.get("Range: bytes=1-2")
		want(t, "status", res.StatusCode, 206)
		want(t, "Content-Range", res.Header.Get("Content-Range"), "bytes 1-2/10")
		want(t, "body", text(res), "12")
		s.wantCalls(1)
	}},
	{"9111 3.4: parts with the same strong validator are combined", func(t *testing.T) {
		s := full(t, script(reply(206, "01234", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-4/10"),
			reply(206, "56789", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 5-9/10")))
		s.get("Range: bytes=0-4")
		res := s.get()
		want(t, "Range", s.last.Header.Get("Range")+s.last.Header.Get("If-Range"), `bytes=5-"a"`)
		want(t, "answer", answer(res)+res.Header.Get("Content-Range"), "200 0123456789")
		want(t, "Cache-Status", res.Header.Get("Cache-Status"), "glueful; fwd=partial; fwd-status=206; stored")
		want(t, "body", text(s.get()), "0123456789")
		s.wantCalls(2)
	}},
	{"9111 3.4: a missing beginning is completed too", func(t *testing.T) {
		s := full(t, script(reply(206, "56789", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 5-9/10"),
			reply(206, "01234", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-4/10")))
		s.get("Range: bytes=-5")
		want(t, "answer", answer(s.get()), "200 0123456789")
		want(t, "Range", s.last.Header.Get("Range"), "bytes=0-4")
	}},
	{"9111 3.4: a piece that does not fit is asked for anew", func(t *testing.T) {
		for _, piece := range []http.HandlerFunc{
			reply(206, "56789", "Cache-Control: max-age=60", `ETag: "b"`, "Content-Range: bytes 5-9/10"),
			reply(206, "567", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 5-9/10"),
			reply(206, "56789x", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 5-10/11"),
			reply(416, ""),
		} {
			s := full(t, script(reply(206, "01234", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-4/10"), piece, reply(200, "whole")))
			s.get("Range: bytes=0-4")
			if res := s.get(); s.count() == 3 {
				want(t, "answer", answer(res), "200 whole")
			} else {
				t.Errorf("%d calls, status %d", s.count(), res.StatusCode)
			}
		}
	}},
	{"9111 3.4: parts with a weak validator are not combined", func(t *testing.T) {
		s := full(t, script(reply(206, "01234", "Cache-Control: max-age=60", `ETag: W/"a"`, "Content-Range: bytes 0-4/10"), reply(200, "whole")))
		s.get("Range: bytes=0-4")
		want(t, "body", text(s.get()), "whole")
		want(t, "Range", s.last.Header.Get("Range"), "")
	}},
	{"9111 3.4: a part of another version is not combined", func(t *testing.T) {
		s := full(t, script(reply(206, "01234", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-4/10"),
			reply(206, "56789", "Cache-Control: max-age=60", `ETag: "b"`, "Content-Range: bytes 5-9/10")))
		s.get("Range: bytes=0-4")
		s.get("Range: bytes=5-9")
		want(t, "body", text(s.get("Range: bytes=5-6")), "56")
		s.wantCalls(2)
	}},
	{"9111 3.5: the response to Authorization is not stored", refused(two{full: true, first: fields("Authorization: x"), fields: cc("max-age=60")})},
	{"9111 3.5: public allows to store it", reused(two{first: fields("Authorization: x"), fields: cc("public, max-age=60")})},
	{"9111 3.5: s-maxage allows to store it", reused(two{first: fields("Authorization: x"), fields: cc("s-maxage=60")})},
	{"9111 3.5: must-revalidate allows to store it", reused(two{first: fields("Authorization: x"), fields: cc("max-age=60, must-revalidate")})},
}

var reusing = []rule{
	{"9111 4: another URI is not answered", refused(two{url: "http://example.com/b", fields: cc("max-age=60")})},
	{"9111 4: another host is not answered", refused(two{url: "http://example.org/a", fields: cc("max-age=60")})},
	{"9111 4: another query is not answered", refused(two{url: "http://example.com/a?x", fields: cc("max-age=60")})},
	{"9111 4: host case and default port do not matter", reused(two{url: "http://EXAMPLE.com:80/a", fields: cc("max-age=60")})},
	{"9111 4: a stored GET answers HEAD without the body", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60"))
		s.get()
		res := s.do("HEAD", "http://example.com/a")
		want(t, "answer", answer(res)+res.Header.Get("Content-Length"), "200 6")
		s.wantCalls(1)
	}},
	{"9111 4: the response to HEAD does not answer GET", refused(two{method: "HEAD", fields: cc("max-age=60")})},
	{"9111 4: unsafe methods are written through", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60"))
		for range 3 {
			s.do("POST", "http://example.com/a")
		}
		s.wantCalls(3)
	}},
	{"9111 4: a reused response has an Age", func(t *testing.T) {
		_, _, res := two{fields: cc("max-age=60"), wait: 7 * time.Second}.run(t)
		want(t, "Age", res.Header["Age"], "[7]")
	}},
	{"9111 4: of several that match the most recent is used", func(t *testing.T) {
		n := 0
		s := safe(t, func(w http.ResponseWriter, r *http.Request) {
			n++
			vary := []string{"X-A", "X-B"}[n%2]
			reply(200, fmt.Sprint(n), "Cache-Control: max-age=60", "Vary: "+vary)(w, r)
		})
		s.get("X-A: 1", "X-B: 1")
		time.Sleep(time.Second)
		s.get("X-A: 2", "X-B: 2")
		time.Sleep(time.Second)
		want(t, "body", text(s.get("X-A: 2", "X-B: 1")), "2")
		s.wantCalls(2)
	}},
	{"9111 4.1: another value of a field in Vary is not answered", refused(two{first: fields("X-A: 1"), again: fields("X-A: 2"), fields: fields("Cache-Control: max-age=60", "Vary: x-a")})},
	{"9111 4.1: the same values are answered", reused(two{first: fields("X-A: 1", "X-B: 2"), again: fields("X-A: 1", "X-B: 2"), fields: fields("Cache-Control: max-age=60", "Vary: X-a", "Vary: X-B")})},
	{"9111 4.1: white space and lines of a field do not matter", reused(two{first: fields("X-A: 1,2", "X-A: 3"), again: fields("X-A: 1 , 2,  3"), fields: fields("Cache-Control: max-age=60", "Vary: X-A")})},
	{"9111 4.1: an absent field matches only an absent one", refused(two{first: fields("X-A:"), fields: fields("Cache-Control: max-age=60", "Vary: X-A")})},
	{"9111 4.1: a star in Vary never matches", refused(two{fields: fields("Cache-Control: max-age=60", "Vary: X-A, *")})},
	{"9111 4.1: variants live beside each other", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60", "Vary: X-A"))
		for _, v := range []string{"1", "2", "3", "1", "2", "3"} {
			s.get("X-A: " + v)
		}
		s.wantCalls(3)
	}},
	{"9111 4.4: a successful unsafe request invalidates its URI", func(t *testing.T) {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "M-SEARCH"} {
			s := safe(t, say("Cache-Control: max-age=60"))
			s.get()
			s.do(method, "http://example.com/a")
			s.get()
			s.wantCalls(3)
		}
	}},
	{"9111 4.4: a failed one does not", func(t *testing.T) {
		s := safe(t, script(say("Cache-Control: max-age=60"), reply(500, "")))
		s.get()
		s.do("POST", "http://example.com/a")
		s.get()
		s.wantCalls(2)
	}},
	{"9111 4.4: a safe method does not", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60"))
		s.get()
		s.do("OPTIONS", "http://example.com/a")
		s.get()
		s.wantCalls(2)
	}},
	{"9111 4.4: Location and Content-Location are invalidated", func(t *testing.T) {
		for _, name := range []string{"Location", "Content-Location"} {
			for _, target := range []string{"/a", "http://example.com/a"} {
				s := safe(t, script(say("Cache-Control: max-age=60"), reply(201, "", name+": "+target), say("Cache-Control: max-age=60")))
				s.get()
				s.do("POST", "http://example.com/list")
				s.get()
				s.wantCalls(3)
			}
		}
	}},
	{"9111 4.4: those of another origin are not", func(t *testing.T) {
		s := safe(t, script(say("Cache-Control: max-age=60"), reply(201, "", "Location: http://example.com/a")))
		s.get()
		s.do("POST", "http://evil.example/list")
		s.do("POST", "//example.com/list", "Host: evil.example")
		s.get()
		s.wantCalls(3)
	}},
}
