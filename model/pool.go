package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"log/slog"
	"time"
)

// Options says how [Open] keeps a pool. The zero value, and nil, suit a
// server with one database.
type Options struct {
	// Open caps the connections; 0 means 20.
	Open int
	// Idle is how many of them stay open unused; 0 means all of them.
	Idle int
	// Lifetime ends a connection after its age; 0 means 30 minutes, plus or
	// minus nothing. IdleTime ends it after so long unused; 0 means 5 minutes.
	Lifetime, IdleTime time.Duration
	// Statements is how many prepared statements each connection keeps; 0
	// means 256, a negative number none, which a pooler in transaction mode
	// needs.
	Statements int
	// Readers opens the connections that only read. nil means the one pool
	// does both; SQLite wants one writer and several readers.
	Readers driver.Connector
	// ReadersOpen caps those; 0 means 8.
	ReadersOpen int
	// Span is called around every statement; nil costs nothing.
	Span func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error))
	// Log receives what the N+1 guard of development finds; nil means slog.Default().
	Log *slog.Logger
}

// A Pool is a database with its connections. It may be used concurrently.
type Pool struct {
	writer, reader *sql.DB
	h              *handle
	opts           Options
}

// SQL returns the database/sql handle under the pool, for packages that take
// one. On SQLite it is the single writer connection.
func (p *Pool) SQL() *sql.DB { return p.writer }

// Close closes the connections. Statements that run are waited for.
func (p *Pool) Close() error {
	err := p.writer.Close()
	if p.reader != p.writer {
		if e := p.reader.Close(); err == nil {
			err = e
		}
	}
	return err
}

func (p *Pool) handle() *handle { return p.h }

// read runs a statement without effects and repeats it when the connection is lost.
func (p *Pool) read(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	for try := 1; ; try++ {
		rows, err := p.reader.QueryContext(ctx, text, args...)
		if err == nil || try == 3 || ctx.Err() != nil || !lost(err) {
			return rows, err
		}
	}
}
