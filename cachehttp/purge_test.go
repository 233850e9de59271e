package cachehttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

func TestPurge(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"tags of policy, handler and fields all purge": func(t *testing.T) {
			for _, tag := range []string{"policy", "handler", "key1", "key2", "cf1", "cf2"} {
				c := new(cachehttp.Cache)
				s := newSite(t, c, cachehttp.Policy{Tags: []string{"policy"}}, func(w http.ResponseWriter, r *http.Request) {
					cachehttp.Tag(r.Context(), "handler")
					set(w, "Cache-Control: max-age=60", "Surrogate-Key: key1 key2", "Cache-Tag: cf1,cf2")
				})
				for _, res := range []*http.Response{s.get(), s.get()} {
					want(t, "fields", len(res.Header["Surrogate-Key"])+len(res.Header["Cache-Tag"]), 0)
				}
				c.Purge(t.Context(), "other", tag)
				s.get()
				s.wantCalls(2)
				s.get()
				s.wantCalls(2)
			}
		},
		"a soft purge validates": func(t *testing.T) {
			c := new(cachehttp.Cache)
			s := newSite(t, c, cachehttp.Policy{Tags: []string{"x"}}, script(reply(200, "x", "Cache-Control: max-age=60", `ETag: "a"`), reply(304, "")))
			s.get()
			c.Soften(t.Context(), "x")
			res := s.get()
			want(t, "answer", answer(res)+s.last.Header.Get("If-None-Match"), `200 x"a"`)
			s.get()
			s.wantCalls(2)
		},
		"a soft purge serves stale while it revalidates": func(t *testing.T) {
			c := new(cachehttp.Cache)
			s := newSite(t, c, cachehttp.Policy{TTL: time.Minute, StaleWhileRevalidate: time.Minute, Tags: []string{"x"}}, say())
			s.get()
			c.Soften(t.Context(), "x")
			want(t, "first", text(s.get()), "body 1")
			synctest.Wait()
			want(t, "second", text(s.get()), "body 2")
			s.wantCalls(2)
		},
		"a purge during a fetch drops what was fetched": func(t *testing.T) {
			c := new(cachehttp.Cache)
			s := newSite(t, c, cachehttp.Policy{Tags: []string{"x"}}, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Second)
				reply(200, "x", "Cache-Control: max-age=60")(w, r)
			})
			go s.get()
			time.Sleep(500 * time.Millisecond)
			c.Purge(t.Context(), "x")
			time.Sleep(time.Second)
			s.get()
			s.wantCalls(2)
		},
		"a write during a fetch drops what was fetched": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					time.Sleep(time.Second)
				}
				reply(200, "x", "Cache-Control: max-age=60")(w, r)
			})
			go s.get()
			time.Sleep(500 * time.Millisecond)
			s.do("PUT", "http://example.com/a")
			time.Sleep(time.Second)
			s.get()
			s.wantCalls(3)
		},
		"a URL is purged in all variants and schemes": func(t *testing.T) {
			c := new(cachehttp.Cache)
			s := newSite(t, c, cachehttp.Policy{}, say("Cache-Control: max-age=60", "Vary: X-A"))
			urls := []string{"http://example.com/a?b=c", "https://example.com/a?b=c"}
			for _, url := range urls {
				s.do("GET", url, "X-A: 1")
				s.do("GET", url, "X-A: 2")
			}
			s.get()
			if err := c.PurgeURL(t.Context(), "https://EXAMPLE.com:443/a?b=c"); err != nil {
				t.Fatal(err)
			}
			s.get()
			s.wantCalls(5)
			for _, url := range urls {
				s.do("GET", url, "X-A: 1")
				s.do("GET", url, "X-A: 2")
			}
			s.wantCalls(9)
		},
		"more than 64 tags are not stored": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				for i := range 65 {
					cachehttp.Tag(r.Context(), fmt.Sprint(i))
				}
				set(w, "Cache-Control: max-age=60")
			})
			s.get()
			s.get()
			s.wantCalls(2)
		},
		"bad tags and URLs are refused": func(t *testing.T) {
			c := new(cachehttp.Cache)
			for _, tag := range []string{"", "a b", "a,b", " a", "a\n"} {
				if c.Purge(t.Context(), tag) == nil || c.Soften(t.Context(), tag) == nil {
					t.Errorf("tag %q is taken", tag)
				}
			}
			for _, url := range []string{"", "/a", "http://%zz/"} {
				if c.PurgeURL(t.Context(), url) == nil {
					t.Errorf("URL %q is taken", url)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

// feed hands purges from one cache to others in this process.
type feed struct {
	published []cachehttp.Purge
	apply     chan func(cachehttp.Purge)
	err       error
}

func (f *feed) Publish(_ context.Context, p cachehttp.Purge) error {
	f.published = append(f.published, p)
	return f.err
}

func (f *feed) Follow(ctx context.Context, apply func(cachehttp.Purge)) error {
	f.apply <- apply
	<-ctx.Done()
	return nil
}

func TestFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := &feed{apply: make(chan func(cachehttp.Purge))}
		c := &cachehttp.Cache{Feed: f}
		s := newSite(t, c, cachehttp.Policy{Tags: []string{"x"}}, say("Cache-Control: max-age=60"))
		s.get()
		want(t, "before Follow", s.get().Header.Get("Cache-Status"), "glueful; fwd=bypass")
		go c.Follow(ctx)
		apply := <-f.apply
		s.get()
		s.wantCalls(3)
		apply(cachehttp.Purge{})
		s.get()
		s.get()
		s.wantCalls(4)
		apply(cachehttp.Purge{Tags: []string{"x"}})
		s.get()
		s.wantCalls(5)

		f.err = errors.New("down")
		if err := c.Purge(t.Context(), "x"); !errors.Is(err, f.err) {
			t.Errorf("got %v", err)
		}
		s.get()
		s.wantCalls(6)
		s.do("POST", "http://example.com/a")
		want(t, "published", len(f.published), 2)
		cancel()
	})
}

