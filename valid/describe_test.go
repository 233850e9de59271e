package valid_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/valid"
)

var update = flag.Bool("update", false, "rewrite testdata")

// golden compares got, indented, with a file of testdata.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(b, want) {
		t.Errorf("%s differs (%v), got\n%s", file, err, b)
	}
}

type node struct {
	Name  string           `json:"name"`
	Left  *node            `json:"left"`
	Kids  []node           `json:"kids"`
	Named map[string]*node `json:"named"`
}

func (n *node) Valid(c *valid.C) {
	valid.Field(c, &n.Name, valid.MaxLen(10))
	valid.Field(c, &n.Left, valid.Opt((*node).Valid))
	valid.List(c, &n.Kids, 0, 3, (*node).Valid)
	valid.Field(c, &n.Named, valid.Entries(valid.MaxLen(5), valid.Opt((*node).Valid)))
}

type size string

type kinds struct {
	Small  int8           `json:"small"`
	Byte   uint8          `json:"byte"`
	Long   uint64         `json:"long"`
	Float  float32        `json:"float"`
	Flag   bool           `json:"flag"`
	Size   size           `json:"size"`
	Code   string         `json:"code"`
	Opt    string         `json:"opt"`
	Page   int            `json:"page"`
	Step   int            `json:"step"`
	Pair   [2]string      `json:"pair"`
	Set    []string       `json:"set"`
	Counts map[string]int `json:"counts"`
	Any    any            `json:"any"`
	Blob   []byte         `json:"blob"`
	Host   string         `json:"host"`
	Free   float64        `json:"free"`
	Nested struct {
		In string `json:"in"`
	} `json:"nested"`
}

func (k *kinds) Valid(c *valid.C) {
	valid.Field(c, &k.Small, valid.Required)
	valid.Field(c, &k.Flag, valid.Required)
	valid.Text(c, &k.Size, valid.OneOf("s", "m", "l"))
	valid.Field(c, &k.Code, valid.Match(sku))
	valid.Field(c, &k.Opt, valid.Optional, valid.MinLen(3), valid.MaxLen(5))
	valid.Field(c, &k.Page, valid.Default(1), valid.Between(1, 100))
	valid.Field(c, &k.Step, valid.Optional, valid.MultipleOf(5))
	valid.Field(c, &k.Set, valid.Required, valid.Distinct, valid.Items(valid.OneOf("a", "b", "c")))
	valid.Field(c, &k.Counts, valid.Entries(valid.MaxLen(4), valid.Min(1)))
	valid.Field(c, &k.Host, valid.Optional, valid.Hostname)
	valid.Field(c, &k.Nested.In, valid.Required)
}

func TestDescribeGolden(t *testing.T) {
	golden(t, "signup.json", valid.Describe((*signup).Valid))
	golden(t, "order.json", valid.Describe((*order).Valid))
	golden(t, "node.json", valid.Describe((*node).Valid))
	golden(t, "kinds.json", valid.Describe((*kinds).Valid))
	golden(t, "patch.json", valid.Describe((*patch).Valid))
}

func TestDescribeIf(t *testing.T) {
	type in struct {
		Kind string `json:"kind"`
		A    string `json:"a"`
		B    string `json:"b"`
		C    string `json:"c"`
	}
	rule := func(v *in, c *valid.C) {
		if c.If(v.Kind == "x") {
			valid.Field(c, &v.A, valid.Required, valid.MaxLen(3))
			if c.If(v.A == "y") {
				valid.Field(c, &v.C, valid.MaxLen(7))
			}
		} else if c.If(v.Kind == "y") {
			valid.Field(c, &v.A, valid.Required)
			valid.Field(c, &v.B, valid.Required)
		} else {
			valid.Field(c, &v.A, valid.Required, valid.MaxLen(3))
		}
		valid.Field(c, &v.C, valid.MaxLen(9))
	}
	s := valid.Describe(rule)
	is(t, "what every branch requires is required", fmt.Sprint(s.Property("a").Required), "true")
	is(t, "a bound of some branches is not stated", fmt.Sprint(s.Property("a").MaxSize), "<nil>")
	is(t, "but its code is", strings.Join(s.Property("a").Codes, " "), "max_len required")
	is(t, "what one branch requires is not required", fmt.Sprint(s.Property("b").Required), "false")
	is(t, "a bound of every branch is stated", fmt.Sprint(s.Property("c").MaxSize != nil && *s.Property("c").MaxSize == 9), "true")
	if err := valid.Audit(rule, 500); err != nil {
		t.Error(err)
	}
	t.Run("many conditions end", func(t *testing.T) {
		valid.Describe(func(v *in, c *valid.C) {
			for range 40 {
				c.If(true)
			}
		})
	})
}

