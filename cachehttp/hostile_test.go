package cachehttp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
)

// spy is a store of bytes that remembers all it was given.
type spy struct {
	cachehttp.Memory
	mu  sync.Mutex
	all bytes.Buffer
	n   int
}

func (s *spy) Put(ctx context.Context, key string, value []byte, ttl time.Duration, version uint64, tags ...string) error {
	s.mu.Lock()
	s.all.Write(value)
	s.n++
	s.mu.Unlock()
	return s.Memory.Put(ctx, key, value, ttl, version, tags...)
}

func TestSafe_keepsPersonalResponsesOut(t *testing.T) {
	// The handler answers anonymous clients in public and known ones in
	// person, with every directive that does not say that it may be shared.
	directives := []string{"max-age=60", "max-age=60, stale-while-revalidate=60", "no-cache", "max-age=60, immutable", `max-age=60, no-cache="Set-Cookie"`, "max-age=60, must-understand, no-store"}
	store := new(spy)
	s := newSite(t, &cachehttp.Cache{Store: store}, cachehttp.Policy{TTL: time.Minute}, func(w http.ResponseWriter, r *http.Request) {
		who := r.Header.Get("Authorization") + r.Header.Get("Cookie")
		n := rand.IntN(len(directives) + 1)
		if n < len(directives) {
			w.Header().Set("Cache-Control", directives[n])
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, who))
		if rand.IntN(4) == 0 {
			who = "secret of a new session"
			w.Header().Set("Set-Cookie", "session=secret")
		}
		fmt.Fprintf(w, "%s|%s", r.URL.Path, who)
	})
	served := 0
	for range 10_000 {
		who, field := "", ""
		switch rand.IntN(3) {
		case 0:
			who = fmt.Sprint("secret of ", rand.IntN(5))
			field = "Authorization: " + who
		case 1:
			who = fmt.Sprint("id=secret", rand.IntN(5))
			field = "Cookie: " + who
		default:
			field = "Accept: */*"
		}
		res := s.do("GET", fmt.Sprint("http://example.com/", rand.IntN(200)), field)
		_, got, _ := strings.Cut(text(res), "|")
		if got != who && got != "secret of a new session" {
			t.Fatalf("%q was answered with %q", field, got)
		}
		if strings.Contains(res.Header.Get("Cache-Status"), "hit") {
			served++
			if got != "" || res.Header.Get("Set-Cookie") != "" {
				t.Fatalf("%q was served from the cache to %q", got, field)
			}
		}
	}
	if bytes.Contains(store.all.Bytes(), []byte("secret")) || store.n == 0 || served == 0 {
		t.Errorf("%d responses were stored and %d served, one of them personal: %v", store.n, served, bytes.Contains(store.all.Bytes(), []byte("secret")))
	}
}

func TestSafe_unkeyedFieldsDoNotPoison(t *testing.T) {
	names := []string{"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-For", "Forwarded",
		"X-Host", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Real-IP", "Front-End-Https"}
	reflects := func(w http.ResponseWriter, r *http.Request) {
		set(w, "Cache-Control: max-age=60")
		for _, name := range names {
			fmt.Fprint(w, r.Header.Get(name))
		}
	}
	for i, name := range names {
		s := safe(t, reflects)
		url := fmt.Sprint("http://example.com/", i)
		s.do("GET", url, name+": evil.example")
		want(t, name, text(s.do("GET", url)), "")
	}
	t.Run("a keyed field reaches the handler and its own entry", func(t *testing.T) {
		s := newSite(t, &cachehttp.Cache{Headers: []string{"x-forwarded-host"}}, cachehttp.Policy{}, reflects)
		s.get("X-Forwarded-Host: a.example")
		want(t, "b", text(s.get("X-Forwarded-Host: b.example")), "b.example")
		want(t, "none", text(s.get()), "")
		want(t, "a", text(s.get("X-Forwarded-Host: a.example")), "a.example")
		s.wantCalls(3)
	})
	t.Run("a body on GET is not stored", func(t *testing.T) {
		s := safe(t, say("Cache-Control: max-age=60"))
		for range 2 {
			r := httptest.NewRequest("GET", "http://example.com/a", strings.NewReader("fat"))
			s.h.ServeHTTP(httptest.NewRecorder(), r)
		}
		s.get()
		s.wantCalls(3)
	})
	t.Run("a mistake of one client is not everybody's", func(t *testing.T) {
		for _, status := range []int{400, 401, 403, 406, 412, 413, 416, 429, 431} {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range")+r.Header.Get("X-Big") != "" {
					reply(status, "no", "Cache-Control: public, max-age=60")(w, r)
					return
				}
				io.WriteString(w, "yes")
			})
			s.get("Range: bytes=9-", "X-Big: x")
			want(t, fmt.Sprint(status), answer(s.get()), "200 yes")
		}
	})
	t.Run("a suffix that looks static means nothing", func(t *testing.T) {
		s := safe(t, reply(200, "account"))
		s.do("GET", "http://example.com/account/x.css")
		s.do("GET", "http://example.com/account/x.css")
		s.wantCalls(2)
	})
}

