package render_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/glueful/glueful-go/render"
)

// body renders x as a handler would.
func body[T any](x *T, sel *render.Selection) (string, error) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	err := render.Respond(w, r.WithContext(render.With(r.Context(), sel)), x)
	if err != nil && w.Body.Len() > 0 {
		return w.Body.String(), fmt.Errorf("bytes were sent before: %w", err)
	}
	return w.Body.String(), err
}

type (
	status string
	level  int16
	ratio  float32
	flags  uint8
	yes    bool
	texter struct{ s string }
	jsoner struct{ s string }
	ptrer  struct{ s string }
	plain  struct {
		A int    `json:"a"`
		B string `json:"b,omitempty"`
	}
)

func (x texter) MarshalText() ([]byte, error) { return []byte(x.s), nil }
func (x jsoner) MarshalJSON() ([]byte, error) { return []byte(`{ "s" : "<` + x.s + `>" }`), nil }
func (x *ptrer) MarshalJSON() ([]byte, error) { return json.Marshal("by pointer " + x.s) }

// kinds has a field of every kind a view may meet.
type kinds struct {
	Str    string          `json:"str"`
	Int    int             `json:"int"`
	I8     int8            `json:"i8"`
	I64    int64           `json:"i64"`
	Uint   uint            `json:"uint"`
	U64    uint64          `json:"u64"`
	F64    float64         `json:"f64"`
	F32    float32         `json:"f32"`
	Bool   bool            `json:"bool"`
	Time   time.Time       `json:"time"`
	Took   time.Duration   `json:"took"`
	Bytes  []byte          `json:"bytes"`
	Strs   []string        `json:"strs"`
	Ints   []int           `json:"ints"`
	Arr    [3]byte         `json:"arr"`
	PStr   *string         `json:"pstr"`
	PInt   *int            `json:"pint"`
	PTime  *time.Time      `json:"ptime"`
	PP     **string        `json:"pp"`
	Map    map[string]int  `json:"map"`
	IntMap map[int]string  `json:"intmap"`
	Any    any             `json:"any"`
	Raw    json.RawMessage `json:"raw"`
	Num    json.Number     `json:"num"`
	Status status          `json:"status"`
	Level  level           `json:"level"`
	Ratio  ratio           `json:"ratio"`
	Flags  flags           `json:"flags"`
	Yes    yes             `json:"yes"`
	Text   texter          `json:"text"`
	PText  *texter         `json:"ptext"`
	JSON   jsoner          `json:"json"`
	Ptr    ptrer           `json:"ptr"`
	Addr   netip.Addr      `json:"addr"`
	Plain  plain           `json:"plain"`
	Plains []plain         `json:"plains"`
	Marsh  json.Marshaler  `json:"marsh"`
	Texter encoding.TextMarshaler
}

type kindsView kinds

func (k *kindsView) View(o *render.Object) {
	render.Field(o, "str", &k.Str)
	render.Field(o, "int", &k.Int)
	render.Field(o, "i8", &k.I8)
	render.Field(o, "i64", &k.I64)
	render.Field(o, "uint", &k.Uint)
	render.Field(o, "u64", &k.U64)
	render.Field(o, "f64", &k.F64)
	render.Field(o, "f32", &k.F32)
	render.Field(o, "bool", &k.Bool)
	render.Field(o, "time", &k.Time)
	render.Field(o, "took", &k.Took)
	render.Field(o, "bytes", &k.Bytes)
	render.Field(o, "strs", &k.Strs)
	render.Field(o, "ints", &k.Ints)
	render.Field(o, "arr", &k.Arr)
	render.Field(o, "pstr", &k.PStr)
	render.Field(o, "pint", &k.PInt)
	render.Field(o, "ptime", &k.PTime)
	render.Field(o, "pp", &k.PP)
	render.Field(o, "map", &k.Map)
	render.Field(o, "intmap", &k.IntMap)
	render.Field(o, "any", &k.Any)
	render.Field(o, "raw", &k.Raw)
	render.Field(o, "num", &k.Num)
	render.Field(o, "status", &k.Status)
	render.Field(o, "level", &k.Level)
	render.Field(o, "ratio", &k.Ratio)
	render.Field(o, "flags", &k.Flags)
	render.Field(o, "yes", &k.Yes)
	render.Field(o, "text", &k.Text)
	render.Field(o, "ptext", &k.PText)
	render.Field(o, "json", &k.JSON)
	render.Field(o, "ptr", &k.Ptr)
	render.Field(o, "addr", &k.Addr)
	render.Field(o, "plain", &k.Plain)
	render.Field(o, "plains", &k.Plains)
	render.Field(o, "marsh", &k.Marsh)
	render.Field(o, "Texter", &k.Texter)
}

