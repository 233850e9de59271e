// Package sqlstore keeps a cache, and the purges of caches, in PostgreSQL or
// SQLite.
//
// A [Feed] lets the processes of an application, each with a cache in its
// memory, purge each other. This is the usual set-up:
//
//	cache := &cachehttp.Cache{Feed: &sqlstore.Feed{DB: db, Dialect: "postgres", Wait: wait}}
//	go cache.Follow(ctx)
//
// A [Store] keeps the responses themselves in the database, for all processes
// together. It needs no Feed: a purge is a row that reading looks at.
//
// [Schema] has the tables as migrations. Each purge takes the next number of
// one row, which it locks until it commits, so numbers become visible in order
// and a follower that asks for what is new since the last one it saw misses
// nothing: not while it is cut off, and not when notifications are lost. Keys
// are stored as digests. All times are the database's.
//
// Expired rows are of no use; run [Store.Sweep] now and then.
package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

//go:embed postgres sqlite
var schemas embed.FS

// Schema returns the migrations of a dialect, "postgres" or "sqlite": files
// named NNNN_name.up.sql and NNNN_name.down.sql. It panics on another dialect.
func Schema(dialect string) fs.FS {
	if _, ok := dialects[dialect]; !ok {
		panic(fmt.Sprintf("sqlstore: no schema for dialect %q", dialect))
	}
	sub, err := fs.Sub(schemas, dialect)
	if err != nil {
		panic(err) // the directory is embedded
	}
	return sub
}

// dialects has what differs: the time in milliseconds, the elements of the
// tags of an entry, and how a purge wakes the followers.
var dialects = map[string]struct{ now, tags, notify string }{
	"postgres": {
		now:    "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		tags:   "SELECT jsonb_array_elements_text(e.tags)",
		notify: "SELECT pg_notify('cachehttp', '')",
	},
	"sqlite": {
		now:  "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
		tags: "SELECT value FROM json_each(e.tags)",
	},
}

// text fills the dialect into a statement.
func text(dialect, query string) string {
	d := dialects[dialect]
	query = strings.NewReplacer("NOW", d.now, "TAGS", d.tags).Replace(query)
	if dialect == "sqlite" {
		query = strings.ReplaceAll(query, "$", "?")
	}
	return query
}

var errDialect = errors.New(`sqlstore: DB is not set, or Dialect is neither "postgres" nor "sqlite"`)

func check(db *sql.DB, dialect string) error {
	if _, ok := dialects[dialect]; !ok || db == nil {
		return errDialect
	}
	return nil
}

// A Store is a [cachehttp.Versioned] in a database. Its methods may be called
// concurrently; its fields must not change after the first call. The zero
// value returns an error from every call.
type Store struct {
	DB      *sql.DB
	Dialect string // "postgres" or "sqlite"
	// Span, if not nil, is started around each call of the database.
	Span func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error))

	seen atomic.Uint64 // a version that this process has read
}

var _ cachehttp.Versioned = (*Store)(nil)

// Get implements [cachehttp.Store].
func (s *Store) Get(ctx context.Context, key string) ([]byte, bool, error) {
	value, _, ok, err := s.Fetch(ctx, key)
	return value, ok, err
}

const fetch = `SELECT v.n, e.key IS NOT NULL, e.value,
	EXISTS (SELECT 1 FROM cachehttp_purge p WHERE p.tag IN (TAGS) AND p.hard > e.seen),
	EXISTS (SELECT 1 FROM cachehttp_purge p WHERE p.tag IN (TAGS) AND p.soft > e.seen)
FROM cachehttp_version v LEFT JOIN cachehttp_entry e ON e.key = $1 AND e.expires > NOW
WHERE v.id = 1`

// Fetch implements [cachehttp.Versioned].
func (s *Store) Fetch(ctx context.Context, key string) (value []byte, soft, ok bool, err error) {
	if err := check(s.DB, s.Dialect); err != nil {
		return nil, false, false, err
	}
	ctx, end := s.span(ctx, "sqlstore.Fetch")
	defer func() { end(err) }()
	var version uint64
	var found, gone bool
	row := s.DB.QueryRowContext(ctx, text(s.Dialect, fetch), digest(key))
	if err := row.Scan(&version, &found, &value, &gone, &soft); err != nil {
		return nil, false, false, fmt.Errorf("sqlstore: %w", err)
	}
	s.learn(version)
	if !found || gone {
		return nil, false, false, nil
	}
	return value, soft, true, nil
}

// learn keeps the highest version read.
func (s *Store) learn(version uint64) {
	for old := s.seen.Load(); version > old && !s.seen.CompareAndSwap(old, version); old = s.seen.Load() {
	}
}

