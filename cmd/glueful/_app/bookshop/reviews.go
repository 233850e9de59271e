package bookshop

import (
	"context"
	"fmt"
	"time"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// Review is what a reader says of a book.
type Review struct {
	ID        int64     `db:"id,pk"`
	BookID    int64     `db:"book_id"`
	Stars     int       `db:"stars"`
	Text      string    `db:"text"`
	CreatedAt time.Time `db:"created_at,auto"`
	UpdatedAt time.Time `db:"updated_at,touch"`
}

// Reviews is the table; r names its columns.
var (
	Reviews = model.Of[Review]("reviews")
	r       = Reviews.Probe()
)

// View says what clients see of a review.
func (x *Review) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "book_id", &x.BookID)
	render.Field(o, "stars", &x.Stars)
	render.Field(o, "text", &x.Text)
	render.Field(o, "created_at", &x.CreatedAt)
	render.Field(o, "updated_at", &x.UpdatedAt)
}

// ReviewQuery is what a client may ask of a book's reviews.
type ReviewQuery struct {
	BookID int64 `path:"book"`
	project.Query
}

// Allow names it.
func (q *ReviewQuery) Allow(a *project.Rules) {
	project.Sort(a, "stars", &r.Stars)
	project.Sort(a, "created_at", &r.CreatedAt)
	project.Filter(a, "stars", &r.Stars, "eq", "gte", "lte")
}

// ReviewID names one review of one book.
type ReviewID struct {
	BookID int64 `path:"book"`
	ID     int64 `path:"id"`
}

// NewReview is the body of a request that adds a review.
type NewReview struct {
	BookID int64  `path:"book"`
	Stars  int    `json:"stars"`
	Text   string `json:"text"`
}

// Valid checks it.
func (in *NewReview) Valid(c *valid.C) {
	valid.Field(c, &in.Stars, valid.Between(1, 5))
	valid.Field(c, &in.Text, valid.Trim, valid.Required, valid.MaxLen(10_000))
}

// ReviewPatch changes the members that are sent.
type ReviewPatch struct {
	BookID int64               `path:"book"`
	ID     int64               `path:"id"`
	Stars  valid.Maybe[int]    `json:"stars"`
	Text   valid.Maybe[string] `json:"text"`
}

// Valid checks it.
func (in *ReviewPatch) Valid(c *valid.C) {
	valid.Field(c, &in.Stars, valid.Set(valid.Between(1, 5)))
	valid.Field(c, &in.Text, valid.Set(valid.Trim, valid.Required, valid.MaxLen(10_000)))
}

// review finds a review of a book that is not deleted.
func (s *Shop) review(ctx context.Context, book, id int64) (Review, error) {
	if _, err := Books.Find(ctx, s.db, book); err != nil {
		return Review{}, err
	}
	return Reviews.Where(model.Eq(&r.BookID, book)).Find(ctx, s.db, id)
}

func (s *Shop) listReviews(ctx context.Context, q ReviewQuery) (render.Page[Review], error) {
	if _, err := Books.Find(ctx, s.db, q.BookID); err != nil {
		return render.Page[Review]{}, err
	}
	page, err := Reviews.For(&q).Where(model.Eq(&r.BookID, q.BookID)).Page(ctx, s.db)
	return render.Page[Review](page), err
}

func (s *Shop) showReview(ctx context.Context, in ReviewID) (Review, error) {
	return s.review(ctx, in.BookID, in.ID)
}

func (s *Shop) createReview(ctx context.Context, in NewReview) (render.Created[Review], error) {
	x := Review{BookID: in.BookID, Stars: in.Stars, Text: in.Text}
	if _, err := Books.Find(ctx, s.db, in.BookID); err != nil {
		return render.Created[Review]{}, err
	}
	err := Reviews.Insert(ctx, s.db, &x)
	return render.Created[Review]{At: fmt.Sprintf("/v1/books/%d/reviews/%d", x.BookID, x.ID), Body: x}, err
}

func (s *Shop) patchReview(ctx context.Context, in ReviewPatch) (Review, error) {
	x, err := s.review(ctx, in.BookID, in.ID)
	if err != nil {
		return x, err
	}
	var changed []any
	if stars, ok := in.Stars.Get(); ok {
		x.Stars, changed = stars, append(changed, &x.Stars)
	}
	if text, ok := in.Text.Get(); ok {
		x.Text, changed = text, append(changed, &x.Text)
	}
	if len(changed) > 0 {
		err = Reviews.Update(ctx, s.db, &x, changed...)
	}
	return x, err
}

func (s *Shop) deleteReview(ctx context.Context, in ReviewID) (render.NoContent, error) {
	x, err := s.review(ctx, in.BookID, in.ID)
	if err == nil {
		err = Reviews.Delete(ctx, s.db, &x)
	}
	return render.NoContent{}, err
}
