package glueful

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// Link returns the path of the route that was registered through m, or a Mux with
// the same prefix, under the pattern, with its wildcards replaced by the values in
// their order. Values are escaped; a {name...} takes a slash-separated path whose
// elements are escaped one by one.
//
// It is an error when there is no such route, when the number of values differs,
// or when a value would not come back as it is: empty, "." or "..", or neither
// text, a number nor a bool and without a String method.
func (m *Mux) Link(pattern string, values ...any) (string, error) {
	full, err := join(m.prefix, pattern)
	if err != nil {
		return "", fmt.Errorf("glueful: link %q: %w", pattern, err)
	}
	t := m.table()
	t.mu.Lock()
	known := false
	for _, rt := range t.all {
		known = known || rt.pattern == full
	}
	t.mu.Unlock()
	if !known {
		return "", fmt.Errorf("glueful: link %q: no such route", full)
	}
	path := full[strings.IndexByte(full, '/'):]
	return fill(strings.TrimSuffix(path, "{$}"), values)
}

func fill(path string, values []any) (string, error) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(path, "{")
		b.WriteString(before)
		if !ok {
			if len(values) > 0 {
				return "", fmt.Errorf("glueful: link %q: %d values too many", b.String(), len(values))
			}
			return b.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		if len(values) == 0 {
			return "", fmt.Errorf("glueful: link: no value for {%s}", name)
		}
		text, ok := linkText(values[0])
		if !ok {
			return "", fmt.Errorf("glueful: link: a %T cannot stand for {%s}", values[0], name)
		}
		elements := []string{text}
		if strings.HasSuffix(name, "...") {
			elements = strings.Split(text, "/")
		}
		for i, e := range elements {
			if e == "." || e == ".." || e == "" && !(len(elements) > 1 && i == len(elements)-1) {
				return "", fmt.Errorf("glueful: link: %q cannot stand for {%s}", text, name)
			}
			if i > 0 {
				b.WriteByte('/')
			}
			b.WriteString(url.PathEscape(e))
		}
		path, values = after, values[1:]
	}
}

// linkText refuses what fmt would print as no input could read it: addresses,
// lists, structs, nil.
func linkText(v any) (string, bool) {
	switch k := reflect.ValueOf(v).Kind(); {
	case k == reflect.Pointer && reflect.ValueOf(v).IsNil():
		return "", false
	case k >= reflect.Bool && k <= reflect.Float64 && k != reflect.Uintptr, k == reflect.String:
		return fmt.Sprint(v), true
	}
	s, ok := v.(fmt.Stringer)
	if !ok {
		return "", false
	}
	return s.String(), true
}
