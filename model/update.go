package model

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Update writes the named fields of a row, and no others, to the row with its
// key: Update(ctx, db, &book, &book.Title). Zero is a value. Fields are named by
// their address in the row or in the probe; key, auto, touch, lock and soft
// columns cannot be. Touch and lock columns move on by themselves and are read back.
//
// It is [ErrNotFound] if there is no such row or it is softly deleted or out
// of scope, [ErrStale] if the model has a lock column and the row has changed
// since it was read, [ErrNoKey] if the key is zero.
func (m *Model[T]) Update(ctx context.Context, db DB, row *T, fields ...any) error {
	v := reflect.ValueOf(row).Elem()
	cols, err := m.t.assignable(v, fields)
	if err != nil {
		return err
	}
	return m.t.around(ctx, db, Update, []any{row}, func(db DB) error {
		m.t.prepareColumns(cols, v)
		return m.t.change(ctx, db, v, withoutTrashed, m.t.touchAndLock(), func(b *builder) {
			for i, c := range cols {
				if i > 0 {
					b.w(", ")
				}
				b.w(c.quoted)
				b.w(" = ")
				arg, err := c.value(c.of(v), b.d)
				if err != nil {
					b.fail(&valueError{c.String(), err})
				}
				b.arg(arg)
			}
		})
	})
}

// Delete marks the row as deleted if the model has a soft column, else removes
// it. Errors are those of [Model.Update].
func (m *Model[T]) Delete(ctx context.Context, db DB, row *T) error {
	v := reflect.ValueOf(row).Elem()
	return m.t.around(ctx, db, Delete, []any{row}, func(db DB) error {
		if m.t.soft == nil {
			return m.t.destroy(ctx, db, v)
		}
		back := append(m.t.touchAndLock(), m.t.soft)
		return m.t.change(ctx, db, v, withoutTrashed, back, func(b *builder) {
			b.w(m.t.soft.quoted)
			b.w(" = ")
			b.w(b.now())
		})
	})
}

// Destroy removes the row for good, softly deleted or not.
func (m *Model[T]) Destroy(ctx context.Context, db DB, row *T) error {
	v := reflect.ValueOf(row).Elem()
	return m.t.around(ctx, db, Destroy, []any{row}, func(db DB) error { return m.t.destroy(ctx, db, v) })
}

// Restore takes back a soft Delete. [ErrNotFound] if the row is not deleted.
func (m *Model[T]) Restore(ctx context.Context, db DB, row *T) error {
	if m.t.soft == nil {
		return fmt.Errorf("model: %s has no soft column", m.t.name)
	}
	v := reflect.ValueOf(row).Elem()
	return m.t.around(ctx, db, Restore, []any{row}, func(db DB) error {
		back := append(m.t.touchAndLock(), m.t.soft)
		return m.t.change(ctx, db, v, onlyTrashed, back, func(b *builder) {
			b.w(m.t.soft.quoted)
			b.w(" = NULL")
		})
	})
}

// assignable resolves the fields an update names.
func (t *table) assignable(row reflect.Value, fields []any) ([]*column, error) {
	if len(fields) == 0 {
		return nil, errors.New("model: an update names the fields to write")
	}
	cols := make([]*column, len(fields))
	for i, f := range fields {
		c := t.columnAt(row, f)
		if c == nil {
			return nil, fmt.Errorf("model: argument %d of the update (%T) is the address of no column, neither in the row nor in the probe of %s", i+1, f, t.name)
		}
		if err := c.writable(); err != nil {
			return nil, err
		}
		cols[i] = c
	}
	return cols, nil
}

func (c *column) writable() error {
	if c.pk || c.auto || c.touch || c.lock || c.soft || c.pivot {
		return fmt.Errorf("model: %s is not written by an update", c)
	}
	return nil
}

func (t *table) columnAt(row reflect.Value, field any) *column {
	if n, ok := lookup(field); ok {
		if n.col != nil && n.col.t == t {
			return n.col
		}
		return nil
	}
	for _, c := range t.columns {
		if c.of(row).Addr().Interface() == field {
			return c
		}
	}
	return nil
}

// touchAndLock are the columns that move with every update.
func (t *table) touchAndLock() []*column {
	var cols []*column
	for _, c := range t.columns {
		if c.touch || c.lock {
			cols = append(cols, c)
		}
	}
	return cols
}

// movedIn writes the assignments of touch and lock columns behind others.
func (b *builder) movedIn(r ref) {
	for _, c := range r.t.columns {
		if !c.touch && !c.lock {
			continue
		}
		b.w(", ")
		b.w(c.quoted)
		b.w(" = ")
		if c.touch {
			b.w(b.now())
		} else {
			b.col(r, c)
			b.w(" + 1")
		}
	}
}

// change runs UPDATE ... WHERE key for one row.
func (t *table) change(ctx context.Context, db DB, row reflect.Value, tr trashed, returned []*column, set func(*builder)) error {
	h := db.handle()
	b := newBuilder(ctx, h.dialect())
	defer b.free()
	b.w("UPDATE ")
	r := b.push(t)
	b.from(r)
	b.w(" SET ")
	set(b)
	b.movedIn(r)
	s, err := t.rowSpec(row, tr)
	if err != nil {
		return err
	}
	b.where(s, r, " WHERE ")
	b.version(r, row)
	b.returning(returned)
	if b.err != nil {
		return b.err
	}
	err = t.writeRow(ctx, h, string(b.buf), b.args, returned, row)
	return t.orStale(ctx, db, s, err)
}

func (t *table) destroy(ctx context.Context, db DB, row reflect.Value) error {
	h := db.handle()
	b := newBuilder(ctx, h.dialect())
	defer b.free()
	b.w("DELETE FROM ")
	r := b.push(t)
	b.from(r)
	s, err := t.rowSpec(row, withTrashed)
	if err != nil {
		return err
	}
	b.where(s, r, " WHERE ")
	b.version(r, row)
	if b.err != nil {
		return b.err
	}
	err = t.writeRow(ctx, h, string(b.buf), b.args, nil, row)
	return t.orStale(ctx, db, s, err)
}

func (t *table) rowSpec(row reflect.Value, tr trashed) (*spec, error) {
	key, _ := t.keyOf(row)
	s := &spec{t: t, trashed: tr}
	return s, s.byKey(key)
}

// version adds the optimistic lock to the condition of a write.
func (b *builder) version(r ref, row reflect.Value) {
	if r.t.lock == nil {
		return
	}
	v, err := r.t.lock.value(r.t.lock.of(row), b.d)
	if err != nil {
		b.fail(err)
	}
	b.w(" AND ")
	b.col(r, r.t.lock)
	b.w(" = ")
	b.arg(v)
}

// orStale tells a row that moved on from one that is gone.
func (t *table) orStale(ctx context.Context, db DB, s *spec, err error) error {
	if t.lock == nil || !errors.Is(err, ErrNotFound) {
		return err
	}
	n, e := s.count(ctx, db)
	if e != nil {
		return e
	}
	if n > 0 {
		return &Error{Kind: ErrStale, Model: t.name, Key: errKey(err)}
	}
	return err
}

func errKey(err error) any {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Key
	}
	return nil
}

func (t *table) prepareColumns(cols []*column, row reflect.Value) {
	for _, c := range cols {
		cut(c, c.of(row))
	}
}
