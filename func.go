package glueful

import (
	"net/http"

	"github.com/glueful/glueful-go/errs"
)

// Func makes a handler of a function that may return an error. The error is
// answered by the Mux the handler is registered in (see [Mux].Error), or by
// errs.Write on any other router. An error after the first byte cuts the
// connection, so that a broken answer never looks whole.
func Func(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	if f == nil {
		panic("glueful: Func of nil at " + caller())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			fail(w, r, err)
		}
	})
}

// fail answers err through the error handler of the Mux that serves the request.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && x.route != nil {
		x.route.mux.fail(w, r, err)
		return
	}
	errs.Write(w, r, err)
}

func (m *Mux) fail(w http.ResponseWriter, r *http.Request, err error) {
	if m.Error != nil {
		m.Error(w, r, err)
		return
	}
	errs.Write(w, r, err)
}
