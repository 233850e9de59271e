package model

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"time"
)

// distribute puts the rows of each parent next to each other and notes where
// they are. Rows of one parent keep the order they came in; if none was asked
// for they are sorted by key, so that results do not depend on the plan.
func (l *loader) distribute(out sink, x *index) error {
	n := out.size()
	slot := make([]int32, n)
	bounds := make([]int32, x.n+1)
	for i := range n {
		s := x.find(l.remote, i)
		slot[i] = s
		if s >= 0 {
			bounds[s+1]++
		}
	}
	for i := range x.n {
		bounds[i+1] += bounds[i]
	}
	order := make([]int32, bounds[x.n])
	next := slices.Clone(bounds[:x.n])
	moved := len(order) != n // rows of a composite key nobody has
	for i, s := range slot {
		if s < 0 {
			continue
		}
		moved = moved || next[s] != int32(i)
		order[next[s]] = int32(i)
		next[s]++
	}
	if l.rel.many && len(l.s.orders) == 0 {
		moved = l.sortByKey(out, order, bounds) || moved
	}
	if moved {
		out.permute(order)
		if l.counts != nil {
			l.counts.permute(order)
		}
	}
	for i, s := range x.slots {
		if s >= 0 {
			l.spans[i] = span{bounds[s], bounds[s+1]}
			if !l.rel.many {
				l.spans[i].hi = min(l.spans[i].hi, l.spans[i].lo+1)
			}
		}
	}
	return nil
}

// sortByKey sorts each parent's part of order and reports whether it had to.
func (l *loader) sortByKey(out sink, order, bounds []int32) bool {
	keys := l.rel.to.keys
	compare := func(a, b int32) int {
		x, y := out.at(int(a)), out.at(int(b))
		for _, c := range keys {
			if n := compareValues(c.of(x), c.of(y)); n != 0 {
				return n
			}
		}
		return 0
	}
	moved := false
	for i := range len(bounds) - 1 {
		part := order[bounds[i]:bounds[i+1]]
		if len(part) > 1 && !slices.IsSortedFunc(part, compare) {
			slices.SortStableFunc(part, compare)
			moved = true
		}
	}
	return moved
}

func compareValues(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	case a.Type() == timeType:
		return a.Interface().(time.Time).Compare(b.Interface().(time.Time))
	case a.Kind() == reflect.Array && a.Type().Elem().Kind() == reflect.Uint8:
		return bytes.Compare(a.Bytes(), b.Bytes())
	}
	return 0
}

func (t *tallies) permute(order []int32) {
	for j, list := range t.all {
		out := make([]int64, len(order))
		for i, from := range order {
			out[i] = list[from]
		}
		t.all[j] = out
	}
}
