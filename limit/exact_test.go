package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// A clock that tests turn.
type clock struct{ ns int64 }

func (c *clock) now() int64 { return c.ns }

const someday = int64(1_800_000_000_000_000_000)

// grant is cost units that were admitted at a time.
type grant struct{ at, cost int64 }

// within checks by definition that no window has more than burst + count×W/per.
func within(gs []grant, burst, count, per int64) error {
	for i := range gs {
		sum := new(big.Int)
		for j := i; j < len(gs); j++ {
			sum.Add(sum, big.NewInt(gs[j].cost))
			// (sum - burst) × per <= count × W
			left := new(big.Int).Mul(new(big.Int).Sub(sum, big.NewInt(burst)), big.NewInt(per))
			right := new(big.Int).Mul(big.NewInt(count), big.NewInt(gs[j].at-gs[i].at))
			if left.Cmp(right) > 0 {
				return fmt.Errorf("%v units between %d and %d, with burst %d and %d per %d ns", sum, gs[i].at, gs[j].at, burst, count, per)
			}
		}
	}
	return nil
}

func TestRate_never_more_than_it_says(t *testing.T) {
	trials := 400
	if testing.Short() || raceEnabled {
		trials = 60
	}
	for seed := range uint64(trials) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		count := 1 + rnd.Int64N(1<<rnd.IntN(20))
		per := max(count, 1+rnd.Int64N(1<<rnd.IntN(45)))
		burst := 1 + rnd.Int64N(1<<rnd.IntN(12))
		q := limit.Rate{Count: count, Per: time.Duration(per), Burst: burst}
		c := &clock{someday}
		l := &limit.Limiter{Limits: []limit.Limit{q}, Store: new(limit.Memory).At(c.now), Name: "x"}
		var gs []grant
		each := per/count + 1
		for range 120 {
			c.ns += rnd.Int64N(1 + each*rnd.Int64N(burst+2)/2)
			if rnd.IntN(20) == 0 {
				c.ns -= rnd.Int64N(each * 2) // and sometimes it runs backwards
			}
			cost := 1 + rnd.Int64N(burst)
			ch, err := l.Take(t.Context(), "k", cost)
			if err == nil {
				gs = append(gs, grant{c.ns, cost})
				continue
			}
			if ch.Retry() <= 0 {
				t.Fatalf("seed %d: refused cost %d of %d with Retry %v", seed, cost, burst, ch.Retry())
			}
			if rnd.IntN(3) > 0 {
				continue
			}
			c.ns += int64(ch.Retry()) - 1
			if _, err := l.Take(t.Context(), "k", cost); err == nil {
				t.Fatalf("seed %d: admitted a nanosecond early", seed)
			}
			c.ns++
			if _, err := l.Take(t.Context(), "k", cost); err != nil {
				t.Fatalf("seed %d: waited Retry, still refused: %v", seed, err)
			}
			gs = append(gs, grant{c.ns, cost})
		}
		if err := monotone(gs, burst, count, per); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// monotone is within on a clock that may have run backwards: time stands still then.
func monotone(gs []grant, burst, count, per int64) error {
	for i := 1; i < len(gs); i++ {
		gs[i].at = max(gs[i].at, gs[i-1].at)
	}
	return within(gs, burst, count, per)
}

func TestWithin_catches_one_unit_too_many(t *testing.T) {
	ok := []grant{{0, 5}, {10, 1}, {20, 1}}
	if err := within(ok, 5, 1, 10); err != nil {
		t.Error(err)
	}
	if within([]grant{{0, 5}, {10, 1}, {19, 1}}, 5, 1, 10) == nil {
		t.Error("a unit one nanosecond early was not found")
	}
	if within([]grant{{0, 6}}, 5, 1, 10) == nil {
		t.Error("a burst of one too many was not found")
	}
}

func TestRate_settled_never_more_than_it_says(t *testing.T) {
	trials := 300
	if testing.Short() || raceEnabled {
		trials = 50
	}
	for seed := range uint64(trials) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		const per, burst = int64(1000), int64(20)
		c := &clock{someday}
		l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 1, Per: time.Duration(per), Burst: burst}}, Store: new(limit.Memory).At(c.now), Name: "x"}
		type open struct {
			limit.Charge
			i int
		}
		var gs []grant
		var opens []open
		for range 150 {
			c.ns += rnd.Int64N(4000)
			if cost := 1 + rnd.Int64N(burst); rnd.IntN(2) == 0 {
				if ch, err := l.Take(t.Context(), "k", cost); err == nil {
					gs = append(gs, grant{c.ns, cost})
					opens = append(opens, open{ch, len(gs) - 1})
				}
			} else if len(opens) > 0 {
				i := rnd.IntN(len(opens))
				actual := rnd.Int64N(gs[opens[i].i].cost + 1)
				if err := opens[i].Settle(t.Context(), actual); err != nil {
					t.Fatal(err)
				}
				gs[opens[i].i].cost = actual
				opens = append(opens[:i], opens[i+1:]...)
			}
		}
		if err := within(gs, burst, 1, per); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestQuota_never_more_than_its_count(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		count := 1 + rnd.Int64N(1<<rnd.IntN(10))
		per := 64*count + rnd.Int64N(1<<rnd.IntN(45))
		aligned := seed%2 == 0
		c := &clock{someday + rnd.Int64N(1<<40)}
		l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Count: count, Per: time.Duration(per), Aligned: aligned}}, Store: new(limit.Memory).At(c.now), Name: "x"}
		ends, sum := int64(math.MinInt64), int64(0) // the window by definition
		for range 300 {
			c.ns += rnd.Int64N(per/8 + 1)
			if rnd.IntN(15) == 0 {
				c.ns += per
			}
			cost := 1 + rnd.Int64N(count)
			ch, err := l.Take(t.Context(), "k", cost)
			if err != nil && rnd.IntN(3) == 0 {
				c.ns += int64(ch.Retry())
				if _, err = l.Take(t.Context(), "k", cost); err != nil {
					t.Fatalf("seed %d: waited Retry %v, still refused: %v", seed, ch.Retry(), err)
				}
			}
			if err != nil {
				continue
			}
			if c.ns >= ends {
				ch, err := l.Take(t.Context(), "k", count) // there cannot be so much: it tells when there is
				if err == nil {
					t.Fatalf("seed %d: more than %d in a window", seed, count)
				}
				ends, sum = c.ns+int64(ch.Retry()), 0
				if length := int64(ch.Retry()); !aligned && (length < per || length > per+per/8) || aligned && ends%per != 0 {
					t.Fatalf("seed %d: a window of %d ns ends at %d, after %d", seed, per, ends, length)
				}
			}
			if sum += cost; sum > count {
				t.Fatalf("seed %d: %d units in a window, want at most %d", seed, sum, count)
			}
		}
	}
}

