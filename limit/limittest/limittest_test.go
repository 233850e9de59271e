package limittest

import (
	"context"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// A liar passes calls to a good store and then spoils something.
type liar struct {
	limit.Store
	asks    func([]limit.Ask) []limit.Ask
	answers func([]limit.Ask, []limit.Answer) []limit.Answer
	settle  func([]limit.Ask) []limit.Ask
}

func (l liar) Take(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	if l.asks != nil {
		asks = l.asks(append([]limit.Ask(nil), asks...))
	}
	as, err := l.Store.Take(ctx, asks)
	if l.answers != nil && err == nil {
		as = l.answers(asks, as)
	}
	return as, err
}

func (l liar) Settle(ctx context.Context, asks []limit.Ask) error {
	if l.settle != nil {
		asks = l.settle(append([]limit.Ask(nil), asks...))
	}
	return l.Store.Settle(ctx, asks)
}

// each changes every ask.
func each(f func(*limit.Ask)) func([]limit.Ask) []limit.Ask {
	return func(asks []limit.Ask) []limit.Ask {
		for i := range asks {
			f(&asks[i])
		}
		return asks
	}
}

// piecemeal charges asks one after another, as if they were alone.
type piecemeal struct{ limit.Store }

func (p piecemeal) Take(ctx context.Context, asks []limit.Ask) (as []limit.Answer, err error) {
	for _, q := range asks {
		a, err := p.Store.Take(ctx, []limit.Ask{q})
		if err != nil {
			return nil, err
		}
		as = append(as, a...)
	}
	return as, nil
}

// racy looks first and charges later.
type racy struct{ limit.Store }

func (r racy) Take(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	look := append([]limit.Ask(nil), asks...)
	for i := range look {
		look[i].Cost = 0
	}
	as, err := r.Store.Take(ctx, look)
	if err != nil {
		return nil, err
	}
	ok := true
	for i := range as {
		q := asks[i]
		if q.Quota {
			as[i].OK = as[i].Used+q.Cost <= q.Max
		} else {
			as[i].OK = q.Cost <= q.Max && as[i].At+q.Cost*int64(q.Every)-as[i].Now <= q.Max*int64(q.Every)
		}
		ok = ok && as[i].OK
	}
	if ok {
		wait(ctx, time.Millisecond) // gives the others the time to do the same
		return as, r.Settle(ctx, asks)
	}
	return as, nil
}

func TestSuite_passes_a_good_store_and_finds_faults(t *testing.T) {
	// The cases are held against one fault each; a store without faults passes all.
	faults := map[string]func(limit.Store) limit.Store{
		"none": func(s limit.Store) limit.Store { return s },
		"admits one more than the burst": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Max++ })}
		},
		"ignores cost": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Cost = min(q.Cost, 1) })}
		},
		"mixes up keys": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Key = q.Key[:8] })}
		},
		"takes negative costs for 0": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Cost = max(q.Cost, 0) })}
		},
		"is twice too fast": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Every /= 2 })}
		},
		"does not align": func(s limit.Store) limit.Store {
			return liar{Store: s, asks: each(func(q *limit.Ask) { q.Aligned = false })}
		},
		"admits everything": func(s limit.Store) limit.Store {
			return liar{Store: s, answers: func(_ []limit.Ask, as []limit.Answer) []limit.Answer {
				for i := range as {
					as[i].OK = true
				}
				return as
			}}
		},
		"forgets answers": func(s limit.Store) limit.Store {
			return liar{Store: s, answers: func(_ []limit.Ask, as []limit.Answer) []limit.Answer { return as[:len(as)-1] }}
		},
		"refunds nothing": func(s limit.Store) limit.Store {
			return liar{Store: s, settle: each(func(q *limit.Ask) { q.Cost = max(q.Cost, 0) })}
		},
		"knows no debt": func(s limit.Store) limit.Store {
			return liar{Store: s, settle: each(func(q *limit.Ask) { q.Cost = min(q.Cost, 0) })}
		},
		"refunds what is gone": func(s limit.Store) limit.Store {
			return liar{Store: s, settle: each(func(q *limit.Ask) { q.Mark = 1 << 62 })}
		},
		"charges piecemeal":   func(s limit.Store) limit.Store { return piecemeal{s} },
		"looks, then charges": func(s limit.Store) limit.Store { return racy{s} },
	}
	for name, spoil := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := ""
			for _, c := range cases {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				err := c.check(ctx, spoil(new(limit.Memory)))
				cancel()
				if err != nil {
					found = c.claim + ": " + err.Error()
					break
				}
			}
			if (found == "") != (name == "none") {
				t.Errorf("found %q", found)
			}
		})
	}
}
