package cachehttp_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// heuristic are fields without explicit freshness, last modified long ago.
func heuristic(more ...string) []string {
	return append(more, "Last-Modified: Mon, 01 Jan 1990 00:00:00 GMT")
}

var timing = []rule{
	{"9111 4.2: a stale response is not reused", refused(two{fields: cc("max-age=5"), wait: 5 * time.Second})},
	{"9111 4.2: names in dates match in any case", reused(two{fields: fields("Expires: FRI, 01 jan 2100 00:00:00 gmt")})},
	{"9111 4.2: a zone other than GMT is invalid", func(t *testing.T) {
		for _, zone := range []string{"UTC", "EST", "+0000", ""} {
			refused(two{full: true, fields: heuristic("Expires: Fri, 01 Jan 2100 00:00:00 " + zone)})(t)
		}
	}},
	{"9111 4.2.1: s-maxage wins over max-age", reused(two{fields: cc("max-age=1, s-maxage=60"), wait: 5 * time.Second})},
	{"9111 4.2.1: max-age wins over Expires", reused(two{fields: fields("Cache-Control: max-age=60", "Expires: 0")})},
	{"9111 4.2.1: Expires counts from Date", func(t *testing.T) {
		reused(two{fields: fields("Date: "+at(0), "Expires: "+at(10*time.Second)), wait: 9 * time.Second})(t)
		refused(two{fields: fields("Date: "+at(0), "Expires: "+at(10*time.Second)), wait: 10 * time.Second})(t)
	}},
	{"9111 4.2.1: of a repeated directive the smaller counts", func(t *testing.T) {
		for _, v := range []string{"max-age=1, max-age=60", "max-age=60, max-age=1"} {
			refused(two{fields: cc(v), wait: 2 * time.Second})(t)
		}
	}},
	{"9111 4.2.1: an invalid max-age is stale", func(t *testing.T) {
		for _, v := range []string{"", "-60", "60.5", "a60", "60a", "'60'", "=60", `"60`} {
			refused(two{full: true, fields: heuristic("Cache-Control: max-age=" + v)})(t)
		}
	}},
	{"9111 4.2.1: more than one Expires is stale", refused(two{full: true, fields: heuristic("Expires: Fri, 01 Jan 2100 00:00:00 GMT", "Expires: Fri, 01 Jan 2100 00:00:00 GMT")})},
	{"9111 4.2.1: the most restrictive of conflicting directives wins", refused(two{fields: fields("Cache-Control: max-age=60, no-cache", `ETag: "a"`)})},
	{"9111 4.2.2: no heuristic with explicit freshness", refused(two{full: true, fields: heuristic("Cache-Control: max-age=0")})},
	{"9111 4.2.2: a heuristic only for a status cacheable by default", func(t *testing.T) {
		for _, status := range []int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501} {
			reused(two{full: true, status: status, fields: heuristic()})(t)
		}
		for _, status := range []int{201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 299, 599} {
			refused(two{full: true, status: status, fields: heuristic()})(t)
		}
	}},
	{"9111 4.2.2: or one that is public", reused(two{full: true, status: 599, fields: heuristic("Cache-Control: public")})},
	{"9111 4.2.2: it is a tenth of the time since the last change", func(t *testing.T) {
		f := fields("Last-Modified: "+at(-100*time.Second), "Date: "+at(0))
		reused(two{full: true, fields: f, wait: 9 * time.Second})(t)
		f = fields("Last-Modified: "+at(-100*time.Second), "Date: "+at(0))
		refused(two{full: true, fields: f, wait: 10 * time.Second})(t)
	}},
	{"9111 4.2.3: a received Age counts", refused(two{fields: fields("Cache-Control: max-age=60", "Age: 60")})},
	{"9111 4.2.3: a Date in the past counts", func(t *testing.T) {
		refused(two{fields: fields("Cache-Control: max-age=60", "Date: "+at(-60*time.Second))})(t)
	}},
	{"9111 4.2.3: the time the response took counts", func(t *testing.T) {
		s := safe(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(3 * time.Second)
			set(w, "Cache-Control: max-age=60", "Age: 10")
		})
		s.get()
		time.Sleep(time.Second)
		want(t, "Age", s.get().Header["Age"], "[14]")
	}},
	{"9111 4.2.4: stale is not served where it is forbidden", func(t *testing.T) {
		for _, v := range []string{"must-revalidate", "proxy-revalidate", "no-cache", "s-maxage=1"} {
			s := full(t, script(reply(200, "x", "Cache-Control: max-age=1, stale-if-error=60, stale-while-revalidate=60, "+v, `ETag: "a"`), reply(503, "")))
			s.get()
			time.Sleep(2 * time.Second)
			want(t, v, s.get("Cache-Control: max-stale=60").StatusCode, 503)
		}
	}},
	{"9111 4.2.4: nor without permission", func(t *testing.T) {
		s := full(t, script(reply(200, "x", "Cache-Control: max-age=1"), reply(503, "")))
		s.get()
		time.Sleep(2 * time.Second)
		want(t, "status", s.get().StatusCode, 503)
	}},
	{"9111 4.2.4: an unreachable origin is permission under Full", func(t *testing.T) {
		gone := func(w http.ResponseWriter, r *http.Request) {
			cachehttp.Unreachable(r.Context())
			w.WriteHeader(502)
		}
		for status, start := range map[int]func(*testing.T, http.HandlerFunc) *site{200: full, 502: safe} {
			s := start(t, script(reply(200, "x", "Cache-Control: max-age=1", `ETag: "a"`), gone))
			s.get()
			time.Sleep(2 * time.Second)
			want(t, "status", s.get().StatusCode, status)
		}
	}},
	{"9111 5.1: the first member of Age counts", refused(two{fields: fields("Cache-Control: max-age=60", "Age: 70, 0")})},
	{"9111 5.1: an Age that is no integer is ignored", func(t *testing.T) {
		for _, age := range []string{"-70", "70.0", "a70", "70a", "70;a=b", ""} {
			reused(two{fields: fields("Cache-Control: max-age=60", "Age: "+age)})(t)
		}
	}},
	{"9111 1.2.2: a delta-seconds too large is very large", func(t *testing.T) {
		reused(two{fields: cc("max-age=99999999999999999999"), wait: time.Hour})(t)
		refused(two{fields: fields("Cache-Control: max-age=60", "Age: 99999999999999999999")})(t)
	}},
	{"9111 5.3: an invalid Expires is in the past", func(t *testing.T) {
		for _, v := range []string{"0", "", "never", "Fri, 01 Jan 2100", "Fri, 1 Jan 2100 00:00:00 GMT", "Fri 01 Jan 2100 00:00:00 GMT", "Fri, 01 Jan 2100 0:00:00 GMT",
			"Fri, 01-Jan-2100 00:00:00 GMT", "Fri, 01 Jan 00 00:00:00 GMT", "Fri,  01 Jan 2100 00:00:00 GMT", "Fri, 01 Jan 2100 00.00.00 GMT", "Fri, 31 Feb 2100 00:00:00 GMT"} {
			refused(two{full: true, fields: heuristic("Expires: " + v)})(t)
		}
	}},
	{"9111 5.3: Expires is ignored beside max-age and s-maxage", refused(two{fields: fields("Cache-Control: s-maxage=1", "Expires: Fri, 01 Jan 2100 00:00:00 GMT"), wait: time.Second})},
	{"9110 5.6.7: all three date formats are read", func(t *testing.T) {
		for _, v := range []string{"Tue, 01 Jan 2030 00:00:00 GMT", "Tuesday, 01-Jan-30 00:00:00 GMT", "Tue Jan  1 00:00:00 2030"} {
			reused(two{fields: fields("Expires: " + v)})(t)
		}
	}},
	{"9110 5.6.7: a two-digit year more than 50 years ahead is past", refused(two{full: true, fields: heuristic("Expires: Friday, 01-Jan-90 00:00:00 GMT")})},
	{"9110 6.6.1: a response without Date gets the time it came", func(t *testing.T) {
		now := at(0)
		_, _, res := two{fields: cc("max-age=60"), wait: 9 * time.Second}.run(t)
		want(t, "Date", res.Header.Get("Date"), now)
	}},
}

