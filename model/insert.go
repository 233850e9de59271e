package model

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"
)

// Insert writes a new row and reads back, with the same statement, what the
// database filled in: a key that was zero, auto and touch columns. Every other
// column is written as it is in the row; zero is a value. Times are cut to
// microseconds in UTC, in the row as well, as the database keeps them.
func (m *Model[T]) Insert(ctx context.Context, db DB, row *T) error {
	return m.t.around(ctx, db, Insert, []any{row}, func(db DB) error {
		return m.t.insert(ctx, db, reflect.ValueOf(row).Elem())
	})
}

// insertion is the INSERT of a table: without or with the key in it.
type insertion struct {
	written  []*column // arguments, in order
	touched  []*column // set to the database's time
	returned []*column
	text     string
}

type insertionKey struct {
	d     Dialect
	keyed bool
}

// insertColumns splits the columns of an INSERT.
func (t *table) insertColumns(keyed bool) *insertion {
	ins := &insertion{}
	for _, c := range t.columns {
		switch {
		case c.auto || c.pk && !keyed:
			ins.returned = append(ins.returned, c)
		case c.touch:
			ins.touched = append(ins.touched, c)
			ins.returned = append(ins.returned, c)
		default:
			ins.written = append(ins.written, c)
		}
	}
	return ins
}

func (t *table) insertion(d Dialect, keyed bool) *insertion {
	k := insertionKey{d, keyed}
	if ins, ok := t.lists.Load(k); ok {
		return ins.(*insertion)
	}
	ins := t.insertColumns(keyed)
	b := newBuilder(context.Background(), d)
	b.into(t, ins)
	switch {
	case len(ins.written)+len(ins.touched) > 0:
		b.w(" VALUES (")
		for i := range ins.written {
			if i > 0 {
				b.w(", ")
			}
			b.placeholder(i + 1)
		}
		for i := range ins.touched {
			if i+len(ins.written) > 0 {
				b.w(", ")
			}
			b.w(b.now())
		}
		b.w(")")
	default:
		b.w(" DEFAULT VALUES")
	}
	b.returning(ins.returned)
	ins.text = string(b.buf)
	t.lists.Store(k, ins)
	return ins
}

// into writes INSERT INTO "table" ("column", ...).
func (b *builder) into(t *table, ins *insertion) {
	b.w("INSERT INTO ")
	b.name(t.name)
	glue := " ("
	for _, c := range ins.written {
		b.w(glue)
		b.w(c.quoted)
		glue = ", "
	}
	for _, c := range ins.touched {
		b.w(glue)
		b.w(c.quoted)
		glue = ", "
	}
	if glue == ", " {
		b.w(")")
	}
}

func (b *builder) returning(cols []*column) {
	glue := " RETURNING "
	for _, c := range cols {
		b.w(glue)
		b.w(c.quoted)
		glue = ", "
	}
}

// now is the database's time in the form its columns keep.
func (b *builder) now() string {
	if b.d == SQLite {
		return "rtrim(rtrim(strftime('%Y-%m-%d %H:%M:%f', 'now'), '0'), '.')"
	}
	return "now()"
}

func (t *table) insert(ctx context.Context, db DB, row reflect.Value) error {
	h := db.handle()
	keyed := len(t.keys) != 1
	if !keyed {
		keyed = !t.keys[0].of(row).IsZero()
	}
	ins := t.insertion(h.dialect(), keyed)
	t.prepare(row)
	b := newBuilder(ctx, h.dialect())
	defer b.free()
	var err error
	if b.args, err = values(ins.written, row, h.dialect(), b.args); err != nil {
		return err
	}
	return t.writeRow(ctx, h, ins.text, b.args, ins.returned, row)
}

// writeRow runs a write of one row and reads back what it returns.
// No row is ErrNotFound.
func (t *table) writeRow(ctx context.Context, h *handle, text string, args []any, returned []*column, row reflect.Value) error {
	if h.short() {
		var out sink
		var sc *scanner
		if len(returned) > 0 {
			out, sc = &oneRow{row}, newScanner(returned)
		}
		n, err := h.writeShort(ctx, text, args, out, sc)
		if err == nil && n == 0 {
			err = t.missing(row)
		}
		return t.blame(err)
	}
	if len(returned) == 0 {
		res, err := h.exec(ctx, text, args)
		if err != nil {
			return t.blame(err)
		}
		return t.affected(res, row)
	}
	rs, err := h.queryWrite(ctx, text, args)
	if err != nil {
		return t.blame(err)
	}
	defer rs.Close()
	if !rs.Next() {
		if err := rs.Err(); err != nil {
			return t.blame(h.faultWrite(ctx, err))
		}
		return t.missing(row)
	}
	if err := newScanner(returned).scan(rs, row); err != nil {
		return err
	}
	for rs.Next() { // the statement is complete only at its end
	}
	if err := rs.Err(); err != nil {
		return t.blame(h.faultWrite(ctx, err))
	}
	return rs.Close()
}

// oneRow is a sink for what a write returns: the row that was written.
type oneRow struct{ row reflect.Value }

func (o *oneRow) next() reflect.Value  { return o.row }
func (o *oneRow) at(int) reflect.Value { return o.row }
func (o *oneRow) size() int            { return 1 }
func (o *oneRow) reserve(int)          {}
func (o *oneRow) whole()               {}
func (o *oneRow) permute([]int32)      {}
func (o *oneRow) reset()               {}

func (t *table) affected(res sql.Result, row reflect.Value) error {
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = t.missing(row)
	}
	return err
}

func (t *table) missing(row reflect.Value) error {
	key, _ := t.keyOf(row)
	return &Error{Kind: ErrNotFound, Model: t.name, Key: keyForMessage(key)}
}

// blame adds the model to an error that has none.
func (t *table) blame(err error) error {
	if e, ok := err.(*Error); ok && e.Model == "" {
		e.Model = t.name
	}
	return err
}

// prepare brings a row into the form the database will have it in.
func (t *table) prepare(row reflect.Value) {
	for _, c := range t.columns {
		if !c.lock && c.typ != timeType && c.typ != timePointer {
			continue
		}
		v := c.of(row)
		if c.lock && v.IsZero() {
			v.Set(reflect.ValueOf(1).Convert(v.Type()))
		}
		cut(c, v)
	}
}

// cut brings a time to the precision and zone it will be read with.
func cut(c *column, v reflect.Value) {
	switch {
	case c.typ == timeType:
		p := v.Addr().Interface().(*time.Time)
		*p = p.UTC().Truncate(time.Microsecond)
	case c.typ == timePointer && !v.IsNil():
		at := v.Elem().Interface().(time.Time).UTC().Truncate(time.Microsecond)
		v.Set(reflect.ValueOf(&at))
	}
}

// values appends what the columns of a row are as arguments.
func values(cols []*column, row reflect.Value, d Dialect, args []any) ([]any, error) {
	for _, c := range cols {
		v, err := c.value(c.of(row), d)
		if err != nil {
			return nil, &valueError{c.String(), err}
		}
		args = append(args, v)
	}
	return args, nil
}

// A valueError names the column of a value that cannot be written.
type valueError struct {
	column string
	err    error
}

func (e *valueError) Error() string {
	return "model: " + e.column + ": " + strings.TrimPrefix(e.err.Error(), "model: ")
}
func (e *valueError) Unwrap() error { return e.err }
