package faults

import (
	"net"
	"sync"
	"testing"
)

// how a connection is cut, seen from the statement that is under way.
type how int

const (
	early  how = iota // the server never sees the statement
	late              // the server has answered, the client sees nothing of it
	middle            // the client sees the first half of the answer
)

// proxy stands between the application and PostgreSQL.
type proxy struct {
	net.Listener
	server string

	mu    sync.Mutex
	open  map[*link]bool
	armed int  // cuts to come
	skip  int  // messages of clients that pass before
	how   how  // of the cuts to come
	reset bool // RST instead of FIN
	down  bool // nothing is accepted, nothing is open
	cuts  int  // so far
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn
	lose           bool // what the server says next
}

func listen(t *testing.T, server string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: ln, server: server, open: map[*link]bool{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.setDown(true)
		wg.Wait()
	})
	return p
}

// arm cuts n times, after skip messages of clients have passed.
func (p *proxy) arm(n, skip int, h how, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.skip, p.how, p.reset = n, skip, h, reset
}

// cut returns how often it has happened.
func (p *proxy) cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// setDown ends every connection and, while down, each new one.
func (p *proxy) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	if down {
		for l := range p.open {
			l.end(p.reset)
			p.cuts++
		}
		clear(p.open)
	}
}

func (l *link) end(reset bool) {
	if reset {
		l.client.SetLinger(0)
	}
	l.client.Close()
	l.server.Close()
}

func (p *proxy) serve(client *net.TCPConn) {
	conn, err := net.Dial("tcp", p.server)
	if err != nil {
		client.Close()
		return
	}
	l := &link{client: client, server: conn.(*net.TCPConn)}
	p.mu.Lock()
	if p.down {
		p.cuts++
		l.end(p.reset)
		p.mu.Unlock()
		return
	}
	p.open[l] = true
	p.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { p.copy(l, l.server, client, p.asked) })
	wg.Go(func() { p.copy(l, client, l.server, p.answered) })
	wg.Wait()
	p.mu.Lock()
	delete(p.open, l)
	p.mu.Unlock()
}

// copy moves bytes as long as pass returns all of them.
func (p *proxy) copy(l *link, to, from *net.TCPConn, pass func(*link, int) (int, bool)) {
	defer l.client.Close()
	defer l.server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		m, goOn := pass(l, n)
		if _, err := to.Write(buf[:m]); err != nil {
			return
		}
		if !goOn {
			p.mu.Lock()
			p.cuts++
			l.end(p.reset)
			p.mu.Unlock()
			return
		}
	}
}

func (p *proxy) asked(l *link, n int) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed == 0 {
		return n, true
	}
	if p.skip--; p.skip >= 0 {
		return n, true
	}
	p.armed--
	if p.how == early {
		return 0, false
	}
	l.lose = true
	return n, true
}

func (p *proxy) answered(l *link, n int) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !l.lose:
		return n, true
	case p.how == middle:
		return n / 2, false
	}
	return 0, false
}
