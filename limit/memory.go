package limit

import (
	"context"
	"errors"
	"hash/maphash"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// A Memory is a [Store] in this process: a table of fixed size without
// pointers, which no number of keys can make larger. The zero value is ready to use.
//
// A key is kept as a 64-bit hash under a seed of this table, beside its state;
// 16 bytes in all. Once a key is back to full its place is free. A key that is
// still limited is never evicted: if the places a new key may take are all live
// it is charged, under the same limit, to an overflow cell that it shares
// with other newcomers there. So keys beyond what the table holds are limited
// together rather than not at all.
//
// A Memory reads the wall clock once, when it is first used, and the monotonic
// clock from then on.
type Memory struct {
	// Slots is how many keys can be limited at one time; 0 means 65,536, which
	// take 1 MiB. It is rounded up to a power of two, at least 256.
	Slots int

	once   sync.Once
	seed   maphash.Seed
	start  time.Time
	wall   int64 // start in Unix time
	clock  func() int64
	groups []group
	spill  []slot // with the rule it was charged under in place of a hash
	locks  []lock
}

// A group is the places of the keys whose hashes share some upper bits. The
// lower ones say where to look first.
type group [places]slot

type slot struct {
	hash uint64
	cell int64
}

const (
	places   = 64 // keys of a group
	perSpill = 2  // groups that share an overflow cell and a lock
	maxAsks  = 8  // limits on one request
)

type lock struct {
	sync.Mutex
	_ [56]byte // a cache line each
}

// An entry is one key under one rule.
type entry struct {
	rule *rule
	hash uint64
	cost int64
	mark int64
}

func (m *Memory) init() {
	n := 65536
	if m.Slots > 0 {
		n = max(256, m.Slots)
	}
	n = 1 << bits.Len(uint(n-1))
	m.seed = maphash.MakeSeed()
	m.groups = make([]group, n/places)
	m.spill = make([]slot, len(m.groups)/perSpill)
	m.locks = make([]lock, min(256, len(m.spill)))
	if m.clock == nil {
		m.start = time.Now()
		m.wall = m.start.UnixNano()
	}
}

func (m *Memory) now() int64 {
	if m.clock != nil {
		return m.clock()
	}
	return m.wall + int64(time.Since(m.start))
}

// place returns the group of a hash and its spill, by the upper bits.
func (m *Memory) place(hash uint64) (g, s int) {
	g = int(hash >> 32 & uint64(len(m.groups)-1))
	return g, g / perSpill
}

func (m *Memory) mutex(hash uint64) int {
	_, s := m.place(hash)
	return s & (len(m.locks) - 1)
}

// mix gives a key its own hash under each rule. Both inputs are seeded.
func mix(h, id uint64) uint64 {
	hi, lo := bits.Mul64(h^id, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// find returns where the hash is in g, or where it may go: a place whose cell
// is over. It returns -1 if there is neither. A key goes to the first place it
// can, so it is never behind one that nobody used yet.
func (g *group) find(hash uint64, now int64) (i int, found bool) {
	free := -1
	for j := range uint64(places) {
		at := (hash + j) % places
		switch s := &g[at]; {
		case s.hash == hash:
			return int(at), true
		case s.cell <= now:
			if free < 0 {
				free = int(at)
			}
			if s.cell == 0 {
				return free, false
			}
		}
	}
	return free, false
}

// An undo puts back what one charge changed.
type undo struct {
	at  *slot // nil if nothing was changed
	was slot
}

func (u undo) do() {
	if u.at != nil {
		*u.at = u.was
	}
}

// charge spends e at now; m's lock for it is held. The overflow is true if no
// place was free.
func (m *Memory) charge(e *entry, now int64) (a Answer, overflow bool, u undo) {
	gi, si := m.place(e.hash)
	g, s := &m.groups[gi], &m.spill[si]
	i, found := g.find(e.hash, now)
	var was int64
	switch {
	case found:
		was = g[i].cell
	case s.cell > now && s.hash == e.rule.id:
		was = s.cell // this key may be one of those that spent it
	case s.cell > now && i < 0: // held by another rule
		a = Answer{Now: now, At: max(s.cell, now+e.rule.most*e.rule.each), Used: e.rule.most}
		return a, true, u
	}
	next, a := e.rule.spend(was, now, e.cost)
	if !a.OK || e.cost == 0 {
		return a, i < 0, u
	}
	if i < 0 {
		u = undo{s, *s}
		*s = slot{e.rule.id, next}
		return a, true, u
	}
	u = undo{&g[i], g[i]}
	g[i] = slot{e.hash, next}
	return a, false, u
}

// one is take for a single entry.
func (m *Memory) one(r *rule, hash uint64, cost int64) (a Answer, overflow bool) {
	gi, si := m.place(hash)
	mu := &m.locks[si&(len(m.locks)-1)]
	mu.Lock()
	now := m.now()
	g, i := &m.groups[gi], hash%places
	if g[i].hash == hash { // where most keys are
		g[i].cell, a = r.spend(g[i].cell, now, cost)
	} else {
		a, overflow, _ = m.charge(&entry{rule: r, hash: hash, cost: cost}, now)
	}
	mu.Unlock()
	return a, overflow
}

// take charges all entries or none and fills out. The bits of overflow say
// which entries had no place of their own.
func (m *Memory) take(es []entry, out []Answer) (ok bool, overflow uint) {
	var held [maxAsks]int
	locked := m.lock(es, held[:0])
	now := m.now()
	var undos [maxAsks]undo
	ok = true
	for i := range es {
		a, over, u := m.charge(&es[i], now)
		out[i], undos[i] = a, u
		if over {
			overflow |= 1 << i
		}
		ok = ok && a.OK
	}
	if !ok {
		for i := len(es) - 1; i >= 0; i-- {
			undos[i].do()
		}
	}
	m.unlock(locked)
	return ok, overflow
}

func (m *Memory) settle(es []entry) {
	var held [maxAsks]int
	locked := m.lock(es, held[:0])
	now := m.now()
	for i := range es {
		e := &es[i]
		gi, si := m.place(e.hash)
		g, s := &m.groups[gi], &m.spill[si]
		switch at, found := g.find(e.hash, now); {
		case found:
			g[at].cell = e.rule.settle(g[at].cell, now, e.cost, e.mark)
		case s.cell > now && s.hash == e.rule.id:
			s.cell = e.rule.settle(s.cell, now, e.cost, e.mark)
		case e.cost > 0 && at >= 0:
			g[at] = slot{e.hash, e.rule.settle(0, now, e.cost, e.mark)}
		}
	}
	m.unlock(locked)
}

// lock locks what es need, always in the same order.
func (m *Memory) lock(es []entry, held []int) []int {
	for i := range es {
		if n := m.mutex(es[i].hash); !slices.Contains(held, n) {
			held = append(held, n)
		}
	}
	if len(held) > 1 {
		slices.Sort(held)
	}
	for _, n := range held {
		m.locks[n].Lock()
	}
	return held
}

func (m *Memory) unlock(held []int) {
	for _, n := range held {
		m.locks[n].Unlock()
	}
}

// note keeps an instant for a hash if there is room, and until returns it, or 0
// once it has come. They serve tables whose cells are no rule's.
func (m *Memory) note(hash uint64, at, now int64) {
	n := m.mutex(hash)
	m.locks[n].Lock()
	defer m.locks[n].Unlock()
	gi, _ := m.place(hash)
	if i, _ := m.groups[gi].find(hash, now); i >= 0 {
		m.groups[gi][i] = slot{hash, at}
	}
}

func (m *Memory) until(hash uint64, now int64) int64 {
	n := m.mutex(hash)
	m.locks[n].Lock()
	defer m.locks[n].Unlock()
	gi, _ := m.place(hash)
	if i, found := m.groups[gi].find(hash, now); found && m.groups[gi][i].cell > now {
		return m.groups[gi][i].cell
	}
	return 0
}

// Take implements [Store]. It never blocks on anything but other calls.
func (m *Memory) Take(_ context.Context, asks []Ask) ([]Answer, error) {
	es, err := m.entries(asks, false)
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(es))
	m.take(es, out)
	return out, nil
}

// Settle implements [Store].
func (m *Memory) Settle(_ context.Context, asks []Ask) error {
	es, err := m.entries(asks, true)
	if err == nil {
		m.settle(es)
	}
	return err
}

func (m *Memory) entries(asks []Ask, settling bool) ([]entry, error) {
	m.once.Do(m.init)
	if len(asks) > maxAsks {
		return nil, errors.New("limit: more than 8 asks in a call")
	}
	es, rules := make([]entry, len(asks)), make([]rule, len(asks))
	for i := range asks {
		q := &asks[i]
		if q.Every <= 0 || q.Max <= 0 || !q.Quota && int64(q.Every) > maxSpan/q.Max {
			return nil, errors.New("limit: ask without a limit")
		}
		if q.Cost < 0 && !settling {
			return nil, errors.New("limit: ask with a negative cost")
		}
		rules[i] = q.rule()
		rules[i].id = m.mark(&rules[i])
		es[i] = entry{&rules[i], maphash.Bytes(m.seed, q.Key), q.Cost, q.Mark}
	}
	return es, nil
}

// mark returns the identity of a rule's numbers, for overflow cells.
func (m *Memory) mark(r *rule) uint64 {
	return maphash.Comparable(m.seed, [...]int64{r.most, r.each, r.per, int64(r.shift)})
}
