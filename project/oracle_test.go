package project_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

// This file judges selections by doing what they say to a decoded document. It
// shares nothing with the package but the meaning.

// A wish is one item of a random selection.
type wish struct {
	path []string // "*" alone is the star
	not  bool
	kids []wish // nil is no list
}

func (w wish) text() string {
	s := strings.Join(w.path, ".")
	if w.not {
		return "-" + s
	}
	if w.kids != nil {
		s += "(" + wishes(w.kids) + ")"
	}
	return s
}

func wishes(list []wish) string {
	var parts []string
	for _, w := range list {
		parts = append(parts, w.text())
	}
	return strings.Join(parts, ",")
}

func randomWishes(r *rand.Rand, path string, depth int) []wish {
	names := members(path)
	var list []wish
	for range 1 + r.IntN(4) {
		w := wish{path: []string{names[r.IntN(len(names))]}}
		switch r.IntN(10) {
		case 0:
			list = append(list, wish{path: []string{"*"}})
			continue
		case 1, 2:
			w.not = true
		}
		full := strings.TrimPrefix(path+"."+w.path[0], ".")
		if below := members(full); below != nil && depth < 3 {
			switch r.IntN(3) {
			case 0:
				w.path = append(w.path, below[r.IntN(len(below))])
			case 1:
				if !w.not {
					w.kids = randomWishes(r, full, depth+1)
				}
			}
		}
		list = append(list, w)
	}
	return list
}

// allowed reports whether the caller of the test may see a path.
func allowed(path string) bool {
	return !strings.HasSuffix("."+path, ".email") && path != "author.books"
}

// mentions reports whether a list names, or walks through, what is not allowed.
func mentions(list []wish, path string) bool {
	for _, w := range list {
		full := path
		for _, name := range w.path {
			full = strings.TrimPrefix(full+"."+name, ".")
			if !allowed(full) {
				return true
			}
		}
		if mentions(w.kids, full) {
			return true
		}
	}
	return false
}

// A verdict is what is said of one object.
type verdict struct {
	star, told bool
	named, out map[string]bool
	whole      map[string]bool
	below      map[string]*verdict
}

func newVerdict() *verdict {
	return &verdict{named: map[string]bool{}, out: map[string]bool{}, whole: map[string]bool{}, below: map[string]*verdict{}}
}

func (v *verdict) sub(name string) *verdict {
	if v.below[name] == nil {
		v.below[name] = newVerdict()
	}
	return v.below[name]
}

func (v *verdict) add(list []wish) {
	for _, w := range list {
		at := v
		for i, name := range w.path {
			last := i == len(w.path)-1
			switch {
			case name == "*":
				at.star, at.told = true, true
			case last && w.not:
				at.out[name] = true
			case w.not:
				at = at.sub(name)
			default:
				at.told, at.named[name] = true, true
				switch {
				case !last:
					at = at.sub(name)
				case w.kids != nil:
					at.sub(name).add(w.kids)
				default:
					at.whole[name] = true
				}
			}
		}
	}
}

