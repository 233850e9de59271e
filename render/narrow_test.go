package render_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/render"
)

// TestRespond_narrowed builds struct types and selections at random and compares
// with encoding/json of a struct that has only the selected fields. Half of
// them are written by a view, half without one.
func TestRespond_narrowed(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		typ := randomStruct(rng, 3)
		v := reflect.New(typ).Elem()
		randomize(rng, v)
		paths, narrow := randomPaths(rng, v, "")
		if paths == nil {
			paths = []string{}
		}
		want, err := json.Marshal(narrow.Interface())
		if err != nil {
			t.Fatal(err)
		}
		shown := shownStruct{v}
		for name, got := range map[string]func() (string, error){
			"plain": func() (string, error) { return respondValue(v, render.Select(paths)) },
			"view":  func() (string, error) { return body(&shown, render.Select(paths)) },
		} {
			if s, err := got(); err != nil || s != string(want) {
				t.Fatalf("%s: %v of %v\n got %s, %v\nwant %s", name, paths, typ, s, err, want)
			}
		}
	}
}

func respondValue(v reflect.Value, sel *render.Selection) (string, error) {
	x := v.Addr().Interface()
	return body(&x, sel)
}

// shownStruct is a view of a struct that is made at run time.
type shownStruct struct{ v reflect.Value }

func (s *shownStruct) View(o *render.Object) { showFields(s, o) }

func showFields(s *shownStruct, o *render.Object) {
	for i := range s.v.NumField() {
		f := s.v.Field(i)
		name, opts, _ := strings.Cut(s.v.Type().Field(i).Tag.Get("json"), ",")
		if o.When(opts == "omitempty") && f.IsZero() {
			continue
		}
		switch p := f.Addr().Interface().(type) {
		case *string:
			render.Field(o, name, p)
		case *int:
			render.Field(o, name, p)
		case *float64:
			render.Field(o, name, p)
		case *bool:
			o.Bool(name, *p)
		case *time.Time:
			render.Field(o, name, p)
		case *[]string:
			render.Field(o, name, p)
		case *any:
			render.Field(o, name, p)
		default:
			switch f.Kind() {
			case reflect.Struct:
				render.Item(o, name, &shownStruct{f}, showFields)
			case reflect.Pointer:
				if f.IsNil() {
					render.Item(o, name, nil, showFields)
				} else {
					render.Item(o, name, &shownStruct{f.Elem()}, showFields)
				}
			case reflect.Slice:
				list := make([]shownStruct, f.Len())
				for i := range list {
					list[i] = shownStruct{f.Index(i)}
				}
				render.List(o, name, &list, showFields)
			}
		}
	}
}

var leaves = []reflect.Type{
	reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[float64](), reflect.TypeFor[bool](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[[]string](), reflect.TypeFor[any](),
}

func randomStruct(rng *rand.Rand, depth int) reflect.Type {
	fields := make([]reflect.StructField, rng.IntN(6))
	for i := range fields {
		t := leaves[rng.IntN(len(leaves))]
		tag := fmt.Sprintf(`json:"%s_%d"`, []string{"a", "name", "é&"}[rng.IntN(3)], i)
		if depth > 0 && rng.IntN(3) == 0 {
			t = randomStruct(rng, depth-1)
			switch rng.IntN(3) {
			case 0:
				t = reflect.PointerTo(t)
			case 1:
				t = reflect.SliceOf(t)
			}
		} else if t != reflect.TypeFor[time.Time]() && rng.IntN(4) == 0 {
			tag = tag[:len(tag)-1] + `,omitempty"`
		}
		fields[i] = reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: t, Tag: reflect.StructTag(tag)}
	}
	return reflect.StructOf(fields)
}

func randomize(rng *rand.Rand, v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = []string{"", "x", "<\xff\u2028>", "plain text"}[rng.IntN(4)]
	case *int:
		*p = rng.IntN(3) - 1
	case *float64:
		*p = []float64{0, 1.5, 1e-9, 1e30}[rng.IntN(4)]
	case *bool:
		*p = rng.IntN(2) == 0
	case *time.Time:
		*p = time.Unix(rng.Int64N(1e10), rng.Int64N(1e9)).UTC()
	case *[]string:
		*p = [][]string{nil, {"a"}, {"b", ""}}[rng.IntN(3)]
	case *any:
		*p = []any{nil, 1.0, "s", map[string]any{"k": nil}}[rng.IntN(4)]
	default:
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				randomize(rng, v.Field(i))
			}
		case reflect.Pointer:
			if rng.IntN(3) > 0 {
				v.Set(reflect.New(v.Type().Elem()))
				randomize(rng, v.Elem())
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), rng.IntN(3), 3))
			for i := range v.Len() {
				randomize(rng, v.Index(i))
			}
		}
	}
}

// randomPaths selects members of v and makes the struct that has only those.
func randomPaths(rng *rand.Rand, v reflect.Value, prefix string) ([]string, reflect.Value) {
	keep := chooseFields(rng, v.Type())
	var paths []string
	listPaths(keep, prefix, &paths)
	rng.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	to := reflect.New(keep.typ).Elem()
	keep.copy(to, v)
	return paths, to
}

// kept is a struct type with some of the fields of another; subs are nil where
// a field is taken whole.
type kept struct {
	typ   reflect.Type
	names []string
	from  []int
	subs  []*kept
}

