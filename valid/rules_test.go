package valid_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/valid"
)

// on checks one value of type T with rules and returns the codes.
func on[T any](t *testing.T, v T, rules ...valid.Rule[T]) string {
	t.Helper()
	type box struct {
		V T `json:"v"`
	}
	var codes []string
	for _, line := range check(t, &box{v}, func(b *box, c *valid.C) { valid.Field(c, &b.V, rules...) }) {
		codes = append(codes, strings.TrimPrefix(strings.TrimPrefix(line, "#/v"), " "))
	}
	return strings.Join(codes, "; ")
}

func is(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

var sku = regexp.MustCompile(`^[a-z]{3}-\d{3}$`)

func TestTextRules(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		rule           valid.Rule[string]
	}{
		{"MinLen counts code points", "\u00e9\U0001F600", "", valid.MinLen(2)},
		{"MinLen one under", "\u00e9\U0001F600", "min_len", valid.MinLen(3)},
		{"MinLen refuses the empty text", "", "min_len", valid.MinLen(1)},
		{"MinLen of four byte characters", strings.Repeat("\U0001F600", 5), "min_len", valid.MinLen(6)},
		{"MaxLen counts code points", strings.Repeat("\U0001F600", 5), "", valid.MaxLen(5)},
		{"MaxLen one over", strings.Repeat("\u00e9", 6), "max_len", valid.MaxLen(5)},
		{"Len", "abc", "", valid.Len(3)},
		{"Len other", "ab", "len", valid.Len(3)},
		{"Match", "abc-123", "", valid.Match(sku)},
		{"Match other", "abc-1234", "match", valid.Match(sku)},
		{"Match refuses a text that is too long unseen", strings.Repeat("a", 64<<10+1), "match", valid.Match(regexp.MustCompile("a"))},
		{"OneOf", "b", "", valid.OneOf("a", "b")},
		{"OneOf other", "B", "one_of", valid.OneOf("a", "b")},
		{"Between texts", "m", "", valid.Between("a", "n")},
		{"JSON", `{"a":[1]}`, "", valid.JSON[string]},
		{"JSON null", `null`, "", valid.JSON[string]},
		{"JSON other", `{"a":[1]`, "json", valid.JSON[string]},
		{"JSON with a duplicate", `{"a":1,"a":2}`, "json", valid.JSON[string]},
		{"Password of a common word", "Password123", "password", valid.Password(36)},
		{"Password of a row of keys", "qwertyuiop", "password", valid.Password(36)},
		{"Password of one character", strings.Repeat("a", 40), "password", valid.Password(60)},
		{"Password of a sequence", "abcdefghijklmnop", "password", valid.Password(36)},
		{"Password of words and substitutions", "P@ssw0rdL3tm3in", "password", valid.Password(36)},
		{"Password at random", "x7#Qm!v2Lp", "", valid.Password(60)},
		{"Password of four words", "correct horse battery staple", "", valid.Password(60)},
		{"Password empty", "", "password", valid.Password(36)},
	} {
		is(t, c.name, on(t, c.in, c.rule), c.want)
	}
}

func TestNumberRules(t *testing.T) {
	is(t, "Min", on(t, 1, valid.Min(1)), "")
	is(t, "Min one under", on(t, 0, valid.Min(1)), "min")
	is(t, "Max", on(t, 9, valid.Max(9)), "")
	is(t, "Max one over", on(t, 10, valid.Max(9)), "max")
	is(t, "Between low", on(t, int8(-3), valid.Between[int8](-3, 3)), "")
	is(t, "Between high", on(t, int8(4), valid.Between[int8](-3, 3)), "between")
	is(t, "NaN is not at least", on(t, math.NaN(), valid.Min(0.0)), "min")
	is(t, "NaN is not at most", on(t, math.NaN(), valid.Max(0.0)), "max")
	is(t, "NaN is not between", on(t, math.NaN(), valid.Between(0.0, 1)), "between")
	is(t, "MultipleOf", on(t, 15, valid.MultipleOf(5)), "")
	is(t, "MultipleOf other", on(t, -16, valid.MultipleOf(5)), "multiple_of")
	is(t, "MultipleOf uint", on(t, uint8(6), valid.MultipleOf[uint8](4)), "multiple_of")
	is(t, "OneOf matches numbers", on(t, 2, valid.OneOf(1, 2)), "")
	is(t, "Duration", on(t, time.Hour, valid.Max(time.Minute)), "max")
	noon := func() time.Time { return time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC) }
	is(t, "Before", on(t, noon().Add(-1), valid.Before(noon)), "")
	is(t, "Before is not equal", on(t, noon(), valid.Before(noon)), "before")
	is(t, "After", on(t, noon().Add(1), valid.After(noon)), "")
	is(t, "After is not equal", on(t, noon(), valid.After(noon)), "after")
}

