// Package schema compares package valid with an independent JSON Schema
// validator: for generated bodies, what Describe states must be what reading and
// checking decide.
package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/valid"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

type signup struct {
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Age      int      `json:"age"`
	Tags     []string `json:"tags"`
	Website  string   `json:"website"`
}

func (in *signup) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(12))
	valid.Field(c, &in.Email, valid.Lower, valid.Required, valid.Email)
	valid.Field(c, &in.Password, valid.MinLen(8), valid.MaxLen(20))
	valid.Field(c, &in.Age, valid.Between(18, 120))
	valid.List(c, &in.Tags, 0, 4, valid.MinLen(1), valid.MaxLen(5))
	valid.Field(c, &in.Website, valid.Optional, valid.URL)
}

type item struct {
	SKU   string  `json:"sku"`
	Count uint8   `json:"count"`
	Price float64 `json:"price"`
	Gift  bool    `json:"gift"`
}

func (i *item) Valid(c *valid.C) {
	valid.Field(c, &i.SKU, valid.Match(sku))
	valid.Field(c, &i.Count, valid.Default[uint8](1), valid.Max[uint8](99))
	valid.Field(c, &i.Price, valid.Min(0.01), valid.Max(1e6))
}

var sku = regexp.MustCompile(`^[A-Z]{2}-\d{3}$`)

type address struct {
	Street string  `json:"street"`
	Zip    string  `json:"zip"`
	Floor  *int8   `json:"floor"`
	Since  string  `json:"since"`
	Nick   *string `json:"nick"`
}

func (a *address) Valid(c *valid.C) {
	valid.Field(c, &a.Street, valid.Required)
	valid.Field(c, &a.Zip, valid.Optional, valid.Len(5))
	valid.Field(c, &a.Floor, valid.Opt(valid.Between[int8](-3, 90)))
	valid.Field(c, &a.Since, valid.Optional, valid.Date)
	valid.Field(c, &a.Nick, valid.Opt(valid.MinLen(2), valid.MaxLen(4)))
}

type order struct {
	ID     string              `json:"id"`
	Kind   string              `json:"kind"`
	Items  []item              `json:"items"`
	Ship   address             `json:"ship"`
	Bill   *address            `json:"bill"`
	Attrs  map[string]string   `json:"attrs"`
	Counts map[string]int      `json:"counts"`
	Places map[string]*address `json:"places"`
	Codes  []int               `json:"codes"`
	Pair   [2]int32            `json:"pair"`
	Step   int                 `json:"step"`
	Terms  bool                `json:"terms"`
	Size   int                 `json:"size"`
	Grid   [][]uint16          `json:"grid"`
	Free   any                 `json:"free"`
	At     string              `json:"at"`
}

func (o *order) Valid(c *valid.C) {
	valid.Field(c, &o.ID, valid.UUID)
	valid.Field(c, &o.Kind, valid.Default("normal"), valid.OneOf("normal", "express"))
	valid.List(c, &o.Items, 1, 3, (*item).Valid)
	valid.Field(c, &o.Ship, (*address).Valid)
	valid.Field(c, &o.Bill, valid.Opt((*address).Valid))
	valid.Field(c, &o.Attrs, valid.Entries(valid.MaxLen(3), valid.MinLen(1), valid.MaxLen(4)))
	valid.Field(c, &o.Counts, valid.Entries(nil, valid.Min(1)))
	valid.Field(c, &o.Places, valid.Entries(nil, valid.Opt((*address).Valid)))
	valid.Field(c, &o.Codes, valid.Distinct, valid.Count[int](0, 5))
	valid.Field(c, &o.Pair, func(v *[2]int32, c *valid.C) {})
	valid.Field(c, &o.Step, valid.Optional, valid.Min(5), valid.MultipleOf(5))
	valid.Field(c, &o.Terms, valid.Required)
	valid.Field(c, &o.Size, valid.Required, valid.Between(-2, 2))
	valid.Field(c, &o.Grid, valid.Items(valid.Count[uint16](1, 2)))
	valid.Field(c, &o.At, valid.Optional, valid.DateTime)
}

