package project_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

func TestFields_Copy(t *testing.T) {
	for _, tt := range []struct{ paths, in, want string }{
		{"a", `{"a":1,"b":2}`, `{"a":1}`},
		{"", `{"a":1}`, `{}`},
		{"a.b", `{"a":{"b":[1, 2],"c":3}}`, `{"a":{"b":[1, 2]}}`},
		{"a.b", `[{"a":[{"b":1},{"c":1}]}, {"x":0}]`, `[{"a":[{"b":1},{}]},{}]`},
		{"* -a", ` { "a" : 1 , "b" : 2 } `, `{"b":2}`},
		{"* -a.b", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"c":2},"d":3}`},
		{"-a.b a", `{"a":{"b":1,"c":2},"d":3}`, `{"a":{"c":2}}`},
		{"a.b", `{"a":5}`, `{"a":null}`},
		{"a", `5`, `null`},
		{"* -a.b", `{"a":5,"c":[1]}`, `{"a":5,"c":[1]}`},
		{"* -**.x", `{"x":1,"a":{"x":1,"y":[{"x":{"z":1},"w":2}]}}`, `{"a":{"y":[{"w":2}]}}`},
		{"a -**.a.x", `{"x":1,"a":{"x":1,"y":{"x":2,"a":{"x":3,"y":4}}}}`, `{"a":{"y":{"x":2,"a":{"y":4}}}}`},
		{"* -**.a.a.x", `{"a":{"a":{"a":{"x":1,"a":{"x":2}},"x":3},"x":4}}`, `{"a":{"a":{"a":{"a":{}}},"x":4}}`},
		{"x a.x -**.x", `{"x":1,"a":{"x":1,"y":2}}`, `{"a":{}}`},
		{"a", `[1,[{"a":1}]]`, `[null,[{"a":1}]]`},
		{"a", `{"\u0061":1,"\u0062":2}`, `{"\u0061":1}`},
		{"ä", `{"ä":1,"a":2}`, `{"ä":1}`},
		{"a", `{"a":1,"a":2,"b":3}`, `{"a":1,"a":2}`},
		{"a", `{}`, `{}`},
		{"a", `[]`, `[]`},
	} {
		got, err := project.Compile(strings.Fields(tt.paths)).Copy([]byte("x"), []byte(tt.in))
		if err != nil || string(got) != "x"+tt.want {
			t.Errorf("%s of %s: %s, %v, want x%s", tt.paths, tt.in, got, err, tt.want)
		}
	}
	if got, err := (*project.Fields)(nil).Copy(nil, []byte(` {"a":1}`)); err != nil || string(got) != `{"a":1}` {
		t.Errorf("nil fields copy %s, %v", got, err)
	}
}

func TestFields_Copy_refused(t *testing.T) {
	f := project.Compile([]string{"a"})
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, in := range []string{
		"", " ", "{", "}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `[1,]`, `[`, `01`, `1.`, `.1`, `1e`, `-`, `+1`, `tru`, `nul`, `"`,
		`"\x"`, `"\u12g4"`, "\"\x01\"", `{"a":1}x`, `{'a':1}`, `{"b":tru}`, `{"b":"\`, `"\u123`, deep, "[" + deep + "]", `{"b":` + deep + `}`,
	} {
		got, err := f.Copy([]byte("x"), []byte(in))
		if (err == nil) != json.Valid([]byte(in)) {
			t.Errorf("%.40q: %v, json.Valid says %v", in, err, json.Valid([]byte(in)))
		}
		if err != nil && string(got) != "x" {
			t.Errorf("%.40q: left %q behind", in, got)
		}
	}
}

