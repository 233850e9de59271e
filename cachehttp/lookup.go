package cachehttp

import (
	"context"
	"time"
)

// lookup finds the entry the request selects: the one at its key, or of the
// variants that match, the most recent (RFC 9111, section 4.1).
func (v *visit) lookup() {
	v.entry, v.soft, v.variant, v.why = nil, false, v.key, "uri-miss"
	value, soft := v.load(v.key)
	switch x := value.(type) {
	case *entry:
		v.entry, v.soft = x, soft
	case *index:
		v.why = "vary-miss"
		for i, rule := range x.Sets {
			key := appendVariant(v.key[:len(v.key):len(v.key)], rule, v.r)
			if i == 0 {
				v.variant = key
			}
			if !x.has(key) {
				continue
			}
			value, soft := v.load(key)
			if e, ok := value.(*entry); ok && (v.entry == nil || e.At.Add(-e.Age).After(v.entry.At.Add(-v.entry.Age))) {
				v.entry, v.soft, v.variant = e, soft, key
			}
		}
	}
	if v.entry != nil && !v.h.cache.full() && !v.permits(&v.entry.Ctl) {
		v.entry, v.why = nil, "bypass"
	}
}

// load reads one value from the store. A store that fails is a miss.
func (v *visit) load(key []byte) (value any, soft bool) {
	c := v.h.cache
	if c.mem != nil {
		value, soft, _ = c.mem.load(key, v.now)
		return value, soft
	}
	var data []byte
	var ok bool
	var err error
	ctx := v.r.Context()
	if c.ver != nil {
		data, soft, ok, err = c.ver.Fetch(ctx, string(key))
	} else {
		data, ok, err = c.Store.Get(ctx, string(key))
	}
	if err == nil && ok {
		value, err = decode(data)
	}
	if err != nil {
		c.warn("cachehttp: cannot read the store", err)
		return nil, false
	}
	return value, soft
}

// store puts e where v or its variants are looked for.
func (v *visit) store(e *entry) {
	c, now := v.h.cache, time.Now()
	ttl := e.keep(now, c.full())
	if ttl <= 0 {
		return
	}
	key := v.key
	if len(e.Vary) > 0 {
		key = appendVariant(v.key[:len(v.key):len(v.key)], e.Vary, v.r)
		v.enlist(e, string(key), now.Add(ttl))
	}
	c.save(string(key), e, ttl, e.Seen, e.Tags)
}

// enlist adds a variant to the index of the URL.
func (v *visit) enlist(e *entry, key string, until time.Time) {
	c := v.h.cache
	lock := &c.locks[hash(v.key)%uint64(len(c.locks))]
	lock.Lock()
	defer lock.Unlock()
	value, _ := v.load(v.key)
	old, _ := value.(*index)
	next := old.with(e.Vary, key, until)
	c.save(string(v.key), next, time.Until(next.Until), 1<<62, nil)
}

// save writes one value. It outlives the request that made it.
func (c *Cache) save(key string, value any, ttl time.Duration, seen uint64, tags []string) {
	if c.mem != nil {
		c.mem.save(key, value, size(value), ttl, seen, tags)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), followerWait)
	defer cancel()
	data, err := encode(value)
	switch {
	case err != nil:
	case c.ver != nil:
		err = c.ver.Put(ctx, key, data, ttl, seen, tags...)
	default:
		err = c.Store.Set(ctx, key, data, ttl, tags...)
	}
	if err != nil {
		c.warn("cachehttp: cannot write the store", err)
	}
}

func size(value any) int64 {
	switch x := value.(type) {
	case *entry:
		return x.size()
	case *index:
		n := int64(64)
		for _, v := range x.Variants {
			n += int64(len(v)) + 16
		}
		for _, s := range x.Sets {
			n += 24
			for _, name := range s {
				n += int64(len(name)) + 16
			}
		}
		return n
	}
	return 0
}

// hash is FNV-1a.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, x := range b {
		h = (h ^ uint64(x)) * 1099511628211
	}
	return h
}
