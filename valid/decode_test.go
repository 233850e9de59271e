package valid_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/valid"
)

type base struct {
	ID int64 `json:"id"`
}

type line struct {
	SKU  string  `json:"sku"`
	N    uint8   `json:"n"`
	Sub  *line   `json:"sub"`
	Role string  `json:"role"`
	F    float64 `json:"key"`
}

type everything struct {
	base
	S       string                 `json:"s"`
	B       bool                   `json:"b"`
	I8      int8                   `json:"i8"`
	U       uint64                 `json:"u"`
	F32     float32                `json:"f32"`
	Any     any                    `json:"any"`
	Raw     json.RawMessage        `json:"raw"`
	Num     json.Number            `json:"num"`
	Bytes   []byte                 `json:"bytes"`
	Time    time.Time              `json:"time"`
	Addr    netip.Addr             `json:"addr"`
	List    []string               `json:"list"`
	Pair    [2]int                 `json:"pair"`
	Map     map[string]int         `json:"map"`
	Int     map[int]string         `json:"int"`
	Addrs   map[netip.Addr]bool    `json:"addrs"`
	Ptr     *int                   `json:"ptr"`
	Lines   []line                 `json:"lines"`
	Maybe   valid.Maybe[string]    `json:"maybe,omitzero"`
	Deep    map[string][]*line     `json:"deep"`
	Skipped string                 `json:"-"`
	Open    string                 // no tag: never filled
	Query   string                 `query:"q"`
	Wild    map[string]interface{} `json:"wild"`
}

const everythingBody = `{"id":7,"s":"a\u00e9\ud83d\ude00\n","b":true,"i8":-128,"u":18446744073709551615,"f32":0.1,"any":[1,{"a":null}],"raw":{"z":[1, 2]},
		"num":1.50,"bytes":"aGk=","time":"2024-02-29T12:00:00.5+01:00","addr":"2001:db8::1","list":["x","y"],"pair":[1,2],"map":{"k":1},"int":{"-5":"five"},
		"addrs":{"1.2.3.4":true},"ptr":3,"lines":[{"sku":"a","n":255,"sub":{"sku":"b"}}],"maybe":"set","deep":{"d":[{"sku":"c"},null]},"wild":{"a":{"b":[true]}}}`