func TestQuota_window_is_not_stretched(t *testing.T) {
	for _, q := range []limit.Quota{
		{Count: 5, Per: time.Minute}, {Count: 100_000, Per: 24 * time.Hour}, {Count: 1 << 30, Per: 24 * time.Hour}, {Count: 1 << 30, Per: 24 * time.Hour, Aligned: true},
	} {
		c := &clock{someday}
		l := &limit.Limiter{Limits: []limit.Limit{q}, Store: new(limit.Memory).At(c.now), Name: "x"}
		if _, err := l.Take(t.Context(), "k", q.Count); err != nil {
			t.Fatal(err)
		}
		ch, err := l.Take(t.Context(), "k", 1)
		if err == nil || ch.Retry() > q.Per+q.Per/8 {
			t.Errorf("%+v: after the whole quota, Retry is %v, error %v", q, ch.Retry(), err)
		}
	}
}

func TestTake_million_calls(t *testing.T) {
	calls := 1_000_000 / 16
	if testing.Short() || raceEnabled {
		calls = 100_000 / 16
	}
	const burst, count = 1000, 10_000 // a second
	l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: count, Per: time.Second, Burst: burst}}}
	exact := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Count: 5000, Per: time.Hour}}}
	var admitted, counted atomic.Int64
	start := time.Now()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range calls {
				if _, err := l.Take(context.Background(), "k", 1); err == nil {
					admitted.Add(1)
				}
				if _, err := exact.Take(context.Background(), "k", 1); err == nil {
					counted.Add(1)
				}
			}
		})
	}
	wg.Wait()
	bound := burst + count*time.Since(start).Seconds() + 1
	if n := admitted.Load(); float64(n) > bound || n < burst {
		t.Errorf("%d of %d calls were admitted, want %d to %.0f", n, 16*calls, burst, bound)
	}
	if n := counted.Load(); n != 5000 {
		t.Errorf("a quota of 5000 admitted %d", n)
	}
}

func TestTake_clock_backwards(t *testing.T) {
	for name, q := range map[string]limit.Limit{
		"rate":          limit.Rate{Count: 10, Per: time.Second},
		"quota":         limit.Quota{Count: 10, Per: time.Second},
		"aligned quota": limit.Quota{Count: 10, Per: time.Second, Aligned: true},
	} {
		c := &clock{someday}
		l := &limit.Limiter{Limits: []limit.Limit{q}, Store: new(limit.Memory).At(c.now), Name: "x"}
		if _, err := l.Take(t.Context(), "k", 10); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			c.ns -= int64(37 * time.Minute)
			if _, err := l.Take(t.Context(), "k", 1); err == nil {
				t.Fatalf("%s: a clock that runs backwards gave a unit", name)
			}
		}
		c.ns = someday + int64(2*time.Second)
		if _, err := l.Take(t.Context(), "k", 10); err != nil {
			t.Errorf("%s: locked out after the clock is right again: %v", name, err)
		}
	}
}

