package model

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// relation is a field of type One or Many. How rows are related is a chain of
// steps from the owner's table to the target's; most have one step, a pivot
// or an intermediate table makes two.
type relation struct {
	owner   *table
	path    []int
	field   string
	pointer any // address on the probe
	target  reflect.Type

	declare func() error // fills what follows; nil: never declared
	once    sync.Once
	err     error

	to      *table
	many    bool
	belongs bool // the foreign key is on the owner
	steps   []step
	kinds   []fixed
	pivot   *table // the pivot of a BelongsToMany
	refs    []any  // see Relation.References
	order   []Order
}

// step says to.toCols = from.fromCols.
type step struct {
	fromCols []*column
	to       *table
	toCols   []*column

	fromKinds, toKinds []fixed
}

// fixed is a column that must have a value for rows to be related.
type fixed struct {
	field, value any
	col          *column
}

func (r *relation) String() string { return r.owner.name + "." + r.field }

// resolve completes the relation at its first use, when all models exist.
func (r *relation) resolve() error {
	r.once.Do(func() {
		if r.declare == nil {
			r.err = fmt.Errorf("model: the relation %v.%s is not declared", r.owner.typ, r.field)
			return
		}
		if r.err = r.declare(); r.err != nil {
			r.err = fmt.Errorf("model: relation %v.%s: %w", r.owner.typ, r.field, r.err)
			return
		}
		r.err = r.placeKinds()
	})
	return r.err
}

// placeKinds hangs the Kind conditions on the step and side they speak of.
func (r *relation) placeKinds() error {
	for _, k := range r.kinds {
		n, ok := lookup(k.field)
		if !ok || n.col == nil || n.col.t != r.to && n.col.t != r.owner {
			return fmt.Errorf("model: relation %v.%s: %w", r.owner.typ, r.field, badAddress(k.field, "column"))
		}
		k.col = n.col
		first, last := &r.steps[0], &r.steps[len(r.steps)-1]
		if n.col.t == r.owner && (r.belongs || r.to != r.owner) {
			first.fromKinds = plus(first.fromKinds, k)
		} else {
			last.toKinds = plus(last.toKinds, k)
		}
	}
	return nil
}

// local returns the owner's columns the relation is looked up by.
func (r *relation) local() []*column {
	if r.declare == nil || r.resolve() != nil {
		return nil
	}
	cols := r.steps[0].fromCols
	for _, k := range r.steps[0].fromKinds {
		cols = append(cols[:len(cols):len(cols)], k.col)
	}
	return cols
}

// A Relation is a declared relation. Its methods refine the declaration and
// belong to it, before the first query.
type Relation struct{ r *relation }

// References names the columns on the side of the key when they are not the
// primary key, in the order of the foreign key's.
func (d Relation) References(fields ...any) Relation {
	d.r.refs = fields
	return d
}

// OrderBy sorts the rows of the relation whenever a query does not say
// otherwise. Without it rows come in the order of their key.
func (d Relation) OrderBy(orders ...Order) Relation {
	d.r.order = orders
	return d
}

// Kind makes a relation polymorphic: it holds only where the column, of either
// side, has the value.
//
//	model.Kind(model.HasMany(&p.Notes, &n.SubjectID), &n.Subject, "post")
//	model.Kind(model.BelongsTo(&n.Post, &n.SubjectID), &n.Subject, "post")
func Kind[V comparable](d Relation, field *V, value V) Relation {
	d.r.kinds = append(d.r.kinds, fixed{field: field, value: value})
	return d
}

// declared attaches a declaration to the field, which must be a probe's.
func declared(field linker, f func(r *relation) error) Relation {
	n, ok := lookup(field)
	if !ok || n.rel == nil {
		panic(badAddress(field, "relation").Error())
	}
	if n.rel.declare != nil {
		panic(fmt.Sprintf("model: the relation %v.%s is declared twice", n.rel.owner.typ, n.rel.field))
	}
	n.rel.many = field.plural()
	n.rel.declare = func() error { return f(n.rel) }
	return Relation{n.rel}
}

// HasMany declares that rows whose foreign key fk holds this row's key belong
// to it. A composite key names all its columns, in the order of the key.
func HasMany[C, K any](field *Many[C], fk *K, more ...any) Relation {
	return declared(field, func(r *relation) error { return r.has(fk, more) })
}

// HasOne is [HasMany] for at most one row. If there are more it is the first
// in the relation's order.
func HasOne[C, K any](field *One[C], fk *K, more ...any) Relation {
	return declared(field, func(r *relation) error { return r.has(fk, more) })
}

// BelongsTo declares that this row's foreign key fk holds the key of the row
// it belongs to. A composite key names all its columns, in the order of the key.
func BelongsTo[C, K any](field *One[C], fk *K, more ...any) Relation {
	return declared(field, func(r *relation) error {
		own, err := columnsOf(append([]any{fk}, more...), r.owner)
		if err != nil {
			return err
		}
		if r.to, err = r.targetTable(); err != nil {
			return err
		}
		keys, err := r.keysOf(r.to)
		if err != nil {
			return err
		}
		r.belongs = true
		r.steps = []step{{fromCols: own, to: r.to, toCols: keys}}
		return sameShape(own, keys)
	})
}

func (r *relation) has(fk any, more []any) error {
	n, ok := lookup(fk)
	if !ok || n.col == nil || n.col.t.typ != r.target {
		return badAddress(fk, "column of the related model")
	}
	r.to = n.col.t
	cols, err := columnsOf(append([]any{fk}, more...), r.to)
	if err != nil {
		return err
	}
	keys, err := r.keysOf(r.owner)
	if err != nil {
		return err
	}
	r.steps = []step{{fromCols: keys, to: r.to, toCols: cols}}
	return sameShape(keys, cols)
}

// targetTable finds the model by the type of the rows, or by References.
func (r *relation) targetTable() (*table, error) {
	for _, f := range r.refs {
		if n, ok := lookup(f); ok && n.col != nil && n.col.t.typ == r.target {
			return n.col.t, nil
		}
	}
	switch all := tablesOf(r.target); len(all) {
	case 0:
		return nil, fmt.Errorf("%v has no model", r.target)
	case 1:
		return all[0], nil
	default:
		return nil, fmt.Errorf("%v has several models: say which with References", r.target)
	}
}

func (r *relation) keysOf(t *table) ([]*column, error) {
	if len(r.refs) > 0 {
		return columnsOf(r.refs, t)
	}
	if len(t.keys) == 0 {
		return nil, fmt.Errorf("%s has no key", t.name)
	}
	return t.keys, nil
}

func columnsOf(fields []any, t *table) ([]*column, error) {
	cols := make([]*column, len(fields))
	for i, f := range fields {
		n, ok := lookup(f)
		if !ok || n.col == nil || n.col.t != t {
			return nil, badAddress(f, "column of "+t.name)
		}
		cols[i] = n.col
	}
	return cols, nil
}

func sameShape(a, b []*column) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d columns refer to %d", len(a), len(b))
	}
	if len(a) > len(tuple{}) {
		return errors.New("more key columns than are supported")
	}
	for i := range a {
		if x, y := bare(a[i].typ), bare(b[i].typ); x.Kind() != y.Kind() || x.Implements(valuerType) != y.Implements(valuerType) {
			return fmt.Errorf("%s is a %v and %s a %v", a[i], a[i].typ, b[i], b[i].typ)
		}
	}
	return nil
}

func bare(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
