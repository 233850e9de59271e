package model

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// assign stores what a driver gave into a field. src may alias the driver's
// buffer.
type assign func(dst reflect.Value, src any) error

// codec chooses how a column is read and written, by its type alone.
// A nil assign means the type cannot be a column.
func codec(c *column) (assign, func(reflect.Value, Dialect) (any, error)) {
	t := c.typ
	switch {
	case c.json || t == reflect.TypeFor[json.RawMessage]():
		return assignJSON, valueJSON
	case reflect.PointerTo(t).Implements(scannerType) && t.Implements(valuerType):
		return assignScanner, valueValuer
	case t == reflect.TypeFor[*string]():
		return assignStringPointer, valuePointer(valueString)
	case t.Kind() == reflect.Pointer:
		inner := *c
		inner.typ = t.Elem()
		if inner.typ.Kind() == reflect.Pointer {
			return nil, nil
		}
		set, get := codec(&inner)
		if set == nil {
			return nil, nil
		}
		return assignPointer(set), valuePointer(get)
	case t == timeType:
		return assignTime, valueTime
	case t.Kind() == reflect.String:
		return assignString, valueString
	case t.Kind() == reflect.Bool:
		return assignBool, valueBool
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		return assignInt, valueInt
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64:
		return assignUint, valueUint
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return assignFloat, valueFloat
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return assignBytes, valueBytes
	}
	return nil, nil
}

func mismatch(dst reflect.Value, src any) error {
	if src == nil {
		return fmt.Errorf("NULL for a field of type %v (use a pointer or sql.Null)", dst.Type())
	}
	return fmt.Errorf("a %T does not fit into %v", src, dst.Type())
}

// text returns src as a string, copied when it is bytes.
func text(src any) (string, bool) {
	switch s := src.(type) {
	case string:
		return s, true
	case []byte:
		return string(s), true
	}
	return "", false
}

func assignString(dst reflect.Value, src any) error {
	switch s := src.(type) {
	case string:
		dst.SetString(s)
	case []byte:
		dst.SetString(string(s))
	case int64:
		dst.SetString(strconv.FormatInt(s, 10))
	case float64:
		dst.SetString(strconv.FormatFloat(s, 'g', -1, 64))
	default:
		return mismatch(dst, src)
	}
	return nil
}

func assignInt(dst reflect.Value, src any) error {
	n, ok := src.(int64)
	if !ok {
		s, isText := text(src)
		if !isText {
			return mismatch(dst, src)
		}
		var err error
		if n, err = strconv.ParseInt(s, 10, 64); err != nil {
			return err
		}
	}
	if dst.OverflowInt(n) {
		return fmt.Errorf("%d does not fit into %v", n, dst.Type())
	}
	dst.SetInt(n)
	return nil
}

func assignUint(dst reflect.Value, src any) error {
	n, ok := src.(int64)
	u := uint64(n)
	if !ok {
		s, isText := text(src)
		if !isText {
			return mismatch(dst, src)
		}
		var err error
		if u, err = strconv.ParseUint(s, 10, 64); err != nil {
			return err
		}
	}
	if n < 0 || dst.OverflowUint(u) {
		return fmt.Errorf("%v does not fit into %v", src, dst.Type())
	}
	dst.SetUint(u)
	return nil
}

func assignFloat(dst reflect.Value, src any) error {
	switch f := src.(type) {
	case float64:
		dst.SetFloat(f)
		return nil
	case int64:
		dst.SetFloat(float64(f))
		return nil
	}
	s, ok := text(src)
	if !ok {
		return mismatch(dst, src)
	}
	f, err := strconv.ParseFloat(s, 64)
	dst.SetFloat(f)
	return err
}

func assignBool(dst reflect.Value, src any) error {
	switch b := src.(type) {
	case bool:
		dst.SetBool(b)
	case int64: // SQLite has no boolean of its own
		if b != 0 && b != 1 {
			return fmt.Errorf("%d is not a bool", b)
		}
		dst.SetBool(b == 1)
	default:
		return mismatch(dst, src)
	}
	return nil
}

func assignBytes(dst reflect.Value, src any) error {
	switch b := src.(type) {
	case []byte:
		dst.SetBytes(append([]byte{}, b...))
	case string:
		dst.SetBytes([]byte(b))
	default:
		return mismatch(dst, src)
	}
	return nil
}

// sqliteTime sorts as text, and a time has one form only, the one SQLite's
// CURRENT_TIMESTAMP has for whole seconds: without trailing zeros.
const sqliteTime = "2006-01-02 15:04:05.999999"

func assignTime(dst reflect.Value, src any) error {
	at, ok := src.(time.Time)
	if !ok {
		s, isText := text(src)
		if !isText {
			return mismatch(dst, src)
		}
		var err error
		if at, err = parseTime(s); err != nil {
			return err
		}
	}
	*dst.Addr().Interface().(*time.Time) = at.UTC()
	return nil
}

func parseTime(s string) (time.Time, error) {
	s = strings.Replace(s, "T", " ", 1)
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999-07", "2006-01-02"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", s)
}

func assignPointer(set assign) assign {
	return func(dst reflect.Value, src any) error {
		if src == nil {
			dst.SetZero()
			return nil
		}
		p := reflect.New(dst.Type().Elem())
		if err := set(p.Elem(), src); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
}

// assignStringPointer is assignPointer for the most common case.
func assignStringPointer(dst reflect.Value, src any) error {
	p := dst.Addr().Interface().(**string)
	switch s := src.(type) {
	case nil:
		*p = nil
	case string:
		*p = &s
	default:
		*p = new(string)
		return assignString(dst.Elem(), src)
	}
	return nil
}

func assignScanner(dst reflect.Value, src any) error {
	if b, ok := src.([]byte); ok {
		src = bytes.Clone(b)
	}
	return dst.Addr().Interface().(sql.Scanner).Scan(src)
}

func assignJSON(dst reflect.Value, src any) error {
	if src == nil {
		if dst.Kind() != reflect.Pointer && dst.Kind() != reflect.Map && dst.Kind() != reflect.Slice {
			return mismatch(dst, src)
		}
		dst.SetZero()
		return nil
	}
	s, ok := text(src)
	if !ok {
		return mismatch(dst, src)
	}
	return json.Unmarshal([]byte(s), dst.Addr().Interface())
}
