package errs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
)

// A Handler answers requests with errors and logs what should be reported. The
// zero value is what [Write] uses. Do not change its fields after first use.
type Handler struct {
	// Map gives errors without a status one: the first mapper that returns
	// non-nil wins, and what it returns answers, by its status or by rendering
	// itself. Nil means Std, SQL. What no mapper knows is Internal.
	Map []func(error) error

	// Quiet is the don't-report list: it reports whether an error that is
	// answered with status stays out of the log. Status 499 stands for a
	// client that went away. Nil means everything below 500. Panics, and
	// errors after the first byte, are always logged, unless the client left.
	Quiet func(err error, status int) bool

	// Debug adds the cause chain with types and texts, the stack and the
	// details of 5xx errors to the answer. Never set it where strangers can
	// reach the server.
	Debug bool

	// Log takes one line per reported error; nil means [slog.Default] at the
	// time of the error.
	Log *slog.Logger
}

var zero Handler

// Write answers with err as the zero [Handler] does. It has the form of every
// Deny field and of an error hook.
func Write(w http.ResponseWriter, r *http.Request, err error) { zero.Write(w, r, err) }

// Write answers r with the problem of err and logs it. See the package comment
// for which error of the tree answers and what of it leaves the process.
//
// If the client went away (the request's context is cancelled and err says so)
// nobody reads an answer: a bare 499 is recorded for the access log. If the
// answer had begun already, Write panics with [http.ErrAbortHandler], as it
// does for an error that is http.ErrAbortHandler. A nil err is a mistake of the
// caller and answered as Internal.
func (h *Handler) Write(w http.ResponseWriter, r *http.Request, err error) {
	defer h.rescue(w, r)
	if e, ok := err.(*Error); ok && e.cause == nil { // most errors: nothing to search
		h.answer(w, r, err, e, nil)
		return
	}
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	if err == nil {
		err = errors.New("errs: Write without an error")
	}
	h.answer(w, r, err, h.find(r, err), nil)
}

// Panic answers a recovered panic with [Internal] and logs its value and stack;
// [http.ErrAbortHandler] is panicked again. Call it from the deferred function
// that recovered v, while the stack of the panic still stands.
func (h *Handler) Panic(w http.ResponseWriter, r *http.Request, v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	h.answer(w, r, panicked{v}, Internal, callers())
}

// Func returns f as an [http.Handler] whose error is answered by Write.
func (h *Handler) Func(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = track(w)
		if err := f(w, r); err != nil {
			h.Write(w, r, err)
		}
	})
}

// Recover returns next with its panics answered by Panic.
func (h *Handler) Recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = track(w)
		defer func() {
			if v := recover(); v != nil {
				h.Panic(w, r, v)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// panicked is the error of a panic. It has no Unwrap: an error that was
// panicked with does not choose the answer.
type panicked struct{ v any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.v) }

// rescue keeps an error whose methods or renderer panic from deciding the answer.
func (h *Handler) rescue(w http.ResponseWriter, r *http.Request) {
	if v := recover(); v != nil {
		h.Panic(w, r, v)
	}
}

// find returns the error that answers for err, never nil.
func (h *Handler) find(r *http.Request, err error) error {
	if cause := r.Context().Err(); cause != nil && errors.Is(cause, context.Canceled) &&
		(errors.Is(err, context.Canceled) || sqlState(err) == "57014") {
		return closed
	}
	if a := first(err); a != nil {
		return a
	}
	for _, m := range h.mappers() {
		if e := m(err); e != nil {
			if a := first(e); a != nil {
				return a
			}
		}
	}
	return Internal
}

var standard = []func(error) error{Std, SQL}

func (h *Handler) mappers() []func(error) error {
	if h.Map == nil {
		return standard
	}
	return h.Map
}

// answer writes what a says about err. A non-nil stack is that of a panic.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, err, a error, stack []uintptr) {
	status, begun, hdr := statusOf(a), sent(w) > 0, w.Header()
	var id string
	if v := hdr["X-Request-Id"]; len(v) > 0 {
		id = v[0]
	}
	report := stack != nil || h.report(err, status) || begun && a != error(closed)
	if id == "" && report && !begun {
		id = rand.Text()
		hdr.Set("X-Request-Id", id)
	}
	if len(id) > maxID {
		id = id[:maxID]
	}
	if stack == nil && (report || h.Debug) {
		stack = stackOf(err)
	}
	if begun {
		if report {
			h.log(w, r, err, a, status, id, "answer had begun, connection aborted", stack)
		}
		panic(http.ErrAbortHandler)
	}
	if self := renderer(a); self != nil {
		if report {
			h.log(w, r, err, a, status, id, "", stack)
		}
		h.render(w, r, self)
		return
	}

	p := problems.Get().(*problem)
	defer p.free()
	if body(r, status) {
		p.write(a, status, id, r.Header, status >= 500 && !h.Debug, h.debug(err, stack))
	}
	if report || p.dropped != "" {
		h.log(w, r, err, a, status, id, p.dropped, stack)
	}
	header(hdr, a, status, len(p.b))
	w.WriteHeader(status)
	if len(p.b) > 0 {
		_, _ = w.Write(p.b) // the client may be gone
	}
}

