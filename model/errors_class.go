package model

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
)

// fault turns what a driver reports into what this package promises.
// It also serves for the errors of rows.
func (h *handle) fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	state, code := sqlState(err), liteCode(err)
	if ctx.Err() != nil && (state == "57014" || code == liteInterrupt || state == "" && code == 0) {
		return ctx.Err()
	}
	k := kindOf(state)
	if k == nil {
		k = kindOfLite(code)
	}
	switch {
	case k != nil:
	case lost(err), isConnect(err):
		k = ErrUnavailable
	default:
		return err
	}
	e := &Error{Kind: k, Err: err}
	e.Constraint, e.Columns = violated(err)
	return e
}

// faultWrite is fault for the rows of a write: outside a transaction nobody
// knows what became of a write whose rows broke off.
func (h *handle) faultWrite(ctx context.Context, err error) error {
	if h.tx == nil {
		err = written(ctx, err)
	}
	return h.fault(ctx, err)
}

// written turns the error of a write or a commit whose answer never came into
// ErrCommitUnknown. The error of a cancelled context stays visible in it.
func written(ctx context.Context, err error) error {
	if err == nil || !lost(err) {
		return err
	}
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	return &Error{Kind: ErrCommitUnknown, Err: err}
}

func isConnect(err error) bool {
	_, ok := errors.AsType[*connectError](err)
	return ok
}

func sqlState(err error) string {
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return s.SQLState()
	}
	return ""
}

// liteCode returns SQLite's extended result code, 0 if err is not SQLite's.
func liteCode(err error) int {
	if c, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		return c.Code()
	}
	return 0
}

// Result codes of SQLite.
const (
	liteBusy         = 5
	liteLocked       = 6
	liteInterrupt    = 9
	liteCantOpen     = 14
	liteCheck        = 275
	liteBusySnapshot = 517
	liteForeignKey   = 787
	liteNotNull      = 1299
	litePrimaryKey   = 1555
	liteUnique       = 2067
	liteRowID        = 2579
)

// lost reports whether a connection broke while it was in use, so that nobody
// knows how far the database got.
func lost(err error) bool {
	if isConnect(err) {
		return false
	}
	for _, sign := range []error{lostError{}, driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, sign) {
			return true
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op != "dial"
	}
	s := sqlState(err)
	return strings.HasPrefix(s, "08") || strings.HasPrefix(s, "57P")
}

// again reports whether the database asks to run the transaction anew.
func again(err error) bool {
	if !errors.Is(err, ErrContention) {
		return false
	}
	s := sqlState(err)
	return s == "40001" || s == "40P01" || liteCode(err) == liteBusySnapshot
}

func kindOf(state string) error {
	switch state {
	case "23505", "23P01":
		return ErrConflict
	case "23503", "23001":
		return ErrForeignKey
	case "23502", "23514", "22001", "22003", "22007", "22008", "22021", "22P02", "22P05":
		return ErrCheck
	case "40001", "40P01", "55P03":
		return ErrContention
	case "53300", "57P03":
		return ErrUnavailable
	}
	return nil
}

func kindOfLite(code int) error {
	switch code {
	case liteUnique, litePrimaryKey, liteRowID:
		return ErrConflict
	case liteForeignKey:
		return ErrForeignKey
	case liteCheck, liteNotNull:
		return ErrCheck
	}
	switch code & 0xff {
	case liteBusy, liteLocked:
		return ErrContention
	case liteCantOpen:
		return ErrUnavailable
	}
	return nil
}

// violated reads the constraint and its columns from the fields both
// well-known PostgreSQL drivers have, or from SQLite's text.
func violated(err error) (constraint string, columns []string) {
	if liteCode(err) != 0 {
		_, list, ok := strings.Cut(err.Error(), "constraint failed: ")
		if _, rest, more := strings.Cut(list, "constraint failed: "); more {
			list = rest
		}
		if !ok {
			return "", nil
		}
		list, _, _ = strings.Cut(list, " (")
		for _, c := range strings.Split(list, ", ") {
			if _, name, ok := strings.Cut(c, "."); ok {
				columns = append(columns, name)
			}
		}
		return "", columns
	}
	constraint = errorField(err, "Constraint", "ConstraintName")
	if c := errorField(err, "Column", "ColumnName"); c != "" {
		return constraint, []string{c}
	}
	// "Key (a, b)=(1, 2) already exists.", in whatever language.
	_, list, _ := strings.Cut(errorField(err, "Detail"), "(")
	if list, _, ok := strings.Cut(list, ")=("); ok {
		columns = strings.Split(list, ", ")
	}
	return constraint, columns
}

// errorField returns the first of the named string fields that the error with a
// SQLSTATE has.
func errorField(err error, names ...string) string {
	s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	if !ok {
		return ""
	}
	v := reflect.Indirect(reflect.ValueOf(s))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for _, n := range names {
		if f := v.FieldByName(n); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
	}
	return ""
}
