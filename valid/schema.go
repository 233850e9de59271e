package valid

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Schema is what a rule accepts at one place. It marshals to JSON Schema
// 2020-12; the fields are for programs that write other documents. Lengths,
// list counts and member counts are all MinSize and MaxSize.
type Schema struct {
	Name     string // of a member or parameter; "" elsewhere
	In       string // "query", "path", "header", "form"; "" for a body member
	Required bool   // absence is refused

	Ref      string // "#/$defs/Node" for a type that contains itself; nothing else is set then
	Type     string // "string", "integer", ...; "" for anything
	Nullable bool   // null is accepted too
	Format   string // "email", "date-time", ...

	Enum       []any    // the only values accepted
	Not        []any    // values refused
	MinSize    int      // code points, elements or members; 0 for no bound
	MaxSize    *int     // nil for no bound
	Minimum    any      // a number, or nil
	Maximum    any      // a number, or nil
	MultipleOf any      // a number, or nil
	Patterns   []string // regular expressions (RE2), all must match
	Distinct   bool     // no element twice
	Default    any      // put in the place of the zero value; nil for none
	ZeroPasses bool     // the zero value is accepted whatever the other bounds say
	Trimmed    bool     // outer white space is removed before the rules run

	Properties []*Schema          // members of an object, in order; others are refused
	Params     []*Schema          // values from outside the body, with In and Name
	Items      *Schema            // of a list
	Values     *Schema            // of a map
	Keys       *Schema            // names of a map
	Defs       map[string]*Schema // at the root only: the types Ref names

	derived []*Schema // fields that rules look at but nothing outside fills

	// Codes are all the codes a violation of this very place can have, sorted;
	// Rules are those of them no keyword of JSON Schema expresses.
	Codes []string
	Rules []string
}

// MarshalJSON writes JSON Schema 2020-12. Rules without a keyword are listed
// under "x-rules", parameters under "x-params".
func (s *Schema) MarshalJSON() ([]byte, error) {
	w := &schemaWriter{}
	w.schema(s)
	return w.b, w.err
}

// Property returns the member called name, or nil.
func (s *Schema) Property(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Param returns the parameter called name in the given place, or nil.
func (s *Schema) Param(in, name string) *Schema {
	for _, p := range s.Params {
		if p.In == in && p.Name == name {
			return p
		}
	}
	return nil
}

// Covers reports whether the description announces v: its code at its place.
// What lies in a map under a name that is not repeated is at the map's place.
func (s *Schema) Covers(v Violation) bool {
	at := s.resolve(s)
	if v.In != "" {
		at = s.Param(v.In, v.Name)
		return at != nil && at.raises(s, v.Code, map[*Schema]bool{})
	}
	var keys *Schema // of the map just entered
	for _, token := range strings.Split(v.Pointer, "/")[1:] {
		keys = at.Keys
		switch {
		case at.Items != nil:
			at = at.Items
		case at.Values != nil:
			at = at.Values
		default:
			at = at.member(unescapeToken(token))
		}
		if at = at.resolve(s); at == nil {
			return false
		}
	}
	for _, n := range []*Schema{at, at.Keys, keys} {
		if n != nil && slices.Contains(n.Codes, v.Code) {
			return true
		}
	}
	return at.Values != nil && at.Values.raises(s, v.Code, map[*Schema]bool{})
}

// raises reports whether code is announced at s or anywhere below.
func (s *Schema) raises(root *Schema, code string, seen map[*Schema]bool) bool {
	found := false
	s.resolve(root).walk(func(n *Schema) {
		found = found || slices.Contains(n.Codes, code)
		if n.Ref != "" && !seen[n] {
			seen[n] = true
			found = found || n.raises(root, code, seen)
		}
	})
	return found
}

// member is Property, with the fields nothing outside fills.
func (s *Schema) member(name string) *Schema {
	for _, p := range s.derived {
		if p.Name == name {
			return p
		}
	}
	return s.Property(name)
}

// resolve follows Ref below root.
func (s *Schema) resolve(root *Schema) *Schema {
	if s == nil || s.Ref == "" {
		return s
	}
	return root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
}

// schemaWriter writes keywords in a fixed order.
type schemaWriter struct {
	b   []byte
	err error
}

func (w *schemaWriter) key(name string) {
	if last := w.b[len(w.b)-1]; last != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *schemaWriter) member(name string, value any) {
	w.key(name)
	b, err := json.Marshal(value)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("valid: schema: %w", err)
	}
	w.b = append(w.b, b...)
}