func TestCollapse_thousandClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := safe(t, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(2 * time.Second):
				reply(200, "one answer", "Cache-Control: max-age=60")(w, r)
			case <-r.Context().Done():
				w.WriteHeader(500)
			}
		})
		bodies := make([][]byte, 1000)
		var wg sync.WaitGroup
		for i := range bodies {
			ctx, cancel := context.WithCancel(t.Context())
			if i%3 == 0 {
				time.AfterFunc(time.Duration(i)*time.Millisecond, cancel)
			} else {
				defer cancel()
			}
			wg.Go(func() {
				w := httptest.NewRecorder()
				s.h.ServeHTTP(w, httptest.NewRequest("GET", "http://example.com/a", nil).WithContext(ctx))
				if ctx.Err() == nil {
					bodies[i] = w.Body.Bytes()
				}
			})
		}
		wg.Wait()
		s.wantCalls(1)
		for i, b := range bodies {
			if i%3 != 0 && string(b) != "one answer" {
				t.Fatalf("client %d got %q", i, b)
			}
			clear(b) // nobody else may see this
		}
		want(t, "body afterwards", text(s.get()), "one answer")
		want(t, "Cache-Status", s.get().Header.Get("Cache-Status"), "glueful; hit; ttl=58")
	})
}

// crowd sends n requests at once and returns their answers.
func crowd(s *site, n int, f ...string) []string {
	answers := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					answers[i] = fmt.Sprint("panic: ", p)
				}
			}()
			res := s.get(f...)
			answers[i] = answer(res) + " " + res.Header.Get("Cache-Status")
		})
	}
	wg.Wait()
	return answers
}

