package limit

import "sync"

// Leases are units that were taken from the store and not yet spent. A unit of
// a rate may be spent only while the store surely holds it against the key: n
// units for n times Every after they were taken, one less with each. So a lease changes
// nothing about what a rate admits in any span of time. A unit of a quota may be
// spent until its window ends.
type leases struct {
	mu sync.Mutex
	m  map[uint64]lease
}

const maxLeases = 4096

type lease struct {
	from, until int64 // rate: the span of the units left; quota: until is the window's end
	units, used int64 // quota: units left; units used in the window, with these
	mark        int64 // the store's instant for until
	behind      int64 // rate: what the key owed before these
}

// spend takes c's cost out of the leases of all its rules and answers as the
// store would, or returns nil.
func (ls *leases) spend(c *Charge, now int64) []Answer {
	if c.limiter.Lease <= c.cost {
		return nil
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var next [maxAsks]lease
	rules := c.tier.rules
	for i := range rules {
		r := &rules[i]
		n, ok := ls.m[mix(c.hash, r.id)]
		if !ok || n.until <= now {
			return nil
		}
		n.from = max(n.from, now) + c.cost*r.each
		n.units -= c.cost
		if r.quota && n.units < 0 || !r.quota && n.from > n.until {
			return nil
		}
		next[i] = n
	}
	as := make([]Answer, len(rules))
	for i := range rules {
		r, n := &rules[i], next[i]
		ls.m[mix(c.hash, r.id)] = n
		// On the store's clock, now is as far before the mark as before until.
		as[i] = Answer{OK: true, Now: n.mark - (n.until - now), At: n.mark, Used: n.used - n.units}
		if !r.quota {
			as[i].At += n.behind - (n.until - n.from)
		}
	}
	return as
}

// keep keeps what is left of a take of units, asked for at now, and changes the
// answers to those of c's cost alone.
func (ls *leases) keep(c *Charge, as []Answer, units, now int64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.m == nil {
		ls.m = make(map[uint64]lease)
	}
	left := units - c.cost
	for i := range as {
		r, a := &c.tier.rules[i], &as[i]
		n := lease{until: now + a.At - a.Now, units: left, used: a.Used, mark: a.At}
		if !r.quota {
			n.until = now + units*r.each
			n.from = n.until - left*r.each
			n.mark = a.Now + units*r.each
			n.behind = a.At - n.mark
		}
		ls.m[mix(c.hash, r.id)] = n
		if r.quota {
			a.Used -= left
		} else {
			a.At -= left * r.each
		}
	}
}

// room reports whether a lease can be kept, after dropping old ones if need be.
func (ls *leases) room(now int64) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if len(ls.m) > maxLeases-maxAsks {
		for k, n := range ls.m {
			if n.until <= now {
				delete(ls.m, k)
			}
		}
	}
	return len(ls.m) <= maxLeases-maxAsks
}
