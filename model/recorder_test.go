package model_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// recorder is a database that remembers what it is told and answers every
// query with answer's rows, else with none.
type recorder struct {
	mu     sync.Mutex
	texts  []string
	args   [][]any
	answer func(text string) (columns []string, rows [][]driver.Value)
}

func (r *recorder) db(t testing.TB, d model.Dialect) model.DB {
	base := sql.OpenDB(r)
	t.Cleanup(func() { base.Close() })
	return model.Wrap(base, d)
}

// take returns the statements since the last take, and forgets them.
func (r *recorder) take() ([]string, [][]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	texts, args := r.texts, r.args
	r.texts, r.args = nil, nil
	return texts, args
}

func (r *recorder) note(text string, args []driver.NamedValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []any
	for _, a := range args {
		list = append(list, a.Value)
	}
	r.texts, r.args = append(r.texts, text), append(r.args, list)
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *recorder) Driver() driver.Driver                        { return nil }
func (r *recorder) Prepare(text string) (driver.Stmt, error) {
	return nil, fmt.Errorf("prepare %q", text)
}
func (r *recorder) Close() error              { return nil }
func (r *recorder) Begin() (driver.Tx, error) { return r, nil }
func (r *recorder) Commit() error             { return nil }
func (r *recorder) Rollback() error           { return nil }

func (r *recorder) ExecContext(_ context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	r.note(text, args)
	return driver.RowsAffected(1), nil
}

func (r *recorder) QueryContext(_ context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	r.note(text, args)
	a := &answer{}
	if r.answer != nil {
		a.columns, a.rows = r.answer(text)
	}
	if a.columns == nil { // as many as the statement selects, near enough for no rows
		a.columns = []string{"a"}
	}
	return a, nil
}

type answer struct {
	columns []string
	rows    [][]driver.Value
}

func (a *answer) Columns() []string { return a.columns }
func (a *answer) Close() error      { return nil }
func (a *answer) Next(dest []driver.Value) error {
	if len(a.rows) == 0 {
		return io.EOF
	}
	copy(dest, a.rows[0])
	a.rows = a.rows[1:]
	return nil
}

// types answers the question for column types with text for every column.
func types(names ...string) func(string) ([]string, [][]driver.Value) {
	return func(text string) ([]string, [][]driver.Value) {
		if !strings.Contains(text, "pg_attribute") {
			return nil, nil
		}
		var rows [][]driver.Value
		for _, n := range names {
			rows = append(rows, []driver.Value{n, "text", true, false, false})
		}
		return []string{"a", "b", "c", "d", "e"}, rows
	}
}
