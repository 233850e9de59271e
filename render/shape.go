package render

import (
	"fmt"
	"reflect"
	"strings"
)

// A Shape describes the JSON object a view or a struct makes. Shapes of types
// that contain each other point to each other: a walk must expect cycles.
// A Shape is read-only.
type Shape struct {
	Name   string       // of the Go type, without its package
	Type   reflect.Type // the Go type, whose fields are not the members if it has a View
	Fields []Member     // in the order of the output
}

// A Member is one name of an object.
type Member struct {
	Name        string
	Type        reflect.Type // what is written; nil if a view left it open (Any of nil)
	Conditional bool         // absent from some answers though nothing was selected
	Relation    bool         // written only if loaded, or asked for by name
	List        bool         // an array; Shape describes its elements
	Shape       *Shape       // the nested object; nil is a leaf
}

// Members returns the names below the member at a dotted path, or those of the
// object itself if path is empty. It returns nil for a leaf and for a path
// that does not exist.
func (s *Shape) Members(path string) []string {
	if path != "" {
		s = s.at(path).Shape
	}
	if s == nil {
		return nil
	}
	names := make([]string, len(s.Fields))
	for i, m := range s.Fields {
		names[i] = m.Name
	}
	return names
}

// Relation reports whether the member at a dotted path is written only if it is
// loaded or asked for by name, and whether it is a list.
func (s *Shape) Relation(path string) (relation, list bool) {
	m := s.at(path)
	return m.Relation, m.List
}

// at returns the member at a path, or the zero member.
func (s *Shape) at(path string) (m Member) {
	for name := range strings.SplitSeq(path, ".") {
		i := -1
		if s != nil {
			i = s.indexOf(name)
		}
		if i < 0 {
			return Member{}
		}
		m = s.Fields[i]
		s = m.Shape
	}
	return m
}

// merge adds the members of one dry run. Those that some run lacks are
// conditional.
func (s *Shape) merge(run []Member, first bool) {
	at := 0
	for _, m := range run {
		i := s.indexOf(m.Name)
		if i < 0 {
			m.Conditional = m.Conditional || !first
			s.Fields = append(s.Fields, Member{})
			copy(s.Fields[at+1:], s.Fields[at:])
			s.Fields[at] = m
			i = at
		}
		at = i + 1
	}
	for i := range s.Fields {
		if !hasMember(run, s.Fields[i].Name) {
			s.Fields[i].Conditional = true
		}
	}
}

func (s *Shape) indexOf(name string) int {
	for i, m := range s.Fields {
		if m.Name == name {
			return i
		}
	}
	return -1
}

func hasMember(list []Member, name string) bool {
	for _, m := range list {
		if m.Name == name {
			return true
		}
	}
	return false
}

// A describer builds shapes. It knows each view and type it has met, so that a
// recursive one ends in a cycle of pointers.
type describer struct {
	shapes map[shapeKey]*Shape
}

// A shapeKey names a view by its type and code: two closures of one function
// over one type are described once.
type shapeKey struct {
	t    reflect.Type
	code uintptr
}

func newDescriber() *describer { return &describer{shapes: map[shapeKey]*Shape{}} }

// shapeOf describes what view writes of x.
func shapeOf[T any](d *describer, x *T, view View[T]) *Shape {
	key := shapeKey{reflect.TypeFor[T](), reflect.ValueOf(view).Pointer()}
	return d.shape(key, func(o *Object) { view(x, o) })
}

func (d *describer) shape(key shapeKey, run func(*Object)) *Shape {
	if s := d.shapes[key]; s != nil {
		return s
	}
	t := key.t
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &Shape{Name: t.Name(), Type: t}
	d.shapes[key] = s
	first := true
	ways(key.t, nil, run, func() *dryRun { return &dryRun{d: d} }, func(r *dryRun) {
		s.merge(r.members, first)
		first = false
	})
	return s
}

// typeShape describes what encoding/json, or the View of a type inside t,
// writes of t: nil for a leaf, and whether it is a list.
func (d *describer) typeShape(t reflect.Type) (s *Shape, list bool) {
	if t == nil {
		return nil, false
	}
	info := typeInfoOf(t)
	switch info.way {
	case wayPointer:
		return d.typeShape(t.Elem())
	case wayList:
		s, _ = d.typeShape(t.Elem())
		return s, true
	case wayLoaded:
		return d.typeShape(rowsOf(t))
	case wayView:
		x := reflect.New(t).Interface().(viewer)
		return d.shape(shapeKey{t: t}, x.View), false
	case wayStruct:
		return d.structShape(t, info.fields()), false
	}
	return nil, false
}

func (d *describer) structShape(t reflect.Type, plan []plainField) *Shape {
	key := shapeKey{t: t}
	if s := d.shapes[key]; s != nil {
		return s
	}
	s := &Shape{Name: t.Name(), Type: t}
	d.shapes[key] = s
	for _, f := range plan {
		sub, list := d.typeShape(f.typ)
		s.Fields = append(s.Fields, Member{
			Name: f.name, Type: f.typ, Conditional: f.omits(), Shape: sub, List: list,
		})
	}
	return s
}

// guard names the view whose dry run panics.
func guard(t reflect.Type) {
	if p := recover(); p != nil {
		panic(fmt.Sprintf("render: the view of %v cannot run on a zero value: %v", t, p))
	}
}
