package model

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"time"
)

// Options says how [Open] keeps connections. The zero value, and nil, suit a
// server with one database. Sizes may also be changed later through [Pool.SQL].
type Options struct {
	// Conns caps the connections that may write; 0 means 20, and 1 on SQLite,
	// which has one writer at a time.
	Conns int
	// Lifetime ends a connection after its age, 0 means 30 minutes. IdleTime
	// ends it after so long unused, 0 means 5 minutes. Neither touches SQLite.
	Lifetime, IdleTime time.Duration
	// Statements is how many prepared statements each connection keeps; 0
	// means 256, a negative number none, which a pooler in transaction mode
	// needs.
	Statements int
	// Readers opens connections that only read and see every commit at once;
	// nil means the others read as well. ReaderConns caps them, 0 means 8.
	Readers     driver.Connector
	ReaderConns int
}

// A Pool is a database with its connections, from [Open] or from the Open of
// a package like model/postgres. It may be used concurrently.
type Pool struct {
	// Span is called around every statement; nil costs nothing. It must not
	// change after the first statement.
	Span func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error))

	writer, reader *sql.DB // the same unless Options.Readers is set
	h              *handle
	gate           chan struct{} // held by the transaction on SQLite's one writer; nil elsewhere
}

// Open makes a pool of the connections c opens. It opens none itself.
//
// What the pool adds to database/sql: each connection keeps its prepared
// statements; an answer that was lost is an error and never a silent second
// run; a connection that died while idle is replaced before it is used; a
// connection whose query was cancelled is not used again; a text without
// arguments cannot hold a second statement.
func Open(c driver.Connector, d Dialect, o *Options) *Pool {
	var opts Options
	if o != nil {
		opts = *o
	}
	switch {
	case opts.Statements < 0:
		opts.Statements = 0
	case opts.Statements == 0:
		opts.Statements = 256
	}
	p := &Pool{writer: sql.OpenDB(&connector{c, d, opts.Statements})}
	p.reader = p.writer
	bound(p.writer, d, opts.Conns, map[Dialect]int{Postgres: 20, SQLite: 1}[d], opts)
	if opts.Readers != nil {
		p.reader = sql.OpenDB(&connector{opts.Readers, d, opts.Statements})
		bound(p.reader, d, opts.ReaderConns, 8, opts)
	}
	if d == SQLite {
		p.gate = make(chan struct{}, 1)
	}
	p.h = &handle{kind: d, pool: p}
	return p
}

// bound sizes a pool. Idle connections stay until they are too old: opening
// one costs more than keeping it.
func bound(db *sql.DB, d Dialect, conns, usual int, o Options) {
	if conns <= 0 {
		conns = usual
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if d == SQLite {
		return
	}
	db.SetConnMaxLifetime(orElse(o.Lifetime, 30*time.Minute))
	db.SetConnMaxIdleTime(orElse(o.IdleTime, 5*time.Minute))
}

func orElse(d, usual time.Duration) time.Duration {
	if d == 0 {
		return usual
	}
	return d
}

// SQL returns the database/sql handle under the pool, for packages that take
// one. On SQLite it is the single writer connection. A statement run through
// it is never repeated silently either; the error of a lost answer is plain.
func (p *Pool) SQL() *sql.DB { return p.writer }

// Dialect returns the dialect the pool was opened with.
func (p *Pool) Dialect() Dialect { return p.h.kind }

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

// read runs a statement without effects, again when the connection is lost.
func (p *Pool) read(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	for try := 1; ; try++ {
		rows, err := p.reader.QueryContext(ctx, text, args...)
		if err == nil || try == 3 || ctx.Err() != nil || !lost(err) {
			return rows, err
		}
	}
}

// gateTime is how long a write waits for a transaction on SQLite. The one it
// waits for may be its own: without a bound that would be for ever.
const gateTime = 10 * time.Second

var errGate = errors.New("a transaction holds the only writer: inside Pool.Tx use the DB the function gets")

// enter takes the gate of the writer, leave gives it back.
func (p *Pool) enter(ctx context.Context) error {
	if p.gate == nil {
		return nil
	}
	select {
	case p.gate <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(gateTime)
	defer t.Stop()
	select {
	case p.gate <- struct{}{}:
		return nil
	case <-t.C:
		return &Error{Kind: ErrContention, Err: errGate}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pool) leave() {
	if p.gate != nil {
		<-p.gate
	}
}

// await waits until no transaction holds the writer. One that begins right
// after is not the caller's own, so database/sql may queue behind it.
func (p *Pool) await(ctx context.Context) error {
	err := p.enter(ctx)
	if err == nil {
		p.leave()
	}
	return err
}
