package model

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// chunk is how many rows one INSERT carries at most.
const chunk = 5000

// InsertAll writes new rows as [Model.Insert] does, all or none of them. On
// PostgreSQL it is one statement for every 5,000 rows, with one array for each
// column; on SQLite one transaction. Either every row has a key or none has.
func (m *Model[T]) InsertAll(ctx context.Context, db DB, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	list := &slab[T]{list: rows}
	refs := make([]any, 0)
	if m.t.hooks.any(Insert) {
		for i := range rows {
			refs = append(refs, &rows[i])
		}
	}
	return m.t.around(ctx, db, Insert, refs, func(db DB) error {
		keyed, err := m.t.keyed(list)
		if err != nil {
			return err
		}
		h := db.handle()
		if h.dialect() == Postgres && len(rows) <= chunk {
			return m.t.insertMany(ctx, h, list, keyed, 0, len(rows))
		}
		return within(ctx, db, func(db DB) error { return m.t.insertParts(ctx, db, list, keyed) })
	})
}

func (t *table) insertParts(ctx context.Context, db DB, list sink, keyed bool) error {
	h := db.handle()
	if h.dialect() == SQLite {
		for i := range list.size() {
			if err := t.insert(ctx, db, list.at(i)); err != nil {
				return err
			}
		}
		return nil
	}
	for lo := 0; lo < list.size(); lo += chunk {
		if err := t.insertMany(ctx, h, list, keyed, lo, min(lo+chunk, list.size())); err != nil {
			return err
		}
	}
	return nil
}

// keyed reports whether the rows bring their key.
func (t *table) keyed(list sink) (bool, error) {
	if len(t.keys) != 1 {
		return true, nil
	}
	keyed := !t.keys[0].of(list.at(0)).IsZero()
	for i := range list.size() {
		if keyed == t.keys[0].of(list.at(i)).IsZero() {
			return false, fmt.Errorf("model: InsertAll of %s: some rows have a key and some have none", t.name)
		}
	}
	return keyed, nil
}

// insertMany writes rows lo to hi with one statement.
func (t *table) insertMany(ctx context.Context, h *handle, list sink, keyed bool, lo, hi int) error {
	ins := t.insertColumns(keyed)
	if len(ins.written) == 0 {
		return fmt.Errorf("model: InsertAll of %s: nothing to write but what the database fills in", t.name)
	}
	types, err := t.types(ctx, h)
	if err != nil {
		return err
	}
	arrays := make([]*array, len(ins.written))
	for i := range arrays {
		arrays[i] = newArray(h.dialect(), hi-lo)
	}
	for i := lo; i < hi; i++ {
		row := list.at(i)
		t.prepare(row)
		for j, c := range ins.written {
			if err := arrays[j].field(c, c.of(row)); err != nil {
				return &valueError{c.String(), err}
			}
		}
	}
	b := newBuilder(ctx, h.dialect())
	b.into(t, ins)
	b.unnest(ins.written, arrays, types, len(ins.touched))
	b.returning(ins.returned)
	if b.err != nil {
		return b.err
	}
	return t.writeMany(ctx, h, b, ins.returned, list, lo, hi)
}

// unnest writes SELECT unnest($1::type[]), ...: the arrays are as long as each
// other, so a row has one element of each. Behind FROM the server would keep
// all rows before it inserts the first.
func (b *builder) unnest(cols []*column, arrays []*array, types map[string]string, touched int) {
	b.w(" SELECT ")
	for i, c := range cols {
		if i > 0 {
			b.w(", ")
		}
		v, err := arrays[i].done()
		if err != nil {
			b.fail(&valueError{c.String(), err})
		}
		typ, ok := types[c.name]
		if !ok {
			b.fail(fmt.Errorf("model: the database has no column %s", c))
		}
		b.w("unnest(")
		b.arg(v)
		b.w("::")
		b.w(typ)
		b.w("[])")
	}
	for range touched {
		b.w(", ")
		b.w(b.now())
	}
}

// writeMany runs an INSERT of many rows. What it returns comes in their order.
func (t *table) writeMany(ctx context.Context, h *handle, b *builder, returned []*column, list sink, lo, hi int) error {
	if h.short() {
		var out sink
		if len(returned) > 0 {
			out = &refill{sink: list, i: lo, hi: hi}
		}
		_, err := h.writeShort(ctx, string(b.buf), b.args, out, newScanner(returned))
		return t.blame(err)
	}
	if len(returned) == 0 {
		_, err := h.exec(ctx, string(b.buf), b.args)
		return t.blame(err)
	}
	rs, err := h.queryWrite(ctx, string(b.buf), b.args)
	if err != nil {
		return t.blame(err)
	}
	defer rs.Close()
	sc := newScanner(returned)
	for i := lo; rs.Next(); i++ {
		if i >= hi {
			return errors.New("model: the database returned more rows than were inserted")
		}
		if err := sc.scan(rs, list.at(i)); err != nil {
			return err
		}
	}
	if err := rs.Err(); err != nil {
		return t.blame(h.faultWrite(ctx, err))
	}
	return rs.Close()
}

// refill is a sink that goes through rows that exist.
type refill struct {
	sink
	i, hi int
}

func (r *refill) next() reflect.Value {
	if r.i == r.hi { // more than were inserted: a trigger's doing, nobody's row
		return reflect.New(r.at(0).Type()).Elem()
	}
	r.i++
	return r.at(r.i - 1)
}
