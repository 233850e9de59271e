package model

import (
	"context"
	"fmt"
	"reflect"
)

// query returns what reads the rows of the relation.
func (g *group) query() (spec, error) {
	s := spec{t: g.rel.to, strict: g.strict}
	if g.node == nil {
		s.orders = g.rel.order
		return s, nil
	}
	s.reads = g.node.reads
	for _, f := range g.node.narrow {
		if s = f(s); s.t != g.rel.to {
			return s, fmt.Errorf("model: %s is narrowed by a query on %s", g.rel, s.t.name)
		}
	}
	if len(s.orders) == 0 {
		s.orders = g.rel.order
	}
	s.with = merge(s.with, g.node.with)
	return s, s.err
}

// fill reads the related rows of all parents with one statement.
func (g *group) fill(ctx context.Context, out sink) error {
	x := g.keys.index()
	g.spans = make([]span, len(x.slots))
	if x.n == 0 {
		return nil
	}
	s, err := g.query()
	if err != nil {
		return err
	}
	h := g.db.handle()
	l := &loader{group: g, s: &s, remote: &keys{cols: g.rel.steps[0].toCols}, counts: newTallies(&s)}
	b := newBuilder(ctx, h.dialect())
	defer b.free()
	l.statement(b, x)
	if b.err != nil {
		return b.err
	}
	l.remote.grow(x.n)
	if err := fetch(ctx, h, b, out, l.scanner(), l.row); err != nil {
		return err
	}
	if err := l.distribute(out, x); err != nil {
		return err
	}
	return s.connect(loadContext{ctx, g.db}, out, l.counts)
}

// loader is one load of a relation.
type loader struct {
	*group
	s      *spec
	sel    selection
	remote *keys // of the rows, by position
	counts *tallies
}

// direct reports whether the key is a column of the rows themselves.
func (l *loader) direct() bool { return len(l.rel.steps) == 1 }

func (l *loader) statement(b *builder, x *index) {
	if l.direct() {
		l.s.need = l.remote.cols
	}
	l.sel = l.s.selected()
	if l.rel.pivot != nil {
		l.sel.cols = plus(l.sel.cols, l.rel.to.pivots...)
	}
	way := b.route(l.rel)
	b.refs = append(b.refs, way.target())
	if l.s.limited {
		l.ranked(b, way, x)
		return
	}
	b.w("SELECT ")
	l.items(b, way, false)
	l.from(b, way, x)
	b.order(l.s)
}

// ranked numbers the rows of each parent and keeps the first ones.
func (l *loader) ranked(b *builder, way route, x *index) {
	b.w("SELECT ")
	n := len(l.sel.cols) + len(l.s.counts)
	if !l.direct() {
		n += len(l.remote.cols)
	}
	for i := range n {
		if i > 0 {
			b.w(", ")
		}
		b.w("c")
		b.int(i)
	}
	b.w(" FROM (SELECT ")
	l.items(b, way, true)
	b.w(", row_number() OVER (PARTITION BY ")
	for i, c := range l.remote.cols {
		if i > 0 {
			b.w(", ")
		}
		b.col(way.near(), c)
	}
	b.w(" ORDER BY ")
	for _, o := range l.s.orders {
		b.orderTerm(o)
		b.w(", ")
	}
	for i, c := range l.rel.to.keys {
		if i > 0 {
			b.w(", ")
		}
		b.col(way.target(), c)
	}
	if len(l.rel.to.keys) == 0 {
		b.fail(fmt.Errorf("model: a limit per parent needs a key of %s", l.rel.to.name))
	}
	b.w(") AS rn")
	l.from(b, way, x)
	b.w(") AS w WHERE rn <= ")
	b.arg(int64(l.s.limit))
	b.w(" ORDER BY rn")
}

// items writes what is read: columns, counts, and the key if the rows lack it.
func (l *loader) items(b *builder, way route, numbered bool) {
	n := 0
	begin := func() {
		if n > 0 {
			b.w(", ")
		}
	}
	end := func() {
		if numbered {
			b.w(" AS c")
			b.int(n)
		}
		n++
	}
	for _, c := range l.sel.cols {
		begin()
		b.col(way.target(), c)
		end()
	}
	for _, c := range l.s.counts {
		begin()
		b.countColumn(c)
		end()
	}
	if !l.direct() {
		for _, c := range l.remote.cols {
			begin()
			b.col(way.near(), c)
			end()
		}
	}
}

func (l *loader) from(b *builder, way route, x *index) {
	b.w(" FROM ")
	b.follow(way)
	b.joins(l.s, way.target())
	b.w(" WHERE ")
	for i, arr := range l.keys.arrays(x, b.d) {
		if i > 0 {
			b.w(" AND ")
		}
		b.col(way.near(), l.remote.cols[i])
		b.anyOf(arr)
	}
	b.kinds(l.rel.steps[len(l.rel.steps)-1].toKinds, way.target())
	b.where(l.s, way.target(), " AND ")
}

func (l *loader) scanner() *scanner {
	sc := newScanner(l.sel.cols, l.counts.dest()...)
	if l.direct() {
		return sc
	}
	for _, c := range l.remote.cols {
		v := reflect.New(c.typ).Elem()
		l.remote.from = append(l.remote.from, v)
		sc.dest = append(sc.dest, &cell{col: c, dst: v})
	}
	return sc
}

// row is called after each row was read.
func (l *loader) row(row reflect.Value) error {
	l.counts.row()
	return l.remote.add(row, false)
}
