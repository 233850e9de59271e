package valid

import "reflect"

// isZero reports whether *v is what an absent member leaves behind, or an
// empty list or map. The common types need no reflection; a method IsZero decides
// for its type.
func isZero[T any](v *T) bool {
	switch v := any(v).(type) {
	case *string:
		return *v == ""
	case *int:
		return *v == 0
	case *int64:
		return *v == 0
	case *float64:
		return *v == 0
	case *bool:
		return !*v
	case *[]string:
		return len(*v) == 0
	case interface{ IsZero() bool }:
		return v.IsZero()
	}
	r := reflect.ValueOf(v).Elem()
	switch r.Kind() {
	case reflect.Slice, reflect.Map:
		return r.Len() == 0
	}
	return r.IsZero()
}
