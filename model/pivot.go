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
