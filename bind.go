package glueful

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/valid"
)

// binding says where the values of an input type come from. It is made once per
// type and then only read.
type binding struct {
	typ    reflect.Type
	path   []parameter
	query  []parameter
	header []parameter
	body   bool // some field has a json tag
}

// parameter is one tagged field that is read from text.
type parameter struct {
	in, name string
	index    []int // of the field, for reflect.Value.FieldByIndex
	decode   decoder
	list     bool // may be repeated, and becomes a slice
	joined   bool // may be repeated, and is read as one list (RFC 9110 section 5.3)
}

// bindingOf reads the tags of an input type. Its errors are mistakes in the
// declaration.
func bindingOf(t reflect.Type) (*binding, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("input type %s is not a struct", t)
	}
	b := &binding{typ: t}
	return b, b.walk(t, nil)
}

func (b *binding) walk(t reflect.Type, above []int) error {
	for f := range t.Fields() {
		index := append(slices.Clone(above), f.Index...)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag == "" {
			if err := b.walk(f.Type, index); err != nil {
				return err
			}
			continue
		}
		if f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Tag == "" { // its fields would never be filled
			return fmt.Errorf("input type %s embeds a pointer, %s: embed the struct itself", b.typ, f.Type)
		}
		if err := b.field(f, index); err != nil {
			return fmt.Errorf("input type %s, field %s: %w", b.typ, f.Name, err)
		}
	}
	return nil
}

func (b *binding) field(f reflect.StructField, index []int) error {
	sources := 0
	for _, s := range [...]struct {
		in   string
		list *[]parameter
	}{{"path", &b.path}, {"query", &b.query}, {"header", &b.header}} {
		name, ok := f.Tag.Lookup(s.in)
		if !ok || name == "-" {
			continue
		}
		sources++
		p, err := newParameter(s.in, name, f, index)
		if err != nil {
			return err
		}
		for _, other := range *s.list {
			if other.name == p.name {
				return fmt.Errorf("%s parameter %q is bound twice", s.in, p.name)
			}
		}
		*s.list = append(*s.list, p)
	}
	if name, ok := f.Tag.Lookup("json"); ok && name != "-" {
		sources++
		b.body = true
	}
	switch {
	case holdsParameters(f.Type):
		return errors.New("holds parameters but is not embedded: they would never be bound")
	case sources > 1:
		return errors.New("has more than one of the tags path, query, header and json")
	case sources == 1 && !f.IsExported():
		return errors.New("is tagged but not exported")
	}
	return nil
}

// holdsParameters reports whether t is a struct some field of which is tagged as
// a parameter.
func holdsParameters(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		for _, in := range [...]string{"path", "query", "header"} {
			if name, ok := f.Tag.Lookup(in); ok && name != "-" {
				return true
			}
		}
	}
	return false
}

// removed are fields that no handler finds in Request.Header: an input that
// named one would always see it empty.
var removed = []string{"Host", "Trailer", "Transfer-Encoding"}

func newParameter(in, name string, f reflect.StructField, index []int) (parameter, error) {
	p := parameter{in: in, name: name, index: index}
	if name == "" || strings.ContainsAny(name, " ,;&=\"") {
		return p, fmt.Errorf("%q is no name of a %s parameter", name, in)
	}
	if in == "header" {
		p.name = textproto.CanonicalMIMEHeaderKey(name)
	}
	if in == "header" && slices.Contains(removed, p.name) {
		return p, fmt.Errorf("net/http takes %s out of the header of a request", p.name)
	}
	t := f.Type
	p.joined = t == reflect.TypeFor[Match]() && in == "header"
	p.decode = decoderOf(t)
	if p.decode == nil && t.Kind() == reflect.Slice && in != "path" {
		p.list, p.decode = true, decoderOf(t.Elem())
	}
	if p.decode == nil {
		return p, fmt.Errorf("a %s parameter cannot become a %s", in, t)
	}
	return p, nil
}

