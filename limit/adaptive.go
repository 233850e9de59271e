package limit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// An Adaptive bounds how many requests are in progress by how long they take.
// When they take longer than they used to, it lets fewer in (Netflix's Gradient2);
// while they do not, it probes for more. The zero value is ready to use, on a
// group of routes that cost about the same. Its methods may be called
// concurrently; its fields must not change after the first call.
//
// After each window of at least 50 requests and one second, or 30 seconds, the
// bound moves to 0.8 × bound + 0.2 × (g × bound + 4), where g is 1.5 × the
// usual duration / that of the window, between 0.5 and 1. A window with a timeout
// or a 503 makes it 0.9 × bound. It stays while less than half is used.
type Adaptive struct {
	Min, Max, Start int           // bounds of the bound, and its first value; 0 means 4, 1,000 and 20
	Queue           int           // requests that may wait for a place; 0 none
	Wait            time.Duration // how long one may wait; 0 is as long as its context

	// Critical, Deny and Count are as in [Concurrency], Count with "adaptive".
	Critical func(*http.Request) bool
	Deny     func(http.ResponseWriter, *http.Request, error)
	Count    func(event, limit string)

	once   sync.Once
	gate   gate
	mu     sync.Mutex // guards what follows; taken before that of gate
	bound  float64
	opened time.Time
	n      int           // requests in the window
	sum    time.Duration // of their durations
	drops  int
	long   float64 // usual duration, in nanoseconds
}

const (
	minSamples = 50
	minWindow  = time.Second
	maxWindow  = 30 * time.Second
	memory     = 100 // windows that the usual duration is an average of
)

func (a *Adaptive) init() {
	a.Min, a.Max = or(a.Min, 4), or(a.Max, 1000)
	a.bound = float64(min(max(or(a.Start, 20), a.Min), a.Max))
	a.gate.limit = int(a.bound)
	a.opened = time.Now()
}

// Bound returns how many requests may be in progress now.
func (a *Adaptive) Bound() int {
	a.once.Do(a.init)
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	return a.gate.limit
}

// sample takes in that a request took d, and was dropped or not.
func (a *Adaptive) sample(d time.Duration, dropped bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	a.sum += d
	if dropped {
		a.drops++
	}
	if open := time.Since(a.opened); open < minWindow || a.n < minSamples && open < maxWindow {
		return
	}
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	a.move(float64(a.sum)/float64(a.n), a.gate.atMost)
	a.gate.limit = int(a.bound)
	a.gate.atMost = a.gate.in
	a.gate.drain()
	a.opened, a.n, a.sum, a.drops = time.Now(), 0, 0, 0
}

// move ends a window in which requests took short on average, and at most
// used of them were in progress at one time.
func (a *Adaptive) move(short float64, used int) {
	if a.long == 0 {
		a.long = short
	}
	a.long += (short - a.long) * 2 / (memory + 1)
	if a.long > 2*short {
		a.long *= 0.95 // it was slow for a long time and is not any more
	}
	switch {
	case a.drops > 0:
		a.bound *= 0.9
	case float64(used) < a.bound/2:
		return
	default:
		g := min(max(1.5*a.long/max(short, 1), 0.5), 1)
		a.bound = 0.8*a.bound + 0.2*(g*a.bound+4)
	}
	a.bound = min(max(a.bound, float64(a.Min)), float64(a.Max))
}

// Handler returns a handler that takes a place for each request while next
// handles it, and learns from how long that takes. It shows itself in route
// tables as that of a [Limiter] does.
func (a *Adaptive) Handler(next http.Handler) http.Handler {
	a.once.Do(a.init)
	return &gated{next: next, describe: a.describe, deny: a.Deny, serve: func(w http.ResponseWriter, r *http.Request) error {
		bulk := a.Critical != nil && !a.Critical(r)
		if err := verdict(r.Context(), a.Count, "adaptive", a.gate.enter(r.Context(), a.Queue, a.Wait, bulk)); err != nil {
			return err
		}
		start, dropped := time.Now(), true // a panic counts as a drop
		defer func() {
			a.gate.leave()
			a.sample(time.Since(start), dropped)
		}()
		sw := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(sw, r)
		dropped = sw.status == http.StatusServiceUnavailable || errors.Is(r.Context().Err(), context.DeadlineExceeded)
		return nil
	}}
}

func (a *Adaptive) describe() string {
	return fmt.Sprintf("%d to %d in progress, adaptive", a.Min, a.Max)
}

func (c *Concurrency) describe() string {
	if c.Limit <= 0 {
		return "refuses everything: no places"
	}
	return fmt.Sprintf("%d in progress", c.Limit)
}

// A statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status returns the status sent, 0 before.
func (w *statusWriter) Status() int { return w.status }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}
