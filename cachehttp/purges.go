package cachehttp

import (
	"sync"
	"sync/atomic"
)

// purges remembers which tags were purged, and when, as versions of one
// counter: a value made at version n is gone if one of its tags was purged
// at a later version. So a purge costs the same however much it drops, and
// a value computed while the purge happened is dropped as well.
type purges struct {
	last atomic.Uint64

	mu       sync.RWMutex
	now, old map[string]mark // old is the generation before now
	floor    uint64          // everything made before it is gone
}

type mark struct{ hard, soft uint64 }

// maxMarks bounds one generation of marks. When the older one is forgotten,
// all that was made before its last mark is dropped instead.
const maxMarks = 1 << 16

func (p *purges) add(soft bool, tags []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.last.Load() + 1
	for _, tag := range tags {
		if len(p.now) >= maxMarks {
			for _, m := range p.old {
				p.floor = max(p.floor, m.hard, m.soft)
			}
			p.old, p.now = p.now, nil
		}
		if p.now == nil {
			p.now = make(map[string]mark)
		}
		m := p.now[tag]
		if soft {
			m.soft = v
		} else {
			m.hard = v
		}
		p.now[tag] = m
	}
	p.last.Store(v)
}

// state reports whether something made at a version and tagged so is gone,
// or only to be taken as stale.
func (p *purges) state(version uint64, tags []string) (gone, soft bool) {
	if version >= p.last.Load() {
		return false, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	gone = version < p.floor
	for _, tag := range tags {
		a, b := p.now[tag], p.old[tag]
		gone = gone || version < max(a.hard, b.hard)
		soft = soft || version < max(a.soft, b.soft)
	}
	return gone, soft
}
