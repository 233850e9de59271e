package valid

import (
	"context"
	"fmt"
	"math/big"
	"reflect"
	"slices"
)

// A describer collects what the rules say in a dry run.
type describer struct {
	node   *Schema // of the place the run is at
	root   *Schema
	types  []reflect.Type // struct types being described, against recursion
	ways   []bool         // decided answers of If
	asked  []bool         // answers given in this run
	rename string         // code of the innermost As
}

// maxWays bounds the runs of one description.
const maxWays = 128

// Describe runs rule dry and returns the schema of what it accepts: the types
// from T, the bounds from the rules. Every [C.If] is answered both ways, and
// only bounds that hold in all of them are stated. It panics when a rule is
// unusable or breaks on a zero value, naming T: call it at start.
func Describe[T any](rule Rule[T]) *Schema {
	var all *Schema
	todo := [][]bool{nil}
	for n := 0; n < len(todo) && n < maxWays; n++ {
		s, asked := describeOnce(rule, todo[n])
		if all == nil {
			all = s
		} else {
			meet(all, s)
		}
		for i := len(todo[n]); i < len(asked); i++ {
			todo = append(todo, append(slices.Clone(asked[:i]), false))
		}
	}
	all.sort()
	return all
}

func describeOnce[T any](rule Rule[T], ways []bool) (*Schema, []bool) {
	t := reflect.TypeFor[T]()
	root := schemaOf(t)
	d := &describer{node: root.resolve(root), root: root, ways: ways}
	c := &C{ctx: context.Background(), dry: d, max: maxViolations}
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("valid: describing %v: %v", t, p))
		}
	}()
	if rule == nil {
		c.broken("there is no rule")
	}
	v := new(T)
	c.stack = append(c.stack, segment{at: v, index: segSame})
	d.types = append(d.types, t)
	rule(v, c)
	return root, d.asked
}

// decide answers If: as decided, then true.
func (d *describer) decide() bool {
	answer := true
	if n := len(d.asked); n < len(d.ways) {
		answer = d.ways[n]
	}
	d.asked = append(d.asked, answer)
	return answer
}

// describeField runs rules dry on a field and finds out whether the zero value
// fails them.
func describeField[T any](c *C, v *T, rules []Rule[T]) {
	d := c.dry
	old := d.node
	e := fieldAt(c.stack[len(c.stack)-1].at, v)
	d.node = d.below(e, false, false)
	c.stack = append(c.stack, segment{at: v, index: segField})
	if d.enter(reflect.TypeFor[T]()) {
		each(c, v, rules)
		d.types = d.types[:len(d.types)-1]
		if fails(c, rules) {
			d.node = old
			d.below(e, true, isMaybe[T]())
		}
	}
	c.stop = false
	c.stack = c.stack[:len(c.stack)-1]
	d.node = old
}

// describeItem describes an element of a list or map. Where the zero value is
// refused, so is null, which would be read as it.
func describeItem[T any](c *C, node *Schema, rules []Rule[T]) {
	describeElement(c, node, rules)
	if node.Nullable && !isMaybe[T]() && fails(c, rules) {
		node.Nullable = false
	}
}

func isMaybe[T any]() bool { return reflect.TypeFor[*T]().Implements(maybeType) }

// describeElement runs rules dry on one zero value at node.
func describeElement[T any](c *C, node *Schema, rules []Rule[T]) {
	d := c.dry
	old := d.node
	d.node = node.resolve(d.root)
	v := new(T)
	if d.enter(reflect.TypeFor[T]()) {
		inside(c, segment{index: segSame}, v, rules)
		d.types = d.types[:len(d.types)-1]
	}
	d.node = old
}

// describeList is what List does in a dry run. It hands rules down only, so
// that they stay on the stack of the caller.
func describeList[S ~[]E, E any](c *C, v *S, lo, hi int, rules []Rule[E]) {
	d := c.dry
	old := d.node
	d.node = d.below(fieldAt(c.stack[len(c.stack)-1].at, v), lo > 0, false)
	d.size("count", lo, hi)
	c.stack = append(c.stack, segment{at: v, index: segField})
	describeItem(c, d.node.items(), rules)
	c.stack = c.stack[:len(c.stack)-1]
	d.node = old
}

func describeEntries[E any](c *C, key Rule[string], rules []Rule[E]) {
	n := c.dry.node
	if n.Keys == nil {
		n.Keys = &Schema{Type: "string"}
	}
	if key != nil {
		describeElement(c, n.Keys, []Rule[string]{key})
	}
	describeItem(c, n.values(), rules)
}

// enter notes t unless rules of the same struct type are being described.
func (d *describer) enter(t reflect.Type) bool {
	if t.Kind() == reflect.Struct && slices.Contains(d.types, t) {
		return false
	}
	d.types = append(d.types, t)
	return true
}

// fails reports whether the zero value breaks rules.
func fails[T any](c *C, rules []Rule[T]) bool {
	var zero T
	probe := &C{ctx: c.ctx, max: 1, probe: true}
	probe.stack = append(probe.stack, segment{at: &zero, index: segSame})
	each(probe, &zero, rules)
	return len(probe.found) > 0
}

// below returns the node of a field. Where the field is required, so is what
// it lies in, and null is refused unless it is kept apart from absence.
func (d *describer) below(e fieldEntry, required, null bool) *Schema {
	n := d.node
	if e.in != "" {
		n = d.root.Param(e.in, e.name)
		if n == nil {
			n = &Schema{In: e.in, Name: e.name}
			d.root.Params = append(d.root.Params, n)
		}
		n.Required = n.Required || required
		return n
	}
	for _, name := range e.path {
		p := n.member(name)
		if p == nil { // not bound from the body, but it may fail
			p = &Schema{Name: name}
			n.derived = append(n.derived, p)
		}
		p.Required = p.Required || required
		p.Nullable = p.Nullable && (!required || null)
		n = p.resolve(d.root)
	}
	return n
}

