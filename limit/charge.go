package limit

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"time"
)

// A Charge is what a caller spent and has left. If there were several limits
// it speaks of one: the first that refused, else the one with least left in
// proportion.
type Charge struct {
	Policy    string        // the name of that limit; "" if nothing was counted
	Limit     int64         // units it holds when full
	Remaining int64         // units left, at least 0
	Reset     time.Duration // until it is full again, or its window ends
	Retry     time.Duration // until the same cost would pass; 0 now, -1 never

	limiter *Limiter
	rules   []rule
	policy  string // RateLimit-Policy
	every   int64  // time for a unit to come back in the long run
	hash    uint64
	caller  [16]byte
	cost    int64 // as last settled
	marks   [maxAsks]int64
	stored  bool // in the store, not in memory
	known   bool // the numbers above were computed
}

// Settle says what an admitted charge cost in the end. Units that it still
// holds come back: those that time has returned already are someone else's by now.
// Actual units above the reserved ones are charged even past the limit, and
// the caller waits until the debt is paid, for a quota at most to the end of the
// window. Settle may be called again with a better figure, but not concurrently.
func (c *Charge) Settle(ctx context.Context, actual int64) error {
	switch {
	case actual < 0:
		return costly(actual)
	case !c.known:
		return errors.New("limit: nothing was charged")
	}
	delta := actual - c.cost
	if delta == 0 {
		return nil
	}
	if !c.stored {
		var es [maxAsks]entry
		for i := range c.rules {
			r := &c.rules[i]
			es[i] = entry{r, mix(c.hash, r.id), delta, c.marks[i]}
		}
		c.limiter.mem.settle(es[:len(c.rules)])
	} else if err := c.limiter.remote.settle(ctx, c, delta); err != nil {
		return err
	}
	c.cost = actual
	for i := range c.rules {
		if r := &c.rules[i]; !r.quota && delta < 0 {
			c.marks[i] += delta * r.each // what came back is not held any more
		}
	}
	return nil
}

// Settle says, in a handler, what the request cost in the end: to every limiter
// with a Cost that the request has passed. See [Charge.Settle]. It is an error
// if there is none.
func Settle(ctx context.Context, actual int64) error {
	p, _ := ctx.Value(pendingKey{}).(*pending)
	if p == nil {
		return errors.New("limit: no limiter with a Cost before this handler")
	}
	var errs []error
	for ; p != nil; p = p.outer {
		if p.known {
			errs = append(errs, p.Settle(ctx, actual))
		}
	}
	return errors.Join(errs...)
}

type pendingKey struct{}

// A pending charge waits for Settle; outer is that of a limiter further out.
type pending struct {
	Charge
	outer *pending
}

// read takes the numbers of answers into c and returns the refusal if not ok.
func (c *Charge) read(as []Answer, ok bool) error {
	var refused []string
	least := 2.0
	for i, a := range as {
		r := &c.rules[i]
		if c.marks[i] = a.At; !r.quota {
			c.marks[i] = a.Now + c.cost*r.each
		}
		if a.OK != ok { // of a refusal, only those that refuse matter
			continue
		}
		left, reset, retry := r.read(a, c.cost)
		share := float64(left) / float64(r.most)
		if !ok {
			refused = append(refused, r.name)
			share = -float64(retry) // who waits for the longest has waited for all
			if retry < 0 {
				share = -math.MaxFloat64
			}
		}
		if share < least {
			least = share
			c.Policy, c.Limit, c.Remaining, c.Reset, c.Retry, c.every = r.name, r.most, left, reset, retry, r.each
		}
	}
	c.known = true
	if ok {
		return nil
	}
	return c.refuse(refused)
}

// digest is a key as stores see it: what it was made of cannot be read back.
func digest(salt, key []byte) [16]byte {
	sum := sha256.Sum256(append(salt[:len(salt):len(salt)], key...))
	return [16]byte(sum[:16])
}
