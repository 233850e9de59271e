package cachehttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// after stores a response that is stale a second later, then asks again.
func after(t *testing.T, start func(*testing.T, http.HandlerFunc) *site, stored []string, then http.HandlerFunc, again ...string) (*site, *http.Response) {
	t.Helper()
	s := start(t, script(reply(200, "stored", append(stored, "Cache-Control: max-age=1")...), then))
	s.get()
	time.Sleep(2 * time.Second)
	return s, s.get(again...)
}

var validating = []rule{
	{"9111 4.3.1: the stored entity tag is sent", func(t *testing.T) {
		s, _ := after(t, safe, fields(`ETag: "a"`), reply(304, ""))
		want(t, "If-None-Match", s.last.Header["If-None-Match"], `["a"]`)
	}},
	{"9111 4.3.1: the stored Last-Modified is sent", func(t *testing.T) {
		date := at(-time.Hour)
		s, _ := after(t, safe, fields("Last-Modified: "+date), reply(304, ""))
		want(t, "If-Modified-Since", s.last.Header.Get("If-Modified-Since"), date)
	}},
	{"9111 4.3.1: a validating request carries the fields of Vary", func(t *testing.T) {
		s, _ := after(t, safe, fields(`ETag: "a"`, "Vary: X-A"), reply(304, ""))
		_ = s.get("X-A: 1")
		s.get("X-A: 1")
		want(t, "X-A", s.last.Header.Get("X-A"), "1")
	}},
	{"9111 4.3.2: If-None-Match is answered with 304 from the cache", func(t *testing.T) {
		for _, tags := range []string{`"a"`, `W/"a"`, `"x", "a"`, `"x","a"`, `*`} {
			s := safe(t, reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`))
			s.get()
			res := s.get("If-None-Match: " + tags)
			want(t, tags, answer(res), "304 ")
			s.wantCalls(1)
		}
	}},
	{"9111 4.3.2: If-None-Match that does not match gets 200", func(t *testing.T) {
		for _, tags := range []string{`"b"`, `a`, `w/"a"`, `W"a"`, `W\"a"`, `"a`, ``, `x, "a"`} {
			s := safe(t, reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`))
			s.get()
			want(t, tags, s.get("If-None-Match: "+tags).StatusCode, 200)
			s.wantCalls(1)
		}
	}},
	{"9111 4.3.2: If-Modified-Since is ignored beside If-None-Match", func(t *testing.T) {
		s := safe(t, reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`, "Last-Modified: "+at(-time.Hour)))
		s.get()
		want(t, "status", s.get(`If-None-Match: "b"`, "If-Modified-Since: "+at(0)).StatusCode, 200)
	}},
	{"9111 4.3.2: If-Modified-Since is answered by Last-Modified", func(t *testing.T) {
		for since, status := range map[string]int{at(-time.Hour): 304, at(0): 304, at(-2 * time.Hour): 200, "bad": 200} {
			s := safe(t, reply(200, "x", "Cache-Control: max-age=60", "Last-Modified: "+at(-time.Hour)))
			s.get()
			want(t, since, s.get("If-Modified-Since: "+since).StatusCode, status)
			s.wantCalls(1)
		}
	}},
	{"9111 4.3.2: or else by Date", func(t *testing.T) {
		s := safe(t, reply(200, "x", "Cache-Control: max-age=60"))
		now := at(0)
		s.get()
		want(t, "since now", s.get("If-Modified-Since: "+now).StatusCode, 304)
		want(t, "since before", s.get("If-Modified-Since: "+at(-time.Hour)).StatusCode, 200)
	}},
	{"9111 4.3.2: If-Match and If-Unmodified-Since go to the origin", func(t *testing.T) {
		for _, f := range []string{`If-Match: "b"`, "If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT"} {
			s := safe(t, script(reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`), reply(412, "", "Cache-Control: max-age=60")))
			s.get()
			want(t, f, s.get(f).StatusCode, 412)
			want(t, "after it", s.get().StatusCode, 200)
		}
	}},
	{"9111 4.3.3: a 304 makes the stored response usable again", func(t *testing.T) {
		s, res := after(t, safe, fields(`ETag: "a"`), reply(304, "", "Cache-Control: max-age=60", `ETag: "a"`))
		want(t, "answer", answer(res), "200 stored")
		s.get()
		s.wantCalls(2)
	}},
	{"9111 4.3.3: a full response replaces the stored one", func(t *testing.T) {
		s, res := after(t, safe, fields(`ETag: "a"`), reply(200, "new", "Cache-Control: max-age=60", `ETag: "b"`))
		want(t, "body", text(res), "new")
		want(t, "body", text(s.get()), "new")
		s.wantCalls(2)
	}},
	{"9111 4.3.3: a server error is passed on", func(t *testing.T) {
		_, res := after(t, safe, fields(`ETag: "a"`), reply(503, "down"))
		want(t, "answer", answer(res), "503 down")
	}},
	{"9111 4.3.3: the client gets 200 unless its own condition matches", func(t *testing.T) {
		_, res := after(t, safe, fields(`ETag: "a"`), reply(304, "", `ETag: "a"`), `If-None-Match: "b"`)
		want(t, "another tag", answer(res), "200 stored")
		_, res = after(t, safe, fields(`ETag: "a"`), reply(304, "", `ETag: "a"`), `If-None-Match: "a"`)
		want(t, "the same tag", res.StatusCode, 304)
		_, res = after(t, safe, fields(`ETag: "a"`), reply(200, "new", `ETag: "b"`), `If-None-Match: "b"`)
		want(t, "the new tag", answer(res), "304 ")
	}},
	{"9111 4.3.4: a 304 about another version updates nothing", func(t *testing.T) {
		s, res := after(t, safe, fields(`ETag: "a"`), script(reply(304, "", `ETag: "b"`, "Cache-Control: max-age=60"), reply(200, "new", `ETag: "b"`, "Cache-Control: max-age=60")))
		want(t, "body", text(res), "new")
		want(t, "condition of the second try", s.last.Header.Get("If-None-Match"), "")
		s.wantCalls(3)
	}},
	{"9111 4.3.4: a 304 without validators updates the only response", func(t *testing.T) {
		_, later := after(t, safe, fields("Last-Modified: "+at(-time.Hour)), reply(304, "", "Last-Modified: "+at(-time.Minute), "X-A: new"))
		want(t, "X-A", later.Header.Get("X-A"), "new")
		_, res := after(t, safe, fields(`ETag: "a"`), reply(304, "", "X-A: new"))
		want(t, "X-A", res.Header.Get("X-A"), "new")
	}},
	{"9111 4.3.5: a HEAD that agrees updates the stored response", func(t *testing.T) {
		s := safe(t, script(reply(200, "stored", "Cache-Control: max-age=1", `ETag: "a"`), reply(200, "", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Length: 6", "X-A: new")))
		s.get()
		time.Sleep(2 * time.Second)
		s.do("HEAD", "http://example.com/a")
		res := s.get()
		want(t, "answer", text(res)+res.Header.Get("X-A"), "storednew")
		s.wantCalls(2)
	}},
	{"9111 4.3.5: a HEAD that disagrees makes it stale", func(t *testing.T) {
		for _, f := range [][]string{{`ETag: "b"`}, {`ETag: "a"`, "Content-Length: 7"}} {
			s := safe(t, script(reply(200, "stored", "Cache-Control: max-age=60", `ETag: "a"`), reply(200, "", f...)))
			s.get()
			s.do("HEAD", "http://example.com/a", "Cache-Control: no-cache")
			s.get()
			s.wantCalls(3)
		}
	}},
	{"9110 13.1.2: If-None-Match compares weakly", func(t *testing.T) {
		s := safe(t, reply(200, "x", "Cache-Control: max-age=60", `ETag: W/"a"`))
		s.get()
		want(t, "status", s.get(`If-None-Match: "a"`).StatusCode, 304)
	}},
	{"9110 13.2.1: conditions concern successful responses only", func(t *testing.T) {
		s := safe(t, reply(404, "x", "Cache-Control: max-age=60", `ETag: "a"`))
		s.get()
		want(t, "status", s.get(`If-None-Match: "a"`).StatusCode, 404)
		s.wantCalls(1)
	}},
	{"9110 15.4.5: a 304 has validators and caching fields only", func(t *testing.T) {
		s := safe(t, reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`, "Vary: X-A", "Content-Location: /b", "Content-Type: text/a", "X-B: 1"))
		s.get()
		h := s.get(`If-None-Match: "a"`).Header
		for name, n := range map[string]int{"Cache-Control": 1, "Etag": 1, "Vary": 1, "Content-Location": 1, "Date": 1, "Content-Type": 0, "Content-Length": 0, "X-B": 0} {
			want(t, name, len(h[name]), n)
		}
	}},
}

var digits = []string{"Cache-Control: max-age=60", `ETag: "a"`}

func ranged(t *testing.T, request ...string) (*site, *http.Response) {
	t.Helper()
	s := safe(t, reply(200, "0123456789", digits...))
	s.get()
	return s, s.get(request...)
}

var ranging = []rule{
	{"9110 14.2: a stored response answers a range with 206", func(t *testing.T) {
		for request, answer := range map[string]string{"bytes=2-4": "2-4/10 234", "bytes=7-": "7-9/10 789", "bytes=-3": "7-9/10 789", "bytes=0-99": "0-9/10 0123456789", "BYTES=0-0": "0-0/10 0", "bytes=-99": "0-9/10 0123456789"} {
			s, res := ranged(t, "Range: "+request)
			want(t, request, fmt.Sprint(res.StatusCode, " ", res.Header.Get("Content-Range"), " ", text(res)), "206 bytes "+answer)
			s.wantCalls(1)
		}
	}},
	{"9110 14.2: a Range that is malformed or of another unit is ignored", func(t *testing.T) {
		for _, request := range []string{"bytes=4-2", "bytes", "bytes=", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=1"} {
			s, res := ranged(t, "Range: "+request)
			want(t, request, answer(res), "200 0123456789")
			s.wantCalls(1)
		}
	}},
	{"9110 14.2: Range is ignored for HEAD", func(t *testing.T) {
		s := safe(t, reply(200, "0123456789", digits...))
		s.get()
		want(t, "status", s.do("HEAD", "http://example.com/a", "Range: bytes=0-1").StatusCode, 200)
	}},
	{"9110 14.2: conditions are evaluated before Range", func(t *testing.T) {
		_, res := ranged(t, "Range: bytes=0-1", `If-None-Match: "a"`)
		want(t, "status", res.StatusCode, 304)
	}},
	{"9110 13.1.5: If-Range compares strongly", func(t *testing.T) {
		for tag, status := range map[string]int{`"a"`: 206, `W/"a"`: 200, `"b"`: 200, at(0): 200} {
			s, res := ranged(t, "Range: bytes=0-1", "If-Range: "+tag)
			want(t, tag, res.StatusCode, status)
			s.wantCalls(1)
		}
	}},
	{"9110 15.3.7: a 206 has the fields of the 200 and its own length", func(t *testing.T) {
		_, res := ranged(t, "Range: bytes=0-1")
		want(t, "fields", res.Header.Get("Etag")+res.Header.Get("Cache-Control")+res.Header.Get("Content-Length"), `"a"max-age=602`)
	}},
	{"9110 15.3.7: a 206 to If-Range has only the fields it needs", func(t *testing.T) {
		_, res := ranged(t, "Range: bytes=0-1", `If-Range: "a"`)
		want(t, "fields", fmt.Sprint(res.Header["Etag"], res.Header["Content-Type"]), `["a"] []`)
	}},
	{"9110 15.3.7: a 206 whose Content-Range does not fit is not stored", func(t *testing.T) {
		for _, r := range []string{"bytes 0-5/10", "bytes 0-4/*", "bytes 4-0/10", "bytes 0-4/3", "lines 0-4/10", ""} {
			s := full(t, reply(206, "01234", "Cache-Control: max-age=60", "Content-Range: "+r))
			s.get("Range: bytes=0-4")
			s.get("Range: bytes=0-4")
			s.wantCalls(2)
		}
	}},
	{"9110 15.3.7.3: overlapping parts become one", func(t *testing.T) {
		s := full(t, script(reply(206, "0123", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-3/10"),
			reply(206, "23456", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 2-6/10")))
		s.get("Range: bytes=0-3")
		s.get("Range: bytes=2-6")
		want(t, "body", text(s.get("Range: bytes=1-5")), "12345")
		s.wantCalls(2)
	}},
	{"9110 15.5.17: a range behind the end gets 416 with the length", func(t *testing.T) {
		_, res := ranged(t, "Range: bytes=10-")
		want(t, "answer", answer(res)+res.Header.Get("Content-Range"), "416 bytes */10")
	}},
	{"9110 15.2: interim responses are passed on and not stored", func(t *testing.T) {
		var interim []int
		s := safe(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(103)
			w.Header().Del("Link")
			reply(200, "x", "Cache-Control: max-age=60")(w, r)
		})
		h := s.h
		s.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(&statuses{w, &interim}, r) })
		s.get()
		res := s.get()
		want(t, "statuses", interim, []int{103, 200, 200})
		want(t, "Link", res.Header["Link"], "[]")
		s.wantCalls(1)
	}},
}

type statuses struct {
	http.ResponseWriter
	list *[]int
}

func (w *statuses) WriteHeader(status int) {
	*w.list = append(*w.list, status)
	if status >= 200 {
		w.ResponseWriter.WriteHeader(status)
	}
}

// targeted serves with a target list of A-Cache-Control, CDN-Cache-Control.
func targeted(f ...string) func(*testing.T, time.Duration) int {
	return func(t *testing.T, wait time.Duration) int {
		c := &cachehttp.Cache{Targets: []string{"A-Cache-Control", "CDN-Cache-Control"}}
		s := newSite(t, c, cachehttp.Policy{}, say(f...))
		s.get()
		time.Sleep(wait)
		want(t, "passed on", len(s.get().Header["Cdn-Cache-Control"]) > 0 || !slices.ContainsFunc(f, func(s string) bool { return strings.HasPrefix(s, "CDN") }), true)
		return s.count()
	}
}

func targets(n int, f ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		want(t, strings.Join(f, " | "), targeted(f...)(t, 5*time.Second), n)
	}
}

var others = []rule{
	{"5861 3: a stale response is served while it is fetched anew", func(t *testing.T) {
		s := safe(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond)
			say("Cache-Control: max-age=1, stale-while-revalidate=10")(w, r)
		})
		s.get()
		time.Sleep(2 * time.Second)
		before := time.Now()
		for range 3 {
			s.get()
		}
		want(t, "waiting time", time.Since(before), time.Duration(0))
		synctest.Wait()
		time.Sleep(200 * time.Millisecond)
		s.wantCalls(2)
		s.get()
		s.wantCalls(2)
	}},
	{"5861 3: not after the window", refused(two{fields: cc("max-age=1, stale-while-revalidate=10"), wait: 12 * time.Second})},
	{"5861 4: a stale response replaces 500, 502, 503 and 504", func(t *testing.T) {
		for _, status := range []int{500, 502, 503, 504, 501, 404} {
			s := safe(t, script(reply(200, "stored", "Cache-Control: max-age=1, stale-if-error=10"), reply(status, "error")))
			s.get()
			time.Sleep(2 * time.Second)
			body := "stored"
			if status == 501 || status == 404 {
				body = "error"
			}
			want(t, fmt.Sprint(status), text(s.get()), body)
		}
	}},
	{"5861 4: not after the window", func(t *testing.T) {
		s := safe(t, script(reply(200, "stored", "Cache-Control: max-age=1, stale-if-error=10", `ETag: "a"`), reply(503, "error")))
		s.get()
		time.Sleep(12 * time.Second)
		want(t, "body", text(s.get()), "error")
	}},
	{"9211 2: each cache appends its member", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60", "Cache-Status: origin; fwd=miss"))
		want(t, "first", s.get().Header["Cache-Status"], "[origin; fwd=miss glueful; fwd=uri-miss; fwd-status=200; stored]")
		want(t, "second", s.get().Header["Cache-Status"], "[origin; fwd=miss glueful; hit; ttl=60]")
	}},
	{"9211 2.2: fwd says why the handler was asked", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=10", "Vary: X-A"))
		say := func(why string, f ...string) {
			t.Helper()
			got := s.get(f...).Header.Get("Cache-Status")
			want(t, why, strings.Contains(got, "; fwd="+why+";") && !strings.Contains(got, "hit"), true)
		}
		say("uri-miss")
		say("vary-miss", "X-A: 1")
		say("request", "Cache-Control: no-cache")
		say("bypass", "If-Match: *")
		time.Sleep(11 * time.Second)
		s.get("Cache-Control: max-stale")
		n := s.do("GET", "http://example.com/a", `Cookie: a=b`).Header.Get("Cache-Status")
		want(t, "cookie", strings.Contains(n, "fwd=bypass"), true)
	}},
	{"9211 2.4: ttl is negative for what is stale", func(t *testing.T) {
		_, _, res := two{fields: fields("Cache-Control: max-age=5", `ETag: "a"`), again: cc("max-stale"), wait: 8 * time.Second}.run(t)
		want(t, "Cache-Status", res.Header.Get("Cache-Status"), "glueful; hit; ttl=-3")
	}},
	{"9211 2.7: the key is told in debug mode only", func(t *testing.T) {
		s := newSite(t, &cachehttp.Cache{Debug: true}, cachehttp.Policy{}, say("Cache-Control: max-age=60"))
		s.do("GET", `http://example.com/a?"`)
		got := s.do("GET", `http://example.com/a?"`).Header.Get("Cache-Status")
		want(t, "Cache-Status", got, `glueful; hit; ttl=60; key="http://example.com/a?\""`)
	}},
	{"9213 2.2: the first valid field of the list replaces Cache-Control", func(t *testing.T) {
		targets(1, "Cache-Control: no-store", "CDN-Cache-Control: max-age=60")(t)
		targets(2, "Cache-Control: max-age=60", "CDN-Cache-Control: no-store")(t)
		targets(1, "CDN-Cache-Control: max-age=1", "A-Cache-Control: max-age=60")(t)
		targets(2, "CDN-Cache-Control: private", "Cache-Control: max-age=60")(t)
		targets(2, "CDN-Cache-Control: max-age=60;x=1, no-cache", "Cache-Control: max-age=60")(t)
	}},
	{"9213 2.2: it replaces Expires", targets(2, "CDN-Cache-Control: max-age=1", "Expires: Fri, 01 Jan 2100 00:00:00 GMT")},
	{"9213 2.1: a field that is empty or does not parse is ignored", func(t *testing.T) {
		for _, bad := range []string{" ", "max-age=60,", "MAX-AGE=60", "max-age =60", `no-store, a="`, "no-store; ;", "no-store, max-age=1.", "no-store=@1.5", "no-store=(1"} {
			targets(1, "CDN-Cache-Control: "+bad, "Cache-Control: max-age=60", "A-Cache-Control: "+bad)(t)
		}
	}},
	{"9213 2.1: an argument of the wrong type is stale", func(t *testing.T) {
		for _, bad := range []string{`max-age="60"`, "max-age=60.0", "max-age", "max-age=-60", "max-age=a", "max-age=(60)", "max-age=:YQ==:"} {
			targets(2, "CDN-Cache-Control: "+bad, "Cache-Control: max-age=60")(t)
		}
	}},
	{"9213 2.1: a false directive is not there", targets(1, "CDN-Cache-Control: no-store=?0, max-age=60")},
	{"9213 2: a field that is not on the list changes nothing", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60", "CDN-Cache-Control: no-store"))
		s.get()
		want(t, "passed on", s.get().Header.Get("CDN-Cache-Control"), "no-store")
		s.wantCalls(1)
	}},
	{"9213 3.1: Full obeys CDN-Cache-Control", refused(two{full: true, fields: fields("CDN-Cache-Control: no-store", "Cache-Control: max-age=60")})},
}
