package render_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/render"
)

func TestDescribeOf(t *testing.T) {
	res := render.DescribeOf[render.Page[book]]()
	if res.Status != 200 || res.Kind != "page" {
		t.Fatalf("got %d %s", res.Status, res.Kind)
	}
	var got []string
	for _, m := range res.Shape.Fields {
		got = append(got, fmt.Sprintf("%s %v cond=%t rel=%t list=%t", m.Name, m.Type, m.Conditional, m.Relation, m.List))
	}
	want := []string{
		"id int64 cond=false rel=false list=false",
		"title string cond=false rel=false list=false",
		"pages int cond=true rel=false list=false",
		"summary string cond=false rel=false list=false",
		"author render_test.author cond=false rel=true list=false",
		"reviews render_test.review cond=false rel=true list=true",
		"reviews_count int64 cond=false rel=true list=false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("members:\n got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for path, want := range map[string][]string{
		"author":                    {"id", "name", "books"},
		"author.books.author.books": {"id", "title", "pages", "summary", "author", "reviews", "reviews_count"},
		"title":                     nil,
		"nothing.at.all":            nil,
	} {
		if got := res.Shape.Members(path); !slices.Equal(got, want) {
			t.Errorf("Members(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestShape_Relation(t *testing.T) {
	shape := render.DescribeOf[book]().Shape
	for path, want := range map[string][2]bool{
		"title": {}, "author": {true, false}, "reviews": {true, true}, "author.books": {true, true}, "author.books.reviews.text": {},
		"reviews_count": {true, false}, "": {}, "no": {}, "title.no": {}, "author.no.no": {},
	} {
		if relation, list := shape.Relation(path); relation != want[0] || list != want[1] {
			t.Errorf("Relation(%q) = %v, %v", path, relation, list)
		}
	}
}

func TestResult_Reads(t *testing.T) {
	b := new(book)
	a, r := b.Author.Probe(), b.Reviews.Probe()
	names := map[any]string{
		&b.ID: "b.ID", &b.Title: "b.Title", &b.Pages: "b.Pages", &b.Notes: "b.Notes", &b.Author: "b.Author",
		&b.Reviews: "b.Reviews", &a.ID: "a.ID", &a.Name: "a.Name", &a.Books: "a.Books", &r.Stars: "r.Stars", &r.Text: "r.Text",
	}
	tests := []struct {
		name  string
		paths []string
		want  string
	}{
		{"everything by default reads no relation", nil, "b.ID b.Title b.Pages b.Notes"},
		{"an empty selection reads nothing", []string{}, ""},
		{"a name reads its field", []string{"title"}, "b.Title"},
		{"a computed member reads its inputs", []string{"summary"}, "b.Notes"},
		{"a conditional member is read though the condition may fail", []string{"pages"}, "b.Pages"},
		{"a relation is loaded with its defaults", []string{"author"}, "b.Author b.Author/a.ID b.Author/a.Name"},
		{"a path goes down", []string{"author.name", "reviews.stars"}, "b.Author b.Author/a.Name b.Reviews b.Reviews/r.Stars"},
		{"the defaults and a relation", []string{"*", "author.id"}, "b.ID b.Title b.Pages b.Notes b.Author b.Author/a.ID"},
		{"what is left out is not read", []string{"*", "-title", "-author", "-reviews.text"}, "b.ID b.Pages b.Notes"},
		{"what is left out everywhere is not read", []string{"*", "author", "reviews", "-**.id", "-**.reviews.text", "-**.author.no"},
			"b.Title b.Pages b.Notes b.Author b.Author/a.Name b.Reviews b.Reviews/r.Stars"},
		{"a relation without a member", []string{"author", "-author.name"}, "b.Author b.Author/a.ID"},
		{"what is left out is not read", []string{"*", "-title", "-author.name"}, "b.ID b.Pages b.Notes"},
		{"nor below a relation", []string{"author.*", "-author.name"}, "b.Author b.Author/a.ID"},
		{"a count needs the relation", []string{"reviews_count"}, "b.Reviews"},
	}
	res := render.DescribeOf[book]()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, path := range res.Reads(b, render.Select(tt.paths)) {
				var parts []string
				for _, p := range path {
					parts = append(parts, names[p])
				}
				got = append(got, strings.Join(parts, "/"))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
	if got := res.Reads(new(author), nil); got != nil {
		t.Errorf("a probe of another type gave %v", got)
	}
}

type broken struct{ p *int }

func (b *broken) View(o *render.Object) { o.Int("n", int64(*b.p)) }

func TestDescribeOf_panic(t *testing.T) {
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "render_test.broken") {
			t.Errorf("panic %q does not name the type", p)
		}
	}()
	render.DescribeOf[broken]()
}

type branches struct{ A, B, C string }

func (x *branches) View(o *render.Object) {
	if o.When(x.A != "") {
		render.Field(o, "a", &x.A)
		if o.When(x.B != "") {
			render.Field(o, "b", &x.B)
		}
	} else {
		render.Field(o, "b", &x.B)
		if !o.When(x.C == "") {
			render.Field(o, "c", &x.C)
		}
	}
	render.Field(o, "last", &x.A)
}

func TestDescribeOf_branches(t *testing.T) {
	res := render.DescribeOf[branches]()
	if got, want := res.Shape.Members(""), []string{"a", "b", "c", "last"}; !reflect.DeepEqual(got, want) {
		t.Errorf("members %q, want %q", got, want)
	}
	for _, m := range res.Shape.Fields {
		if m.Conditional != (m.Name != "last") {
			t.Errorf("member %s: conditional is %t", m.Name, m.Conditional)
		}
	}
}
