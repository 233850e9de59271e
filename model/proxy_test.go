package model_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy sits between a client and PostgreSQL and loses answers: when it is
// armed, the next statement reaches the server and is run there, its answer
// is taken off the wire whole, and the client sees the connection end.
type proxy struct {
	net.Listener
	server string
	armed  atomic.Int32 // answers still to lose
	reset  atomic.Bool  // end with RST instead of FIN
	skip   atomic.Int32 // statements to let through before that
	drops  atomic.Int32 // answers lost so far
	open   atomic.Int32 // connections of clients
	most   atomic.Int32 // highest value of open
	silent atomic.Bool  // swallow everything, like a network that is gone
}

// newProxy starts a proxy before the server of dsn and returns the DSN through it.
func newProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, server: u.Host}
	u.Host = l.Addr().String()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return p, u.String()
}

// arm loses the next answer but skip.
func (p *proxy) arm(reset bool, skip int) {
	p.reset.Store(reset)
	p.skip.Store(int32(skip))
	p.armed.Store(1)
}

func (p *proxy) serve(client *net.TCPConn) {
	defer client.Close()
	n := p.open.Add(1)
	for m := p.most.Load(); n > m && !p.most.CompareAndSwap(m, n); m = p.most.Load() {
	}
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		p.open.Add(-1)
		return
	}
	defer server.Close()
	var lose atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.open.Add(-1) // the client is gone
		p.requests(server.(*net.TCPConn), client, &lose)
	}()
	p.answers(client, server, &lose)
	client.Close() // ends requests
	<-done
}

// requests forwards what the client sends, message by message.
func (p *proxy) requests(server, client *net.TCPConn, lose *atomic.Bool) {
	defer server.CloseWrite()
	if p.silent.Load() {
		io.Copy(io.Discard, client)
		return
	}
	if !forward(server, client, 0) { // the first message has no type
		return
	}
	for {
		var kind [1]byte
		if _, err := io.ReadFull(client, kind[:]); err != nil {
			return
		}
		// Execute, or Query when it ends a transaction or runs a text as it is.
		if (kind[0] == 'E' || kind[0] == 'Q') && p.armed.Load() > 0 && p.skip.Add(-1) < 0 && p.armed.Add(-1) >= 0 {
			lose.Store(true)
		}
		if p.silent.Load() {
			io.Copy(io.Discard, client)
			return
		}
		if !forward(server, client, kind[0]) {
			return
		}
	}
}

// answers forwards what the server sends until an answer is to be lost.
func (p *proxy) answers(client, server net.Conn, lose *atomic.Bool) {
	for {
		var kind [1]byte
		if _, err := io.ReadFull(server, kind[:]); err != nil {
			return
		}
		if !lose.Load() {
			if !forward(client, server, kind[0]) {
				return
			}
			continue
		}
		// Wait until the server is ready again, then be gone.
		var sink net.Conn
		for kind[0] != 'Z' {
			if !forward(sink, server, kind[0]) {
				return
			}
			if _, err := io.ReadFull(server, kind[:]); err != nil {
				return
			}
		}
		p.drops.Add(1)
		if p.reset.Load() {
			client.(*net.TCPConn).SetLinger(0)
		}
		return
	}
}

// forward copies one message; a nil dst swallows it.
func forward(dst io.Writer, src io.Reader, kind byte) bool {
	head := make([]byte, 5)
	head[0] = kind
	if _, err := io.ReadFull(src, head[1:]); err != nil {
		return false
	}
	if kind == 0 {
		head = head[1:]
	}
	body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
	if _, err := io.ReadFull(src, body); err != nil {
		return false
	}
	if dst == nil || dst == net.Conn(nil) {
		return true
	}
	_, err := dst.Write(append(head, body...))
	return err == nil
}