func TestPolicy(t *testing.T) {
	const ttl = time.Minute
	for name, test := range map[string]func(*testing.T){
		"TTL is for this cache, clients revalidate": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl}, say(`ETag: "a"`))
			for range 2 {
				want(t, "Cache-Control", s.get().Header.Get("Cache-Control"), "no-cache")
			}
			s.wantCalls(1)
			want(t, "status", s.get(`If-None-Match: "a"`).StatusCode, 304)
		},
		"Browser is told to clients": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl, Browser: 5 * time.Second}, say())
			want(t, "Cache-Control", s.get().Header.Get("Cache-Control"), "max-age=5")
		},
		"what a response says wins": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl, Public: true}, say("Cache-Control: no-store"))
			want(t, "Cache-Control", s.get().Header.Get("Cache-Control"), "no-store")
			s.get()
			s.wantCalls(2)
		},
		"errors are not stored": func(t *testing.T) {
			for _, status := range []int{400, 401, 403, 429, 500, 502, 503} {
				s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl}, reply(status, "x"))
				s.get()
				s.get()
				s.wantCalls(2)
			}
		},
		"Public shares between clients with credentials": func(t *testing.T) {
			for _, f := range []string{"Authorization: x", "Cookie: a=b"} {
				s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl, Public: true}, say())
				s.get(f)
				s.get()
				s.get(f)
				s.wantCalls(1)
			}
		},
		"without Public they are kept apart": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl}, say())
			s.get()
			s.get("Cookie: a=b")
			s.get("Authorization: x")
			s.wantCalls(3)
		},
		"stale windows follow the TTL": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl, StaleIfError: ttl}, script(say(), reply(500, "error")))
			s.get()
			time.Sleep(90 * time.Second)
			want(t, "body", text(s.get()), "body 1")
			time.Sleep(time.Minute)
			want(t, "body", text(s.get()), "error")
		},
		"a 304 keeps the policy": func(t *testing.T) {
			s := newSite(t, &cachehttp.Cache{TagHeader: "Surrogate-Key", Targets: []string{"CDN-Cache-Control"}}, cachehttp.Policy{TTL: ttl, Tags: []string{"x"}}, script(say(`ETag: "a"`), reply(304, "")))
			for range 3 {
				res := s.get()
				want(t, "fields", fmt.Sprint(res.Header["Cache-Control"], res.Header["Cdn-Cache-Control"], res.Header["Surrogate-Control"]), "[no-cache] [max-age=60] [max-age=60]")
				time.Sleep(ttl)
			}
			s.wantCalls(3)
		},
		"tags are sent on if asked": func(t *testing.T) {
			s := newSite(t, &cachehttp.Cache{TagHeader: "Surrogate-Key"}, cachehttp.Policy{TTL: ttl, Tags: []string{"b", "a"}}, say())
			for range 2 {
				want(t, "tags", s.get().Header["Surrogate-Key"], "[a b]")
			}
		},
		"the query is canonical if asked": func(t *testing.T) {
			s := newSite(t, &cachehttp.Cache{Query: []string{"a", "b c"}, SortQuery: true}, cachehttp.Policy{TTL: ttl}, say())
			for _, q := range []string{"?a=1&b+c=2", "?b%20c=2&a=1", "?utm=x&a=1&b+c=2&&z"} {
				s.do("GET", "http://example.com/a"+q)
			}
			want(t, "query", s.last.URL.RawQuery, "a=1&b%20c=2")
			s.wantCalls(2) // the escapes differ
		},
		"principals are kept apart": func(t *testing.T) {
			c := &cachehttp.Cache{Principal: func(r *http.Request) string { return r.Header.Get("X-User") }}
			s := newSite(t, c, cachehttp.Policy{TTL: ttl}, say())
			for _, user := range []string{"1", "2", "", "1", "2", ""} {
				s.get("X-User: " + user)
			}
			s.wantCalls(3)
		},
		"IgnoreClient keeps clients from forcing work": func(t *testing.T) {
			s := newSite(t, &cachehttp.Cache{IgnoreClient: true}, cachehttp.Policy{TTL: ttl}, say())
			s.get()
			s.get("Cache-Control: no-cache, max-age=0, min-fresh=99")
			s.get("Pragma: no-cache")
			s.wantCalls(1)
			want(t, "only-if-cached", s.do("GET", "http://example.com/b", "Cache-Control: only-if-cached").StatusCode, 504)
		},
		"MaxBody bounds what is stored": func(t *testing.T) {
			for n, calls := range map[int]int{10: 1, 11: 2} {
				for _, f := range [][]string{{}, {fmt.Sprint("Content-Length: ", n)}} {
					s := newSite(t, &cachehttp.Cache{MaxBody: 10}, cachehttp.Policy{TTL: ttl}, reply(200, string(make([]byte, n)), f...))
					s.get()
					want(t, "length", len(text(s.get())), n)
					s.wantCalls(calls)
				}
			}
		},
		"outer fields are not stored": func(t *testing.T) {
			s := newSite(t, new(cachehttp.Cache), cachehttp.Policy{TTL: ttl}, say("Retry-After: 5", "RateLimit: x", "Vary: Accept"))
			h, n := s.h, 0
			s.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n++
				w.Header().Set("X-Request-Id", fmt.Sprint(n))
				w.Header().Set("X-Outer", fmt.Sprint(n))
				w.Header().Set("Vary", "Origin")
				h.ServeHTTP(w, r)
			})
			s.get()
			res := s.get()
			want(t, "fields", res.Header.Get("X-Request-Id")+res.Header.Get("X-Outer")+res.Header.Get("Retry-After")+res.Header.Get("RateLimit"), "22")
			want(t, "Vary", res.Header["Vary"], "[Origin Accept]")
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

func TestHandler_routeTable(t *testing.T) {
	inner := http.NotFoundHandler()
	for policy, want := range map[string]string{
		(cachehttp.Policy{}).String(): "as responses say",
		(cachehttp.Policy{TTL: time.Minute, StaleWhileRevalidate: time.Second, StaleIfError: time.Hour, Public: true, Tags: []string{"a", "b"}}).String(): "ttl 1m0s, stale-while-revalidate 1s, stale-if-error 1h0m0s, public, tags a b",
	} {
		if policy != want {
			t.Errorf("got %q, want %q", policy, want)
		}
	}
	h := new(cachehttp.Cache).Handler(inner)
	if got := h.(interface{ CachePolicy() string }).CachePolicy(); got != "as responses say" {
		t.Errorf("CachePolicy %q", got)
	}
	if h.(interface{ Unwrap() http.Handler }).Unwrap() == nil {
		t.Error("Unwrap is nil")
	}
	for _, err := range h.(interface{ Refusals() []error }).Refusals() {
		if _, ok := err.(interface{ HTTPStatus() int }); !ok {
			t.Errorf("%v has no status", err)
		}
	}
}
