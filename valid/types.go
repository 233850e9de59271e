package valid

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

var (
	timeType        = reflect.TypeFor[time.Time]()
	rawType         = reflect.TypeFor[json.RawMessage]()
	numberType      = reflect.TypeFor[json.Number]()
	maybeType       = reflect.TypeFor[maybe]()
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textType        = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// opaque reports whether t reads itself, so that its fields are nobody's names.
func opaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(maybeType) || p.Implements(unmarshalerType) || p.Implements(textType)
}

// A member is one field of a struct that the outside may name.
type member struct {
	name  string
	in    string // "" for a member of the body
	index []int
	typ   reflect.Type
}

// membersOf lists the fields of t that have a tag, those of embedded structs
// included; the shallower of two equal names wins, as in encoding/json. A type
// that cannot be bound without guessing is an error.
func membersOf(t reflect.Type) ([]member, error) {
	if m, ok := memberLists.Load(t); ok {
		return m.(memberList).list, m.(memberList).err
	}
	var l memberList
	l.err = collect(t, nil, &l.list)
	memberLists.Store(t, l)
	return l.list, l.err
}

var memberLists sync.Map // reflect.Type of a struct -> memberList

type memberList struct {
	list []member
	err  error
}

func collect(t reflect.Type, index []int, list *[]member) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int(nil), index...), i)
		name, in := wireName(f)
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct && !opaque(f.Type) {
			if err := collect(f.Type, at, list); err != nil {
				return err
			}
			continue
		}
		if name == "" {
			if f.Anonymous && bindsMembers(f.Type) {
				return fmt.Errorf("valid: %v embeds %v: embed the value, or name it by a tag", t, f.Type)
			}
			if tag := f.Tag.Get("json"); tag != "" && tag != "-" {
				return fmt.Errorf("valid: %v.%s has a json tag without a name", t, f.Name)
			}
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("valid: %v.%s has a tag but is not exported", t, f.Name)
		}
		if in == "" && hasOption(f.Tag.Get("json"), "string") {
			return fmt.Errorf("valid: %v.%s: the string option is not supported", t, f.Name)
		}
		if err := insert(list, member{name, in, at, f.Type}); err != nil {
			return fmt.Errorf("valid: %v: %w", t, err)
		}
	}
	return nil
}

// bindsMembers reports whether t points to a struct with tagged fields.
func bindsMembers(t reflect.Type) bool {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return false
	}
	for i := range t.Elem().NumField() {
		if name, _ := wireName(t.Elem().Field(i)); name != "" {
			return true
		}
	}
	return false
}

func hasOption(tag, option string) bool {
	for i, s := range strings.Split(tag, ",") {
		if i > 0 && s == option {
			return true
		}
	}
	return false
}

func insert(list *[]member, m member) error {
	for i, old := range *list {
		if old.name != m.name || old.in != m.in {
			continue
		}
		switch {
		case len(old.index) == len(m.index):
			return fmt.Errorf("two fields are called %q", m.name)
		case len(m.index) < len(old.index):
			(*list)[i] = m
		}
		return nil
	}
	*list = append(*list, m)
	return nil
}

// schemaOf describes what the reader accepts for t before any rule.
func schemaOf(t reflect.Type) *Schema {
	b := &typeDescriber{defs: map[string]*Schema{}, names: map[reflect.Type]string{}}
	s := b.schema(t)
	if len(b.defs) > 0 {
		s.Defs = b.defs
	}
	return s
}

type typeDescriber struct {
	defs  map[string]*Schema
	names map[reflect.Type]string
}

func (b *typeDescriber) schema(t reflect.Type) *Schema {
	p := reflect.PointerTo(t)
	switch {
	case t == timeType:
		return &Schema{Type: "string", Format: "date-time"}
	case t == rawType:
		return &Schema{}
	case t == numberType:
		return &Schema{Type: "number"}
	case p.Implements(maybeType):
		return nullable(b.schema(reflect.New(t).Interface().(maybe).inner()))
	case p.Implements(unmarshalerType):
		return &Schema{}
	case p.Implements(textType):
		return &Schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(b.schema(t.Elem()))
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: "string", Nullable: true, Format: "byte"}
		}
		return &Schema{Type: "array", Nullable: true, Items: b.schema(t.Elem())}
	case reflect.Array:
		n := t.Len()
		return &Schema{Type: "array", MinSize: n, MaxSize: &n, Items: b.schema(t.Elem())}
	case reflect.Map:
		return &Schema{Type: "object", Nullable: true, Values: b.schema(t.Elem())}
	case reflect.Struct:
		return b.structure(t)
	}
	return scalar(t)
}

func nullable(s *Schema) *Schema {
	s.Nullable = true
	return s
}

func scalar(t reflect.Type) *Schema {
	switch k := t.Kind(); k {
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Int, reflect.Int64:
		return &Schema{Type: "integer", Format: "int64"}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		top := int64(1)<<(t.Bits()-1) - 1
		return &Schema{Type: "integer", Minimum: -top - 1, Maximum: top}
	case reflect.Uint, reflect.Uint64:
		return &Schema{Type: "integer", Format: "uint64", Minimum: 0}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return &Schema{Type: "integer", Minimum: 0, Maximum: int64(1)<<t.Bits() - 1}
	}
	return &Schema{}
}

// structure describes a struct in place, or once under Defs if it contains
// itself.
func (b *typeDescriber) structure(t reflect.Type) *Schema {
	if name, ok := b.names[t]; ok {
		return &Schema{Ref: "#/$defs/" + name}
	}
	if !contains(t, t, map[reflect.Type]bool{}) {
		return b.members(t)
	}
	name := t.Name()
	for i := 2; b.defs[name] != nil || name == ""; i++ {
		name = fmt.Sprintf("%s%d", t.Name(), i)
	}
	b.names[t] = name
	b.defs[name] = &Schema{}
	*b.defs[name] = *b.members(t)
	return &Schema{Ref: "#/$defs/" + name}
}

func (b *typeDescriber) members(t reflect.Type) *Schema {
	s := &Schema{Type: "object"}
	list, err := membersOf(t)
	if err != nil {
		panic(err.Error())
	}
	for _, m := range list {
		p := b.schema(m.typ)
		p.Name, p.In = m.name, m.in
		if m.in != "" {
			p.Nullable = false // text cannot say null
			s.Params = append(s.Params, p)
		} else {
			s.Properties = append(s.Properties, p)
		}
	}
	return s
}

// contains reports whether a value of type in can hold a want below itself.
func contains(in, want reflect.Type, seen map[reflect.Type]bool) bool {
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice || in.Kind() == reflect.Map || in.Kind() == reflect.Array {
		in = in.Elem()
	}
	if p := reflect.PointerTo(in); p.Implements(maybeType) {
		return contains(reflect.New(in).Interface().(maybe).inner(), want, seen)
	}
	if in == want && len(seen) > 0 {
		return true
	}
	if in.Kind() != reflect.Struct || opaque(in) || seen[in] {
		return false
	}
	seen[in] = true
	list, _ := membersOf(in)
	for _, m := range list {
		if contains(m.typ, want, seen) {
			return true
		}
	}
	return false
}
