package model

import (
	"context"
	"fmt"
	"reflect"
)

// Pluck reads one column of the query's rows. The column may be a joined one.
func Pluck[T, V any](ctx context.Context, db DB, q Query[T], field *V) ([]V, error) {
	h := db.handle()
	b := newBuilder(ctx, h.dialect())
	col := b.single(&q.spec, field, "")
	if b.err != nil {
		return nil, b.err
	}
	b.w(q.lockText(b.d))
	rs, err := h.query(ctx, string(b.buf), b.args)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	out := []V{}
	c := cell{col: col}
	for rs.Next() {
		var v V
		c.dst = reflect.ValueOf(&v).Elem()
		if err := rs.Scan(&c); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	if err := rs.Err(); err != nil {
		return nil, h.fault(ctx, err)
	}
	return out, rs.Close()
}

// Sum adds up a column over the query's rows, its limit included; over no
// rows it is zero.
func Sum[T, V any](ctx context.Context, db DB, q Query[T], field *V) (V, error) {
	var sum V
	_, err := aggregate(ctx, db, &q.spec, "sum", field, reflect.ValueOf(&sum).Elem())
	return sum, err
}

// Min finds the smallest value of a column; over no values it is [ErrNotFound].
func Min[T, V any](ctx context.Context, db DB, q Query[T], field *V) (V, error) {
	return extreme(ctx, db, q, "min", field)
}

// Max finds the greatest value of a column; over no values it is [ErrNotFound].
func Max[T, V any](ctx context.Context, db DB, q Query[T], field *V) (V, error) {
	return extreme(ctx, db, q, "max", field)
}

func extreme[T, V any](ctx context.Context, db DB, q Query[T], f string, field *V) (V, error) {
	var v V
	some, err := aggregate(ctx, db, &q.spec, f, field, reflect.ValueOf(&v).Elem())
	if err == nil && !some {
		err = &Error{Kind: ErrNotFound, Model: q.t.name}
	}
	return v, err
}

// Avg is the mean of a column; over no values it is [ErrNotFound].
func Avg[T, V any](ctx context.Context, db DB, q Query[T], field *V) (float64, error) {
	var v float64
	some, err := aggregate(ctx, db, &q.spec, "avg", field, reflect.ValueOf(&v).Elem())
	if err == nil && !some {
		err = &Error{Kind: ErrNotFound, Model: q.t.name}
	}
	return v, err
}

// single writes SELECT f(column) FROM ..., or over a subquery when the query
// has a limit that f must not see past.
func (b *builder) single(s *spec, field any, f string) *column {
	n, ok := lookup(field)
	if !ok || n.col == nil {
		b.fail(badAddress(field, "column"))
		return nil
	}
	b.w("SELECT ")
	outer := f != "" && s.limited
	if outer {
		b.w(f)
		b.w("(c) FROM (SELECT ")
	} else if f != "" {
		b.w(f)
		b.w("(")
		c := *s
		c.orders = nil
		s = &c
	}
	r := b.push(s.t)
	b.announce(s)
	if at, col := b.find(field); col != nil {
		b.col(at, col)
	}
	if outer {
		b.w(" AS c")
	} else if f != "" {
		b.w(")")
	}
	b.w(" FROM ")
	b.body(s, r)
	if outer {
		b.w(") AS w")
	}
	return n.col
}

// aggregate stores f of a column in dst and reports whether it was not NULL.
func aggregate(ctx context.Context, db DB, s *spec, f string, field any, dst reflect.Value) (bool, error) {
	b := newBuilder(ctx, db.handle().dialect())
	b.single(s, field, f)
	var src any
	if err := value(ctx, db, b, &src); err != nil || src == nil {
		return false, err
	}
	c := column{t: s.t, name: f, typ: dst.Type()}
	c.assign, _ = codec(&c)
	if c.assign == nil {
		return false, fmt.Errorf("model: %s into a %v", f, dst.Type())
	}
	return true, (&cell{col: &c, dst: dst}).Scan(src)
}