func TestRequired(t *testing.T) {
	type named string
	one, zero := 1, 0
	is(t, "text", on(t, "", valid.Required), "required")
	is(t, "named text", on(t, named(""), valid.Required), "required")
	is(t, "space is a text", on(t, " ", valid.Required), "")
	is(t, "int", on(t, 0, valid.Required), "required")
	is(t, "int64", on(t, int64(0), valid.Required), "required")
	is(t, "float", on(t, 0.0, valid.Required), "required")
	is(t, "bool", on(t, false, valid.Required), "required")
	is(t, "true", on(t, true, valid.Required), "")
	is(t, "nil list", on(t, []int(nil), valid.Required), "required")
	is(t, "empty list", on(t, []int{}, valid.Required), "required")
	is(t, "empty texts", on(t, []string{}, valid.Required), "required")
	is(t, "empty map", on(t, map[string]int{}, valid.Required), "required")
	is(t, "nil pointer", on(t, (*int)(nil), valid.Required), "required")
	is(t, "pointer to zero", on(t, &zero, valid.Required), "")
	is(t, "pointer", on(t, &one, valid.Required, valid.Opt(valid.Max(0))), "max")
	is(t, "struct", on(t, signup{}, valid.Required), "required")
	is(t, "time", on(t, time.Time{}, valid.Required), "required")
	is(t, "absent", on(t, valid.Maybe[int]{}, valid.Required), "required")
}

func TestOptional(t *testing.T) {
	is(t, "zero passes", on(t, "", valid.Optional, valid.MinLen(3)), "")
	is(t, "what is there is checked", on(t, "a", valid.Optional, valid.MinLen(3)), "min_len")
	is(t, "zero int", on(t, 0, valid.Optional, valid.Min(3)), "")
	is(t, "empty list", on(t, []int{}, valid.Optional, valid.Count[int](2, 3)), "")
	type two struct {
		A string `json:"a"`
		B string `json:"b"`
	}
	want(t, check(t, &two{}, func(v *two, c *valid.C) {
		valid.Field(c, &v.A, valid.Optional, valid.Email)
		valid.Field(c, &v.B, valid.Required)
	}), "#/b required")
	is(t, "an optional element does not stop its list", on(t, []string{"", "x"}, valid.Items[string](valid.Optional, valid.MinLen(2))), "/1 min_len")
	is(t, "nor the rule after it", on(t, []string{""}, valid.Items[string](valid.Optional), valid.Count[string](2, 2)), "count")
}

func TestNormalising(t *testing.T) {
	type named string
	v := struct {
		A string `json:"a"`
		B named  `json:"b"`
		C int    `json:"c"`
		D string `json:"d"`
	}{A: " \u00a0a\t ", B: " B ", D: "x"}
	want(t, check(t, &v, func(in *struct {
		A string `json:"a"`
		B named  `json:"b"`
		C int    `json:"c"`
		D string `json:"d"`
	}, c *valid.C) {
		valid.Field(c, &in.A, valid.Trim, valid.Len(1))
		valid.Field(c, &in.B, valid.Trim, valid.Lower)
		valid.Text(c, &in.B, valid.Len(1), func(v *string, c *valid.C) { *v += "!" })
		valid.Field(c, &in.C, valid.Default(20), valid.Max(20))
		valid.Field(c, &in.D, valid.Default("y"))
	}))
	is(t, "values", fmt.Sprintf("%q %q %d %q", v.A, v.B, v.C, v.D), `"a" "b!" 20 "x"`)
}