func TestDecodeEverything(t *testing.T) {
	const body = everythingBody
	var got, want everything
	if err := valid.Decode([]byte(body), &got, valid.Limits{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func decode(t *testing.T, body string, v any) []string {
	t.Helper()
	return violations(t, valid.Decode([]byte(body), v, valid.Limits{}))
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"s":1}`, "#/s type"},
		{`{"s":null}`, "#/s null"},
		{`{"b":null,"i8":null,"pair":null,"time":null,"addr":null,"id":null}`, "#/b null; #/i8 null; #/pair null; #/time null; #/addr null; #/id null"},
		{`{"list":null,"map":null,"ptr":null,"maybe":null,"bytes":null,"any":null,"raw":null}`, ""},
		{`{"b":"true","i8":"1","list":{},"map":[],"lines":[[]]}`, "#/b type; #/i8 type; #/list type; #/map type; #/lines/0 type"},
		{`{"i8":128}`, "#/i8 range"}, {`{"i8":-129}`, "#/i8 range"}, {`{"i8":1.5}`, "#/i8 type"}, {`{"i8":1e2}`, ""}, {`{"i8":12.70e1}`, ""}, {`{"i8":1e3}`, "#/i8 range"},
		{`{"u":-1}`, "#/u range"}, {`{"u":-0}`, ""}, {`{"u":18446744073709551616}`, "#/u range"}, {`{"u":1e19}`, ""}, {`{"u":1e20}`, "#/u range"},
		{`{"id":9223372036854775807}`, ""}, {`{"id":-9223372036854775808}`, ""}, {`{"id":9223372036854775808}`, "#/id range"}, {`{"id":-9223372036854775809}`, "#/id range"},
		{`{"id":1e999999999}`, "#/id range"}, {`{"id":1e-1}`, "#/id type"}, {`{"id":0e999999999}`, ""}, {`{"id":10e-1}`, ""}, {`{"id":1e-99999999999999999999}`, "#/id type"},
		{`{"f32":16777217}`, "#/f32 precision"}, {`{"f32":1e39}`, "#/f32 range"}, {`{"f32":1e-46}`, "#/f32 range"}, {`{"f32":3.4028235e38}`, ""}, {`{"f32":1.1754943}`, ""}, {`{"f32":1.17549435}`, "#/f32 precision"}, {`{"f32":1.175494351}`, "#/f32 precision"},
		{`{"num":1e999999999}`, "#/num range"}, {`{"num":"1"}`, "#/num type"}, {`{"num":123456789012345678901234567890.5}`, ""},
		{`{"bytes":"aGk"}`, "#/bytes format"}, {`{"bytes":"a\nGk="}`, "#/bytes format"}, {`{"bytes":"aGl="}`, "#/bytes format"}, {`{"bytes":[1]}`, "#/bytes type"},
		{`{"time":"2024-02-30T00:00:00Z"}`, "#/time format"}, {`{"time":"2016-12-31T23:59:60Z"}`, "#/time format"}, {`{"time":"2024-01-01t00:00:00z"}`, ""}, {`{"time":"2024-01-01T00:00:00,5Z"}`, "#/time format"}, {`{"time":1}`, "#/time type"},
		{`{"addr":"1.2.3"}`, "#/addr format"}, {`{"addr":1}`, "#/addr type"},
		{`{"pair":[1]}`, "#/pair count"}, {`{"pair":[1,2,3]}`, "#/pair count"}, {`{"pair":[1,"2"]}`, "#/pair/1 type"},
		{`{"int":{"05":"x"}}`, "#/int key"}, {`{"int":{"x":"x"}}`, "#/int key"}, {`{"addrs":{"x":true}}`, "#/addrs key"},
		{`{"map":{"a b":"x"}}`, "#/map type"}, {`{"map":{"a.b-c_d":"x"}}`, "#/map/a.b-c_d type"},
		{`{"list":["a",1,"b",2]}`, "#/list/1 type; #/list/3 type"},
		{`{"lines":[{"sub":{"sub":{"n":256}}}]}`, "#/lines/0/sub/sub/n range"},
		{`{"Open":"x","Skipped":"y","-":"z","Query":"q","q":"q"}`, "#/Open unknown; #/Skipped unknown; # unknown; #/Query unknown; #/q unknown"},
		{`{"maybe":1}`, "#/maybe type"},
		{`{"raw":{"a":1,"a":2}}`, "#/raw duplicate"}, {`{"any":{"a":1,"a":2}}`, "#/any/a duplicate"}, {`{"map":{"a":1,"\u0061":2}}`, "#/map duplicate"},
		{`{"deep":{"d":[{"sku":"a","sku":"b"}]}}`, "#/deep/d/0/sku duplicate"},
		{`[]`, "# type"}, {`"x"`, "# type"}, {`1`, "# type"}, {`null`, "# null"}, {``, "# empty"}, {"\n", "# empty"},
		{`{} {}`, "# trailing"}, {`{}x`, "# trailing"}, {`{},`, "# trailing"},
	} {
		var v everything
		if got := strings.Join(decode(t, c.body, &v), "; "); strings.ReplaceAll(got, "#/map/a dup", "#/map dup") != c.want && got != strings.ReplaceAll(c.want, "#/any/a", "#/any") {
			t.Errorf("%s: got %q, want %q", c.body, got, c.want)
		}
		if v.Open != "" || v.Skipped != "" || v.Query != "" {
			t.Errorf("%s filled a field that is not bound", c.body)
		}
	}
}

func TestDecodeStatus(t *testing.T) {
	for _, c := range []struct {
		body   string
		lim    valid.Limits
		status int
		code   string
		offset int
	}{
		{`{"s" 1}`, valid.Limits{}, 400, "malformed_body", 5},
		{`{"s":"a","s":"b"}`, valid.Limits{}, 400, "malformed_body", 9},
		{`{"list":["a","b"]}`, valid.Limits{Elements: 3}, 200, "", 0},
		{`{"list":["a","b"]}`, valid.Limits{Elements: 2}, 413, "body_too_large", 13},
		{`{"list":["a","b"]}`, valid.Limits{Depth: 2}, 200, "", 0},
		{`{"list":["a","b"]}`, valid.Limits{Depth: 1}, 400, "malformed_body", 8},
		{`{"list":["a","b"]}`, valid.Limits{Bytes: 18}, 200, "", 0},
		{`{"list":["a","b"]}`, valid.Limits{Bytes: 17}, 413, "body_too_large", 0},
		{`{"s":1}`, valid.Limits{}, 422, "invalid", 5},
		{`{"nope":1}`, valid.Limits{}, 422, "invalid", 1},
	} {
		err := valid.Decode([]byte(c.body), new(everything), c.lim)
		if c.status == 200 {
			if err != nil {
				t.Errorf("%s %+v: %v", c.body, c.lim, err)
			}
			continue
		}
		e, ok := errors.AsType[*valid.Error](err)
		if !ok || e.HTTPStatus() != c.status || e.ErrorCode() != c.code || e.Violations[0].Offset != c.offset {
			t.Errorf("%s %+v: %#v, want %d %s at %d", c.body, c.lim, err, c.status, c.code, c.offset)
		}
	}
}

func TestDecodeTarget(t *testing.T) {
	type inner struct{ N int }
	for _, v := range []any{
		nil, 1, signup{}, (*signup)(nil), new(chan int), new(func()), new(error), new(map[bool]int), new(complex128),
		made(reflect.StructField{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"a"`}, reflect.StructField{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"a"`}),
		made(reflect.StructField{Name: "a", PkgPath: "p", Type: reflect.TypeFor[int](), Tag: `json:"a"`}),
		&struct {
			A int `json:"a,string"`
		}{},
		&struct {
			A map[inner]int `json:"a"`
		}{},
		&struct{ *address }{},
		&struct {
			A int `json:",omitempty"`
		}{},
	} {
		err := valid.Decode([]byte("{}"), v, valid.Limits{})
		if _, ok := errors.AsType[*valid.Error](err); err == nil || ok {
			t.Errorf("%T: got %v, want a plain error", v, err)
		}
	}
}

// made returns a pointer to a struct that go vet would complain about.
func made(fields ...reflect.StructField) any {
	return reflect.New(reflect.StructOf(fields)).Interface()
}

// TestNames tries names that encoding/json would match or let pass, at every
// level: none may be accepted.
func TestNames(t *testing.T) {
	names := []string{"sku", "n", "sub", "role", "key"}
	value := map[string]string{"sku": `"a"`, "n": "1", "sub": `{"n":2}`, "role": `"r"`, "key": "1"}
	r := rand.New(rand.NewPCG(3, 4))
	escape := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			if r.IntN(3) == 0 {
				fmt.Fprintf(&b, `\u%04x`, c)
			} else {
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	fold := strings.NewReplacer("k", "\u212a", "s", "\u017f") // Kelvin sign, long s
	for i := range 1000 {
		name := names[r.IntN(len(names))]
		var member, code, at string
		switch i % 4 {
		case 0:
			other := []byte(name)
			j := r.IntN(len(other))
			other[j] -= 'a' - 'A'
			member, code, at = fmt.Sprintf(`"%s":%s`, escape(string(other)), value[name]), "spelling", "/"+name
		case 1:
			name = []string{"sku", "sub", "key"}[r.IntN(3)]
			member, code, at = fmt.Sprintf(`"%s":%s`, escape(fold.Replace(name)), value[name]), "spelling", "/"+name
		case 2:
			member, code, at = fmt.Sprintf(`"%s":%s,"%s":%s`, escape(name), value[name], escape(name), value[name]), "duplicate", "/"+name
		case 3:
			longer := name + string(rune('a'+r.IntN(26)))
			member, code, at = fmt.Sprintf(`"%s":%s`, escape(longer), value[name]), "unknown", "/"+longer
		}
		body, pointer := "{"+member+"}", at
		for range r.IntN(4) {
			body, pointer = `{"sub":`+body+"}", "/sub"+pointer
		}
		if r.IntN(2) == 0 {
			want(t, decode(t, `{"lines":[{},`+body+"]}", new(everything)), "#/lines/1"+pointer+" "+code)
		} else {
			want(t, decode(t, body, new(line)), "#"+pointer+" "+code)
		}
	}
}

func TestNothingIsEchoed(t *testing.T) {
	const secret = "hunter2-Zm9v"
	for _, body := range []string{
		`{"` + secret + `":1}`, `{"s":{"` + secret + `":1}}`, `{"i8":"` + secret + `"}`, `{"time":"` + secret + `"}`, `{"map":{"` + secret + ` ":"x"}}`, `{"int":{"` + secret + `":"x"}}`,
		`{"` + secret + `":1,"` + secret + `":1}`, `{"raw":{"` + secret + `":1,"` + secret + `":1}}`, `{"s":"` + secret, `{"s":` + secret + `}`, `{"addr":"` + secret + `"}`, `{"bytes":"` + secret + `"}`, `{"num":"` + secret + `"}`,
	} {
		err := valid.Decode([]byte(body), new(everything), valid.Limits{})
		e, ok := errors.AsType[*valid.Error](err)
		if !ok {
			t.Errorf("%s: got %v", body, err)
			continue
		}
		answer, _ := json.Marshal(e.ErrorDetails())
		for _, text := range []string{e.Error(), e.PublicMessage(), string(answer)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %s", body, text)
			}
		}
	}
}

// allocated measures what f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostile(t *testing.T) {
	const mib = 1 << 20
	list := func(elem string, size int) string {
		return "[" + strings.Repeat(elem+",", size/(len(elem)+1)) + elem + "]"
	}
	type wide struct {
		A [128]int64 `json:"a"`
	}
	bodies := map[string]string{
		"20,000 levels of lists":   strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		"20,000 levels of objects": strings.Repeat(`{"sub":`, 20_000) + "1" + strings.Repeat("}", 20_000),
		"zeros by the megabyte":    list("0", mib-8),
		"ones by the megabyte":     list("1.5", mib-8),
		"objects by the megabyte":  list("{}", mib-8),
		"lists by the megabyte":    list("[]", mib-8),
		"texts by the megabyte":    list(`""`, mib-8),
		"escapes by the megabyte":  `"` + strings.Repeat(`\u0061`, mib/6-2) + `"`,
		"10^6 digits":              strings.Repeat("1", 1e6),
		"10^6 digits of fraction":  "[0." + strings.Repeat("1", 1e6) + "]",
		"10^6 digits of exponent":  "[1e" + strings.Repeat("1", 1e6) + "]",
		"a long name":              `{"` + strings.Repeat("a", mib-20) + `":1}`,
		"many names": func() string {
			var b strings.Builder
			for i := range mib / 16 {
				fmt.Fprintf(&b, `,"k%07d":1`, i)
			}
			return "{" + b.String()[1:] + "}"
		}(),
		"long floats":         list("1."+strings.Repeat("1", 390), mib-500),
		"long whole floats":   list(strings.Repeat("7", 395)+"e-99", mib-500),
		"a megabyte of space": strings.Repeat(" ", mib-2) + "{}",
	}
	targets := func() []any {
		return []any{new(any), new([]int), new([]int64), new([]string), new([]line), new([]wide), new([]any), new([][]int), new(map[string]int), new(map[string]any), new(json.RawMessage), new(line), new([]json.RawMessage), new([]map[string]int), new([]float64), new(string), new([]bool)}
	}
	for _, v := range targets() { // make the plans first
		_ = valid.Decode([]byte("[]"), v, valid.Limits{})
	}
	for name, body := range bodies {
		for i, lim := range []valid.Limits{{}, {Elements: 1 << 30}, {Elements: 1 << 30, Depth: 1000}} {
			if i == 2 && rounds(10) < 10 {
				continue
			}
			for _, v := range targets() {
				b := []byte(body)
				if n := allocated(func() { _ = valid.Decode(b, v, lim) }); n > max(20*uint64(len(body)), mib)*11/10 && !raceEnabled {
					t.Errorf("%s into %T with %+v: %d bytes for a body of %d", name, v, lim, n, len(body))
				}
			}
		}
	}
	t.Run("within the default limits", func(t *testing.T) {
		for _, elem := range []string{"0", "{}", `""`, "1.5", "[]", "null"} {
			body := []byte(list(elem, 9999*(len(elem)+1)))
			for _, v := range targets() {
				n := allocated(func() { _ = valid.Decode(body, v, valid.Limits{}) })
				if n > max(20*uint64(len(body)), mib)*11/10 && !raceEnabled {
					t.Errorf("%s into %T: %d bytes for a body of %d", elem, v, n, len(body))
				}
			}
		}
	})
}

func TestReadJSON(t *testing.T) {
	send := func(body string, header http.Header) error {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header = header
		return valid.ReadJSON(httptest.NewRecorder(), r, new(signup), valid.Limits{Bytes: 100})
	}
	for _, c := range []struct {
		types string // several headers are separated by "|"
		ok    bool
	}{
		{"application/json", true}, {"Application/JSON", true}, {"application/json; charset=utf-8", true}, {"application/json;charset=UTF-8", true},
		{`application/json; charset="utf-8"`, true}, {"application/json ; charset=utf-8", true}, {"application/json; q=1", true}, {"application/merge-patch+json", true},
		{"application/vnd.api+json; version=1", true}, {"application/problem+json", true}, {"application/json;", true},
		{"", false}, {"|", false}, {"text/plain", false}, {"text/plain; charset=utf-8", false}, {"text/json", false}, {"application/x-www-form-urlencoded", false},
		{"multipart/form-data; boundary=x", false}, {"application/json, application/json", false}, {"application/json|application/json", false},
		{"application/json|text/plain", false}, {"application/json; charset=iso-8859-1", false}, {"application/json; charset=utf-16", false},
		{"application/json; charset=utf-8; charset=utf-16", false}, {"application/jsonx", false}, {"application/json5", false}, {"application/x-ndjson", false},
		{"application/jsonl", false}, {"application", false}, {"json", false}, {"*/*", false}, {"application/*", false}, {"application/json/x", false},
		{"application/ json", false}, {"application/json; charset", false}, {"text/plain; x=application/json", false}, {"application/json\x00", false},
	} {
		h := http.Header{}
		if c.types != "" {
			h["Content-Type"] = strings.Split(c.types, "|")
		}
		err := send("{}", h)
		e, _ := errors.AsType[*valid.Error](err)
		if c.ok != (err == nil) || !c.ok && (e == nil || e.HTTPStatus() != 415 || e.HTTPHeader().Get("Accept") != "application/json") {
			t.Errorf("%q: %v", c.types, err)
		}
	}
	t.Run("an encoded body is refused", func(t *testing.T) {
		for coding, ok := range map[string]bool{"gzip": false, "br": false, "identity": true, "gzip, identity": false} {
			err := send("{}", http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {coding}})
			if e, _ := errors.AsType[*valid.Error](err); ok != (err == nil) || !ok && e.HTTPStatus() != 415 {
				t.Errorf("%s: %v", coding, err)
			}
		}
	})
	h := http.Header{"Content-Type": {"application/json"}}
	t.Run("the size is exact", func(t *testing.T) {
		for n, status := range map[int]int{99: 0, 100: 0, 101: 413, 5000: 413, 100_000: 413} {
			err := send("{}"+strings.Repeat(" ", n-2), h)
			if e, _ := errors.AsType[*valid.Error](err); (err == nil) != (status == 0) || err != nil && e.HTTPStatus() != status {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	})
	t.Run("no body is an empty body", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header = h
		want(t, violations(t, valid.ReadJSON(nil, r, new(signup), valid.Limits{})), "# empty")
		r.Body = nil
		want(t, violations(t, valid.ReadJSON(nil, r, new(signup), valid.Limits{})), "# empty")
	})
	t.Run("a broken connection is not the body's fault", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", brokenReader{})
		r.Header = h
		err := valid.ReadJSON(nil, r, new(signup), valid.Limits{})
		if _, ok := errors.AsType[*valid.Error](err); ok || !errors.Is(err, errBad) {
			t.Errorf("got %v", err)
		}
	})
}

// wrapped hides the writer of the server, as middleware does.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestReadJSONClosesTheConnection(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := valid.ReadJSON(wrapped{wrapped{w}}, r, new(signup), valid.Limits{Bytes: 100})
		if e, ok := errors.AsType[*valid.Error](err); ok {
			w.WriteHeader(e.HTTPStatus())
		}
	}))
	defer s.Close()
	res, err := http.Post(s.URL, "application/json", strings.NewReader(strings.Repeat(" ", 10_000)))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 413 || !res.Close {
		t.Errorf("got status %d, close %v", res.StatusCode, res.Close)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBad }

