package model

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// What a field becomes as an argument. Only the types
// of driver.Value leave here, so no driver has to guess.

func valueString(v reflect.Value, _ Dialect) (any, error) {
	s := v.String()
	if err := checkText(s); err != nil {
		return nil, err
	}
	return s, nil
}

// A textError is a string no text column can hold the same way on every
// database.
type textError struct{ why string }

func (e *textError) Error() string         { return "model: text with " + e.why }
func (e *textError) HTTPStatus() int       { return 400 }
func (e *textError) ErrorCode() string     { return "bad_text" }
func (e *textError) PublicMessage() string { return "The text has " + e.why + "." }

func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return &textError{"a NUL character"}
	}
	if !utf8.ValidString(s) {
		return &textError{"bytes that are not UTF-8"}
	}
	return nil
}

func valueBool(v reflect.Value, _ Dialect) (any, error)  { return v.Bool(), nil }
func valueInt(v reflect.Value, _ Dialect) (any, error)   { return v.Int(), nil }
func valueFloat(v reflect.Value, _ Dialect) (any, error) { return v.Float(), nil }
func valueBytes(v reflect.Value, _ Dialect) (any, error) {
	if v.IsNil() { // a field that cannot be NULL holds no bytes
		return []byte{}, nil
	}
	return v.Bytes(), nil
}

func valueUint(v reflect.Value, _ Dialect) (any, error) {
	if v.Uint() > math.MaxInt64 {
		return nil, fmt.Errorf("model: %d is more than a database integer holds", v.Uint())
	}
	return int64(v.Uint()), nil
}

func valueTime(v reflect.Value, d Dialect) (any, error) {
	return timeValue(v.Interface().(time.Time), d), nil
}

// timeValue cuts to microseconds, the precision of timestamptz, so that what
// is in memory equals what comes back.
func timeValue(at time.Time, d Dialect) any {
	at = at.UTC().Truncate(time.Microsecond)
	if d == SQLite {
		return at.Format(sqliteTime)
	}
	return at
}

func valuePointer(get func(reflect.Value, Dialect) (any, error)) func(reflect.Value, Dialect) (any, error) {
	return func(v reflect.Value, d Dialect) (any, error) {
		if v.IsNil() {
			return nil, nil
		}
		return get(v.Elem(), d)
	}
}

func valueValuer(v reflect.Value, d Dialect) (any, error) {
	out, err := v.Interface().(driver.Valuer).Value()
	if err != nil {
		return nil, err
	}
	switch x := out.(type) {
	case string:
		return x, checkText(x)
	case time.Time:
		return timeValue(x, d), nil
	}
	return out, nil
}

func valueJSON(v reflect.Value, _ Dialect) (any, error) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil
	}
	b, err := json.Marshal(v.Interface())
	return string(b), err
}
