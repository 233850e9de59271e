package model

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// array collects many values into one argument: the text form of a PostgreSQL
// array, whose element type the server infers, or JSON for SQLite's json_each.
// A driver sees a string either way.
type array struct {
	d   Dialect
	buf []byte
	n   int
	err error
}

func newArray(d Dialect, n int) *array {
	l := &array{d: d, buf: make([]byte, 0, 2+8*n)}
	if d == SQLite {
		l.buf = append(l.buf, '[')
	} else {
		l.buf = append(l.buf, '{')
	}
	return l
}

func (l *array) add(v any) {
	l.next()
	switch x := v.(type) {
	case int64:
		l.buf = strconv.AppendInt(l.buf, x, 10)
	case string:
		l.text(x)
	case nil:
		if l.d == SQLite {
			l.buf = append(l.buf, "null"...)
		} else {
			l.buf = append(l.buf, "NULL"...)
		}
	case bool:
		l.buf = strconv.AppendBool(l.buf, x)
	case float64:
		l.float(x)
	case time.Time:
		l.time(x)
	case []byte:
		if l.d == SQLite {
			l.err = fmt.Errorf("model: bytes cannot be in a list on SQLite")
			return
		}
		l.text(`\x` + hex.EncodeToString(x))
	default:
		l.err = fmt.Errorf("model: a %T cannot be in a list", v)
	}
}

// field adds the value of a column. The common types go into the buffer
// without an allocation for each.
func (l *array) field(c *column, v reflect.Value) error {
	whole := v
	if v.Kind() == reflect.Pointer && !c.json && !v.IsNil() && !c.typ.Implements(valuerType) {
		v = v.Elem()
	}
	switch t := v.Type(); {
	case c.json || t.Implements(valuerType) && t != timeType:
	case t.Kind() == reflect.String:
		l.next()
		l.text(v.String())
		return checkText(v.String())
	case v.CanInt():
		l.next()
		l.buf = strconv.AppendInt(l.buf, v.Int(), 10)
		return nil
	case t.Kind() == reflect.Bool:
		l.next()
		l.buf = strconv.AppendBool(l.buf, v.Bool())
		return nil
	case t == timeType && l.d == Postgres && v.CanAddr():
		l.next()
		l.time(v.Addr().Interface().(*time.Time).UTC().Truncate(time.Microsecond))
		return nil
	}
	x, err := c.value(whole, l.d)
	if err == nil {
		l.add(x)
	}
	return err
}

func (l *array) next() {
	if l.n > 0 {
		l.buf = append(l.buf, ',')
	}
	l.n++
}

func (l *array) time(at time.Time) {
	l.buf = append(l.buf, '"')
	l.buf = at.AppendFormat(l.buf, "2006-01-02 15:04:05.999999Z07:00")
	l.buf = append(l.buf, '"')
}

func (l *array) float(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		if l.d == SQLite {
			l.err = fmt.Errorf("model: %v cannot be in a list on SQLite", x)
			return
		}
		l.text(strconv.FormatFloat(x, 'g', -1, 64))
		return
	}
	l.buf = strconv.AppendFloat(l.buf, x, 'e', -1, 64)
}

func (l *array) text(s string) {
	if l.d == SQLite {
		b, err := json.Marshal(s)
		if err != nil {
			l.err = err
		}
		l.buf = append(l.buf, b...)
		return
	}
	l.buf = append(l.buf, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			l.buf = append(l.buf, '\\')
		}
		l.buf = append(l.buf, s[i])
	}
	l.buf = append(l.buf, '"')
}

// done returns the argument.
func (l *array) done() (string, error) {
	if l.d == SQLite {
		return string(append(l.buf, ']')), l.err
	}
	return string(append(l.buf, '}')), l.err
}
