package model

import (
	"fmt"
	"slices"
)

// A Query says which rows to read or change. It is a value: every method
// returns another Query and leaves its receiver as it was, so a query can be
// kept, shared between goroutines and branched. Mistakes (a field of another
// model, a negative limit) come back as the error of the method that runs it.
type Query[T any] struct{ spec }

// spec is a Query without the type of its rows.
type spec struct {
	t        *table
	conds    []Cond
	orders   []Order
	joins    []*relation
	with     []*eager
	counts   []counted
	limit    int
	limited  bool
	lock     string
	window   window
	skips    bool      // pages by number: an OFFSET is written
	skip     int       // rows to pass over
	from     *cursor   // only rows behind it
	reads    []*column // nil: all columns
	need     []*column // read whatever reads says
	narrow   bool      // leave out every column not in reads, not only lazy ones
	trashed  trashed
	unscoped bool
	strict   bool
	all      bool // Everything was said
	noHooks  bool
	err      error
}

type trashed uint8

const (
	withoutTrashed trashed = iota
	withTrashed
	onlyTrashed
)

func (s *spec) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// with appends without ever writing into memory another query can see.
func plus[E any](list []E, more ...E) []E {
	return append(slices.Clip(list), more...)
}

// Where keeps the rows for which all of conds hold, and what earlier calls asked.
func (q Query[T]) Where(conds ...Cond) Query[T] {
	q.conds = plus(q.conds, conds...)
	return q
}

// OrderBy sorts, after what earlier calls sorted by. Rows that are equal in
// all of it come in any order, except in pages and Each, which add the key.
func (q Query[T]) OrderBy(orders ...Order) Query[T] {
	q.orders = plus(q.orders, orders...)
	return q
}

// Limit reads at most n rows. In a query that narrows a relation it counts
// per parent.
func (q Query[T]) Limit(n int) Query[T] {
	if n < 0 {
		q.fail(fmt.Errorf("model: a limit of %d", n))
	}
	q.limit, q.limited = n, true
	return q
}

// Trashed reads rows that are softly deleted as well. It speaks of this query
// alone: related rows are not affected.
func (q Query[T]) Trashed() Query[T] {
	q.trashed = withTrashed
	return q
}

// OnlyTrashed reads only rows that are softly deleted.
func (q Query[T]) OnlyTrashed() Query[T] {
	q.trashed = onlyTrashed
	if q.t.soft == nil {
		q.fail(fmt.Errorf("model: %s has no soft column", q.t.name))
	}
	return q
}

// Unscoped leaves out the conditions of [Model.Scope], for this table alone.
// In an application with tenants it reads across all of them.
func (q Query[T]) Unscoped() Query[T] {
	q.unscoped = true
	return q
}

// Strict makes a relation that was not loaded with [Query.With] an error
// ([ErrNotLoaded]) instead of a query, in the rows read and in theirs.
func (q Query[T]) Strict() Query[T] {
	q.strict = true
	return q
}

// With loads relations together with the rows, one query for each level. A
// path is relation after relation: With(&u.Posts, &p.Comments) loads posts and
// their comments. A step may be narrowed with [Constrain]. Paths that begin
// alike share the queries of their beginning.
func (q Query[T]) With(path ...any) Query[T] {
	with, err := graft(q.with, q.t, path)
	if err != nil {
		q.fail(err)
	}
	q.with = with
	return q
}

// Narrow reads only the given columns, keys, and what order and relations
// need; after [Query.For], also what the projection reads. The other
// fields of the rows are zero: do not decide by them, and do not write them back.
func (q Query[T]) Narrow(fields ...any) Query[T] {
	reads := slices.Clip(q.reads)
	if reads == nil {
		reads = []*column{}
	}
	for _, f := range fields {
		n, ok := lookup(f)
		if !ok || n.col == nil || n.col.t != q.t {
			q.fail(badAddress(f, "column of "+q.t.name))
			continue
		}
		reads = append(reads, n.col)
	}
	q.reads, q.narrow = reads, true
	return q
}

// Join brings the row a [One] relation points to into reach of conditions and
// orders: Posts.Join(&p.Author).OrderBy(Asc(&a.Name)). Rows that have none
// stay, with NULL for its columns. For relations to many there is [Has].
func (q Query[T]) Join(field any) Query[T] {
	n, ok := lookup(field)
	if !ok || n.rel == nil {
		q.fail(badAddress(field, "relation"))
		return q
	}
	q.joins = plus(q.joins, n.rel)
	return q
}

// ForUpdate locks the rows read until the transaction ends. Outside a
// transaction it is an error. SQLite's transactions lock the whole database
// for writing as they begin, so there it adds nothing.
func (q Query[T]) ForUpdate() Query[T] {
	q.lock = " FOR UPDATE"
	return q
}

// ForShare is [Query.ForUpdate] for rows that must only not change.
func (q Query[T]) ForShare() Query[T] {
	q.lock = " FOR SHARE"
	return q
}

// SkipLocked locks like [Query.ForUpdate] and leaves out rows that somebody
// else has locked.
func (q Query[T]) SkipLocked() Query[T] {
	q.lock = " FOR UPDATE SKIP LOCKED"
	return q
}

// Everything lets a set-based Update, Delete or Destroy run without a condition.
func (q Query[T]) Everything() Query[T] {
	q.all = true
	return q
}

// WithoutHooks lets a set-based write run on a model with hooks, without them.
func (q Query[T]) WithoutHooks() Query[T] {
	q.noHooks = true
	return q
}
