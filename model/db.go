package model

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

// A Dialect names the SQL a database speaks.
type Dialect string

// The dialects this package writes.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// A DB is where a query runs: a [*Pool], a [*Tx], or what [Wrap] makes of a
// database/sql handle. It is closed: only this package makes one.
//
// A Pool and a wrapped *sql.DB may be used concurrently; a Tx and a wrapped
// *sql.Tx belong to one goroutine at a time.
type DB interface {
	// Tx runs fn in a transaction, or, when the DB is one already, between a
	// savepoint and its release. See [Pool.Tx].
	Tx(ctx context.Context, fn func(DB) error) error

	handle() *handle
}

// Wrap lets models run on a database/sql handle that somebody else opened:
// base is a *sql.DB or a *sql.Tx, anything else panics.
//
// Writes on a wrapped *sql.DB never go through database/sql's silent retry,
// so a lost answer cannot insert a row twice; it is reported as
// [ErrCommitUnknown]. What a [Pool] adds beyond that (statement cache, checks
// of idle connections, separate readers for SQLite) is not there.
// The end of a wrapped *sql.Tx cannot be seen from here: models with
// AfterCommit or AfterRollback hooks refuse to write to it.
func Wrap(base any, dialect Dialect) DB {
	if dialect != Postgres && dialect != SQLite {
		panic(fmt.Sprintf("model: unknown dialect %q", dialect))
	}
	h := &handle{kind: dialect}
	switch b := base.(type) {
	case *sql.DB:
		h.base = b
	case *sql.Tx:
		h.tx = &txState{tx: b, foreign: true}
	default:
		panic(fmt.Sprintf("model: Wrap of %T: need a *sql.DB or a *sql.Tx", base))
	}
	return &wrapped{h}
}

// wrapped is a DB on a handle opened elsewhere.
type wrapped struct{ h *handle }

func (w *wrapped) handle() *handle { return w.h }

func (w *wrapped) Tx(ctx context.Context, fn func(DB) error) error {
	if w.h.tx != nil {
		return w.h.tx.nested(ctx, w.h, fn)
	}
	return w.h.atomically(ctx, fn)
}

// handle is what a DB is made of. Exactly one of pool, base and tx decides
// where statements run: tx when set, else pool, else base.
type handle struct {
	kind Dialect
	pool *Pool    // nil for what Wrap made
	base *sql.DB  // a wrapped *sql.DB
	tx   *txState // the running transaction
}

func (h *handle) dialect() Dialect { return h.kind }

// inTx reports whether statements run in a transaction.
func (h *handle) inTx() bool { return h.tx != nil }

// sees reports whether the end of the transaction will be known here, so that
// afterCommit and afterRollback can keep their promise. It is false only for
// a wrapped *sql.Tx.
func (h *handle) sees() bool { return h.tx == nil || !h.tx.foreign }

// query runs a statement that only reads. Outside a transaction it may be
// repeated when the connection is lost before the first answer.
// Errors of the rows themselves go through [handle.fault].
func (h *handle) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	ctx, end := h.observe(ctx, text)
	var rows *sql.Rows
	var err error
	switch {
	case h.tx != nil:
		rows, err = h.tx.tx.QueryContext(ctx, text, args...)
	case h.pool != nil:
		rows, err = h.pool.read(ctx, text, args)
	default:
		rows, err = h.base.QueryContext(ctx, text, args...)
	}
	return rows, h.ended(ctx, end, err)
}

// queryWrite runs a statement that writes and answers with rows
// (INSERT ... RETURNING). It is never repeated. The rows must be closed; their
// errors go through [handle.faultWrite].
func (h *handle) queryWrite(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	ctx, end := h.observe(ctx, text)
	var rows *sql.Rows
	var err error
	if h.tx != nil {
		rows, err = h.tx.tx.QueryContext(ctx, text, args...)
	} else {
		rows, err = h.queryAlone(ctx, text, args)
		err = written(ctx, err)
	}
	return rows, h.ended(ctx, end, err)
}

func (h *handle) queryAlone(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if h.pool != nil {
		if err := h.pool.await(ctx); err != nil {
			return nil, err
		}
		return h.pool.writer.QueryContext(ctx, text, args...)
	}
	conn, err := h.base.Conn(ctx)
	if err != nil {
		return nil, &connectError{err}
	}
	rows, err := conn.QueryContext(ctx, text, args...)
	// Close waits for the rows to be closed, then gives the connection back.
	go conn.Close()
	return rows, err
}

// exec runs a statement that writes. It is never repeated.
func (h *handle) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	ctx, end := h.observe(ctx, text)
	var res sql.Result
	var err error
	if h.tx != nil {
		res, err = h.tx.tx.ExecContext(ctx, text, args...)
	} else {
		res, err = h.execAlone(ctx, text, args)
		err = written(ctx, err)
	}
	return res, h.ended(ctx, end, err)
}

func (h *handle) execAlone(ctx context.Context, text string, args []any) (sql.Result, error) {
	if h.pool != nil {
		if err := h.pool.await(ctx); err != nil {
			return nil, err
		}
		return h.pool.writer.ExecContext(ctx, text, args...)
	}
	conn, err := h.base.Conn(ctx)
	if err != nil {
		return nil, &connectError{err}
	}
	defer conn.Close()
	return conn.ExecContext(ctx, text, args...)
}

// observe begins the span of a statement and counts it; end is nil if nobody
// wants to know.
func (h *handle) observe(ctx context.Context, text string) (_ context.Context, end func(error)) {
	count(ctx, text)
	if h.pool == nil || h.pool.Span == nil {
		return ctx, nil
	}
	return h.pool.Span(ctx, "model.query", slog.String("db.system", string(h.kind)), slog.String("db.statement", text))
}

// ended classifies how a statement ended and ends its span.
func (h *handle) ended(ctx context.Context, end func(error), err error) error {
	err = h.fault(ctx, err)
	if end != nil {
		end(err)
	}
	return err
}
