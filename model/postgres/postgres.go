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
	"sync"
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

// Connect bounds the whole of it: lib/pq looks at ctx only until the socket
// is open, and a server may accept and say nothing.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	s := new(socket)
	stop := context.AfterFunc(ctx, s.close)
	dc, err := c.pq.Connect(context.WithValue(ctx, socketKey{}, s))
	if err != nil {
		stop()
		return nil, err
	}
	err = watchful(ctx, dc)
	if !stop() { // closed meanwhile
		err = context.Cause(ctx)
	}
	if err != nil {
		dc.Close()
		return nil, err
	}
	return &conn{dc, s}, nil
}

// connectTime is how long opening a connection may take.
const connectTime = 10 * time.Second

// watchful makes the server look, while a statement runs, whether the client
// is still there. Servers before 14, and some systems, cannot.
func watchful(ctx context.Context, dc driver.Conn) error {
	x, ok := dc.(driver.ExecerContext)
	if !ok {
		return nil
	}
	_, err := x.ExecContext(ctx, "SET client_connection_check_interval = '1s'", nil)
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

// socket is filled by the dialer.
type socket struct {
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

type socketKey struct{}

func (s *socket) set(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = c
	if s.closed && c != nil {
		c.Close()
	}
}

func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.conn != nil {
		s.conn.Close()
	}
}

func (s *socket) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && (s.conn == nil || silent(s.conn))
}

// cancels is how many cancel requests of one pool may be on their way at the
// same time: each is a connection of its own.
const cancels = 2

// cancelTime is how long a cancel request waits for its turn and the server;
// past it the connection it is about has been closed.
const cancelTime = time.Second / 2

// dialer remembers the sockets of connections and holds back the dials of
// cancel requests, which lib/pq makes with a context of its own.
type dialer struct{ slots chan struct{} }

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var nd net.Dialer
	if s, ok := ctx.Value(socketKey{}).(*socket); ok {
		c, err := nd.DialContext(ctx, network, address)
		if err == nil {
			s.set(c)
		}
		return c, err
	}
	ctx, cancel := context.WithTimeout(ctx, cancelTime)
	defer cancel()
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
	c.SetDeadline(time.Now().Add(cancelTime))
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