const maxID = 128 // bytes of a request id that are repeated

// render lets an error answer for itself; if it stops halfway, rescue has to
// know whether anything was sent.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, self http.Handler) {
	w = track(w)
	defer h.rescue(w, r)
	self.ServeHTTP(w, r)
}

func (h *Handler) report(err error, status int) bool {
	if h.Quiet == nil {
		return status >= 500
	}
	return !h.Quiet(err, status)
}

func (h *Handler) debug(err error, stack []uintptr) []byte {
	if !h.Debug {
		return nil
	}
	if stack == nil {
		stack = callers()
	}
	return debug(err, stack)
}

// log writes the line of a reported error, or hands it to a writer that keeps one
// line per request.
func (h *Handler) log(w http.ResponseWriter, r *http.Request, err, a error, status int, id, note string, stack []uintptr) {
	level := slog.LevelWarn
	switch {
	case status >= 500:
		level = slog.LevelError
	case a == error(closed):
		level = slog.LevelInfo
	}
	k := keeperOf(w)
	l := h.Log
	if l == nil {
		l = slog.Default()
	}
	if k == nil && !l.Enabled(r.Context(), level) {
		return
	}
	about := make([]slog.Attr, 4, 9)
	about = append(about, slog.String("code", tidy(codeOf(a))), slog.String("error", clean(err.Error())), slog.String("type", fmt.Sprintf("%T", err)))
	if note != "" {
		about = append(about, slog.String("note", clean(note)))
	}
	if stack != nil {
		about = append(about, slog.Any("stack", frames(stack)))
	}
	if k != nil {
		k.Report(level, about[4:]...)
		return
	}
	about[0], about[1] = slog.String("request_id", tidy(id)), slog.String("method", tidy(r.Method))
	about[2], about[3] = route(r), slog.Int("status", status)
	l.LogAttrs(r.Context(), level, "request failed", about...)
}

// body reports whether an answer to r with status has one.
func body(r *http.Request, status int) bool {
	return r.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified && status != closed.status
}

// Shared header values: written once, never changed.
var (
	problemType = []string{"application/problem+json"}
	noSniff     = []string{"nosniff"}
	noStore     = []string{"no-store"}
	bearer      = []string{"Bearer"}
)

// header turns the headers of an answer that was being prepared into those of
// the problem that takes its place.
func header(h http.Header, a error, status, size int) {
	if h["X-Request-Id"] == nil || len(h) > 1 {
		scrub(h, status)
	}
	if status >= 400 {
		h["Cache-Control"] = noStore
	}
	h["Content-Type"] = problemType
	h["X-Content-Type-Options"] = noSniff
	if e, ok := a.(*Error); ok {
		copyHeader(h, e.header)
	} else {
		if x, ok := a.(interface{ HTTPHeader() http.Header }); ok {
			copyHeader(h, x.HTTPHeader())
		}
		if _, ok := a.(interface{ DetailsIn(string) any }); ok {
			h.Add("Vary", "Accept-Language")
		}
	}
	switch {
	case status == http.StatusNoContent, status == http.StatusNotModified, status == closed.status:
		delete(h, "Content-Type")
	case size > 2000: // shorter ones net/http measures itself
		h["Content-Length"] = []string{strconv.Itoa(size)}
	}
	if status == http.StatusUnauthorized && len(h["Www-Authenticate"]) == 0 {
		h["Www-Authenticate"] = bearer // RFC 9110 section 15.5.2 demands a challenge
	}
}

// scrub deletes what describes the answer that is not sent.
func scrub(h http.Header, status int) {
	for k := range h {
		switch k {
		case "Content-Length":
			delete(h, k)
		case "Content-Encoding", "Content-Range", "Content-Disposition", "Accept-Ranges", "Etag", "Last-Modified", "Expires":
			if status >= 400 { // a 304 keeps its validators (RFC 9110 section 15.4.5)
				delete(h, k)
			}
		}
	}
}

func copyHeader(h, from http.Header) {
	for k, v := range from {
		switch k = http.CanonicalHeaderKey(k); k {
		case "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding":
		case "Vary", "Set-Cookie":
			for _, s := range v {
				h.Add(k, s)
			}
		default:
			h[k] = v
		}
	}
}
