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
		OnCancel(func())
	}); ok {
		w.inner, w.alive, w.abort = u.Unwrap(), u.Alive, u.Abort
		u.OnCancel(w.cancelled)
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

	calls  atomic.Int64    // goes up when a call on the driver begins and when it ends
	result connRows        // the first result that is open
	caller context.Context // of the transaction, cancelled when its caller is
}

// patience is how long a cancelled statement may take to return. The server
// loses a cancel request that overtakes its statement, and a network may lose
// anything; past this the socket is closed, which ends the wait here, and the
// statement there as soon as the server looks.
const patience = 100 * time.Millisecond

// cancelled is called when the context of a call has ended and the server has
// been asked to stop: from another goroutine, perhaps after the call is over.
func (c *conn) cancelled() {
	n := c.calls.Load()
	time.AfterFunc(patience, func() {
		if c.calls.Load() == n { // still at it, or idle and spent
			c.abort()
		}
	})
}

// bounded begins a call that the driver does not bound by a context, and
// returns what ends it.
func (c *conn) bounded() (over func()) {
	c.calls.Add(1)
	if c.abort == nil || c.caller == nil {
		return func() {}
	}
	stop := context.AfterFunc(c.caller, c.cancelled)
	return func() {
		stop()
		c.calls.Add(1)
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
	c.calls.Add(1)
	defer c.calls.Add(1)
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
	c.calls.Add(1)
	if x, ok := c.inner.(driver.QueryerContext); ok && c.direct(text, args) {
		rs, err := x.QueryContext(ctx, text, args)
		return c.rows(ctx, rs, nil, err)
	}
	for again := false; ; again = true {
		st, err := c.prepared(ctx, text)
		if err != nil {
			c.calls.Add(1)
			return nil, err
		}
		rs, err := queryStmt(ctx, st.inner, args)
		if again || !c.outdated(err) {
			return c.rows(ctx, rs, st, err)
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
	c.calls.Add(1)
	defer c.calls.Add(1)
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
	defer c.bounded()()
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
	defer t.c.bounded()()
	return t.c.after(context.Background(), t.inner.Commit())
}

func (t *connTx) Rollback() error {
	t.c.inTx = false
	defer t.c.bounded()()
	err := t.c.after(context.Background(), t.inner.Rollback())
	if err != nil {
		t.c.dead = true
	}
	return err
}

// Begin is never called by database/sql, which prefers BeginTx.
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

// CheckNamedValue also gives times on SQLite the one form in which they can be
// compared, whoever writes them.
func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if at, ok := v.Value.(time.Time); ok && c.kind == SQLite {
		v.Value = timeValue(at, SQLite)
		return nil
	}
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
