// Package limitbench measures limit: a take of one key, a table of a million,
// the middleware, and PostgreSQL.
//
// The rivals are used as their documentation shows:
// https://pkg.go.dev/github.com/sethvargo/go-limiter (memorystore, httplimit),
// https://github.com/go-chi/httprate (LimitBy, OnLimit),
// https://github.com/didip/tollbooth (LimitByKeys),
// https://github.com/ulule/limiter (memory store), and a map of
// golang.org/x/time/rate under a mutex, as blog posts have it.
package limitbench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/didip/tollbooth/v7"
	tblimiter "github.com/didip/tollbooth/v7/limiter"
	"github.com/go-chi/httprate"
	"github.com/sethvargo/go-limiter/memorystore"
	ulule "github.com/ulule/limiter/v3"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/limit"
)

// Tables returns the tables of this room.
func Tables() []harness.Table {
	return []harness.Table{
		keyed(1000, 0.7),
		keyed(1_000_000, 0.6),
		bytes(),
		collection(),
		middleware(),
		postgres(),
	}
}

var errRefused = errors.New("refused")

// A taker takes one unit of a key whose limit is never reached.
type taker func(key string) error

const plenty = 1 << 30 // units a minute

// ends stops what contenders keep running, and alive, in the background.
var ends []func()

func end() {
	for _, f := range ends {
		f()
	}
	ends = nil
}

// contenders returns a new taker of each kind, for a number of keys.
func contenders(keys int) []struct {
	name string
	make func() taker
} {
	ctx := context.Background()
	return []struct {
		name string
		make func() taker
	}{
		{"sethvargo", func() taker {
			s, err := memorystore.New(&memorystore.Config{Tokens: plenty, Interval: time.Minute})
			if err == nil {
				ends = append(ends, func() { _ = s.Close(ctx) })
			}
			return func(key string) error {
				if err != nil {
					return err
				}
				_, _, _, ok, err := s.Take(ctx, key)
				return okay(ok, err)
			}
		}},
		{"glueful", func() taker {
			l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 60, Per: time.Minute, Burst: plenty}}}
			if keys > 65536/2 { // more than the default table is made for
				l.Name, l.Store = "bench", &limit.Memory{Slots: 2 * keys}
			}
			return func(key string) error { _, err := l.Take(ctx, key, 1); return err }
		}},
		{"map of x/time/rate", func() taker {
			var mu sync.Mutex
			m := map[string]*rate.Limiter{}
			return func(key string) error {
				mu.Lock()
				l := m[key]
				if l == nil {
					l = rate.NewLimiter(plenty/60, plenty)
					m[key] = l
				}
				mu.Unlock()
				return okay(l.Allow(), nil)
			}
		}},
		{"tollbooth", func() taker {
			l := tollbooth.NewLimiter(plenty/60, &tblimiter.ExpirableOptions{DefaultExpirationTTL: time.Hour})
			l.SetBurst(plenty)
			return func(key string) error {
				if err := tollbooth.LimitByKeys(l, []string{key}); err != nil {
					return err
				}
				return nil
			}
		}},
		{"ulule", func() taker {
			l := ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Minute, Limit: plenty})
			return func(key string) error {
				c, err := l.Get(ctx, key)
				return okay(!c.Reached, err)
			}
		}},
		{"httprate, with headers", func() taker {
			l := httprate.NewRateLimiter(plenty, time.Minute)
			w, r := newSink(), request()
			return func(key string) error {
				clear(w.header)
				return okay(!l.OnLimit(w, r, key), nil)
			}
		}},
	}
}

func okay(ok bool, err error) error {
	if err == nil && !ok {
		return errRefused
	}
	return err
}

func names(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("192.0.%d.%d/%d", i>>16&255, i>>8&255, i)
	}
	return keys
}

// step walks n keys in an order without locality; it is odd, so it meets all of 2^k.
const step = 0x9e3779b1