func count(list []string, part string) (n int) {
	for _, s := range list {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}

func TestCollapse(t *testing.T) {
	slow := func(f http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			f(w, r)
		}
	}
	for name, test := range map[string]func(*testing.T){
		"followers say so": func(t *testing.T) {
			s := safe(t, slow(say("Cache-Control: max-age=60")))
			want(t, "collapsed", count(crowd(s, 10), "fwd=uri-miss; collapsed"), 9)
		},
		"what is not storable is not waited for twice": func(t *testing.T) {
			s := safe(t, slow(say("Cache-Control: private")))
			before := time.Now()
			crowd(s, 10)
			want(t, "time of the first crowd", time.Since(before), 2*time.Second)
			before = time.Now()
			crowd(s, 10)
			want(t, "time of the second crowd", time.Since(before), time.Second)
			time.Sleep(3 * time.Minute)
			crowd(s, 10)
			s.wantCalls(30)
		},
		"an early header frees the followers": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "no-store")
				w.WriteHeader(200)
				time.Sleep(time.Hour)
			})
			before := time.Now()
			crowd(s, 10)
			want(t, "time", time.Since(before), time.Hour)
		},
		"a panic of the leader reaches the leader only": func(t *testing.T) {
			var first atomic.Bool
			s := safe(t, slow(func(w http.ResponseWriter, r *http.Request) {
				if !first.Swap(true) {
					panic(http.ErrAbortHandler)
				}
				reply(200, "x", "Cache-Control: max-age=60")(w, r)
			}))
			list := crowd(s, 10)
			want(t, "panics", count(list, "panic: net/http: abort Handler"), 1)
			want(t, "answers", count(list, "200 x"), 9)
		},
		"a hanging origin holds nobody up for more than 5 seconds": func(t *testing.T) {
			var first atomic.Bool
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				if !first.Swap(true) {
					<-r.Context().Done()
				}
				reply(200, "x", "Cache-Control: max-age=60")(w, r)
			})
			ctx, cancel := context.WithCancel(t.Context())
			go s.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://example.com/a", nil).WithContext(ctx))
			synctest.Wait()
			before := time.Now()
			want(t, "answers", count(crowd(s, 10), "200 x"), 10)
			want(t, "time", time.Since(before), 5*time.Second)
			cancel()
			time.Sleep(time.Minute) // the abandoned fetch is cancelled
		},
		"a half body is stored for nobody": func(t *testing.T) {
			s := safe(t, slow(func(w http.ResponseWriter, r *http.Request) {
				set(w, "Cache-Control: max-age=60")
				io.WriteString(w, "half")
				panic(http.ErrAbortHandler)
			}))
			want(t, "panics", count(crowd(s, 5), "panic"), 5)
			s.wantCalls(5)
		},
		"a fetch is cancelled with its client once nobody can use it": func(t *testing.T) {
			ended := false
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "no-store")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				ended = true
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			s.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://example.com/a", nil).WithContext(ctx))
			want(t, "ended", ended, true)
		},
		"a stream in progress is not cut": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				set(w, "Cache-Control: max-age=60")
				for range 10 {
					time.Sleep(time.Minute)
					if r.Context().Err() != nil {
						panic("cut")
					}
					io.WriteString(w, "x")
				}
			})
			want(t, "body", text(s.get()), "xxxxxxxxxx")
		},
		"a stale entry is validated once for all": func(t *testing.T) {
			s := safe(t, slow(script(reply(200, "x", "Cache-Control: max-age=1", `ETag: "a"`), reply(304, "", "Cache-Control: max-age=60"))))
			s.get()
			time.Sleep(2 * time.Second)
			want(t, "answers", count(crowd(s, 100), "200 x"), 100)
			s.wantCalls(2)
		},
		"an error is replaced for the followers too": func(t *testing.T) {
			s := safe(t, slow(script(reply(200, "x", "Cache-Control: max-age=1, stale-if-error=60"), reply(503, "down"))))
			s.get()
			time.Sleep(2 * time.Second)
			want(t, "answers", count(crowd(s, 100), "200 x"), 100)
			s.wantCalls(2)
		},
		"requests with credentials wait for nobody": func(t *testing.T) {
			s := safe(t, slow(say("Cache-Control: max-age=60")))
			before := time.Now()
			crowd(s, 10, "Authorization: x")
			want(t, "time", time.Since(before), time.Second)
			s.wantCalls(10)
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

// Faults that other caches for Go have, or had.
func TestRegressions(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"Vary is not ignored": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				set(w, "Cache-Control: max-age=60", "Vary: Accept-Language")
				io.WriteString(w, r.Header.Get("Accept-Language"))
			})
			for _, lang := range []string{"en", "de", "en", "de"} {
				want(t, "language", text(s.get("Accept-Language: "+lang)), lang)
			}
		},
		"a body is not duplicated by stale-if-error": func(t *testing.T) {
			_, res := after(t, safe, fields("Cache-Control: stale-if-error=60"), reply(500, "error page"))
			want(t, "answer", answer(res), "200 stored")
			want(t, "Content-Length", res.Header.Get("Content-Length"), "6")
		},
		"stale-while-revalidate does revalidate, and does not block": func(t *testing.T) {
			s := safe(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Second)
				set(w, "Cache-Control: max-age=2, stale-while-revalidate=60", `ETag: "a"`)
				if r.Header.Get("If-None-Match") == `"a"` {
					w.WriteHeader(304)
				}
			})
			s.get()
			time.Sleep(3 * time.Second)
			before := time.Now()
			s.get()
			want(t, "time", time.Since(before), time.Duration(0))
			time.Sleep(1500 * time.Millisecond)
			want(t, "Age after the refresh", s.get().Header.Get("Age"), "1")
			s.wantCalls(2)
		},
		"a client that asked nothing gets no 304": func(t *testing.T) {
			_, res := after(t, safe, fields(`ETag: "a"`), reply(304, "", `ETag: "a"`))
			want(t, "answer", answer(res), "200 stored")
		},
		"a 304 of the origin is not an uncacheable status": func(t *testing.T) {
			s, _ := after(t, safe, fields(`ETag: "a"`), reply(304, "", "Cache-Control: max-age=60"))
			s.get()
			s.wantCalls(2)
		},
		"a 304 nobody can use is passed on": func(t *testing.T) {
			s := full(t, reply(304, "", `ETag: "a"`))
			want(t, "status", s.get(`If-None-Match: "a"`).StatusCode, 304)
			want(t, "condition", s.last.Header.Get("If-None-Match"), `"a"`)
		},
		"no method purges": func(t *testing.T) {
			s := safe(t, script(say("Cache-Control: max-age=60"), reply(405, "")))
			s.get()
			for _, method := range []string{"PURGE", "BAN", "REFRESH"} {
				s.do(method, "http://example.com/a")
			}
			s.get()
			s.wantCalls(4)
		},
		"the order of the query is part of the key": func(t *testing.T) {
			s := safe(t, say("Cache-Control: max-age=60"))
			s.do("GET", "http://example.com/a?a=1&b=2")
			s.do("GET", "http://example.com/a?b=2&a=1")
			s.wantCalls(2)
		},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
	}
}

