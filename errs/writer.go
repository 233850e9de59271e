package errs

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
)

// sent returns the status of the answer so far, 0 if nothing was sent, -1 if
// no writer on the Unwrap chain knows.
func sent(w http.ResponseWriter) int {
	for {
		if s, ok := w.(interface{ Status() int }); ok {
			return s.Status()
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return -1
		}
		w = u.Unwrap()
	}
}

// keeper is a writer that has a log line for its request and takes up what there
// is to say about an error.
type keeper interface {
	Report(level slog.Level, attrs ...slog.Attr)
}

// keeperOf returns the keeper on the Unwrap chain, nil if there is none.
func keeperOf(w http.ResponseWriter) keeper {
	for {
		if k, ok := w.(keeper); ok {
			return k
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// track returns w if it knows its status, else a writer that does.
func track(w http.ResponseWriter) http.ResponseWriter {
	if sent(w) >= 0 {
		return w
	}
	return &tracker{ResponseWriter: w}
}

// A tracker remembers the status that was sent.
type tracker struct {
	http.ResponseWriter
	status int
}

func (t *tracker) Status() int                 { return t.status }
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tracker) begin(status int) {
	if t.status == 0 {
		t.status = status
	}
}

func (t *tracker) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols { // other 1xx are not the answer
		t.begin(status)
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(p []byte) (int, error) {
	t.begin(http.StatusOK)
	return t.ResponseWriter.Write(p)
}

// ReadFrom keeps sendfile working through the tracker.
func (t *tracker) ReadFrom(r io.Reader) (int64, error) {
	t.begin(http.StatusOK)
	return io.Copy(t.ResponseWriter, r)
}

func (t *tracker) Flush() { _ = t.FlushError() }

func (t *tracker) FlushError() error {
	err := http.NewResponseController(t.ResponseWriter).Flush()
	if err == nil {
		t.begin(http.StatusOK)
	}
	return err
}

func (t *tracker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err == nil {
		t.begin(http.StatusSwitchingProtocols)
	}
	return c, rw, err
}
