package model

import (
	"container/list"
	"context"
	"database/sql/driver"
	"fmt"
)

// stmts keeps the prepared statements of one connection, least recently used
// ones leaving first.
type stmts struct {
	keep   int // how many; 0 keeps none
	byText map[string]*list.Element
	recent list.List // of *stmt, most recent first
	doomed []*stmt   // evicted while a result was open
}

// stmt is a prepared statement in or out of the cache.
type stmt struct {
	inner  driver.Stmt
	text   string
	busy   bool // its result is being read
	cached bool
}

func newStmts(keep int) stmts {
	return stmts{keep: keep, byText: map[string]*list.Element{}}
}

// take returns the cached statement of text for use, or nil.
func (s *stmts) take(text string) *stmt {
	e := s.byText[text]
	if e == nil {
		return nil
	}
	st := e.Value.(*stmt)
	if st.busy {
		return nil
	}
	s.recent.MoveToFront(e)
	st.busy = true
	return st
}

// put keeps a new statement, unless the cache is off or its text is in use,
// and returns it for use. open is the number of results being read.
func (s *stmts) put(text string, inner driver.Stmt, open int) *stmt {
	st := &stmt{inner: inner, text: text, busy: true}
	if s.keep == 0 || s.byText[text] != nil {
		return st
	}
	st.cached = true
	s.byText[text] = s.recent.PushFront(st)
	for s.recent.Len() > s.keep {
		s.drop(s.recent.Back())
	}
	s.sweep(open)
	return st
}

// done ends the use of a statement.
func (s *stmts) done(st *stmt) {
	st.busy = false
	if !st.cached {
		s.doomed = append(s.doomed, st)
	}
}

// forget drops the statement of text.
func (s *stmts) forget(text string) {
	if e := s.byText[text]; e != nil {
		s.drop(e)
	}
}

func (s *stmts) drop(e *list.Element) {
	st := s.recent.Remove(e).(*stmt)
	delete(s.byText, st.text)
	st.cached = false
	if !st.busy { // else done will doom it
		s.doomed = append(s.doomed, st)
	}
}

// sweep closes the statements that left the cache. Closing talks to the
// server, so it waits until no result is open.
func (s *stmts) sweep(open int) {
	if open > 0 || len(s.doomed) == 0 {
		return
	}
	for _, st := range s.doomed {
		st.inner.Close() // a broken connection shows in the next statement
	}
	s.doomed = s.doomed[:0]
}

func (s *stmts) closeAll() {
	for e := s.recent.Front(); e != nil; e = e.Next() {
		e.Value.(*stmt).inner.Close()
	}
	s.sweep(0)
}

func prepare(ctx context.Context, c driver.Conn, text string) (driver.Stmt, error) {
	if p, ok := c.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, text)
	}
	return c.Prepare(text)
}

func execStmt(ctx context.Context, st driver.Stmt, args []driver.NamedValue) (driver.Result, error) {
	if x, ok := st.(driver.StmtExecContext); ok {
		return x.ExecContext(ctx, args)
	}
	plain, err := plainValues(args)
	if err != nil {
		return nil, err
	}
	return st.Exec(plain) //lint:ignore SA1019 the only method such a driver has
}

func queryStmt(ctx context.Context, st driver.Stmt, args []driver.NamedValue) (driver.Rows, error) {
	if x, ok := st.(driver.StmtQueryContext); ok {
		return x.QueryContext(ctx, args)
	}
	plain, err := plainValues(args)
	if err != nil {
		return nil, err
	}
	return st.Query(plain) //lint:ignore SA1019 the only method such a driver has
}

func plainValues(args []driver.NamedValue) ([]driver.Value, error) {
	out := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, fmt.Errorf("model: the driver knows no named argument %q", a.Name)
		}
		out[i] = a.Value
	}
	return out, nil
}

// PrepareContext serves callers of [Pool.SQL] who prepare by hand.
func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if c.kind == SQLite && several(text) {
		return nil, errSecond
	}
	c.calls.Add(1)
	defer c.calls.Add(1)
	st, err := prepare(ctx, c.inner, text)
	if err != nil {
		if c.after(ctx, err) == (lostError{}) {
			return nil, driver.ErrBadConn // preparing changes nothing
		}
		return nil, err
	}
	return &handStmt{c, st}, nil
}

func (c *conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// handStmt guards a statement prepared by hand like any other.
type handStmt struct {
	c     *conn
	inner driver.Stmt
}

func (s *handStmt) Close() error  { return s.inner.Close() }
func (s *handStmt) NumInput() int { return s.inner.NumInput() }

func (s *handStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.c.ready(); err != nil {
		return nil, err
	}
	s.c.calls.Add(1)
	defer s.c.calls.Add(1)
	res, err := execStmt(ctx, s.inner, args)
	return res, s.c.after(ctx, err)
}

func (s *handStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.c.ready(); err != nil {
		return nil, err
	}
	s.c.calls.Add(1)
	rs, err := queryStmt(ctx, s.inner, args)
	return s.c.rows(ctx, rs, nil, err)
}

// Exec and Query are never called by database/sql, which prefers the others.
func (s *handStmt) Exec(args []driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s *handStmt) Query(args []driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (s *handStmt) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := s.inner.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return s.c.CheckNamedValue(v)
}
