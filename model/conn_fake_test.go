package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// fake is a driver whose answers a test writes down. It counts what it is asked.
type fake struct {
	exec     func(text string) error
	ran      []string // statements that were run
	prepared int
	closed   int
	opened   int
}

func (f *fake) Connect(context.Context) (driver.Conn, error) {
	f.opened++
	return &fakeConn{f: f}, nil
}
func (f *fake) Driver() driver.Driver { return nil }

type fakeConn struct {
	f   *fake
	bad bool
}

func (c *fakeConn) Prepare(text string) (driver.Stmt, error) {
	c.f.prepared++
	return &fakeStmt{c, text}, nil
}
func (c *fakeConn) Close() error              { return nil }
func (c *fakeConn) Begin() (driver.Tx, error) { return c, nil }
func (c *fakeConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return c, c.run("BEGIN")
}
func (c *fakeConn) Commit() error   { return c.run("COMMIT") }
func (c *fakeConn) Rollback() error { return c.run("ROLLBACK") }
func (c *fakeConn) IsValid() bool   { return !c.bad }

func (c *fakeConn) run(text string) error {
	c.f.ran = append(c.f.ran, text)
	if c.f.exec == nil {
		return nil
	}
	return c.f.exec(text)
}

type fakeStmt struct {
	c    *fakeConn
	text string
}

func (s *fakeStmt) Close() error  { s.c.f.closed++; return nil }
func (s *fakeStmt) NumInput() int { return -1 }
func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), s.c.run(s.text)
}
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) {
	if err := s.c.run(s.text); err != nil {
		return nil, err
	}
	return fakeRows{}, nil
}

type fakeRows struct{}

func (fakeRows) Columns() []string         { return []string{"n"} }
func (fakeRows) Close() error              { return nil }
func (fakeRows) Next([]driver.Value) error { return io.EOF }

func openFake(t *testing.T, f *fake, o *Options) *Pool {
	p := Open(f, Postgres, o)
	t.Cleanup(func() { p.Close() })
	return p
}

// times answers with err n times, then with success.
func times(n int, err error) func(string) error {
	return func(string) error {
		if n--; n >= 0 {
			return err
		}
		return nil
	}
}

func TestConn_lost(t *testing.T) {
	ctx := context.Background()
	t.Run("a write that may have run is not repeated", func(t *testing.T) {
		f := &fake{exec: times(1, driver.ErrBadConn)}
		p := openFake(t, f, nil)
		_, err := p.h.exec(ctx, "INSERT", nil)
		if !errors.Is(err, ErrCommitUnknown) || len(f.ran) != 1 {
			t.Errorf("exec = %v after %q", err, f.ran)
		}
		if _, err := p.h.exec(ctx, "INSERT", nil); err != nil || f.opened != 2 {
			t.Errorf("the next one = %v on %d connections, want another connection", err, f.opened)
		}
	})
	t.Run("nor through the pool's SQL", func(t *testing.T) {
		f := &fake{exec: times(1, driver.ErrBadConn)}
		if _, err := openFake(t, f, nil).SQL().Exec("INSERT"); err == nil || len(f.ran) != 1 {
			t.Errorf("Exec = %v after %q", err, f.ran)
		}
	})
	t.Run("nor on a wrapped *sql.DB, which would by itself", func(t *testing.T) {
		for _, wrapped := range []bool{false, true} {
			f := &fake{exec: times(1, driver.ErrBadConn)}
			db := sql.OpenDB(f)
			defer db.Close()
			var err error
			if wrapped {
				_, err = Wrap(db, Postgres).handle().exec(ctx, "INSERT", nil)
			} else {
				_, err = db.ExecContext(ctx, "INSERT")
			}
			if wrapped != errors.Is(err, ErrCommitUnknown) || (len(f.ran) == 2) == wrapped {
				t.Errorf("wrapped %v: %v after %q", wrapped, err, f.ran)
			}
		}
	})
	t.Run("a read is", func(t *testing.T) {
		f := &fake{exec: times(2, driver.ErrBadConn)}
		rows, err := openFake(t, f, nil).h.query(ctx, "SELECT", nil)
		if err != nil || len(f.ran) != 3 {
			t.Fatalf("query = %v after %q", err, f.ran)
		}
		rows.Close()
	})
	t.Run("a connection that takes itself for busy is replaced", func(t *testing.T) {
		f := &fake{exec: times(1, errors.New("pq: there is already a query being processed on this connection"))}
		if _, err := openFake(t, f, nil).h.exec(ctx, "INSERT", nil); err != nil || f.opened != 2 {
			t.Errorf("exec = %v on %d connections", err, f.opened)
		}
	})
	t.Run("BEGIN is repeated, COMMIT is not", func(t *testing.T) {
		lose := map[string]int{"BEGIN": 2, "COMMIT": 1}
		f := &fake{exec: func(text string) error {
			if lose[text]--; lose[text] >= 0 {
				return driver.ErrBadConn
			}
			return nil
		}}
		ran := 0
		err := openFake(t, f, nil).Tx(ctx, func(db DB) error {
			ran++
			_, err := db.handle().exec(ctx, "INSERT", nil)
			return err
		})
		if !errors.Is(err, ErrCommitUnknown) || ran != 1 {
			t.Errorf("Tx = %v, the function ran %d times", err, ran)
		}
	})
	t.Run("a transaction is repeated when the database asks for it", func(t *testing.T) {
		for state, want := range map[string]int{"40001": 3, "40P01": 3, "55P03": 1, "23505": 1} {
			fail := times(2, &stateError{state})
			f := &fake{exec: func(text string) error {
				if text == "INSERT" {
					return fail(text)
				}
				return nil
			}}
			ran := 0
			err := openFake(t, f, nil).Tx(ctx, func(db DB) error {
				ran++
				if _, err := db.handle().exec(ctx, "INSERT", nil); err != nil {
					return fmt.Errorf("wrapped: %w", err)
				}
				return nil
			})
			if ran != want || (err == nil) != (want > 1) {
				t.Errorf("%s: ran %d times, want %d; %v", state, ran, want, err)
			}
		}
	})
}

