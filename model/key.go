package model

import (
	"fmt"
	"reflect"
)

// keyValue checks that v is a value for the key column and says whether it is
// zero. An integer of another size or sign passes if it fits, so that
// Find(ctx, db, 7) is not a mistake.
func (c *column) keyValue(v any) (value any, zero bool, err error) {
	rv := reflect.ValueOf(v)
	if rv.IsValid() && rv.Type() == c.typ {
		return v, rv.IsZero(), nil
	}
	dst := reflect.New(c.typ).Elem()
	switch {
	case rv.CanInt() && dst.CanInt() && !dst.OverflowInt(rv.Int()):
		dst.SetInt(rv.Int())
	case rv.CanUint() && dst.CanUint() && !dst.OverflowUint(rv.Uint()):
		dst.SetUint(rv.Uint())
	default:
		return nil, false, fmt.Errorf("model: a %T is no key of %s, which is a %v", v, c.t.name, c.typ)
	}
	return dst.Interface(), dst.IsZero(), nil
}

// keyOf returns the key of a row, and whether it is not zero.
func (t *table) keyOf(row reflect.Value) ([]any, bool) {
	key := make([]any, len(t.keys))
	some := false
	for i, c := range t.keys {
		v := c.of(row)
		some = some || !v.IsZero()
		key[i] = v.Interface()
	}
	return key, some
}
