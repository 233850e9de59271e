// Package cachetest holds what all stores of package cachehttp must do, and a
// check for handlers behind a cache.
//
//	func TestStore(t *testing.T) {
//		cachetest.Run(t, func(t *testing.T) cachehttp.Store { return open(t) })
//	}
package cachetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// Run tests a store. open is called once for each case; the stores it
// returns may share what is behind them, since no two cases share a key or
// a tag.
func Run(t *testing.T, open func(*testing.T) cachehttp.Store) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(&checker{T: t, ctx: t.Context(), store: open(t)}) })
	}
	for _, c := range versioned {
		t.Run(c.name, func(t *testing.T) {
			v, ok := open(t).(cachehttp.Versioned)
			if !ok {
				t.Skip("the store is not Versioned")
			}
			c.test(&checker{T: t, ctx: t.Context(), store: v, v: v})
		})
	}
}

type rule struct {
	name string
	test func(*checker)
}

type checker struct {
	*testing.T
	ctx   context.Context
	store cachehttp.Store
	v     cachehttp.Versioned
}

// key makes a name that no other case uses.
func (c *checker) key(s string) string { return c.Name() + "/" + s }

// tag makes a tag, which has no spaces.
func (c *checker) tag(s string) string { return strings.ReplaceAll(c.key(s), " ", "_") }

func (c *checker) set(key, value string, tags ...string) {
	c.Helper()
	c.ok(c.store.Set(c.ctx, c.key(key), []byte(value), time.Minute, tags...))
}

func (c *checker) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// want checks what is under a key; "-" stands for nothing.
func (c *checker) want(key, want string) {
	c.Helper()
	value, ok, err := c.store.Get(c.ctx, c.key(key))
	c.ok(err)
	got := "-"
	if ok {
		got = string(value)
	}
	if got != want {
		c.Errorf("%s holds %q, want %q", key, got, want)
	}
}

// wantState checks a key with Fetch: gone, soft or fresh.
func (c *checker) wantState(key, want string) {
	c.Helper()
	_, soft, ok, err := c.v.Fetch(c.ctx, c.key(key))
	c.ok(err)
	got := map[bool]string{true: "soft", false: "fresh"}[soft]
	if !ok {
		got = "gone"
	}
	if got != want {
		c.Errorf("%s is %s, want %s", key, got, want)
	}
}

