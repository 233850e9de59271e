package valid_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/glueful/glueful-go/valid"
)

// The corpus is built from the productions of RFC 8259, section by section:
// what each one derives, and what is one step outside of it.

func wellFormed() (list []string) {
	space := []string{"", " ", "\t", "\n", "\r", " \t\r\n "} // section 2
	values := []string{"false", "null", "true", "{}", "[]", `""`, "0", `"a"`, `{"a":1}`, "[1]"}
	for _, ws := range space {
		for _, v := range values {
			list = append(list, ws+v+ws)
		}
		list = append(list, // section 4 and 5, space around the structural characters
			ws+"{"+ws+`"a"`+ws+":"+ws+"1"+ws+","+ws+`"b"`+ws+":"+ws+"[]"+ws+"}"+ws,
			ws+"["+ws+"1"+ws+","+ws+"{}"+ws+","+ws+"null"+ws+"]"+ws)
	}
	for _, outer := range values { // section 3: every value in every place
		list = append(list, "["+outer+"]", "["+outer+","+outer+"]", `{"k":`+outer+"}", `{"k":[`+outer+`],"l":{"m":`+outer+"}}")
	}
	for _, sign := range []string{"", "-"} { // section 6
		for _, integer := range []string{"0", "1", "9", "10", "123456789012345"} {
			for _, frac := range []string{"", ".0", ".5", ".25"} {
				for _, exp := range []string{"", "e0", "E1", "e+2", "E-2", "e00"} {
					n := sign + integer + frac + exp
					f, err := strconv.ParseFloat(n, 64)
					if err == nil && len(strings.Trim(n, "-0.eE+")) <= 17 && (f != 0 || integer == "0") {
						list = append(list, n, "["+n+"]")
					}
				}
			}
		}
	}
	for c := rune(0x20); c < 0x80; c++ { // section 7: unescaped
		if c != '"' && c != '\\' {
			list = append(list, `"`+string(c)+`"`)
		}
	}
	for _, c := range []rune{0x7f, 0x80, 0x7ff, 0x800, 0x2028, 0x2029, 0xd7ff, 0xe000, 0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x10fffe, 0x10ffff} {
		list = append(list, `"`+string(c)+`"`, `{"`+string(c)+`":0}`)
	}
	for _, e := range []string{`\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u0022`, `\u005c`, `\u00e9`, `\u2028`, `\uD7FF`, `\uE000`, `\uFFFE`, `\uffff`, `\uABCD`, `\uabcd`, `\ud83d\ude00`, `\uD800\uDC00`, `\uDBFF\uDFFF`} {
		list = append(list, `"`+e+`"`, `["a`+e+`b"]`, `{"`+e+`":"`+e+`"}`)
	}
	for n := 1; n < 64; n *= 2 { // nesting
		list = append(list, strings.Repeat("[", n)+strings.Repeat("]", n), strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n))
	}
	return list
}

