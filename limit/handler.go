package limit

import (
	"context"
	"errors"
	"maps"
	"net/http"
)

// Handler returns a handler that charges each request before next, and answers
// with Deny instead if it is refused. It panics if the limiter's fields
// contradict each other; one without limits refuses everything.
//
// The handler says what it does to whoever asks: its Limit method returns a
// line like "100/1m0s per client address", Refusals the errors it may answer
// with, Needs the limiter's Needs, and Unwrap next.
func (l *Limiter) Handler(next http.Handler) http.Handler {
	l.once.Do(l.compile)
	if l.err != nil && !errors.Is(l.err, errZero) {
		panic(l.err.Error())
	}
	return &guarded{l, next}
}

type guarded struct {
	l    *Limiter
	next http.Handler
}

func (g *guarded) Unwrap() http.Handler { return g.next }
func (g *guarded) Limit() string        { return g.l.describe() }
func (g *guarded) Needs() []string      { return g.l.Needs }

func (g *guarded) Refusals() []error {
	return []error{
		&RefusedError{Status: http.StatusTooManyRequests, Abuse: g.l.Abuse},
		&RefusedError{Status: http.StatusServiceUnavailable},
	}
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := g.l
	var c Charge
	if err := l.request(&c, r); err != nil {
		if e, ok := err.(*RefusedError); ok && e.header != nil {
			c.keep(e.header, w.Header())
			maps.Copy(w.Header(), e.header)
		}
		deny(l.Deny, w, r, err)
		return
	}
	c.fields(w.Header(), false)
	if l.Cost != nil {
		p := &pending{Charge: c}
		p.outer, _ = r.Context().Value(pendingKey{}).(*pending)
		r = r.WithContext(context.WithValue(r.Context(), pendingKey{}, p))
	}
	g.next.ServeHTTP(w, r)
}

// keep puts the list members of limiters further out in front of those in h.
func (c *Charge) keep(h, outer http.Header) {
	for _, name := range [...]string{fieldRate, fieldPolicy} {
		if own := h[name]; len(own) > 0 && len(outer[name]) > 0 {
			h[name] = join(outer[name], own)
		}
	}
}

func deny(f func(http.ResponseWriter, *http.Request, error), w http.ResponseWriter, r *http.Request, err error) {
	if f != nil {
		f(w, r, err)
		return
	}
	if h, ok := err.(http.Handler); ok {
		h.ServeHTTP(w, r)
		return
	}
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}
