package model

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
)

// batch is one relation of all rows that were read together: who the parents
// are, and once loaded, their rows in one slab. Parent i owns rows
// spans[i].lo to spans[i].hi.
type batch[C any] struct {
	group
	rows slab[C]
}

type span struct{ lo, hi int32 }

// group is the part of a batch that does not depend on the type of the rows.
type group struct {
	mu     sync.Mutex  // held while loading
	done   atomic.Bool // spans and rows are complete
	rel    *relation
	db     DB
	node   *eager // how to load; nil is plainly
	keys   *keys  // of the parents; gone once loaded
	strict bool
	spans  []span
	counts []int64
}

type batcher interface {
	base() *group
	sink() sink
}

func (b *batch[C]) base() *group { return &b.group }
func (b *batch[C]) sink() sink   { return &b.rows }

// of returns the rows of a parent, without room to append into the next one's.
func (b *batch[C]) of(i int) []C {
	s := b.spans[i]
	return b.rows.list[s.lo:s.hi:s.hi]
}

// ensure loads the relation unless that has been done.
func (g *group) ensure(ctx context.Context, out sink) error {
	if g.done.Load() {
		return nil
	}
	if g.strict {
		return &Error{Kind: ErrNotLoaded, Model: g.rel.String()}
	}
	return g.load(ctx, out)
}

func (g *group) load(ctx context.Context, out sink) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done.Load() {
		return nil
	}
	if err := g.fill(ctx, out); err != nil {
		out.reset()
		return err
	}
	g.keys, g.db, g.node = nil, nil, nil
	g.done.Store(true)
	return nil
}

// loaded makes the batch of one parent whose rows are known.
func loaded[C any](list []C) *batch[C] {
	b := &batch[C]{rows: slab[C]{list: list}}
	b.spans = []span{{0, int32(len(list))}}
	b.done.Store(true)
	return b
}

// alone returns a batch with nothing but the rows of parent i, nil if they
// were not loaded.
func (b *batch[C]) alone(i int) *batch[C] {
	if b == nil || !b.done.Load() && b.counts == nil {
		return nil
	}
	if !b.done.Load() {
		return &batch[C]{group: group{counts: b.counts[i : i+1 : i+1]}}
	}
	list := append([]C(nil), b.of(i)...)
	if all := tablesOf(reflect.TypeFor[C]()); len(all) > 0 {
		for j := range list {
			detach(all[0], reflect.ValueOf(&list[j]).Elem())
		}
	}
	out := loaded(list)
	if b.counts != nil {
		out.counts = []int64{b.counts[i]}
	}
	return out
}
