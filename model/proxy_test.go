package model_test

import (
	"bytes"
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
	skip   atomic.Int32 // statements to let through before that; toCommit up to the commit
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

// toCommit, as a number of statements to skip, means all up to the COMMIT.
const toCommit = -1

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
	if !greeting(server, client) {
		return
	}
	for {
		kind, body, ok := message(client)
		if !ok {
			return
		}
		if p.armed.Load() > 0 && p.due(kind, body) && p.armed.Add(-1) >= 0 {
			lose.Store(true)
		}
		if p.silent.Load() {
			io.Copy(io.Discard, client)
			return
		}
		if _, err := server.Write(append(head(kind, len(body)), body...)); err != nil {
			return
		}
	}
}

// due reports whether the answer to a message of the client is the one to
// lose: of an Execute, or of a Query, which ends transactions.
func (p *proxy) due(kind byte, body []byte) bool {
	if p.skip.Load() == toCommit {
		return kind == 'Q' && bytes.HasPrefix(body, []byte("COMMIT"))
	}
	if kind != 'E' && kind != 'Q' {
		return false
	}
	if p.skip.Load() == 0 {
		return true
	}
	p.skip.Add(-1)
	return false
}

// answers forwards what the server sends until an answer is to be lost.
func (p *proxy) answers(client, server net.Conn, lose *atomic.Bool) {
	for {
		kind, body, ok := message(server)
		if !ok {
			return
		}
		if !lose.Load() {
			if _, err := client.Write(append(head(kind, len(body)), body...)); err != nil {
				return
			}
			continue
		}
		for kind != 'Z' { // until the server is ready again: the statement has run
			if kind, _, ok = message(server); !ok {
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

// message reads one message with a type.
func message(src io.Reader) (kind byte, body []byte, ok bool) {
	var h [5]byte
	if _, err := io.ReadFull(src, h[:]); err != nil {
		return 0, nil, false
	}
	body = make([]byte, binary.BigEndian.Uint32(h[1:])-4)
	_, err := io.ReadFull(src, body)
	return h[0], body, err == nil
}

func head(kind byte, n int) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, uint32(n+4))
}

// greeting copies the first message of a client, which has no type.
func greeting(dst io.Writer, src io.Reader) bool {
	h := make([]byte, 4)
	if _, err := io.ReadFull(src, h); err != nil {
		return false
	}
	dst.Write(h)
	_, err := io.CopyN(dst, src, int64(binary.BigEndian.Uint32(h)-4))
	return err == nil
}
