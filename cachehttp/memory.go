package cachehttp

import (
	"bytes"
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is a [Store] in this process that never holds more than Bytes. It
// is scan-resistant: what is asked for once makes room before what is asked
// for again (the S3-FIFO policy). The zero value is ready to use. Its field
// must not change after the first call.
type Memory struct {
	Bytes int64 // cap on keys, values and bookkeeping; 0 means 64 MiB

	once   sync.Once
	seed   maphash.Seed
	shards []shard
	purges purges
}

var _ Versioned = (*Memory)(nil)

const overhead = 256 // of one item, in bytes

// item is immutable once it is in a shard, except for freq and the links,
// which are guarded by the shard.
type item struct {
	key     string
	hash    uint64
	value   any // []byte, *entry or *index
	size    int64
	expires time.Time
	version uint64
	tags    []string
	freq    atomic.Int32

	queue      *queue
	prev, next *item
}

func (m *Memory) init() {
	m.once.Do(func() {
		total := m.Bytes
		if total <= 0 {
			total = 64 << 20
		}
		n := int64(1)
		for n < 16 && total/(n*2) >= 4<<20 {
			n *= 2
		}
		m.seed = maphash.MakeSeed()
		m.shards = make([]shard, n)
		for i := range m.shards {
			m.shards[i].start(total / n)
		}
	})
}

func (m *Memory) shard(key []byte) (*shard, uint64) {
	m.init()
	h := maphash.Bytes(m.seed, key)
	return &m.shards[h%uint64(len(m.shards))], h
}

// load returns the value itself, not a copy.
func (m *Memory) load(key []byte, now time.Time) (value any, soft, ok bool) {
	s, _ := m.shard(key)
	s.mu.RLock()
	it := s.items[string(key)]
	s.mu.RUnlock()
	if it == nil || !now.Before(it.expires) {
		return nil, false, false
	}
	gone, soft := m.purges.state(it.version, it.tags)
	if gone {
		return nil, false, false
	}
	if n := it.freq.Load(); n < 3 {
		it.freq.Store(n + 1)
	}
	return it.value, soft, true
}

func (m *Memory) save(key string, value any, size int64, ttl time.Duration, version uint64, tags []string) {
	s, h := m.shard([]byte(key))
	for _, tag := range tags {
		size += int64(len(tag)) + 16
	}
	it := &item{key: key, hash: h, value: value, size: size + int64(len(key)) + overhead,
		expires: time.Now().Add(ttl), version: version, tags: tags}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(it, ttl > 0)
}

// Used returns the bytes held now.
func (m *Memory) Used() int64 {
	m.init()
	var n int64
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.RLock()
		n += s.small.size + s.main.size
		s.mu.RUnlock()
	}
	return n
}

// Get implements [Store].
func (m *Memory) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, _, ok, err := m.Fetch(ctx, key)
	return value, ok, err
}

// Set implements [Store].
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration, tags ...string) error {
	return m.Put(ctx, key, value, ttl, m.purges.last.Load(), tags...)
}

// Drop implements [Store].
func (m *Memory) Drop(_ context.Context, tags ...string) error {
	m.purges.add(false, tags)
	return nil
}

// Version implements [Versioned].
func (m *Memory) Version(context.Context) (uint64, error) { return m.purges.last.Load(), nil }

// Fetch implements [Versioned].
func (m *Memory) Fetch(_ context.Context, key string) (value []byte, soft, ok bool, err error) {
	found, soft, ok := m.load([]byte(key), time.Now())
	value, isBytes := found.([]byte)
	return bytes.Clone(value), soft && isBytes, ok && isBytes, nil
}

// Put implements [Versioned].
func (m *Memory) Put(_ context.Context, key string, value []byte, ttl time.Duration, version uint64, tags ...string) error {
	value = append(make([]byte, 0, len(value)), value...)
	m.save(key, value, int64(cap(value)), ttl, version, append([]string(nil), tags...))
	return nil
}

// Soften implements [Versioned].
func (m *Memory) Soften(_ context.Context, tags ...string) error {
	m.purges.add(true, tags)
	return nil
}
