package cachehttp

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// verify checks that the parts of a shard agree with each other.
func (s *shard) verify() error {
	n, total := 0, int64(0)
	for _, q := range []*queue{&s.small, &s.main} {
		size := int64(0)
		var prev *item
		for it := q.first; it != nil; prev, it = it, it.next {
			if it.queue != q || it.prev != prev || s.items[it.key] != it {
				return fmt.Errorf("item %q is not where it says", it.key)
			}
			n, size = n+1, size+it.size
		}
		if q.last != prev || q.size != size {
			return fmt.Errorf("a queue of %d bytes says %d", size, q.size)
		}
		total += size
	}
	switch {
	case n != len(s.items):
		return fmt.Errorf("%d items are queued, %d known", n, len(s.items))
	case total > s.limit:
		return fmt.Errorf("%d bytes are held, the limit is %d", total, s.limit)
	case len(s.ghosts) > cap(s.ring):
		return fmt.Errorf("%d ghosts", len(s.ghosts))
	}
	return nil
}

func TestShard_staysWhole(t *testing.T) {
	m := &Memory{Bytes: 64 << 10}
	for i := range 20_000 {
		key := fmt.Sprint(rand.IntN(200))
		switch rand.IntN(10) {
		case 0:
			m.save(key, nil, 0, 0, 0, nil) // forget
		case 1, 2, 3:
			m.save(key, []byte{}, rand.Int64N(8<<10), time.Hour, 0, []string{"t"})
		default:
			m.load([]byte(key), time.Now())
		}
		if err := m.shards[0].verify(); err != nil {
			t.Fatalf("after %d steps: %v", i, err)
		}
	}
	planted := &m.shards[0].small
	planted.size++
	if m.shards[0].verify() == nil {
		t.Error("a planted fault is not seen")
	}
}

func TestMemory_resistsScans(t *testing.T) {
	m := &Memory{Bytes: 1 << 20}
	value := make([]byte, 1000)
	get := func(key string) (hit bool) {
		if _, _, ok := m.load([]byte(key), time.Now()); ok {
			return true
		}
		m.save(key, value, 1000, time.Hour, 0, nil)
		return false
	}
	for range 3 {
		for i := range 400 { // about half of the cap
			get(fmt.Sprint("warm", i))
		}
	}
	hits := 0
	for i := range 20_000 {
		get(fmt.Sprint("scan", i))
		if get(fmt.Sprint("warm", i%400)) {
			hits++
		}
	}
	if hits < 19_000 {
		t.Errorf("%d of 20000 requests for the working set hit during the scan", hits)
	}
}

func TestMemory_concurrent(t *testing.T) {
	m := &Memory{Bytes: 256 << 10}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				key := fmt.Sprint(rand.IntN(100))
				if v, _, _ := m.Get(t.Context(), key); len(v) > 0 && v[0] != v[len(v)-1] {
					t.Error("a value is torn")
				}
				value := make([]byte, rand.IntN(4000))
				for i := range value {
					value[i] = byte(len(value))
				}
				m.Set(t.Context(), key, value, time.Minute, "t")
				if rand.IntN(500) == 0 {
					m.Drop(t.Context(), "t")
				}
			}
		})
	}
	wg.Wait()
	for i := range m.shards {
		if err := m.shards[i].verify(); err != nil {
			t.Error(err)
		}
	}
}
