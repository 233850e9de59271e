package model

import (
	"context"
	"errors"
	"reflect"
)

// Upsert inserts a row, or, when the database has one with the same values in
// the columns of on, writes the named fields to that one; without fields all
// that an update may write. What the database fills in is read back either
// way. on must be exactly the columns of a key or unique constraint.
//
// Hooks for Insert and for Update run, each once. If the row that exists is
// softly deleted or out of scope the error is [ErrConflict].
func (m *Model[T]) Upsert(ctx context.Context, db DB, row *T, on Conflict, fields ...any) error {
	v := reflect.ValueOf(row).Elem()
	var cols, sets []*column
	var err error
	if cols, err = columnsOf(on.fields, m.t); err != nil {
		return err
	}
	if len(cols) == 0 {
		return errors.New("model: Upsert needs the columns of a unique constraint: On(&x.Field)")
	}
	if len(fields) > 0 {
		if sets, err = m.t.assignable(v, fields); err != nil {
			return err
		}
	} else {
		sets = m.t.replaceable(cols)
	}
	return m.t.around(ctx, db, Insert|Update, []any{row}, func(db DB) error {
		return m.t.upsert(ctx, db, v, cols, sets)
	})
}

// A Conflict names the columns of a unique constraint; see [On].
type Conflict struct{ fields []any }

// On names the columns that decide whether a row exists, for [Model.Upsert].
func On(fields ...any) Conflict { return Conflict{fields} }

func (t *table) replaceable(not []*column) []*column {
	var out []*column
next:
	for _, c := range t.columns {
		for _, n := range not {
			if c == n {
				continue next
			}
		}
		if c.writable() == nil {
			out = append(out, c)
		}
	}
	return out
}

func (t *table) upsert(ctx context.Context, db DB, row reflect.Value, on, sets []*column) error {
	h := db.handle()
	_, some := t.keyOf(row)
	ins := t.insertColumns(some || len(t.keys) != 1)
	t.prepare(row)
	args, err := values(ins.written, row, h.dialect(), nil)
	if err != nil {
		return err
	}
	b := newBuilder(ctx, h.dialect())
	r := b.push(t)
	b.w("INSERT INTO ")
	b.from(r)
	glue := " ("
	for _, c := range append(ins.written[:len(ins.written):len(ins.written)], ins.touched...) {
		b.w(glue)
		b.w(c.quoted)
		glue = ", "
	}
	glue = ") VALUES ("
	for _, v := range args {
		b.w(glue)
		b.arg(v)
		glue = ", "
	}
	for range ins.touched {
		b.w(glue)
		b.w(b.now())
		glue = ", "
	}
	b.w(")")
	b.onConflict(r, on, sets)
	back := append(t.touchAndLock(), t.keys...)
	for _, c := range t.columns {
		if c.auto {
			back = append(back, c)
		}
	}
	b.returning(back)
	if b.err != nil {
		return b.err
	}
	err = t.writeRow(ctx, h, string(b.buf), b.args, back, row)
	if errors.Is(err, ErrNotFound) {
		err = &Error{Kind: ErrConflict, Model: t.name}
	}
	return err
}

func (b *builder) onConflict(r ref, on, sets []*column) {
	glue := " ON CONFLICT ("
	for _, c := range on {
		b.w(glue)
		b.w(c.quoted)
		glue = ", "
	}
	b.w(") DO UPDATE SET ")
	if len(sets) == 0 { // something must be written for the row to be returned
		sets = on[:1]
	}
	for i, c := range sets {
		if i > 0 {
			b.w(", ")
		}
		b.w(c.quoted)
		b.w(" = excluded.")
		b.w(c.quoted)
	}
	b.movedIn(r)
	b.where(&spec{t: r.t}, r, " WHERE ")
}
