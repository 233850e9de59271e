package renderbench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"runtime"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/render"
)

const idleStreams = 5000

// idle measures what an event stream keeps while nothing happens, beyond a
// handler of net/http that sent its header and waits.
func idle() harness.Table {
	return harness.Table{
		Name:  "render: idle event stream",
		Kind:  harness.Value,
		Unit:  "B/stream",
		Notes: []string{fmt.Sprintf("%d streams over net.Pipe; heap and stacks in use after a collection", idleStreams)},
		Rows: []harness.Row{
			{Name: "net/http", Measure: func() (float64, error) { return perStream(http.HandlerFunc(waits)) }},
			{Name: "glueful beyond net/http", Measure: func() (float64, error) {
				bare, err := perStream(http.HandlerFunc(waits))
				if err != nil {
					return 0, err
				}
				ours, err := perStream(http.HandlerFunc(streams))
				return max(ours-bare, 0), err
			}, Targets: []harness.Target{{AtMost: 12 << 10}}},
		},
	}
}

func waits(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func streams(w http.ResponseWriter, r *http.Request) {
	_ = render.Stream[int]{Events: func(ctx context.Context, _ string) iter.Seq2[render.Event[int], error] {
		return func(func(render.Event[int], error) bool) { <-ctx.Done() }
	}}.Respond(w, r)
}

// pipes is a listener without file descriptors.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func perStream(h http.Handler) (float64, error) {
	l := make(pipes)
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	defer func() { close(l); _ = srv.Close() }()
	first, err := l.dial()
	if err != nil {
		return 0, err
	}
	defer first.Close()
	before := inUse()
	conns, errs := make([]net.Conn, idleStreams), make(chan error)
	const dialers = 100
	for d := range dialers {
		go func() {
			var err error
			for i := d; i < idleStreams && err == nil; i += dialers {
				conns[i], err = l.dial()
			}
			errs <- err
		}()
	}
	for range dialers {
		if e := <-errs; e != nil {
			err = e
		}
	}
	used := inUse() - before
	for _, c := range conns {
		if c != nil {
			_ = c.Close()
		}
	}
	return used / idleStreams, err
}

func (p pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	p <- server
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		return client, err
	}
	for r := bufio.NewReader(client); ; {
		if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
			return client, err
		}
	}
}

func inUse() float64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
