package model

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// connector wraps a driver's connector so that every connection of a pool has
// a statement cache and never lets database/sql repeat what may have run.
type connector struct {
	inner driver.Connector
	kind  Dialect
	keep  int // statements per connection, 0 for none
}

func (c *connector) Driver() driver.Driver { return c.inner.Driver() }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	dc, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, &connectError{err}
	}
	w := &conn{inner: dc, kind: c.kind, stmts: newStmts(c.keep)}
	if u, ok := dc.(interface {
		Unwrap() driver.Conn
		Alive() bool
		Abort()
	}); ok {
		w.inner, w.alive, w.abort = u.Unwrap(), u.Alive, u.Abort
	}
	w.valid, _ = w.inner.(driver.Validator)
	return w, nil
}

// connectError is a connection that could not be opened: nothing was asked yet.
type connectError struct{ err error }

func (e *connectError) Error() string { return "model: connect: " + e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// lostError replaces driver.ErrBadConn once a statement may have reached the
// database: database/sql repeats a statement when it sees ErrBadConn, and the
// first run may have succeeded.
type lostError struct{}

func (lostError) Error() string { return "connection lost before the answer" }

var errOpenResult = errors.New("model: a result of this transaction is still open: read it to its end before the next statement")

// conn is one physical connection. database/sql calls it from one goroutine at a time.
type conn struct {
	inner driver.Conn
	valid driver.Validator // inner, if it can tell
	alive func() bool      // looks at the idle socket; nil if nobody can
	abort func()           // closes the socket; nil if nobody can
	kind  Dialect
	stmts stmts
	open  int  // results being read
	inTx  bool // between BEGIN and the end of the transaction
	dead  bool // broken: nothing more is sent
	spent bool // a cancel request may still be on its way: not to be used by others

	calls  atomic.Int64    // begun and ended calls on the driver
	caller context.Context // of the transaction, cancelled when its caller is
}

// patience is how long a cancelled statement may take to return. The server
// loses a cancel request that overtakes its statement, and a network may lose
// anything; past this the socket is closed, which ends the wait here, and the
// statement there as soon as the server looks.
const patience = 100 * time.Millisecond

// watch bounds one call on the driver by ctx. What it returns must be called
// when the call is over; nil needs no call.
func (c *conn) watch(ctx context.Context) (over func()) {
	if c.abort == nil || ctx == nil || ctx.Done() == nil {
		return nil
	}
	n := c.calls.Add(1)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(patience, func() {
			if c.calls.Load() == n {
				c.abort()
			}
		})
	})
	return func() {
		c.calls.Add(1)
		stop()
	}
}

// end calls over if there is one.
func end(over func()) {
	if over != nil {
		over()
	}
}

var (
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

// ready reports why a statement cannot start. ErrBadConn is right here, and
// only here: nothing was sent, so another connection may take over.
func (c *conn) ready() error {
	if c.dead || c.valid != nil && !c.valid.IsValid() {
		c.dead = true
		return driver.ErrBadConn
	}
	if c.open > 0 && c.kind == Postgres {
		return errOpenResult
	}
	c.stmts.sweep(c.open)
	return nil
}

// after looks at how a call on the driver ended.
func (c *conn) after(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		c.spent = true
	}
	if err == nil {
		return nil
	}
	if busy(err) && c.open == 0 {
		// lib/pq took this connection for busy and sent nothing; it would for ever.
		c.dead = true
		if c.inTx {
			return lostError{}
		}
		return driver.ErrBadConn
	}
	if errors.Is(err, driver.ErrBadConn) {
		c.dead = true
		return lostError{}
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		c.dead = true
	}
	return err
}

// busy recognises lib/pq's answer on a connection with a request in progress.
func busy(err error) bool {
	return strings.Contains(err.Error(), "already a query being processed")
}

func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	defer end(c.watch(ctx))
	if x, ok := c.inner.(driver.ExecerContext); ok && c.direct(text, args) {
		res, err := x.ExecContext(ctx, text, args)
		return res, c.after(ctx, err)
	}
	for again := false; ; again = true {
		st, err := c.prepared(ctx, text)
		if err != nil {
			return nil, err
		}
		res, err := execStmt(ctx, st.inner, args)
		c.stmts.done(st)
		if again || !c.outdated(err) {
			return res, c.after(ctx, err)
		}
		c.stmts.forget(text)
	}
}

