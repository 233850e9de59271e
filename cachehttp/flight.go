package cachehttp

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// flight is one fetch that other requests for the same wait for. Its
// results are set before done is closed.
type flight struct {
	key    string
	done   chan struct{}
	stored bool // look again
	failed bool // the handler failed, the entry was served stale
	landed bool // guarded by flights.mu
}

// flights are those in the air, and the keys whose responses cannot be
// stored: for a while nobody queues for them.
type flights struct {
	mu     sync.Mutex
	m      map[string]*flight
	misses map[string]time.Time
}

const maxMisses = 4096

// join returns the flight to wait for, or a new one to lead, or nil if the
// key is marked.
func (fs *flights) join(key string, now time.Time) (f *flight, leads bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if until, ok := fs.misses[key]; ok {
		if now.Before(until) {
			return nil, false
		}
		delete(fs.misses, key)
	}
	if f := fs.m[key]; f != nil {
		return f, false
	}
	if fs.m == nil {
		fs.m, fs.misses = make(map[string]*flight), make(map[string]time.Time)
	}
	f = &flight{key: key, done: make(chan struct{})}
	fs.m[key] = f
	return f, true
}

// land ends the flight of rec, if it leads one that is still in the air.
// mark keeps others from queueing for a response that cannot be stored.
func (rec *recorder) land(stored, failed, mark bool) {
	f := rec.flight
	if f == nil {
		return
	}
	fs := &rec.v.h.cache.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.landed {
		return
	}
	f.stored, f.failed, f.landed = stored, failed, true
	delete(fs.m, f.key)
	if mark {
		if len(fs.misses) >= maxMisses {
			clear(fs.misses)
		}
		fs.misses[f.key] = time.Now().Add(missMark)
	}
	close(f.done)
	if !stored && rec.link != nil {
		rec.link.tie()
	}
}

// leash holds the context of a fetch that others wait for: it outlives the
// leader's request for a while, and ends with it once nobody else waits.
type leash struct {
	parent context.Context
	cancel context.CancelFunc
	timer  *time.Timer
}

func newLeash(parent context.Context) (*leash, context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	l := &leash{parent: parent, cancel: cancel}
	l.timer = time.AfterFunc(fetchTimeout, l.tie)
	return l, ctx
}

// end releases what the context holds.
func (l *leash) end() {
	l.timer.Stop()
	l.cancel()
}

// tie makes the fetch end with the leader's request.
func (l *leash) tie() { context.AfterFunc(l.parent, l.cancel) }

// background runs refreshes, one of a key at a time and a few in all.
type background struct {
	mu     sync.Mutex
	keys   map[string]bool
	wg     sync.WaitGroup
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *background) start() {
	b.keys = make(map[string]bool)
	b.ctx, b.cancel = context.WithCancel(context.Background())
}

// stop ends what runs; later refreshes run on.
func (b *background) stop() {
	b.mu.Lock()
	b.cancel()
	b.mu.Unlock()
	b.wg.Wait()
	b.mu.Lock()
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.mu.Unlock()
}

// claim reserves the refresh of a key; release must follow.
func (b *background) claim(key string) (owner context.Context, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys[key] || len(b.keys) >= maxRefreshes {
		return nil, false
	}
	b.keys[key] = true
	b.wg.Add(1)
	return b.ctx, true
}

func (b *background) release(key string) {
	b.mu.Lock()
	delete(b.keys, key)
	b.mu.Unlock()
	b.wg.Done()
}

// refresh fetches the entry anew without a client. Its deadline is its own.
func (v *visit) refresh() {
	c, key := v.h.cache, string(v.variant)
	owner, ok := c.bg.claim(key)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), fetchTimeout)
	r := v.r.Clone(ctx)
	r.Method, r.Body = http.MethodGet, http.NoBody
	for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since", "Cache-Control", "Pragma"} {
		r.Header.Del(name)
	}
	b := &visit{h: v.h, w: discard{}, r: r, now: v.now, entry: v.entry, why: v.why}
	b.start()
	go func() {
		defer c.bg.release(key)
		defer cancel()
		defer context.AfterFunc(owner, cancel)()
		defer func() {
			if p := recover(); p != nil {
				c.rescued("cachehttp: a refresh panicked", p)
			}
		}()
		b.fetch(nil)
	}()
}

// discard is the client of a refresh.
type discard http.Header

func (d discard) Header() http.Header         { return http.Header(d) }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
