// Package postgres opens PostgreSQL for package model, through lib/pq.
//
//	db, err := postgres.Open(ctx, "postgres://app@db.example/shop?sslmode=verify-full")
//
// The DSN is a URL or a list of key=value pairs, as libpq takes them. It has
// to say sslmode: what the absence of it means differs between drivers and
// their versions, and one of the meanings is an open line. Environment
// variables (PGHOST, PGSSLMODE ...) fill what the DSN leaves out.
//
// [Listen] follows notifications. They are lost whenever the connection is,
// so it hands out reasons to look at a table, never the events themselves.
//
// Behind a pooler in transaction mode, switch off prepared statements:
//
//	c, err := postgres.NewConnector(dsn + "&binary_parameters=yes")
//	db := model.Open(c, model.Postgres, &model.Options{Statements: -1})
package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/glueful/glueful-go/model"
)

// Open opens a pool on the server dsn names and asks it for one answer, so
// that a wrong address or password shows here. The pool has the defaults of
// [model.Options]; its size may be changed through pool.SQL().
func Open(ctx context.Context, dsn string) (*model.Pool, error) {
	c, err := NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	pool := model.Open(c, model.Postgres, nil)
	if err := pool.SQL().PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return pool, nil
}

// NewConnector checks dsn and returns the connector [Open] uses, for
// [model.Open] with other options. It opens no connection.
func NewConnector(dsn string) (driver.Connector, error) {
	if err := sslmode(dsn); err != nil {
		return nil, err
	}
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", hide(err))
	}
	return &connector{cfg, make(chan struct{}, cancels)}, nil
}

// sslmode refuses a DSN that leaves encryption to chance.
func sslmode(dsn string) error {
	if os.Getenv("PGSSLMODE") != "" {
		return nil
	}
	said := strings.Contains(dsn, "sslmode")
	if u, err := url.Parse(dsn); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		said = u.Query().Has("sslmode")
	}
	if said {
		return nil
	}
	return errors.New("postgres: the DSN does not say sslmode: add sslmode=verify-full " +
		"(or sslmode=disable for a server on this machine)")
}

// hide keeps what may be a password out of an error. Errors about one setting
// name the setting and its value; any other may quote the rest of the DSN.
func hide(err error) error {
	if strings.Contains(err.Error(), "wrong value for") && !strings.Contains(err.Error(), "password") {
		return err
	}
	return errors.New("the DSN cannot be parsed: in a URL, write special characters of the password like %23")
}

// connector opens connections whose sockets are known.
type connector struct {
	cfg   pq.Config
	slots chan struct{} // of cancel requests
}

func (c *connector) Driver() driver.Driver { return new(pq.Driver) }

// Connect bounds the whole of it: lib/pq looks at ctx only until the socket
// is open, and a server may accept and say nothing.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	s := &socket{slots: c.slots}
	one, err := pq.NewConnectorConfig(c.cfg.Clone())
	if err != nil {
		return nil, err
	}
	one.Dialer(s)
	stop := context.AfterFunc(ctx, s.close)
	dc, err := one.Connect(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	err = watchful(dc)
	if !stop() { // closed meanwhile
		err = context.Cause(ctx)
	}
	if err != nil {
		dc.Close()
		return nil, err
	}
	s.connected()
	return &conn{dc, s}, nil
}

// connectTime is how long opening a connection may take.
const connectTime = 10 * time.Second

// watchful makes the server look, while a statement runs, whether the client
// is still there. Servers before 14, and some systems, cannot.
func watchful(dc driver.Conn) error {
	x, ok := dc.(driver.ExecerContext)
	if !ok {
		return nil
	}
	_, err := x.ExecContext(context.Background(), "SET client_connection_check_interval = '1s'", nil)
	if e := new(pq.Error); errors.As(err, &e) {
		return nil
	}
	return err
}

// conn is lib/pq's connection and the socket under it.
type conn struct {
	driver.Conn
	socket *socket
}

// Unwrap returns lib/pq's connection.
func (c *conn) Unwrap() driver.Conn { return c.Conn }

// Alive reports whether the idle connection is still open and silent. A
// server that shuts down or ends a session says so before it closes, and
// whoever sends first would have to guess whether the statement arrived.
func (c *conn) Alive() bool { return c.socket.alive() }

// Abort closes the socket under a statement that runs.
func (c *conn) Abort() { c.socket.close() }

// OnCancel makes fired run whenever a cancel request is about to be sent.
func (c *conn) OnCancel(fired func()) { c.socket.onCancel(fired) }
