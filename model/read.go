package model

import (
	"context"
	"fmt"
)

// All reads every row of the query; no row is an empty slice, not an error.
// The rows lie next to each other: keeping a pointer to one keeps all.
func (q Query[T]) All(ctx context.Context, db DB) ([]T, error) {
	out := new(slab[T])
	if err := q.read(ctx, db, out); err != nil {
		return nil, err
	}
	if out.list == nil {
		out.list = []T{}
	}
	return out.list, nil
}

// One reads the only row of the query: [ErrNotFound] if there is none, an
// error if there are more.
func (q Query[T]) One(ctx context.Context, db DB) (T, error) {
	list, err := q.Limit(2).All(ctx, db)
	if err == nil && len(list) > 1 {
		err = fmt.Errorf("model: more than one row of %s", q.t.name)
	}
	return q.head(list, nil, err)
}

// First reads the first row in the query's order, by key if it has none:
// [ErrNotFound] if there is none.
func (q Query[T]) First(ctx context.Context, db DB) (T, error) {
	if len(q.orders) == 0 {
		q.orders = q.keyOrder()
	}
	list, err := q.Limit(1).All(ctx, db)
	return q.head(list, nil, err)
}

func (q Query[T]) head(list []T, key any, err error) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	if len(list) == 0 {
		return zero, &Error{Kind: ErrNotFound, Model: q.t.name, Key: key}
	}
	return list[0], nil
}

// Find reads the row with the key: [ErrNotFound] if the query has no such row,
// [ErrNoKey] if the key is zero. A composite key is given part by part, in the
// order of the fields; every part must have the type of its field.
func (q Query[T]) Find(ctx context.Context, db DB, key ...any) (T, error) {
	var zero T
	if err := q.byKey(key); err != nil {
		return zero, err
	}
	out := &slab[T]{list: make([]T, 0, 1)}
	if err := q.read(ctx, db, out); err != nil {
		return zero, err
	}
	return q.head(out.list, keyForMessage(key), nil)
}

// Exists reports whether the query has a row.
func (q Query[T]) Exists(ctx context.Context, db DB) (bool, error) {
	b := newBuilder(ctx, db.handle().dialect())
	b.w("SELECT EXISTS (SELECT 1 FROM ")
	b.body(&q.spec, b.push(q.t))
	b.w(")")
	var yes bool
	return yes, value(ctx, db, b, &yes)
}

// Count returns the number of rows of the query, limit included.
func (q Query[T]) Count(ctx context.Context, db DB) (int64, error) {
	return q.count(ctx, db)
}

func (s *spec) count(ctx context.Context, db DB) (int64, error) {
	c := *s
	c.orders = nil
	b := newBuilder(ctx, db.handle().dialect())
	if c.limited {
		c.orders = s.orders
		b.w("SELECT count(*) FROM (SELECT 1 AS one FROM ")
		b.body(&c, b.push(c.t))
		b.w(") AS w")
	} else {
		b.w("SELECT count(*) FROM ")
		b.body(&c, b.push(c.t))
	}
	var n int64
	return n, value(ctx, db, b, &n)
}

// value runs a statement that answers with one row of one column.
func value(ctx context.Context, db DB, b *builder, dst any) error {
	defer b.free()
	if b.err != nil {
		return b.err
	}
	h := db.handle()
	rs, err := h.query(ctx, string(b.buf), b.args)
	if err != nil {
		return err
	}
	defer rs.Close()
	if rs.Next() {
		if err := rs.Scan(dst); err != nil {
			return err
		}
	}
	if err := rs.Err(); err != nil {
		return h.fault(ctx, err)
	}
	return rs.Close()
}

func (s *spec) keyOrder() []Order {
	orders := make([]Order, len(s.t.keys))
	for i, c := range s.t.keys {
		orders[i] = Order{field: c.address}
	}
	return orders
}

// byKey adds the condition that a row has the key.
func (s *spec) byKey(key []any) error {
	keys := s.t.keys
	if len(keys) == 0 {
		return fmt.Errorf("model: %s has no key", s.t.name)
	}
	if len(keys) != len(key) {
		return fmt.Errorf("model: the key of %s has %d parts, not %d", s.t.name, len(keys), len(key))
	}
	conds := make([]Cond, len(s.conds), len(s.conds)+len(key))
	copy(conds, s.conds)
	zero := true
	for i, c := range keys {
		v, none, err := c.keyValue(key[i])
		if err != nil {
			return err
		}
		zero = zero && none
		conds = append(conds, Cond{op: opEqual, field: c.address, value: v})
	}
	if zero {
		return &Error{Kind: ErrNoKey, Model: s.t.name}
	}
	s.conds = conds
	return nil
}

func keyForMessage(key []any) any {
	if len(key) == 1 {
		return key[0]
	}
	return key
}
