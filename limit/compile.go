package limit

import (
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A tier is one list of limits, ready to be charged.
type tier struct {
	rules  []rule
	shares []rule // what this process admits by itself when the store is gone
	policy string // RateLimit-Policy
}

var errZero = errors.New("limit: a Limiter without limits refuses everything")

// compile turns the fields into what requests need. If they contradict each
// other err says so.
func (l *Limiter) compile() {
	if l.err = l.build(); l.err != nil && l.err != errZero {
		l.err = fmt.Errorf("limit: %w", l.err)
	}
}

func (l *Limiter) build() error {
	if err := l.contradiction(); err != nil {
		return err
	}
	if l.parts = l.Key; len(l.parts) == 0 {
		l.parts = []Part{Client{}}
	}
	if m, ok := l.Store.(*Memory); ok {
		l.mem = m
	} else {
		l.mem = new(Memory)
		if l.Store != nil {
			l.remote = newRemote(l)
		}
	}
	l.mem.once.Do(l.mem.init)
	var err error
	if l.base, err = l.tier("", nil); err != nil {
		return err
	}
	l.tiers = make(map[string]*tier, len(l.Tiers))
	var slowest float64
	for _, name := range slices.Sorted(maps.Keys(l.Tiers)) {
		t, err := l.tier("tier "+name, l.Tiers[name])
		if err != nil {
			return fmt.Errorf("tier %q: %w", name, err)
		}
		l.tiers[name] = t
		if s := t.speed(); len(t.rules) > 0 && (l.fallback == nil || s < slowest) {
			l.fallback, slowest = t, s
		}
	}
	if l.Tier != nil && l.fallback == nil {
		return errors.New("no tier has a limit")
	}
	return nil
}

func (l *Limiter) contradiction() error {
	switch {
	case len(l.Limits) == 0 && len(l.Tiers) == 0:
		return errZero
	case (l.Tier == nil) != (len(l.Tiers) == 0):
		return errors.New("fields Tier and Tiers need each other")
	case l.Store != nil && l.Name == "":
		return errors.New("a Limiter with a Store needs a Name")
	case l.Lease < 0, l.MaxCost < 0, l.Replicas < 0, l.Timeout < 0:
		return errors.New("fields Lease, MaxCost, Replicas and Timeout must not be negative")
	case l.Lease > 0 && l.Store == nil:
		return errors.New("a Lease needs a Store")
	case l.Failure > Closed:
		return errors.New("unknown Failure")
	}
	return nil
}

// tier compiles Limits and a tier's own limits; the scope sets those apart from
// the ones of other tiers.
func (l *Limiter) tier(scope string, own []Limit) (*tier, error) {
	t := new(tier)
	if scope != "" && len(own) == 0 {
		return nil, errors.New("no limits; say Unlimited if that is meant")
	}
	if len(own) == 1 && own[0] == Unlimited {
		own = nil
	}
	for i, lim := range slices.Concat(l.Limits, own) {
		if lim == nil {
			return nil, errors.New("nil Limit")
		}
		r, err := lim.rule()
		if err != nil {
			return nil, err
		}
		if l.Lease > r.most {
			return nil, fmt.Errorf("a Lease is more than limit %q holds", r.name)
		}
		s := scope
		if i < len(l.Limits) {
			s = "" // every tier shares these
		}
		if slices.ContainsFunc(t.rules, func(o rule) bool { return o.name == r.name }) {
			return nil, fmt.Errorf("two limits are called %q", r.name)
		}
		id := appendText(appendText(appendText(nil, l.Name), s), r.name)
		r.id = maphash.Bytes(l.mem.seed, id)
		r.seal = digest(nil, id)
		t.rules = append(t.rules, r)
		t.shares = append(t.shares, r.share(max(1, int64(l.Replicas))))
	}
	if len(t.rules) > maxAsks {
		return nil, errors.New("more than 8 limits")
	}
	t.policy = policy(t.rules)
	return t, nil
}

// appendText appends s with its length in front.
func appendText(dst []byte, s string) []byte {
	return append(strconv.AppendInt(dst, int64(len(s)), 10), ":"+s...)
}

// speed is the lowest sustained rate of t's limits.
func (t *tier) speed() float64 {
	var s float64
	for i, r := range t.rules {
		if v := float64(r.count) / float64(r.per); i == 0 || v < s {
			s = v
		}
	}
	return s
}

func (t *tier) String() string {
	if len(t.rules) == 0 {
		return "unlimited"
	}
	var s []string
	for i := range t.rules {
		s = append(s, t.rules[i].String())
	}
	return strings.Join(s, " and ")
}

// describe says in a line what l limits: "100/1m0s per client address".
func (l *Limiter) describe() string {
	if l.err != nil {
		return "refuses everything: " + l.err.Error()
	}
	var s []string
	if len(l.base.rules) > 0 {
		s = append(s, l.base.String())
	}
	for _, name := range slices.Sorted(maps.Keys(l.tiers)) {
		own := *l.tiers[name]
		own.rules = own.rules[len(l.base.rules):]
		s = append(s, name+" "+own.String())
	}
	var by []string
	for _, p := range l.parts {
		by = append(by, p.String())
	}
	return strings.Join(s, ", ") + " per " + strings.Join(by, " and ")
}