func TestDescribePanics(t *testing.T) {
	type in struct {
		P *int `json:"p"`
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.HasPrefix(p, "valid: describing valid_test.in: ") {
			t.Errorf("got %q", p)
		}
	}()
	valid.Describe(func(v *in, c *valid.C) { c.Assert(&v.P, *v.P > 0, "positive") })
}

func TestAudits(t *testing.T) {
	for name, err := range map[string]error{
		"order": valid.Audit((*order).Valid, 2000), "node": valid.Audit((*node).Valid, 2000), "kinds": valid.Audit((*kinds).Valid, 2000), "patch": valid.Audit((*patch).Valid, 2000),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Run("planted faults are caught", func(t *testing.T) {
		type in struct {
			A string `json:"a"`
			N int    `json:"n"`
		}
		for name, rule := range map[string]valid.Rule[in]{
			"hidden behind if": func(v *in, c *valid.C) {
				if v.N > 50 {
					valid.Field(c, &v.A, valid.Email)
				}
			},
			"a bound from the value": func(v *in, c *valid.C) { valid.Field(c, &v.N, valid.Max(v.N-1)) },
			"a rule that only talks": func(v *in, c *valid.C) {
				valid.Field(c, &v.A, valid.MaxLen(10), func(s *string, c *valid.C) {
					if len(*s) > 5 {
						c.Want(false, "sly")
					}
				})
			},
		} {
			if err := valid.Audit(rule, 2000); err == nil {
				t.Errorf("%s: nothing was found", name)
			}
		}
	})
}

// TestBoundaries asks that the edges of every keyword are among the values.
func TestBoundaries(t *testing.T) {
	got := map[string][]bool{}
	for _, s := range []*valid.Schema{valid.Describe((*signup).Valid), valid.Describe((*kinds).Valid), valid.Describe((*order).Valid), valid.Describe((*node).Valid)} {
		for _, b := range s.Boundaries() {
			place := b.Pointer
			if b.In != "" {
				place = b.In + " " + b.Name
			}
			got[place+" "+b.Why] = append(got[place+" "+b.Why], b.Valid)
		}
	}
	for key, valid := range map[string]bool{
		"#/name maxLength": true, "#/name one over maxLength": false, "#/name absent": false, "#/password one under minLength": false, "#/password minLength, four bytes each": true,
		"#/age minimum": true, "#/age one under minimum": false, "#/age maximum": true, "#/age one over maximum": false, "#/age a fraction": false, "#/age wrong type": false,
		"#/tags maxItems": true, "#/tags one over maxItems": false, "#/tags/0 maxLength": true, "#/tags/0 one over maxLength": false, "#/website empty": true, "#/website not a uri": false,
		"# unknown member": false, "# null": false, "# required members only": true, "#/small one over maximum": false, "#/small 0": false, "#/flag false": false, "#/size something else": false,
		"#/set element twice": false, "#/set one under minItems": false, "#/nested/in empty": false, "#/pair one under minItems": false, "#/counts/a one under minimum": false, "#/step multipleOf and one": false,
		"#/left/kids maxItems": true, "#/left/kids one over maxItems": false, "query page one over maximum": false, "header X-Trace maxLength": true, "#/page 0": true, "#/bill null": true,
	} {
		if key == "#/name absent" {
			key = "# name absent"
		}
		if list := got[key]; len(list) == 0 || slices.Contains(list, !valid) {
			t.Errorf("%s: got %v, want %v", key, list, valid)
		}
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte(signupBody), []byte(`{"name":"a","left":{"kids":[{}]}}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		covered(t, a, (*signup).Valid)
		covered(t, b, (*node).Valid)
		covered(t, b, (*order).Valid)
		covered(t, b, (*kinds).Valid)
	})
}

// covered reads and checks body and asks that what is raised is described.
func covered[T any](t *testing.T, body []byte, rule valid.Rule[T]) {
	v := new(T)
	if valid.Decode(body, v, valid.Limits{}) != nil {
		return
	}
	s := valid.Describe(rule)
	if e, ok := valid.Check(t.Context(), v, rule).(*valid.Error); ok {
		for _, violation := range e.Violations {
			if !s.Covers(violation) {
				t.Errorf("%s: %+v is not described", body, violation)
			}
		}
	}
}
