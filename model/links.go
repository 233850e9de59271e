package model

import (
	"context"
	"reflect"
)

// linkWriter is one change of links inside its transaction.
type linkWriter struct {
	ctx     context.Context
	h       *handle
	rel     *relation
	list    sink
	own     any   // the parent's key as an argument
	keys    []any // normal keys of the rows
	args    []any // the same as arguments
	rows    []int // positions in list, each key once
	present map[any]bool
}

// parent locks the parent row, so that two changes of its links take turns.
func (w *linkWriter) parent(db DB, row reflect.Value) error {
	t := w.rel.owner
	s, err := t.rowSpec(row, withoutTrashed)
	if err != nil {
		return err
	}
	s.lock = " FOR UPDATE"
	s.reads, s.narrow = []*column{}, true
	out := t.newRows()
	if err := s.read(w.ctx, db, out); err != nil {
		return err
	}
	if out.size() == 0 {
		return t.missing(row)
	}
	w.own, err = t.keys[0].value(t.keys[0].of(row), w.h.dialect())
	return err
}

// targets checks that every row exists and is visible.
func (w *linkWriter) targets(db DB) error {
	key := w.rel.to.keys[0]
	seen := map[any]bool{}
	list := newArray(w.h.dialect(), w.list.size())
	for i := range w.list.size() {
		v := key.of(w.list.at(i))
		if v.IsZero() {
			return &Error{Kind: ErrNoKey, Model: w.rel.to.name}
		}
		k, err := normal(v)
		if err != nil {
			return err
		}
		arg, err := key.value(v, w.h.dialect())
		if err != nil {
			return &valueError{key.String(), err}
		}
		w.keys, w.args = append(w.keys, k), append(w.args, arg)
		if !seen[k] {
			seen[k] = true
			w.rows = append(w.rows, i)
			list.add(arg)
		}
	}
	if len(w.rows) == 0 {
		return nil
	}
	b := newBuilder(w.ctx, w.h.dialect())
	b.w("SELECT count(*) FROM ")
	r := b.push(w.rel.to)
	b.from(r)
	b.w(" WHERE ")
	b.col(r, key)
	b.anyOf(list)
	b.where(&spec{t: w.rel.to}, r, " AND ")
	var n int
	if err := value(w.ctx, db, b, &n); err != nil {
		return err
	}
	if n != len(w.rows) {
		return &Error{Kind: ErrNotFound, Model: w.rel.to.name}
	}
	return nil
}

// existing reads which rows are linked.
func (w *linkWriter) existing() error {
	b := w.builder()
	b.w("SELECT ")
	b.w(w.other().quoted)
	b.w(" FROM ")
	b.name(w.rel.pivot.name)
	w.mine(b)
	rs, err := w.h.query(w.ctx, string(b.buf), b.args)
	if err != nil {
		return err
	}
	defer rs.Close()
	c := cell{col: w.other(), dst: reflect.New(w.other().typ).Elem()}
	for rs.Next() {
		if err := rs.Scan(&c); err != nil {
			return err
		}
		k, err := normal(c.dst)
		if err != nil {
			return err
		}
		w.present[k] = true
	}
	return rs.Err()
}

func (w *linkWriter) builder() *builder { return newBuilder(w.ctx, w.h.dialect()) }

func (w *linkWriter) other() *column { return w.rel.steps[1].fromCols[0] }

// mine writes the condition on the parent's pairs.
func (w *linkWriter) mine(b *builder) {
	b.w(" WHERE ")
	b.w(w.rel.steps[0].toCols[0].quoted)
	b.w(" = ")
	b.arg(w.own)
}

// put inserts the pairs that are missing and writes the pivot columns of the others.
func (w *linkWriter) put(rows []int) error {
	for _, i := range rows {
		pivots, err := values(w.rel.to.pivots, w.list.at(i), w.h.dialect(), nil)
		if err != nil {
			return err
		}
		b := w.builder()
		if !w.present[w.keys[i]] {
			w.insertPair(b, i, pivots)
		} else if len(pivots) > 0 {
			w.updatePair(b, i, pivots)
		} else {
			continue
		}
		if _, err := w.h.exec(w.ctx, string(b.buf), b.args); err != nil {
			return w.rel.pivot.blame(err)
		}
	}
	return nil
}

func (w *linkWriter) insertPair(b *builder, i int, pivots []any) {
	b.w("INSERT INTO ")
	b.name(w.rel.pivot.name)
	b.w(" (")
	b.w(w.rel.steps[0].toCols[0].quoted)
	b.w(", ")
	b.w(w.other().quoted)
	for _, c := range w.rel.to.pivots {
		b.w(", ")
		b.w(c.quoted)
	}
	b.w(") VALUES (")
	b.arg(w.own)
	b.w(", ")
	b.arg(w.args[i])
	for _, v := range pivots {
		b.w(", ")
		b.arg(v)
	}
	b.w(")")
}

func (w *linkWriter) updatePair(b *builder, i int, pivots []any) {
	b.w("UPDATE ")
	b.name(w.rel.pivot.name)
	glue := " SET "
	for j, c := range w.rel.to.pivots {
		b.w(glue)
		b.w(c.quoted)
		b.w(" = ")
		b.arg(pivots[j])
		glue = ", "
	}
	w.mine(b)
	b.w(" AND ")
	b.w(w.other().quoted)
	b.w(" = ")
	b.arg(w.args[i])
}

// remove deletes the pairs of rows.
func (w *linkWriter) remove(rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	list := newArray(w.h.dialect(), len(rows))
	for _, i := range rows {
		list.add(w.args[i])
	}
	b := w.builder()
	b.w("DELETE FROM ")
	b.name(w.rel.pivot.name)
	w.mine(b)
	b.w(" AND ")
	b.w(w.other().quoted)
	b.anyOf(list)
	if b.err != nil {
		return b.err
	}
	_, err := w.h.exec(w.ctx, string(b.buf), b.args)
	return err
}

// removeOthers deletes the pairs of rows that are not among those given.
func (w *linkWriter) removeOthers() error {
	list := newArray(w.h.dialect(), len(w.rows))
	for _, i := range w.rows {
		list.add(w.args[i])
	}
	b := w.builder()
	b.w("DELETE FROM ")
	b.name(w.rel.pivot.name)
	w.mine(b)
	b.w(" AND NOT (")
	b.w(w.other().quoted)
	b.anyOf(list)
	b.w(")")
	if b.err != nil {
		return b.err
	}
	_, err := w.h.exec(w.ctx, string(b.buf), b.args)
	return err
}
