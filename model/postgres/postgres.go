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
	"net"
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
	c, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", hide(err, dsn))
	}
	c.Dialer(dialer{make(chan struct{}, cancels)})
	return &connector{c}, nil
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

// hide keeps the DSN, and the password in it, out of an error.
func hide(err error, dsn string) error {
	if strings.Contains(err.Error(), dsn) {
		return errors.New("the DSN cannot be parsed")
	}
	return err
}

// connector opens connections whose socket can be looked at.
type connector struct{ pq *pq.Connector }

func (c *connector) Driver() driver.Driver { return c.pq.Driver() }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	s := new(socket)
	dc, err := c.pq.Connect(context.WithValue(ctx, socketKey{}, s))
	if err != nil {
		return nil, err
	}
	return &conn{dc, s}, nil
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
func (c *conn) Alive() bool { return c.socket.conn == nil || silent(c.socket.conn) }

// socket is filled by the dialer.
type socket struct{ conn net.Conn }

type socketKey struct{}

// cancels is how many cancel requests of one pool may be on their way at the
// same time: each is a connection of its own.
const cancels = 2

// dialer remembers the sockets of connections and holds back the dials of
// cancel requests, which lib/pq makes with a context of its own.
type dialer struct{ slots chan struct{} }

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var nd net.Dialer
	if s, ok := ctx.Value(socketKey{}).(*socket); ok {
		c, err := nd.DialContext(ctx, network, address)
		s.conn = c
		return c, err
	}
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := nd.DialContext(ctx, network, address)
	if err != nil {
		<-d.slots
		return nil, err
	}
	return &cancelConn{Conn: c, slots: d.slots}, nil
}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// cancelConn gives its slot back when it is closed.
type cancelConn struct {
	net.Conn
	slots chan struct{}
}

func (c *cancelConn) Close() error {
	if c.slots != nil {
		<-c.slots
		c.slots = nil
	}
	return c.Conn.Close()
}