func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	over := c.watch(ctx)
	if x, ok := c.inner.(driver.QueryerContext); ok && c.direct(text, args) {
		rs, err := x.QueryContext(ctx, text, args)
		return c.rows(ctx, rs, nil, over, err)
	}
	for again := false; ; again = true {
		st, err := c.prepared(ctx, text)
		if err != nil {
			end(over)
			return nil, err
		}
		rs, err := queryStmt(ctx, st.inner, args)
		if again || !c.outdated(err) {
			return c.rows(ctx, rs, st, over, err)
		}
		c.stmts.done(st)
		c.stmts.forget(text)
	}
}

// direct reports whether a statement goes to the driver unprepared: only when
// the cache is off, and never when the text might hold several statements,
// which the protocol without arguments would run.
func (c *conn) direct(text string, args []driver.NamedValue) bool {
	return c.stmts.keep == 0 && (len(args) > 0 || !strings.Contains(text, ";"))
}

// prepared returns the statement of text, from the cache if it is there and
// not being read. An error of Prepare has no effect on data, so ErrBadConn
// may pass.
func (c *conn) prepared(ctx context.Context, text string) (*stmt, error) {
	if st := c.stmts.take(text); st != nil {
		return st, nil
	}
	if c.kind == SQLite && several(text) {
		return nil, errSecond
	}
	st, err := prepare(ctx, c.inner, text)
	if err != nil {
		if e := c.after(ctx, err); e != (lostError{}) || c.inTx {
			return nil, e
		}
		return nil, driver.ErrBadConn
	}
	return c.stmts.put(text, st, c.open), nil
}

// outdated reports whether the database refused a prepared statement, before
// running it, because the schema changed or the statement is gone. Preparing
// it anew helps, except in a transaction, which has failed by then.
func (c *conn) outdated(err error) bool {
	if err == nil || c.inTx || c.stmts.keep == 0 {
		return false
	}
	s := sqlState(err)
	return s == "26000" || s == "0A000" && strings.Contains(err.Error(), "cached plan")
}

// ExecScript runs text, which may hold several statements, without preparing
// it: migrations reach it through sql.Conn.Raw.
func (c *conn) ExecScript(ctx context.Context, text string) error {
	if err := c.ready(); err != nil {
		return err
	}
	x, ok := c.inner.(driver.ExecerContext)
	if !ok {
		return fmt.Errorf("model: %T runs no scripts", c.inner)
	}
	defer end(c.watch(ctx))
	_, err := x.ExecContext(ctx, text, nil)
	return c.after(ctx, err)
}

func (c *conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	b, ok := c.inner.(driver.ConnBeginTx)
	if !ok {
		return nil, fmt.Errorf("model: %T has no BeginTx", c.inner)
	}
	c.caller, _ = ctx.Value(callerKey{}).(context.Context)
	defer end(c.watch(c.caller))
	tx, err := b.BeginTx(ctx, o)
	if err != nil {
		if c.after(ctx, err) == (lostError{}) {
			return nil, driver.ErrBadConn // BEGIN changes nothing
		}
		return nil, err
	}
	c.inTx = true
	return &connTx{c, tx}, nil
}

// connTx is the transaction of a conn.
type connTx struct {
	c     *conn
	inner driver.Tx
}

// callerKey finds, in the context of BEGIN, the one that is cancelled when
// the caller of the transaction is.
type callerKey struct{}

func (t *connTx) Commit() error {
	t.c.inTx = false
	defer end(t.c.watch(t.c.caller))
	return t.c.after(context.Background(), t.inner.Commit())
}

func (t *connTx) Rollback() error {
	t.c.inTx = false
	defer end(t.c.watch(t.c.caller))
	err := t.c.after(context.Background(), t.inner.Rollback())
	if err != nil {
		t.c.dead = true
	}
	return err
}

// Begin is never called by database/sql, which prefers BeginTx.
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.inner.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// ResetSession is called before the connection is used again: a server that
// went away meanwhile is noticed before anything is sent.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || c.alive != nil && !c.alive() {
		c.dead = true
		return driver.ErrBadConn
	}
	if r, ok := c.inner.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	return !c.dead && !c.spent && (c.valid == nil || c.valid.IsValid())
}

func (c *conn) Ping(ctx context.Context) error {
	if p, ok := c.inner.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *conn) Close() error {
	if c.kind == SQLite {
		c.stmts.closeAll()
	}
	return c.inner.Close()
}
