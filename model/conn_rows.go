package model

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"
)

// connRows is an open result: the connection counts it, and a statement whose
// result is open is not used a second time.
type connRows struct {
	inner driver.Rows
	c     *conn
	st    *stmt // nil if it was not prepared by the cache
	ctx   context.Context
}

// rows wraps what a query of the driver returned.
func (c *conn) rows(ctx context.Context, rs driver.Rows, st *stmt, err error) (driver.Rows, error) {
	if err != nil {
		c.calls.Add(1)
		if st != nil {
			c.stmts.done(st)
		}
		return nil, c.after(ctx, err)
	}
	c.open++
	r := &c.result
	if r.c != nil {
		r = new(connRows)
	}
	*r = connRows{inner: rs, c: c, st: st, ctx: ctx}
	return r, nil
}

func (r *connRows) Columns() []string { return r.inner.Columns() }

func (r *connRows) Next(dest []driver.Value) error {
	err := r.inner.Next(dest)
	if err == nil || err == io.EOF {
		return err
	}
	return r.c.after(r.ctx, err)
}

func (r *connRows) Close() error {
	if r.c == nil {
		return nil
	}
	err := r.inner.Close()
	c, st, ctx := r.c, r.st, r.ctx
	*r = connRows{}
	c.calls.Add(1)
	c.open--
	if st != nil {
		c.stmts.done(st)
	}
	return c.after(ctx, err)
}

func (r *connRows) HasNextResultSet() bool {
	n, ok := r.inner.(driver.RowsNextResultSet)
	return ok && n.HasNextResultSet()
}

func (r *connRows) NextResultSet() error {
	if n, ok := r.inner.(driver.RowsNextResultSet); ok {
		return n.NextResultSet()
	}
	return io.EOF
}

func (r *connRows) ColumnTypeDatabaseTypeName(i int) string {
	if n, ok := r.inner.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return n.ColumnTypeDatabaseTypeName(i)
	}
	return ""
}

func (r *connRows) ColumnTypeScanType(i int) reflect.Type {
	if n, ok := r.inner.(driver.RowsColumnTypeScanType); ok {
		return n.ColumnTypeScanType(i)
	}
	return reflect.TypeFor[any]()
}

func (r *connRows) ColumnTypeLength(i int) (int64, bool) {
	if n, ok := r.inner.(driver.RowsColumnTypeLength); ok {
		return n.ColumnTypeLength(i)
	}
	return 0, false
}

func (r *connRows) ColumnTypeNullable(i int) (nullable, ok bool) {
	if n, ok := r.inner.(driver.RowsColumnTypeNullable); ok {
		return n.ColumnTypeNullable(i)
	}
	return false, false
}

func (r *connRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if n, ok := r.inner.(driver.RowsColumnTypePrecisionScale); ok {
		return n.ColumnTypePrecisionScale(i)
	}
	return 0, 0, false
}