// matches compares the wildcards of a pattern with the path parameters.
func (b *binding) matches(pattern string) error {
	wild := wildcards(pattern)
	for _, p := range b.path {
		if !slices.Contains(wild, p.name) {
			return fmt.Errorf("%s wants the wildcard {%s}, which the pattern does not have", b.typ, p.name)
		}
	}
	for _, name := range wild {
		if !slices.ContainsFunc(b.path, func(p parameter) bool { return p.name == name }) {
			return fmt.Errorf("the wildcard {%s} has no field with the tag `path:\"%s\"` in %s", name, name, b.typ)
		}
	}
	if method, _, ok := strings.Cut(pattern, " "); ok && b.body && (method == "GET" || method == "HEAD") {
		return fmt.Errorf("%s has json members, but %s requests have no body", b.typ, method)
	}
	return nil
}

// wildcards returns the names of the wildcards of a pattern, {$} left out.
func wildcards(pattern string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(pattern, "{")
		if !ok {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		if name = strings.TrimSuffix(name, "..."); name != "$" {
			names = append(names, name)
		}
		pattern = after
	}
}

// bind fills *in, a pointer to the binding's type. The body goes first, so that
// a path value wins over whatever it says. It returns the parameters of the query
// string that belong to the plan.
func (b *binding) bind(w http.ResponseWriter, r *http.Request, in any, plan *project.Plan) (url.Values, error) {
	if b.body {
		if err := valid.ReadJSON(w, r, in, bodyLimits(r)); err != nil {
			return nil, err
		}
	}
	if len(b.path)+len(b.query)+len(b.header) == 0 && r.URL.RawQuery == "" {
		return nil, nil
	}
	var bad faults
	v := reflect.ValueOf(in).Elem()
	for i := range b.path {
		bad.one(&b.path[i], v, r.PathValue(b.path[i].name))
	}
	values := b.bindQuery(r, v, plan, &bad)
	for i := range b.header {
		if values := r.Header[b.header[i].name]; len(values) > 0 {
			bad.all(&b.header[i], v, values)
		}
	}
	return values, bad.err(r, in)
}

func (b *binding) bindQuery(r *http.Request, v reflect.Value, plan *project.Plan, bad *faults) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		bad.add("query", "", "malformed")
		return nil
	}
	known := 0
	for i := range b.query {
		if given, ok := values[b.query[i].name]; ok {
			known++
			bad.all(&b.query[i], v, given)
		}
	}
	if known == len(values) {
		return nil
	}
	for name := range values {
		if plan != nil && plan.Owns(name) || slices.ContainsFunc(b.query, func(p parameter) bool { return p.name == name }) {
			continue
		}
		bad.add("query", name, "unknown")
	}
	return values
}

// bodyLimits are those of the route, so that there is one place to set them.
func bodyLimits(r *http.Request) valid.Limits {
	var lim valid.Limits
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && x.route != nil {
		if lim.Bytes = x.route.maxBody; lim.Bytes < 0 {
			lim.Bytes = math.MaxInt64
		}
	}
	return lim
}

// faults collects what is wrong with the parameters of one request.
type faults struct{ list []valid.Violation }

func (f *faults) add(in, name, code string) {
	f.list = append(f.list, valid.Violation{In: in, Name: clip(name), Code: code})
}

func (f *faults) one(p *parameter, v reflect.Value, text string) {
	if code := p.decode(v.FieldByIndex(p.index), text); code != "" {
		f.add(p.in, p.name, code)
	}
}

func (f *faults) all(p *parameter, v reflect.Value, texts []string) {
	if !p.list {
		if p.joined {
			f.one(p, v, strings.Join(texts, ", "))
			return
		}
		if len(texts) > 1 {
			f.add(p.in, p.name, "repeated")
			return
		}
		f.one(p, v, texts[0])
		return
	}
	field := v.FieldByIndex(p.index)
	list := reflect.MakeSlice(field.Type(), len(texts), len(texts))
	for i, text := range texts {
		if code := p.decode(list.Index(i), text); code != "" {
			f.add(p.in, p.name, code)
			return
		}
	}
	field.Set(list)
}

// maxFaults is how many faults of parameters an answer names.
const maxFaults = 100

// err returns the faults as the error of the input, whose messages are those of
// the request.
func (f *faults) err(r *http.Request, in any) error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b valid.Violation) int {
		return strings.Compare(a.In+" "+a.Name, b.In+" "+b.Name)
	})
	e := &valid.Error{Status: http.StatusBadRequest, Violations: f.list[:min(len(f.list), maxFaults)]}
	return e.For(r.Context(), in)
}
