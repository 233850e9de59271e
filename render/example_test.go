package render_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"

	"github.com/glueful/glueful-go/render"
)

type Author struct {
	ID   int64
	Name string
}

func (a *Author) View(o *render.Object) {
	render.Field(o, "id", &a.ID)
	render.Field(o, "name", &a.Name)
}

// A Relation is what a data layer puts into a struct; package model has one.
type Relation[T any] struct{ row *T }

func (r *Relation[T]) Loaded() (*T, bool) { return r.row, r.row != nil }
func (r *Relation[T]) Probe() *T          { return new(T) }

type Article struct {
	ID     int64
	Title  string
	Text   string
	Draft  bool
	Author Relation[Author]
}

func (a *Article) View(o *render.Object) {
	render.Field(o, "id", &a.ID)
	render.Field(o, "title", &a.Title)
	if o.When(a.Draft, &a.Draft) {
		render.Field(o, "draft", &a.Draft)
	}
	if o.Wants("words", &a.Text) { // computed only if somebody asks
		o.Int("words", int64(len(a.Text)/6))
	}
	render.One(o, "author", &a.Author, (*Author).View)
}

var articles = []Article{
	{ID: 1, Title: "Bridges", Text: "A bridge is a road that floats.", Author: Relation[Author]{&Author{7, "Ada"}}},
	{ID: 2, Title: "Gardens", Draft: true},
}

// print shows what a handler answers.
func print(respond func(http.ResponseWriter, *http.Request) error, ctx context.Context) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/articles?page[size]=2", nil)
	if err := respond(w, r.WithContext(ctx)); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w.Code, w.Body)
}

func Example() {
	show := func(w http.ResponseWriter, r *http.Request) error { return render.Respond(w, r, &articles[0]) }
	print(show, context.Background())
	// Only some members, as a client asked with fields=title,author.name.
	print(show, render.With(context.Background(), render.Select([]string{"title", "author.name"})))
	// Output:
	// 200 {"id":1,"title":"Bridges","words":5,"author":{"id":7,"name":"Ada"}}
	// 200 {"title":"Bridges","author":{"name":"Ada"}}
}

func ExampleDescribeOf() {
	res := render.DescribeOf[render.Page[Article]]()
	for _, m := range res.Shape.Fields {
		fmt.Println(m.Name, m.Type, m.Conditional, m.Relation)
	}
	fmt.Println(res.Shape.Members("author"))
	probe := new(Article)
	for _, path := range res.Reads(probe, render.Select([]string{"words"})) {
		fmt.Println(path[0] == any(&probe.Text), path[0] == any(&probe.Draft))
	}
	// Output:
	// id int64 false false
	// title string false false
	// draft bool true false
	// words int64 false false
	// author render_test.Author false true
	// [id name]
	// false true
	// true false
}

func ExamplePage() {
	total := int64(5)
	print(render.Page[Article]{Items: articles[1:], Size: 2, Number: 1, More: true, Total: &total}.Respond, context.Background())
	// Output:
	// 200 {"data":[{"id":2,"title":"Gardens","draft":true,"words":0}],"meta":{"size":2,"more":true,"total":5,"page":1},"links":{"self":"/articles?page[size]=2","next":"/articles?page[size]=2\u0026page%5Bnumber%5D=2"}}
}

func ExampleWrapped() {
	type took struct {
		Queries int `json:"queries"`
	}
	print(render.Wrapped[Article]{Body: articles[1], Meta: took{1}}.Respond, context.Background())
	// Output:
	// 200 {"data":{"id":2,"title":"Gardens","draft":true,"words":0},"meta":{"queries":1}}
}

func ExampleCreated() {
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/articles", nil)
	if err := render.Respond(w, r, &render.Created[Article]{At: "/articles/2", Body: articles[1]}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output:
	// 201 /articles/2
}

func ExampleStream() {
	ticks := render.Stream[int]{Events: func(ctx context.Context, after string) iter.Seq2[render.Event[int], error] {
		return func(yield func(render.Event[int], error) bool) {
			for i := range 2 { // a real source goes on after the event with ID after, until ctx ends
				if !yield(render.Event[int]{ID: fmt.Sprint(i), Data: i * i}, nil) {
					return
				}
			}
		}
	}}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/ticks", nil)
	r.Header.Set("Accept", "text/event-stream")
	if err := ticks.Respond(w, r); err != nil {
		fmt.Println(err)
	}
	fmt.Print(w.Body)
	// Output:
	// id: 0
	// data: 0
	//
	// id: 1
	// data: 1
}

func ExampleAudit() {
	view := func(a *Article, o *render.Object) {
		render.Field(o, "title", &a.Title)
		o.Str("by", a.Text)
	}
	fmt.Println(render.Audit(view))
	// Output:
	// render: member "by" of Article reads Text without naming it
}
