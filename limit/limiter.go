package limit

import (
	"context"
	"hash/maphash"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A Limiter charges requests to limits, by caller. The zero value refuses
// everything. Its methods may be called concurrently; its fields must not
// change after the first call, and it must not be copied then.
type Limiter struct {
	// Name sets this limiter's counts apart in a Store, where it is required.
	Name string

	// Limits are charged together, all or none; at most 8 with those of a tier.
	// Their names must differ.
	Limits []Limit

	// Tier names the caller's tier, whose limits in Tiers are charged besides
	// Limits. A name that is not in Tiers gets the strictest of them: the one
	// with the lowest sustained rate. Both are set or neither.
	Tier  func(*http.Request) string
	Tiers map[string][]Limit

	// Key is what sets callers apart; nil means the peer's address, Client{}.
	Key []Part

	// Cost is the units a request is charged before it is handled; nil means 1.
	// It must not be negative; 0 is free. A request that costs more than MaxCost,
	// if that is not 0, is refused. Only with Cost can a handler [Settle].
	Cost    func(*http.Request) int64
	MaxCost int64

	Store   Store         // nil means memory of this process
	Failure Failure       // what happens when Store fails
	Timeout time.Duration // for one call of Store; 0 means 50 ms
	// Replicas is by how many processes a limit is divided in mode Local; 0 means 1.
	Replicas int
	// Lease is the units to take from Store at once and then spend here; 0
	// means none. What is left is lost when it grows old or the process ends.
	Lease int64

	// Shadow decides and counts, but refuses nothing and sends no headers.
	Shadow bool
	// Abuse marks refusals as abnormal usage rather than a spent quota.
	Abuse bool
	// Jitter lengthens Retry-After by up to a tenth, so that callers who were
	// refused together do not return together.
	Jitter bool
	// HideIETF leaves out RateLimit and RateLimit-Policy, HideLegacy leaves out X-RateLimit-*.
	HideIETF, HideLegacy bool

	// Deny answers a refused request, with a [*RefusedError]; nil means the
	// error's own problem document. Headers are set already.
	Deny func(http.ResponseWriter, *http.Request, error)

	// Count is called with what happened: "allowed", "refused", "shadow" (would
	// have been refused), "near" (four fifths are spent), "overflow" (the table
	// was full for this caller), "store_error", or "degraded" (decided without the
	// store); and with the name of the limit it happened to, if it was one. It
	// is called on the request's path, concurrently.
	Count func(event, limit string)

	// Span wraps each call of Store; nil costs nothing.
	Span func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error))

	// Needs names what outer middleware must provide, for the route table.
	Needs []string

	once sync.Once
	err  error // why everything is refused
	// The rest is set once, from the fields above.
	base     *tier
	tiers    map[string]*tier
	fallback *tier // of names that are not in tiers
	parts    []Part
	mem      *Memory
	remote   *remote
}

// Take charges cost units to a key under Limits, for uses other than HTTP
// requests: a queue worker, an upstream. Cost 0 only looks. The error is a
// [*RefusedError] unless ctx is done; the charge tells what is left in both cases.
func (l *Limiter) Take(ctx context.Context, key string, cost int64) (c Charge, err error) {
	l.once.Do(l.compile)
	if l.err != nil {
		return c, l.broken()
	}
	var k []byte
	if l.remote != nil {
		k = []byte(key)
	}
	c.hash = maphash.String(l.mem.seed, key)
	return c, l.charge(ctx, &c, l.base, k, cost)
}

// Check charges a request, like Handler, and returns nil or a [*RefusedError]
// unless the request's context is done.
func (l *Limiter) Check(r *http.Request) error {
	var c Charge
	return l.request(&c, r)
}

// request charges r. In shadow mode a refusal is counted but not returned.
func (l *Limiter) request(c *Charge, r *http.Request) error {
	l.once.Do(l.compile)
	if l.err != nil {
		return l.broken()
	}
	t := l.base
	if l.Tier != nil {
		if t = l.tiers[l.Tier(r)]; t == nil {
			t = l.fallback
		}
	}
	if len(t.rules) == 0 {
		return nil // Unlimited
	}
	cost := int64(1)
	if l.Cost != nil {
		cost = l.Cost(r)
	}
	b := keys.Get().(*[]byte)
	*b = appendKey((*b)[:0], l.parts, r)
	c.hash = maphash.Bytes(l.mem.seed, *b)
	err := l.charge(r.Context(), c, t, *b, cost)
	if cap(*b) <= 4096 {
		keys.Put(b)
	}
	return err
}

// charge takes cost units under t from the key that c has the hash of. The key
// itself is for the store only.
func (l *Limiter) charge(ctx context.Context, c *Charge, t *tier, key []byte, cost int64) error {
	c.limiter, c.tier, c.cost, c.held = l, t, cost, cost
	if len(t.rules) == 0 {
		return l.broken()
	}
	if cost < 0 || l.MaxCost > 0 && cost > l.MaxCost {
		return l.verdict(c, costly(cost))
	}
	if l.remote == nil {
		return l.verdict(c, l.local(c))
	}
	err := l.remote.take(ctx, c, digest(nil, key))
	if _, refused := err.(*RefusedError); err != nil && !refused {
		return err // ctx is done: nobody waits for a verdict
	}
	return l.verdict(c, err)
}

// local charges c to memory and returns nil or a refusal.
func (l *Limiter) local(c *Charge) error {
	rules := c.rules()
	if len(rules) == 1 {
		r := &rules[0]
		a, over := l.mem.one(r, mix(c.hash, r.id), c.cost)
		if over && l.Count != nil {
			l.Count("overflow", r.name)
		}
		if a.OK && !r.quota {
			c.rule, c.answer = r, a
			return nil
		}
		return c.take([]Answer{a}, a.OK)
	}
	return l.several(c, rules)
}

func (l *Limiter) several(c *Charge, rules []rule) error {
	var es [maxAsks]entry
	var out [maxAsks]Answer
	n := len(rules)
	for i := range rules {
		es[i] = entry{rule: &rules[i], hash: mix(c.hash, rules[i].id), cost: c.cost}
	}
	ok, overflow := l.mem.take(es[:n], out[:n])
	if overflow != 0 && l.Count != nil {
		for i := range rules {
			if overflow&(1<<i) != 0 {
				l.Count("overflow", rules[i].name)
			}
		}
	}
	return c.take(out[:n], ok)
}

// verdict counts what was decided, and lets everything pass in shadow mode.
func (l *Limiter) verdict(c *Charge, err error) error {
	if l.Count == nil && !l.Shadow {
		return err
	}
	return l.counted(c, err)
}

func (l *Limiter) counted(c *Charge, err error) error {
	if l.Count != nil {
		switch {
		case err != nil && l.Shadow:
			l.Count("shadow", c.Policy())
		case err != nil:
			l.Count("refused", c.Policy())
		default:
			l.Count("allowed", c.Policy())
			if c.rule != nil && c.Remaining() <= c.rule.most/5 {
				l.Count("near", c.Policy())
			}
		}
	}
	if l.Shadow {
		return nil
	}
	return err
}