func (w *schemaWriter) schema(s *Schema) {
	w.b = append(w.b, '{')
	defer func() { w.b = append(w.b, '}') }()
	if s.Defs != nil {
		w.member("$defs", s.Defs)
	}
	if s.Ref != "" && s.Nullable {
		w.member("anyOf", []map[string]string{{"$ref": s.Ref}, {"type": "null"}})
		return
	}
	if s.Ref != "" {
		w.member("$ref", s.Ref)
		return
	}
	if s.Type != "" && s.Nullable {
		w.member("type", []string{s.Type, "null"})
	} else if s.Type != "" {
		w.member("type", s.Type)
	}
	if s.Format != "" && s.Type != "string" {
		w.member("format", s.Format)
	}
	if s.ZeroPasses && s.bounded() {
		w.b = append(w.b, `,"anyOf":[`...)
		w.zero(s)
		w.b = append(w.b, ',', '{')
		w.bounds(s)
		w.b = append(w.b, "}]"...)
	} else {
		w.bounds(s)
	}
	w.structure(s)
	if s.Default != nil {
		w.member("default", s.Default)
	}
	if len(s.Rules) > 0 {
		w.member("x-rules", s.Rules)
	}
	if len(s.Params) > 0 {
		w.params(s.Params)
	}
}

// bounded reports whether any bound is set that a zero value might break.
func (s *Schema) bounded() bool {
	return s.Format != "" && s.Type == "string" || s.Enum != nil || s.Not != nil || s.MinSize > 0 || s.Minimum != nil ||
		s.Maximum != nil || s.Patterns != nil
}

// zero writes the schema of the zero value itself.
func (w *schemaWriter) zero(s *Schema) {
	w.b = append(w.b, '{')
	switch s.Type {
	case "string":
		w.member("const", "")
	case "integer", "number":
		w.member("const", 0)
	case "boolean":
		w.member("const", false)
	case "array":
		w.member("maxItems", 0)
	case "object":
		w.member("maxProperties", 0)
	}
	w.b = append(w.b, '}')
}

func (w *schemaWriter) bounds(s *Schema) {
	if s.Format != "" && s.Type == "string" {
		w.member("format", s.Format)
	}
	if s.Enum != nil {
		enum := s.Enum
		if s.Nullable && !slices.Contains(enum, any(nil)) {
			enum = append(slices.Clip(enum), nil)
		}
		w.member("enum", enum)
	}
	if s.Not != nil {
		w.member("not", map[string]any{"enum": s.Not})
	}
	unit := map[string]string{"string": "Length", "array": "Items", "object": "Properties"}[s.Type]
	if s.MinSize > 0 && unit != "" {
		w.member("min"+unit, s.MinSize)
	}
	if s.MaxSize != nil && unit != "" {
		w.member("max"+unit, *s.MaxSize)
	}
	for _, m := range []struct {
		name  string
		value any
	}{{"minimum", s.Minimum}, {"maximum", s.Maximum}, {"multipleOf", s.MultipleOf}} {
		if m.value != nil {
			w.member(m.name, m.value)
		}
	}
	if len(s.Patterns) == 1 {
		w.member("pattern", s.Patterns[0])
	} else if len(s.Patterns) > 1 {
		all := make([]map[string]string, len(s.Patterns))
		for i, p := range s.Patterns {
			all[i] = map[string]string{"pattern": p}
		}
		w.member("allOf", all)
	}
}

func (w *schemaWriter) structure(s *Schema) {
	if s.Distinct {
		w.member("uniqueItems", true)
	}
	if s.Items != nil {
		w.member("items", s.Items)
	}
	if s.Keys != nil {
		w.member("propertyNames", s.Keys)
	}
	switch {
	case s.Values != nil:
		w.member("additionalProperties", s.Values)
	case s.Type == "object":
		w.key("properties")
		w.b = append(w.b, '{')
		var required []string
		for _, p := range s.Properties {
			w.member(p.Name, p)
			if p.Required {
				required = append(required, p.Name)
			}
		}
		w.b = append(w.b, '}')
		if required != nil {
			w.member("required", required)
		}
		w.member("additionalProperties", false)
	}
}

func (w *schemaWriter) params(params []*Schema) {
	type param struct {
		Name     string  `json:"name"`
		In       string  `json:"in"`
		Required bool    `json:"required,omitempty"`
		Schema   *Schema `json:"schema"`
	}
	list := make([]param, len(params))
	for i, p := range params {
		list[i] = param{p.Name, p.In, p.Required, p}
	}
	w.member("x-params", list)
}