func TestText(t *testing.T) {
	type color string
	type box struct {
		V []color `json:"v"`
		W color   `json:"w"`
	}
	b := box{[]color{"red", "green"}, "bl"}
	want(t, check(t, &b, func(b *box, c *valid.C) {
		valid.List(c, &b.V, 1, 2, func(v *color, c *valid.C) { c.Want(*v != "green", "ugly") })
		valid.Text(c, &b.W, valid.MinLen(3))
	}), "#/v/1 ugly", "#/w min_len")
}

func TestLists(t *testing.T) {
	is(t, "Count", on(t, []int{1, 2}, valid.Count[int](2, 2)), "")
	is(t, "Count too few", on(t, []int{1}, valid.Count[int](2, 3)), "count")
	is(t, "Count too many", on(t, []int{1, 2, 3, 4}, valid.Count[int](2, 3)), "count")
	is(t, "Count without bound", on(t, make([]int, 5000), valid.Count[int](2, -1)), "")
	is(t, "Items", on(t, []int{1, 20, 3, 40}, valid.Items(valid.Max(10))), "/1 max; /3 max")
	is(t, "Distinct", on(t, []string{"a", "b"}, valid.Distinct), "")
	is(t, "Distinct twice", on(t, []string{"a", "b", "a"}, valid.Distinct), "distinct")
	many := make([]int, 1000)
	for i := range many {
		many[i] = i
	}
	is(t, "Distinct of many", on(t, many, valid.Distinct), "")
	many[999] = 0
	is(t, "Distinct of many, twice", on(t, many, valid.Distinct), "distinct")
	is(t, "Entries", on(t, map[string]int{"b": 20, "a": 30, "c": 1}, valid.Entries(nil, valid.Max(10))), "/a max; /b max")
	is(t, "Entries keys", on(t, map[string]int{"abc": 1}, valid.Entries(valid.MaxLen(2), valid.Max(10))), "/abc max_len")
	is(t, "a key that is not plain is not repeated", on(t, map[string]int{"se cret": 20}, valid.Entries(nil, valid.Max(10))), "max")
	m := map[string]string{"a": " x "}
	is(t, "Entries may normalise", on(t, m, valid.Entries[string](nil, valid.Trim))+m["a"], "x")
	is(t, "Items of lists", on(t, [][]int{{1}, {1, 20}}, valid.Items(valid.Items(valid.Max(10)))), "/1/1 max")
}

type address struct {
	Street string `json:"street"`
	Zip    string `json:"zip"`
}

func (a *address) Valid(c *valid.C) {
	valid.Field(c, &a.Street, valid.Required)
	valid.Field(c, &a.Zip, valid.Len(5))
}

type meta struct {
	Note string `json:"a/b~c d%"`
}

type order struct {
	meta
	Kind  string              `json:"kind"`
	VAT   string              `json:"vat"`
	Home  address             `json:"home"`
	Bill  *address            `json:"bill"`
	Also  []address           `json:"also"`
	Named map[string]*address `json:"named"`
	From  int                 `json:"from"`
	To    int                 `json:"to"`
	Page  int                 `query:"page"`
	ID    int                 `path:"id"`
	Tags  []string            `query:"tag"`
	Trace string              `header:"X-Trace"`
	Form  string              `form:"f"`
	Local int
}

func (o *order) Valid(c *valid.C) {
	valid.Field(c, &o.Note, valid.MaxLen(3))
	valid.Field(c, &o.Home, (*address).Valid)
	valid.Field(c, &o.Bill, valid.Opt((*address).Valid))
	valid.List(c, &o.Also, 0, 3, (*address).Valid)
	valid.Field(c, &o.Named, valid.Entries(nil, valid.Opt((*address).Valid)))
	if c.If(o.Kind == "company") {
		valid.Field(c, &o.VAT, valid.Required, func(v *string, c *valid.C) { c.Want(len(*v) == 11, "vat", 11) })
	}
	c.Assert(&o.To, o.To >= o.From, "before_from")
	valid.Field(c, &o.Page, valid.Max(10))
	valid.Field(c, &o.ID, valid.Max(10))
	valid.Field(c, &o.Tags, valid.Items(valid.MaxLen(2)))
	valid.Field(c, &o.Trace, valid.MaxLen(2))
	valid.Field(c, &o.Form, valid.MaxLen(2))
	valid.Field(c, &o.Local, valid.Max(10))
	valid.Field(c, &o.Home.Zip, valid.MaxLen(5))
}

