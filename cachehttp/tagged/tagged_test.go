package tagged_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
	"github.com/glueful/glueful-go/cachehttp/tagged"
)

func Example() {
	cache := new(tagged.Cache)
	ctx := context.Background()
	load := func(context.Context) ([]string, []string, error) {
		fmt.Println("computing")
		return []string{"Dune", "Emma"}, []string{"books"}, nil
	}
	for range 2 {
		titles, err := tagged.Remember(ctx, cache, "titles", time.Hour, load)
		fmt.Println(titles, err)
	}
	cache.Drop(ctx, "books")
	tagged.Remember(ctx, cache, "titles", time.Hour, load)
	// Output:
	// computing
	// [Dune Emma] <nil>
	// [Dune Emma] <nil>
	// computing
}

func TestCache_suite(t *testing.T) {
	cachetest.Run(t, func(*testing.T) cachehttp.Store { return &tagged.Cache{Prefix: "p:"} })
}

func TestRemember_computesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c tagged.Cache
		var calls atomic.Int64
		compute := func(ctx context.Context) (int, []string, error) {
			time.Sleep(time.Second)
			return int(calls.Add(1)), nil, ctx.Err()
		}
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 1000 {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = first
			}
			wg.Go(func() {
				n, err := tagged.Remember(ctx, &c, "k", time.Minute, compute)
				if ctx == first {
					if !errors.Is(err, context.Canceled) {
						t.Errorf("a caller that left got %v", err)
					}
				} else if n != 1 || err != nil {
					t.Errorf("got %d, %v", n, err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		if calls.Load() != 1 {
			t.Errorf("computed %d times", calls.Load())
		}
	})
}

func TestRemember_keepsNoErrorsAndPanics(t *testing.T) {
	var c tagged.Cache
	down := errors.New("down")
	for range 2 {
		_, err := tagged.Remember(t.Context(), &c, "k", time.Minute, func(context.Context) (int, []string, error) { return 0, nil, down })
		if !errors.Is(err, down) {
			t.Errorf("got %v", err)
		}
		_, err = tagged.Remember(t.Context(), &c, "k", time.Minute, func(context.Context) (int, []string, error) { panic("x") })
		if err == nil {
			t.Error("a panic is no error")
		}
	}
	for range 2 {
		p, err := tagged.Remember(t.Context(), &c, "k", time.Minute, func(context.Context) (*int, []string, error) { return nil, nil, nil })
		if p != nil || err != nil {
			t.Errorf("nil is not a value: %v, %v", p, err)
		}
	}
}

func TestRemember_dropDuringComputation(t *testing.T) {
	var c tagged.Cache
	n := 0
	compute := func(ctx context.Context) (int, []string, error) {
		n++
		if n == 1 {
			c.Drop(ctx, "x")
		}
		return n, []string{"x"}, nil
	}
	for want := range []int{1, 2} {
		got, err := tagged.Remember(t.Context(), &c, "k", time.Minute, compute)
		if got != want+1 || err != nil {
			t.Errorf("got %d, %v, want %d", got, err, want+1)
		}
	}
	if got, _ := tagged.Remember(t.Context(), &c, "k", time.Minute, compute); got != 2 {
		t.Errorf("got %d, want the kept 2", got)
	}
}

func TestRemember_computesAnewWhenTheTypeChanged(t *testing.T) {
	var c tagged.Cache
	c.Set(t.Context(), "k", []byte(`{"old":1}`), time.Minute)
	got, err := tagged.Remember(t.Context(), &c, "k", time.Minute, func(context.Context) (int, []string, error) { return 7, nil, nil })
	if got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

// broken is a store that always fails.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) Get(context.Context, string) ([]byte, bool, error) { return nil, false, errBroken }
func (broken) Set(context.Context, string, []byte, time.Duration, ...string) error {
	return errBroken
}
func (broken) Drop(context.Context, ...string) error { return errBroken }

func TestRemember_survivesABrokenStore(t *testing.T) {
	c := tagged.Cache{Store: broken{}}
	got, err := tagged.Remember(t.Context(), &c, "k", time.Minute, func(context.Context) (int, []string, error) { return 7, nil, nil })
	if got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if c.Drop(t.Context(), "x") == nil {
		t.Error("a Drop that failed reports success")
	}
}