var cases = []rule{
	{"an unknown key is no error", func(c *checker) { c.want("a", "-") }},
	{"what is set is got", func(c *checker) {
		c.set("a", "1")
		c.set("b", "")
		c.want("a", "1")
		c.want("b", "")
	}},
	{"a later Set replaces value and tags", func(c *checker) {
		c.set("a", "1", c.tag("old"))
		c.set("a", "2", c.tag("new"))
		c.ok(c.store.Drop(c.ctx, c.tag("old")))
		c.want("a", "2")
		c.ok(c.store.Drop(c.ctx, c.tag("new")))
		c.want("a", "-")
	}},
	{"any bytes are values and keys", func(c *checker) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		c.set(string(all), string(all))
		c.want(string(all), string(all))
		long := strings.Repeat("k", 10_000)
		c.set(long, strings.Repeat("v", 1<<20))
		c.want(long, strings.Repeat("v", 1<<20))
	}},
	{"a ttl of 0 forgets", func(c *checker) {
		c.set("a", "1")
		c.ok(c.store.Set(c.ctx, c.key("a"), []byte("2"), 0))
		c.want("a", "-")
	}},
	{"a value expires", func(c *checker) {
		c.ok(c.store.Set(c.ctx, c.key("a"), []byte("1"), 50*time.Millisecond))
		c.set("b", "2")
		for end := time.Now().Add(5 * time.Second); ; {
			_, ok, err := c.store.Get(c.ctx, c.key("a"))
			c.ok(err)
			if !ok {
				break
			}
			if time.Now().After(end) {
				c.Fatal("still there after 5 s")
			}
		}
		c.want("b", "2")
	}},
	{"Drop forgets what has one of the tags", func(c *checker) {
		c.set("a", "1", c.tag("x"))
		c.set("b", "2", c.tag("x"), c.tag("y"))
		c.set("c", "3", c.tag("y"))
		c.set("d", "4")
		c.ok(c.store.Drop(c.ctx, c.tag("x"), c.tag("unknown")))
		c.want("a", "-")
		c.want("b", "-")
		c.want("c", "3")
		c.want("d", "4")
	}},
	{"what is set after Drop stays", func(c *checker) {
		c.ok(c.store.Drop(c.ctx, c.tag("x")))
		c.set("a", "1", c.tag("x"))
		c.want("a", "1")
	}},
	{"slices are not shared", func(c *checker) {
		in := []byte("value")
		c.ok(c.store.Set(c.ctx, c.key("a"), in, time.Minute))
		in[0] = 'X'
		out, _, err := c.store.Get(c.ctx, c.key("a"))
		c.ok(err)
		if len(out) > 0 {
			out[0] = 'Y'
		}
		c.want("a", "value")
	}},
	{"calls may be concurrent", func(c *checker) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for n := range 20 {
					key, value := c.key(fmt.Sprint(n%4)), bytes.Repeat([]byte{byte('a' + i)}, 64)
					if err := c.store.Set(c.ctx, key, value, time.Minute, c.tag("x")); err != nil {
						c.Error(err)
					}
					got, ok, err := c.store.Get(c.ctx, key)
					if err != nil || ok && (len(got) != 64 || bytes.Count(got, got[:1]) != 64) {
						c.Errorf("got %q, %v", got, err)
					}
					if n == 10 {
						if err := c.store.Drop(c.ctx, c.tag("x")); err != nil {
							c.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
	}},
}

var versioned = []rule{
	{"Soften marks, and a later Set is fresh", func(c *checker) {
		c.set("a", "1", c.tag("x"))
		c.set("b", "1")
		c.wantState("a", "fresh")
		c.ok(c.v.Soften(c.ctx, c.tag("x")))
		c.wantState("a", "soft")
		c.wantState("b", "fresh")
		c.want("a", "1")
		c.set("a", "2", c.tag("x"))
		c.wantState("a", "fresh")
	}},
	{"Drop after Soften wins", func(c *checker) {
		c.set("a", "1", c.tag("x"))
		c.ok(c.v.Soften(c.ctx, c.tag("x")))
		c.ok(c.v.Drop(c.ctx, c.tag("x")))
		c.wantState("a", "gone")
	}},
	{"what was computed before Drop is not kept", func(c *checker) {
		c.wantState("a", "gone")
		version, err := c.v.Version(c.ctx)
		c.ok(err)
		c.ok(c.v.Drop(c.ctx, c.tag("x")))
		c.ok(c.v.Put(c.ctx, c.key("a"), []byte("old"), time.Minute, version, c.tag("x")))
		c.wantState("a", "gone")
	}},
	{"what was computed before Soften is soft", func(c *checker) {
		c.wantState("a", "gone")
		version, err := c.v.Version(c.ctx)
		c.ok(err)
		c.ok(c.v.Soften(c.ctx, c.tag("x")))
		c.ok(c.v.Put(c.ctx, c.key("a"), []byte("old"), time.Minute, version, c.tag("x")))
		c.wantState("a", "soft")
	}},
	{"what was computed after Drop is kept", func(c *checker) {
		c.ok(c.v.Drop(c.ctx, c.tag("x")))
		c.wantState("a", "gone")
		version, err := c.v.Version(c.ctx)
		c.ok(err)
		c.ok(c.v.Put(c.ctx, c.key("a"), []byte("new"), time.Minute, version, c.tag("x")))
		c.wantState("a", "fresh")
	}},
	{"many purges do not forget an earlier one", func(c *checker) {
		c.set("a", "1", c.tag("x"))
		c.set("b", "1", c.tag("y"))
		c.ok(c.v.Drop(c.ctx, c.tag("x")))
		for i := range 50 {
			c.ok(c.v.Drop(c.ctx, c.tag(fmt.Sprint(i))))
		}
		c.wantState("a", "gone")
		c.wantState("b", "fresh")
	}},
}