func TestPlaces(t *testing.T) {
	bad := address{"", "123456"}
	o := order{meta: meta{"long"}, Kind: "company", Home: bad, Bill: &bad, Also: []address{{"x", "12345"}, bad}, Named: map[string]*address{"k": &bad, "nil": nil},
		From: 2, To: 1, Page: 11, ID: 11, Tags: []string{"a", "long"}, Trace: "long", Form: "long", Local: 11}
	want(t, check(t, &o, (*order).Valid),
		"#/a~1b~0c%20d%25 max_len",
		"#/home/street required", "#/home/zip len",
		"#/bill/street required", "#/bill/zip len",
		"#/also/1/street required", "#/also/1/zip len",
		"#/named/k/street required", "#/named/k/zip len",
		"#/vat required", "#/to before_from",
		"query page max", "path id max", "query tag max_len", "header X-Trace max_len", "form f max_len",
		"#/Local max", "#/home/zip max_len")
	t.Run("a pointer from elsewhere panics with a clear text", func(t *testing.T) {
		defer func() {
			is(t, "panic", fmt.Sprint(recover()), "valid: the *string given is not a field of the valid_test.address being checked")
		}()
		var other string
		check(t, &address{}, func(a *address, c *valid.C) { valid.Field(c, &other, valid.Required) })
	})
	t.Run("nothing is looked up when nothing fails", func(t *testing.T) {
		var other string
		want(t, check(t, &address{}, func(a *address, c *valid.C) { valid.Field(c, &other, valid.MaxLen(1)) }))
	})
	t.Run("the value as a whole", func(t *testing.T) {
		want(t, check(t, &address{}, func(a *address, c *valid.C) { c.Assert(nil, false, "empty") }), "# empty")
		want(t, check(t, &address{}, func(a *address, c *valid.C) { c.Want(false, "empty") }), "# empty")
		word := "x"
		want(t, check(t, &word, valid.MinLen(2)), "# min_len")
	})
}

func TestSame(t *testing.T) {
	type form struct {
		Password string `json:"password"`
		Again    string `json:"password_confirmation"`
	}
	rule := func(f *form, c *valid.C) { valid.Same(c, &f.Password, &f.Again) }
	want(t, check(t, &form{"a", "a"}, rule))
	want(t, check(t, &form{"a", "b"}, rule), "#/password_confirmation same")
}

func TestAtMost(t *testing.T) {
	list := make([]int, 5000)
	err := valid.Check(context.Background(), &list, valid.Items(valid.Min(1)))
	e, _ := errors.AsType[*valid.Error](err)
	if len(e.Violations) != 100 || !e.Capped {
		t.Errorf("got %d violations, capped %v", len(e.Violations), e.Capped)
	}
	err = valid.Check(context.Background(), &list, valid.First(valid.Items(valid.Min(1))))
	if e, _ := errors.AsType[*valid.Error](err); len(e.Violations) != 1 {
		t.Errorf("got %d violations inside First", len(e.Violations))
	}
	body := "[" + strings.Repeat("null,", 5000) + "null]"
	err = valid.Decode([]byte(body), &list, valid.Limits{})
	if e, _ := errors.AsType[*valid.Error](err); len(e.Violations) != 100 || !e.Capped {
		t.Errorf("got %d violations of reading", len(e.Violations))
	}
}

