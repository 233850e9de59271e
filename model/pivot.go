package model

import (
	"context"
	"fmt"
	"reflect"
)

// Links changes which rows a [BelongsToMany] relation leads to. It writes the
// table of pairs and nothing else, each method in one transaction that first
// locks the parent row. Both ends must be visible: a parent or a related row
// that is deleted or out of scope is [ErrNotFound].
type Links[C any] struct {
	rel    *relation
	parent reflect.Value
	field  *Many[C]
	err    error
}

// Pivot returns the links of parent's relation field, which is named by its address in the
// row or in the probe. After a change the relation of the row is not loaded.
func Pivot[T, C any](parent *T, field *Many[C]) Links[C] {
	row := reflect.ValueOf(parent).Elem()
	l := Links[C]{parent: row, err: fmt.Errorf("model: Pivot: the field is no BelongsToMany of %T", parent)}
	for _, t := range tablesOf(row.Type()) {
		for _, r := range t.links {
			own := row.FieldByIndex(r.path).Addr().Interface()
			if own != any(field) && r.pointer != any(field) || r.declare == nil {
				continue
			}
			l.rel, l.field, l.err = r, own.(*Many[C]), r.resolve()
			if l.err == nil && (r.pivot == nil || len(r.steps) != 2) {
				l.err = fmt.Errorf("model: %s has no pivot", r)
			}
		}
	}
	return l
}

// Attach adds rows to the relation. Those that are in it already stay, with
// the pivot columns written anew.
func (l Links[C]) Attach(ctx context.Context, db DB, rows ...C) error {
	return l.change(ctx, db, rows, func(w *linkWriter) error { return w.put(w.rows) })
}

// Detach removes rows from the relation. Those that are not in it are passed over.
func (l Links[C]) Detach(ctx context.Context, db DB, rows ...C) error {
	return l.change(ctx, db, rows, func(w *linkWriter) error { return w.remove(w.rows) })
}

// Sync makes the relation hold exactly rows, pivot columns included.
func (l Links[C]) Sync(ctx context.Context, db DB, rows ...C) error {
	return l.change(ctx, db, rows, func(w *linkWriter) error {
		if err := w.removeOthers(); err != nil {
			return err
		}
		return w.put(w.rows)
	})
}

// Toggle removes those of rows that are in the relation and adds the others.
func (l Links[C]) Toggle(ctx context.Context, db DB, rows ...C) error {
	return l.change(ctx, db, rows, func(w *linkWriter) error {
		var in, out []int
		for _, i := range w.rows {
			if w.present[w.keys[i]] {
				in = append(in, i)
			} else {
				out = append(out, i)
			}
		}
		if err := w.remove(in); err != nil {
			return err
		}
		return w.put(out)
	})
}

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

func (l Links[C]) change(ctx context.Context, db DB, rows []C, do func(*linkWriter) error) error {
	if l.err != nil {
		return l.err
	}
	err := within(ctx, db, func(db DB) error {
		w := &linkWriter{ctx: ctx, h: db.handle(), rel: l.rel, list: &slab[C]{list: rows}, present: map[any]bool{}}
		if err := w.parent(db, l.parent); err != nil {
			return err
		}
		if err := w.targets(db); err != nil {
			return err
		}
		if err := w.existing(); err != nil {
			return err
		}
		return do(w)
	})
	if err == nil {
		*l.field = Many[C]{}
	}
	return err
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
func (w *linkWriter) other() *column    { return w.rel.steps[1].fromCols[0] }

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