func (d *describer) code(code string) {
	if d.rename != "" {
		code = d.rename
	}
	if !slices.Contains(d.node.Codes, code) {
		d.node.Codes = append(d.node.Codes, code)
	}
}

// custom notes a rule that no keyword expresses.
func (d *describer) custom(code string) {
	d.code(code)
	if d.rename != "" {
		code = d.rename
	}
	if !slices.Contains(d.node.Rules, code) {
		d.node.Rules = append(d.node.Rules, code)
	}
}

func (d *describer) customAt(c *C, field any, code string) {
	old := d.node
	if field != nil {
		d.node = d.below(fieldAt(c.stack[len(c.stack)-1].at, field), false, false)
	}
	d.custom(code)
	d.node = old
}

func (d *describer) renamed(code string, run func()) {
	old := d.rename
	if old == "" {
		d.rename = code
	}
	run()
	d.rename = old
}

func (d *describer) size(code string, lo, hi int) {
	d.code(code)
	d.node.MinSize = max(d.node.MinSize, lo)
	if hi >= 0 && (d.node.MaxSize == nil || *d.node.MaxSize > hi) {
		d.node.MaxSize = &hi
	}
}

// bounds notes limits of a number; other types have no keyword for them.
func (d *describer) bounds(code string, lo, hi any) {
	if d.node.Type != "integer" && d.node.Type != "number" {
		d.custom(code)
		return
	}
	d.code(code)
	if lo != nil {
		d.node.Minimum = lo
	}
	if hi != nil {
		d.node.Maximum = hi
	}
}

func (d *describer) pattern(expr string) {
	d.code("match")
	d.node.Patterns = append(d.node.Patterns, expr)
}

// format notes a format by its JSON Schema name, or as a rule if it has none.
func (d *describer) format(code, name string) {
	d.code(code)
	if name == "" {
		d.custom(code)
	} else {
		d.node.Format = name
	}
}

// required notes that the zero value of t is refused. That it may not be absent
// follows by itself.
func (d *describer) required(t reflect.Type) {
	n := d.node
	switch t.Kind() {
	case reflect.String:
		n.MinSize = max(n.MinSize, 1)
	case reflect.Slice, reflect.Map:
		n.MinSize, n.Nullable = max(n.MinSize, 1), false
	case reflect.Bool:
		n.Enum = []any{true}
	case reflect.Pointer, reflect.Interface:
		n.Nullable = false
	default:
		if n.Type == "integer" || n.Type == "number" {
			n.Not = append(n.Not, 0)
		} else if !reflect.PointerTo(t).Implements(maybeType) { // there only absence is refused
			d.custom("required")
		}
	}
	d.code("required")
}

func describeEnum[T any](d *describer, values []T) {
	d.code("one_of")
	d.node.Enum = boxed(values)
}

func (s *Schema) items() *Schema {
	if s.Items == nil {
		s.Items = &Schema{}
	}
	return s.Items
}

func (s *Schema) values() *Schema {
	if s.Values == nil {
		s.Values = &Schema{}
	}
	return s.Values
}

// sort makes descriptions comparable.
func (s *Schema) sort() {
	s.walk(func(s *Schema) {
		slices.Sort(s.Codes)
		slices.Sort(s.Rules)
	})
}

// meet weakens s to what t also states; codes are united.
func meet(s, t *Schema) {
	if s == nil || t == nil {
		return
	}
	a, b := reflect.ValueOf(s).Elem(), reflect.ValueOf(t).Elem()
	for _, name := range []string{"Format", "Enum", "Not", "MultipleOf", "Patterns", "Distinct", "Default"} {
		x := a.FieldByName(name)
		if !reflect.DeepEqual(x.Interface(), b.FieldByName(name).Interface()) {
			x.SetZero()
		}
	}
	s.MinSize = min(s.MinSize, t.MinSize)
	if s.MaxSize != nil && (t.MaxSize == nil || *t.MaxSize > *s.MaxSize) {
		s.MaxSize = t.MaxSize
	}
	s.Minimum, s.Maximum = weaker(s.Minimum, t.Minimum, -1), weaker(s.Maximum, t.Maximum, 1)
	s.Required = s.Required && t.Required
	s.Nullable = s.Nullable || t.Nullable
	s.ZeroPasses = s.ZeroPasses || t.ZeroPasses
	s.Trimmed = s.Trimmed || t.Trimmed
	s.Codes, s.Rules = union(s.Codes, t.Codes), union(s.Rules, t.Rules)
	meet(s.Items, t.Items)
	meet(s.Values, t.Values)
	meet(s.Keys, t.Keys)
	s.Properties = meetAll(s.Properties, t.Properties)
	s.Params = meetAll(s.Params, t.Params)
	s.derived = meetAll(s.derived, t.derived)
	for name, d := range s.Defs {
		meet(d, t.Defs[name])
	}
}

// weaker returns the smaller (side -1) or larger of two bounds, nil if one is.
func weaker(a, b any, side int) any {
	x, okA := new(big.Rat).SetString(literal(a))
	y, okB := new(big.Rat).SetString(literal(b))
	switch {
	case !okA || !okB:
		return nil
	case x.Cmp(y) == side:
		return a
	}
	return b
}

func union(a, b []string) []string {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

func meetAll(a, b []*Schema) []*Schema {
	for _, x := range b {
		i := slices.IndexFunc(a, func(y *Schema) bool { return y.Name == x.Name && y.In == x.In })
		if i < 0 {
			a = append(a, x)
		} else {
			meet(a[i], x)
		}
	}
	return a
}
