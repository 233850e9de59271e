package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
)

// sink is where read rows go: one slice, grown in place, whose element type
// only slab knows.
type sink interface {
	next() reflect.Value    // a new zero row at the end, addressable
	at(i int) reflect.Value // the row at i, addressable
	size() int
	reserve(n int)
	permute(order []int32)
	reset()
}

type slab[T any] struct{ list []T }

func (s *slab[T]) next() reflect.Value {
	var zero T
	s.list = append(s.list, zero)
	return reflect.ValueOf(&s.list[len(s.list)-1]).Elem()
}

func (s *slab[T]) at(i int) reflect.Value { return reflect.ValueOf(&s.list[i]).Elem() }
func (s *slab[T]) size() int              { return len(s.list) }

func (s *slab[T]) reserve(n int) {
	if cap(s.list) == 0 {
		s.list = make([]T, 0, n)
	}
}

func (s *slab[T]) reset() { s.list = nil }

// permute makes the row at order[i] the row at i.
func (s *slab[T]) permute(order []int32) {
	out := make([]T, len(order))
	for i, from := range order {
		out[i] = s.list[from]
	}
	s.list = out
}

// cell receives one column of the current row. database/sql hands it what the
// driver gave, so there is no conversion but ours.
type cell struct {
	col *column
	dst reflect.Value
}

// Scan implements sql.Scanner.
func (c *cell) Scan(src any) error {
	if err := c.col.assign(c.dst, src); err != nil {
		return fmt.Errorf("model: %s (field %s): %w", c.col, c.col.field, err)
	}
	return nil
}

// scanner reads rows into structs by position.
type scanner struct {
	cells []cell
	dest  []any
}

// newScanner reads the columns, then whatever extra points to.
func newScanner(cols []*column, extra ...any) *scanner {
	s := &scanner{cells: make([]cell, len(cols)), dest: make([]any, len(cols), len(cols)+len(extra))}
	for i, c := range cols {
		s.cells[i].col = c
		s.dest[i] = &s.cells[i]
	}
	s.dest = append(s.dest, extra...)
	return s
}

func (s *scanner) scan(rs *sql.Rows, row reflect.Value) error {
	for i := range s.cells {
		s.cells[i].dst = s.cells[i].col.of(row)
	}
	return rs.Scan(s.dest...)
}

// read runs the query and fills out, relations included.
func (s *spec) read(ctx context.Context, db DB, out sink) error {
	h := db.handle()
	if s.lock != "" && !h.inTx() {
		return errors.New("model: a lock outside a transaction would end with the statement: use db.Tx")
	}
	sel := s.selected()
	b := newBuilder(ctx, h.dialect())
	b.selectRows(s, sel)
	if b.err != nil {
		return b.err
	}
	if s.limited {
		out.reserve(min(s.limit, 1024))
	}
	counts := newTallies(s)
	each := func(reflect.Value) error { counts.row(); return nil }
	if counts == nil {
		each = nil
	}
	if err := fetch(ctx, h, b, out, newScanner(sel.cols, counts.dest()...), each); err != nil {
		return err
	}
	return s.connect(loadContext{ctx, db}, out, counts)
}

// fetch runs a reading statement and scans every row; each is called after
// each row.
func fetch(ctx context.Context, h *handle, b *builder, out sink, sc *scanner, each func(reflect.Value) error) error {
	rs, err := h.query(ctx, string(b.buf), b.args)
	if err != nil {
		return err
	}
	return drain(ctx, h, rs, out, sc, each)
}

func drain(ctx context.Context, h *handle, rs *sql.Rows, out sink, sc *scanner, each func(reflect.Value) error) error {
	defer rs.Close()
	for rs.Next() {
		row := out.next()
		if err := sc.scan(rs, row); err != nil {
			return err
		}
		if each == nil {
			continue
		}
		if err := each(row); err != nil {
			return err
		}
	}
	if err := rs.Err(); err != nil {
		return h.fault(ctx, err)
	}
	return rs.Close()
}
