package cachehttp_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// world is what clients know about an origin whose every answer tells when it
// was made and for whom: enough to judge a cache without knowing how it works.
type world struct {
	t      *testing.T
	cache  *cachehttp.Cache
	h      http.Handler
	start  time.Time
	mu     sync.Mutex
	purged map[string]time.Time // by path; set once the purge is over
	hits   int
}

const life, window = 10 * time.Second, 5 * time.Second

func (w *world) origin(rw http.ResponseWriter, r *http.Request) {
	if r.Method != "GET" {
		return
	}
	made := time.Since(w.start)
	time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
	cachehttp.Tag(r.Context(), strings.Trim(r.URL.Path, "/"))
	set(rw, "Cache-Control: max-age=10, stale-while-revalidate=5", "Vary: Accept-Language")
	switch rand.IntN(12) {
	case 0:
		rw.Header().Set("Cache-Control", "no-store")
	case 1:
		rw.WriteHeader(500)
	case 2:
		fmt.Fprint(rw, "half")
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(rw, "%s %s %d", r.URL.Path, r.Header.Get("Accept-Language"), made)
}

// ask sends one request and judges the answer.
func (w *world) ask(path, lang string) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	w.mu.Lock()
	purged := w.purged[path]
	w.mu.Unlock()
	began := time.Now()
	r := httptest.NewRequest("GET", "http://example.com"+path, nil)
	r.Header.Set("Accept-Language", lang)
	if rand.IntN(10) == 0 {
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(rand.IntN(3000))*time.Millisecond)
		defer cancel()
		r = r.WithContext(ctx)
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	if rec.Code != 200 {
		return
	}
	var gotPath, gotLang string
	var made time.Duration
	if _, err := fmt.Sscan(rec.Body.String(), &gotPath, &gotLang, &made); err != nil || gotPath != path || gotLang != lang {
		w.t.Errorf("%s in %s was answered with %q", path, lang, rec.Body)
		return
	}
	at := w.start.Add(made)
	if !purged.IsZero() && at.Before(purged) {
		w.t.Errorf("%s was purged %v before the request and still answered by what is older", path, began.Sub(purged))
	}
	if age := began.Sub(at); age > life+window+3*time.Second {
		w.t.Errorf("%s is %v old", path, age)
	}
	if strings.Contains(rec.Header().Get("Cache-Status"), "hit") {
		w.mu.Lock()
		w.hits++
		w.mu.Unlock()
	}
}

func (w *world) purge(path string) {
	began := time.Now()
	switch rand.IntN(3) {
	case 0:
		w.cache.Purge(context.Background(), strings.Trim(path, "/"))
	case 1:
		w.cache.PurgeURL(context.Background(), "http://example.com"+path)
	default:
		w.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("DELETE", "http://example.com"+path, nil))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.purged[path] = began
}

func TestInvariants_underLoad(t *testing.T) {
	rounds := 250
	if os.Getenv("GLUEFUL_LONG") == "1" {
		rounds = 20_000
	}
	for name, store := range map[string]cachehttp.Store{"memory": new(cachehttp.Memory), "bytes": new(spy)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{t: t, start: time.Now(), purged: map[string]time.Time{}, cache: &cachehttp.Cache{Store: store, Log: slog.New(slog.DiscardHandler)}}
				w.h = w.cache.Handler(http.HandlerFunc(w.origin))
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						for range rounds {
							path := fmt.Sprint("/", rand.IntN(5))
							if rand.IntN(20) == 0 {
								w.purge(path)
							}
							w.ask(path, []string{"en", "de"}[rand.IntN(2)])
							time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
						}
					})
				}
				wg.Wait()
				w.cache.Close()
				if w.hits < 500 {
					t.Errorf("only %d hits: nothing was tried", w.hits)
				}
			})
		})
	}
}

// The judge must be able to see: a cache that ignores purges is caught.
func TestInvariants_seeAPlantedFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: new(testing.T), start: time.Now(), purged: map[string]time.Time{}, cache: new(cachehttp.Cache)}
		old := fmt.Sprint("/1 en ", int64(0))
		w.h = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fmt.Fprint(rw, old) })
		time.Sleep(time.Second)
		w.purged["/1"] = time.Now()
		w.ask("/1", "en")
		if !w.t.Failed() {
			t.Error("an answer older than the purge was not seen")
		}
		w.t = new(testing.T)
		w.ask("/1", "de")
		if !w.t.Failed() {
			t.Error("an answer of another variant was not seen")
		}
	})
}