func TestFields_Copy_allocs(t *testing.T) {
	f := project.Compile([]string{"id", "author.name", "a_member_with_a_name_that_is_rather_long_for_a_member"})
	src := foreign()
	dst := make([]byte, 0, len(src))
	if n := testing.AllocsPerRun(100, func() {
		if _, err := f.Copy(dst, src); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// foreign is a list as another service would send it.
func foreign() []byte {
	var b bytes.Buffer
	b.WriteString("[")
	for i := range 100 {
		if i > 0 {
			b.WriteString(",\n ")
		}
		fmt.Fprintf(&b, `{"id": %d, "title": "Number \"%d\"", "pages": %d, "score": %g, "tags": ["a", "b"], "ok": true, `+
			`"author": {"id": %d, "name": "N. N.", "email": "n%d@example.com"}, `+
			`"a_member_with_a_name_that_is_rather_long_for_a_member": null}`, i, i, i*7, float64(i)*1.5, i, i)
	}
	b.WriteString("]")
	return b.Bytes()
}

// FuzzFields_Copy compares with encoding/json: the same documents are refused,
// and what is written is what decoding, cutting and comparing finds.
func FuzzFields_Copy(f *testing.F) {
	for _, in := range []string{
		`{"a":1,"b":{"c":[1,2,{"d":null}]}}`, `[{"a":"\u00e9\\"},2e5]`, ` {"*":0} `, `{"a":{"a":{"a":-0.0}}}`, "\"\xff\"", `[[[]]]`, `{"":1}`,
	} {
		f.Add("a b.c", in)
		f.Add("* -b.c.d", in)
		f.Add("* -**.a -**.c.d", in)
	}
	f.Fuzz(func(t *testing.T, paths, in string) {
		list := strings.Fields(paths)
		got, err := project.Compile(list).Copy(nil, []byte(in))
		if (err == nil) != json.Valid([]byte(in)) {
			t.Fatalf("%q: %v", in, err)
		}
		if err != nil {
			return
		}
		var doc, is any
		if json.Unmarshal([]byte(in), &doc) != nil {
			return // a number that no float64 holds
		}
		if err := json.Unmarshal(got, &is); err != nil {
			t.Fatalf("%q became %q: %v", in, got, err)
		}
		if strings.ContainsRune(in, '\\') || repeats(in) {
			return // of two members with one name, a map keeps one
		}
		var tails []string
		list = slices.DeleteFunc(list, func(path string) bool {
			tail, ok := strings.CutPrefix(path, "-**.")
			if ok {
				tails = append(tails, tail)
			}
			return ok
		})
		if want := without(cut(doc, list), "", tails); !reflect.DeepEqual(is, want) {
			t.Fatalf("%q of %q: %s, want %v", paths, in, got, want)
		}
	})
}

// repeats reports whether an object has two members of one name.
func repeats(in string) bool {
	d := json.NewDecoder(strings.NewReader(in))
	type level struct {
		names map[string]bool
		key   bool
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		top := len(stack) - 1
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				stack = append(stack, level{map[string]bool{}, true})
			case '[':
				stack = append(stack, level{})
			default:
				stack = stack[:top]
				if top--; top >= 0 && stack[top].names != nil {
					stack[top].key = true
				}
			}
			continue
		case string:
			if top >= 0 && stack[top].key {
				if stack[top].names[token] {
					return true
				}
				stack[top].names[token], stack[top].key = true, false
				continue
			}
		}
		if top >= 0 && stack[top].names != nil {
			stack[top].key = true
		}
	}
}

// cut narrows a decoded document, one name at a time.
func cut(doc any, paths []string) any {
	switch doc := doc.(type) {
	case []any:
		list := make([]any, len(doc))
		for i, x := range doc {
			list[i] = cut(x, paths)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, x := range doc {
			if sub, ok := under(paths, name); !ok {
				continue
			} else if all(sub) {
				object[name] = x
			} else {
				object[name] = cut(x, sub)
			}
		}
		return object
	}
	for _, path := range paths {
		if path == "*" || strings.HasPrefix(path, "*.") {
			return doc
		}
	}
	return nil
}

// without takes the members out whose path ends in one of tails.
func without(doc any, path string, tails []string) any {
	switch doc := doc.(type) {
	case []any:
		for i, x := range doc {
			doc[i] = without(x, path, tails)
		}
	case map[string]any:
		for name, x := range doc {
			full := path + "\x00" + name
			if slices.ContainsFunc(tails, func(t string) bool {
				return strings.HasSuffix(full, "\x00"+strings.ReplaceAll(t, ".", "\x00"))
			}) {
				delete(doc, name)
			} else {
				doc[name] = without(x, full, tails)
			}
		}
	}
	return doc
}

// under returns what paths say below name, and whether name is written at all.
func under(paths []string, name string) (sub []string, ok bool) {
	gone, star, asked := false, false, false
	for _, path := range paths {
		path, not := strings.CutPrefix(path, "-")
		first, rest, deeper := strings.Cut(path, ".")
		switch {
		case first == "*" && !not:
			star = true
		case first != name || first == "*":
		case deeper && not:
			sub = append(sub, "-"+rest)
		case deeper:
			sub, asked = append(sub, rest), true
		case not:
			gone = true
		default:
			sub, asked = append(sub, "*"), true
		}
	}
	if !asked {
		sub = append(sub, "*")
	}
	return sub, !gone && (asked || star)
}

// all reports whether paths select everything.
func all(paths []string) bool {
	star, other := false, false
	for _, path := range paths {
		star = star || path == "*" || strings.HasPrefix(path, "*.")
		other = other || path != "*" && !strings.HasPrefix(path, "*.")
	}
	return star && !other
}

func BenchmarkFields_Copy(b *testing.B) {
	src := foreign()
	f := project.Compile([]string{"id", "title", "author.name"})
	b.Run("copy", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst, _ = f.Copy(dst[:0], src)
		}
	})
	b.Run("json.Valid", func(b *testing.B) {
		for b.Loop() {
			json.Valid(src)
		}
	})
}
