package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// A flaky store is a Memory that can be told to fail, to hang or to deafen.
type flaky struct {
	limit.Memory
	calls   atomic.Int64
	mode    atomic.Value // "", "fail", "hang", "deaf", "panic", "short"
	settled atomic.Int64
}

var errDown = errors.New("store is down")

func (f *flaky) Take(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	f.calls.Add(1)
	switch f.mode.Load() {
	case "fail":
		return nil, errDown
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "deaf": // does not heed its context
		time.Sleep(10 * time.Second)
	case "panic":
		panic("oops")
	case "short":
		return nil, nil
	}
	return f.Memory.Take(ctx, asks)
}

func (f *flaky) Settle(ctx context.Context, asks []limit.Ask) error {
	f.settled.Add(1)
	if f.mode.Load() == "fail" {
		return errDown
	}
	return f.Memory.Settle(ctx, asks)
}

func take1(t *testing.T, l *limit.Limiter, key string) (limit.Charge, error) {
	t.Helper()
	return l.Take(t.Context(), key, 1)
}

func TestFailure(t *testing.T) {
	for _, mode := range []string{"fail", "hang", "deaf", "panic", "short"} {
		for _, failure := range []limit.Failure{limit.Local, limit.Open, limit.Closed} {
			synctest.Test(t, func(t *testing.T) {
				f := new(flaky)
				f.mode.Store(mode)
				counts := map[string]int{}
				l := &limit.Limiter{Name: "x", Store: f, Limits: []limit.Limit{limit.Quota{Count: 12, Per: time.Hour}}, Failure: failure, Replicas: 4,
					Count: func(event, _ string) { counts[event]++ }}
				admitted := 0
				for range 20 {
					start := time.Now()
					_, err := take1(t, l, "k")
					if took := time.Since(start); took > 50*time.Millisecond {
						t.Errorf("%s: a take took %v, want at most 50ms", mode, took)
					}
					if err == nil {
						admitted++
					} else if s := err.(*limit.RefusedError).HTTPStatus(); (s == 503) != (failure == limit.Closed) {
						t.Errorf("%s, %v: refused with %d", mode, failure, s)
					}
				}
				want := map[limit.Failure]int{limit.Local: 3, limit.Open: 20, limit.Closed: 0}[failure]
				if admitted != want {
					t.Errorf("%s, %v: %d of 20 admitted, want %d", mode, failure, admitted, want)
				}
				if n := f.calls.Load(); n != 5 {
					t.Errorf("%s: the store was asked %d times, want 5", mode, n)
				}
				if counts["degraded"] != 20 || counts["store_error"] != 5 {
					t.Errorf("%s: counted %v", mode, counts)
				}
				time.Sleep(time.Second) // one probe, not a herd
				for range 10 {
					_, _ = take1(t, l, "k")
				}
				if n := f.calls.Load(); n != 6 {
					t.Errorf("%s: after a second the store was asked %d times in all, want 6", mode, n)
				}
				f.mode.Store("")
				time.Sleep(11 * time.Second)
				admitted = 0
				for range 20 {
					if _, err := take1(t, l, "k2"); err == nil {
						admitted++
					}
				}
				if admitted != 12 {
					t.Errorf("%s: after the store came back %d of 20 were admitted, want 12", mode, admitted)
				}
			})
		}
	}
}

func TestRemote_caller_who_leaves_is_no_failure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(flaky)
		f.mode.Store("hang")
		l := &limit.Limiter{Name: "x", Store: f, Limits: one(time.Hour), Failure: limit.Closed}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err := l.Take(ctx, "k", 1)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want that of the context", err)
			}
		}
		f.mode.Store("")
		if _, err := take1(t, l, "k"); err != nil {
			t.Errorf("the store was blamed: %v", err)
		}
	})
}

