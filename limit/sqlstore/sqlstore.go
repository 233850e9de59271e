// Package sqlstore keeps limits in PostgreSQL or SQLite, so that all processes
// on one database count as one.
//
//	db, err := sql.Open("postgres", dsn)
//	...
//	api := &limit.Limiter{
//		Name:   "api",
//		Limits: limit.Per(60, time.Minute),
//		Store:  &sqlstore.Store{DB: db, Dialect: "postgres"},
//	}
//
// [Schema] has the tables as migrations. Keys in them are digests: neither
// addresses nor API keys can be read back.
//
// On PostgreSQL a call is one statement, and one round trip once its connection
// has prepared it. Rates are in an unlogged table, which is faster by an order of
// magnitude and empty after a crash of the server; quotas in a logged one,
// so that what is spent stays spent. The clock is the server's, microseconds.
//
// On SQLite a call is one immediate transaction, and the clock has milliseconds.
// A file shared by processes needs a busy_timeout below the limiter's Timeout.
//
// Keys whose state is over are of no use; run [Store.Sweep] now and then.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/glueful/glueful-go/limit"
)

//go:embed postgres sqlite
var schemas embed.FS

// Schema returns the migrations of a dialect, "postgres" or "sqlite": files
// named NNNN_name.up.sql and NNNN_name.down.sql. It panics on another dialect.
func Schema(dialect string) fs.FS {
	if dialect != "postgres" && dialect != "sqlite" {
		panic(fmt.Sprintf("sqlstore: no schema for dialect %q", dialect))
	}
	sub, err := fs.Sub(schemas, dialect)
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// A Store is a [limit.Store] in a database. Its methods may be called
// concurrently; its fields must not change after the first call. The zero value
// returns an error from every call.
type Store struct {
	DB      *sql.DB
	Dialect string // "postgres" or "sqlite"

	mu    sync.Mutex
	stmts map[string]*sql.Stmt // by text; prepared once a connection by database/sql
}

var _ limit.Store = (*Store)(nil)

var errRace = errors.New("sqlstore: a new key was taken at the same time")

// Take implements [limit.Store].
func (s *Store) Take(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	if err := s.check(asks); err != nil {
		return nil, err
	}
	for _, q := range asks {
		if q.Cost < 0 {
			return nil, errors.New("sqlstore: negative cost")
		}
	}
	if s.Dialect == "sqlite" {
		return s.takeSQLite(ctx, asks)
	}
	as, err := s.takePostgres(ctx, asks)
	if errors.Is(err, errRace) {
		if as, err = s.takePostgres(ctx, asks); errors.Is(err, errRace) {
			return s.refuse(ctx, asks)
		}
	}
	return as, err
}

// Settle implements [limit.Store].
func (s *Store) Settle(ctx context.Context, asks []limit.Ask) error {
	if err := s.check(asks); err != nil {
		return err
	}
	if s.Dialect == "sqlite" {
		return s.settleSQLite(ctx, asks)
	}
	return s.settlePostgres(ctx, asks)
}

// Sweep deletes keys whose state is over, and returns how many. It may run at
// any time, in any process.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	if err := s.check(nil); err != nil {
		return 0, err
	}
	now := "(extract(epoch FROM clock_timestamp())*1000000)::bigint*1000"
	if s.Dialect == "sqlite" {
		now = sqliteNow
	}
	var total int64
	for _, q := range []string{
		"DELETE FROM limit_rate WHERE at <= " + now,
		"DELETE FROM limit_quota WHERE ends <= " + now,
	} {
		res, err := s.DB.ExecContext(ctx, q)
		if err != nil {
			return total, fmt.Errorf("sqlstore: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return total, fmt.Errorf("sqlstore: %w", err)
		}
		total += n
	}
	return total, nil
}

// maxSpan keeps sums of instants far from overflow: 36 years in nanoseconds.
const maxSpan = 1 << 60

func (s *Store) check(asks []limit.Ask) error {
	switch {
	case s.DB == nil:
		return errors.New("sqlstore: no DB")
	case s.Dialect != "postgres" && s.Dialect != "sqlite":
		return fmt.Errorf("sqlstore: unknown dialect %q", s.Dialect)
	}
	for i, q := range asks {
		switch {
		case len(q.Key) == 0 || len(q.Key) > 64:
			return errors.New("sqlstore: ask with a key of no or more than 64 bytes")
		case q.Every <= 0 || q.Max <= 0 || !q.Quota && int64(q.Every) > maxSpan/q.Max:
			return errors.New("sqlstore: ask without a limit")
		}
		for _, p := range asks[:i] {
			if string(p.Key) == string(q.Key) {
				return errors.New("sqlstore: the same key twice")
			}
		}
	}
	return nil
}

// charge returns the cost as a column counts it: nanoseconds of a rate, units
// of a quota; and the most it may come to. A cost that can never pass becomes
// one more than that.
func charge(q limit.Ask) (cost, most int64) {
	unit := int64(q.Every)
	if q.Quota {
		unit = 1
	}
	most = q.Max * unit
	if q.Cost > q.Max {
		return most + 1, most
	}
	return q.Cost * unit, most
}

// change returns the same for a difference in either direction, cut where it
// cannot matter any more.
func change(q limit.Ask) int64 {
	if q.Quota {
		return max(-maxSpan, min(q.Cost, maxSpan))
	}
	each := int64(q.Every)
	return max(-maxSpan/each, min(q.Cost, maxSpan/each)) * each
}

// prepare returns the prepared statement of a text.
func (s *Store) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	stmt := s.stmts[text]
	s.mu.Unlock()
	if stmt != nil {
		return stmt, nil
	}
	stmt, err := s.DB.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.stmts[text]; old != nil {
		_ = stmt.Close() // another call was first
		return old, nil
	}
	if s.stmts == nil {
		s.stmts = make(map[string]*sql.Stmt)
	}
	s.stmts[text] = stmt
	return stmt, nil
}
