package glueful

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// A Route describes one registered route.
type Route struct {
	Method  string // "" when the pattern matches every method
	Pattern string // as the ServeMux sees it, prefix and method included
	Path    string // the pattern without method and host
	Source  string // file:line of the registration

	Timeout time.Duration // deadline of the context; 0 is none
	MaxBody int64         // bytes; 0 is no limit

	// Middleware names the functions the handler runs in, outermost first.
	Middleware []string
	// Guards, Limits and Cache are what the middleware says of itself; see
	// [Mux.Handle].
	Guards []string
	Limits []string
	Cache  string

	// In and Out are the types of a handler made by Do; otherwise nil.
	In, Out reflect.Type
	// Status is the status of success of a handler made by Do; otherwise 0.
	Status int
	// Errors are the errors the route may answer with: those declared in Do and
	// those its middleware names.
	Errors []error
}

// route is one entry of the table: what Handle was told, and the handler with
// all middleware around it.
type route struct {
	mux      *Mux
	pattern  string
	source   string
	handler  http.Handler
	endpoint endpoint // nil unless made by Do
	layers   []layer  // outermost first
	timeout  time.Duration
	maxBody  int64
}

// layer is one middleware around a handler.
type layer struct {
	name    string
	handler http.Handler // what the middleware returned
}

// preparer is a handler that can say whether it fits its pattern.
type preparer interface {
	http.Handler
	prepare(pattern string) error
}

// endpoint is what a handler made by Do tells of itself.
type endpoint interface {
	preparer
	describe(*Route)
	streams() bool
}

// The default settings of a Mux.
const (
	defaultTimeout = 30 * time.Second
	defaultMaxBody = 1 << 20
)

// route makes the entry: it joins the pattern, binds the endpoint and folds the
// middleware.
func (m *Mux) route(pattern string, h http.Handler, source string) (*route, error) {
	if h == nil {
		return nil, errors.New("the handler is nil")
	}
	full, err := join(m.prefix, pattern)
	if err != nil {
		return nil, err
	}
	rt := &route{mux: m, pattern: full, source: source, timeout: m.Timeout, maxBody: m.MaxBody}
	if rt.timeout == 0 {
		rt.timeout = defaultTimeout
	}
	if rt.maxBody == 0 {
		rt.maxBody = defaultMaxBody
	}
	if p, ok := innermost(h).(preparer); ok {
		if err := p.prepare(full); err != nil {
			return nil, err
		}
	}
	if e, ok := innermost(h).(endpoint); ok {
		rt.endpoint = e
		if e.streams() {
			rt.timeout = -1
		}
	}
	for i := len(m.chain) - 1; i >= 0; i-- {
		inner := h
		if h = m.chain[i](inner); h == nil {
			return nil, fmt.Errorf("middleware %s returned a nil handler", funcName(m.chain[i]))
		}
		rt.layers = append(rt.layers, layer{funcName(m.chain[i]), h})
	}
	for i, j := 0, len(rt.layers)-1; i < j; i, j = i+1, j-1 {
		rt.layers[i], rt.layers[j] = rt.layers[j], rt.layers[i]
	}
	rt.handler = h
	return rt, rt.checkOrder()
}

// ServeHTTP is the second half of the base layer: what can only be done once the
// route is known.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange) // the ServeMux hands on the writer it was given
	x.route = rt
	ctx := r.Context()
	if rt.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rt.timeout)
		defer cancel()
	}
	x.ctx = requestContext{ctx, x}
	r = r.WithContext(&x.ctx)
	if rt.maxBody > 0 && r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(x.ResponseWriter, r.Body, rt.maxBody)
	}
	if len(rt.mux.Proxies) > 0 {
		r.RemoteAddr = clientAddr(r, rt.mux.Proxies)
	}
	if err := rt.checkOrigin(r); err != nil {
		rt.mux.fail(x, r, err)
		return
	}
	rt.handler.ServeHTTP(x, r)
}

// join puts the prefix between host and path of the pattern.
func join(prefix, pattern string) (string, error) {
	method, rest := "", pattern
	if before, after, ok := strings.Cut(pattern, " "); ok {
		method, rest = before+" ", strings.TrimLeft(after, " \t")
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return "", errors.New("the pattern has no path; want something like \"GET /books/{id}\"")
	}
	return method + rest[:slash] + prefix + rest[slash:], nil
}

// innermost follows Unwrap to the handler inside the handler's own middleware.
func innermost(h http.Handler) http.Handler {
	for {
		u, ok := h.(interface{ Unwrap() http.Handler })
		if !ok {
			return h
		}
		inner := u.Unwrap()
		if inner == nil {
			return h
		}
		h = inner
	}
}

// checkOrder refuses a chain in which a middleware needs what only a later one,
// or none, provides. Middleware that says nothing of itself is taken as it is.
func (rt *route) checkOrder() error {
	have := map[string]bool{}
	for _, l := range rt.layers {
		if n, ok := l.handler.(interface{ Needs() []string }); ok {
			for _, need := range n.Needs() {
				if !have[need] {
					return fmt.Errorf("middleware %s needs %q, which nothing outside of it provides", l.name, need)
				}
			}
		}
		if p, ok := l.handler.(interface{ Provides() []string }); ok {
			for _, what := range p.Provides() {
				have[what] = true
			}
		}
	}
	return nil
}

func (rt *route) describe() Route {
	method, rest := "", rt.pattern
	if before, after, ok := strings.Cut(rt.pattern, " "); ok {
		method, rest = before, after
	}
	d := Route{
		Method: method, Pattern: rt.pattern, Path: rest[strings.IndexByte(rest, '/'):], Source: rt.source,
		Timeout: max(rt.timeout, 0), MaxBody: max(rt.maxBody, 0),
	}
	for _, l := range rt.layers {
		d.Middleware = append(d.Middleware, l.name)
		if g, ok := l.handler.(interface{ Guard() string }); ok {
			d.Guards = append(d.Guards, g.Guard())
		}
		if g, ok := l.handler.(interface{ Limit() string }); ok {
			d.Limits = append(d.Limits, g.Limit())
		}
		if g, ok := l.handler.(interface{ CachePolicy() string }); ok {
			d.Cache = g.CachePolicy()
		}
		if g, ok := l.handler.(interface{ Refusals() []error }); ok {
			d.Errors = append(d.Errors, g.Refusals()...)
		}
	}
	if rt.endpoint != nil {
		rt.endpoint.describe(&d)
	}
	return d
}

// funcName returns the name of a function as its author would say it:
// "limit.(*Limiter).Handler" for a method value, without the module path.
func funcName(f any) string {
	fn := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
	if fn == nil {
		return "unknown"
	}
	name := fn.Name()
	name = strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], "-fm")
	return name
}