func keyed(n int, atMost float64) harness.Table {
	t := harness.Table{Name: fmt.Sprintf("limit: take, %d keys", n), Kind: harness.CPU, Base: "sethvargo"}
	t.Open = func(t *harness.Table) (func(), error) {
		keys := names(n)
		for _, c := range contenders(n) {
			if n > 65536 && (c.name == "tollbooth" || c.name == "ulule") {
				continue // their heaps would make each collection between blocks take a second
			}
			take := c.make()
			for _, k := range keys {
				if err := take(k); err != nil {
					return nil, fmt.Errorf("%s: %w", c.name, err)
				}
			}
			var at uint32
			row := harness.Row{Name: c.name, Run: func(times int) error {
				for range times {
					at += step
					if err := take(keys[uint64(at)*uint64(n)>>32]); err != nil {
						return err
					}
				}
				return nil
			}}
			if c.name == "glueful" {
				row.Targets = []harness.Target{{Against: "sethvargo", AtMost: atMost}, {What: harness.Allocs}}
			}
			t.Rows = append(t.Rows, row)
		}
		return nil, nil
	}
	return t
}

// fill returns how much the heap grew by, and what holds it.
func fill(mk func() taker, keys []string) (float64, taker, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	take := mk()
	for _, k := range keys {
		if err := take(k); err != nil {
			return 0, nil, err
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc), take, nil
}

func bytes() harness.Table {
	const n = 1_000_000
	t := harness.Table{Name: "limit: bytes a key, 10^6 keys", Kind: harness.Value, Unit: "B/key", Base: "sethvargo",
		Notes: []string{"heap growth; the bytes of the key strings themselves are not counted"}}
	t.Open = func(t *harness.Table) (func(), error) {
		keys := names(n)
		for _, c := range contenders(n) {
			row := harness.Row{Name: c.name, Measure: func() (float64, error) {
				grown, take, err := fill(c.make, keys)
				runtime.KeepAlive(take)
				end()
				return grown / n, err
			}, Check: func() error { defer end(); return c.make()("k") }}
			if c.name == "glueful" {
				row.Targets = []harness.Target{{AtMost: 34.5}}
			}
			t.Rows = append(t.Rows, row)
		}
		return func() { runtime.KeepAlive(keys) }, nil
	}
	return t
}

func collection() harness.Table {
	const n = 1_000_000
	t := harness.Table{Name: "limit: full collection, 10^6 live keys", Kind: harness.Value, Unit: "ms", Base: "nothing",
		Notes: []string{"processor time of one runtime.GC, the least of 25; the key strings are live in every row"}}
	t.Open = func(t *harness.Table) (func(), error) {
		keys := names(n)
		collect := func(mk func() taker) (float64, error) {
			_, take, err := fill(mk, keys)
			if err != nil {
				return 0, err
			}
			best := time.Hour
			for range 25 {
				start := cpuTime()
				runtime.GC()
				best = min(best, cpuTime()-start)
			}
			runtime.KeepAlive(take)
			end()
			return best.Seconds() * 1000, nil
		}
		nothing := func() taker { return func(string) error { return nil } }
		check := func() error { return nil }
		t.Rows = []harness.Row{{Name: "nothing", Measure: func() (float64, error) { return collect(nothing) }, Check: check}}
		for _, c := range contenders(n) {
			row := harness.Row{Name: c.name, Measure: func() (float64, error) { return collect(c.make) }, Check: check}
			if c.name == "glueful" {
				row.Targets = []harness.Target{{Against: "nothing", AtMost: 1.15}}
			}
			t.Rows = append(t.Rows, row)
		}
		return func() { runtime.KeepAlive(keys) }, nil
	}
	return t
}

// sink is a response writer that costs nothing.
type sink struct {
	header http.Header
	status int
}

func newSink() *sink { return &sink{header: make(http.Header, 16)} }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