// pence reads itself, and knows a secret.
type pence int

func (p *pence) UnmarshalJSON(b []byte) error {
	var pounds float64
	if err := json.Unmarshal(b, &pounds); err != nil {
		return fmt.Errorf("hunter2: %w", err)
	}
	*p = pence(pounds * 100)
	return nil
}

func TestDecodeItself(t *testing.T) {
	type in struct {
		P    pence            `json:"p"`
		Ptr  *pence           `json:"ptr"`
		Big  *big.Int         `json:"big"`
		List []pence          `json:"list"`
		U    map[uint8]string `json:"u"`
	}
	var v in
	want(t, decode(t, `{"p":1.25,"ptr":2,"big":123456789012345678901234567890,"list":[1,2],"u":{"255":"x"}}`, &v))
	is(t, "values", fmt.Sprint(v.P, *v.Ptr, v.Big, v.List, v.U), "125 200 123456789012345678901234567890 [100 200] map[255:x]")
	want(t, decode(t, `{"p":"x","ptr":null,"list":[1,{"a":1}],"u":{"256":"x"}}`, &v), "#/p format", "#/list/1 format", "#/u key")
	is(t, "null is no value of a pointer", fmt.Sprint(v.Ptr == nil), "true")
	want(t, decode(t, `{"p":{"a":1,"a":1}}`, &v), "#/p duplicate")
	err := valid.Decode([]byte(`{"p":"x"}`), &v, valid.Limits{})
	if e, _ := errors.AsType[*valid.Error](err); strings.Contains(fmt.Sprint(e, e.ErrorDetails()), "hunter2") {
		t.Errorf("the text of a reader is passed on: %v", err)
	}
}

func TestDecodeKeepsNothing(t *testing.T) {
	body := []byte(`{"s":"abc","raw":[1],"any":"x","map":{"k":1},"bytes":"aGk="}`)
	var v everything
	if err := valid.Decode(body, &v, valid.Limits{}); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = '!'
	}
	if v.S != "abc" || string(v.Raw) != "[1]" || v.Any != "x" || v.Map["k"] != 1 || string(v.Bytes) != "hi" {
		t.Errorf("got %+v after the body was overwritten", v)
	}
}

func TestFloats(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range rounds(20_000) {
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		for _, format := range []string{"%v", "%.17g", "%.17e", "%.25e"} {
			var got float64
			text := fmt.Sprintf(format, f)
			if err := valid.Decode([]byte(text), &got, valid.Limits{}); err != nil || got != f {
				t.Fatalf("%s: %v, %v", text, got, err)
			}
		}
	}
}
