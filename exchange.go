package glueful

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/glueful/glueful-go/errs"
)

// An exchange is one request and its answer, as the base layer sees them. It is
// the ResponseWriter that handlers get and holds the context they see, so that
// the whole layer costs one allocation of ours and one copy of the request.
type exchange struct {
	http.ResponseWriter
	mux   *Mux
	route *route    // nil until the ServeMux has found one
	outer *exchange // set when this Mux is mounted in another
	ctx   requestContext

	id       string
	idHeader [1]string // backs the response header, so it must live as long as the response
	start    time.Time
	status   int   // 0 until the header is sent
	bytes    int64 // of the body
	muted    bool  // the ServeMux answers by itself: hold its text back
	level    slog.Level
	about    []slog.Attr // what was reported of an error
}

// requestContext is the context of a routed request: the one of the server with
// the route's deadline, and the exchange as a value.
type requestContext struct {
	context.Context
	x *exchange
}

type exchangeKey struct{}

func (c *requestContext) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return c.x
	}
	return c.Context.Value(key)
}

// RequestID returns the id of the request the context belongs to. It stands in
// the X-Request-Id header of the answer, in problem documents and in the log. It
// is empty outside a Mux.
func RequestID(ctx context.Context) string {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x.id
	}
	return ""
}

func newExchange(w http.ResponseWriter, r *http.Request, m *Mux) *exchange {
	x := &exchange{ResponseWriter: w, mux: m, start: time.Now()}
	if m.TrustRequestID {
		x.id = trusted(r.Header.Get("X-Request-Id"))
	}
	if x.id == "" {
		x.id = newID()
	}
	x.idHeader[0] = x.id
	w.Header()["X-Request-Id"] = x.idHeader[:]
	return x
}

// newID returns 128 random bits in hex. An id is a name, not a secret: the
// runtime's generator (ChaCha8, seeded by the system) is enough.
func newID() string {
	const digits = "0123456789abcdef"
	var b [32]byte
	for i := 0; i < len(b); i += 16 {
		for j, bits := i, rand.Uint64(); j < i+16; j, bits = j+1, bits>>4 {
			b[j] = digits[bits&15]
		}
	}
	return string(b[:])
}

// trusted returns id if it is safe to repeat in headers and logs, else "".
func trusted(id string) string {
	if len(id) > 64 {
		return ""
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return ""
		}
	}
	return id
}

// Status returns the status that was sent, 0 before the header is out.
func (x *exchange) Status() int { return x.status }

// Unwrap lets http.ResponseController reach the server's writer.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Report keeps what there is to say about an error for the log line of the
// request, so that a request has one line whatever happened. Of several errors
// the first is the cause.
func (x *exchange) Report(level slog.Level, about ...slog.Attr) {
	if x.outer != nil {
		x.outer.Report(level, about...)
	} else if x.about == nil {
		x.level, x.about = max(x.level, level), about
	}
}

// WriteHeader sends the status, unless the ServeMux answers in our place.
func (x *exchange) WriteHeader(status int) {
	if x.muted {
		return
	}
	if x.route == nil && x.status == 0 {
		x.muted, x.status = true, status
		return
	}
	if x.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.muted {
		return len(p), nil
	}
	n, err := x.ResponseWriter.Write(p)
	x.bytes += int64(n)
	return n, err
}

// WriteString keeps io.WriteString from copying the text: an answer to many slow
// clients would be in memory once for each.
func (x *exchange) WriteString(s string) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.muted {
		return len(s), nil
	}
	n, err := io.WriteString(x.ResponseWriter, s)
	x.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the server's fast path for files.
func (x *exchange) ReadFrom(src io.Reader) (int64, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.muted {
		return io.Copy(io.Discard, src)
	}
	n, err := io.Copy(x.ResponseWriter, src)
	x.bytes += n
	return n, err
}

// Hijack hands the connection over; the log says 101.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err == nil {
		x.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// Flush sends what is buffered.
func (x *exchange) Flush() { _ = x.FlushError() }

// FlushError is Flush for http.ResponseController.
func (x *exchange) FlushError() error {
	err := http.NewResponseController(x.ResponseWriter).Flush()
	if x.status == 0 && !errors.Is(err, http.ErrNotSupported) {
		x.status = http.StatusOK // even if it failed: the header is on its way
	}
	return err
}

