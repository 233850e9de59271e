package valid

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// Required wants anything but the zero value: no empty text, 0, false, nil or
// empty list or map.
func Required[T any](v *T, c *C) {
	if c.dry != nil {
		c.dry.required(reflect.TypeFor[T]())
	} else if isZero(v) {
		c.fail("required")
	}
}

// Optional ends the field here, without a violation, when the value is zero
// (as [Required] understands it).
func Optional[T any](v *T, c *C) {
	if c.dry != nil {
		c.dry.node.ZeroPasses = true
	} else if isZero(v) {
		c.stop = true
	}
}

// Default puts value in the place of the zero value.
func Default[T any](value T) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			c.dry.node.Default, c.dry.node.ZeroPasses = value, true
		} else if isZero(v) {
			*v = value
		}
	}
}

// Min wants at least n. NaN fails.
func Min[T cmp.Ordered](n T) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			c.dry.bounds("min", n, nil)
		} else if !(*v >= n) {
			c.fail("min", n)
		}
	}
}

// Max wants at most n. NaN fails.
func Max[T cmp.Ordered](n T) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			c.dry.bounds("max", nil, n)
		} else if !(*v <= n) {
			c.fail("max", n)
		}
	}
}

// Between wants a value from lo to hi, both included. NaN fails.
func Between[T cmp.Ordered](lo, hi T) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			c.dry.bounds("between", lo, hi)
		} else if !(*v >= lo && *v <= hi) {
			c.fail("between", lo, hi)
		}
	}
}

// MultipleOf wants a whole multiple of n, which must not be 0.
func MultipleOf[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](n T) Rule[T] {
	return func(v *T, c *C) {
		switch {
		case n == 0:
			c.broken("MultipleOf needs a number other than 0")
		case c.dry != nil:
			c.dry.node.MultipleOf = n
			c.dry.code("multiple_of")
		case *v%n != 0:
			c.fail("multiple_of", n)
		}
	}
}

// OneOf wants one of values.
func OneOf[T comparable](values ...T) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			describeEnum(c.dry, values)
		} else if !slices.Contains(values, *v) {
			c.fail("one_of", boxed(values)...)
		}
	}
}

func boxed[T any](values []T) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// Before wants a time before the one limit returns: valid.Before(time.Now).
func Before(limit func() time.Time) Rule[time.Time] {
	return comparing("before", limit, time.Time.Before)
}

// After wants a time after the one limit returns: valid.After(time.Now).
func After(limit func() time.Time) Rule[time.Time] {
	return comparing("after", limit, time.Time.After)
}

func comparing(code string, limit func() time.Time, holds func(t, limit time.Time) bool) Rule[time.Time] {
	return func(v *time.Time, c *C) {
		switch {
		case limit == nil:
			c.broken("rule %q has no limit", code)
		case c.dry != nil:
			c.dry.custom(code)
		case !holds(*v, limit()):
			c.fail(code)
		}
	}
}

// Same wants the field *again to repeat *v, as a confirmation does. The
// violation is reported at again with code "same".
func Same[T comparable](c *C, v, again *T) {
	c.Assert(again, *v == *again, "same")
}
