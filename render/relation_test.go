package render_test

import "github.com/glueful/glueful-go/render"

// many and one stand for the relations of a data layer.
type many[T any] struct {
	list   []T
	loaded bool
	probe  *T
}

func (m *many[T]) Loaded() ([]T, bool) { return m.list, m.loaded }
func (m *many[T]) Probe() *T {
	if m.probe == nil {
		m.probe = new(T)
	}
	return m.probe
}

type one[T any] struct {
	item   *T
	loaded bool
	probe  *T
}

func (o *one[T]) Loaded() (*T, bool) { return o.item, o.loaded }
func (o *one[T]) Probe() *T {
	if o.probe == nil {
		o.probe = new(T)
	}
	return o.probe
}

type author struct {
	ID    int64
	Name  string
	Books many[book]
}

func (a *author) View(o *render.Object) {
	render.Field(o, "id", &a.ID)
	render.Field(o, "name", &a.Name)
	render.Many(o, "books", &a.Books, (*book).View)
}

type review struct {
	Stars int
	Text  string
}

func (r *review) View(o *render.Object) {
	render.Field(o, "stars", &r.Stars)
	render.Field(o, "text", &r.Text)
}

type book struct {
	ID      int64
	Title   string
	Pages   int
	Notes   string
	Author  one[author]
	Reviews many[review]
	Secret  string
}

func (b *book) View(o *render.Object) {
	render.Field(o, "id", &b.ID)
	render.Field(o, "title", &b.Title)
	if o.When(o.Context().Value(editorKey{}) != nil) {
		render.Field(o, "pages", &b.Pages)
	}
	if o.Wants("summary", &b.Notes) {
		o.Str("summary", "about "+b.Notes)
	}
	render.One(o, "author", &b.Author, (*author).View)
	render.Many(o, "reviews", &b.Reviews, (*review).View)
	render.Count(o, "reviews_count", &b.Reviews)
}

type editorKey struct{}
