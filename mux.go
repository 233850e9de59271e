// Package glueful serves JSON APIs on net/http.
//
// A [Mux] is an http.ServeMux that knows its routes: the same patterns, the same
// precedence, the same panics on a conflict. Around every request it lays one
// base layer (panic recovery, request id, access log, deadline, body limit),
// and every refusal, 404 and 405 included, is an RFC 9457 problem.
//
//	var m glueful.Mux
//	api := m.Group("/v1", keys.Require("books:read"))
//	api.Handle("GET /books/{id}", glueful.Do(shop.show))
//	api.With(limiter.Handler).Handle("POST /books", glueful.Do(shop.create))
//	err := glueful.Serve(ctx, "127.0.0.1:8080", &m)
//
// Handlers come in three rungs, all of them plain http.Handlers that work on a
// bare ServeMux as well:
//
//   - any http.Handler, known by its pattern;
//   - [Func], a function that may return an error;
//   - [Do], a typed function func(ctx, In) (Out, error) whose input is bound and
//     checked before it runs, and whose status stands in its result type.
//
// # The rooms
//
// Each folder below this one is a package that can be used, or copied, alone:
// errs (problems), valid (rules and strict JSON), render (views, pages, streams),
// project (selection, filters, sorting), model (the database), limit (rates and
// quotas), cachehttp (a shared HTTP cache). They meet by method: an error with
// HTTPStatus() int is an HTTP error, whoever made it.
package glueful

