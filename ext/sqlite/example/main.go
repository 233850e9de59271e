// Command example serves books from an SQLite file.
package main

import (
	"context"
	"fmt"
	"log"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

type Book struct {
	ID    int64  `db:"id,pk"`
	Title string `db:"title"`
	Pages int    `db:"pages"`
}

var Books = model.Of[Book]("books")

type NewBook struct {
	Title string `json:"title"`
	Pages int    `json:"pages"`
}

func (in *NewBook) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Trim, valid.Required, valid.MaxLen(200))
	valid.Field(c, &in.Pages, valid.Min(1))
}

func (x *Book) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Field(o, "pages", &x.Pages)
}

func Routes(m *glueful.Mux, db *model.Pool) {
	m.Handle("GET /books", glueful.Do(func(ctx context.Context, q project.Query) (render.Page[Book], error) {
		page, err := Books.For(&q).Page(ctx, db)
		return render.Page[Book](page), err
	}))
	m.Handle("GET /books/{id}", glueful.Do(func(ctx context.Context, in glueful.ByID[int64]) (Book, error) {
		return Books.For(&in).Find(ctx, db, in.ID)
	}, model.ErrNotFound))
	m.Handle("POST /books", glueful.Do(func(ctx context.Context, in NewBook) (render.Created[Book], error) {
		x := Book{Title: in.Title, Pages: in.Pages}
		err := Books.Insert(ctx, db, &x)
		return render.Created[Book]{At: fmt.Sprint("/books/", x.ID), Body: x}, err
	}))
}

func main() {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, "books.db")
	if err == nil {
		_, err = db.SQL().Exec(`CREATE TABLE IF NOT EXISTS books (id integer PRIMARY KEY, title text NOT NULL, pages integer NOT NULL)`)
	}
	if err != nil {
		log.Fatal(err)
	}
	var m glueful.Mux
	Routes(&m, db)
	log.Fatal(glueful.Serve(ctx, "127.0.0.1:8080", &m))
}