type node struct {
	Name string           `json:"name"`
	Left *node            `json:"left"`
	Kids []node           `json:"kids"`
	Map  map[string]*node `json:"map"`
}

func (n *node) Valid(c *valid.C) {
	valid.Field(c, &n.Name, valid.MinLen(1), valid.MaxLen(3))
	valid.Field(c, &n.Left, valid.Opt((*node).Valid))
	valid.List(c, &n.Kids, 0, 2, (*node).Valid)
	valid.Field(c, &n.Map, valid.Entries(nil, valid.Opt((*node).Valid)))
}

type patch struct {
	Name valid.Maybe[string]   `json:"name,omitzero"`
	Age  valid.Maybe[int16]    `json:"age,omitzero"`
	Tags valid.Maybe[[]string] `json:"tags,omitzero"`
	Home valid.Maybe[address]  `json:"home,omitzero"`
}

func (p *patch) Valid(c *valid.C) {
	valid.Field(c, &p.Name, valid.NotNull, valid.Set(valid.MinLen(1), valid.MaxLen(3)))
	valid.Field(c, &p.Age, valid.Set(valid.Between[int16](0, 150)))
	valid.Field(c, &p.Tags, valid.Required, valid.Set(valid.Count[string](0, 2)))
	valid.Field(c, &p.Home, valid.Set((*address).Valid))
}

type formats struct {
	Mail string `json:"mail"`
	Link string `json:"link"`
	ID   string `json:"id"`
	Four string `json:"four"`
	Six  string `json:"six"`
	Host string `json:"host"`
	Day  string `json:"day"`
	Hour string `json:"hour"`
	When string `json:"when"`
}

func (f *formats) Valid(c *valid.C) {
	valid.Field(c, &f.Mail, valid.Email)
	valid.Field(c, &f.Link, valid.URL)
	valid.Field(c, &f.ID, valid.UUID)
	valid.Field(c, &f.Four, valid.IPv4)
	valid.Field(c, &f.Six, valid.IPv6)
	valid.Field(c, &f.Host, valid.Hostname)
	valid.Field(c, &f.Day, valid.Date)
	valid.Field(c, &f.Hour, valid.Time)
	valid.Field(c, &f.When, valid.DateTime)
}

type branchy struct {
	Kind string `json:"kind"`
	A    string `json:"a"`
	B    int    `json:"b"`
}

func (b *branchy) Valid(c *valid.C) {
	valid.Field(c, &b.Kind, valid.OneOf("x", "y"))
	if c.If(b.Kind == "x") {
		valid.Field(c, &b.A, valid.Required, valid.MaxLen(3))
	} else {
		valid.Field(c, &b.A, valid.Required, valid.MaxLen(3))
	}
	valid.Field(c, &b.B, valid.Max(7))
}

// A subject is one type: its description, compiled elsewhere, and our verdict.
type subject struct {
	name   string
	schema *valid.Schema
	other  *jsonschema.Schema
	ours   func(body []byte) error
}

