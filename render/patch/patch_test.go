package patch_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/render/patch"
)

// The cases of RFC 7396, appendix A.
func TestMerge(t *testing.T) {
	tests := []struct{ doc, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{`{"n":10000000000000000001}`, `{"m":0.10}`, `{"n":10000000000000000001,"m":0.10}`},
	}
	for _, tt := range tests {
		got, err := patch.Merge([]byte(tt.doc), []byte(tt.patch))
		if err != nil || string(got) != tt.want {
			t.Errorf("Merge(%s, %s) = %s, %v, want %s", tt.doc, tt.patch, got, err, tt.want)
		}
	}
}

// Among these are the examples of RFC 6902, appendix A.
func TestApply(t *testing.T) {
	tests := []struct{ name, doc, patch, want string }{
		{"add a member", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`},
		{"add an element", `{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{"remove a member", `{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{"remove an element", `{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{"replace", `{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{"move a member", `{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`,
			`[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{"move an element", `{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{"test", `{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{"add a nested object", `{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{"unknown members of an operation are ignored", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`},
		{"escapes in order", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		{"append", `{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
		{"the whole document", `{"a":1}`, `[{"op":"replace","path":"","value":[1]},{"op":"add","path":"/1","value":2}]`, `[1,2]`},
		{"numbers by value", `{"a":100}`, `[{"op":"test","path":"/a","value":1.00e2}]`, `{"a":100}`},
		{"a copy is apart", `{"a":{"x":1}}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/x","value":2}]`, `{"a":{"x":1},"b":{"x":2}}`},
		{"a move to itself", `{"a":1}`, `[{"op":"move","from":"/a","path":"/a"}]`, `{"a":1}`},
		{"null is a value", `{}`, `[{"op":"add","path":"/a","value":null},{"op":"test","path":"/a","value":null}]`, `{"a":null}`},
		{"objects in any order", `{"a":{"x":1,"y":[{}]}}`, `[{"op":"test","path":"/a","value":{"y":[{}],"x":1}}]`, `{"a":{"x":1,"y":[{}]}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := patch.Apply([]byte(tt.doc), []byte(tt.patch))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestApply_refused(t *testing.T) {
	tests := []struct {
		name, doc, patch string
		status           int
		pointer          string
	}{
		{"a failed test", `{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, 409, "#/0/value"},
		{"a string is not its number", `{"a":"10"}`, `[{"op":"test","path":"/a","value":10}]`, 409, "#/0/value"},
		{"big numbers differ in the last digit", `{"a":10000000000000000001}`, `[{"op":"test","path":"/a","value":10000000000000000002}]`, 409, "#/0/value"},
		{"no parent", `{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, 409, "#/0/path"},
		{"an index past the end", `[1]`, `[{"op":"add","path":"/2","value":1}]`, 409, "#/0/path"},
		{"a leading zero", `[1,2]`, `[{"op":"remove","path":"/01"}]`, 409, "#/0/path"},
		{"the end is not there to remove", `[1,2]`, `[{"op":"remove","path":"/-"}]`, 409, "#/0/path"},
		{"a sign", `[1,2]`, `[{"op":"remove","path":"/+1"}]`, 409, "#/0/path"},
		{"replace needs the place", `{}`, `[{"op":"test","path":"","value":{}},{"op":"replace","path":"/a","value":1}]`, 409, "#/1/path"},
		{"copy from nowhere", `{}`, `[{"op":"copy","from":"/a","path":"/b"}]`, 409, "#/0/from"},
		{"no value", `{}`, `[{"op":"add","path":"/a"}]`, 400, "#/0"},
		{"no path", `{}`, `[{"op":"remove"}]`, 400, "#/0"},
		{"no such operation", `{}`, `[{"op":"spam","path":"/a"}]`, 400, "#/0/op"},
		{"a relative pointer", `{}`, `[{"op":"add","path":"a","value":1}]`, 400, "#/0/path"},
		{"an open escape", `{}`, `[{"op":"add","path":"/a~2","value":1}]`, 400, "#/0/path"},
		{"into itself", `{"a":{"b":{}}}`, `[{"op":"move","from":"/a","path":"/a/b/c"}]`, 400, "#/0/from"},
		{"no list", `{}`, `{"op":"add"}`, 400, ""},
		{"no operation", `{}`, `[1]`, 400, "#/0"},
		{"two names", `{}`, `[{"op":"add","op":"remove","path":"/a","value":1}]`, 400, ""},
		{"two values", `{}`, `[] []`, 400, ""},
		{"cut off", `{}`, `[{"op":"add"`, 400, ""},
		{"deep", `{}`, strings.Repeat("[", 100_000), 400, ""},
		{"many", `{}`, `[` + strings.Repeat(`{},`, 1000) + `{}]`, 413, ""},
		{"copies that double", `{"a":["` + strings.Repeat("x", 1000) + `"]}`,
			`[` + strings.TrimSuffix(strings.Repeat(`{"op":"copy","from":"/a","path":"/a/-"},`, 40), ",") + `]`, 413, "#/12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := patch.Apply([]byte(tt.doc), []byte(tt.patch))
			var e *patch.Error
			if !errors.As(err, &e) || e.HTTPStatus() != tt.status || e.Pointer != tt.pointer {
				t.Errorf("got %s, %v, want %d at %q", out, err, tt.status, tt.pointer)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	ask := func(media, body string) ([]byte, error) {
		r := httptest.NewRequest("PATCH", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		return patch.Request(httptest.NewRecorder(), r, []byte(`{"a":1}`))
	}
	for media, body := range map[string]string{
		patch.MergeType:                   `{"a":2}`,
		patch.JSONType + ";charset=utf-8": `[{"op":"replace","path":"/a","value":2}]`,
	} {
		if got, err := ask(media, body); err != nil || string(got) != `{"a":2}` {
			t.Errorf("%s: %s, %v", media, got, err)
		}
	}
	for media, status := range map[string]int{"application/json": 415, "": 415, patch.MergeType: 413} {
		_, err := ask(media, `"`+strings.Repeat("x", 1<<20)+`"`)
		var e *patch.Error
		if !errors.As(err, &e) || e.HTTPStatus() != status {
			t.Errorf("%q: got %v, want %d", media, err, status)
		} else if accept := e.HTTPHeader().Get("Accept-Patch"); (accept != "") != (status == 415) {
			t.Errorf("%q: Accept-Patch %q", media, accept)
		}
	}
}

// FuzzPatch holds that neither form ever panics, and that what comes out is
// JSON.
func FuzzPatch(f *testing.F) {
	f.Add(`{"a":[1,{"b":null}]}`, `[{"op":"copy","from":"/a","path":"/a/1/c"},{"op":"move","from":"/a/0","path":"/d"}]`)
	f.Add(`[1]`, `{"a":{"b":null}}`)
	f.Add(`{"n":1e400}`, `[{"op":"test","path":"/n","value":10e399}]`)
	f.Fuzz(func(t *testing.T, doc, change string) {
		for _, apply := range []func(doc, patch []byte) ([]byte, error){patch.Merge, patch.Apply} {
			out, err := apply([]byte(doc), []byte(change))
			if err == nil && !json.Valid(out) {
				t.Errorf("%q, %q: %q is not JSON", doc, change, out)
			}
		}
	})
}

// FuzzMerge compares with a second reading of RFC 7396, section 2.
func FuzzMerge(f *testing.F) {
	f.Add(`{"a":{"b":1},"c":2}`, `{"a":{"b":null,"d":{"e":null}},"c":null}`)
	f.Fuzz(func(t *testing.T, doc, change string) {
		out, err := patch.Merge([]byte(doc), []byte(change))
		if err != nil {
			return
		}
		var d, c, got any
		for _, err := range []error{
			json.Unmarshal([]byte(doc), &d), json.Unmarshal([]byte(change), &c), json.Unmarshal(out, &got),
		} {
			if err != nil {
				return // a number too large for float64
			}
		}
		want, _ := json.Marshal(mergeMaps(d, c))
		if is, _ := json.Marshal(got); string(is) != string(want) {
			t.Errorf("Merge(%s, %s) = %s, want %s", doc, change, is, want)
		}
	})
}

func mergeMaps(target, change any) any {
	from, ok := change.(map[string]any)
	if !ok {
		return change
	}
	to, _ := target.(map[string]any)
	out := map[string]any{}
	for k, v := range to {
		out[k] = v
	}
	for k, v := range from {
		if delete(out, k); v != nil {
			out[k] = mergeMaps(to[k], v)
		}
	}
	return out
}