import (
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Mux routes requests. The zero value is ready to use.
//
// The patterns are those of [http.ServeMux]. A Mux made by [Mux.Group] or
// [Mux.With] registers into the same table; serving any of them serves the whole
// table. Registration and serving may happen at the same time.
//
// The fields are settings of the routes registered through this Mux: they are
// read by [Mux.Handle], and Group and With hand on what they are then. The Mux
// that serves uses its own for requests that match no route. Set them first, and
// do not change them while serving.
type Mux struct {
	// Timeout is the deadline of the request's context. Zero means 30 seconds,
	// a negative value none. A route whose result is a stream has none.
	Timeout time.Duration

	// MaxBody is the largest request body in bytes. Zero means 1 MiB, a negative
	// value no limit.
	MaxBody int64

	// Error answers what Func and Do return, requests that match no route, and
	// panics. Nil means errs.Write: a problem document, and nothing of a cause.
	Error func(http.ResponseWriter, *http.Request, error)

	// Log receives one line per request: Info below status 500, Error from
	// there on. Nil means slog.Default().
	Log *slog.Logger

	// TrustRequestID takes over the X-Request-Id of the request when it is 1 to
	// 64 letters, digits, dots, dashes and underscores. Set it behind a proxy
	// that overwrites the header; otherwise each request gets a new id.
	TrustRequestID bool

	// CrossOrigin checks requests that carry what a browser adds by itself (a
	// cookie, a client certificate, Basic, Digest, Negotiate or NTLM
	// credentials): one that another site made is answered 403. Nil means the
	// zero http.CrossOriginProtection, which trusts only the request's own
	// origin. Calls without such credentials are not its business.
	CrossOrigin *http.CrossOriginProtection

	// Proxies are the addresses of the proxies in front. When the peer is one of
	// them, the request's RemoteAddr becomes the last address of X-Forwarded-For
	// that is not (the one the outermost own proxy saw), with port 0. Nil
	// believes nobody.
	Proxies []netip.Prefix

	once   sync.Once
	routes *table
	prefix string
	chain  []func(http.Handler) http.Handler
}

// table is what a Mux and its groups share.
type table struct {
	mux http.ServeMux
	mu  sync.Mutex
	all []*route // guarded by mu
}

func (m *Mux) table() *table {
	m.once.Do(func() {
		if m.routes == nil {
			m.routes = new(table)
		}
	})
	return m.routes
}

// Group returns a Mux whose patterns begin with prefix and whose handlers run
// inside the given middleware, outermost first, after that of m. The prefix is
// empty or begins with a slash and does not end with one; it may hold wildcards.
//
// Groups are independent: what is added to one never reaches another.
func (m *Mux) Group(prefix string, middleware ...func(http.Handler) http.Handler) *Mux {
	if prefix != "" && (prefix[0] != '/' || strings.HasSuffix(prefix, "/") || strings.Contains(prefix, "{$}") || strings.Contains(prefix, "...}")) {
		panic(fmt.Sprintf("glueful: group prefix %q at %s: want \"\" or a path like /v1 without a slash at the end", prefix, caller()))
	}
	for i, mw := range middleware {
		if mw == nil {
			panic(fmt.Sprintf("glueful: middleware %d of the group at %s is nil", i+1, caller()))
		}
	}
	return &Mux{
		Timeout: m.Timeout, MaxBody: m.MaxBody, Error: m.Error, Log: m.Log, TrustRequestID: m.TrustRequestID, CrossOrigin: m.CrossOrigin, Proxies: m.Proxies,
		routes: m.table(),
		prefix: m.prefix + prefix,
		chain:  append(slices.Clone(m.chain), middleware...),
	}
}

// With returns a Mux like m whose handlers run inside the given middleware too,
// innermost last.
func (m *Mux) With(middleware ...func(http.Handler) http.Handler) *Mux {
	return m.Group("", middleware...)
}

// Handle registers the handler for the pattern, below the prefix and inside the
// middleware of m. It panics, naming the file and line, when the pattern is
// invalid or in conflict with another, when the handler is nil, or when a handler
// made by [Do] cannot be bound to the pattern.
func (m *Mux) Handle(pattern string, handler http.Handler) {
	rt, err := m.route(pattern, handler, caller())
	if err != nil {
		panic(fmt.Sprintf("glueful: route %q at %s: %v", pattern, caller(), err))
	}
	m.table().add(rt)
}

// Routes yields the routes in the order in which they were registered.
func (m *Mux) Routes() iter.Seq[Route] {
	t := m.table()
	return func(yield func(Route) bool) {
		t.mu.Lock()
		all := slices.Clone(t.all)
		t.mu.Unlock()
		for _, rt := range all {
			if !yield(rt.describe()) {
				return
			}
		}
	}
}

// Unguarded yields the routes no middleware of which says that it is a guard (by
// a method Guard() string on the handler it returns). A test that names the few
// public routes keeps the rest closed.
func (m *Mux) Unguarded() iter.Seq[Route] {
	return func(yield func(Route) bool) {
		for r := range m.Routes() {
			if len(r.Guards) == 0 && !yield(r) {
				return
			}
		}
	}
}

// ServeHTTP runs the base layer and dispatches the request to the handler whose
// pattern matches best. Without a match it answers 404, 405 with Allow, or, for
// OPTIONS on a known path, 204 with Allow.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := m.table()
	if outer := exchangeOf(w); outer != nil { // mounted in another Mux, which has the base layer
		x := &exchange{ResponseWriter: w, mux: m, id: outer.id, outer: outer}
		t.mux.ServeHTTP(x, r)
		x.answerUnrouted(r)
		return
	}
	x := newExchange(w, r, m)
	defer x.end(r)
	if len(r.RequestURI) > maxURI {
		x.refuse(r, errURITooLong)
		return
	}
	t.mux.ServeHTTP(x, r)
	x.answerUnrouted(r)
}

// add registers the route with the ServeMux, whose panic on a conflict it puts
// into the words of the two registrations.
func (t *table) add(rt *route) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			panic("glueful: " + t.relocate(fmt.Sprint(p), rt))
		}
	}()
	t.mux.Handle(rt.pattern, rt)
	t.all = append(t.all, rt)
}

// relocate replaces the places the ServeMux saw (this file) by those of the
// callers of Handle.
func (t *table) relocate(text string, added *route) string {
	known := func(pattern string) string {
		for _, rt := range t.all {
			if rt.pattern == pattern {
				return rt.source
			}
		}
		return added.source
	}
	if !strings.Contains(text, "registered at") {
		return fmt.Sprintf("route %q at %s: %s", added.pattern, added.source, text)
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(text, " (registered at ")
		if !ok {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		at := added.source
		if q := strings.LastIndex(before, `pattern "`); q >= 0 {
			if pattern := strings.TrimSuffix(before[q+len(`pattern "`):], `"`); pattern != added.pattern {
				at = known(pattern)
			} else if b.Len() > len(before) { // the second mention of the same pattern is the older route
				at = known(pattern)
			}
		}
		b.WriteString(" (registered at " + at + ")")
		_, text, _ = strings.Cut(after, ")")
	}
}

// caller returns file:line of the first frame outside this package.
func caller() string {
	here := reflect.TypeFor[Mux]().PkgPath() + "."
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, here) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}