func TestRefresh_bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cachehttp.Cache{Log: slog.New(slog.DiscardHandler)}
		var now, most atomic.Int64
		block := make(chan struct{})
		s := newSite(t, c, cachehttp.Policy{}, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Warm") != "" {
				reply(200, "x", "Cache-Control: max-age=1, stale-while-revalidate=1000")(w, r)
				return
			}
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			select {
			case <-block:
				panic("a refresh may panic")
			case <-r.Context().Done():
			}
		})
		for i := range 40 {
			s.do("GET", fmt.Sprint("http://example.com/", i), "Warm: 1")
		}
		time.Sleep(2 * time.Second)
		for range 3 {
			for i := range 40 {
				s.do("GET", fmt.Sprint("http://example.com/", i))
			}
		}
		synctest.Wait()
		want(t, "refreshes at once", most.Load(), 16)
		time.Sleep(31 * time.Second)
		want(t, "refreshes after their deadline", now.Load(), 0)
		s.do("GET", "http://example.com/1")
		synctest.Wait()
		close(block)
		synctest.Wait()
		s.do("GET", "http://example.com/2")
		c.Close()
		want(t, "refreshes after Close", now.Load(), 0)
	})
}

func TestPanic_staleReplacesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cachehttp.Cache{Log: slog.New(slog.DiscardHandler)}
		s := newSite(t, c, cachehttp.Policy{}, script(reply(200, "stored", "Cache-Control: max-age=1, stale-if-error=60"), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Half", "1")
			panic("x")
		}))
		s.get()
		time.Sleep(2 * time.Second)
		res := s.get()
		want(t, "answer", answer(res), "200 stored")
		want(t, "X-Half", res.Header.Get("X-Half"), "")
	})
	t.Run("unless it must not be stale", func(t *testing.T) {
		defer func() { want(t, "panic", recover(), "x") }()
		s := safe(t, script(reply(200, "stored", "Cache-Control: max-age=0, stale-if-error=60, must-revalidate", `ETag: "a"`), func(w http.ResponseWriter, r *http.Request) { panic("x") }))
		s.get()
		s.get()
	})
}

func TestMemory_capUnderFlood(t *testing.T) {
	const limit = 8 << 20
	m := &cachehttp.Memory{Bytes: limit}
	s := newSite(t, &cachehttp.Cache{Store: m}, cachehttp.Policy{}, func(w http.ResponseWriter, r *http.Request) {
		set(w, "Cache-Control: max-age=3600", "Vary: Accept-Language")
		w.Write(make([]byte, rand.IntN(20_000)))
	})
	s.do("GET", "http://example.com/hot")
	for i := range 5000 {
		s.do("GET", fmt.Sprint("http://example.com/", i))
		s.do("GET", "http://example.com/", fmt.Sprint("Accept-Language: ", i))
		s.do("GET", "http://example.com/hot")
		if i%500 == 0 && m.Used() > limit {
			t.Fatalf("%d bytes held, the cap is %d", m.Used(), limit)
		}
	}
	before := s.count()
	s.do("GET", "http://example.com/hot")
	if s.count() != before {
		t.Error("the scan pushed out what was asked for all the time")
	}
	if m.Used() < limit/2 {
		t.Errorf("only %d of %d bytes are used", m.Used(), limit)
	}
}

