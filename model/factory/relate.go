package factory

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/glueful/glueful-go/model"
)

// For returns a factory whose rows of one Create belong to one new row of
// parent: the column fk gets the parent's column key. A nullable fk is given
// as the address of the pointer.
//
//	factory.For(posts, &p.UserID, users, &u.ID).Create(ctx, db, 3) // one user, three posts
func For[T, P, K any, F interface{ *K | **K }](f Factory[T], fk F, parent Factory[P], key *K) Factory[T] {
	set, err := setter[T, K](f.m, fk)
	get, e := getter(parent.m, key)
	if f.err = first(f.err, err, e, parent.err); f.err != nil {
		return f
	}
	f.before = append(slices.Clip(f.before), func(ctx context.Context, db model.DB, rows []T) error {
		p, err := parent.One(ctx, db)
		if err != nil {
			return err
		}
		for i := range rows {
			set(&rows[i], get(&p))
		}
		return nil
	})
	return f
}

// Has returns a factory whose rows each have n new rows of child: their
// column fk gets the row's column key.
//
//	factory.Has(users, &u.ID, 3, posts, &p.UserID).Create(ctx, db, 10) // ten users, thirty posts
func Has[T, C, K any, F interface{ *K | **K }](f Factory[T], key *K, n int, child Factory[C], fk F) Factory[T] {
	get, err := getter(f.m, key)
	set, e := setter[C, K](child.m, fk)
	if f.err = first(f.err, err, e, child.err); f.err != nil {
		return f
	}
	return f.After(func(ctx context.Context, db model.DB, rows []T) error {
		kids := child.Make(n * len(rows))
		for i := range kids {
			set(&kids[i], get(&rows[i/n]))
		}
		return child.store(ctx, db, kids)
	})
}

// Recycle returns a factory whose rows belong to rows that exist: the column
// fk gets one of keys, at random. No keys is an error when rows are created.
//
//	ids, err := model.Pluck(ctx, db, Users.Where(), &u.ID)
//	factory.Recycle(posts, &p.UserID, ids...).Create(ctx, db, 200)
func Recycle[T, K any, F interface{ *K | **K }](f Factory[T], fk F, keys ...K) Factory[T] {
	set, err := setter[T, K](f.m, fk)
	if f.err = first(f.err, err); f.err != nil {
		return f
	}
	if len(keys) == 0 {
		f.err = fmt.Errorf("factory: no keys to recycle for %s", f.m.Table())
		return f
	}
	keys = slices.Clone(keys)
	return f.State(func(k *Fake, row *T) { set(row, Pick(k, keys...)) })
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// getter returns how to read, in any row, the field that key names on the probe.
func getter[T, K any](m *model.Model[T], key *K) (func(*T) K, error) {
	path, err := pathOf(m, key)
	return func(row *T) K {
		return *reflect.ValueOf(row).Elem().FieldByIndex(path).Addr().Interface().(*K)
	}, err
}

// setter returns how to write the field that fk names, a K or a pointer to one.
func setter[T, K any, F interface{ *K | **K }](m *model.Model[T], fk F) (func(*T, K), error) {
	path, err := pathOf(m, fk)
	return func(row *T, key K) {
		switch dst := reflect.ValueOf(row).Elem().FieldByIndex(path).Addr().Interface().(type) {
		case *K:
			*dst = key
		case **K:
			*dst = &key
		}
	}, err
}

// pathOf finds the field of the probe at an address.
func pathOf[T any](m *model.Model[T], field any) ([]int, error) {
	if m == nil {
		return nil, fmt.Errorf("factory: a Factory comes from Of")
	}
	if path := find(reflect.ValueOf(m.Probe()).Elem(), field); path != nil {
		return path, nil
	}
	return nil, fmt.Errorf("factory: the address of a %T is no field of the probe of %s", field, m.Table())
}

func find(v reflect.Value, field any) []int {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && v.Field(i).Addr().Interface() == field {
			return []int{i}
		}
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			if rest := find(v.Field(i), field); rest != nil {
				return append([]int{i}, rest...)
			}
		}
	}
	return nil
}
