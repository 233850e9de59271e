package limit

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

var (
	errFull = errors.New("limit: too many requests in progress")
	errWait = errors.New("limit: waited too long for requests in progress")
)

// A gate lets a number of holders in and has others wait in a bounded queue,
// first come first served.
type gate struct {
	mu     sync.Mutex
	limit  int
	in     int
	queue  []*waiter
	atMost int // the most holders since it was last asked
}

// A waiter is closed under the gate's lock once it is let in.
type waiter struct {
	ready chan struct{}
	bulk  bool // not critical
}

// enter lets the caller in, at once or after at most wait in a queue of size
// queue; wait 0 is as long as ctx allows. A bulk caller leaves a fifth free.
func (g *gate) enter(ctx context.Context, queue int, wait time.Duration, bulk bool) error {
	g.mu.Lock()
	if g.fits(bulk) && len(g.queue) == 0 || g.fits(bulk) && !bulk && !g.critical() {
		g.admit()
		g.mu.Unlock()
		return nil
	}
	if len(g.queue) >= queue {
		g.mu.Unlock()
		return errFull
	}
	w := &waiter{make(chan struct{}), bulk}
	g.queue = append(g.queue, w)
	g.mu.Unlock()

	var timeout <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		return g.abandon(w, ctx.Err())
	case <-timeout:
		return g.abandon(w, errWait)
	}
}

// abandon takes w out of the queue, unless it was let in meanwhile.
func (g *gate) abandon(w *waiter, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, q := range g.queue {
		if q == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			return err
		}
	}
	return nil
}

func (g *gate) fits(bulk bool) bool {
	if bulk {
		return g.in < g.limit-(g.limit+4)/5
	}
	return g.in < g.limit
}

// critical reports whether somebody waits who is not bulk.
func (g *gate) critical() bool {
	for _, w := range g.queue {
		if !w.bulk {
			return true
		}
	}
	return false
}

func (g *gate) admit() {
	g.in++
	g.atMost = max(g.atMost, g.in)
}

// leave gives a place back and passes it on.
func (g *gate) leave() {
	g.mu.Lock()
	g.in--
	g.drain()
	g.mu.Unlock()
}

// drain lets in whom there is room for, critical ones first.
func (g *gate) drain() {
	for _, bulk := range [...]bool{false, true} {
		kept := g.queue[:0]
		for _, w := range g.queue {
			if w.bulk == bulk && g.fits(bulk) {
				g.admit()
				close(w.ready)
			} else {
				kept = append(kept, w)
			}
		}
		clear(g.queue[len(kept):])
		g.queue = kept
	}
}

// A Concurrency bounds how many requests are in progress at one time. The zero
// value refuses everything. Its methods may be called concurrently; its fields
// must not change after the first call.
type Concurrency struct {
	Limit int           // requests in progress
	Queue int           // requests that may wait for a place; 0 none
	Wait  time.Duration // how long one may wait; 0 is as long as its context

	// Critical tells requests that go first. If it is set, the others leave a
	// fifth of the places, at least one, to them. Nil means all are alike.
	Critical func(*http.Request) bool
	// Deny answers a refused request; nil means the error's own problem document, 503.
	Deny func(http.ResponseWriter, *http.Request, error)
	// Count is called with "allowed" or "refused", and "concurrency".
	Count func(event, limit string)

	once sync.Once
	gate gate
}

// Enter takes a place, waiting in the queue if it must, and returns what gives
// it back, which is to be called once. The error is a [*RefusedError], unless
// ctx is done.
func (c *Concurrency) Enter(ctx context.Context) (leave func(), err error) {
	if err := c.enter(ctx, false); err != nil {
		return nil, err
	}
	return sync.OnceFunc(c.gate.leave), nil
}

func (c *Concurrency) enter(ctx context.Context, bulk bool) error {
	c.once.Do(func() { c.gate.limit = c.Limit })
	return verdict(ctx, c.Count, "concurrency", c.gate.enter(ctx, c.Queue, c.Wait, bulk))
}

// verdict counts the outcome of a gate and makes it an error for clients.
func verdict(ctx context.Context, count func(event, limit string), name string, err error) error {
	event := "allowed"
	if err != nil {
		event = "refused"
		if ctx.Err() == nil {
			err = unavailable(err, time.Second)
		}
	}
	if count != nil {
		count(event, name)
	}
	return err
}

// Handler returns a handler that takes a place for each request while next
// handles it. It shows itself in route tables as that of a [Limiter] does.
func (c *Concurrency) Handler(next http.Handler) http.Handler {
	return &gated{next: next, describe: c.describe, deny: c.Deny, serve: func(w http.ResponseWriter, r *http.Request) error {
		if err := c.enter(r.Context(), c.Critical != nil && !c.Critical(r)); err != nil {
			return err
		}
		defer c.gate.leave()
		next.ServeHTTP(w, r)
		return nil
	}}
}

// A gated handler refuses what serve returns an error for.
type gated struct {
	next     http.Handler
	describe func() string
	deny     func(http.ResponseWriter, *http.Request, error)
	serve    func(http.ResponseWriter, *http.Request) error
}

func (g *gated) Unwrap() http.Handler { return g.next }
func (g *gated) Limit() string        { return g.describe() }
func (g *gated) Refusals() []error {
	return []error{&RefusedError{Status: http.StatusServiceUnavailable}}
}

func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := g.serve(w, r); err != nil {
		deny(g.deny, w, r, err)
	}
}
