package model

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
)

// ErrNotLoaded is what Load answers when it may not or cannot ask the
// database: after [Query.Strict], or for a row that was not read through a
// Query, or was detached.
var ErrNotLoaded error = &kind{500, "", "", "relation not loaded"}

// linker is what the rest of the package sees of a relation's field.
type linker interface {
	rowType() reflect.Type
	newBatch() batcher
	link(b batcher, i int)
	plural() bool
}

// A Many is the field of a relation to any number of rows. The zero value is
// "not loaded". It is small and may be copied with the row it is in.
//
// All rows of one result share what is loaded: the first Load of a relation
// loads it for every row that was read together, so a loop over rows costs one
// query a level. A row kept for long keeps its siblings' relations with it; cut
// it loose with [Detach].
type Many[C any] struct {
	b *batch[C]
	i int
}

// Load returns the related rows, from the database if they were not loaded
// yet, for all siblings at once. The slice is shared: do not write to it.
// In a transaction that has ended the error is sql.ErrTxDone.
func (m Many[C]) Load(ctx context.Context) ([]C, error) {
	if m.b == nil {
		return nil, ErrNotLoaded
	}
	if err := m.b.ensure(ctx, &m.b.rows); err != nil {
		return nil, err
	}
	return m.b.of(m.i), nil
}

// Loaded returns the related rows and whether they were loaded. It never asks
// the database.
func (m Many[C]) Loaded() ([]C, bool) {
	if m.b == nil || !m.b.done.Load() {
		return nil, false
	}
	return m.b.of(m.i), true
}

// Count returns the number of related rows: what [Query.WithCount] counted, or
// how many were loaded; false if neither was asked for.
func (m Many[C]) Count() (int64, bool) {
	switch {
	case m.b == nil:
		return 0, false
	case m.b.counts != nil:
		return m.b.counts[m.i], true
	case m.b.done.Load():
		return int64(len(m.b.of(m.i))), true
	}
	return 0, false
}

// Probe returns the probe of the related model. On a field of a probe it is
// the model the relation was declared for.
func (m *Many[C]) Probe() *C { return probeOf[C](m) }

// IsZero reports whether the relation is not loaded, for json:",omitzero".
func (m Many[C]) IsZero() bool { return m.b == nil || !m.b.done.Load() }

// MarshalJSON writes the loaded rows, or null. It never asks the database.
func (m Many[C]) MarshalJSON() ([]byte, error) {
	list, ok := m.Loaded()
	if !ok {
		return []byte("null"), nil
	}
	if list == nil {
		list = []C{}
	}
	return json.Marshal(list)
}

// UnmarshalJSON makes the rows the loaded relation, so that a row survives a
// cache; null is "not loaded".
func (m *Many[C]) UnmarshalJSON(data []byte) error {
	*m = Many[C]{}
	var list []C
	if err := json.Unmarshal(data, &list); err != nil || list == nil {
		return err
	}
	m.Set(list)
	return nil
}

// Set makes list the loaded rows of this relation, of this row alone. It
// writes nothing to the database.
func (m *Many[C]) Set(list []C) {
	m.b, m.i = loaded(list), 0
}

func (m *Many[C]) rowType() reflect.Type { return reflect.TypeFor[C]() }
func (m *Many[C]) newBatch() batcher     { return new(batch[C]) }
func (m *Many[C]) plural() bool          { return true }
func (m *Many[C]) link(b batcher, i int) {
	m.b, _ = b.(*batch[C])
	m.i = i
}

// A One is the field of a relation to at most one row. It behaves like [Many].
type One[C any] struct {
	b *batch[C]
	i int
}

// Load returns the related row, nil if there is none, from the database if it
// was not loaded yet, for all siblings at once. The row is shared with
// siblings that point to it: do not write to it.
func (o One[C]) Load(ctx context.Context) (*C, error) {
	if o.b == nil {
		return nil, ErrNotLoaded
	}
	if err := o.b.ensure(ctx, &o.b.rows); err != nil {
		return nil, err
	}
	return o.first(), nil
}

// Loaded returns the related row, nil if there is none, and whether it was
// loaded. It never asks the database.
func (o One[C]) Loaded() (*C, bool) {
	if o.IsZero() {
		return nil, false
	}
	return o.first(), true
}

func (o One[C]) first() *C {
	if list := o.b.of(o.i); len(list) > 0 {
		return &list[0]
	}
	return nil
}

// Probe returns the probe of the related model. On a field of a probe it is
// the model the relation was declared for.
func (o *One[C]) Probe() *C { return probeOf[C](o) }

// IsZero reports whether the relation is not loaded, for json:",omitzero".
func (o One[C]) IsZero() bool { return o.b == nil || !o.b.done.Load() }

// MarshalJSON writes the loaded row, or null. It never asks the database.
func (o One[C]) MarshalJSON() ([]byte, error) {
	row, _ := o.Loaded()
	return json.Marshal(row)
}

// UnmarshalJSON makes the row the loaded relation; null is "not loaded".
func (o *One[C]) UnmarshalJSON(data []byte) error {
	*o = One[C]{}
	var row *C
	if err := json.Unmarshal(data, &row); err != nil || row == nil {
		return err
	}
	o.Set(row)
	return nil
}

// Set makes a copy of row, or no row if it is nil, the loaded relation of
// this row alone. It writes nothing to the database.
func (o *One[C]) Set(row *C) {
	var list []C
	if row != nil {
		list = []C{*row}
	}
	o.b, o.i = loaded(list), 0
}

func (o *One[C]) rowType() reflect.Type { return reflect.TypeFor[C]() }
func (o *One[C]) newBatch() batcher     { return new(batch[C]) }
func (o *One[C]) plural() bool          { return false }
func (o *One[C]) link(b batcher, i int) {
	o.b, _ = b.(*batch[C])
	o.i = i
}

// probeOf finds the related model's probe: by the relation if l is on a probe,
// else by the type of the rows.
func probeOf[C any](l linker) *C {
	var t *table
	if n, ok := lookup(l); ok && n.rel != nil && n.rel.resolve() == nil {
		t = n.rel.to
	} else if all := tablesOf(l.rowType()); len(all) > 0 {
		t = all[0]
	}
	if t == nil {
		return nil
	}
	return t.probe.Addr().Interface().(*C)
}

// Detach cuts the row's relations loose from the rows it was read with: what
// is loaded stays, as copies; what is not loaded cannot be any more
// ([ErrNotLoaded]). Do it before a row goes into a cache.
func Detach[T any](row *T) error {
	all := tablesOf(reflect.TypeFor[T]())
	if len(all) == 0 {
		return errors.New("model: Detach of a row without a model")
	}
	detach(all[0], reflect.ValueOf(row).Elem())
	return nil
}

func detach(t *table, row reflect.Value) {
	for _, r := range t.links {
		row.FieldByIndex(r.path).Addr().Interface().(interface{ cut() }).cut()
	}
}

func (m *Many[C]) cut() { m.b, m.i = m.b.alone(m.i), 0 }
func (o *One[C]) cut()  { o.b, o.i = o.b.alone(o.i), 0 }
