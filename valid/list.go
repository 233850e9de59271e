package valid

import (
	"slices"
	"strings"
)

// List runs rules on each element of a list that must have lo to hi elements;
// hi < 0 means no upper bound. Elements are named by their index ("#/tags/2").
func List[S ~[]E, E any](c *C, v *S, lo, hi int, rules ...Rule[E]) {
	if c.dry != nil {
		describeList(c, v, lo, hi, rules)
		return
	}
	if len(c.found) >= c.max {
		return
	}
	c.stack = append(c.stack, segment{at: v, index: segField})
	if n := len(*v); n < lo || hi >= 0 && n > hi {
		c.fail("count", lo, hi)
	} else {
		elements(c, *v, rules)
	}
	c.stack = c.stack[:len(c.stack)-1]
}

func elements[E any](c *C, list []E, rules []Rule[E]) {
	at := len(c.stack)
	c.stack = append(c.stack, segment{})
	for i := range list {
		if len(c.found) >= c.max {
			break
		}
		c.stack[at] = segment{at: &list[i], index: i}
		each(c, &list[i], rules)
		c.stop = false
	}
	c.stack = c.stack[:at]
}

// Items runs rules on each element of a list, which may have any length.
func Items[E any](rules ...Rule[E]) Rule[[]E] {
	return func(v *[]E, c *C) {
		if c.dry != nil {
			describeItem(c, c.dry.node.items(), rules)
			return
		}
		elements(c, *v, rules)
	}
}

// Count wants lo to hi elements; hi < 0 means no upper bound.
func Count[E any](lo, hi int) Rule[[]E] {
	return func(v *[]E, c *C) {
		if c.dry != nil {
			c.dry.size("count", lo, hi)
		} else if n := len(*v); n < lo || hi >= 0 && n > hi {
			c.fail("count", lo, hi)
		}
	}
}

// Distinct wants no element twice.
func Distinct[E comparable](v *[]E, c *C) {
	if c.dry != nil {
		c.dry.node.Distinct = true
		c.dry.code("distinct")
		return
	}
	if !distinct(*v) {
		c.fail("distinct")
	}
}

func distinct[E comparable](list []E) bool {
	if len(list) <= 16 {
		for i := range list {
			for j := range i {
				if list[i] == list[j] {
					return false
				}
			}
		}
		return true
	}
	seen := make(map[E]struct{}, len(list))
	for _, e := range list {
		seen[e] = struct{}{}
	}
	return len(seen) == len(list)
}

// Entries runs key on each name of a map and rules on each value; key may be
// nil. A place in a map is named by its key if that is plain (at most 64
// letters, digits, '_', '-', '.'), else the map itself is named.
func Entries[E any](key Rule[string], rules ...Rule[E]) Rule[map[string]E] {
	return func(v *map[string]E, c *C) {
		if c.dry != nil {
			describeEntries(c, key, rules)
			return
		}
		n := len(c.found)
		for k, e := range *v {
			if len(c.found) >= c.max {
				return
			}
			s := segment{index: segHidden}
			if plain(k) {
				s.index = segKey - len(c.keys)
				c.keys = append(c.keys, k)
			}
			name := k
			if key != nil {
				inside(c, s, &name, []Rule[string]{key})
			}
			inside(c, s, &e, rules)
			(*v)[k] = e // rules may have changed it
		}
		slices.SortFunc(c.found[n:], func(a, b Violation) int { return strings.Compare(a.Pointer, b.Pointer) })
	}
}

func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return len(s) <= 64
}

// Opt runs rules on what a pointer points to; nil passes.
func Opt[T any](rules ...Rule[T]) Rule[*T] {
	return func(v **T, c *C) {
		if c.dry != nil {
			describeElement(c, c.dry.node, rules)
			return
		}
		if *v != nil {
			inside(c, segment{index: segSame}, *v, rules)
		}
	}
}
