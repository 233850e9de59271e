package model_test

import (
	"context"
	"errors"

	"github.com/glueful/glueful-go/model"
)

type entry struct {
	ID   int64  `db:"id,pk"`
	Tag  string `db:"tag"`
	Note string `db:"note"`
}

type noted struct {
	ID   int64  `db:"id,pk"`
	Tag  string `db:"tag"`
	Note string `db:"note"`
}

var (
	entries = model.Of[entry]("ledger")
	en      = entries.Probe()
	hooked  = model.Of[noted]("ledger")
)

func init() {
	hooked.Before(model.Insert, func(ctx context.Context, db model.DB, row *noted) error {
		row.Note = "seen"
		return nil
	})
}

// modelPaths are the writes of models, on the pool and on a wrapped *sql.DB.
// Each leaves one row with the tag when it is done.
func modelPaths(db, wrapped model.DB) []lostPath {
	one := func(d model.DB) func(context.Context, string) error {
		return func(ctx context.Context, tag string) error { return entries.Insert(ctx, d, &entry{Tag: tag}) }
	}
	all := func(d model.DB) func(context.Context, string) error {
		return func(ctx context.Context, tag string) error {
			return entries.InsertAll(ctx, d, []entry{{Tag: tag}, {Tag: "beside " + tag}})
		}
	}
	return []lostPath{
		{"Insert", 0, one(db)},
		{"Insert on a wrapped *sql.DB", 0, one(wrapped)},
		{"InsertAll", 0, all(db)},
		{"InsertAll on a wrapped *sql.DB", 0, all(wrapped)},
		{"Insert with hooks, its commit", 2, func(ctx context.Context, tag string) error {
			return hooked.Insert(ctx, db, &noted{Tag: tag})
		}},
		{"Insert in a transaction, its commit", 2, func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
		}},
		{"Insert in a savepoint, its release", 3, func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error {
				return db.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
			})
		}},
		{"Insert in a transaction of a wrapped *sql.DB, its commit", 2, func(ctx context.Context, tag string) error {
			return wrapped.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
		}},
		{"Update", 1, changed(db, func(ctx context.Context, e *entry, tag string) error {
			e.Tag = tag
			return entries.Update(ctx, db, e, &e.Tag)
		})},
		{"Update of a set", 1, changed(db, func(ctx context.Context, e *entry, tag string) error {
			_, err := entries.Where(model.Eq(&en.ID, e.ID)).Update(ctx, db, model.Set(&en.Tag, tag))
			return err
		})},
		{"Delete", 1, gone(db, func(ctx context.Context, e *entry) error { return entries.Delete(ctx, db, e) })},
		{"Delete of a set", 1, gone(db, func(ctx context.Context, e *entry) error {
			_, err := entries.Where(model.Eq(&en.ID, e.ID)).Delete(ctx, db)
			return err
		})},
	}
}

// changed inserts a row and gives it the tag by do.
func changed(db model.DB, do func(ctx context.Context, e *entry, tag string) error) func(context.Context, string) error {
	return func(ctx context.Context, tag string) error {
		e := entry{Tag: "before " + tag}
		if err := entries.Insert(ctx, db, &e); err != nil {
			return err
		}
		return do(ctx, &e, tag)
	}
}

// gone inserts a row with the tag and deletes it by do. A deletion that was
// lost leaves no row, so the error that admits it is the success here.
func gone(db model.DB, do func(ctx context.Context, e *entry) error) func(context.Context, string) error {
	return func(ctx context.Context, tag string) error {
		e := entry{Tag: "before " + tag}
		if err := entries.Insert(ctx, db, &e); err != nil {
			return err
		}
		err := do(ctx, &e)
		if err != nil && !errors.Is(err, model.ErrCommitUnknown) {
			return err
		}
		// The row is gone either way; the tag stands for having told so.
		if err != nil {
			return entries.Insert(ctx, db, &entry{Tag: tag})
		}
		if n, e := entries.Where(model.Eq(&en.Tag, "before "+tag)).Count(ctx, db); n != 0 || e != nil {
			return errors.New("deleted in vain")
		}
		return entries.Insert(ctx, db, &entry{Tag: tag})
	}
}
