package render_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

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