func TestLater(t *testing.T) {
	ctx := context.Background()
	var asked []string
	taken := func(_ context.Context, v string) (bool, error) {
		asked = append(asked, v)
		if v == "down" {
			return false, sql.ErrConnDone
		}
		return v == "ada", nil
	}
	type user struct {
		Name string   `json:"name"`
		Age  int      `json:"age"`
		Refs []string `json:"refs"`
	}
	rule := func(u *user, c *valid.C) {
		valid.Field(c, &u.Name, valid.Trim, valid.Required, valid.Unique(taken))
		valid.Field(c, &u.Age, valid.Max(99))
		valid.List(c, &u.Refs, 0, 9, valid.As("no_such_ref", valid.Exists(taken)))
	}
	want(t, check(t, &user{"bob", 1, []string{"ada", "ada"}}, rule))
	want(t, asked, "bob", "ada", "ada")
	want(t, check(t, &user{" ada ", 1, []string{"ada", "eve"}}, rule), "#/name unique", "#/refs/1 no_such_ref")
	t.Run("inside First one failure is enough", func(t *testing.T) {
		asked = nil
		want(t, check(t, &user{"ada", 1, []string{"eve"}}, valid.First(rule)), "#/name unique")
		want(t, asked, "ada")
	})
	t.Run("nothing is asked when a cheap rule failed", func(t *testing.T) {
		asked = nil
		want(t, check(t, &user{"bob", 100, []string{"eve"}}, rule), "#/age max")
		want(t, asked)
	})
	t.Run("an error is an outage, never a pass, never a violation", func(t *testing.T) {
		err := valid.Check(ctx, &user{"down", 1, nil}, rule)
		_, violation := errors.AsType[*valid.Error](err)
		e, ok := err.(interface {
			HTTPStatus() int
			ErrorCode() string
			PublicMessage() string
		})
		if !ok || e.ErrorCode() != "unavailable" || e.HTTPStatus() != http.StatusServiceUnavailable || violation || !errors.Is(err, sql.ErrConnDone) || strings.Contains(e.PublicMessage(), "sql") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an answer after the deadline is no answer", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if err := valid.Check(ctx, &user{"bob", 1, nil}, rule); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a rule without its function is an error, never a pass", func(t *testing.T) {
		if err := valid.Check(ctx, &time.Time{}, valid.Before(nil)); err == nil {
			t.Error("Before(nil) passed")
		}
		for name, rule := range map[string]valid.Rule[string]{
			"MultipleOf": func(v *string, c *valid.C) { n := 1; valid.MultipleOf(0)(&n, c) },
			"Later":      valid.Later[string]("free", nil), "Unique": valid.Unique[string](nil), "Exists": valid.Exists[string](nil), "Match": valid.Match(nil),
			"long Match": valid.Match(regexp.MustCompile(strings.Repeat("a", 1001))),
		} {
			type box struct {
				V string `json:"v"`
			}
			whole := func(b *box, c *valid.C) { valid.Field(c, &b.V, rule) }
			err := valid.Check(ctx, &box{"x"}, whole)
			if _, ok := errors.AsType[*valid.Error](err); err == nil || ok {
				t.Errorf("%s: got %v", name, err)
			}
			func() {
				defer func() {
					if p := fmt.Sprint(recover()); !strings.HasPrefix(p, "valid: describing valid_test.box") {
						t.Errorf("%s: Describe panicked with %q", name, p)
					}
				}()
				valid.Describe(whole)
			}()
		}
		if err := valid.Check[string](ctx, nil, valid.Trim); err == nil {
			t.Error("a nil value passed")
		}
		if err := valid.Check(ctx, new(string), nil); err == nil {
			t.Error("a nil rule passed")
		}
	})
	t.Run("no question is asked in a dry run", func(t *testing.T) {
		asked = nil
		s := valid.Describe(rule)
		want(t, asked)
		want(t, s.Property("name").Rules, "unique")
		want(t, s.Property("refs").Items.Codes, "no_such_ref")
	})
}

type patch struct {
	Name valid.Maybe[string]   `json:"name,omitzero"`
	Age  valid.Maybe[int]      `json:"age,omitzero"`
	Tags valid.Maybe[[]string] `json:"tags,omitzero"`
}

func (p *patch) Valid(c *valid.C) {
	valid.Field(c, &p.Name, valid.NotNull, valid.Set(valid.Trim[string], valid.MinLen(1)))
	valid.Field(c, &p.Age, valid.Set(valid.Min(18)))
	valid.Field(c, &p.Tags, valid.Required, valid.Set(valid.Items(valid.MinLen(1))))
}

func TestMaybe(t *testing.T) {
	for _, c := range []struct{ body, want, state string }{
		{`{"tags":[]}`, "", `absent absent [] {"tags":[]}`},
		{`{"name":" x ","age":20,"tags":["a"]}`, "", `x 20 [a] {"name":"x","age":20,"tags":["a"]}`},
		{`{"name":null,"age":null,"tags":null}`, "#/name not_null", `null null null {"name":null,"age":null,"tags":null}`},
		{`{"name":"","age":17,"tags":["",""]}`, "#/name min_len; #/age min; #/tags/0 min_len; #/tags/1 min_len", ` 17 [ ] {"name":"","age":17,"tags":["",""]}`},
		{`{}`, "#/tags required", "absent absent absent {}"},
	} {
		for name, read := range map[string]func([]byte, any) error{
			"Decode": func(b []byte, v any) error { return valid.Decode(b, v, valid.Limits{}) }, "Unmarshal": json.Unmarshal} {
			var p patch
			if err := read([]byte(c.body), &p); err != nil {
				t.Fatal(err)
			}
			is(t, name+c.body, strings.Join(check(t, &p, (*patch).Valid), "; "), c.want)
			again, _ := json.Marshal(p)
			is(t, name, fmt.Sprint(state(&p.Name), " ", state(&p.Age), " ", state(&p.Tags), " ", string(again)), c.state)
		}
	}
	var m valid.Maybe[int]
	m.Put(3)
	if v, ok := m.Get(); v != 3 || !ok {
		t.Errorf("got %v %v after Put", v, ok)
	}
}

func state[T any](m *valid.Maybe[T]) any {
	switch v, ok := m.Get(); {
	case ok:
		return v
	case m.Null():
		return "null"
	case m.Absent():
		return "absent"
	}
	return "?"
}

func TestListBounds(t *testing.T) {
	type box struct {
		V []int `json:"v"`
	}
	for _, c := range []struct {
		n, lo, hi int
		want      string
	}{{0, 0, 0, ""}, {1, 0, 0, "#/v count"}, {1, 1, 1, ""}, {0, 1, 1, "#/v count"}, {2, 1, 1, "#/v count"}, {5000, 0, -1, ""}} {
		got := check(t, &box{make([]int, c.n)}, func(b *box, ctx *valid.C) { valid.List(ctx, &b.V, c.lo, c.hi, valid.Max(1)) })
		is(t, fmt.Sprint(c), strings.Join(got, "; "), c.want)
	}
}

func TestContext(t *testing.T) {
	type key struct{}
	type box struct {
		V string `json:"v"`
	}
	rule := func(b *box, c *valid.C) { c.Assert(&b.V, c.Context().Value(key{}) == b.V, "other") }
	ctx := context.WithValue(context.Background(), key{}, "tenant")
	if err := valid.Check(ctx, &box{"tenant"}, rule); err != nil {
		t.Error(err)
	}
	want(t, check(t, &box{"tenant"}, rule), "#/v other")
	valid.Describe(rule)
}

func TestAs(t *testing.T) {
	is(t, "the code is replaced", on(t, "x", valid.As("too_short", valid.MinLen(2))), "too_short")
	is(t, "the outer one wins", on(t, "x", valid.As("outer", valid.As("inner", valid.MinLen(2)))), "outer")
}

func TestUpload(t *testing.T) {
	var pixels bytes.Buffer
	if err := png.Encode(&pixels, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	file := func(name, content string) *multipart.FileHeader {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, _ := w.CreateFormFile("f", name)
		_, _ = part.Write([]byte(content))
		_ = w.Close()
		form, err := multipart.NewReader(&body, w.Boundary()).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		return form.File["f"][0]
	}
	image := file("a.png", pixels.String())
	types := []string{"image/png"}
	for _, c := range []struct {
		name string
		file *multipart.FileHeader
		rule valid.Upload
		want string
	}{
		{"nil passes", nil, valid.Upload{Types: types}, ""},
		{"an image", image, valid.Upload{Types: types, MaxWidth: 30, MaxHeight: 20, MinWidth: 30, MinHeight: 20}, ""},
		{"a byte too many", image, valid.Upload{MaxBytes: image.Size - 1}, "file_size"},
		{"just enough bytes", image, valid.Upload{MaxBytes: image.Size}, ""},
		{"too wide", image, valid.Upload{MaxWidth: 29}, "file_pixels"},
		{"too low", image, valid.Upload{MinHeight: 21}, "file_pixels"},
		{"the name does not count", file("a.png", "<script>"), valid.Upload{Types: types}, "file_type"},
		{"svg is no image", file("a.svg", `<svg xmlns="http://www.w3.org/2000/svg"/>`), valid.Upload{Types: []string{"image/svg+xml", "image/png"}}, "file_type"},
		{"the ratio", image, valid.Upload{Ratio: 3.0 / 2}, ""},
		{"another ratio", image, valid.Upload{Ratio: 16.0 / 9}, "file_pixels"},
		{"pixels of no image", file("a.png", "hello"), valid.Upload{MaxWidth: 10}, "file_pixels"},
		{"an empty file", file("a.png", ""), valid.Upload{Types: types}, "file_type"},
		{"over the default size", file("a", strings.Repeat("a", 1<<20+1)), valid.Upload{}, "file_size"},
	} {
		is(t, c.name, on(t, c.file, c.rule.Rule), c.want)
	}
	t.Run("a file that cannot be opened is an outage", func(t *testing.T) {
		type box struct{ F *multipart.FileHeader }
		err := valid.Check(context.Background(), &box{&multipart.FileHeader{}}, func(b *box, c *valid.C) { valid.Field(c, &b.F, valid.Upload{Types: types}.Rule) })
		if e, ok := err.(interface{ HTTPStatus() int }); !ok || e.HTTPStatus() != 503 {
			t.Errorf("got %v", err)
		}
	})
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	in := goodSignup()
	lines := make([]line, 500)
	for i := range lines {
		lines[i] = line{SKU: "abc", N: 1}
	}
	type color string
	type page struct {
		C color `query:"c"`
		N int   `query:"n"`
	}
	p := page{"red", 1}
	body := []byte(`{"n":1,"role":"a","lines":[1,2,3]}`)
	var small struct {
		N     int    `json:"n"`
		Role  string `json:"role"`
		Lines []int  `json:"lines"`
	}
	for _, c := range []struct {
		name string
		most float64
		run  func() error
	}{
		{"a struct that passes", 0, func() error { return valid.Check(ctx, in, (*signup).Valid) }},
		{"500 structs that pass", 0, func() error {
			return valid.Check(ctx, &lines, valid.Items(func(l *line, c *valid.C) {
				valid.Field(c, &l.SKU, valid.Required, valid.MaxLen(20))
				valid.Field(c, &l.N, valid.Between[uint8](1, 99))
			}))
		}},
		{"named texts that pass", 0, func() error {
			return valid.Check(ctx, &p, func(p *page, c *valid.C) {
				valid.Text(c, &p.C, valid.MaxLen(20), valid.OneOf("red", "blue"))
				c.Assert(&p.N, p.N > 0, "positive")
			})
		}},
		{"reading", 1, func() error { return valid.Decode(body, &small, valid.Limits{}) }}, // the list
	} {
		if n := testing.AllocsPerRun(100, func() {
			if err := c.run(); err != nil {
				t.Fatal(err)
			}
		}); n > c.most {
			t.Errorf("%s: %v allocations, want %v", c.name, n, c.most)
		}
	}
}

func TestRunsDoNotMix(t *testing.T) {
	done := make(chan []string)
	for i := range 8 {
		go func() {
			var list []string
			for range 300 {
				in := goodSignup()
				if i%2 == 0 {
					in = badSignup()
				}
				var e *valid.Error
				if errors.As(valid.Check(context.Background(), in, (*signup).Valid), &e) != (i%2 == 0) || e != nil && len(e.Violations) != 6 {
					list = append(list, "mixed up")
				}
			}
			done <- list
		}()
	}
	var all []string
	for range 8 {
		all = slices.Concat(all, <-done)
	}
	want(t, all)
}
