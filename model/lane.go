package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
)

// The short way of a statement: on a pool's own PostgreSQL connection, past
// sql.Rows, which takes locks for each row and a goroutine for each query that
// can be cancelled. lib/pq watches the context by itself until the rows are
// closed. Transactions, SQLite and wrapped handles go through sql.Rows.

func (h *handle) short() bool { return h.pool != nil && h.tx == nil && h.kind == Postgres }

// fetchShort is fetch on the short way.
func (h *handle) fetchShort(ctx context.Context, text string, args []any, out sink, sc *scanner, each func(reflect.Value) error) error {
	before := out.size()
	ctx, end := h.observe(ctx, text)
	var err error
	for range 3 { // as often as Pool.read
		err = raw(ctx, h.pool.reader, func(c *conn) error { return sc.drain(ctx, c, text, args, out, each) })
		if err == nil || out.size() > before || ctx.Err() != nil || !lost(err) && !errors.Is(err, driver.ErrBadConn) {
			break
		}
	}
	if err == nil {
		out.whole()
	}
	return h.ended(ctx, end, err)
}

// writeShort runs a write of one row, or of many without RETURNING, on the
// short way and returns how many rows there were. It is repeated only if
// nothing was sent.
func (h *handle) writeShort(ctx context.Context, text string, args []any, out sink, sc *scanner) (n int64, err error) {
	ctx, end := h.observe(ctx, text)
	for range 3 {
		err = raw(ctx, h.pool.writer, func(c *conn) error {
			if out != nil {
				return sc.drain(ctx, c, text, args, out, func(reflect.Value) error { n++; return nil })
			}
			list, err := ordinal(c, nil, args)
			if err != nil {
				return err
			}
			res, err := c.ExecContext(ctx, text, list)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if !errors.Is(err, driver.ErrBadConn) {
			break
		}
	}
	if !errors.Is(err, driver.ErrBadConn) { // which says that nothing was sent
		err = written(ctx, err)
	}
	return n, h.ended(ctx, end, err)
}

// raw runs f on a connection of the pool.
func raw(ctx context.Context, db *sql.DB, f func(*conn) error) error {
	sc, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	return sc.Raw(func(dc any) error { return f(dc.(*conn)) })
}

// drain runs the statement and scans every row.
func (s *scanner) drain(ctx context.Context, c *conn, text string, args []any, out sink, each func(reflect.Value) error) (err error) {
	if s.args, err = ordinal(c, s.args[:0], args); err != nil {
		return err
	}
	rs, err := c.QueryContext(ctx, text, s.args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rs.Close(); err == nil {
			err = e
		}
	}()
	if s.values == nil {
		s.values = make([]driver.Value, len(s.dest))
	}
	for {
		if err := rs.Next(s.values); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		row := out.next()
		if err := s.store(row); err != nil {
			return err
		}
		if each != nil {
			if err := each(row); err != nil {
				return err
			}
		}
	}
}

// ordinal is what database/sql makes of arguments. Ours are driver values already.
func ordinal(c *conn, list []driver.NamedValue, args []any) ([]driver.NamedValue, error) {
	list = slices.Grow(list, len(args))
	for i, a := range args {
		v := driver.NamedValue{Ordinal: i + 1, Value: a}
		if err := c.CheckNamedValue(&v); err != nil && err != driver.ErrSkip {
			return nil, fmt.Errorf("model: argument %d: %w", i+1, err)
		}
		list = append(list, v)
	}
	return list, nil
}

// store puts the current values where they belong.
func (s *scanner) store(row reflect.Value) error {
	for i, c := range s.cols {
		dst := c.of(row)
		if err := c.assign(dst, s.values[i]); err != nil {
			return (&cell{col: c, dst: dst}).Scan(s.values[i])
		}
	}
	for i := len(s.cols); i < len(s.dest); i++ {
		switch dst := s.dest[i].(type) {
		case *cell:
			if err := dst.Scan(s.values[i]); err != nil {
				return err
			}
		case *int64:
			if err := assignInt(reflect.ValueOf(dst).Elem(), s.values[i]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("model: nothing to read a %T into", dst)
		}
	}
	return nil
}
