package model_test

import (
	"context"
	"errors"
	"fmt"
	"testing/fstest"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/factory"
	"github.com/glueful/glueful-go/model/migrate"
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

type drawer struct {
	ID      int64  `db:"id,pk"`
	Name    string `db:"name"`
	Entries model.Many[entry]
}

var (
	entries = model.Of[entry]("ledger")
	en      = entries.Probe()
	hooked  = model.Of[noted]("ledger")
	drawers = model.Of[drawer]("drawers")
	dr      = drawers.Probe()
	_       = model.BelongsToMany(&dr.Entries, "drawer_entries", "drawer_id", "entry_id")
)

func init() {
	hooked.Before(model.Insert, func(ctx context.Context, db model.DB, row *noted) error {
		row.Note = "seen"
		return nil
	})
}

// modelPaths are the writes of models, on the pool and on a wrapped *sql.DB.
// Each leaves one row with the tag when it is done.
func modelPaths(db *model.Pool, wrapped model.DB) []lostPath {
	one := func(d model.DB) func(context.Context, string) error {
		return func(ctx context.Context, tag string) error { return entries.Insert(ctx, d, &entry{Tag: tag}) }
	}
	all := func(d model.DB) func(context.Context, string) error {
		return func(ctx context.Context, tag string) error {
			return entries.InsertAll(ctx, d, []entry{{Tag: tag}, {Tag: "beside " + tag}})
		}
	}
	migration := migrated(db)
	return []lostPath{
		{name: "Insert", skip: 0, run: one(db)},
		{name: "Insert on a wrapped *sql.DB", skip: 0, run: one(wrapped)},
		{name: "InsertAll", skip: 0, run: all(db)},
		{name: "InsertAll on a wrapped *sql.DB", skip: 0, run: all(wrapped)},
		{name: "Insert with hooks, its commit", skip: toCommit, run: func(ctx context.Context, tag string) error {
			return hooked.Insert(ctx, db, &noted{Tag: tag})
		}},
		{name: "Insert in a transaction, its commit", skip: toCommit, run: func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
		}},
		{name: "Insert in a savepoint, its release", skip: 3, run: func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error {
				return db.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
			})
		}},
		{name: "Insert in a transaction of a wrapped *sql.DB, its commit", skip: toCommit, run: func(ctx context.Context, tag string) error {
			return wrapped.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &entry{Tag: tag}) })
		}},
		{name: "Update", skip: 1, run: changed(db, func(ctx context.Context, e *entry, tag string) error {
			e.Tag = tag
			return entries.Update(ctx, db, e, &e.Tag)
		})},
		{name: "Update of a set", skip: 1, run: changed(db, func(ctx context.Context, e *entry, tag string) error {
			_, err := entries.Where(model.Eq(&en.ID, e.ID)).Update(ctx, db, model.Set(&en.Tag, tag))
			return err
		})},
		{name: "Attach, its commit", skip: toCommit, run: attached(db),
			rows: "SELECT count(*) FROM drawer_entries d JOIN ledger l ON l.id = d.entry_id WHERE l.tag = $1"},
		{name: "a migration, its commit", skip: toCommit, run: migration},
		{name: "a migration, its script", skip: 4, run: migration}, // BEGIN, lock, table, record read
		{name: "a factory, its commit", skip: toCommit, run: func(ctx context.Context, tag string) error {
			_, err := factory.Of(entries, func(_ *factory.Fake, e *entry) { e.Tag = tag }).One(ctx, db)
			return err
		}},
		{name: "Delete", skip: 1, run: gone(db, func(ctx context.Context, e *entry) error { return entries.Delete(ctx, db, e) })},
		{name: "Delete of a set", skip: 1, run: gone(db, func(ctx context.Context, e *entry) error {
			_, err := entries.Where(model.Eq(&en.ID, e.ID)).Delete(ctx, db)
			return err
		})},
	}
}

// attached puts an entry with the tag into a drawer.
func attached(db *model.Pool) func(context.Context, string) error {
	return func(ctx context.Context, tag string) error {
		d, e := drawer{Name: "d"}, entry{Tag: tag}
		if err := errors.Join(drawers.Insert(ctx, db, &d), entries.Insert(ctx, db, &e)); err != nil {
			return err
		}
		return model.Pivot(&d, &d.Entries).Attach(ctx, db, e)
	}
}

// migrated writes the tag by a migration, which is run again when it failed.
func migrated(db *model.Pool) func(context.Context, string) error {
	files := fstest.MapFS{}
	set := migrate.Set{{Name: "app", Files: files}}
	return func(ctx context.Context, tag string) error {
		name := fmt.Sprintf("%04d_tag.up.sql", len(files)+1)
		files[name] = &fstest.MapFile{Data: []byte("INSERT INTO ledger (tag) VALUES ('" + tag + "')")}
		if _, err := set.Up(ctx, db); err != nil {
			_, err = set.Up(ctx, db)
			return err
		}
		return nil
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
