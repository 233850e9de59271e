package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"weak"
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

// unnest writes SELECT ... FROM unnest($1::type[], ...).
func (b *builder) unnest(cols []*column, arrays []*array, types map[string]string, touched int) {
	b.w(" SELECT ")
	for i := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w("c")
		b.int(i)
	}
	for range touched {
		b.w(", ")
		b.w(b.now())
	}
	b.w(" FROM unnest(")
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
		b.arg(v)
		b.w("::")
		b.w(typ)
		b.w("[]")
	}
	b.w(") AS u(")
	for i := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w("c")
		b.int(i)
	}
	b.w(")")
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

// typeKey remembers column types for a pool or a wrapped database without
// keeping it alive.
type typeKey struct {
	pool weak.Pointer[Pool]
	base weak.Pointer[sql.DB]
}

// types returns the names of the column types of the table, which PostgreSQL
// cannot infer for unnest. They are asked for once for each pool.
func (t *table) types(ctx context.Context, h *handle) (map[string]string, error) {
	key := typeKey{weak.Make(h.pool), weak.Make(h.base)}
	known := h.pool != nil || h.base != nil
	if known {
		if types, ok := t.lists.Load(key); ok {
			return types.(map[string]string), nil
		}
	}
	cols, err := t.live(ctx, h)
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for _, c := range cols {
		types[c.name] = c.typ
	}
	if known && len(types) > 0 {
		t.lists.Store(key, types)
	}
	return types, nil
}

// liveColumn is a column as the database has it.
type liveColumn struct {
	name, typ         string
	notNull, hasValue bool // hasValue: a default, an identity or a generated value
	key               bool
}

// live asks the database for the table's columns; a table that does not exist
// has none.
func (t *table) live(ctx context.Context, h *handle) ([]liveColumn, error) {
	text := `SELECT a.attname::text, format_type(a.atttypid, -1), a.attnotnull,
	a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '',
	EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey))
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`
	arg := `"` + t.name + `"`
	if h.dialect() == SQLite {
		text = `SELECT name, lower(type), "notnull" <> 0 OR pk > 0, dflt_value IS NOT NULL OR (pk = 1 AND lower(type) = 'integer'), pk > 0
FROM pragma_table_info(?)`
		arg = t.name
	}
	rs, err := h.query(ctx, text, []any{arg})
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []liveColumn
	for rs.Next() {
		var c liveColumn
		if err := rs.Scan(&c.name, &c.typ, &c.notNull, &c.hasValue, &c.key); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rs.Err()
}

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
