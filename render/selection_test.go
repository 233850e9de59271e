package render_test

import (
	"testing"

	"github.com/glueful/glueful-go/render"
)

// touchy is a relation that says when it is touched.
type touchy struct {
	many[review]
	touched *bool
}

func (x *touchy) Loaded() ([]review, bool) { *x.touched = true; return nil, true }

// counted is a relation that was counted and not loaded.
type counted struct{ many[review] }

func (counted) Count() (int64, bool) { return 7, true }

func TestSelection_unselectedRelations(t *testing.T) {
	touched := false
	rel := touchy{touched: &touched}
	x := viewFunc(func(o *render.Object) {
		o.Str("a", "x")
		render.Many(o, "reviews", &rel, (*review).View)
		render.Count(o, "n", &rel)
	})
	if got, err := body(&x, render.Select([]string{"a"})); err != nil || got != `{"a":"x"}` || touched {
		t.Errorf("got %s, %v, touched: %t", got, err, touched)
	}
	x2 := viewFunc(func(o *render.Object) { render.Count(o, "n", &counted{}) })
	if got, err := body(&x2, nil); err != nil || got != `{"n":7}` {
		t.Errorf("a relation that was counted: %s, %v", got, err)
	}
	if got, _ := body(&x, nil); !touched || got != `{"a":"x","reviews":[],"n":0}` {
		t.Errorf("got %s", got)
	}
}

func TestSelection_nested(t *testing.T) {
	b := book{ID: 1, Title: "t", Pages: 9}
	b.Author = one[author]{item: &author{ID: 2, Name: "n"}, loaded: true}
	b.Reviews = many[review]{list: []review{{1, "a"}, {2, "b"}}, loaded: true}
	tests := []struct {
		paths []string
		want  string
	}{
		{[]string{"author"}, `{"author":{"id":2,"name":"n"}}`},
		{[]string{"reviews.stars", "author.name", "id"}, `{"id":1,"author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}]}`},
		{[]string{"*", "author.name"}, `{"id":1,"title":"t","summary":"about ","author":{"name":"n"},"reviews":[{"stars":1,"text":"a"},{"stars":2,"text":"b"}],"reviews_count":2}`},
		{[]string{"author.nothing", "reviews_count"}, `{"author":{},"reviews_count":2}`},
		{[]string{"author.name", "author"}, `{"author":{"id":2,"name":"n"}}`},
		{[]string{"pages"}, `{}`},
		{[]string{"*", "-author.id", "-reviews.text", "-summary"}, `{"id":1,"title":"t","author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}],"reviews_count":2}`},
		{[]string{"id", "author.*", "-author.name"}, `{"id":1,"author":{"id":2}}`},
		{[]string{"id", "-id", "title"}, `{"title":"t"}`},
		{[]string{"*", "-author.name.x"}, `{"id":1,"title":"t","summary":"about ","author":{"id":2,"name":"n"},"reviews":[{"stars":1,"text":"a"},{"stars":2,"text":"b"}],"reviews_count":2}`},
		{[]string{}, `{}`},
		{[]string{"*", "-reviews", "-summary", "-author"}, `{"id":1,"title":"t","reviews_count":2}`},
		{[]string{"*", "-reviews.text", "-author.id", "-author.no.where", "-no"}, `{"id":1,"title":"t","summary":"about ","author":{"name":"n"},"reviews":[{"stars":1},{"stars":2}],"reviews_count":2}`},
		{[]string{"-author.id", "author"}, `{"author":{"name":"n"}}`},
		{[]string{"author", "-author"}, `{}`},
		{[]string{"-author.id"}, `{}`},
		{[]string{"*", "-**.id"}, `{"title":"t","summary":"about ","author":{"name":"n"},"reviews":[{"stars":1,"text":"a"},{"stars":2,"text":"b"}],"reviews_count":2}`},
		{[]string{"*", "-**.author.id", "-**.reviews"}, `{"id":1,"title":"t","summary":"about ","author":{"name":"n"},"reviews_count":2}`},
		{[]string{"author", "id", "-**.id"}, `{"author":{"name":"n"}}`},
		{[]string{"author.id", "-**.author.id"}, `{"author":{}}`},
	}
	for _, tt := range tests {
		if got, err := body(&b, render.Select(tt.paths)); err != nil || got != tt.want {
			t.Errorf("%q:\n got %s, %v\nwant %s", tt.paths, got, err, tt.want)
		}
	}
	b.Author = one[author]{loaded: true}
	b.Reviews = many[review]{}
	if got, _ := body(&b, render.Select([]string{"author", "reviews"})); got != `{"author":null}` {
		t.Errorf("an empty and a relation that is not loaded: %s", got)
	}
}
