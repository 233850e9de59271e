// Package tagged is a small cache for what an application computes: bytes or,
// through [Remember], values, under keys with tags.
//
//	cache := &tagged.Cache{Store: store} // as for cachehttp
//
//	report, err := tagged.Remember(ctx, cache, "report:7", time.Hour, func(ctx context.Context) (Report, []string, error) {
//		r, err := load(ctx, 7)
//		return r, []string{"report", "user:7"}, err
//	})
//
//	cache.Drop(ctx, "user:7") // after a write
//
// Of those that ask for a missing key at the same time, one computes. What
// was computed while one of its tags was dropped is returned but not kept.
package tagged

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// A Cache has the methods of a [cachehttp.Store], under a prefix. The zero
// value keeps up to 64 MiB in memory. Its methods may be called concurrently;
// its fields must not change after the first call.
type Cache struct {
	Store  cachehttp.Store
	Prefix string // before each key and tag, so that a Store can be shared
	// Timeout bounds a computation of Remember; 0 means 30 s.
	Timeout time.Duration
	Log     *slog.Logger // tells when the store fails; nil means slog.Default

	once sync.Once
	mu   sync.Mutex
	runs map[string]*run
}

var _ cachehttp.Store = (*Cache)(nil)

// run is one computation. Its results are set before done is closed.
type run struct {
	done  chan struct{}
	value []byte
	err   error
}

func (c *Cache) store() cachehttp.Store {
	c.once.Do(func() {
		if c.Store == nil {
			c.Store = new(cachehttp.Memory)
		}
		c.runs = make(map[string]*run)
	})
	return c.Store
}

// Get returns the bytes under key; that there are none is no error.
func (c *Cache) Get(ctx context.Context, key string) ([]byte, bool, error) {
	return c.store().Get(ctx, c.Prefix+key)
}

// Set keeps bytes for ttl; a ttl of 0 or less forgets the key.
func (c *Cache) Set(ctx context.Context, key string, value []byte, ttl time.Duration, tags ...string) error {
	return c.store().Set(ctx, c.Prefix+key, value, ttl, c.prefixed(tags)...)
}

// Drop forgets all that was kept with one of the tags. Its cost does not
// depend on how much that is.
func (c *Cache) Drop(ctx context.Context, tags ...string) error {
	return c.store().Drop(ctx, c.prefixed(tags)...)
}

func (c *Cache) prefixed(tags []string) []string {
	out := make([]string, len(tags))
	for i, tag := range tags {
		out[i] = c.Prefix + tag
	}
	return out
}

// Remember returns the value under key, or calls compute and keeps what it
// returns, with its tags, for ttl. Values are kept as JSON; nil is a value.
// An error of compute is returned to all who wait and not kept. compute runs
// on when ctx ends, up to Timeout; it is given a context with the values of
// the first caller's, in a goroutine of its own that ends with it. A store that fails is logged and counts as empty.
func Remember[T any](ctx context.Context, c *Cache, key string, ttl time.Duration, compute func(context.Context) (T, []string, error)) (T, error) {
	kept, ok, err := c.Get(ctx, key)
	if err != nil {
		c.warn(ctx, "tagged: cannot read the store", err)
	} else if ok {
		var value T
		if json.Unmarshal(kept, &value) == nil { // else it is of another type by now
			return value, nil
		}
	}
	var value T
	data, err := c.remember(ctx, c.Prefix+key, ttl, func(ctx context.Context) ([]byte, []string, error) {
		v, tags, err := compute(ctx)
		if err != nil {
			return nil, nil, err
		}
		data, err := json.Marshal(v)
		return data, tags, err
	})
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	return value, err
}

type computing func(context.Context) ([]byte, []string, error)

func (c *Cache) remember(ctx context.Context, key string, ttl time.Duration, compute computing) ([]byte, error) {
	r, leads := c.join(key)
	if leads {
		go c.lead(context.WithoutCancel(ctx), r, key, ttl, compute)
	}
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Cache) join(key string) (r *run, leads bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.runs[key]; r != nil {
		return r, false
	}
	r = &run{done: make(chan struct{}), err: errPanic}
	c.runs[key] = r
	return r, true
}

var errPanic = errors.New("tagged: compute did not return")

// lead computes for all who wait. A panic becomes their error.
func (c *Cache) lead(ctx context.Context, r *run, key string, ttl time.Duration, compute computing) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.err = fmt.Errorf("tagged: compute panicked: %v", p)
		}
		c.mu.Lock()
		delete(c.runs, key)
		c.mu.Unlock()
		close(r.done)
	}()
	put := c.putter(ctx)
	value, tags, err := compute(ctx)
	if r.value, r.err = value, err; err != nil {
		return
	}
	if err := put(key, value, ttl, c.prefixed(tags)); err != nil {
		c.warn(ctx, "tagged: cannot write the store", err)
	}
}

// putter keeps what is computed from now on, unless it is dropped meanwhile.
func (c *Cache) putter(ctx context.Context) func(string, []byte, time.Duration, []string) error {
	v, ok := c.Store.(cachehttp.Versioned)
	if !ok {
		return func(key string, value []byte, ttl time.Duration, tags []string) error {
			return c.Store.Set(ctx, key, value, ttl, tags...)
		}
	}
	version, err := v.Version(ctx)
	return func(key string, value []byte, ttl time.Duration, tags []string) error {
		if err != nil {
			return err
		}
		return v.Put(ctx, key, value, ttl, version, tags...)
	}
}

func (c *Cache) warn(ctx context.Context, msg string, err error) {
	log := c.Log
	if log == nil {
		log = slog.Default()
	}
	log.WarnContext(ctx, msg, "error", err)
}
