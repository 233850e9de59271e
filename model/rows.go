package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// sink is where read rows go: one slice, grown in place, whose element type
// only slab knows.
type sink interface {
	next() reflect.Value    // a new zero row at the end, addressable
	at(i int) reflect.Value // the row at i, addressable
	size() int
	reserve(n int)
	whole()
	permute(order []int32)
	reset()
}

type slab[T any] struct {
	list []T
	full [][]T // what came before list while rows are read, so that growing copies once
}

func (s *slab[T]) next() reflect.Value {
	n := len(s.list)
	switch {
	case n < cap(s.list):
	case n < slabSize:
		s.list = append(make([]T, 0, max(4*n, 8)), s.list...)
	default:
		s.full = append(s.full, s.list)
		s.list, n = make([]T, 0, slabSize), 0
	}
	s.list = s.list[:n+1]
	return reflect.ValueOf(&s.list[n]).Elem()
}

const slabSize = 1024

// whole makes list one slice again, after the last next.
func (s *slab[T]) whole() {
	if len(s.full) > 0 {
		s.list = slices.Concat(append(s.full, s.list)...)
		s.full = nil
	}
}

func (s *slab[T]) at(i int) reflect.Value { return reflect.ValueOf(&s.list[i]).Elem() }
func (s *slab[T]) size() int              { return len(s.list) }
func (s *slab[T]) reset()                 { *s = slab[T]{} }

func (s *slab[T]) reserve(n int) {
	if cap(s.list) == 0 {
		s.list = make([]T, 0, min(n, slabSize))
	}
}

// permute makes the row at order[i] the row at i.
func (s *slab[T]) permute(order []int32) {
	out := make([]T, len(order))
	for i, from := range order {
		out[i] = s.list[from]
	}
	s.list = out
}

// cell receives a column whose bytes must not be copied twice. database/sql
// hands it what the driver gave.
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

// scanner reads rows into structs by position. Every value is converted here,
// not by database/sql, but for strings: those it assigns as well, and faster.
type scanner struct {
	cols  []*column
	cells []cell
	slots []any
	dest  []any

	values []driver.Value // on the short way
	args   []driver.NamedValue
}

// newScanner reads the columns, then whatever extra points to.
func newScanner(cols []*column, extra ...any) *scanner {
	n := len(cols)
	s := &scanner{cols: cols, cells: make([]cell, n), slots: make([]any, n), dest: make([]any, n, n+len(extra))}
	for i, c := range cols {
		s.cells[i].col = c
		if c.mode == viaSlot {
			s.dest[i] = &s.slots[i]
		} else {
			s.dest[i] = &s.cells[i]
		}
	}
	s.dest = append(s.dest, extra...)
	return s
}

func (s *scanner) scan(rs *sql.Rows, row reflect.Value) error {
	for i, c := range s.cols {
		switch c.mode {
		case viaString:
			s.dest[i] = c.of(row).Addr().Interface()
		case viaCell:
			s.cells[i].dst = c.of(row)
		}
	}
	if err := rs.Scan(s.dest...); err != nil {
		return s.again(rs, row)
	}
	for i, c := range s.cols {
		if c.mode != viaSlot {
			continue
		}
		if err := c.assign(c.of(row), s.slots[i]); err != nil {
			return s.again(rs, row)
		}
	}
	return nil
}

// forget lets go of the last row.
func (s *scanner) forget() {
	clear(s.slots)
	clear(s.values)
	clear(s.args)
	for i, c := range s.cols {
		switch c.mode {
		case viaString:
			s.dest[i] = nil
		case viaCell:
			s.cells[i].dst = reflect.Value{}
		}
	}
}

// again scans the row once more, for an error that names the column.
func (s *scanner) again(rs *sql.Rows, row reflect.Value) error {
	for i, c := range s.cols {
		s.cells[i].dst, s.dest[i] = c.of(row), &s.cells[i]
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
	defer b.free()
	b.selectRows(s, sel)
	if b.err != nil {
		return b.err
	}
	if s.limited {
		out.reserve(s.limit)
	}
	counts := newTallies(s)
	if err := s.rows(ctx, h, b, out, sel, counts); err != nil {
		return err
	}
	return s.connect(loadContext{ctx, db}, out, counts)
}

func (s *spec) rows(ctx context.Context, h *handle, b *builder, out sink, sel selection, counts *tallies) error {
	if counts != nil {
		each := func(reflect.Value) error { counts.row(); return nil }
		return fetch(ctx, h, b, out, newScanner(sel.cols, counts.dest()...), each)
	}
	if !sel.full {
		return fetch(ctx, h, b, out, newScanner(sel.cols), nil)
	}
	sc, ok := s.t.scanners.Get().(*scanner)
	if !ok {
		sc = newScanner(sel.cols)
	}
	err := fetch(ctx, h, b, out, sc, nil)
	if err == nil { // else a column may have its cell still
		sc.forget()
		s.t.scanners.Put(sc)
	}
	return err
}

// fetch runs a reading statement and scans every row; each is called after
// each row.
func fetch(ctx context.Context, h *handle, b *builder, out sink, sc *scanner, each func(reflect.Value) error) error {
	if h.short() {
		return h.fetchShort(ctx, string(b.buf), b.args, out, sc, each)
	}
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
	out.whole()
	return rs.Close()
}
