package limit

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"time"
)

// A Charge is what a caller spent and has left. If there were several limits
// it speaks of one: of those that refused the one that does so longest, else the
// one with least left in proportion.
type Charge struct {
	limiter *Limiter
	tier    *tier
	rule    *rule  // the one it speaks of; nil if nothing was counted
	answer  Answer // about rule
	hash    uint64
	cost    int64 // as last settled
	held    int64 // units charged at first, less what came back
	far     *far  // in the store, not in memory
	share   bool  // of the tier's shares, not its rules
	closing uint8 // which quotas were so close to their end that nothing comes back
}

// far is what only a charge in a store needs.
type far struct {
	caller [16]byte
	marks  [maxAsks]int64
}

// Policy returns the name of the limit that the charge speaks of, or "" if
// nothing was counted.
func (c *Charge) Policy() string {
	if c.rule == nil {
		return ""
	}
	return c.rule.name
}

// Limit returns the units that the limit holds when full.
func (c *Charge) Limit() int64 {
	if c.rule == nil {
		return 0
	}
	return c.rule.most
}

// Remaining returns the units that are left, at least 0.
func (c *Charge) Remaining() int64 {
	n, _, _ := c.read()
	return n
}

// Reset returns how long it takes until all units are back.
func (c *Charge) Reset() time.Duration {
	_, d, _ := c.read()
	return d
}

// Retry returns how long it takes until the same cost would pass: 0 if it would
// now, -1 if it never will.
func (c *Charge) Retry() time.Duration {
	_, _, d := c.read()
	return d
}

func (c *Charge) read() (left int64, reset, retry time.Duration) {
	if c.rule == nil {
		return 0, 0, 0
	}
	return c.rule.read(c.answer, c.cost)
}

// charged reports whether anything was: not so a refusal, even one that passed
// as a shadow.
func (c *Charge) charged() bool { return c.rule != nil && c.answer.OK }

func (c *Charge) rules() []rule {
	if c.share {
		return c.tier.shares
	}
	return c.tier.rules
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
	case !c.charged():
		return errors.New("limit: nothing was charged")
	}
	delta := actual - c.cost
	if delta == 0 {
		return nil
	}
	if c.far != nil {
		if err := c.limiter.remote.settle(ctx, c, delta); err != nil {
			return err
		}
	} else {
		var es [maxAsks]entry
		rules := c.rules()
		for i := range rules {
			es[i] = entry{&rules[i], mix(c.hash, rules[i].id), delta, c.mark(i)}
		}
		c.limiter.mem.settle(es[:len(rules)])
	}
	c.cost = actual
	c.held += min(0, delta)
	return nil
}

// mark returns the instant after which rule i holds nothing of c.
func (c *Charge) mark(i int) int64 {
	r := &c.rules()[i]
	switch {
	case !r.quota:
		return c.answer.Now + c.held*r.each
	case c.far != nil:
		return c.far.marks[i]
	case c.closing&(1<<i) != 0:
		return 0
	}
	return c.answer.Now + r.per + 1<<r.shift // before the next window can end
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
		if p.charged() {
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

// take takes answers in, one for each rule, and returns the refusal if not ok.
func (c *Charge) take(as []Answer, ok bool) error {
	rules := c.rules()
	var refused []string
	least := 2.0
	for i := range as {
		a, r := as[i], &rules[i]
		if r.quota && a.At-a.Now <= 1<<r.shift {
			c.closing |= 1 << i
		}
		if c.far != nil {
			c.far.marks[i] = a.At
		}
		if a.OK != ok { // of a refusal, only those that refuse matter
			continue
		}
		left, _, retry := r.read(a, c.cost)
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
			c.rule, c.answer = r, a
		}
	}
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
