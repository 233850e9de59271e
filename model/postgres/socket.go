package postgres

import (
	"context"
	"net"
	"sync"
	"time"
)

// cancels is how many cancel requests of one pool may be on their way at the
// same time: each is a connection of its own.
const cancels = 2

// cancelTime is how long a cancel request waits for its turn and the server;
// past it the connection it is about has been closed.
const cancelTime = time.Second / 2

// socket is the dialer of one connection: it knows the connection's socket,
// and which dials are cancel requests, for lib/pq makes both.
type socket struct {
	slots chan struct{} // of the pool

	mu     sync.Mutex
	conn   net.Conn
	quiet  func() bool // looks at conn; see silent
	closed bool
	ready  bool   // connected: what is dialled from now on is a cancel request
	fired  func() // nil, or told of cancel requests
}

// DialContext opens the socket, or one for a cancel request.
func (s *socket) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	ready, fired := s.ready, s.fired
	s.mu.Unlock()
	if ready {
		if fired != nil {
			fired()
		}
		return s.cancel(ctx, network, address)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	s.conn, s.quiet = c, silent(c)
	return c, nil
}

// cancel opens a connection for a cancel request when its turn has come.
func (s *socket) cancel(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, cancelTime)
	defer stop()
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		<-s.slots
		return nil, err
	}
	c.SetDeadline(time.Now().Add(cancelTime))
	return &cancelConn{Conn: c, slots: s.slots}, nil
}

// Dial and DialTimeout are never called: lib/pq prefers DialContext.
func (s *socket) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

func (s *socket) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, stop := context.WithTimeout(context.Background(), timeout)
	defer stop()
	return s.DialContext(ctx, network, address)
}

func (s *socket) connected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = true
}

func (s *socket) onCancel(fired func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fired = fired
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
	return !s.closed && (s.quiet == nil || s.quiet())
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
