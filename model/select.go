package model

import (
	"errors"
	"fmt"
	"slices"
)

// selection is what a SELECT reads of a table: columns by position.
type selection struct {
	cols []*column
	full bool // all columns of the table, in order
}

// selected chooses the columns of a query. Keys are always there; so are the
// columns its orders, relations and optimistic lock need.
func (s *spec) selected() selection {
	if s.reads == nil {
		return selection{s.t.columns, true}
	}
	want := make([]bool, len(s.t.columns))
	for _, c := range s.t.columns {
		want[c.index] = c.pk || c.lock || !c.lazy && !s.narrow
	}
	mark := func(c *column) {
		if c != nil && c.t == s.t && !c.pivot {
			want[c.index] = true
		}
	}
	for _, c := range s.reads {
		mark(c)
	}
	for _, o := range s.orders {
		if n, ok := lookup(o.field); ok {
			mark(n.col)
		}
	}
	for _, c := range s.need {
		mark(c)
	}
	for _, r := range s.t.links {
		for _, c := range r.local() {
			mark(c)
		}
	}
	sel := selection{full: true}
	for _, c := range s.t.columns {
		if want[c.index] {
			sel.cols = append(sel.cols, c)
		} else {
			sel.full = false
		}
	}
	return sel
}

func (b *builder) list(r ref, sel selection) {
	for i, c := range sel.cols {
		if i > 0 {
			b.w(", ")
		}
		b.col(r, c)
	}
}

// selectRows writes the whole SELECT of a query.
func (b *builder) selectRows(s *spec, sel selection) {
	b.w("SELECT ")
	r := b.push(s.t)
	b.list(r, sel)
	b.countColumns(s)
	b.w(" FROM ")
	b.body(s, r)
	b.w(s.lockText(b.d))
}

// body writes FROM's content and all that follows it but the lock.
func (b *builder) body(s *spec, r ref) {
	b.fail0(s.err)
	b.from(r)
	b.joins(s, r)
	b.where(s, r, " WHERE ")
	b.order(s)
	b.limit(s)
}

func (b *builder) limit(s *spec) {
	if s.limited {
		b.w(" LIMIT ")
		b.arg(int64(s.limit))
	}
	if s.skips {
		b.w(" OFFSET ")
		b.arg(int64(s.skip))
	}
}

func (b *builder) fail0(err error) {
	if err != nil {
		b.fail(err)
	}
}

// announce brings the joined tables into reach before FROM is written, for
// what is selected of them.
func (b *builder) announce(s *spec) {
	for _, rel := range s.joins {
		if err := rel.resolve(); err != nil {
			b.fail(err)
			return
		}
		if len(rel.steps) != 1 || rel.many {
			b.fail(fmt.Errorf("model: %s cannot be joined: use Has", rel))
			return
		}
		to := rel.steps[0].to
		if slices.ContainsFunc(b.refs, func(r ref) bool { return r.t == to }) {
			b.fail(fmt.Errorf("model: %s is in this query twice: use Has", to.name))
			return
		}
		b.push(to)
	}
}

// joins writes LEFT JOINs, their guards inside ON so that a hidden row reads
// as no row.
func (b *builder) joins(s *spec, r ref) {
	if len(s.joins) == 0 {
		return
	}
	if b.refs[len(b.refs)-1].t == r.t { // not announced yet
		b.announce(s)
	}
	if b.err != nil {
		return
	}
	for _, rel := range s.joins {
		step := rel.steps[0]
		from, to := b.reach(rel.owner), b.reach(step.to)
		b.w(" LEFT JOIN ")
		b.from(to)
		b.w(" ON ")
		b.pairs(to, step.toCols, from, step.fromCols)
		b.kinds(step.toKinds, to)
		b.kinds(step.fromKinds, from)
		b.guards(&spec{t: step.to}, to, " AND ")
	}
}

func (b *builder) reach(t *table) ref {
	for i := len(b.refs) - 1; i >= 0; i-- {
		if b.refs[i].t == t {
			return b.refs[i]
		}
	}
	b.fail(fmt.Errorf("model: %s is not in this query", t.name))
	return ref{}
}

// pairs writes a.x = b.y AND ...
func (b *builder) pairs(left ref, cols []*column, right ref, others []*column) {
	for i, c := range cols {
		if i > 0 {
			b.w(" AND ")
		}
		b.col(left, c)
		b.w(" = ")
		b.col(right, others[i])
	}
}

func (b *builder) order(s *spec) {
	for i, o := range s.orders {
		if i == 0 {
			b.w(" ORDER BY ")
		} else {
			b.w(", ")
		}
		b.orderTerm(o)
	}
}

func (b *builder) orderTerm(o Order) {
	null := false
	if c, ok := o.field.(Cond); ok {
		if c.op != opSQL {
			b.fail(errors.New("model: order by a field address or by SQL"))
			return
		}
		b.sql(c)
	} else {
		r, col := b.find(o.field)
		if col == nil {
			return
		}
		b.col(r, col)
		null = col.nullable || r.t != b.refs[0].t
	}
	if o.desc {
		b.w(" DESC")
	}
	if null {
		b.nulls(o.desc)
	}
}

// nulls makes NULL the smallest value, as it is on SQLite by itself.
func (b *builder) nulls(desc bool) {
	switch {
	case b.d == SQLite:
	case desc:
		b.w(" NULLS LAST")
	default:
		b.w(" NULLS FIRST")
	}
}

func (s *spec) lockText(d Dialect) string {
	if d == SQLite {
		return ""
	}
	return s.lock
}