// narrow does to a document what is said. A nil verdict is the default.
func narrow(doc any, v *verdict, path string, hide bool) any {
	switch doc := doc.(type) {
	case []any:
		list := make([]any, len(doc))
		for i, x := range doc {
			list[i] = narrow(x, v, path, hide)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, x := range doc {
			full := strings.TrimPrefix(path+"."+name, ".")
			if hide && !allowed(full) {
				continue
			}
			star, named, out := true, false, false
			var below *verdict
			if v != nil {
				star = v.star || !v.told
				named, out, below = v.named[name], v.out[name], v.below[name]
				if below != nil && v.whole[name] {
					c := *below
					c.star, below = true, &c
				}
			}
			if out || !star && !named {
				continue
			}
			object[name] = narrow(x, below, full, hide)
		}
		return object
	}
	return doc
}

// document is a document with all members down to a depth.
func document(path string, depth int) any {
	names := members(path)
	if names == nil {
		return path
	}
	object := map[string]any{}
	for _, name := range names {
		full := strings.TrimPrefix(path+"."+name, ".")
		if members(full) != nil && depth == 0 {
			continue
		}
		object[name] = document(full, depth-1)
		if _, list := relation(full); list {
			object[name] = []any{object[name], object[name]}
		}
	}
	return object
}

func TestBind_oracle(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 2_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	p := plan(t, func(r *project.Rules) {
		r.Name = "book"
		r.Hide("email")
		r.Guard("author.books", func(ctx context.Context) bool { return false })
	})
	doc := document("", 4)
	full, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	refused, planted := 0, 0
	for range rounds {
		list := randomWishes(r, "", 0)
		q, faults := bind(t, p, "fields="+url.QueryEscape(wishes(list)))
		if (faults != nil) != mentions(list, "") {
			t.Fatalf("fields=%s: faults %v", wishes(list), faults)
		}
		if faults != nil {
			refused++
			continue
		}
		out, err := q.Copy(nil, full)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		v := newVerdict()
		v.add(list)
		if want := narrow(doc, v, "", true); !reflect.DeepEqual(prune(got), prune(want)) {
			t.Fatalf("fields=%s, paths %q:\n got %s\nwant %v", wishes(list), q.Paths(), out, want)
		}
		if !reflect.DeepEqual(prune(got), prune(narrow(doc, v, "", false))) {
			planted++
		}
		for path := range leaves(got, "") {
			if !allowed(path) {
				t.Fatalf("fields=%s shows %s", wishes(list), path)
			}
		}
	}
	if refused == 0 || refused == rounds {
		t.Errorf("%d of %d were refused", refused, rounds)
	}
	if planted == 0 {
		t.Error("an oracle that hides nothing was never contradicted")
	}
}

// prune drops objects that nothing was selected of: a path cannot say them.
func prune(doc any) any {
	switch doc := doc.(type) {
	case []any:
		for i, x := range doc {
			doc[i] = prune(x)
		}
	case map[string]any:
		for name, x := range doc {
			switch x := prune(x).(type) {
			case map[string]any:
				if len(x) == 0 {
					delete(doc, name)
				}
			case []any:
				if len(x) == 0 || reflect.DeepEqual(x[0], map[string]any{}) {
					delete(doc, name)
				}
			}
		}
	}
	return doc
}

func leaves(doc any, path string) map[string]bool {
	found := map[string]bool{}
	switch doc := doc.(type) {
	case []any:
		for _, x := range doc {
			for p := range leaves(x, path) {
				found[p] = true
			}
		}
	case map[string]any:
		for name, x := range doc {
			full := strings.TrimPrefix(path+"."+name, ".")
			found[full] = true
			for p := range leaves(x, full) {
				found[p] = true
			}
		}
	}
	return found
}

// TestBind_filterOracle asks for random names, operators and values and
// compares with a table of what is allowed.
func TestBind_filterOracle(t *testing.T) {
	rounds := 10_000
	if testing.Short() {
		rounds = 2_000
	}
	may := map[string]string{"author": "eq in", "pages": "eq gte lte between", "title": "eq contains starts", "notes": "eq null not_null"}
	field := map[string]any{"author": &b.AuthorID, "pages": &b.Pages, "title": &b.Title, "notes": &b.Notes}
	names := []string{"author", "pages", "title", "notes", "id", "email", "Title", "titl", ""}
	operators := []string{"", "eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "between", "contains", "starts", "ends", "null", "not_null", "like", "EQ"}
	texts := []string{"1", "12", "1,2", "abc", "true", "", "a%b", "-5", "1e3"}
	r := rand.New(rand.NewPCG(3, 4))
	p := plan(t, everything)
	passed, planted := 0, 0
	for range rounds {
		name, op, text := names[r.IntN(len(names))], operators[r.IntN(len(operators))], texts[r.IntN(len(texts))]
		param := "filter[" + name + "]"
		if op != "" {
			param += "[" + op + "]"
		}
		q, faults := bind(t, p, url.Values{param: {text}}.Encode())
		listed := slices.Contains(strings.Fields(may[name]), op) || op == "" && may[name] != ""
		typed := true
		for part := range strings.SplitSeq(text, ",") {
			number := len(part) > 0 && strings.Trim(part, "0123456789") == "" || part == "-5"
			typed = typed && (number || name == "title" || name == "notes")
		}
		switch op {
		case "in":
		case "between":
			typed = typed && strings.Count(text, ",") == 1
		case "contains":
			typed = len(text) >= 3
		case "starts":
			typed = text != ""
		case "null", "not_null":
			typed = text == "" || text == "true"
		default:
			typed = typed && (!strings.Contains(text, ",") || name == "title" || name == "notes")
		}
		if ok := faults == nil; ok != (listed && typed) {
			t.Fatalf("%s=%s: allowed %v, want %v: %v", param, text, ok, listed && typed, faults)
		} else if ok != typed {
			planted++
		}
		q.Terms(func(got any, _ string, _ []any) bool {
			if passed++; got != field[name] {
				t.Fatalf("%s=%s tests another field", param, text)
			}
			return true
		})
	}
	if passed == 0 || planted == 0 {
		t.Errorf("%d conditions, %d contradictions of a list that allows everything", passed, planted)
	}

}
