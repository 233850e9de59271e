package limit_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/limit"
)

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &limit.Concurrency{Limit: 3, Queue: 2, Wait: time.Second}
		var in, most atomic.Int64
		h := c.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			most.Store(max(most.Load(), in.Add(1)))
			time.Sleep(400 * time.Millisecond)
			in.Add(-1)
		}))
		var passed, refused atomic.Int64
		for range 10 {
			go func() {
				if get(h, ann).Code == 200 {
					passed.Add(1)
				} else {
					refused.Add(1)
				}
			}()
			synctest.Wait()
		}
		if refused.Load() != 5 {
			t.Errorf("%d of 10 were refused at once, want 5", refused.Load())
		}
		time.Sleep(time.Second)
		if passed.Load() != 5 || most.Load() != 3 {
			t.Errorf("%d passed, at most %d at one time, want 5 and 3", passed.Load(), most.Load())
		}
	})
}

func TestConcurrency_queue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &limit.Concurrency{Limit: 1, Queue: 3, Wait: time.Minute}
		leave, err := c.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var order []int
		ctxs := make([]context.CancelFunc, 3)
		for i := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			ctxs[i] = cancel
			go func() {
				leave, err := c.Enter(ctx)
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					return
				}
				order = append(order, i)
				leave()
				leave() // a second call changes nothing
			}()
			synctest.Wait()
		}
		ctxs[1]()
		synctest.Wait()
		leave()
		synctest.Wait()
		if len(order) != 2 || order[0] != 0 || order[1] != 2 {
			t.Errorf("let in %v, want 0 and 2, first come first served", order)
		}
		if leave, err = c.Enter(t.Context()); err != nil {
			t.Fatalf("places were lost: %v", err)
		}
		start := time.Now()
		if _, err := c.Enter(t.Context()); err == nil || time.Since(start) != time.Minute {
			t.Errorf("waited %v, %v, want a minute and a refusal", time.Since(start), err)
		}
		leave()
	})
}

func TestConcurrency_critical(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &limit.Concurrency{Limit: 10, Critical: func(r *http.Request) bool { return r.Header.Get("X-Pay") != "" }}
		stop := make(chan struct{})
		h := c.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
		var bulk, critical atomic.Int64
		for range 20 {
			go func() {
				if get(h, ann).Code == 503 {
					bulk.Add(1)
				}
			}()
		}
		synctest.Wait()
		if bulk.Load() != 12 {
			t.Errorf("%d bulk requests were refused, want 12: a fifth of 10 places is kept free", bulk.Load())
		}
		for range 3 {
			go func() {
				if get(h, ann, header("X-Pay", "1")).Code == 503 {
					critical.Add(1)
				}
			}()
		}
		synctest.Wait()
		if critical.Load() != 1 {
			t.Errorf("%d of 3 critical requests were refused, want 1", critical.Load())
		}
		close(stop)
	})
}

func TestConcurrency_panic_gives_the_place_back(t *testing.T) {
	c := &limit.Concurrency{Limit: 1}
	a := &limit.Adaptive{Min: 1, Max: 1, Start: 1}
	for range 3 {
		for _, h := range []http.Handler{c.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") })), a.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))} {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("refused: the place was not given back")
					}
				}()
				get(h, ann)
			}()
		}
	}
}

func TestAdaptive_formula(t *testing.T) {
	a := new(limit.Adaptive)
	if got := a.Move(100, 20, 0); got != 20 { // 0.8×20 + 0.2×(20+4) = 20.8
		t.Errorf("bound is %d, want 20", got)
	}
	for range 300 {
		a.Move(100, 2000, 0)
	}
	if got := a.Move(100, 2000, 0); got < 250 || got > 1000 {
		t.Errorf("while nothing gets slower the bound is %d, want it to grow", got)
	}
	high := a.Move(100, 2000, 0)
	if got := a.Move(100, high/2-2, 0); got != high {
		t.Errorf("half used: the bound went from %d to %d", high, got)
	}
	if got := a.Move(100, 2000, 1); got < high*9/10-1 || got > high*9/10+1 {
		t.Errorf("a drop: the bound went from %d to %d", high, got)
	}
	before := a.Move(100, 2000, 0)
	if got := a.Move(1000, 2000, 0); got >= before {
		t.Errorf("ten times slower: the bound went from %d to %d", before, got)
	}
	for range 100 {
		a.Move(100000, 2000, 1)
	}
	if got := a.Bound(); got != 20 { // moves do not reach the gate by themselves
		t.Errorf("bound of the gate is %d", got)
	}
	if got := a.Move(1, 2000, 1); got != 4 {
		t.Errorf("the lowest bound is %d, want 4", got)
	}
}

func TestAdaptive_follows_the_server(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := new(limit.Adaptive)
		var in atomic.Int64
		// A server that does 30 at once, and gets slower in proportion beyond.
		h := a.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			n := in.Add(1)
			time.Sleep(time.Duration(max(30, n)) * time.Millisecond / 3)
			in.Add(-1)
		}))
		ctx, cancel := context.WithCancel(t.Context())
		for range 200 {
			go func() {
				for ctx.Err() == nil {
					if get(h, ann).Code == 503 {
						time.Sleep(50 * time.Millisecond)
					}
				}
			}()
		}
		time.Sleep(20 * time.Second)
		got := a.Bound()
		cancel()
		time.Sleep(time.Second)
		if got < 20 || got > 120 {
			t.Errorf("the bound settles at %d for a server that does 30 at once and 200 callers, want 20 to 120", got)
		}
	})
}

func TestAdaptive_drops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, h := range map[string]http.Handler{
			"503": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }),
			"timeout": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
			}),
		} {
			a := new(limit.Adaptive)
			wrapped := a.Handler(h)
			for range 120 {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				wrapped.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
				cancel()
				time.Sleep(10 * time.Millisecond)
			}
			if a.Bound() >= 20 {
				t.Errorf("%s: the bound is %d, want less than 20", name, a.Bound())
			}
		}
	})
}

func TestAdaptive_writer_can_be_unwrapped(t *testing.T) {
	h := new(limit.Adaptive).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		if s := w.(interface{ Status() int }).Status(); s != 0 {
			t.Errorf("status %d before anything was written", s)
		}
	}))
	get(h, ann)
}
