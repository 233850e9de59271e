package glueful

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS lets scripts of other origins read the answers of a handler (the CORS
// protocol of the Fetch standard). The zero value lets none. Wrap the whole Mux,
// so that errors and unknown paths carry the headers too:
//
//	h := (&glueful.CORS{Origins: []string{"https://app.example.com"}, Credentials: true}).Handler(&m)
//
// It decides what a browser may show to a script, never who may call: that is a
// guard's work. There is no way to write "any origin, with credentials". The
// fields must not change after Handler was called.
type CORS struct {
	// Origins are allowed by exact comparison, each as scheme://host with the
	// port if it is not the default one. "*" and "null" are refused.
	Origins []string

	// Credentials lets the listed Origins send cookies and read the answers. Of
	// requests that change something the Mux takes those only from origins that
	// its CrossOrigin trusts: list them there as well.
	Credentials bool

	// Public allows every origin, without credentials.
	Public bool

	// Methods answers preflight requests. Nil means GET, HEAD, POST, PUT, PATCH
	// and DELETE.
	Methods []string

	// Headers are the request headers allowed beside the safelisted ones; nil
	// means Content-Type. "*" is refused: it would not cover Authorization.
	Headers []string

	// Expose are the response headers a script may read beside the safelisted
	// ones.
	Expose []string

	// MaxAge is how long a browser may keep a preflight answer. Zero means ten
	// minutes.
	MaxAge time.Duration
}

// Handler returns next with the CORS headers around it; preflight requests it
// answers itself. It panics when an origin is not one.
func (c *CORS) Handler(next http.Handler) http.Handler {
	for _, o := range c.Origins {
		if !isOrigin(o) {
			panic(fmt.Sprintf("glueful: CORS origin %q: want what browsers send, scheme://host or scheme://host:port, in lower case, in ASCII, without the default port", o))
		}
	}
	if c.Credentials && len(c.Origins) == 0 {
		panic("glueful: CORS: Credentials wants Origins; they are never given to any origin")
	}
	if slices.Contains(c.Headers, "*") || slices.Contains(c.Methods, "*") {
		panic(`glueful: CORS: name the headers and methods, "*" is not taken`)
	}
	p := preflight{
		methods: strings.Join(orDefault(c.Methods, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), ", "),
		headers: strings.Join(orDefault(c.Headers, "Content-Type"), ", "),
		maxAge:  "600",
	}
	if c.MaxAge > 0 {
		p.maxAge = strconv.Itoa(int(c.MaxAge / time.Second))
	}
	expose := strings.Join(c.Expose, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		asks := r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
		if asks {
			h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
		}
		allowed := c.allow(h, r.Header["Origin"])
		if asks {
			if allowed {
				p.write(h)
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if allowed && expose != "" {
			h.Set("Access-Control-Expose-Headers", expose)
		}
		next.ServeHTTP(w, r)
	})
}

// isOrigin reports whether a browser could send o as it is: what could never be
// equal would allow nobody, silently.
func isOrigin(o string) bool {
	u, err := url.Parse(o)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || o != u.Scheme+"://"+u.Host || o != strings.ToLower(o) || strings.ContainsAny(o, "*,") {
		return false
	}
	for i := range len(o) {
		if o[i] <= ' ' || o[i] > '~' {
			return false
		}
	}
	port := u.Port()
	return !strings.HasSuffix(u.Host, ":") && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80")
}

// allow writes the headers that name the origin, if it is one of ours.
func (c *CORS) allow(h http.Header, origin []string) bool {
	if len(origin) != 1 {
		return false
	}
	switch {
	case slices.Contains(c.Origins, origin[0]):
		h.Set("Access-Control-Allow-Origin", origin[0])
		if c.Credentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	case c.Public:
		h.Set("Access-Control-Allow-Origin", "*")
	default:
		return false
	}
	return true
}

// preflight holds the ready header values of a preflight answer.
type preflight struct{ methods, headers, maxAge string }

func (p *preflight) write(h http.Header) {
	h.Set("Access-Control-Allow-Methods", p.methods)
	h.Set("Access-Control-Allow-Headers", p.headers)
	h.Set("Access-Control-Max-Age", p.maxAge)
}

func orDefault(list []string, otherwise ...string) []string {
	if list == nil {
		return otherwise
	}
	return list
}
