package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/glueful/glueful-go/model"
)

// action is what the holder of the lock found to do.
type action struct {
	Migration
	script script
	seq    int64 // 0 takes the record away
}

// lockKey is the advisory lock of PostgreSQL: "glueful" in ASCII.
const lockKey = 0x676c756566756c

// step takes the lock, lets choose look at what is applied, does what it
// chose and returns it; nil means there was nothing to do.
func step(ctx context.Context, db *model.Pool, choose func(applied []Migration) (*action, error)) (*Migration, error) {
	conn, err := db.SQL().Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer conn.Close()
	tx, err := locked(ctx, conn, db.Dialect())
	if err != nil {
		return nil, fmt.Errorf("migrate: take the lock: %w", err)
	}
	defer tx.Rollback()
	applied, err := prepared(ctx, tx, db.Dialect())
	if err != nil {
		return nil, err
	}
	act, err := choose(applied)
	if err != nil || act == nil {
		return nil, err
	}
	if act.script.plain {
		err = outside(ctx, conn, tx, db.Dialect(), act)
	} else {
		err = inside(ctx, conn, tx, act)
	}
	if err != nil {
		return nil, fmt.Errorf("migrate: %s: %w", act.Migration, err)
	}
	return &act.Migration, nil
}

// prepared makes the table of the record if it is missing and reads it.
func prepared(ctx context.Context, tx *sql.Tx, d model.Dialect) ([]Migration, error) {
	if _, err := tx.ExecContext(ctx, tables[d]); err != nil {
		return nil, fmt.Errorf("migrate: table model_migrations: %w", err)
	}
	return list(ctx, tx)
}

// inside runs the script and writes the record in the transaction that holds the lock.
func inside(ctx context.Context, conn *sql.Conn, tx *sql.Tx, act *action) error {
	if err := run(ctx, conn, act.script.text); err != nil {
		return err
	}
	if err := record(ctx, tx, act); err != nil {
		return err
	}
	return commit(tx)
}

// outside runs the script without a transaction. On PostgreSQL the session
// holds the lock meanwhile; a transaction would hold a snapshot as well, for
// which CREATE INDEX CONCURRENTLY waits. On SQLite the lock is a transaction,
// so two processes may run the script, which bears repeating; one records it.
func outside(ctx context.Context, conn *sql.Conn, tx *sql.Tx, d model.Dialect, act *action) error {
	if err := commit(tx); err != nil {
		return err
	}
	if d == model.Postgres {
		if err := lockSession(ctx, conn); err != nil {
			return err
		}
		defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(lockKey))
		if applied, err := list(ctx, conn); err != nil || settled(applied, act) {
			return err
		}
	}
	if err := run(ctx, conn, act.script.text); err != nil {
		return err
	}
	tx, err := locked(ctx, conn, d)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	applied, err := list(ctx, tx)
	if err != nil || settled(applied, act) {
		return err
	}
	if act.seq > 0 {
		act.seq = next(applied)
	}
	if err := record(ctx, tx, act); err != nil {
		return err
	}
	return commit(tx)
}

// settled reports whether another process did what act is about.
func settled(applied []Migration, act *action) bool {
	return (find(applied, act.Migration) != nil) == (act.seq > 0)
}

func commit(tx *sql.Tx) error {
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit (run it again, it is safe): %w", err)
	}
	return nil
}

// run sends a script as it is, several statements and all.
func run(ctx context.Context, conn *sql.Conn, text string) error {
	return conn.Raw(func(dc any) error {
		return dc.(interface {
			ExecScript(ctx context.Context, text string) error
		}).ExecScript(ctx, text)
	})
}

// locked begins a transaction that nobody else runs a migration beside.
func locked(ctx context.Context, conn *sql.Conn, d model.Dialect) (tx *sql.Tx, err error) {
	err = poll(ctx, func() (mine bool, err error) {
		tx, err = conn.BeginTx(ctx, &sql.TxOptions{Isolation: levels[d]}) // SQLite: BEGIN IMMEDIATE, which is the lock
		if err != nil {
			if isBusy(err) {
				err = nil
			}
			return false, err
		}
		if d == model.SQLite {
			return true, nil
		}
		err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", int64(lockKey)).Scan(&mine)
		if !mine {
			tx.Rollback()
		}
		return mine, err
	})
	return tx, err
}

func lockSession(ctx context.Context, conn *sql.Conn) error {
	return poll(ctx, func() (mine bool, err error) {
		err = conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", int64(lockKey)).Scan(&mine)
		return mine, err
	})
}

// poll asks for a lock again and again. Waiting in the database instead would
// hold up CREATE INDEX CONCURRENTLY of the one that has it.
func poll(ctx context.Context, try func() (mine bool, err error)) error {
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		if mine, err := try(); mine || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another process holds it: %w", ctx.Err())
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// isBusy recognises SQLite's answer when another process has the write lock.
func isBusy(err error) bool {
	c, ok := errors.AsType[interface {
		error
		Code() int
	}](err)
	return ok && c.Code()&0xff == 5
}

var levels = map[model.Dialect]sql.IsolationLevel{model.Postgres: sql.LevelReadCommitted}

var tables = map[model.Dialect]string{
	model.Postgres: `CREATE TABLE IF NOT EXISTS model_migrations (
	source text NOT NULL, number bigint NOT NULL, name text NOT NULL, checksum text NOT NULL,
	seq bigint NOT NULL UNIQUE, applied_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (source, number))`,
	model.SQLite: `CREATE TABLE IF NOT EXISTS model_migrations (
	source text NOT NULL, number integer NOT NULL, name text NOT NULL, checksum text NOT NULL,
	seq integer NOT NULL UNIQUE, applied_at text NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
	PRIMARY KEY (source, number))`,
}

// record writes or removes the line of a migration.
func record(ctx context.Context, tx *sql.Tx, act *action) (err error) {
	if act.seq > 0 {
		_, err = tx.ExecContext(ctx, "INSERT INTO model_migrations (source, number, name, checksum, seq) VALUES ($1, $2, $3, $4, $5)",
			act.Source, act.Number, act.Name, act.sum, act.seq)
	} else {
		_, err = tx.ExecContext(ctx, "DELETE FROM model_migrations WHERE source = $1 AND number = $2", act.Source, act.Number)
	}
	return err
}

// querier is a *sql.Tx, a *sql.Conn or a *sql.DB.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list reads the record, in the order of application.
func list(ctx context.Context, q querier) ([]Migration, error) {
	rows, err := q.QueryContext(ctx, "SELECT source, number, name, checksum, seq, applied_at FROM model_migrations ORDER BY seq")
	if err != nil {
		return nil, fmt.Errorf("migrate: read model_migrations: %w", err)
	}
	defer rows.Close()
	var all []Migration
	for rows.Next() {
		var m Migration
		var at any
		if err := rows.Scan(&m.Source, &m.Number, &m.Name, &m.sum, &m.seq, &at); err != nil {
			return nil, err
		}
		switch at := at.(type) {
		case time.Time:
			m.Applied = at.UTC()
		case string:
			m.Applied, _ = time.Parse(time.RFC3339, at)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// recorded is list without making the table first.
func recorded(ctx context.Context, db *model.Pool) ([]Migration, error) {
	ask := "SELECT to_regclass('model_migrations') IS NOT NULL"
	if db.Dialect() == model.SQLite {
		ask = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'model_migrations'"
	}
	var there bool
	if err := db.SQL().QueryRowContext(ctx, ask).Scan(&there); err != nil || !there {
		return nil, err
	}
	return list(ctx, db.SQL())
}
