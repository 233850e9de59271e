package model

import (
	"fmt"
)

// route is the tables of a relation in a statement: refs[i] is where step i
// leads to.
type route struct {
	rel  *relation
	refs []ref
}

func (w route) near() ref   { return w.refs[0] } // compared with the owner's columns
func (w route) target() ref { return w.refs[len(w.refs)-1] }

// route gives aliases to the tables of a relation.
func (b *builder) route(rel *relation) route {
	w := route{rel, make([]ref, len(rel.steps))}
	for i, s := range rel.steps {
		w.refs[i] = ref{t: s.to, alias: b.newAlias()}
	}
	if rel.pivot != nil {
		w.refs[len(w.refs)-1].pivot = w.refs[len(w.refs)-2].alias
	}
	return w
}

// follow writes a route as it stands in FROM: the target, then back along the
// steps.
func (b *builder) follow(w route) {
	b.from(w.target())
	for i := len(w.refs) - 1; i > 0; i-- {
		mid, s := w.refs[i-1], w.rel.steps[i]
		b.w(" JOIN ")
		b.from(mid)
		b.w(" ON ")
		b.pairs(w.refs[i], s.toCols, mid, s.fromCols)
		b.kinds(s.fromKinds, mid)
		b.kinds(w.rel.steps[i-1].toKinds, mid)
		mark := len(b.refs)
		b.refs = append(b.refs, mid)
		b.guards(&spec{t: mid.t}, mid, " AND ")
		b.refs = b.refs[:mark]
	}
}

// kinds writes the conditions of Kind.
func (b *builder) kinds(list []fixed, r ref) {
	for _, k := range list {
		b.w(" AND ")
		b.col(r, k.col)
		b.w(" = ")
		b.arg(b.encode(k.col, k.value))
	}
}

// correlated writes FROM and WHERE of a subquery over the rows related to the
// owner's row in reach.
func (b *builder) correlated(rel *relation, narrow func(spec) spec) {
	mark := len(b.refs)
	defer func() { b.refs = b.refs[:mark] }()
	outer := b.reach(rel.owner)
	s, err := rel.narrowed(narrow)
	if err == nil && (s.limited || len(s.with) > 0 || len(s.joins) > 0 || s.lock != "") {
		err = fmt.Errorf("model: %s: only conditions can narrow Has and counts", rel)
	}
	if err != nil {
		b.fail(err)
		return
	}
	b.w(" FROM ")
	way := b.route(rel)
	target := way.target()
	b.follow(way)
	b.refs = append(b.refs, target)
	b.w(" WHERE ")
	b.pairs(way.near(), rel.steps[0].toCols, outer, rel.steps[0].fromCols)
	b.kinds(rel.steps[0].fromKinds, outer)
	b.kinds(rel.steps[len(rel.steps)-1].toKinds, target)
	b.where(&s, target, " AND ")
}

// narrowed returns the query for the relation's rows.
func (r *relation) narrowed(narrow func(spec) spec) (spec, error) {
	if err := r.resolve(); err != nil {
		return spec{}, err
	}
	s := spec{t: r.to}
	if narrow != nil {
		s = narrow(s)
	}
	if s.t != r.to {
		return s, fmt.Errorf("model: %s is narrowed by a query on %s", r, s.t.name)
	}
	return s, s.err
}

func (b *builder) has(c Cond) {
	n, ok := lookup(c.field)
	if !ok || n.rel == nil {
		b.fail(badAddress(c.field, "relation"))
		return
	}
	narrow, _ := c.value.(func(spec) spec)
	b.w("EXISTS (SELECT 1")
	b.correlated(n.rel, narrow)
	b.w(")")
}
