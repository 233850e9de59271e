// Package bookshop is the catalogue of a bookshop: authors, their books and what
// readers say about them.
package bookshop

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate"
)

// Shop serves the catalogue from a database.
type Shop struct{ db *model.Pool }

// New returns the shop on the database, which Migrate has brought up to date.
func New(db *model.Pool) *Shop { return &Shop{db} }

// Routes registers the API.
func (s *Shop) Routes(m *glueful.Mux) {
	api := m.Group("/v1", glueful.SecurityHeaders)

	api.Handle("GET /authors", glueful.Do(s.listAuthors))
	api.Handle("POST /authors", glueful.Do(s.createAuthor, model.ErrConflict))
	api.Handle("GET /authors/{id}", glueful.Do(s.showAuthor, model.ErrNotFound))
	api.Handle("PATCH /authors/{id}", glueful.Do(s.patchAuthor, model.ErrNotFound))
	api.Handle("DELETE /authors/{id}", glueful.Do(s.deleteAuthor, model.ErrNotFound, model.ErrForeignKey))

	api.Handle("GET /books", glueful.Do(s.listBooks))
	api.Handle("POST /books", glueful.Do(s.createBook, model.ErrForeignKey))
	api.Handle("GET /books/{id}", glueful.Do(s.showBook, model.ErrNotFound))
	api.Handle("PATCH /books/{id}", glueful.Do(s.patchBook, model.ErrNotFound, model.ErrForeignKey))
	api.Handle("DELETE /books/{id}", glueful.Do(s.deleteBook, model.ErrNotFound))

	api.Handle("GET /books/{book}/reviews", glueful.Do(s.listReviews, model.ErrNotFound))
	api.Handle("POST /books/{book}/reviews", glueful.Do(s.createReview, model.ErrNotFound))
	api.Handle("GET /books/{book}/reviews/{id}", glueful.Do(s.showReview, model.ErrNotFound))
	api.Handle("PATCH /books/{book}/reviews/{id}", glueful.Do(s.patchReview, model.ErrNotFound))
	api.Handle("DELETE /books/{book}/reviews/{id}", glueful.Do(s.deleteReview, model.ErrNotFound))
}

//go:embed migrations
var migrations embed.FS

// Migrate brings the tables up to date; several processes may do it at once.
func Migrate(ctx context.Context, db *model.Pool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	_, err = migrate.Set{{Name: "bookshop", Files: files}}.Up(ctx, db)
	return err
}

// Seed fills an empty catalogue with a few books.
func Seed(ctx context.Context, db *model.Pool) error {
	return db.Tx(ctx, func(db model.DB) error {
		if n, err := Authors.Count(ctx, db); err != nil || n > 0 {
			return err
		}
		for name, titles := range map[string][]string{
			"Jane Austen":  {"Pride and Prejudice", "Persuasion"},
			"Mary Shelley": {"Frankenstein"},
		} {
			author := Author{Name: name}
			if err := Authors.Insert(ctx, db, &author); err != nil {
				return fmt.Errorf("seed: %w", err)
			}
			for i, title := range titles {
				book := Book{Title: title, Pages: 300 + 20*i, AuthorID: author.ID}
				if err := Books.Insert(ctx, db, &book); err != nil {
					return fmt.Errorf("seed: %w", err)
				}
				review := Review{BookID: book.ID, Stars: 5, Text: "Read it twice."}
				if err := Reviews.Insert(ctx, db, &review); err != nil {
					return fmt.Errorf("seed: %w", err)
				}
			}
		}
		return nil
	})
}
