// Package model reads and writes rows of a table as values of a struct, on
// PostgreSQL and SQLite through database/sql.
//
//	type Book struct {
//		ID        int64      `db:"id,pk"`
//		Title     string     `db:"title"`
//		AuthorID  int64      `db:"author_id"`
//		DeletedAt *time.Time `db:"deleted_at,soft"`
//		Author    model.One[Author]
//		Reviews   model.Many[Review]
//	}
//
//	var (
//		Books = model.Of[Book]("books")
//		b     = Books.Probe() // &b.Title names the column, everywhere
//		_     = model.BelongsTo(&b.Author, &b.AuthorID)
//		_     = model.HasMany(&b.Reviews, &r.BookID)
//	)
//
//	list, err := Books.
//		Where(model.Starts(&b.Title, "The "), model.Has(&b.Reviews)).
//		With(&b.Author).
//		OrderBy(model.Desc(&b.ID)).
//		Limit(10).
//		All(ctx, db)
//
// # Names are addresses
//
// A [Model] has a probe, a value of the struct that is never written to. The
// address of one of its fields stands for the column, or the relation, in
// conditions, orders, paths and updates. A renamed field stays right and a
// value of another type does not compile. SQL of your own goes through [SQL],
// which takes constants only: no string that came in at run time becomes SQL,
// and no value is ever written into the text of a statement.
//
// # Queries
//
// A [Query] is a value; each method returns another one. What runs it is at
// the end of the chain and takes a context and a [DB]: Find, All, One, First,
// Page, Each, Count, Exists, [Pluck], [Sum], [Group]; Update, Delete, Destroy
// and Restore for many rows at once, which need a condition. Every reference
// to a table gets the model's scopes and its soft delete around the caller's
// conditions, so neither an OR nor a relation leads around them.
//
// # Relations
//
// [One] and [Many] are fields that know which rows they were read with. Load
// asks the database once for all of them; With loads with the query; neither
// marshalling nor copying ever asks it. A loop over rows and their relations
// therefore costs one statement a level.
//
// # Writes
//
// Insert, Update with the fields it writes, Upsert, Delete (soft where the
// model is), Destroy and Restore are methods of the Model and take a row. Zero
// is a value. A row with a lock column is only written as the version it was
// read. Hooks run around them, in one transaction with the write.
//
// # Databases
//
// A [Pool] comes from model/postgres or ext/sqlite; [Wrap] takes a *sql.DB or
// a *sql.Tx that somebody else opened. [Pool.Tx] runs a function in a
// transaction. Times are UTC with microseconds. Errors that a client may cause
// know their HTTP status: errors.Is(err, [ErrNotFound]).
//
// The package does not create tables (see model/migrate), guess names from
// types, or change rows behind your back.
package model
