package model

import (
	"context"
	"errors"
	"fmt"
)

// An Assign is a column and its new value, for [Query.Update].
type Assign struct {
	field any
	value any
	expr  *Cond
}

// Set gives the column a value.
func Set[V any](field *V, value V) Assign { return Assign{field: field, value: value} }

// SetSQL gives the column the value of an expression, as [SQL] takes it:
// SetSQL(&p.Likes, "? + ?", &p.Likes, 1).
func SetSQL[V any](field *V, text literal, args ...any) Assign {
	c := SQL(text, args...)
	return Assign{field: field, expr: &c}
}

// Update writes to every row of the query and returns how many there were.
// Touch and lock columns move on as well. It runs no hooks: on a model that has some
// for Update it is an error unless [Query.WithoutHooks] is said. Without a
// condition it is [ErrUnbounded] unless [Query.Everything] is said.
func (q Query[T]) Update(ctx context.Context, db DB, sets ...Assign) (int64, error) {
	if len(sets) == 0 {
		return 0, errors.New("model: an update without assignments")
	}
	return q.bulk(ctx, db, Update, func(b *builder, r ref) {
		b.w("UPDATE ")
		b.from(r)
		b.w(" SET ")
		for i, s := range sets {
			if i > 0 {
				b.w(", ")
			}
			b.assign(q.t, s)
		}
		b.movedIn(r)
	})
}

// Delete marks every row of the query as deleted if the model has a soft
// column, else removes it. See [Query.Update] for what it refuses.
func (q Query[T]) Delete(ctx context.Context, db DB) (int64, error) {
	if q.t.soft == nil {
		return q.bulk(ctx, db, Delete, destroyAll)
	}
	return q.bulk(ctx, db, Delete, func(b *builder, r ref) {
		b.w("UPDATE ")
		b.from(r)
		b.w(" SET ")
		b.w(q.t.soft.quoted)
		b.w(" = ")
		b.w(b.now())
		b.movedIn(r)
	})
}

// Destroy removes every row of the query for good. Rows that are softly
// deleted are among them only if the query has them: [Query.Trashed].
func (q Query[T]) Destroy(ctx context.Context, db DB) (int64, error) {
	return q.bulk(ctx, db, Destroy, destroyAll)
}

// Restore takes back the soft delete of every row of the query.
func (q Query[T]) Restore(ctx context.Context, db DB) (int64, error) {
	q = q.OnlyTrashed()
	return q.bulk(ctx, db, Restore, func(b *builder, r ref) {
		b.w("UPDATE ")
		b.from(r)
		b.w(" SET ")
		b.w(q.t.soft.quoted)
		b.w(" = NULL")
		b.movedIn(r)
	})
}

func destroyAll(b *builder, r ref) {
	b.w("DELETE FROM ")
	b.from(r)
}

// bulk runs a write of all rows of the query.
func (s *spec) bulk(ctx context.Context, db DB, ev Event, head func(*builder, ref)) (int64, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case !s.all && unconditional(s.conds):
		return 0, &Error{Kind: ErrUnbounded, Model: s.t.name}
	case s.limited || len(s.orders) > 0 || len(s.joins) > 0 || s.lock != "":
		return 0, fmt.Errorf("model: a write of many rows of %s takes conditions only: no limit, order, join or lock", s.t.name)
	case s.t.hooks.any(ev) && !s.noHooks:
		return 0, fmt.Errorf("model: %s has hooks, and a write of many rows runs none: say WithoutHooks() or write row by row", s.t.name)
	}
	h := db.handle()
	b := newBuilder(ctx, h.dialect())
	r := b.push(s.t)
	head(b, r)
	b.where(s, r, " WHERE ")
	if b.err != nil {
		return 0, b.err
	}
	res, err := h.exec(ctx, string(b.buf), b.args)
	if err != nil {
		return 0, s.t.blame(err)
	}
	return res.RowsAffected()
}

// unconditional reports whether conds let every row through because nothing
// is in them.
func unconditional(conds []Cond) bool {
	for _, c := range conds {
		if kids, _ := c.value.([]Cond); c.op != opAnd || !unconditional(kids) {
			return false
		}
	}
	return true
}

func (b *builder) assign(t *table, s Assign) {
	n, ok := lookup(s.field)
	if !ok || n.col == nil || n.col.t != t {
		b.fail(badAddress(s.field, "column of "+t.name))
		return
	}
	b.fail0(n.col.writable())
	b.w(n.col.quoted)
	b.w(" = ")
	if s.expr != nil {
		b.sql(*s.expr)
		return
	}
	b.arg(b.encode(n.col, s.value))
}
