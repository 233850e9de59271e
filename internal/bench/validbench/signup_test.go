package validbench

import (
	"context"
	"testing"

	"github.com/glueful/glueful-go/valid"
)

// What the ifs accept, the rules accept, and the other way round: otherwise the
// comparison would be between different work.
func TestTwins(t *testing.T) {
	type edit func(*signup)
	inputs := map[string]edit{"good": func(*signup) {}}
	for _, s := range []string{"", "a", "a@b", "a@b.c", "a.b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@-b.c", "a@b-.c", "a@b.1", "a@b..c", "A@B.C", "a b@c.d", "a@b c", "ä@b.c", "a!#$%&'*+-/=?^_`{|}~@b.c", "@b.c", "a@", "a@b@c.d"} {
		inputs["email "+s] = func(in *signup) { in.Email = s }
	}
	for _, s := range []string{"", "x", "http://", "http://a", "https://a.b/", "http://a.b:80/x?y=z#f", "http://a.b:/", "http://a.b:65536", "http://a.b:x", "http://a b", "http://a/%41", "http://a/%4", "http://a/%zz", "http://a/#a#b", "http://a/<x>", "http://-a", "http://a.1", "ftp://a", "http:///x", "http://u@a/", "http://a/[", "http://a?[]"} {
		inputs["website "+s] = func(in *signup) { in.Website = s }
	}
	for name, e := range map[string]edit{
		"name spaces": func(in *signup) { in.Name = "  " }, "password short": func(in *signup) { in.Password = "short" },
		"age 17": func(in *signup) { in.Age = 17 }, "age 120": func(in *signup) { in.Age = 120 }, "tag empty": func(in *signup) { in.Tags = []string{""} },
		"tags nil": func(in *signup) { in.Tags = nil }, "tags 11": func(in *signup) { in.Tags = make([]string, 11) },
	} {
		inputs[name] = e
	}
	for name, edit := range inputs {
		a, b := good(), good()
		edit(a)
		edit(b)
		rules, ifs := valid.Check(context.Background(), a, (*signup).Valid), byHand(b)
		if (rules == nil) != (ifs == nil) {
			t.Errorf("%s: the rules say %v, the ifs %v", name, rules, ifs)
		}
	}
}