// exchangeOf returns the exchange that w is or wraps, nil if there is none.
func exchangeOf(w http.ResponseWriter) *exchange {
	for {
		if x, ok := w.(*exchange); ok {
			return x
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// answerUnrouted replaces what the ServeMux itself answered: no route was found,
// or the path is not clean.
func (x *exchange) answerUnrouted(r *http.Request) {
	if !x.muted {
		return
	}
	status, h := x.status, x.Header()
	x.muted, x.status = false, 0
	x.route = &route{mux: x.mux} // from here on, writes go through
	h.Del("Content-Type")
	h.Del("X-Content-Type-Options")
	switch {
	case status == http.StatusMethodNotAllowed && r.Method == http.MethodOptions:
		h.Set("Allow", h.Get("Allow")+", OPTIONS")
		x.WriteHeader(http.StatusNoContent)
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusBadRequest:
		x.mux.fail(x, r, unrouted(status))
	default: // a redirect to the clean path; its HTML is of no use to an API
		h.Set("Content-Length", "0")
		x.WriteHeader(status)
	}
	x.route = nil
}

// refuse answers a request that is not even looked up.
func (x *exchange) refuse(r *http.Request, err error) {
	x.route = &route{mux: x.mux}
	x.mux.fail(x, r, err)
	x.route = nil
}

// maxURI is the longest request target in bytes.
const maxURI = 8 << 10

var (
	own           errs.Catalog
	errURITooLong = own.New(http.StatusRequestURITooLong, "uri_too_long", http.StatusText(http.StatusRequestURITooLong))
)

func unrouted(status int) error {
	switch status {
	case http.StatusNotFound:
		return errs.NotFound
	case http.StatusMethodNotAllowed:
		return errs.MethodNotAllowed
	}
	return errs.BadRequest
}

// end recovers a panic, answers it if that is still possible, and writes the log
// line. It must be deferred directly.
func (x *exchange) end(r *http.Request) {
	p := recover()
	if p == nil {
		x.log(r)
		return
	}
	if p == http.ErrAbortHandler { // deliberate: an answer was cut short
		x.log(r)
		panic(p)
	}
	cause := errs.Internal.Wrap(fmt.Errorf("panic: %v", p)) // Wrap keeps the stack
	if x.status != 0 && !x.muted {
		x.Report(slog.LevelError, slog.Any("error", cause), slog.String("stack", string(debug.Stack())))
		x.log(r)
		panic(http.ErrAbortHandler) // a valid-looking end would be a lie
	}
	x.muted, x.status = false, 0
	x.answerPanic(r, cause)
	x.Report(slog.LevelError, slog.Any("error", cause), slog.String("stack", string(debug.Stack())))
	x.log(r)
}

// answerPanic writes the 500; an error handler that panics too must not take the
// log line with it.
func (x *exchange) answerPanic(r *http.Request, cause error) {
	defer func() {
		if recover() != nil && x.status == 0 {
			x.ResponseWriter.WriteHeader(http.StatusInternalServerError)
			x.status = http.StatusInternalServerError
		}
	}()
	if x.route == nil {
		x.route = &route{mux: x.mux}
		defer func() { x.route = nil }()
	}
	x.route.mux.fail(x, r, cause)
}

// maxLogged is the longest text of the client in a log line, in bytes.
const maxLogged = 1 << 10

// log writes the line of the request.
func (x *exchange) log(r *http.Request) {
	m := x.mux
	where := slog.String("path", clip(r.URL.EscapedPath())) // encoded: nothing in it steers a terminal
	if x.route != nil {
		m, where = x.route.mux, slog.String("route", x.route.pattern)
	}
	logger := m.Log
	if logger == nil {
		logger = slog.Default()
	}
	status, level := x.status, x.level
	if status == 0 {
		status = http.StatusOK
	}
	if status >= 500 {
		level = slog.LevelError
	}
	ctx := r.Context()
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := [12]slog.Attr{ // a Record holds five without allocating
		slog.String("id", x.id),
		where,
		slog.Int("status", status),
		slog.Int64("bytes", x.bytes),
		slog.Duration("took", time.Since(x.start)),
	}
	n := 5
	if x.route == nil || !strings.HasPrefix(x.route.pattern, r.Method+" ") { // else the pattern names it
		attrs[n] = slog.String("method", clip(r.Method))
		n++
	}
	n += copy(attrs[n:], x.about)
	logger.LogAttrs(ctx, level, "request", attrs[:n]...)
}

func clip(s string) string {
	if len(s) > maxLogged {
		s = strings.ToValidUTF8(s[:maxLogged], "") + "..."
	}
	return s
}
