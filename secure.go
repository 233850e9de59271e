package glueful

import (
	"errors"
	"net/http"
	"strings"

	"github.com/glueful/glueful-go/errs"
)

// SecurityHeaders is a middleware that sets the headers a JSON API wants on every
// answer: no content sniffing, no framing, no scripts, no referrer, and over TLS
// a year of Strict-Transport-Security (RFC 6797). A handler may set its own
// values.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil { // RFC 6797 section 7.2 forbids it elsewhere
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// ambient reports whether a browser may have added the credentials by itself,
// which is what a cross-site request forgery needs.
func ambient(r *http.Request) bool {
	if len(r.Header["Cookie"]) > 0 || r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return true
	}
	a := r.Header["Authorization"]
	if len(a) == 0 {
		return false
	}
	scheme, _, _ := strings.Cut(a[0], " ")
	for _, s := range [...]string{"Basic", "Digest", "Negotiate", "NTLM"} {
		if strings.EqualFold(scheme, s) {
			return true
		}
	}
	return false
}

// checkOrigin refuses a request with ambient credentials that another site made.
func (rt *route) checkOrigin(r *http.Request) error {
	if !ambient(r) {
		return nil
	}
	guard := rt.mux.CrossOrigin
	if guard == nil {
		guard = &sameOriginOnly
	}
	if err := guard.Check(r); err != nil {
		return errs.Forbidden.Wrap(errors.Join(errors.New("glueful: cross-origin request with ambient credentials"), err))
	}
	return nil
}

var sameOriginOnly http.CrossOriginProtection
