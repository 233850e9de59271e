package model

import (
	"context"
	"fmt"
)

// An Event is a kind of write, for hooks. Events can be combined with |.
type Event uint8

// The events. A soft Delete, a Destroy and a Restore are told apart.
const (
	Insert Event = 1 << iota
	Update
	Delete
	Destroy
	Restore
)

// hooks are what a model's users want to know of its writes, without the type.
type hooks struct {
	before, after         []hook[func(context.Context, DB, any) error]
	committed, rolledBack []hook[func(context.Context, any)]
}

type hook[F any] struct {
	on Event
	do F
}

func (h *hooks) any(ev Event) bool {
	return on(h.before, ev) || on(h.after, ev) || on(h.committed, ev) || on(h.rolledBack, ev)
}

func on[F any](list []hook[F], ev Event) bool {
	for _, h := range list {
		if h.on&ev != 0 {
			return true
		}
	}
	return false
}

// Before calls f before a row is written, in the same transaction. It may
// change the row, though an update writes the fields it names and no others; its error stops the write and is returned. Hooks run in the
// order they were declared; declare them before the first use of the model.
// Writes of many rows at once run no hooks, see [Query.WithoutHooks].
func (m *Model[T]) Before(ev Event, f func(ctx context.Context, db DB, row *T) error) {
	m.t.hooks.before = append(m.t.hooks.before, hook[func(context.Context, DB, any) error]{ev, untyped(f)})
}

// After calls f after a row was written, in the same transaction. Its error
// undoes the write and is returned.
func (m *Model[T]) After(ev Event, f func(ctx context.Context, db DB, row *T) error) {
	m.t.hooks.after = append(m.t.hooks.after, hook[func(context.Context, DB, any) error]{ev, untyped(f)})
}

func untyped[T any](f func(context.Context, DB, *T) error) func(context.Context, DB, any) error {
	return func(ctx context.Context, db DB, row any) error { return f(ctx, db, row.(*T)) }
}

// AfterCommit calls f once the transaction a row was written in has been
// committed: the place for what cannot be undone.
func (m *Model[T]) AfterCommit(ev Event, f func(ctx context.Context, row *T)) {
	m.t.hooks.committed = append(m.t.hooks.committed,
		hook[func(context.Context, any)]{ev, func(ctx context.Context, row any) { f(ctx, row.(*T)) }})
}

// AfterRollback calls f once a write that had succeeded has been undone with
// its transaction, or its commit failed.
func (m *Model[T]) AfterRollback(ev Event, f func(ctx context.Context, row *T)) {
	m.t.hooks.rolledBack = append(m.t.hooks.rolledBack,
		hook[func(context.Context, any)]{ev, func(ctx context.Context, row any) { f(ctx, row.(*T)) }})
}

// around runs a write of rows with its hooks. Without hooks it is the write
// alone; with them it is one transaction.
func (t *table) around(ctx context.Context, db DB, ev Event, rows []any, do func(DB) error) error {
	if !t.hooks.any(ev) {
		return do(db)
	}
	if !db.handle().sees() && (on(t.hooks.committed, ev) || on(t.hooks.rolledBack, ev)) {
		return fmt.Errorf("model: %s has hooks for the end of the transaction, which a wrapped *sql.Tx does not tell", t.name)
	}
	return within(ctx, db, func(db DB) error {
		if err := run(ctx, db, t.hooks.before, ev, rows); err != nil {
			return err
		}
		if err := do(db); err != nil {
			return err
		}
		h := db.handle()
		for _, k := range t.hooks.committed {
			if k.on&ev != 0 {
				h.afterCommit(func(ctx context.Context) { each(ctx, rows, k.do) })
			}
		}
		for _, k := range t.hooks.rolledBack {
			if k.on&ev != 0 {
				h.afterRollback(func(ctx context.Context) { each(ctx, rows, k.do) })
			}
		}
		return run(ctx, db, t.hooks.after, ev, rows)
	})
}

// within runs a write of several statements in a transaction of its own, or
// under a savepoint of the running one, so that it is done whole or not at all
// even if the caller goes on after an error.
func within(ctx context.Context, db DB, do func(DB) error) error {
	h := db.handle()
	if h.inTx() {
		return (&Tx{h}).Tx(ctx, do)
	}
	return h.atomically(ctx, do)
}

func run(ctx context.Context, db DB, list []hook[func(context.Context, DB, any) error], ev Event, rows []any) error {
	for _, k := range list {
		if k.on&ev == 0 {
			continue
		}
		for _, row := range rows {
			if err := k.do(ctx, db, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func each(ctx context.Context, rows []any, f func(context.Context, any)) {
	for _, row := range rows {
		f(ctx, row)
	}
}
