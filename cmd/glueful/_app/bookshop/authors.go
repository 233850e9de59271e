package bookshop

import (
	"context"
	"fmt"
	"time"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// Author is somebody who wrote a book.
type Author struct {
	ID        int64     `db:"id,pk"`
	Name      string    `db:"name"`
	CreatedAt time.Time `db:"created_at,auto"`
	UpdatedAt time.Time `db:"updated_at,touch"`
	Books     model.Many[Book]
}

// Authors is the table; a names its columns.
var (
	Authors = model.Of[Author]("authors")
	a       = Authors.Probe()
	_       = model.HasMany(&a.Books, &b.AuthorID)
)

// View says what clients see of an author.
func (x *Author) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Field(o, "created_at", &x.CreatedAt)
	render.Field(o, "updated_at", &x.UpdatedAt)
	render.Many(o, "books", &x.Books, (*Book).View)
}

// AuthorQuery is what a client may ask of the list of authors.
type AuthorQuery struct{ project.Query }

// Allow names it.
func (q *AuthorQuery) Allow(r *project.Rules) {
	project.Sort(r, "name", &a.Name)
	project.Sort(r, "created_at", &a.CreatedAt)
	project.Filter(r, "name", &a.Name, "eq", "starts")
	project.Search(r, &a.Name)
}

// NewAuthor is the body of a request that adds an author.
type NewAuthor struct {
	Name string `json:"name"`
}

// Valid checks it.
func (in *NewAuthor) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(200))
}

// AuthorPatch changes the members that are sent.
type AuthorPatch struct {
	ID   int64               `path:"id"`
	Name valid.Maybe[string] `json:"name"`
}

// Valid checks it.
func (in *AuthorPatch) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Set(valid.Trim, valid.Required, valid.MaxLen(200)))
}

func (s *Shop) listAuthors(ctx context.Context, q AuthorQuery) (render.Page[Author], error) {
	page, err := Authors.For(&q).Page(ctx, s.db)
	return render.Page[Author](page), err
}

func (s *Shop) showAuthor(ctx context.Context, in glueful.ByID[int64]) (Author, error) {
	return Authors.For(&in).Find(ctx, s.db, in.ID)
}

func (s *Shop) createAuthor(ctx context.Context, in NewAuthor) (render.Created[Author], error) {
	x := Author{Name: in.Name}
	err := Authors.Insert(ctx, s.db, &x)
	return render.Created[Author]{At: fmt.Sprint("/v1/authors/", x.ID), Body: x}, err
}

func (s *Shop) patchAuthor(ctx context.Context, in AuthorPatch) (Author, error) {
	x, err := Authors.Find(ctx, s.db, in.ID)
	if err != nil {
		return x, err
	}
	if name, ok := in.Name.Get(); ok {
		x.Name = name
		err = Authors.Update(ctx, s.db, &x, &x.Name)
	}
	return x, err
}

func (s *Shop) deleteAuthor(ctx context.Context, in glueful.ByID[int64]) (render.NoContent, error) {
	return render.NoContent{}, Authors.Delete(ctx, s.db, &Author{ID: in.ID})
}
