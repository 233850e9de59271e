// Package migrate brings a database to the schema an app was built with.
//
//	//go:embed migrations
//	var files embed.FS
//
//	func main() {
//		db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"))
//		...
//		app, _ := fs.Sub(files, "migrations")
//		done, err := migrate.Set{{Name: "app", Files: app}}.Up(ctx, db)
//
// A migration is a file NNNN_name.up.sql and, if there is a way back,
// NNNN_name.down.sql. Files that differ between databases lie in folders
// named postgres and sqlite. Each migration runs in one transaction together
// with the record of it, so it happened or it did not, whatever was killed
// when. A file whose first line is
//
//	-- migrate: no transaction
//
// runs without one; it should hold one statement that bears repeating
// (CREATE INDEX CONCURRENTLY IF NOT EXISTS ...).
//
// Any number of processes may start at the same time: one works, the others
// wait for it and find nothing to do. A file that was changed after it was
// applied, or is gone, or was slipped in before one that was applied, is an
// error: write another migration instead.
//
// The record is the table model_migrations. On PostgreSQL the lock is an
// advisory lock, held for one transaction at a time, or by the session while a
// file without a transaction runs: behind a pooler, migrate past it.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/glueful/glueful-go/model"
)

// A Set is all migrations of a database, by source. Sources are applied in
// order, so tables that others refer to come first.
type Set []Source

// A Source is a folder of migrations: an app's own, or the Schema of a package.
type Source struct {
	Name  string // names the source in the record; must stay the same for ever
	Files fs.FS  // files in the root, or in folders named after the dialects
}

// A Migration is one numbered step.
type Migration struct {
	Source string
	Number int64
	Name   string
	// Applied is when it was, by the clock of the database; zero if it is pending.
	Applied time.Time

	up, down script
	seq      int64  // order of application
	sum      string // checksum of up: of the file here, of the record in applied
}

// String returns "app/0001_books".
func (m Migration) String() string { return fmt.Sprintf("%s/%04d_%s", m.Source, m.Number, m.Name) }

// ErrDrift is in the error when files and record contradict each other.
var ErrDrift = errors.New("migrate: files differ from what was applied")

// Up applies what is pending and returns it. After an error, what was
// returned stays applied, and running Up again is safe.
func (s Set) Up(ctx context.Context, db *model.Pool) ([]Migration, error) {
	files, err := s.read(db.Dialect())
	if err != nil {
		return nil, err
	}
	var done []Migration
	for {
		m, err := step(ctx, db, func(applied []Migration) (*action, error) {
			pending, err := compare(files, applied)
			if err != nil || len(pending) == 0 {
				return nil, err
			}
			return &action{Migration: pending[0], script: pending[0].up, seq: next(applied)}, nil
		})
		if err != nil || m == nil {
			return done, err
		}
		done = append(done, *m)
	}
}

// Down takes back the n migrations that were applied last, newest first, and
// returns them. A migration without a down file is an error.
func (s Set) Down(ctx context.Context, db *model.Pool, n int) ([]Migration, error) {
	files, err := s.read(db.Dialect())
	if err != nil {
		return nil, err
	}
	var done []Migration
	for len(done) < n {
		m, err := step(ctx, db, func(applied []Migration) (*action, error) {
			if _, err := compare(files, applied); err != nil || len(applied) == 0 {
				return nil, err
			}
			last := applied[len(applied)-1]
			m := find(files, last)
			if m.down.text == "" {
				return nil, fmt.Errorf("migrate: %s has no down file", m)
			}
			return &action{Migration: *m, script: m.down}, nil
		})
		if err != nil || m == nil {
			return done, err
		}
		done = append(done, *m)
	}
	return done, nil
}

// Status returns every migration, applied ones with their time. It changes
// nothing, and reports drift as an error beside the list.
func (s Set) Status(ctx context.Context, db *model.Pool) ([]Migration, error) {
	files, err := s.read(db.Dialect())
	if err != nil {
		return nil, err
	}
	applied, err := recorded(ctx, db)
	if err != nil {
		return nil, err
	}
	for i := range files {
		if a := find(applied, files[i]); a != nil {
			files[i].Applied = a.Applied
		}
	}
	_, err = compare(files, applied)
	return files, err
}

// Verify reports, without changing anything, whether the record and the files
// agree; every difference is named. Pending migrations are no difference.
func (s Set) Verify(ctx context.Context, db *model.Pool) error {
	_, err := s.Status(ctx, db)
	return err
}

// compare returns the pending migrations in order.
func compare(files, applied []Migration) (pending []Migration, err error) {
	var wrong []error
	newest := map[string]int64{}
	for _, a := range applied {
		newest[a.Source] = max(newest[a.Source], a.Number)
		switch f := find(files, a); {
		case f == nil:
			wrong = append(wrong, fmt.Errorf("%s was applied, its file is gone", a))
		case f.sum != a.sum:
			wrong = append(wrong, fmt.Errorf("%s was changed after it was applied", f))
		}
	}
	for _, f := range files {
		if find(applied, f) != nil {
			continue
		}
		if f.Number < newest[f.Source] {
			wrong = append(wrong, fmt.Errorf("%s is older than the newest applied (%04d): give it a higher number", f, newest[f.Source]))
		}
		pending = append(pending, f)
	}
	if wrong != nil {
		return nil, fmt.Errorf("%w:\n%w", ErrDrift, errors.Join(wrong...))
	}
	return pending, nil
}

// find returns the migration of list with the source and number of m, or nil.
func find(list []Migration, m Migration) *Migration {
	for i := range list {
		if list[i].Source == m.Source && list[i].Number == m.Number {
			return &list[i]
		}
	}
	return nil
}

func next(applied []Migration) int64 {
	if len(applied) == 0 {
		return 1
	}
	return applied[len(applied)-1].seq + 1
}
