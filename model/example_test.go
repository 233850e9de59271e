package model_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

type Author struct {
	ID   int64  `db:"id,pk" json:"id"`
	Name string `db:"name" json:"name"`
}

type Review struct {
	ID     int64 `db:"id,pk" json:"id"`
	BookID int64 `db:"book_id" json:"-"`
	Stars  int   `db:"stars" json:"stars"`
}

type Book struct {
	ID        int64              `db:"id,pk" json:"id"`
	Title     string             `db:"title" json:"title"`
	AuthorID  int64              `db:"author_id" json:"-"`
	DeletedAt *time.Time         `db:"deleted_at,soft" json:"-"`
	Author    model.One[Author]  `json:"author,omitzero"`
	Reviews   model.Many[Review] `json:"reviews,omitzero"`
}

var (
	Authors = model.Of[Author]("authors")
	Books   = model.Of[Book]("library_books")
	Reviews = model.Of[Review]("reviews")

	a, b, r = Authors.Probe(), Books.Probe(), Reviews.Probe()

	_ = model.BelongsTo(&b.Author, &b.AuthorID)
	_ = model.HasMany(&b.Reviews, &r.BookID)
)

func Example() {
	ctx := context.Background()
	db, err := postgres.Open(ctx, "postgres://app@localhost/shop?sslmode=verify-full")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	book := Book{Title: "The Go Programming Language", AuthorID: 1}
	if err := Books.Insert(ctx, db, &book); err != nil {
		log.Fatal(err) // book.ID is set otherwise
	}

	good, err := Books.
		Where(model.Has(&b.Reviews, func(q model.Query[Review]) model.Query[Review] {
			return q.Where(model.Ge(&r.Stars, 4))
		})).
		With(&b.Author).
		OrderBy(model.Asc(&b.Title)).
		Page(ctx, db)
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range good.Items {
		reviews, err := x.Reviews.Load(ctx) // one statement for the whole page
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(x.Title, len(reviews))
	}

	err = db.Tx(ctx, func(db model.DB) error { // shadows the outer db on purpose
		x, err := Books.ForUpdate().Find(ctx, db, book.ID)
		if err != nil {
			return err
		}
		x.Title = "TGPL"
		return Books.Update(ctx, db, &x, &x.Title)
	})
	if errors.Is(err, model.ErrNotFound) {
		fmt.Println("gone")
	}
}

// Marshalling writes what is loaded and never asks the database.
func ExampleMany() {
	x := Book{ID: 7, Title: "Dune"}
	print := func() {
		text, err := json.Marshal(x)
		fmt.Println(string(text), err)
	}
	print()
	x.Reviews.Set([]Review{{ID: 1, Stars: 5}})
	print()
	// Output:
	// {"id":7,"title":"Dune"} <nil>
	// {"id":7,"title":"Dune","reviews":[{"id":1,"stars":5}]} <nil>
}

// A query is a value: branches never see each other.
func ExampleQuery() {
	all := Books.OrderBy(model.Asc(&b.Title))
	mine := all.Where(model.Eq(&b.AuthorID, 1))
	newest := mine.OrderBy(model.Desc(&b.ID)).Limit(3)
	_, _, _ = all, mine, newest
}

// The condition narrows which related rows are loaded; a limit counts per parent.
func ExampleConstrain() {
	_ = Books.With(&b.Author).With(model.Constrain(&b.Reviews, func(q model.Query[Review]) model.Query[Review] {
		return q.OrderBy(model.Desc(&r.Stars)).Limit(3)
	}))
}

// Only constants become SQL; what varies is an argument.
func ExampleSQL() {
	search := "dune'; DROP TABLE books; --"
	_ = Books.Where(model.SQL("lower(?) = lower(?)", &b.Title, search))
}

// A zero key names no row, whatever the table holds.
func ExampleQuery_Find() {
	_, err := Books.Find(context.Background(), model.Wrap(new(sql.DB), model.SQLite), 0) // refused before the database is asked
	e, _ := errors.AsType[*model.Error](err)
	fmt.Println(errors.Is(err, model.ErrNoKey), e.Model, e.HTTPStatus(), e.PublicMessage())
	// Output: true library_books 404 There is no such record.
}

func ExampleGroup() {
	type perAuthor struct {
		Name  string
		Books int64
	}
	count := func(ctx context.Context, db model.DB) ([]perAuthor, error) {
		return model.Group(ctx, db, Books.Join(&b.Author), func(row *perAuthor, g *model.Grouping) {
			g.By(&row.Name, &a.Name)
			g.Count(&row.Books)
			g.OrderBy(model.Desc(&row.Books))
		})
	}
	_ = count
}