func TestTake_impossible_costs(t *testing.T) {
	for name, q := range map[string]limit.Limit{"rate": limit.Rate{Count: 10, Per: time.Hour}, "quota": limit.Quota{Count: 10, Per: time.Hour}} {
		l := &limit.Limiter{Limits: []limit.Limit{q}}
		for _, cost := range []int64{-1, -1 << 40, math.MinInt64, 11, 1 << 40, 1 << 62, math.MaxInt64} {
			ch, err := l.Take(t.Context(), "k", cost)
			if !errors.Is(err, limit.ErrCost) {
				t.Errorf("%s, cost %d: error %v, want ErrCost", name, cost, err)
			}
			if cost > 0 && ch.Retry() != -1 {
				t.Errorf("%s, cost %d: Retry is %v, want -1", name, cost, ch.Retry())
			}
		}
		if ch, err := l.Take(t.Context(), "k", 0); err != nil || ch.Remaining() != 10 {
			t.Errorf("%s: looking after refusals: %d left, %v, want 10", name, ch.Remaining(), err)
		}
		ch, err := l.Take(t.Context(), "k", 10)
		if err != nil || ch.Remaining() != 0 {
			t.Fatalf("%s: %d left, %v", name, ch.Remaining(), err)
		}
		for _, actual := range []int64{math.MaxInt64, 10, 0} { // debts without bounds do not wrap around
			if err := ch.Settle(t.Context(), actual); err != nil {
				t.Errorf("%s: Settle(%d): %v", name, actual, err)
			}
			if actual > 0 {
				if _, err := l.Take(t.Context(), "k", 1); err == nil {
					t.Errorf("%s: admitted in debt", name)
				}
			}
		}
		if err := ch.Settle(t.Context(), -1); !errors.Is(err, limit.ErrCost) {
			t.Errorf("%s: Settle(-1) = %v, want ErrCost", name, err)
		}
	}
}

func TestTake_several_limits(t *testing.T) {
	c := &clock{someday}
	l := &limit.Limiter{
		Name:  "x",
		Store: new(limit.Memory).At(c.now),
		Limits: []limit.Limit{
			limit.Quota{Name: "hour", Count: 100, Per: time.Hour},
			limit.Rate{Name: "second", Count: 2, Per: time.Second},
			limit.Quota{Name: "minute", Count: 3, Per: time.Minute},
		},
	}
	left := func() (hour int64) {
		t.Helper()
		l2 := *c // the tightest is told; spend to see the others
		_ = l2
		ch, err := l.Take(t.Context(), "k", 0)
		if err != nil {
			t.Fatal(err)
		}
		return ch.Remaining()
	}
	if _, err := l.Take(t.Context(), "k", 2); err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 0 {
		t.Errorf("the tightest limit has %d left, want 0 of second", n)
	}
	for range 50 {
		ch, err := l.Take(t.Context(), "k", 1)
		if err == nil || ch.Policy() != "second" || ch.Retry() != 500*time.Millisecond {
			t.Fatalf("refused by %q for %v, error %v, want second for 500ms", ch.Policy(), ch.Retry(), err)
		}
	}
	c.ns += int64(time.Second)
	ch, err := l.Take(t.Context(), "k", 2)
	var refused *limit.RefusedError
	if !errors.As(err, &refused) || len(refused.Policies) != 1 || refused.Policies[0] != "minute" {
		t.Fatalf("error %v, want a refusal by minute: 50 refusals must have charged it nothing", err)
	}
	if _, err := l.Take(t.Context(), "k", 1); err != nil {
		t.Errorf("the third unit of the minute: %v", err)
	}
	c.ns += int64(time.Minute)
	for range 32 {
		for range 3 {
			if _, err := l.Take(t.Context(), "k", 1); err != nil {
				t.Fatal(err)
			}
			c.ns += int64(time.Second)
		}
		c.ns += int64(time.Minute)
	}
	if c.ns-someday >= int64(time.Hour) {
		t.Fatal("the hour is over")
	}
	if ch, err = l.Take(t.Context(), "k", 1); err != nil || ch.Policy() != "hour" || ch.Remaining() != 0 {
		t.Errorf("the hundredth unit of the hour: %q has %d left, %v", ch.Policy(), ch.Remaining(), err)
	}
}
