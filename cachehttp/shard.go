package cachehttp

import "sync"

// shard is one part of a [Memory], an S3-FIFO cache: new items enter a small
// queue, and only those read again move on to the main one. ghosts are the
// hashes of keys that left the small queue unread: one that returns was
// evicted too early and enters the main queue.
type shard struct {
	mu          sync.RWMutex
	items       map[string]*item
	small, main queue
	limit       int64

	ghosts map[uint64]struct{}
	ring   []uint64 // the ghosts in order of arrival
	oldest int
}

func (s *shard) start(limit int64) {
	n := min(max(limit/(16<<10), 64), 4096)
	s.items, s.limit = make(map[string]*item), limit
	s.ghosts, s.ring = make(map[uint64]struct{}, n), make([]uint64, 0, n)
}

// put replaces the item of the same key by it, or only removes that one.
// The caller holds mu, as for all methods below.
func (s *shard) put(it *item, keep bool) {
	into := &s.small
	if _, ok := s.ghosts[it.hash]; ok {
		into = &s.main
	}
	if old := s.items[it.key]; old != nil {
		into = old.queue
		it.freq.Store(old.freq.Load())
		s.remove(old)
	}
	if !keep || it.size > s.limit {
		return
	}
	s.items[it.key] = it
	into.push(it)
	for s.small.size+s.main.size > s.limit {
		s.evict()
	}
}

func (s *shard) remove(it *item) {
	it.queue.cut(it)
	delete(s.items, it.key)
}

// evict takes one step towards a smaller shard.
func (s *shard) evict() {
	if it := s.small.last; it != nil && (s.small.size > s.limit/10 || s.main.last == nil) {
		if it.freq.Load() > 0 {
			it.freq.Store(0)
			s.small.cut(it)
			s.main.push(it)
			return
		}
		s.remove(it)
		s.haunt(it.hash)
		return
	}
	it := s.main.last
	if n := it.freq.Load(); n > 0 {
		it.freq.Store(n - 1)
		s.main.cut(it)
		s.main.push(it)
		return
	}
	s.remove(it)
}

// haunt remembers the hash of a key that was evicted unread.
func (s *shard) haunt(hash uint64) {
	if len(s.ring) < cap(s.ring) {
		s.ring = append(s.ring, hash)
	} else {
		delete(s.ghosts, s.ring[s.oldest])
		s.ring[s.oldest] = hash
		s.oldest = (s.oldest + 1) % len(s.ring)
	}
	s.ghosts[hash] = struct{}{}
}

// queue is a list of items with the newest first.
type queue struct {
	first, last *item
	size        int64
}

func (q *queue) push(it *item) {
	it.queue, it.prev, it.next = q, nil, q.first
	if q.first != nil {
		q.first.prev = it
	} else {
		q.last = it
	}
	q.first = it
	q.size += it.size
}

func (q *queue) cut(it *item) {
	if it.prev != nil {
		it.prev.next = it.next
	} else {
		q.first = it.next
	}
	if it.next != nil {
		it.next.prev = it.prev
	} else {
		q.last = it.prev
	}
	it.queue, it.prev, it.next = nil, nil, nil
	q.size -= it.size
}
