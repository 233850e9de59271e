package model

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
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

// fill is how the values of a column get into a list.
type fill uint8

const (
	fillAny  fill = iota // as the argument of a driver
	fillText             // the others without an allocation for each
	fillInt
	fillBool
	fillTime
)

func fillOf(c *column) fill {
	switch t := bare(c.typ); {
	case c.json || c.typ.Implements(valuerType):
		return fillAny
	case t.Kind() == reflect.String:
		return fillText
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		return fillInt
	case t.Kind() == reflect.Bool:
		return fillBool
	case t == timeType:
		return fillTime
	}
	return fillAny
}

// field adds the value of a column, addressable, for PostgreSQL.
func (l *array) field(c *column, v reflect.Value) error {
	way := c.fill
	if v.Kind() == reflect.Pointer && way != fillAny {
		if v.IsNil() {
			l.add(nil)
			return nil
		}
		v = v.Elem()
	}
	switch way {
	case fillText:
		l.next()
		s := v.String()
		l.text(s)
		return checkText(s)
	case fillInt:
		l.next()
		l.buf = strconv.AppendInt(l.buf, v.Int(), 10)
	case fillBool:
		l.next()
		l.buf = strconv.AppendBool(l.buf, v.Bool())
	case fillTime:
		l.next()
		l.time(v.Addr().Interface().(*time.Time).UTC())
	default:
		x, err := c.value(v, l.d)
		if err != nil {
			return err
		}
		l.add(x)
	}
	return nil
}

func (l *array) next() {
	if l.n > 0 {
		l.buf = append(l.buf, ',')
	}
	l.n++
}

// time adds a time in microseconds, with a space for the T of RFC 3339, which
// package time writes faster than any other form.
func (l *array) time(at time.Time) {
	l.buf = append(l.buf, '"')
	n := len(l.buf) + len("2006-01-02")
	l.buf = at.Truncate(time.Microsecond).AppendFormat(l.buf, time.RFC3339Nano)
	if l.buf[n] == 'T' { // else the year has more than four digits; both forms are read
		l.buf[n] = ' '
	}
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
	if strings.IndexByte(s, '"') < 0 && strings.IndexByte(s, '\\') < 0 {
		l.buf = append(append(l.buf, s...), '"')
		return
	}
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
