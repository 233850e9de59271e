package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A Tx is a running transaction. It is made by [Pool.Tx] and ends with it;
// the function that got it must not keep it. One goroutine may use it at a time.
type Tx struct{ h *handle }

func (t *Tx) handle() *handle { return t.h }

// Tx runs fn between a savepoint and its release. An error or a panic of fn
// undoes what fn did and leaves the surrounding transaction usable.
func (t *Tx) Tx(ctx context.Context, fn func(DB) error) error {
	return t.h.tx.nested(ctx, t.h, fn)
}

// SQL returns the database/sql transaction, for packages that write through
// one (an outbox, a queue). Committing it or rolling it back by hand makes
// the surrounding [Pool.Tx] fail.
func (t *Tx) SQL() *sql.Tx { return t.h.tx.tx }

// TxOptions says how a transaction runs. The zero value is what [Pool.Tx] uses.
type TxOptions struct {
	// Isolation of the transaction; the zero value is the database's default.
	// SQLite is serializable whatever it says.
	Isolation sql.IsolationLevel
	// ReadOnly makes the database refuse writes. On SQLite the transaction
	// then runs on a reader and waits for no writer.
	ReadOnly bool
	// Tries is how often the function may run when the database answers with a
	// serialization failure or a deadlock; 0 means 10, 1 means never again.
	Tries int
}

// Tx runs fn in a transaction and commits when fn returns nil. An error or a
// panic of fn rolls back.
//
// The function runs again, after a short random wait, when the database asks
// for it (SQLSTATE 40001 and 40P01, SQLite's BUSY_SNAPSHOT): what it does
// outside the database must bear repeating, or wait for [AfterCommit]. It is
// never repeated after a commit whose answer was lost; that is [ErrCommitUnknown].
//
// Name the parameter like the outer handle, so that it shadows it:
//
//	err := db.Tx(ctx, func(db model.DB) error { ... })
func (p *Pool) Tx(ctx context.Context, fn func(DB) error) error {
	return p.TxWith(ctx, TxOptions{}, fn)
}

// TxWith is [Pool.Tx] under other terms.
func (p *Pool) TxWith(ctx context.Context, o TxOptions, fn func(DB) error) error {
	return retry(ctx, o.Tries, func() error { return p.once(ctx, o, fn) })
}

// retry runs once until it succeeds, fails for good or has had its tries.
func retry(ctx context.Context, tries int, once func() error) error {
	if tries <= 0 {
		tries = 10
	}
	for try := 1; ; try++ {
		err := once()
		if err == nil || try >= tries || !again(err) || pause(ctx, try) != nil {
			return err
		}
	}
}

func (p *Pool) once(ctx context.Context, o TxOptions, fn func(DB) error) error {
	if o.ReadOnly {
		return begin(ctx, p.reader, p.h, o, fn)
	}
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	return begin(ctx, p.writer, p.h, o, fn)
}

// Atomically runs fn in the transaction db is, or in a new one. It differs
// from db.Tx inside a transaction: it joins instead of setting a savepoint, so
// an error of fn should end the whole transaction.
func Atomically(ctx context.Context, db DB, fn func(DB) error) error {
	return db.handle().atomically(ctx, fn)
}

func (h *handle) atomically(ctx context.Context, fn func(DB) error) error {
	switch {
	case h.tx != nil:
		return fn(&Tx{h})
	case h.pool != nil:
		return h.pool.Tx(ctx, fn)
	}
	return retry(ctx, 0, func() error { return begin(ctx, h.base, h, TxOptions{}, fn) })
}

// begin runs fn in one transaction on one connection of db.
func begin(ctx context.Context, db *sql.DB, h *handle, o TxOptions, fn func(DB) error) (err error) {
	// The transaction itself ignores the caller's context: database/sql would
	// otherwise roll back from another goroutine while fn is still running.
	conn, sqlTx, err := beginOn(ctx, db, sql.TxOptions{Isolation: o.Isolation, ReadOnly: o.ReadOnly})
	if err != nil {
		return h.fault(ctx, err)
	}
	defer conn.Close()
	tx := &txState{tx: sqlTx}
	committed := false
	defer func() {
		if !committed { // also when fn panics or calls runtime.Goexit
			sqlTx.Rollback()
			tx.ended(ctx, tx.rolledBack)
		}
	}()
	if err := fn(&Tx{&handle{kind: h.kind, pool: h.pool, tx: tx}}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return h.fault(ctx, written(ctx, err))
	}
	committed = true
	tx.ended(ctx, tx.committed)
	return nil
}