// Version implements [cachehttp.Versioned]: it is what the last Fetch of this
// process read, and asks the database only before the first one.
func (s *Store) Version(ctx context.Context) (uint64, error) {
	if n := s.seen.Load(); n > 0 {
		return n, nil
	}
	_, _, _, err := s.Fetch(ctx, "")
	return s.seen.Load(), err
}

// Set implements [cachehttp.Store].
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration, tags ...string) error {
	_, _, _, err := s.Fetch(ctx, "") // what was dropped before this call does not count
	if err != nil {
		return err
	}
	return s.Put(ctx, key, value, ttl, s.seen.Load(), tags...)
}

const put = `INSERT INTO cachehttp_entry (key, value, tags, seen, expires)
VALUES ($1, $2, $3, $4, NOW + $5)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, tags = excluded.tags,
	seen = excluded.seen, expires = excluded.expires`

// Put implements [cachehttp.Versioned].
func (s *Store) Put(ctx context.Context, key string, value []byte, ttl time.Duration, version uint64, tags ...string) (err error) {
	if err := check(s.DB, s.Dialect); err != nil {
		return err
	}
	ctx, end := s.span(ctx, "sqlstore.Put")
	defer func() { end(err) }()
	if ttl < time.Millisecond {
		_, err = s.DB.ExecContext(ctx, text(s.Dialect, "DELETE FROM cachehttp_entry WHERE key = $1"), digest(key))
		return wrap(err)
	}
	list, err := json.Marshal(append([]string{}, tags...))
	if err != nil {
		return wrap(err)
	}
	if value == nil {
		value = []byte{}
	}
	_, err = s.DB.ExecContext(ctx, text(s.Dialect, put), digest(key), value, string(list), int64(min(version, 1<<62)), ttl.Milliseconds())
	return wrap(err)
}

// Drop implements [cachehttp.Store].
func (s *Store) Drop(ctx context.Context, tags ...string) error { return s.mark(ctx, false, tags) }

// Soften implements [cachehttp.Versioned].
func (s *Store) Soften(ctx context.Context, tags ...string) error { return s.mark(ctx, true, tags) }

func (s *Store) mark(ctx context.Context, soft bool, tags []string) (err error) {
	if err := check(s.DB, s.Dialect); err != nil {
		return err
	}
	ctx, end := s.span(ctx, "sqlstore.Drop")
	defer func() { end(err) }()
	return mark(ctx, s.DB, s.Dialect, soft, tags)
}

// Sweep deletes entries that have expired, and purges of more than 30 days ago
// that no entry is older than.
func (s *Store) Sweep(ctx context.Context) error {
	if err := check(s.DB, s.Dialect); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM cachehttp_entry WHERE expires <= NOW",
		`DELETE FROM cachehttp_purge WHERE at < NOW - 2592000000
			AND NOT EXISTS (SELECT 1 FROM cachehttp_entry e WHERE e.seen < latest)`,
	} {
		if _, err := s.DB.ExecContext(ctx, text(s.Dialect, query)); err != nil {
			return wrap(err)
		}
	}
	return nil
}

func (s *Store) span(ctx context.Context, name string) (context.Context, func(error)) {
	if s.Span == nil {
		return ctx, func(error) {}
	}
	return s.Span(ctx, name)
}

func digest(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:]
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	return nil
}

// marks are the statements of a hard and a soft purge.
var marks = map[bool]string{
	false: `INSERT INTO cachehttp_purge (tag, hard, soft, latest, at) VALUES ($1, $2, 0, $2, NOW)
		ON CONFLICT (tag) DO UPDATE SET hard = excluded.hard, latest = excluded.latest, at = excluded.at`,
	true: `INSERT INTO cachehttp_purge (tag, hard, soft, latest, at) VALUES ($1, 0, $2, $2, NOW)
		ON CONFLICT (tag) DO UPDATE SET soft = excluded.soft, latest = excluded.latest, at = excluded.at`,
}

// mark records a purge in one transaction. The row of the version stays
// locked until it commits: that puts the numbers in the order of commits.
func mark(ctx context.Context, db *sql.DB, dialect string, soft bool, tags []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return wrap(err)
	}
	defer tx.Rollback()
	var n int64
	if err := tx.QueryRowContext(ctx, "UPDATE cachehttp_version SET n = n + 1 WHERE id = 1 RETURNING n").Scan(&n); err != nil {
		return wrap(err)
	}
	for _, tag := range tags {
		if _, err := tx.ExecContext(ctx, text(dialect, marks[soft]), tag, n); err != nil {
			return wrap(err)
		}
	}
	if notify := dialects[dialect].notify; notify != "" {
		if _, err := tx.ExecContext(ctx, notify); err != nil {
			return wrap(err)
		}
	}
	return wrap(tx.Commit())
}
