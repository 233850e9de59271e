package valid

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// A Boundary is one value at an edge of what a schema accepts, for tests.
type Boundary struct {
	Valid   bool            // accepted, as far as the description goes: Rules are not known to it
	Body    json.RawMessage // a whole body that differs from a good one in one place; nil for a parameter
	Pointer string          // the place in the body, as in a Violation
	In      string          // place of a parameter, instead of Pointer
	Name    string          // name of the parameter
	Value   json.RawMessage // the value at that place; nil if it is absent
	Why     string          // "one over maxLength"
}

// Boundaries lists the edges of s and of everything below: absent and null,
// bounds and one beyond, wrong types, unknown and duplicate members, broken
// formats. It needs a good value to start from, and returns nothing for a body
// where it finds none (a pattern it cannot fill).
func (s *Schema) Boundaries() []Boundary {
	g := generator{root: s}
	var list []Boundary
	if _, ok := g.sample(s, 0); ok && (len(s.Properties) > 0 || len(s.Params) == 0) {
		for _, v := range g.variants(s, "#", 0) {
			list = append(list, Boundary{Valid: v.ok, Body: v.json(), Pointer: v.pointer, Value: v.at, Why: v.why})
		}
	}
	for _, p := range s.Params {
		if p.Required {
			list = append(list, Boundary{In: p.In, Name: p.Name, Why: "absent"})
		}
		for _, v := range g.variants(p, "#", 0) {
			if v.why != "wrong type" && v.why != "null" { // everything is text in a parameter
				list = append(list, Boundary{Valid: v.ok, In: p.In, Name: p.Name, Value: v.json(), Why: v.why})
			}
		}
	}
	return list
}

// A variant is a value that differs from the sample in one place.
type variant struct {
	value   any
	ok      bool
	pointer string
	at      json.RawMessage
	why     string
}

func (v variant) json() json.RawMessage {
	b, err := json.Marshal(v.value)
	if err != nil {
		panic(fmt.Sprintf("valid: boundary: %v", err))
	}
	return b
}

type generator struct{ root *Schema }

// maxRecursion bounds how often a type is nested into itself.
const maxRecursion = 3

// sample returns a good value of s.
func (g generator) sample(s *Schema, depth int) (any, bool) {
	if s.Ref != "" {
		if depth >= maxRecursion {
			return nil, s.Nullable
		}
		return g.sample(s.resolve(g.root), depth+1)
	}
	if s.Enum != nil {
		return s.Enum[0], true
	}
	switch s.Type {
	case "boolean":
		return true, true
	case "integer", "number":
		return g.number(s)
	case "string":
		text, ok := sampleText(s)
		return text, ok
	case "array":
		return g.array(s, s.MinSize, depth)
	case "object":
		return g.object(s, depth)
	}
	return "anything", true
}

func (g generator) array(s *Schema, n, depth int) (any, bool) {
	if n == 0 {
		return []any{}, true
	}
	list := g.distinctSamples(s.Items, n, depth)
	return list, len(list) == n
}

// distinctSamples returns n good values, different where that is easy.
func (g generator) distinctSamples(s *Schema, n, depth int) []any {
	base, ok := g.sample(s, depth)
	if !ok || n > 20_000 {
		return nil
	}
	list := []any{base}
	for i := 1; len(list) < n; i++ {
		next := base
		switch b := base.(type) {
		case json.Number:
			next = json.Number(fmt.Sprint(i))
		case string:
			next = b + fmt.Sprint(i)
		}
		if s.resolve(g.root).Enum != nil && i < len(s.Enum) {
			next = s.Enum[i]
		} else if !simple(s, next) {
			next = base
		}
		list = append(list, next)
	}
	return list
}

func (g generator) object(s *Schema, depth int) (any, bool) {
	m := map[string]any{}
	if s.Values != nil {
		for i := range s.MinSize {
			v, ok := g.sample(s.Values, depth)
			key, okKey := sampleText(s.Keys)
			if !ok || !okKey || i > 0 {
				return nil, false
			}
			m[key] = v
		}
		return m, true
	}
	for _, p := range s.Properties {
		v, ok := g.sample(p, depth)
		if !ok && p.Required {
			return nil, false
		}
		if ok {
			m[p.Name] = v
		}
	}
	return m, true
}