var directives = []rule{
	{"9111 5.2: names are case-insensitive", func(t *testing.T) {
		reused(two{fields: cc("MaX-aGe=60")})(t)
		refused(two{fields: cc("max-age=60, No-Store")})(t)
	}},
	{"9111 5.2: arguments may be quoted", reused(two{fields: cc(`max-age="60"`)})},
	{"9111 5.2: what is inside quotes is no directive", func(t *testing.T) {
		reused(two{fields: cc(`ext="no-store, max-age=0", max-age=60`)})(t)
		refused(two{fields: cc(`ext="max-age=60", max-age=0`)})(t)
		refused(two{fields: cc(`ext="a\", max-age=60"`)})(t)
	}},
	{"9111 5.2: directives are passed on", func(t *testing.T) {
		s, _, res := two{first: cc("x-new=1"), fields: cc("max-age=60, x-ext=2")}.run(t)
		want(t, "request", s.last.Header.Get("Cache-Control"), "x-new=1")
		want(t, "response", res.Header.Get("Cache-Control"), "max-age=60, x-ext=2")
	}},
	{"9111 5.2.1.1: max-age of a request refuses an older response", func(t *testing.T) {
		refused(two{fields: cc("max-age=60"), again: cc("max-age=5"), wait: 6 * time.Second})(t)
		refused(two{fields: cc("max-age=60"), again: cc("max-age=0")})(t)
		reused(two{fields: cc("max-age=60"), again: cc("max-age=5"), wait: 5 * time.Second})(t)
	}},
	{"9111 5.2.1.2: max-stale accepts a stale response", func(t *testing.T) {
		reused(two{fields: fields("Cache-Control: max-age=5", `ETag: "a"`), again: cc("max-stale=5"), wait: 10 * time.Second})(t)
		reused(two{fields: fields("Cache-Control: max-age=5", `ETag: "a"`), again: cc("max-stale"), wait: time.Hour})(t)
		refused(two{fields: fields("Cache-Control: max-age=5", `ETag: "a"`), again: cc("max-stale=5"), wait: 11 * time.Second})(t)
		refused(two{fields: fields("Cache-Control: max-age=5", `ETag: "a"`), again: cc("max-stale=x"), wait: 9 * time.Second})(t)
	}},
	{"9111 5.2.1.3: min-fresh refuses what is soon stale", func(t *testing.T) {
		refused(two{fields: cc("max-age=60"), again: cc("min-fresh=61")})(t)
		reused(two{fields: cc("max-age=60"), again: cc("min-fresh=59")})(t)
	}},
	{"9111 5.2.1.4: no-cache of a request asks for validation", refused(two{fields: cc("max-age=60"), again: cc("no-cache")})},
	{"9111 5.2.1.5: no-store of a request keeps its response out", refused(two{first: cc("no-store"), fields: cc("max-age=60")})},
	{"9111 5.2.1.7: only-if-cached gets the stored response or 504", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60"))
		want(t, "cold", s.get("Cache-Control: only-if-cached").StatusCode, 504)
		s.wantCalls(0)
		s.get()
		want(t, "warm", s.get("Cache-Control: only-if-cached").StatusCode, 200)
	}},
	{"9111 5.2.2.2: must-revalidate with an unreachable origin is a 504", func(t *testing.T) {
		s := full(t, script(reply(200, "x", "Cache-Control: max-age=1, must-revalidate", `ETag: "a"`), func(w http.ResponseWriter, r *http.Request) {
			cachehttp.Unreachable(r.Context())
			w.WriteHeader(502)
		}))
		s.get()
		time.Sleep(2 * time.Second)
		want(t, "status", s.get().StatusCode, 504)
	}},
	{"9111 5.2.2.3: must-understand keeps unknown statuses out", refused(two{status: 299, fields: cc("max-age=60, must-understand")})},
	{"9111 5.2.2.3: must-understand overrides no-store for known ones", reused(two{fields: cc("max-age=60, must-understand, no-store")})},
	{"9111 5.2.2.4: no-cache is not reused without validation", refused(two{fields: fields("Cache-Control: no-cache, max-age=60", `ETag: "a"`)})},
	{"9111 5.2.2.4: qualified no-cache only keeps the fields out", func(t *testing.T) {
		s, _, res := two{full: true, fields: fields(`Cache-Control: max-age=60, no-cache="set-cookie, x-a"`, "Set-Cookie: a=b", "X-A: 1", "X-B: 2")}.run(t)
		s.wantCalls(1)
		want(t, "fields", res.Header.Get("Set-Cookie")+res.Header.Get("X-A")+res.Header.Get("X-B"), "2")
	}},
	{"9111 5.2.2.5: no-store in any case and place is obeyed", func(t *testing.T) {
		for _, v := range []string{"no-store", "NO-STORE,max-age=60", "max-age=60 ,  no-store", "max-age=60, no-store=x", `max-age=60, no-store="`} {
			refused(two{full: true, fields: heuristic("Cache-Control: " + v)})(t)
		}
	}},
	{"9111 5.2.2.6: a body is never transformed", func(t *testing.T) {
		_, first, second := two{fields: cc("max-age=60, no-transform")}.run(t)
		want(t, "body", text(second), text(first))
	}},
	{"9111 5.2.2.7: qualified private only keeps the fields out", func(t *testing.T) {
		s, first, res := two{fields: fields(`Cache-Control: max-age=60, private="X-A"`, "X-A: 1")}.run(t)
		s.wantCalls(1)
		want(t, "fields", fmt.Sprint(first.Header["X-A"], res.Header["X-A"]), "[1] []")
	}},
	{"9111 5.2.2.8: proxy-revalidate forbids stale responses", refused(two{fields: fields("Cache-Control: max-age=1, proxy-revalidate", `ETag: "a"`), again: cc("max-stale=60"), wait: 2 * time.Second})},
	{"9111 5.2.2.10: s-maxage forbids stale responses", refused(two{fields: fields("Cache-Control: s-maxage=1", `ETag: "a"`), again: cc("max-stale=60"), wait: 2 * time.Second})},
	{"9111 5.2.3: unknown directives are ignored", reused(two{fields: cc(`foo, bar=1, baz="x,y", max-age=60`)})},
	{"9111 5.4: Pragma counts only without Cache-Control", func(t *testing.T) {
		refused(two{fields: cc("max-age=60"), again: fields("Pragma: no-cache")})(t)
		reused(two{fields: cc("max-age=60"), again: fields("Pragma: no-cache", "Cache-Control: max-stale=1")})(t)
		reused(two{fields: fields("Cache-Control: max-age=60", "Pragma: no-cache")})(t)
	}},
	{"8246 2: immutable needs no validation while fresh", reused(two{fields: cc("max-age=60, immutable"), again: cc("max-age=0")})},
	{"8246 2: unless the client insists or it is stale", func(t *testing.T) {
		refused(two{fields: cc("max-age=60, immutable"), again: cc("no-cache")})(t)
		refused(two{fields: cc("max-age=60, immutable"), wait: time.Minute})(t)
	}},
}