func newSubject[T any](t *testing.T, described, checked valid.Rule[T], edit ...string) subject {
	t.Helper()
	s := subject{name: fmt.Sprintf("%T", *new(T)), schema: valid.Describe(described)}
	text, err := json.Marshal(s.schema)
	if err != nil {
		t.Fatal(err)
	}
	if len(edit) == 2 {
		changed := bytes.ReplaceAll(text, []byte(edit[0]), []byte(edit[1]))
		if bytes.Equal(changed, text) {
			t.Fatalf("%s is not in %s", edit[0], text)
		}
		text = changed
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("mem:///schema.json", document); err != nil {
		t.Fatal(err)
	}
	if s.other, err = c.Compile("mem:///schema.json"); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s.ours = func(body []byte) error {
		v := new(T)
		if err := valid.Decode(body, v, valid.Limits{}); err != nil {
			return err
		}
		return valid.Check(context.Background(), v, checked)
	}
	return s
}

// run compares n generated bodies and returns the differences and how many
// bodies both accept.
func (s subject) run(n int, seed uint64, most int) (differences []string, accepted int) {
	g := generator{r: rand.New(rand.NewPCG(seed, 99)), root: s.schema}
	for range n {
		g.faults = g.r.IntN(3)
		body, err := json.Marshal(g.value(s.schema, 0))
		if err != nil {
			return append(differences, err.Error()), accepted
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			return append(differences, err.Error()), accepted
		}
		ours, theirs := s.ours(body), s.other.Validate(instance)
		if (ours == nil) != (theirs == nil) {
			differences = append(differences, fmt.Sprintf("%s %s\n\tvalid: %v\n\tthem: %v", s.name, body, ours, theirs))
			if len(differences) >= most {
				return differences, accepted
			}
		} else if ours == nil {
			accepted++
		}
	}
	return differences, accepted
}

func TestSameVerdict(t *testing.T) {
	total := 100_000
	if os.Getenv("GLUEFUL_LONG") == "1" {
		total = 1_000_000
	} else if testing.Short() {
		total = 20_000
	}
	subjects := []subject{
		newSubject(t, (*signup).Valid, (*signup).Valid), newSubject(t, (*order).Valid, (*order).Valid), newSubject(t, (*node).Valid, (*node).Valid),
		newSubject(t, (*patch).Valid, (*patch).Valid), newSubject(t, (*formats).Valid, (*formats).Valid), newSubject(t, (*branchy).Valid, (*branchy).Valid), newSubject(t, (*item).Valid, (*item).Valid), newSubject(t, (*address).Valid, (*address).Valid),
	}
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			n := total / len(subjects)
			differences, accepted := s.run(n, 1, 5)
			for _, d := range differences {
				t.Error(d)
			}
			if accepted < n/20 || accepted > n-n/20 {
				t.Errorf("%d of %d bodies are accepted: that is no test", accepted, n)
			}
			t.Logf("%d bodies, %d accepted", n, accepted)
		})
	}
	t.Run("planted faults are caught", func(t *testing.T) {
		plants := map[string]subject{
			"a bound one too high": newSubject(t, (*signup).Valid, func(in *signup, c *valid.C) {
				n := in.Age
				if n == 121 {
					in.Age = 120
				}
				(*signup).Valid(in, c)
				in.Age = n
			}),
			"lengths in bytes": newSubject(t, (*address).Valid, func(a *address, c *valid.C) {
				(*address).Valid(a, c)
				c.Assert(&a.Zip, len(a.Zip) <= 5, "bytes")
			}),
			"a field not required":   newSubject(t, (*branchy).Valid, (*branchy).Valid, `"required":["kind","a"]`, `"required":["kind"]`),
			"unknown members":        newSubject(t, (*item).Valid, (*item).Valid, `"additionalProperties":false`, `"additionalProperties":true`),
			"an exclusive bound":     newSubject(t, (*item).Valid, (*item).Valid, `"maximum":99`, `"exclusiveMaximum":99`),
			"null where none is":     newSubject(t, (*patch).Valid, (*patch).Valid, `"type":"string"`, `"type":["string","null"]`),
			"a format not looked at": newSubject(t, (*formats).Valid, (*formats).Valid, `"format":"ipv4"`, `"title":"ipv4"`),
		}
		for name, s := range plants {
			if differences, _ := s.run(20_000, 2, 1); len(differences) == 0 {
				t.Errorf("%s: nothing was noticed in 20,000 bodies", name)
			}
		}
	})
}

// A generator makes values near what a schema accepts.
type generator struct {
	r      *rand.Rand
	root   *valid.Schema
	faults int // still to be made in this body
}