// same compares with encoding/json, faults included.
func same(t *testing.T, k *kinds) {
	t.Helper()
	want, wantErr := json.Marshal(k)
	got, err := body((*kindsView)(k), nil)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("error %v, encoding/json %v", err, wantErr)
	}
	if err == nil && got != string(want) {
		t.Errorf("\n got %.2000s\nwant %.2000s", got, want)
	}
}

func TestField_likeEncodingJSON(t *testing.T) {
	same(t, &kinds{})
	s, n, at, text := "p", 7, time.Date(2026, 2, 3, 4, 5, 6, 789, time.FixedZone("", 5400)), texter{"<t>"}
	ps := &s
	same(t, &kinds{
		Bytes: []byte{}, Strs: []string{}, Ints: []int{1}, PStr: ps, PInt: &n, PTime: &at, PP: &ps, Time: at,
		Map: map[string]int{"b": 1, "a<": 2}, IntMap: map[int]string{2: "x"}, Any: []any{1, nil, "x"}, Raw: []byte(`{ "a" : [ 1 ] }`),
		Num: "1.50", Status: "<>", Text: text, PText: &text, JSON: jsoner{"&"}, Ptr: ptrer{"x"}, Addr: netip.MustParseAddr("::1"),
		Plains: []plain{{1, ""}, {2, "b"}}, Marsh: jsoner{"m"}, Texter: text,
	})
	for _, year := range []int{-1, 0, 1, 999, 9999} {
		for _, nanos := range []int{0, 1, 100, 999_999_999, 120_000_000} {
			same(t, &kinds{Time: time.Date(year, 12, 31, 23, 59, 59, nanos, time.UTC)})
		}
	}
	for _, bad := range []*kinds{
		{F64: math.NaN()}, {F64: math.Inf(1)}, {F32: float32(math.Inf(-1))}, {Ratio: ratio(math.NaN())}, {Raw: []byte("{")}, {Num: "x"},
		{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Time: time.Date(2000, 1, 1, 0, 0, 0, 0, time.FixedZone("", 24*3600))},
		{Any: func() {}}, {Any: make(chan int)},
	} {
		same(t, bad)
	}
	for _, f := range []float64{0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e20, 1e21, 1e-9, 1e-10, 1e100, 0.1, 100, 1 << 53, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		same(t, &kinds{F64: f, F32: float32(math.Min(f, math.MaxFloat32)), Ratio: ratio(math.Min(f, math.MaxFloat32))})
	}
	for r := rune(0); r < 0x3000; r += 0x80 {
		var all strings.Builder
		for c := range rune(0x80) {
			all.WriteRune(r + c)
		}
		same(t, &kinds{Str: all.String()})
	}
	same(t, &kinds{Strs: []string{"\xff", "a\xc3", "\xe2\x80", "\u2028\u2029", "\U0001F600"}})
}

func FuzzField(f *testing.F) {
	f.Add("a", int64(1), 1.5, []byte("x"), int64(0))
	f.Add("<\xff\u2028\"\\\x00\x7f>", int64(math.MinInt64), 1e-7, []byte(nil), int64(1)<<62)
	f.Add("\b\f\n\r\t\x1f\ufffd", int64(-1), math.Inf(1), []byte{0xff}, int64(-1)<<60)
	f.Fuzz(func(t *testing.T, s string, n int64, x float64, b []byte, at int64) {
		when := time.Unix(at/1e9, at%1e9).In(time.FixedZone("", int(n%90000)))
		same(t, &kinds{
			Str: s, Int: int(n), I8: int8(n), I64: n, Uint: uint(n), U64: uint64(n), F64: x, F32: float32(x), Bool: n > 0, Time: when,
			Took: time.Duration(n), Bytes: b, Strs: []string{s, s}, PStr: &s, PTime: &when, Map: map[string]int{s: int(n)}, Any: s, Raw: []byte(`"x"`),
			Status: status(s), Level: level(n), Ratio: ratio(x), Flags: flags(n), Text: texter{s}, Plain: plain{int(n), s},
		})
	})
}

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

