package limit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// A Failure is what a [Limiter] does while its Store fails.
type Failure int

const (
	Local  Failure = iota // count in this process, a share of each limit by Replicas
	Open                  // admit everything, without headers; not for logins
	Closed                // refuse everything with 503
)

const (
	tries    = 5           // failures in a row before the store is left alone
	pause    = time.Second // for this long, then one call probes it
	patience = 50 * time.Millisecond
)

// A remote is the store of a Limiter and what stands before it.
type remote struct {
	l       *Limiter
	store   Store
	timeout time.Duration
	notes   Memory // until when a caller stays refused, and which ask often
	leases  leases
	fails   atomic.Int64
	resume  atomic.Int64 // when the next probe may go, once tries is reached
}

func newRemote(l *Limiter) *remote {
	rm := &remote{l: l, store: l.Store, timeout: l.Timeout}
	if rm.timeout == 0 {
		rm.timeout = patience
	}
	rm.notes.once.Do(rm.notes.init)
	return rm
}

// take charges c to the store, or to what stands in for it. An error that is
// no refusal is that of ctx.
func (rm *remote) take(ctx context.Context, c *Charge, caller [16]byte) error {
	c.far = &far{caller: caller}
	now := rm.notes.now()
	if c.cost > 0 {
		if cell := rm.notes.until(c.note(c.cost), now); cell > 0 {
			return c.wait(cell, now)
		}
		if as := rm.leases.spend(c, now); as != nil {
			return c.take(as, true)
		}
	}
	if !rm.available(now) {
		return rm.degraded(c, nil)
	}
	units := rm.units(c, now)
	as, err := rm.ask(ctx, c, units)
	if err == nil && units > c.cost && !allOK(as) {
		rm.remember(c, as, units, now)
		units = c.cost
		as, err = rm.ask(ctx, c, units)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("limit: %w", ctx.Err())
	case err != nil:
		return rm.degraded(c, err)
	case !allOK(as):
		rm.remember(c, as, units, now)
		return c.take(as, false)
	case units > c.cost:
		rm.leases.keep(c, as, units, now)
	}
	return c.take(as, true)
}

// units returns how many to take at once: a lease for a caller who was here
// within the last second, unless that was refused lately.
func (rm *remote) units(c *Charge, now int64) int64 {
	n := rm.l.Lease
	if n <= c.cost || c.cost == 0 {
		return c.cost
	}
	hot := rm.notes.until(c.note(0), now) > 0
	rm.notes.note(c.note(0), now+int64(time.Second), now)
	if !hot || rm.notes.until(c.note(n), now) > 0 || !rm.leases.room(now) {
		return c.cost
	}
	return n
}

// ask asks the store for units under every rule of c.
func (rm *remote) ask(ctx context.Context, c *Charge, units int64) ([]Answer, error) {
	asks := c.asks(units)
	var as []Answer
	err := rm.call(ctx, "limit.take", func(ctx context.Context) (err error) {
		as, err = rm.store.Take(ctx, asks)
		if err == nil && len(as) != len(asks) {
			err = errors.New("limit: store answered another number of asks")
		}
		return err
	})
	if err != nil {
		return nil, err // a late store may still write as
	}
	return as, nil
}

func (rm *remote) settle(ctx context.Context, c *Charge, delta int64) error {
	if !rm.available(rm.notes.now()) {
		return errors.New("limit: store is failing, charge not settled")
	}
	asks := c.asks(delta)
	return rm.call(ctx, "limit.settle", func(ctx context.Context) error {
		return rm.store.Settle(ctx, asks)
	})
}

func (c *Charge) asks(cost int64) []Ask {
	asks := make([]Ask, len(c.tier.rules))
	for i := range asks {
		r := &c.tier.rules[i]
		key := digest(r.seal[:], c.far.caller[:])
		asks[i] = Ask{Key: key[:], Quota: r.quota, Aligned: r.aligned, Every: time.Duration(r.each),
			Max: r.most, Cost: cost, Mark: c.mark(i)}
		if r.quota {
			asks[i].Every = time.Duration(r.per)
		}
	}
	return asks
}

// call runs f within the timeout, even if f does not heed its context.
func (rm *remote) call(ctx context.Context, name string, f func(context.Context) error) error {
	end := func(error) {}
	inner := ctx
	if rm.l.Span != nil {
		inner, end = rm.l.Span(ctx, name, slog.String("limiter", rm.l.Name))
	}
	inner, cancel := context.WithTimeout(inner, rm.timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("limit: store panicked: %v", p)
			}
		}()
		done <- f(inner)
	}()
	var err error
	select {
	case err = <-done:
	case <-inner.Done():
		err = inner.Err()
	}
	end(err)
	switch {
	case err == nil:
		rm.fails.Store(0)
	case ctx.Err() == nil: // else the caller gave up, not the store
		rm.resume.Store(rm.notes.now() + int64(pause))
		rm.fails.Add(1)
		if rm.l.Count != nil {
			rm.l.Count("store_error", "")
		}
	}
	return err
}

// available reports whether the store may be asked: it does not fail, or this is the probe.
func (rm *remote) available(now int64) bool {
	if rm.fails.Load() < tries {
		return true
	}
	at := rm.resume.Load()
	return at <= now && rm.resume.CompareAndSwap(at, now+int64(pause))
}

// degraded decides without the store.
func (rm *remote) degraded(c *Charge, err error) error {
	c.far = nil
	if rm.l.Count != nil {
		rm.l.Count("degraded", "")
	}
	switch rm.l.Failure {
	case Open:
		return nil
	case Closed:
		if err == nil {
			err = errors.New("limit: store is failing")
		}
		return unavailable(err, pause)
	}
	c.share = true
	return rm.l.local(c)
}

// remember keeps how long a cost stays refused, with the number of the rule
// in the lowest bits.
func (rm *remote) remember(c *Charge, as []Answer, cost, now int64) {
	var cell int64
	for i := range as {
		if as[i].OK {
			continue
		}
		_, _, retry := c.tier.rules[i].read(as[i], cost)
		if retry < 0 {
			return
		}
		cell = max(cell, (now+int64(retry)+maxAsks-1)&^(maxAsks-1)|int64(i))
	}
	rm.notes.note(c.note(cost), cell, now)
}

// note is the hash of what is remembered about a caller and a cost.
func (c *Charge) note(cost int64) uint64 {
	return mix(mix(c.hash, c.tier.rules[len(c.tier.rules)-1].id), uint64(cost))
}

// wait refuses c by what was remembered.
func (c *Charge) wait(cell, now int64) error {
	r := &c.tier.rules[cell&(maxAsks-1)]
	c.rule, c.answer = r, Answer{Now: now, At: cell, Used: r.most}
	if !r.quota {
		c.answer.At += (r.most - c.cost) * r.each
	}
	return c.refuse([]string{r.name})
}

func allOK(as []Answer) bool {
	for i := range as {
		if !as[i].OK {
			return false
		}
	}
	return true
}
