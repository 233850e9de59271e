// Package sqlite opens SQLite for package model, through modernc.org/sqlite,
// which is SQLite in Go: no C compiler, no server, one file.
//
//	db, err := sqlite.Open(ctx, "shop.db")
//
// SQLite has one writer at a time. The pool therefore keeps one connection
// for writes and transactions and several for reads, which see the last
// commit and wait for nobody (write-ahead log). A transaction takes the write
// lock when it begins, so it cannot fail half-way because another one was
// faster. Another process that holds the lock is waited for, 5 seconds at most.
//
// Foreign keys are enforced, text in double quotes is a name and never a
// value, and a commit is on the disk when it returns.
//
// While a transaction runs, a write through the outer pool waits for its end:
// inside Pool.Tx use the DB the function gets.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"github.com/glueful/glueful-go/model"
)

// Open opens the database in the file path and makes the file if there is
// none. Its folder must exist. Beside it SQLite keeps path-wal and path-shm
// while the database is open.
//
// A database in memory (":memory:", "") is refused: each connection would
// have one of its own. Tests use a file in t.TempDir().
func Open(ctx context.Context, path string) (*model.Pool, error) {
	if err := check(path); err != nil {
		return nil, err
	}
	writer, err := sqlite.NewConnector(dsn(path, "_txlock", "immediate", "_journal_mode", "wal",
		"_synchronous", "full", "_foreign_keys", "1"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	readers, err := sqlite.NewConnector(dsn(path, "_query_only", "1"))
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	pool := model.Open(writer, model.SQLite, &model.Options{Readers: readers})
	if err := pool.SQL().PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	return pool, nil
}

// check refuses what SQLite would take for something other than a file.
func check(path string) error {
	switch {
	case path == "" || strings.HasPrefix(path, ":memory:"):
		return errors.New("sqlite: a database in memory is private to one connection: name a file")
	case strings.HasPrefix(path, "file:") || strings.ContainsRune(path, 0):
		return fmt.Errorf("sqlite: %q is not a path", path)
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("sqlite: the folder %s of the database does not exist", dir)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("sqlite: %s is a folder", path)
	}
	return nil
}

// dsn spells path as a URI, so that no character of it is taken for an option.
func dsn(path string, options ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/shop.db
	}
	q := url.Values{"_busy_timeout": {"5000"}, "_dqs": {"0"}, "_defensive": {"1"},
		"_pragma": {"trusted_schema(0)"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"}}
	for i := 0; i < len(options); i += 2 {
		q.Set(options[i], options[i+1])
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