// fault decides whether to go wrong here.
func (g *generator) fault() bool {
	if g.faults > 0 && g.r.IntN(6) == 0 {
		g.faults--
		return true
	}
	return false
}

func pick[T any](g *generator, list ...T) T { return list[g.r.IntN(len(list))] }

func (g *generator) value(s *valid.Schema, depth int) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		if s.Nullable && (depth > 3 || g.r.IntN(2) == 0) {
			return nil
		}
		s = g.root.Defs[name]
	}
	if g.fault() && g.r.IntN(2) == 0 {
		return pick[any](g, nil, true, 1, 1.5, "a", "", []any{}, map[string]any{}, []any{1}, map[string]any{"a": 1}, json.Number("1.0"), json.Number("1e2"), -1)
	}
	if s.Nullable && g.r.IntN(5) == 0 {
		return nil
	}
	if s.ZeroPasses && g.r.IntN(5) == 0 {
		return map[string]any{"string": "", "integer": 0, "number": 0, "boolean": false}[s.Type]
	}
	if s.Enum != nil && !g.fault() {
		return pick(g, s.Enum...)
	}
	switch s.Type {
	case "boolean":
		return g.r.IntN(2) == 0
	case "integer", "number":
		return g.number(s)
	case "string":
		return g.text(s)
	case "array":
		return g.list(s, depth)
	case "object":
		return g.object(s, depth)
	}
	return pick[any](g, nil, 1, "x", []any{1, "a"}, map[string]any{"b": nil}, true, 0.5)
}

func (g *generator) number(s *valid.Schema) any {
	edges := []any{1, 0, 2, -1, 5, 10, 7}
	for _, bound := range []any{s.Minimum, s.Maximum, s.MultipleOf} {
		if bound == nil {
			continue
		}
		text, _ := json.Marshal(bound)
		var f float64
		_ = json.Unmarshal(text, &f)
		edges = append(edges, json.Number(text), json.Number(text))
		if g.faults > 0 && f > -1e15 && f < 1e15 {
			edges = append(edges, f+1, f-1, f*2, f+0.5)
		}
	}
	n := pick(g, edges...)
	if s.Minimum != nil && g.r.IntN(2) == 0 {
		var low, high int64
		_, errLow := fmt.Sscan(fmt.Sprint(s.Minimum), &low)
		_, errHigh := fmt.Sscan(fmt.Sprint(s.Maximum), &high)
		if errLow == nil && errHigh == nil && high > low {
			n = low + g.r.Int64N(high-low+1)
		}
	}
	if i, ok := n.(int); ok && g.r.IntN(8) == 0 { // other spellings of the same number
		return pick[any](g, json.Number(fmt.Sprintf("%d.0", i)), json.Number(fmt.Sprintf("%d.00e0", i)), json.Number(fmt.Sprintf("%de0", i)), json.Number(fmt.Sprintf("%de-1", 10*i)))
	}
	return n
}