func TestVary_bounds(t *testing.T) {
	s := safe(t, say("Cache-Control: max-age=3600", "Vary: X-A"))
	for i := range 65 {
		s.get(fmt.Sprint("X-A: ", i))
	}
	s.get("X-A: 1")
	s.wantCalls(65)
	s.get("X-A: 0") // the oldest was dropped
	s.wantCalls(66)
	var names []string
	for i := range 17 {
		names = append(names, fmt.Sprint("X-", i))
	}
	refused(two{fields: fields("Cache-Control: max-age=60", "Vary: "+strings.Join(names, ", "))})(t)
	reused(two{fields: fields("Cache-Control: max-age=60", "Vary: "+strings.Join(names[:16], ", "))})(t)
}

func TestKey_mounts(t *testing.T) {
	var c cachehttp.Cache
	mux := http.NewServeMux()
	for _, prefix := range []string{"/a", "/b"} {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, c.Handler(reply(200, prefix, "Cache-Control: max-age=60"))))
	}
	s := &site{t: t, h: mux}
	for range 2 {
		for _, prefix := range []string{"/a", "/b"} {
			want(t, prefix, text(s.do("GET", prefix+"/x")), prefix)
		}
	}
	s.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant := r.Header.Get("X-Tenant")
		r.URL.Path = "/" + tenant
		c.Handler(reply(200, tenant, "Cache-Control: max-age=60")).ServeHTTP(w, r)
	})
	for _, tenant := range []string{"one", "two", "one"} {
		want(t, tenant, text(s.do("GET", "/shared", "X-Tenant: "+tenant)), tenant)
	}
}

func TestCache_withinItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c cachehttp.Cache
		s := newSite(t, &c, cachehttp.Policy{}, c.With(cachehttp.Policy{})(reply(200, "x", "Cache-Control: max-age=60")).ServeHTTP)
		before := time.Now()
		s.get()
		want(t, "answer", answer(s.get()), "200 x")
		want(t, "time", time.Since(before), time.Duration(0))
		s.wantCalls(1)
	})
}

func TestStore_failuresAreMisses(t *testing.T) {
	c := &cachehttp.Cache{Store: failing{}, Log: slog.New(slog.DiscardHandler)}
	s := newSite(t, c, cachehttp.Policy{}, say("Cache-Control: max-age=60"))
	for range 2 {
		want(t, "status", s.get().StatusCode, 200)
	}
	s.wantCalls(2)
	if c.Purge(t.Context(), "x") == nil {
		t.Error("a purge that failed reports success")
	}
}

type failing struct{ cachehttp.Store }

func (failing) Get(context.Context, string) ([]byte, bool, error) { return []byte("junk"), true, nil }
func (failing) Set(context.Context, string, []byte, time.Duration, ...string) error {
	return io.ErrUnexpectedEOF
}
func (failing) Drop(context.Context, ...string) error { return io.ErrUnexpectedEOF }

func TestStores_giveTheSameAnswers(t *testing.T) {
	for name, store := range map[string]func() cachehttp.Store{
		"memory":          func() cachehttp.Store { return new(cachehttp.Memory) },
		"versioned bytes": func() cachehttp.Store { return new(spy) },
		"plain bytes":     func() cachehttp.Store { return struct{ cachehttp.Store }{new(cachehttp.Memory)} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &cachehttp.Cache{Store: store(), Profile: cachehttp.Full}
				s := newSite(t, c, cachehttp.Policy{Tags: []string{"all"}}, script(
					reply(206, "01234", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 0-4/10", "Vary: X-A"),
					reply(206, "56789", "Cache-Control: max-age=60", `ETag: "a"`, "Content-Range: bytes 5-9/10", "Vary: X-A"),
					reply(200, "new", "Cache-Control: max-age=60")))
				s.get("Range: bytes=0-4", "X-A: 1")
				want(t, "whole", text(s.get("X-A: 1")), "0123456789")
				want(t, "again", text(s.get("X-A: 1", "Range: bytes=3-6")), "3456")
				s.wantCalls(2)
				time.Sleep(time.Second)
				c.Purge(t.Context(), "all")
				want(t, "after the purge", text(s.get("X-A: 1")), "new")
				s.wantCalls(3)
			})
		})
	}
}

func TestAudit_ofTheCachedHandler(t *testing.T) {
	h := http.HandlerFunc(reply(200, "x"))
	cachetest.Audit(t, new(cachehttp.Cache), h, httptest.NewRequest("GET", "/a", nil))
}