func TestRemote_denied_until(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(flaky)
		l := &limit.Limiter{Name: "x", Store: f, Limits: []limit.Limit{limit.Rate{Name: "r", Count: 1, Per: time.Minute, Burst: 2}, limit.Quota{Name: "q", Count: 100, Per: time.Hour}}}
		for range 2 {
			if _, err := take1(t, l, "k"); err != nil {
				t.Fatal(err)
			}
		}
		for range 1000 {
			c, err := take1(t, l, "k")
			if err == nil || c.Policy() != "r" || c.Remaining() != 0 || c.Retry() <= 0 || c.Retry() > time.Minute {
				t.Fatalf("%q, %d left, retry %v, %v", c.Policy(), c.Remaining(), c.Retry(), err)
			}
		}
		if n := f.calls.Load(); n != 3 {
			t.Errorf("1,000 refusals asked the store %d times, want 3 in all", n)
		}
		if _, err := take1(t, l, "other"); err != nil {
			t.Errorf("another caller: %v", err)
		}
		time.Sleep(time.Minute + time.Microsecond)
		if _, err := take1(t, l, "k"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

func TestRemote_lease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(flaky)
		l := &limit.Limiter{Name: "x", Store: f, Limits: []limit.Limit{limit.Quota{Count: 1000, Per: time.Hour}}, Lease: 50}
		admitted := 0
		for range 1200 {
			if _, err := take1(t, l, "k"); err == nil {
				admitted++
			}
		}
		if admitted != 1000 {
			t.Errorf("%d admitted, want 1000", admitted)
		}
		if n := f.calls.Load(); n > 75 {
			t.Errorf("1,200 takes asked the store %d times, want at most 75", n)
		}
		before := f.calls.Load()
		for i := range 20 {
			if _, err := take1(t, l, "once "+string(rune(65+i))); err != nil {
				t.Error(err)
			}
		}
		if n := f.calls.Load() - before; n != 20 {
			t.Errorf("20 callers who came once asked %d times, want 20", n)
		}
		c, err := l.Take(t.Context(), "once A", 0)
		if err != nil || c.Remaining() != 999 {
			t.Errorf("a caller who came once has %d left, want 999: no lease for him", c.Remaining())
		}
	})
}

// Several processes, each with leases, on one store: never more than the rate
// in any window, by definition.
func TestRemote_lease_is_exact(t *testing.T) {
	for _, settle := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := new(limit.Memory)
			const burst, per = 40, 10 * time.Millisecond
			var ls []*limit.Limiter
			for range 3 {
				ls = append(ls, &limit.Limiter{Name: "x", Store: f, Limits: []limit.Limit{limit.Rate{Count: 1, Per: per, Burst: burst}}, Lease: 15})
			}
			var mu sync.Mutex
			var gs []grant
			var wg sync.WaitGroup
			for i, l := range ls {
				wg.Go(func() {
					for j := range 400 {
						cost := int64(1 + (i+j)%3)
						c, err := l.Take(t.Context(), "k", cost)
						if err == nil {
							now := time.Now().UnixNano()
							if settle && j%2 == 0 {
								if err := c.Settle(t.Context(), cost-1); err != nil {
									t.Error(err)
								}
								cost--
							}
							mu.Lock()
							gs = append(gs, grant{now, cost})
							mu.Unlock()
						}
						time.Sleep(time.Duration((i*7+j*j)%29) * time.Millisecond)
					}
				})
			}
			wg.Wait()
			if len(gs) < 300 {
				t.Errorf("only %d takes were admitted", len(gs))
			}
			if err := within(gs, burst, 1, int64(per)); err != nil {
				t.Errorf("settling %v: %v", settle, err)
			}
		})
	}
}

func TestRemote_settle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(flaky)
		for _, lease := range []int64{0, 30} {
			l := &limit.Limiter{Name: string(rune('a' + lease)), Store: f, Lease: lease, Limits: []limit.Limit{limit.Rate{Name: "r", Count: 1, Per: time.Hour, Burst: 100}, limit.Quota{Name: "q", Count: 100, Per: 300 * time.Hour}}}
			if _, err := take1(t, l, "k"); err != nil { // makes the caller hot
				t.Fatal(err)
			}
			c, err := l.Take(t.Context(), "k", 20)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Settle(t.Context(), 5); err != nil {
				t.Fatal(err)
			}
			spent := int64(0)
			for {
				if _, err := take1(t, l, "k"); err != nil {
					break
				}
				spent++
			}
			if spent != 94 { // 100 - 1 - 5
				t.Errorf("lease %d: %d units were left after settling, want 94", lease, spent)
			}
			f.mode.Store("fail")
			if err := c.Settle(t.Context(), 1); !errors.Is(err, errDown) {
				t.Errorf("Settle on a failing store says %v", err)
			}
			f.mode.Store("")
		}
	})
}

func TestRemote_span(t *testing.T) {
	var names []string
	f := new(flaky)
	l := &limit.Limiter{Name: "x", Store: f, Limits: []limit.Limit{limit.Quota{Count: 9, Per: time.Hour}},
		Span: func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error)) {
			return ctx, func(err error) { names = append(names, name+" "+attrs[0].String()) }
		}}
	c, err := take1(t, l, "k")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Settle(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if len(names) != 2 || names[0] != "limit.take limiter=x" || names[1] != "limit.settle limiter=x" {
		t.Errorf("spans are %q", names)
	}
}
