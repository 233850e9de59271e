// Package factory makes rows for tests and for a first look at an app, and
// runs the seeders that fill a database with them.
//
//	var users = factory.Of(Users, func(f *factory.Fake, x *User) {
//		x.Name, x.Email = f.Name(), f.Email()
//	})
//	var posts = factory.Of(Posts, func(f *factory.Fake, x *Post) { x.Title = f.Sentence() })
//
//	admin := func(f *factory.Fake, x *User) { x.Role = "admin" }
//
//	list := users.Make(3)                                   // in memory
//	list, err := users.State(admin).Create(ctx, db, 3)      // in the database
//	users3 := factory.Has(users, &u.ID, 3, posts, &p.UserID) // each with three posts
//
// A factory is a value: every method returns another one and leaves the first
// as it was. Rows are written with InsertAll, a statement or two for each
// level however many there are, in one transaction, hooks included.
//
// What a factory makes depends on its seed and on how many rows it has made,
// and on nothing else, so a test that failed fails again. Columns are named by
// their address on the model's probe, as everywhere in package model.
package factory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/glueful/glueful-go/model"
)

// A Factory makes rows of T, from [Of]. It may be used concurrently; which
// goroutine gets which row is then left to chance, but no row comes twice.
type Factory[T any] struct {
	m      *model.Model[T]
	source *source
	steps  []func(*Fake, *T)
	before []stage[T] // before the rows are written
	after  []stage[T]
	err    error // of a declaration, reported when rows are made
}

// stage works on the rows of one Create.
type stage[T any] func(ctx context.Context, db model.DB, rows []T) error

// source numbers the rows a factory and its variants have made.
type source struct {
	seed uint64
	made atomic.Uint64
}

// Of returns a factory whose rows are filled by define.
func Of[T any](m *model.Model[T], define func(f *Fake, row *T)) Factory[T] {
	return Factory[T]{m: m, source: &source{seed: 1}, steps: []func(*Fake, *T){define}}
}

// State returns a factory that changes each row by change, after what came before.
func (f Factory[T]) State(change func(f *Fake, row *T)) Factory[T] {
	f.steps = append(slices.Clip(f.steps), change)
	return f
}

// Sequence returns a factory that applies the changes in turn: the first to
// the first row of a Make or Create, and from the start again when they are
// used up.
func (f Factory[T]) Sequence(changes ...func(f *Fake, row *T)) Factory[T] {
	if len(changes) == 0 {
		return f
	}
	changes = slices.Clone(changes)
	return f.State(func(k *Fake, row *T) { changes[k.index%len(changes)](k, row) })
}

// Seed returns a factory that counts from the beginning and draws from
// another stream of values.
func (f Factory[T]) Seed(seed uint64) Factory[T] {
	f.source = &source{seed: seed}
	return f
}

// After returns a factory that calls do with the rows of each Create, in its
// transaction, when they have been written.
func (f Factory[T]) After(do func(ctx context.Context, db model.DB, rows []T) error) Factory[T] {
	f.after = append(slices.Clip(f.after), do)
	return f
}

// Make returns n rows that are in no database. Relations stay empty.
func (f Factory[T]) Make(n int) []T {
	rows := make([]T, n)
	for i := range rows {
		k := newFake(f.source.seed, f.source.made.Add(1), i)
		for _, step := range f.steps {
			step(k, &rows[i])
		}
	}
	return rows
}

// Create makes n rows, writes them with all that belongs to them in one
// transaction, or in the one db is, and returns them with their keys.
func (f Factory[T]) Create(ctx context.Context, db model.DB, n int) ([]T, error) {
	if f.m == nil {
		return nil, errors.New("factory: a Factory comes from Of")
	}
	if f.err != nil {
		return nil, f.err
	}
	rows := f.Make(n)
	if err := f.store(ctx, db, rows); err != nil {
		return nil, err
	}
	return rows, nil
}

// One is Create of a single row.
func (f Factory[T]) One(ctx context.Context, db model.DB) (T, error) {
	rows, err := f.Create(ctx, db, 1)
	if err != nil {
		var none T
		return none, err
	}
	return rows[0], nil
}

func (f Factory[T]) store(ctx context.Context, db model.DB, rows []T) error {
	if f.err != nil {
		return f.err
	}
	return model.Atomically(ctx, db, func(db model.DB) error {
		for _, do := range f.before {
			if err := do(ctx, db, rows); err != nil {
				return err
			}
		}
		if err := f.m.InsertAll(ctx, db, rows); err != nil {
			return fmt.Errorf("factory: %s: %w", f.m.Table(), err)
		}
		for _, do := range f.after {
			if err := do(ctx, db, rows); err != nil {
				return err
			}
		}
		return nil
	})
}
