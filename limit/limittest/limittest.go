// Package limittest holds what every [limit.Store] must do, as a test suite.
//
//	func TestStore(t *testing.T) {
//		limittest.Run(t, func(t *testing.T) limit.Store { return &redislimit.Store{...} })
//	}
//
// The suite goes by the store's own clock, as its answers tell it, and waits
// for real time where a limit needs it, a second or two in all.
package limittest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// Run runs the suite. It calls open once for each case, so that the store may be
// new each time, though it need not be.
func Run(t *testing.T, open func(t *testing.T) limit.Store) {
	for _, c := range cases {
		t.Run(c.claim, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.check(ctx, open(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A case is one rule in words and the check that a store keeps it.
type testCase struct {
	claim string
	check func(context.Context, limit.Store) error
}

var cases = []testCase{
	{"a rate admits its burst and no more", rateBurst},
	{"a refusal charges nothing", refusalIsFree},
	{"who waits as long as told passes", waiting},
	{"a cost above the limit never passes and leaves no trace", tooCostly},
	{"cost 0 only looks", peeking},
	{"a quota admits exactly its count in a window", quotaCount},
	{"a window begins at the first use", firstUse},
	{"an aligned window ends with the clock's", alignedWindow},
	{"a spent quota is whole again after its window", nextWindow},
	{"several asks are charged together or not at all", together},
	{"keys are bytes and do not mix", binaryKeys},
	{"a refund gives back what the charge still holds", refund},
	{"a refund after the window gives nothing", lateRefund},
	{"a refund of spent time gives nothing", drainedRefund},
	{"a debt keeps its key out until it is paid", debt},
	{"settling takes the units of asks of both kinds", settleTogether},
	{"concurrent callers never get more than there is", concurrent},
	{"concurrent callers of new keys never get more than there is", newKeys},
	{"concurrent callers of several limits never get more than the least", concurrentTogether},
	{"a negative cost is an error", negative},
}

func key() []byte {
	k := make([]byte, 16)
	_, _ = rand.Read(k) // never fails
	return k
}

func rate(every time.Duration, burst, cost int64) limit.Ask {
	return limit.Ask{Key: key(), Every: every, Max: burst, Cost: cost}
}

func quota(window time.Duration, most, cost int64) limit.Ask {
	return limit.Ask{Key: key(), Quota: true, Every: window, Max: most, Cost: cost}
}

// charged returns q with the mark of its take.
func charged(q limit.Ask, a limit.Answer) limit.Ask {
	if q.Mark = a.At; !q.Quota {
		q.Mark = a.Now + q.Cost*int64(q.Every)
	}
	return q
}

// with returns q at another cost.
func with(q limit.Ask, cost int64) limit.Ask {
	q.Cost = cost
	return q
}

// want takes asks and checks which of them pass.
func want(ctx context.Context, s limit.Store, ok []bool, asks ...limit.Ask) ([]limit.Answer, error) {
	as, err := s.Take(ctx, asks)
	if err != nil {
		return nil, fmt.Errorf("take: %w", err)
	}
	if len(as) != len(asks) {
		return nil, fmt.Errorf("got %d answers to %d asks", len(as), len(asks))
	}
	for i, a := range as {
		if a.OK != ok[i] {
			return as, fmt.Errorf("ask %d (max %d, cost %d): OK is %v, want %v; answer %+v", i, asks[i].Max, asks[i].Cost, a.OK, ok[i], a)
		}
		if a.At < a.Now {
			return as, fmt.Errorf("ask %d: At %d is before Now %d", i, a.At, a.Now)
		}
	}
	return as, nil
}

var yes, no = []bool{true}, []bool{false}

// all runs steps until one fails.
func all(steps ...func() error) error {
	for _, f := range steps {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func take(ctx context.Context, s limit.Store, ok []bool, asks ...limit.Ask) func() error {
	return func() error {
		_, err := want(ctx, s, ok, asks...)
		return err
	}
}

func settle(ctx context.Context, s limit.Store, asks ...limit.Ask) func() error {
	return func() error { return s.Settle(ctx, asks) }
}

func rateBurst(ctx context.Context, s limit.Store) error {
	q := rate(time.Hour, 5, 1)
	for i := range int64(5) {
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		if got, most := as[0].At-as[0].Now, (i+1)*int64(time.Hour); got > most || got < most-int64(time.Minute) {
			return fmt.Errorf("take %d: At is %s after Now, want %s", i, time.Duration(got), time.Duration(most))
		}
	}
	return take(ctx, s, no, q)()
}

func refusalIsFree(ctx context.Context, s limit.Store) error {
	q, p := rate(time.Hour, 5, 4), quota(time.Hour, 5, 4)
	return all(take(ctx, s, yes, q), take(ctx, s, no, with(q, 3)), take(ctx, s, no, with(q, 2)), take(ctx, s, yes, with(q, 1)), take(ctx, s, no, with(q, 1)),
		take(ctx, s, yes, p), take(ctx, s, no, with(p, 3)), take(ctx, s, no, with(p, 2)), take(ctx, s, yes, with(p, 1)), take(ctx, s, no, with(p, 1)))
}

func waiting(ctx context.Context, s limit.Store) error {
	q := rate(20*time.Millisecond, 3, 3)
	if err := take(ctx, s, yes, q)(); err != nil {
		return err
	}
	as, err := s.Take(ctx, []limit.Ask{q})
	if err != nil || as[0].OK {
		return err // so slow that the burst is back already
	}
	wait(ctx, time.Duration(as[0].At-as[0].Now+int64(q.Every)*(q.Cost-q.Max))+2*time.Millisecond)
	return take(ctx, s, yes, q)()
}

// wait waits for real time: the store's clock is not ours to turn.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func tooCostly(ctx context.Context, s limit.Store) error {
	q, p := rate(time.Minute, 5, 6), quota(time.Hour, 5, 6)
	huge := int64(1) << 62
	return all(take(ctx, s, no, q), take(ctx, s, no, with(q, huge)), take(ctx, s, yes, with(q, 5)), take(ctx, s, no, with(q, huge)),
		take(ctx, s, no, p), take(ctx, s, no, with(p, huge)), take(ctx, s, yes, with(p, 5)), take(ctx, s, no, with(p, huge)))
}

func peeking(ctx context.Context, s limit.Store) error {
	for _, q := range []limit.Ask{rate(time.Hour, 2, 0), quota(time.Hour, 2, 0)} {
		for range 3 {
			as, err := want(ctx, s, yes, q)
			if err != nil {
				return err
			}
			if as[0].At != as[0].Now || as[0].Used != 0 {
				return fmt.Errorf("looking at a new key changed it: %+v", as[0])
			}
		}
		if err := take(ctx, s, yes, with(q, 2))(); err != nil {
			return err
		}
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		if q.Quota && as[0].Used != 2 || as[0].At == as[0].Now {
			return fmt.Errorf("looking at a spent key does not tell: %+v", as[0])
		}
	}
	return nil
}

func quotaCount(ctx context.Context, s limit.Store) error {
	q := quota(time.Hour, 5, 1)
	var ends int64
	for i := range int64(5) {
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		if i > 0 && as[0].At != ends || as[0].Used != i+1 {
			return fmt.Errorf("take %d: window ends at %d with %d used, want %d with %d", i, as[0].At, as[0].Used, ends, i+1)
		}
		ends = as[0].At
	}
	as, err := want(ctx, s, no, q)
	if err == nil && (as[0].At != ends || as[0].Used != 5) {
		err = fmt.Errorf("refusal says %+v, want window %d with 5 used", as[0], ends)
	}
	return err
}

func firstUse(ctx context.Context, s limit.Store) error {
	q := quota(time.Hour, 5, 1)
	as, err := want(ctx, s, yes, q)
	if err != nil {
		return err
	}
	if d := time.Duration(as[0].At - as[0].Now); d < time.Hour || d > time.Hour+time.Hour/8 {
		return fmt.Errorf("window of an hour is %s long", d)
	}
	return nil
}

func alignedWindow(ctx context.Context, s limit.Store) error {
	q := quota(time.Hour, 5, 1)
	q.Aligned = true
	as, err := want(ctx, s, yes, q)
	if err != nil {
		return err
	}
	a := as[0]
	if a.At%int64(time.Hour) != 0 || a.At-a.Now > int64(time.Hour) {
		return fmt.Errorf("window ends at %d, now is %d", a.At, a.Now)
	}
	if skew := time.Since(time.Unix(0, a.Now)).Abs(); skew > 24*time.Hour {
		return fmt.Errorf("now is no Unix time: %d", a.Now)
	}
	return nil
}

func nextWindow(ctx context.Context, s limit.Store) error {
	for _, aligned := range []bool{false, true} {
		q := quota(300*time.Millisecond, 2, 2)
		q.Aligned = aligned
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		ends := as[0].At
		for {
			if as, err = s.Take(ctx, []limit.Ask{q}); err != nil {
				return err
			}
			if as[0].OK {
				break
			}
			wait(ctx, min(time.Duration(as[0].At-as[0].Now), 20*time.Millisecond))
		}
		if as[0].Now < ends {
			return fmt.Errorf("a window that ends at %d gave more at %d", ends, as[0].Now)
		}
		if as[0].Used != 2 {
			return fmt.Errorf("the next window begins with %d used, want 2", as[0].Used)
		}
	}
	return nil
}

func together(ctx context.Context, s limit.Store) error {
	a, b, c := rate(time.Hour, 10, 2), quota(time.Hour, 3, 2), rate(time.Hour, 10, 2)
	return all(
		take(ctx, s, []bool{true, true, true}, a, b, c),
		take(ctx, s, []bool{true, false, true}, a, b, c),
		take(ctx, s, []bool{true, false, true}, c, b, a),
		take(ctx, s, yes, with(a, 8)), take(ctx, s, no, with(a, 1)), // 2 were charged, not 4 or 6
		take(ctx, s, yes, with(c, 8)), take(ctx, s, no, with(c, 1)),
		take(ctx, s, []bool{false, true}, with(a, 1), with(b, 1)),
		take(ctx, s, yes, with(b, 1)), take(ctx, s, no, with(b, 1)),
	)
}

func binaryKeys(ctx context.Context, s limit.Store) error {
	base := key()[:8]
	long := make([]byte, 64)
	copy(long, base)
	for _, k := range [][]byte{base, append(base[:8:8], 0), append(base[:8:8], 0xff, '\\', '"', '\''), long, append(base[:8:8], "{},NULL"...)} {
		for _, q := range []limit.Ask{rate(time.Hour, 1, 1), quota(time.Hour, 1, 1)} {
			q.Key = k
			if q.Quota {
				q.Key = append([]byte("q"), k[:min(len(k), 63)]...)
			}
			if err := all(take(ctx, s, yes, q), take(ctx, s, no, q)); err != nil {
				return fmt.Errorf("key %q: %w", q.Key, err)
			}
		}
	}
	return nil
}

func refund(ctx context.Context, s limit.Store) error {
	for _, q := range []limit.Ask{rate(time.Hour, 10, 10), quota(time.Hour, 10, 10)} {
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		q = charged(q, as[0])
		err = all(settle(ctx, s, with(q, -7)), take(ctx, s, yes, with(q, 7)), take(ctx, s, no, with(q, 1)),
			settle(ctx, s, with(q, -3)), take(ctx, s, no, with(q, 4)), take(ctx, s, yes, with(q, 3)),
			settle(ctx, s, with(q, -1000)), take(ctx, s, no, with(q, 11)), take(ctx, s, yes, with(q, 10)), take(ctx, s, no, with(q, 1)))
		if err != nil {
			return fmt.Errorf("quota %v: %w", q.Quota, err)
		}
	}
	return nil
}

func lateRefund(ctx context.Context, s limit.Store) error {
	q := quota(150*time.Millisecond, 4, 4)
	as, err := want(ctx, s, yes, q)
	if err != nil {
		return err
	}
	first := as[0].At
	wait(ctx, time.Duration(as[0].At-as[0].Now)+2*time.Millisecond)
	long := q
	long.Every = time.Hour // the next window shall not end meanwhile
	if as, err = want(ctx, s, yes, long); err != nil {
		return err
	}
	if as[0].At == first {
		return errors.New("the window did not end")
	}
	long.Mark = first
	return all(settle(ctx, s, with(long, -4)), take(ctx, s, no, with(long, 1)))
}

func drainedRefund(ctx context.Context, s limit.Store) error {
	q := rate(20*time.Millisecond, 5, 5)
	as, err := want(ctx, s, yes, q)
	if err != nil {
		return err
	}
	wait(ctx, time.Duration(as[0].At-as[0].Now)+2*time.Millisecond)
	slow := q
	slow.Every = time.Hour
	slow.Mark = charged(q, as[0]).Mark // all of it has come back by now
	return all(take(ctx, s, yes, slow), settle(ctx, s, with(slow, -5)), take(ctx, s, no, with(slow, 1)))
}

func debt(ctx context.Context, s limit.Store) error {
	for _, q := range []limit.Ask{rate(time.Hour, 10, 5), quota(time.Hour, 10, 5)} {
		as, err := want(ctx, s, yes, q)
		if err != nil {
			return err
		}
		q = charged(q, as[0])
		err = all(settle(ctx, s, with(q, 9)), take(ctx, s, no, with(q, 1)), take(ctx, s, yes, with(q, 0)),
			settle(ctx, s, with(q, -4)), take(ctx, s, no, with(q, 1)), settle(ctx, s, with(q, -1)), take(ctx, s, yes, with(q, 1)))
		if err != nil {
			return fmt.Errorf("quota %v: %w", q.Quota, err)
		}
		fresh := q
		fresh.Key = key()
		if err := all(settle(ctx, s, with(fresh, 10)), take(ctx, s, no, with(fresh, 1))); err != nil {
			return fmt.Errorf("quota %v, a debt of a new key: %w", q.Quota, err)
		}
	}
	return nil
}

func settleTogether(ctx context.Context, s limit.Store) error {
	a, b := rate(time.Hour, 10, 10), quota(time.Hour, 10, 10)
	as, err := want(ctx, s, []bool{true, true}, a, b)
	if err != nil {
		return err
	}
	a, b = charged(a, as[0]), charged(b, as[1])
	return all(settle(ctx, s, with(a, -3), with(b, -3)), take(ctx, s, []bool{false, false}, with(a, 4), with(b, 4)),
		take(ctx, s, []bool{true, true}, with(a, 3), with(b, 3)))
}

// race takes asks from 16 goroutines, each times, and returns how many were granted.
func race(ctx context.Context, s limit.Store, times int, asks ...limit.Ask) (int64, error) {
	var granted atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for range cap(errs) {
		wg.Go(func() {
			for range times {
				as, err := s.Take(ctx, asks)
				if err != nil {
					errs <- err
					return
				}
				ok := true
				for _, a := range as {
					ok = ok && a.OK
				}
				if ok {
					granted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return granted.Load(), <-errs
}

func concurrent(ctx context.Context, s limit.Store) error {
	for _, q := range []limit.Ask{rate(time.Hour, 100, 1), quota(time.Hour, 100, 1)} {
		n, err := race(ctx, s, 20, q)
		if err != nil {
			return err
		}
		if n != 100 {
			return fmt.Errorf("quota %v: %d were granted, want 100", q.Quota, n)
		}
	}
	return nil
}

func newKeys(ctx context.Context, s limit.Store) error {
	for range 20 {
		for _, asks := range [][]limit.Ask{
			{rate(time.Hour, 1, 1)}, {quota(time.Hour, 1, 1)}, {rate(time.Hour, 1, 1), quota(time.Hour, 1, 1), rate(time.Hour, 9, 1)},
		} {
			n, err := race(ctx, s, 1, asks...)
			if err != nil {
				return err
			}
			if n != 1 {
				return fmt.Errorf("of 16 callers of a new key %d were admitted, want 1", n)
			}
		}
	}
	return nil
}

func concurrentTogether(ctx context.Context, s limit.Store) error {
	a, b, c := rate(time.Hour, 90, 1), quota(time.Hour, 60, 1), rate(time.Hour, 70, 1)
	n, err := race(ctx, s, 8, a, b, c)
	if err != nil {
		return err
	}
	if n != 60 {
		return fmt.Errorf("%d were granted, want 60", n)
	}
	return all(take(ctx, s, yes, with(a, 30)), take(ctx, s, no, with(a, 1)), take(ctx, s, yes, with(c, 10)), take(ctx, s, no, with(c, 1)))
}

func negative(ctx context.Context, s limit.Store) error {
	if as, err := s.Take(ctx, []limit.Ask{rate(time.Hour, 5, -1)}); err == nil {
		return fmt.Errorf("a take with cost -1 returned %+v, want an error", as)
	}
	return nil
}
