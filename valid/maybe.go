package valid

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// A Maybe is a member of a partial update that keeps three states apart:
// absent (the zero Maybe), null, and set to a value. Both this package's
// reader and encoding/json fill it; tag it omitzero so that encoding/json
// leaves the absent one out.
type Maybe[T any] struct {
	value T
	state uint8
}

const (
	maybeNull = 1
	maybeSet  = 2
)

// Get returns the value and whether there is one.
func (m *Maybe[T]) Get() (value T, ok bool) { return m.value, m.state == maybeSet }

// Put sets the value.
func (m *Maybe[T]) Put(value T) { m.value, m.state = value, maybeSet }

// Null reports whether null was sent.
func (m *Maybe[T]) Null() bool { return m.state == maybeNull }

// Absent reports whether nothing was sent.
func (m *Maybe[T]) Absent() bool { return m.state == 0 }

// IsZero reports whether nothing was sent, for the omitzero option.
func (m Maybe[T]) IsZero() bool { return m.state == 0 }

// MarshalJSON writes the value; null and absent are both null.
func (m Maybe[T]) MarshalJSON() ([]byte, error) {
	if m.state != maybeSet {
		return []byte("null"), nil
	}
	return json.Marshal(m.value)
}

// UnmarshalJSON reads null or a value.
func (m *Maybe[T]) UnmarshalJSON(b []byte) error {
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		var zero T
		m.value, m.state = zero, maybeNull
		return nil
	}
	m.state = maybeSet
	return json.Unmarshal(b, &m.value)
}

// What the reader and the description need.
func (m *Maybe[T]) target() reflect.Value { return reflect.ValueOf(&m.value).Elem() }
func (m *Maybe[T]) mark(state uint8)      { m.state = state }
func (m *Maybe[T]) inner() reflect.Type   { return reflect.TypeFor[T]() }

// A maybe is a *Maybe[T] of any T.
type maybe interface {
	target() reflect.Value
	mark(state uint8)
	inner() reflect.Type
}

// Set runs rules on the value of a [Maybe] that has one; absent and null pass.
// Put [Required] before it to refuse absence, and NotNull to refuse null.
func Set[T any](rules ...Rule[T]) Rule[Maybe[T]] {
	return func(v *Maybe[T], c *C) {
		if c.dry != nil {
			describeElement(c, c.dry.node, rules)
			return
		}
		if v.state == maybeSet {
			inside(c, segment{index: segSame}, &v.value, rules)
		}
	}
}

// NotNull refuses a [Maybe] that was sent as null.
func NotNull[T any](v *Maybe[T], c *C) {
	if c.dry != nil {
		c.dry.node.Nullable = false
		c.dry.code("not_null")
	} else if v.state == maybeNull {
		c.fail("not_null")
	}
}