// beginOn begins a transaction on one connection. A connection that is lost at
// that point has changed nothing, so another one may take over.
func beginOn(ctx context.Context, db *sql.DB, o sql.TxOptions) (*sql.Conn, *sql.Tx, error) {
	for try := 1; ; try++ {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, nil, err
		}
		tx, err := conn.BeginTx(context.WithValue(context.WithoutCancel(ctx), callerKey{}, ctx), &o)
		if err == nil {
			return conn, tx, nil
		}
		conn.Close()
		if try == 3 || ctx.Err() != nil || !lost(err) {
			return nil, nil, err
		}
	}
}

// txState is a transaction or a savepoint in one.
type txState struct {
	tx         *sql.Tx
	foreign    bool // opened elsewhere: its end is not seen here
	depth      int  // savepoints around this one
	committed  []func(context.Context)
	rolledBack []func(context.Context)
}

func (s *txState) ended(ctx context.Context, hooks []func(context.Context)) {
	ctx = context.WithoutCancel(ctx)
	for _, f := range hooks {
		f(ctx)
	}
}

// nested runs fn between a savepoint of s and its release.
func (s *txState) nested(ctx context.Context, h *handle, fn func(DB) error) (err error) {
	name := fmt.Sprintf("model_%d", s.depth+1)
	if err := s.control(ctx, h, "SAVEPOINT "+name); err != nil {
		return err
	}
	inner := &txState{tx: s.tx, foreign: s.foreign, depth: s.depth + 1}
	released := false
	defer func() {
		if released { // otherwise fn failed, panicked or called runtime.Goexit
			return
		}
		undo := context.WithoutCancel(ctx)
		e := s.control(undo, h, "ROLLBACK TO SAVEPOINT "+name)
		if e == nil {
			e = s.control(undo, h, "RELEASE SAVEPOINT "+name)
		}
		if e != nil {
			err = errors.Join(err, e)
		}
		inner.ended(ctx, inner.rolledBack)
	}()
	if err := fn(&Tx{&handle{kind: h.kind, pool: h.pool, tx: inner}}); err != nil {
		return err
	}
	if err := s.control(ctx, h, "RELEASE SAVEPOINT "+name); err != nil {
		return err
	}
	released = true
	s.committed = append(s.committed, inner.committed...)
	s.rolledBack = append(s.rolledBack, inner.rolledBack...)
	return nil
}

// control runs a statement about the transaction itself.
func (s *txState) control(ctx context.Context, h *handle, text string) error {
	_, err := s.tx.ExecContext(ctx, text)
	return h.fault(ctx, err)
}

// AfterCommit calls fn once the transaction db is in has committed, in the
// order of the calls; it is dropped when the transaction, or the savepoint it
// was registered under, is rolled back. Outside a transaction fn runs at once.
// The context keeps the values of the transaction's and is never cancelled.
// On a wrapped *sql.Tx it panics: nobody would call fn.
func AfterCommit(db DB, fn func(context.Context)) { db.handle().afterCommit(fn) }

// AfterRollback calls fn once the transaction, or the savepoint, that db is in
// has been rolled back, or its commit failed in whatever way. Outside a
// transaction it does nothing. On a wrapped *sql.Tx it panics.
func AfterRollback(db DB, fn func(context.Context)) { db.handle().afterRollback(fn) }

func (h *handle) afterCommit(fn func(context.Context)) {
	if h.tx == nil {
		fn(context.Background())
		return
	}
	h.tx.mustSee()
	h.tx.committed = append(h.tx.committed, fn)
}

func (h *handle) afterRollback(fn func(context.Context)) {
	if h.tx == nil {
		return
	}
	h.tx.mustSee()
	h.tx.rolledBack = append(h.tx.rolledBack, fn)
}

func (s *txState) mustSee() {
	if s.foreign {
		panic("model: the end of a wrapped *sql.Tx is not seen here: open the transaction with Pool.Tx")
	}
}

// pause waits a random time that grows with the tries made.
func pause(ctx context.Context, try int) error {
	most := min(time.Millisecond<<try, 250*time.Millisecond)
	t := time.NewTimer(rand.N(most))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
