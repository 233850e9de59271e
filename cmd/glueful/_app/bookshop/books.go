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

// Book is one title of the catalogue. A deleted book keeps its row.
type Book struct {
	ID        int64      `db:"id,pk"`
	Title     string     `db:"title"`
	Pages     int        `db:"pages"`
	AuthorID  int64      `db:"author_id"`
	CreatedAt time.Time  `db:"created_at,auto"`
	UpdatedAt time.Time  `db:"updated_at,touch"`
	DeletedAt *time.Time `db:"deleted_at,soft"`
	Author    model.One[Author]
	Reviews   model.Many[Review]
}

// Books is the table; b names its columns.
var (
	Books = model.Of[Book]("books")
	b     = Books.Probe()
	_     = model.BelongsTo(&b.Author, &b.AuthorID)
	_     = model.HasMany(&b.Reviews, &r.BookID)
)

// View says what clients see of a book; author and reviews only when asked for.
func (x *Book) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Field(o, "pages", &x.Pages)
	render.Field(o, "author_id", &x.AuthorID)
	render.Field(o, "created_at", &x.CreatedAt)
	render.Field(o, "updated_at", &x.UpdatedAt)
	render.One(o, "author", &x.Author, (*Author).View)
	render.Many(o, "reviews", &x.Reviews, (*Review).View)
}

// BookQuery is what a client may ask of the list of books.
type BookQuery struct{ project.Query }

// Allow names it.
func (q *BookQuery) Allow(r *project.Rules) {
	project.Sort(r, "title", &b.Title)
	project.Sort(r, "pages", &b.Pages)
	project.Sort(r, "created_at", &b.CreatedAt)
	project.Filter(r, "author_id", &b.AuthorID, "eq", "in")
	project.Filter(r, "pages", &b.Pages, "eq", "gte", "lte")
	project.Filter(r, "title", &b.Title, "eq", "contains", "starts")
	project.Search(r, &b.Title)
}

// NewBook is the body of a request that adds a book.
type NewBook struct {
	Title    string `json:"title"`
	Pages    int    `json:"pages"`
	AuthorID int64  `json:"author_id"`
}

// Valid checks it. Whether the author exists is for the foreign key to say.
func (in *NewBook) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Trim, valid.Required, valid.MaxLen(200))
	valid.Field(c, &in.Pages, valid.Min(1))
	valid.Field(c, &in.AuthorID, valid.Min[int64](1))
}

// BookPatch changes the members that are sent.
type BookPatch struct {
	ID       int64               `path:"id"`
	Title    valid.Maybe[string] `json:"title"`
	Pages    valid.Maybe[int]    `json:"pages"`
	AuthorID valid.Maybe[int64]  `json:"author_id"`
}

// Valid checks it.
func (in *BookPatch) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Set(valid.Trim, valid.Required, valid.MaxLen(200)))
	valid.Field(c, &in.Pages, valid.Set(valid.Min(1)))
	valid.Field(c, &in.AuthorID, valid.Set(valid.Min[int64](1)))
}

func (s *Shop) listBooks(ctx context.Context, q BookQuery) (render.Page[Book], error) {
	page, err := Books.For(&q).Page(ctx, s.db)
	return render.Page[Book](page), err
}

func (s *Shop) showBook(ctx context.Context, in glueful.ByID[int64]) (Book, error) {
	return Books.For(&in).Find(ctx, s.db, in.ID)
}

func (s *Shop) createBook(ctx context.Context, in NewBook) (render.Created[Book], error) {
	x := Book{Title: in.Title, Pages: in.Pages, AuthorID: in.AuthorID}
	err := Books.Insert(ctx, s.db, &x)
	return render.Created[Book]{At: fmt.Sprint("/v1/books/", x.ID), Body: x}, err
}

func (s *Shop) patchBook(ctx context.Context, in BookPatch) (Book, error) {
	x, err := Books.Find(ctx, s.db, in.ID)
	if err != nil {
		return x, err
	}
	var changed []any
	if title, ok := in.Title.Get(); ok {
		x.Title, changed = title, append(changed, &x.Title)
	}
	if pages, ok := in.Pages.Get(); ok {
		x.Pages, changed = pages, append(changed, &x.Pages)
	}
	if author, ok := in.AuthorID.Get(); ok {
		x.AuthorID, changed = author, append(changed, &x.AuthorID)
	}
	if len(changed) > 0 {
		err = Books.Update(ctx, s.db, &x, changed...)
	}
	return x, err
}

func (s *Shop) deleteBook(ctx context.Context, in glueful.ByID[int64]) (render.NoContent, error) {
	return render.NoContent{}, Books.Delete(ctx, s.db, &Book{ID: in.ID})
}