type stateError struct{ state string }

func (e *stateError) Error() string    { return "state " + e.state }
func (e *stateError) SQLState() string { return e.state }

func TestConn_statements(t *testing.T) {
	f := &fake{}
	db := openFake(t, f, &Options{Conns: 1, Statements: 3}).SQL()
	for range 10 {
		db.Exec("a")
	}
	if f.prepared != 1 {
		t.Errorf("one text was prepared %d times", f.prepared)
	}
	for i := range 20 {
		db.Exec(fmt.Sprint("text ", i))
		db.Exec("a") // used again and again, so it stays
	}
	if f.prepared != 21 || f.closed < 17 {
		t.Errorf("%d prepared, %d closed; want 21 and all but the last few", f.prepared, f.closed)
	}
}

var severalCases = []struct {
	text string
	want bool
}{
	{"", false}, {";", false}, {"a", false}, {"a;", false}, {"a;\n -- ;b\n/* ;c */ ", false},
	{"a; b", true}, {"a;;", true}, {"a; /* */ b", true}, {"a -- ;\n; b", true},
	{"'a;b'", false}, {"'it''s; fine'", false}, {`"a;b" ; c`, true}, {"[a;b]", false}, {"`a;b`; c", true},
	{"'open ; ", false}, {"/* open ; ", false}, {"-- open ;", false},
	{"CREATE TRIGGER t BEGIN a; b; END", false}, {"create temp trigger t begin a; b; end", false},
	{"CREATE TABLE trigger (a); b", true},
}

func TestSeveral(t *testing.T) {
	for _, c := range severalCases {
		if got := several(c.text); got != c.want {
			t.Errorf("several(%q) = %v, want %v", c.text, got, c.want)
		}
	}
}

func FuzzSeveral(f *testing.F) {
	for _, c := range severalCases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.IndexByte(text, ';') < 0 && several(text) {
			t.Errorf("several(%q) without a semicolon", text)
		}
		quoted := "SELECT '" + strings.ReplaceAll(text, "'", "''") + "'"
		if several(quoted) {
			t.Errorf("several(%q): a quoted text is one statement", quoted)
		}
		if !several(quoted + ";" + " SELECT 1") {
			t.Errorf("several(%q; SELECT 1) = false", quoted)
		}
	})
}
