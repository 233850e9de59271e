package render

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	flushAt    = 32 << 10              // bytes that are sent without waiting for more
	flushAfter = 20 * time.Millisecond // how long fewer bytes wait
	writeLimit = 30 * time.Second      // how long a client may take no bytes
)

// A pipe sends a stream: the handler's goroutine puts events in, a timer sends
// what waits and beats when nothing comes. The response header goes out with
// the first bytes.
type pipe struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	media  string
	events bool          // server-sent events, else lines
	beat   time.Duration // <= 0 is none
	hangUp func()        // ends the context of the sequence

	mu    sync.Mutex // guards what follows, and writing to w
	e     *encoder   // what waits to be sent; nil is nothing
	begun bool       // the header is sent
	over  bool       // nothing may be written any more
	err   error      // of the first write that failed
	timer *time.Timer
}

func (p *pipe) start(retry time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.events && retry > 0 {
		p.e = newEncoder(context.Background())
		p.e.buf = appendRetry(p.e.buf, retry)
	}
	p.timer = time.AfterFunc(flushAfter, p.tick)
}

// send adds one event.
func (p *pipe) send(write func(*encoder)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	waiting := p.e != nil
	if !waiting {
		p.e = newEncoder(context.Background())
	}
	start := len(p.e.buf)
	write(p.e)
	if err := p.e.err; err != nil {
		p.e.buf, p.e.err = p.e.buf[:start], nil
		return fmt.Errorf("render: %w", err)
	}
	switch {
	case p.events || len(p.e.buf) >= flushAt:
		p.flush()
	case !waiting && p.begun:
		p.timer.Reset(flushAfter)
	}
	return p.err
}

// tick runs on the timer.
func (p *pipe) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over || p.err != nil {
		return
	}
	if p.e == nil && p.begun {
		p.e = newEncoder(context.Background())
		if p.events {
			p.e.buf = append(p.e.buf, ":\n\n"...)
		} else {
			p.e.buf = append(p.e.buf, '\n')
		}
	}
	if p.flush(); p.err != nil {
		p.hangUp() // the sequence may be waiting for something else
	}
}

// flush sends what waits, and the header before it. A client that takes nothing
// for too long is given up.
func (p *pipe) flush() {
	_ = p.rc.SetWriteDeadline(time.Now().Add(writeLimit)) // a writer without deadlines cannot be held up by one
	if !p.begun {
		p.begin()
	}
	if p.e != nil {
		_, p.err = p.w.Write(p.e.buf)
		p.e.free()
		p.e = nil
	}
	if p.err == nil {
		p.err = p.rc.Flush()
	}
	if p.err != nil {
		p.err = fmt.Errorf("render: send: %w", p.err)
	}
	// HTTP/2 resets a stream when its deadline passes, even an idle one's.
	_ = p.rc.SetWriteDeadline(time.Time{})
	if p.beat > 0 {
		p.timer.Reset(p.beat)
	}
}

func (p *pipe) begin() {
	h := p.w.Header()
	h.Set("Content-Type", p.media)
	h.Set("X-Accel-Buffering", "no") // asks a proxy to pass on what comes
	h.Add("Vary", "Accept")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	p.begun = true
	p.w.WriteHeader(http.StatusOK)
}

// stop keeps the timer from writing any more.
func (p *pipe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	p.timer.Stop()
}

// end sends the rest, or breaks the connection if the stream is not whole.
func (p *pipe) end(err error) error {
	p.stop()
	if err != nil && !p.begun {
		return err
	}
	if p.err == nil {
		p.flush()
	}
	if err == nil {
		err = p.err
	}
	p.timer.Stop()
	if err != nil {
		p.cut()
	}
	return err
}

// cut breaks the connection: a deadline in the past keeps the end of the body
// from being written.
func (p *pipe) cut() {
	if p.rc.SetWriteDeadline(time.Unix(1, 0)) != nil {
		panic(http.ErrAbortHandler)
	}
}