func chooseFields(rng *rand.Rand, t reflect.Type) *kept {
	k := &kept{}
	var fields []reflect.StructField
	for i := range t.NumField() {
		if rng.IntN(2) == 0 {
			continue
		}
		f := t.Field(i)
		inner := f.Type
		if inner != reflect.TypeFor[[]string]() && (inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice) {
			inner = inner.Elem()
		}
		var sub *kept
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() && rng.IntN(2) == 0 {
			if sub = chooseFields(rng, inner); len(sub.from) == 0 {
				sub = nil
			}
		}
		if sub != nil {
			switch f.Type.Kind() {
			case reflect.Pointer:
				f.Type = reflect.PointerTo(sub.typ)
			case reflect.Slice:
				f.Type = reflect.SliceOf(sub.typ)
			default:
				f.Type = sub.typ
			}
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		k.names, k.from, k.subs = append(k.names, name), append(k.from, i), append(k.subs, sub)
		fields = append(fields, f)
	}
	k.typ = reflect.StructOf(fields)
	return k
}

func listPaths(k *kept, prefix string, to *[]string) {
	for i, sub := range k.subs {
		if sub == nil {
			*to = append(*to, prefix+k.names[i])
			continue
		}
		listPaths(sub, prefix+k.names[i]+".", to)
	}
}

func (k *kept) copy(to, from reflect.Value) {
	for i, at := range k.from {
		src, dst, sub := from.Field(at), to.Field(i), k.subs[i]
		switch {
		case sub == nil:
			dst.Set(src)
		case src.Kind() == reflect.Struct:
			sub.copy(dst, src)
		case src.IsNil():
		case src.Kind() == reflect.Pointer:
			dst.Set(reflect.New(sub.typ))
			sub.copy(dst.Elem(), src.Elem())
		default:
			dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
			for j := range src.Len() {
				sub.copy(dst.Index(j), src.Index(j))
			}
		}
	}
}

type inner struct {
	Deep   string `json:"deep"`
	Shared string
	Twice  string
}

type inner2 struct {
	Shared string `json:"Shared,omitzero"`
	Twice  string
}

type hiddenInner struct {
	Up string `json:"up"`
}

type zeroer struct{ n int }

func (z zeroer) IsZero() bool { return z.n == 7 }

type embedding struct {
	inner
	*inner2
	hiddenInner `json:"hidden"`
	Quoted      int     `json:"q,string"`
	QuotedS     string  `json:"qs,string"`
	QuotedP     *bool   `json:"qp,string"`
	QuotedM     level   `json:"qm,string,omitempty"`
	Zero        zeroer  `json:"zero,omitzero"`
	ZeroP       *zeroer `json:"zerop,omitzero"`
	Dash        int     `json:"dash"`
	Never       int     `json:"-"`
	Odd         int     `json:"a&b"`
	Self        *embedding
}

// TestRespond_structRules holds that a struct cut to all its members is what
// encoding/json makes of it.
func TestRespond_structRules(t *testing.T) {
	yes := true
	values := []embedding{
		{},
		{inner: inner{"d", "s", "t"}, inner2: &inner2{"s2", "t2"}, Quoted: 3, QuotedS: `a"b`, QuotedP: &yes, QuotedM: 2},
		{Zero: zeroer{7}, ZeroP: &zeroer{7}, Self: &embedding{Dash: 1}},
	}
	names := render.DescribeOf[embedding]().Shape.Members("")
	for _, v := range values {
		want, err := json.Marshal(&v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := body(&v, render.Select(names)); err != nil || got != string(want) {
			t.Errorf("members %q\n got %s, %v\nwant %s", names, got, err, want)
		}
		for _, name := range names { // each alone: what is absent of them stays absent
			var all, one map[string]json.RawMessage
			if json.Unmarshal(want, &all) != nil {
				t.Fatal("no object")
			}
			got, err := body(&v, render.Select([]string{name}))
			if err != nil || json.Unmarshal([]byte(got), &one) != nil || len(one) > 1 || string(one[name]) != string(all[name]) {
				t.Errorf("%s alone: %s, %v, want %s", name, got, err, all[name])
			}
		}
	}
}

// detail is a struct without a View that holds types with one.
type detail struct {
	Book  book            `json:"book"`
	Books []*book         `json:"books"`
	By    map[string]book `json:"by"`
	Rel   many[book]      `json:"rel"`
	One   *one[book]      `json:"one,omitempty"`
	N     int             `json:"n"`
}

func TestRespond_viewsInside(t *testing.T) {
	b := book{ID: 1, Title: "t", Secret: "hidden"}
	got, err := body(&detail{Book: b, Books: []*book{&b, nil}, By: map[string]book{"x": b, "a": b}, Rel: many[book]{list: []book{b}, loaded: true}, N: 2}, nil)
	const shown = `{"id":1,"title":"t","summary":"about "}`
	want := `{"book":` + shown + `,"books":[` + shown + `,null],"by":{"a":` + shown + `,"x":` + shown + `},"rel":[` + shown + `],"n":2}`
	if err != nil || got != want {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
	got, err = body(&detail{Book: b}, render.Select([]string{"book.id", "n"}))
	if want := `{"book":{"id":1},"n":0}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	got, err = body(&detail{Rel: many[book]{loaded: true}, One: &one[book]{item: &b, loaded: true}}, render.Select([]string{"rel", "one.title"}))
	if want := `{"rel":[],"one":{"title":"t"}}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	got, err = body(&detail{One: &one[book]{}}, render.Select([]string{"rel", "one"}))
	if want := `{"rel":null,"one":null}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// leaky writes a relation as if it were a value.
type leaky struct{ Rel many[book] }

func (l *leaky) View(o *render.Object) { render.Field(o, "rel", &l.Rel) }

func TestField_relation(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, `"rel" is a relation`) {
			t.Errorf("described: %s", p)
		}
	}()
	render.DescribeOf[leaky]()
}
