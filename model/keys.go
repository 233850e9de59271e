package model

import (
	"database/sql/driver"
	"fmt"
	"reflect"
)

// keys are the key values of rows, by position. They are copied out of the
// rows as those are read: what the caller does to the rows later (sort,
// change, append) cannot mix up their relations.
type keys struct {
	cols []*column
	ints []int64
	strs []string
	anys []any           // tuple or a single comparable value; nil is NULL
	null []bool          // for ints and strs; nil if there is none
	from []reflect.Value // where the key is when it is not in the row
}

func (k *keys) part(row reflect.Value, i int) reflect.Value {
	if k.from != nil {
		return k.from[i]
	}
	return k.cols[i].of(row)
}

// tuple is a composite key.
type tuple [4]any

func (k *keys) isInt() bool {
	kind := bare(k.cols[0].typ).Kind()
	return len(k.cols) == 1 && reflect.Int <= kind && kind <= reflect.Int64
}

func (k *keys) isString() bool {
	t := bare(k.cols[0].typ)
	return len(k.cols) == 1 && t.Kind() == reflect.String && !t.Implements(valuerType)
}

func (k *keys) size() int { return len(k.ints) + len(k.strs) + len(k.anys) }

// grow makes room for n keys.
func (k *keys) grow(n int) {
	switch {
	case k.isInt():
		k.ints = make([]int64, 0, n)
	case k.isString():
		k.strs = make([]string, 0, n)
	default:
		k.anys = make([]any, 0, n)
	}
}

// add takes the key of a row; hide counts it as NULL.
func (k *keys) add(row reflect.Value, hide bool) error {
	if k.ints == nil && k.strs == nil {
		v, err := k.composite(row)
		if hide {
			v = nil
		}
		k.anys = append(k.anys, v)
		return err
	}
	v := k.part(row, 0)
	if v.Kind() == reflect.Pointer {
		hide = hide || v.IsNil()
		v = v.Elem()
	}
	if hide {
		if k.null == nil {
			k.null = make([]bool, k.size(), max(cap(k.ints), cap(k.strs)))
		}
		v = reflect.Zero(bare(k.cols[0].typ))
	}
	if k.null != nil {
		k.null = append(k.null, hide)
	}
	if k.ints != nil {
		k.ints = append(k.ints, v.Int())
	} else {
		k.strs = append(k.strs, v.String())
	}
	return nil
}

func (k *keys) composite(row reflect.Value) (any, error) {
	var t tuple
	for i := range k.cols {
		v, err := normal(k.part(row, i))
		if v == nil || err != nil {
			return nil, err
		}
		t[i] = v
	}
	if len(k.cols) == 1 {
		return t[0], nil
	}
	return t, nil
}

// normal makes equal keys of different Go types equal.
func normal(v reflect.Value) (any, error) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil, nil
		}
		v = v.Elem()
	}
	if v.Type().Implements(valuerType) {
		out, err := v.Interface().(driver.Valuer).Value()
		if b, ok := out.([]byte); ok {
			out = string(b)
		}
		return out, err
	}
	switch {
	case v.CanInt():
		return v.Int(), nil
	case v.CanUint():
		return int64(v.Uint()), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	case !v.Comparable():
		return nil, fmt.Errorf("model: a %v cannot be a key", v.Type())
	}
	return v.Interface(), nil
}

// index numbers distinct keys and tells which number each position has.
type index struct {
	slots []int32 // by position, -1 for NULL
	n     int     // distinct keys
	ints  map[int64]int32
	strs  map[string]int32
	anys  map[any]int32
}

func (k *keys) index() *index {
	x := &index{slots: make([]int32, k.size())}
	switch {
	case k.ints != nil:
		x.ints = make(map[int64]int32, len(k.ints))
		number(x, k.ints, k.null, x.ints)
	case k.strs != nil:
		x.strs = make(map[string]int32, len(k.strs))
		number(x, k.strs, k.null, x.strs)
	default:
		x.anys = make(map[any]int32, len(k.anys))
		null := make([]bool, len(k.anys))
		for i, v := range k.anys {
			null[i] = v == nil
		}
		number(x, k.anys, null, x.anys)
	}
	return x
}

func number[K comparable](x *index, list []K, null []bool, seen map[K]int32) {
	for i, v := range list {
		if null != nil && null[i] {
			x.slots[i] = -1
			continue
		}
		slot, ok := seen[v]
		if !ok {
			slot = int32(len(seen))
			seen[v] = slot
		}
		x.slots[i] = slot
	}
	x.n = len(seen)
}

// find returns the number of the key at position i of other, -1 if x has no such.
func (x *index) find(other *keys, i int) int32 {
	var slot int32
	ok := false
	switch {
	case other.null != nil && other.null[i]:
	case x.ints != nil:
		slot, ok = x.ints[other.ints[i]]
	case x.strs != nil:
		slot, ok = x.strs[other.strs[i]]
	default:
		slot, ok = x.anys[other.anys[i]]
	}
	if !ok {
		return -1
	}
	return slot
}

// arrays returns the distinct keys as one array argument per column.
func (k *keys) arrays(x *index, d Dialect) []*array {
	out := make([]*array, len(k.cols))
	for i := range out {
		out[i] = newArray(d, x.n)
	}
	next := int32(0) // numbers were given in order of first appearance
	for i, slot := range x.slots {
		if slot != next {
			continue
		}
		next++
		switch {
		case k.ints != nil:
			out[0].add(k.ints[i])
		case k.strs != nil:
			out[0].add(k.strs[i])
		default:
			t, ok := k.anys[i].(tuple)
			if !ok {
				t[0] = k.anys[i]
			}
			for j := range out {
				out[j].add(t[j])
			}
		}
	}
	return out
}