// variants lists the edges of s at pointer.
func (g generator) variants(s *Schema, pointer string, depth int) []variant {
	if s.Ref != "" {
		if depth >= maxRecursion {
			return nil
		}
		list := slices.DeleteFunc(g.variants(s.resolve(g.root), pointer, depth+1), func(v variant) bool {
			return v.why == "null" && v.pointer == pointer
		})
		return append(list, variant{value: nil, ok: s.Nullable, pointer: pointer, why: "null"})
	}
	var list []variant
	add := func(ok bool, why string, values ...any) {
		for _, value := range values {
			v := variant{value: value, ok: ok, pointer: pointer, why: why}
			v.at = v.json()
			list = append(list, v)
		}
	}
	if v, ok := g.sample(s, depth); ok {
		add(true, "good", v)
	}
	if s.Type != "" {
		add(s.Nullable && pointer != "#", "null", nil)
	}
	switch s.Type {
	case "boolean":
		add(false, "wrong type", "true", 1)
		add(s.Enum == nil, "false", false)
	case "integer", "number":
		add(false, "wrong type", "1", true)
		g.numbers(s, add)
	case "string":
		add(false, "wrong type", 1, true)
		texts(s, add)
	case "array":
		add(false, "wrong type", "a", map[string]any{})
		g.arrays(s, add, depth)
		list = append(list, g.below(s, pointer, depth)...)
	case "object":
		add(false, "wrong type", "a", []any{})
		g.objects(s, add)
		list = append(list, g.below(s, pointer, depth)...)
	}
	return list
}

type adder = func(ok bool, why string, values ...any)

func (g generator) objects(s *Schema, add adder) {
	base, ok := g.object(s, 0)
	whole, _ := base.(map[string]any)
	if !ok || s.Values != nil {
		return
	}
	least := map[string]any{}
	for _, p := range s.Properties {
		if v, ok := whole[p.Name]; ok && p.Required {
			least[p.Name] = v
			without := maps.Clone(whole)
			delete(without, p.Name)
			add(false, p.Name+" absent", without)
		}
	}
	add(true, "required members only", least)
	more := maps.Clone(whole)
	more["no such member"] = 1
	add(false, "unknown member", more)
}

// below lists the edges of members and elements, each in a whole value.
func (g generator) below(s *Schema, pointer string, depth int) []variant {
	base, ok := g.sample(s, depth)
	if !ok {
		return nil
	}
	var list []variant
	put := func(inner []variant, in func(any) any) {
		for _, v := range inner {
			if v.why == "good" {
				continue
			}
			v.value = in(v.value)
			list = append(list, v)
		}
	}
	if s.Items != nil && s.MinSize <= 1 && (s.MaxSize == nil || *s.MaxSize > 0) {
		put(g.variants(s.Items, pointer+"/0", depth), func(v any) any { return []any{v} })
	}
	for _, p := range s.Properties {
		at := string(appendToken([]byte(pointer), p.Name))
		put(g.variants(p, at, depth), func(v any) any {
			m := maps.Clone(base.(map[string]any))
			m[p.Name] = v
			return m
		})
	}
	if s.Values != nil && s.MinSize <= 1 {
		key, ok := sampleText(s.Keys)
		if ok && (s.MaxSize == nil || *s.MaxSize > 0) {
			at := string(appendToken([]byte(pointer), key))
			put(g.variants(s.Values, at, depth), func(v any) any { return map[string]any{key: v} })
		}
	}
	return list
}

func (g generator) arrays(s *Schema, add adder, depth int) {
	sized := func(n int, why string) {
		if n < 0 || n > 10_000 || n > 0 && s.Items == nil {
			return
		}
		if v, ok := g.array(s, n, depth); ok {
			ok = n >= s.MinSize && (s.MaxSize == nil || n <= *s.MaxSize) || n == 0 && s.ZeroPasses
			add(ok, why, v)
		}
	}
	sized(s.MinSize-1, "one under minItems")
	sized(s.MinSize, "minItems")
	if s.MaxSize != nil {
		sized(*s.MaxSize, "maxItems")
		sized(*s.MaxSize+1, "one over maxItems")
	}
	if v, ok := g.sample(s.Items, depth); ok && s.Distinct {
		add(false, "element twice", []any{v, v})
	}
}

// number returns a good number of s.
func (g generator) number(s *Schema) (any, bool) {
	for _, text := range []string{"1", literal(s.Minimum), literal(s.Maximum), literal(s.MultipleOf), "2", "3", "0"} {
		if n := json.Number(text); text != "" && simple(s, n) {
			return n, true
		}
	}
	return nil, false
}

func (g generator) numbers(s *Schema, add adder) {
	edge := func(bound any, step int64, why string) {
		n, ok := new(big.Rat).SetString(literal(bound))
		if !ok {
			return
		}
		v := json.Number(decimalOf(n.Add(n, big.NewRat(step, 1))))
		add(simple(s, v), why, v)
	}
	edge(s.Minimum, 0, "minimum")
	edge(s.Minimum, -1, "one under minimum")
	edge(s.Maximum, 0, "maximum")
	edge(s.Maximum, 1, "one over maximum")
	edge(s.MultipleOf, 1, "multipleOf and one")
	add(simple(s, json.Number("0")), "0", json.Number("0"))
	if s.Type == "integer" {
		add(false, "a fraction", json.Number("1.5"))
	}
}

func decimalOf(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	text := n.FloatString(20)
	return strings.TrimRight(text, "0")
}

// literal writes a bound as JSON does; "" for none.
func literal(bound any) string {
	if bound == nil {
		return ""
	}
	b, _ := json.Marshal(bound)
	return string(b)
}
