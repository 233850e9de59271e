package model

import (
	"fmt"
	"reflect"
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

// counted is a relation whose rows are counted with the query.
type counted struct {
	rel    *relation
	narrow func(spec) spec
}

// WithCount counts the related rows with the query, as a subselect; see
// [Many.Count]. The field may be narrowed with [Constrain].
func (q Query[T]) WithCount(field any) Query[T] {
	st := stepOf(field)
	n, ok := lookup(st.field)
	if !ok || n.rel == nil || n.rel.owner != q.t {
		q.fail(badAddress(st.field, "relation of "+q.t.name))
		return q
	}
	q.counts = plus(q.counts, counted{n.rel, st.narrow})
	return q
}

func (b *builder) countColumn(c counted) {
	b.w("(SELECT count(*)")
	b.correlated(c.rel, c.narrow)
	b.w(")")
}

func (b *builder) countColumns(s *spec) {
	for _, c := range s.counts {
		b.w(", ")
		b.countColumn(c)
	}
}

// tallies receives counted relations, row by row.
type tallies struct {
	of  []counted
	now []int64
	all [][]int64
}

func newTallies(s *spec) *tallies {
	n := len(s.counts)
	if n == 0 {
		return nil
	}
	return &tallies{of: s.counts, now: make([]int64, n), all: make([][]int64, n)}
}

func (t *tallies) dest() []any {
	if t == nil {
		return nil
	}
	out := make([]any, len(t.now))
	for i := range out {
		out[i] = &t.now[i]
	}
	return out
}

func (t *tallies) row() {
	if t == nil {
		return
	}
	for i, n := range t.now {
		t.all[i] = append(t.all[i], n)
	}
}

// connect gives the relation fields of freshly read rows their batches, and
// loads those that were asked for.
func (s *spec) connect(ctx loadContext, out sink, counts *tallies) error {
	n := out.size()
	if n == 0 {
		return nil
	}
	bonds, err := s.bonds(ctx, n)
	if err != nil || len(bonds) == 0 {
		return err
	}
	for i := range n {
		row := out.at(i)
		for _, k := range bonds {
			if err := k.bind(row, i); err != nil {
				return err
			}
		}
	}
	if counts != nil {
		for j, c := range counts.of {
			for _, k := range bonds {
				if k.g.rel == c.rel {
					k.g.counts = counts.all[j]
				}
			}
		}
	}
	for _, k := range bonds {
		if k.g.node == nil {
			continue
		}
		if err := k.g.load(ctx.Context, k.b.sink()); err != nil {
			return err
		}
	}
	return nil
}

// bond is a relation of the rows being read.
type bond struct {
	g    *group
	b    batcher
	path []int
	own  bool // fills g.keys; else they are another bond's
}

func (s *spec) bonds(ctx loadContext, n int) ([]*bond, error) {
	var out []*bond
	for _, rel := range s.t.links {
		node := s.node(rel)
		if rel.declare == nil && node == nil {
			continue // a relation that another model of the embedded type declared
		}
		if err := rel.resolve(); err != nil {
			return nil, err
		}
		b := rel.pointer.(linker).newBatch()
		g := b.base()
		g.rel, g.db, g.strict, g.node = rel, ctx.db, s.strict, node
		k := &bond{g: g, b: b, path: rel.path}
		if g.keys = shared(out, rel); g.keys == nil {
			g.keys = &keys{cols: rel.steps[0].fromCols}
			g.keys.grow(n)
			k.own = true
		}
		out = append(out, k)
	}
	return out, nil
}

// shared returns the keys of an earlier bond that looks at the same columns.
func shared(bonds []*bond, rel *relation) *keys {
	if len(rel.steps[0].fromKinds) > 0 {
		return nil
	}
	for _, k := range bonds {
		cols := k.g.rel.steps[0].fromCols
		if len(k.g.rel.steps[0].fromKinds) == 0 && len(cols) == len(rel.steps[0].fromCols) && &cols[0] == &rel.steps[0].fromCols[0] {
			return k.g.keys
		}
	}
	return nil
}

func (k *bond) bind(row reflect.Value, i int) error {
	row.FieldByIndex(k.path).Addr().Interface().(linker).link(k.b, i)
	if !k.own {
		return nil
	}
	hide := false
	for _, kind := range k.g.rel.steps[0].fromKinds {
		v := kind.col.of(row)
		hide = hide || !v.Equal(reflect.ValueOf(kind.value))
	}
	return k.g.keys.add(row, hide)
}