func TestObject_values(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var none *book
	x := viewFunc(func(o *render.Object) {
		o.Str("s", "<")
		o.Int("i", -1)
		o.Float("f", 1e-9)
		o.Bool("b", true)
		o.Time("t", at)
		o.Any("nil", nil)
		o.Any("map", map[string]int{"a": 1})
		o.Any("plain", plain{1, ""})
		o.Any("view", book{ID: 1})
		o.Any("pointer", &review{Stars: 1})
		o.Any("none", none)
		o.Any("ptrer", ptrer{"x"}) // not addressable: encoding/json does not find the method either
	})
	want := `{"s":"\u003c","i":-1,"f":1e-9,"b":true,"t":"2026-01-02T03:04:05Z","nil":null,"map":{"a":1},"plain":{"a":1},` +
		`"view":{"id":1,"title":"","summary":"about "},"pointer":{"stars":1,"text":""},"none":null,"ptrer":{}}`
	if got, err := body(&x, nil); err != nil || got != want {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
}

// viewFunc is a view without a value.
type viewFunc func(*render.Object)

func (f *viewFunc) View(o *render.Object) {
	if *f != nil {
		(*f)(o)
	}
}

func TestRespond_failing(t *testing.T) {
	for name, fail := range map[string]viewFunc{
		"Fail":     func(o *render.Object) { o.Fail(fmt.Errorf("no")) },
		"NaN":      func(o *render.Object) { o.Float("x", math.NaN()) },
		"encoding": func(o *render.Object) { o.Any("x", func() {}) },
		"a later list": func(o *render.Object) {
			l := []viewFunc{nil, func(o *render.Object) { o.Float("x", math.Inf(1)) }}
			render.List(o, "l", &l, (*viewFunc).View)
		},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		list := []viewFunc{nil, fail}
		if err := render.Respond(w, r, &list); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v after %q, %q", name, err, w.Body, w.Header())
		}
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	var none *book
	if err := render.Respond(w, r, &none); err == nil {
		t.Errorf("a nil result is answered with %d %s", w.Code, w.Body)
	}
}

func TestRespond_head(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("HEAD", "/", nil)
	if err := render.Respond(w, r, &review{}); err != nil || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "21" {
		t.Errorf("%v, %q, %q", err, w.Body, w.Header())
	}
}

func TestRespond_accept(t *testing.T) {
	tests := []struct {
		accept string
		method string
		ok     bool
	}{
		{"", "GET", true}, {"*/*", "GET", true}, {"application/*", "GET", true}, {"APPLICATION/JSON", "HEAD", true},
		{"text/html, application/json;q=0.1", "GET", true}, {"text/html", "GET", false}, {"application/json;q=0", "GET", false},
		{"application/json;q=0, */*", "GET", false}, {"application/json;q=no", "GET", false}, {"text/html", "POST", true}, {"text/html", "QUERY", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, "/", nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		err := render.Respond(httptest.NewRecorder(), r, &review{})
		status := http.StatusOK
		if e, ok := err.(interface{ HTTPStatus() int }); ok {
			status = e.HTTPStatus()
		}
		if early := render.DescribeOf[review]().Accepts(r); (early == nil) != (err == nil) {
			t.Errorf("%s %q: Accepts says %v, Respond %v", tt.method, tt.accept, early, err)
		}
		if want := map[bool]int{true: 200, false: 406}[tt.ok]; status != want {
			t.Errorf("%s %q: %d, want %d", tt.method, tt.accept, status, want)
		}
	}
}

// touchy is a relation that says when it is touched.
type touchy struct {
	many[review]
	touched *bool
}

func (x *touchy) Loaded() ([]review, bool) { *x.touched = true; return nil, true }

// counted is a relation that was counted and not loaded.
type counted struct{ many[review] }

func (counted) Count() (int64, bool) { return 7, true }

func TestSelection_unselectedRelations(t *testing.T) {
	touched := false
	rel := touchy{touched: &touched}
	x := viewFunc(func(o *render.Object) {
		o.Str("a", "x")
		render.Many(o, "reviews", &rel, (*review).View)
		render.Count(o, "n", &rel)
	})
	if got, err := body(&x, render.Select([]string{"a"})); err != nil || got != `{"a":"x"}` || touched {
		t.Errorf("got %s, %v, touched: %t", got, err, touched)
	}
	x2 := viewFunc(func(o *render.Object) { render.Count(o, "n", &counted{}) })
	if got, err := body(&x2, nil); err != nil || got != `{"n":7}` {
		t.Errorf("a relation that was counted: %s, %v", got, err)
	}
	if got, _ := body(&x, nil); !touched || got != `{"a":"x","reviews":[],"n":0}` {
		t.Errorf("got %s", got)
	}
}

func TestSelection_nested(t *testing.T) {
	b := book{ID: 1, Title: "t", Pages: 9}
	b.Author = one[author]{item: &author{ID: 2, Name: "n"}, loaded: true}
	b.Reviews = many[review]{list: []review{{1, "a"}, {2, "b"}}, loaded: true}
	tests := []struct {
		paths []string
		want  string
	}{
		{[]string{"author"}, `{"author":{"id":2,"name":"n"}}`},
		{[]string{"reviews.stars", "author.name", "id"}, `{"id":1,"author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}]}`},
		{[]string{"*", "author.name"}, `{"id":1,"title":"t","summary":"about ","author":{"name":"n"},"reviews":[{"stars":1,"text":"a"},{"stars":2,"text":"b"}],"reviews_count":2}`},
		{[]string{"author.nothing", "reviews_count"}, `{"author":{},"reviews_count":2}`},
		{[]string{"author.name", "author"}, `{"author":{"id":2,"name":"n"}}`},
		{[]string{"pages"}, `{}`},
		{[]string{"*", "-author.id", "-reviews.text", "-summary"}, `{"id":1,"title":"t","author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}],"reviews_count":2}`},
		{[]string{"id", "author.*", "-author.name"}, `{"id":1,"author":{"id":2}}`},
		{[]string{"id", "-id", "title"}, `{"title":"t"}`},
		{[]string{"*", "-author.name.x"}, `{"id":1,"title":"t","summary":"about ","author":{"id":2,"name":"n"},"reviews":[{"stars":1,"text":"a"},{"stars":2,"text":"b"}],"reviews_count":2}`},
		{[]string{}, `{}`},
		{[]string{"*", "-reviews", "-summary", "-author"}, `{"id":1,"title":"t","reviews_count":2}`},
		{[]string{"*", "-reviews.text", "-author.id", "-author.no.where", "-no"}, `{"id":1,"title":"t","summary":"about ","author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}],"reviews_count":2}`},
		{[]string{"-author.id", "author"}, `{"author":{"name":"n"}}`},
		{[]string{"author", "-author"}, `{}`},
		{[]string{"-author.id"}, `{}`},
	}
	for _, tt := range tests {
		if got, err := body(&b, render.Select(tt.paths)); err != nil || got != tt.want {
			t.Errorf("%q:\n got %s, %v\nwant %s", tt.paths, got, err, tt.want)
		}
	}
	b.Author = one[author]{loaded: true}
	b.Reviews = many[review]{}
	if got, _ := body(&b, render.Select([]string{"author", "reviews"})); got != `{"author":null}` {
		t.Errorf("an empty and a relation that is not loaded: %s", got)
	}
}

// TestRespond_large holds that a body above the size that is kept is right, and
// that what is kept is not mixed up.
func TestRespond_large(t *testing.T) {
	big, small := review{Text: strings.Repeat("x", 3<<20)}, review{Text: "y"}
	for range 3 {
		for _, x := range []*review{&big, &small} {
			got, err := body(x, nil)
			if err != nil || len(got) != len(`{"stars":0,"text":""}`)+len(x.Text) || !utf8.ValidString(got) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	}
}