// examples are clear cases of each format; what is disputed between validators
// is listed in the comments of package valid instead.
var examples = map[string][2][]string{
	"email":     {{"ada@example.com", "a.b+c@x.example", `"a b"@example.com`, "a@[127.0.0.1]", "a@[IPv6:::1]"}, {"ada", "ada@", ".a@example.com", "a..b@example.com", "a@[127.0.0.300]", "a@exam_ple.com"}},
	"uri":       {{"https://example.com", "http://example.com:8080/a?b=c#d", "http://[::1]/", "http://1.2.3.4/%20"}, {"example.com", "/a", "https://exa mple.com", "http://a/%zz", "mailto:a@b.example", "ftp://example.com"}},
	"uuid":      {{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "00000000-0000-0000-0000-000000000000"}, {"f81d4fae7dec11d0a76500a0c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf"}},
	"ipv4":      {{"192.0.2.1", "0.0.0.0", "255.255.255.255"}, {"192.0.2", "256.0.0.1", "01.2.3.4", "1.2.3.4.5", "::1"}},
	"ipv6":      {{"::", "::1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"}, {"1.2.3.4", "1::2::3", "12345::", "::1%eth0", ":1", "1:2:3:4:5:6:7"}},
	"hostname":  {{"example.com", "localhost", "a-b.c1.example"}, {"-a.example", "a_b.example", "a..b", "a b", strings.Repeat("a", 64) + ".example"}},
	"date":      {{"2024-02-29", "1999-12-31", "0001-01-01"}, {"2023-02-29", "2024-2-9", "2024-13-01", "2024-00-10", "2024/01/01"}},
	"time":      {{"12:00:00Z", "23:59:59.5+01:00", "23:59:60Z", "00:00:00-00:00"}, {"24:00:00Z", "12:00:00", "12:60:00Z", "12:00:60Z", "12:00Z", "12:00:00+25:00"}},
	"date-time": {{"2024-02-29T12:00:00Z", "2024-02-29t12:00:00.123z", "1998-12-31T23:59:60Z", "2024-01-01T00:00:00+05:30"}, {"2024-02-29", "2024-02-29 12:00:00Z", "2023-02-29T12:00:00Z", "2024-01-01T00:00:00", "2024-01-01T25:00:00Z"}},
}

func (g *generator) text(s *valid.Schema) any {
	if e, ok := examples[s.Format]; ok {
		if g.fault() {
			return pick(g, append(slices.Clone(e[1]), "")...)
		}
		return pick(g, e[0]...)
	}
	if s.Patterns != nil {
		if g.fault() {
			return pick(g, "AB-12", "ab-123", "AB-1234", "", " AB-123", "AB-\u0661\u0662\u0663")
		}
		return fmt.Sprintf("%c%c-%03d", 'A'+g.r.IntN(26), 'A'+g.r.IntN(26), g.r.IntN(1000))
	}
	low, high := s.MinSize, s.MinSize+6
	if s.MaxSize != nil {
		high = *s.MaxSize
	}
	n := pick(g, low, high, low+g.r.IntN(high-low+1))
	if g.fault() {
		n = pick(g, max(0, low-1), high+1, high+2)
	}
	var b strings.Builder
	for i := range n {
		inner := i > 0 && i < n-1
		switch c := g.r.IntN(8); {
		case c == 0 && inner:
			b.WriteString(pick(g, " ", "\t", "\"", "\\", "\n"))
		case c == 1:
			b.WriteString(pick(g, "\u00e9", "\u4e16", "\U0001F600", "e\u0301"[1:]))
		default:
			b.WriteByte(byte('a' + g.r.IntN(26)))
		}
	}
	return b.String()
}

func (g *generator) list(s *valid.Schema, depth int) any {
	low, high := s.MinSize, s.MinSize+3
	if s.MaxSize != nil {
		high = *s.MaxSize
	}
	n := pick(g, low, low+g.r.IntN(high-low+1))
	if depth > 3 {
		n = low
	}
	if g.fault() {
		n = pick(g, max(0, low-1), high+1)
	}
	list := make([]any, 0, n)
	for range n {
		list = append(list, g.value(s.Items, depth+1))
	}
	if s.Distinct && n > 1 && g.fault() {
		list[0] = list[1]
	}
	return list
}

func (g *generator) object(s *valid.Schema, depth int) any {
	m := map[string]any{}
	if s.Values != nil {
		n := g.r.IntN(3)
		if depth > 3 {
			n = 0
		}
		for range n {
			key, _ := g.text(s.Keys).(string)
			m[key] = g.value(s.Values, depth+1)
		}
		return m
	}
	for _, p := range s.Properties {
		if p.Required && g.fault() || !p.Required && g.r.IntN(3) == 0 {
			continue
		}
		m[p.Name] = g.value(p, depth+1)
	}
	if g.fault() {
		m[pick(g, "other", "Name", "", "\u212a")] = 1
	}
	return m
}