func malformed() (list []string) {
	list = append(list, // section 2: nothing, other space, names in other case, two texts
		"", " ", "\f1", "\v1", "\u00a01", "\ufeff1", "1\u2028", "\x001", "1\x00", "True", "NULL", "False", "nul", "nulll", "tru", "fals", "n", "t", "f",
		"1 2", "{}{}", "[][]", `""""`, "null null", "[]1", "{}]", "[]]", "//c\n1", "1//c", "/**/1", "1/**/", "#", "a", "undefined", "NaN", "-NaN", "Infinity", "-Infinity", "+1", "'a'", "`a`", "(1)", "<1>", "$", "*")
	for _, s := range []string{ // section 4
		"{", "}", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a" 1}`, `{"a"=1}`, `{a:1}`, `{'a':1}`, `{1:1}`, `{null:1}`, `{"a":1 "b":2}`, `{"a"::1}`, `{:1}`, `{"a":}`, `{"a",1}`, `{"a":1;"b":2}`, `{[]:1}`, `{{}:1}`, `{"a":1]`, `{"a"}`, `{"a":1,"b"}`, `{"a":"b`, `{"a`, `{"a":tru}`, `{"a":1}}`, "{\"a\n\":1}"} {
		list = append(list, s, "["+s)
	}
	for _, s := range []string{ // section 5
		"[", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1:2]", "[1;2]", "[1}", "[1]]", `["a"`, "[[", "[[]", "[]]", "[[1],", "[1,\n", "[a]", "[1a]", "[tru]", "[\"\t\"]"} {
		list = append(list, s, `{"a":`+s)
	}
	for _, n := range []string{ // section 6
		"-", "+", "--1", "-+1", "01", "-01", "00", "-00", "1.", "-1.", ".1", "-.1", "1.e1", "1e", "1E", "1e+", "1e-", "1e+-1", "1e1.0", "1e1e1", "1.1.1", "0x1", "0X1F", "1_000", "1,000", "1 000", "1f", "1n", "0b1", "0o7", "e1", ".e1", "1.0.", "\u0661", "\uff11", "-a", "1e\u0661", "0e", "0.e", "0..1", "1ee1", "- 1", "1 .5", "1. 5", "1e 5"} {
		list = append(list, n, "["+n+"]", `{"a":`+n+"}")
	}
	for c := range 0x20 { // section 7: control characters
		list = append(list, `"`+string(rune(c))+`"`, `["a`+string(rune(c))+`b"]`, `{"`+string(rune(c))+`":1}`)
	}
	for _, e := range []string{`\`, `\a`, `\v`, `\0`, `\x41`, `\'`, `\U0041`, `\u`, `\u1`, `\u12`, `\u123`, `\u123g`, `\u-123`, `\u+123`, `\u 123`, `\e`, `\N`, "\\\n", "\\\x00", "\\\u00e9",
		`\ud800`, `\udbff`, `\udc00`, `\udfff`, `\ud800\ud800`, `\udc00\ud800`, `\ud800a`, `\ud800\n`, `\ud800\u0041`, `\ud800\\udc00`, `\uD83D \uDE00`} {
		list = append(list, `"`+e+`"`, `["`+e+`"]`, `{"`+e+`":1}`)
	}
	list = append(list, `"`, `"a`, `a"`, `"a\"`, `"a""`, `"a"b`)
	for _, b := range []string{"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\xbd\xed\xb8\x80", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "a\xffb"} { // section 8.1
		list = append(list, `"`+b+`"`, `["`+b+`"]`, `{"`+b+`":1}`, b)
	}
	return list
}

func TestCorpus(t *testing.T) {
	good, bad := wellFormed(), malformed()
	if len(good) < 300 || len(bad) < 300 {
		t.Fatalf("the corpus has %d and %d cases", len(good), len(bad))
	}
	t.Run("every well-formed text is accepted, as encoding/json reads it", func(t *testing.T) {
		for _, text := range good {
			text = "[" + text + "]" // a body of null is refused for another reason
			var got, wanted any
			if err := valid.Decode([]byte(text), &got, valid.Limits{}); err != nil {
				t.Errorf("%q: %v", text, err)
			}
			var raw []json.RawMessage
			if err := valid.Decode([]byte(text), &raw, valid.Limits{}); err != nil || len(raw) > 0 && strings.Trim(text, "[] \t\r\n") != strings.Trim(string(raw[0]), "[] \t\r\n") || !valid.IsJSON(text) {
				t.Errorf("%q: passed over as %s, %v", text, raw, err)
			}
			if err := json.Unmarshal([]byte(text), &wanted); err != nil || !reflect.DeepEqual(got, wanted) {
				t.Errorf("%q: got %#v, encoding/json says %#v, %v", text, got, wanted, err)
			}
		}
	})
	t.Run("every malformed text is refused, whoever reads it", func(t *testing.T) {
		for _, text := range bad {
			for _, v := range []any{new(any), new(json.RawMessage), &struct{}{}, new(map[string]json.RawMessage), new([]any), new(string)} {
				if err := valid.Decode([]byte(text), v, valid.Limits{}); err == nil {
					t.Errorf("%q was read into %T", text, v)
				}
			}
			if valid.IsJSON(text) || strings.TrimSpace(text) != "" && valid.IsJSON("["+text+"]") {
				t.Errorf("%q is taken for JSON", text)
			}
		}
	})
	t.Run("every text cut short is refused", func(t *testing.T) {
		for _, text := range good {
			for n := range len(text) {
				if cut := text[:n]; !json.Valid([]byte(cut)) && valid.Decode([]byte(cut), new(any), valid.Limits{}) == nil {
					t.Errorf("%q was read", cut)
				}
			}
		}
	})
	t.Run("one byte changed is judged as encoding/json does", func(t *testing.T) {
		for _, text := range good {
			if testing.Short() && len(text) > 8 {
				continue
			}
			for i := range len(text) {
				for _, c := range []byte("\x00\t\" ,:[]{}0-.eE\\utn\x80") {
					b := []byte("[" + text + "]")
					b[i+1] = c
					agree(t, b)
				}
			}
		}
	})
}

var loneSurrogate = regexp.MustCompile(`(?i)\\ud[89a-f]`)

// agree compares the verdict on b with that of encoding/json, where it is free
// of what encoding/json lets pass.
func agree(t *testing.T, b []byte) {
	t.Helper()
	if !utf8.Valid(b) || loneSurrogate.Match(b) || repeats(b) {
		return
	}
	var got, wanted any
	err := valid.Decode(b, &got, valid.Limits{Depth: 1000})
	if refused := json.Unmarshal(b, &wanted); (err == nil) != (refused == nil) && !inexact(err) {
		t.Errorf("%q: %v; encoding/json: %v", b, err, refused)
	} else if err == nil && !reflect.DeepEqual(got, wanted) {
		t.Errorf("%q: %#v; encoding/json: %#v", b, got, wanted)
	}
}

// inexact reports whether a number was refused that encoding/json rounds.
func inexact(err error) bool {
	return err != nil && regexp.MustCompile(` (precision|range|null|number_length)$`).MatchString(err.Error())
}

// repeats reports whether some object of b has a name twice, by the tokens of
// encoding/json.
func repeats(b []byte) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	var names []map[string]bool // nil for a list
	key := false
	for {
		tok, err := d.Token()
		if err != nil {
			return err != io.EOF && false
		}
		if name, ok := tok.(string); ok && key {
			top := names[len(names)-1]
			if top[name] {
				return true
			}
			top[name] = true
			key = false
			continue
		}
		switch tok {
		case json.Delim('{'):
			names = append(names, map[string]bool{})
		case json.Delim('['):
			names = append(names, nil)
		case json.Delim('}'), json.Delim(']'):
			names = names[:len(names)-1]
		}
		key = len(names) > 0 && names[len(names)-1] != nil
	}
}

// TestChoices fixes what RFC 8259 leaves to the implementation, so that a
// change is noticed.
func TestChoices(t *testing.T) {
	long := strings.Repeat("1", 401)
	for _, c := range []struct{ text, want string }{
		{`{"a":1,"a":1}`, "# duplicate"},
		{`{"a":1,"\u0061":2}`, "# duplicate"},
		{`[{"a":{"b":1,"b":1}}]`, "#/0/a duplicate"},
		{"\ufeff{}", "# syntax"},
		{"[1e400]", "#/0 range"},
		{"[-1e400]", "#/0 range"},
		{"[1e-400]", "#/0 range"},
		{"[0e-400]", ""},
		{"[0e999999999]", ""},
		{"[1e999999999]", "#/0 range"},
		{"[1e-999999999]", "#/0 range"},
		{"[0.1]", ""},
		{"[0.10000000000000001]", ""},
		{"[0.1000000000000000055511151231257827]", ""},
		{"[0.10000000000000002]", ""},
		{"[0.100000000000000012]", "#/0 precision"},
		{"[3.141592653589793]", ""},
		{"[3.1415926535897932]", "#/0 precision"},
		{"[9007199254740992]", ""},
		{"[9007199254740993]", "#/0 precision"},
		{"[9007199254740994]", ""},
		{"[9223372036854775808]", ""},
		{"[5e-324]", ""},
		{"[3e-324]", "#/0 precision"},
		{"[123456789012345678901234567890]", "#/0 precision"},
		{"[100000000000000000000000000000]", ""},
		{"[-0]", ""},
		{"[" + long + "]", "#/0 number_length"},
		{"[0." + long + "]", "#/0 number_length"},
		{"[" + strings.Repeat("[", 63) + strings.Repeat("]", 63) + "]", ""},
		{"[" + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "]", "#" + strings.Repeat("/0", 64) + " depth"},
		{`["\u0000"]`, ""},
		{"[\"\u0000\"]", "#/0 control_character"},
		{"null", "# null"},
		{" null ", "# null"},
		{"[null]", ""},
	} {
		var v any
		got := strings.Join(violations(t, valid.Decode([]byte(c.text), &v, valid.Limits{})), "; ")
		if got != c.want {
			t.Errorf("%.60q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{everythingBody, signupBody, `{"a":[1,2.5e3,{"b":null}],"\u0061b":"\ud83d\ude00"}`, `[9007199254740993]`, `{"a":1,"\u0061":2}`, "\"\xff\"", `[[[[]]]]`, `{"A":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		agree(t, b)
		var in signup
		if valid.Decode(b, &in, valid.Limits{}) == nil {
			var other signup
			if err := json.Unmarshal(b, &other); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") || err == nil && !reflect.DeepEqual(in, other) {
				t.Errorf("%q: %+v; encoding/json: %+v, %v", b, in, other, err)
			}
			if repeats(b) || !utf8.Valid(b) {
				t.Errorf("%q was read", b)
			}
		}
		var all, alike everything
		if valid.Decode(b, &all, valid.Limits{}) == nil && json.Unmarshal(b, &alike) == nil && !reflect.DeepEqual(all, alike) {
			t.Errorf("%q: %+v; encoding/json: %+v", b, all, alike)
		}
		if valid.Decode(b, new(json.RawMessage), valid.Limits{}) == nil && (repeats(b) || !json.Valid(b)) {
			t.Errorf("%q was passed over", b)
		}
	})
}
