package cachehttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

type handler struct {
	cache  *Cache
	policy Policy
	next   http.Handler
}

// Unwrap returns the handler behind the cache.
func (h *handler) Unwrap() http.Handler { return h.next }

// CachePolicy is shown in the route table.
func (h *handler) CachePolicy() string { return h.policy.String() }

// Refusals are the errors the cache may answer with itself.
func (h *handler) Refusals() []error { return []error{ErrNotCached, ErrGaveUp, ErrStale} }

// visit is one GET or HEAD on its way through the cache.
type visit struct {
	h      *handler
	w      http.ResponseWriter
	r      *http.Request
	now    time.Time
	ctl    field.Control // of the request
	cred   bool          // the request carries credentials
	direct bool          // the cache only watches
	part   string        // the Range header

	key     []byte // primary key
	variant []byte // key of the variant the request selects, or key
	buf     [192]byte
	query   string // as the handler shall see it

	entry *entry // what was found, fresh or not
	soft  bool   // its tags were softened
	why   string // of going forward (RFC 9211)

	collapsed bool
	first     string // why, of the fetch that was collapsed with
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.write(w, r)
		return
	case !h.cache.ready() || r.ContentLength != 0 || len(r.Header["Upgrade"]) > 0:
		w.Header().Add("Cache-Status", h.cache.name()+"; fwd=bypass")
		h.next.ServeHTTP(w, r)
		return
	}
	v := visits.Get().(*visit)
	v.h, v.w, v.r, v.now = h, w, r, time.Now()
	v.start()
	if len(r.Header["If-Match"]) > 0 || len(r.Header["If-Unmodified-Since"]) > 0 || strings.Contains(v.part, ",") {
		v.why, v.direct = "bypass", true
		v.fetch(nil)
		return
	}
	if v.answer() {
		*v = visit{}
		visits.Put(v)
	}
}

// visits are those that ended as a hit: nothing refers to them.
var visits = sync.Pool{New: func() any { return new(visit) }}

// answer serves from the store if it may, waits for the fetch of another
// request if there is one, or fetches. It reports whether it was a plain hit.
func (v *visit) answer() bool {
	for try := 0; ; try++ {
		v.lookup()
		switch v.judge() {
		case fresh:
			v.serve(v.hit())
			return true
		case staleWhileRevalidate:
			v.refresh()
			v.serve(v.hit())
			return false
		}
		if outer, ok := v.r.Context().Value(fetchKey{}).(*recorder); ok && outer.v.h.cache == v.h.cache {
			v.h.next.ServeHTTP(v.w, v.r) // this cache already waits for us
			return false
		}
		if v.ctl.OnlyIfCached {
			v.h.cache.deny(v.w, v.r, ErrNotCached)
			return false
		}
		if try == 2 || !v.collapses() {
			v.fetch(nil)
			return false
		}
		f, leads := v.h.cache.flights.join(string(v.variant), v.now)
		if leads || f == nil {
			v.fetch(f)
			return false
		}
		if !v.follow(f) {
			return false
		}
	}
}

// follow waits for the fetch of another request. It reports whether the
// store is worth another look; else the request has been answered.
func (v *visit) follow(f *flight) bool {
	timer := time.NewTimer(followerWait)
	defer timer.Stop()
	select {
	case <-f.done:
	case <-timer.C:
		v.fetch(nil)
		return false
	case <-v.r.Context().Done():
		v.h.cache.deny(v.w, v.r, ErrGaveUp)
		return false
	}
	v.collapsed, v.first, v.now = true, v.why, time.Now()
	if f.failed && v.entry != nil && v.staleOnError(false) {
		v.serve(v.forwarded(0, false))
		return false
	}
	if !f.stored {
		v.collapsed = false
		v.fetch(nil)
		return false
	}
	return true
}

func (v *visit) start() {
	c, r := v.h.cache, v.r
	v.key = v.appendKey(v.buf[:0])
	v.variant = v.key
	v.part = r.Header.Get("Range")
	if r.Method == http.MethodHead {
		v.part = "" // Range is defined for GET only
	}
	v.ctl = field.None
	if lines := r.Header["Cache-Control"]; len(lines) > 0 {
		v.ctl = field.ParseControl(lines)
	} else if strings.Contains(strings.ToLower(r.Header.Get("Pragma")), "no-cache") {
		v.ctl.NoCache = true
	}
	if c.IgnoreClient {
		only, store := v.ctl.OnlyIfCached, v.ctl.NoStore
		v.ctl = field.None
		v.ctl.OnlyIfCached, v.ctl.NoStore = only, store
	}
	v.cred = len(r.Header["Authorization"]) > 0 || !c.full() && len(r.Header["Cookie"]) > 0
}

// permits reports whether a response with the directives c may be stored
// for, and answer, a request with the credentials of this one (RFC 9111,
// section 3.5). Under Full only storing is restricted.
func (v *visit) permits(c *field.Control) bool {
	switch {
	case !v.cred || c.Public || c.SMaxAge != field.Absent:
		return true
	case len(v.r.Header["Cookie"]) > 0 && !v.h.cache.full():
		return false
	}
	return c.MustRevalidate
}

// appendKey appends scheme, host, path and query, then the keyed fields and
// the principal. Line breaks separate: they cannot be in any of these.
func (v *visit) appendKey(b []byte) []byte {
	c, r := v.h.cache, v.r
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	v.query = r.URL.RawQuery
	if c.Query != nil || c.SortQuery {
		v.query = c.canonicalQuery(v.query)
	}
	path, seen := publicPath(r), r.URL.EscapedPath()
	b = appendURL(append(b, scheme...), scheme, r.Host, path, v.query, r.URL.ForceQuery)
	if seen != path {
		b = append(append(b, "\n>"...), seen...) // rewritten on the way to us
	}
	for _, name := range c.Headers {
		b = append(append(append(b, '\n'), name...), ':')
		b = field.AppendNormal(b, r.Header[http.CanonicalHeaderKey(name)])
	}
	if c.Principal != nil {
		b = append(append(b, "\n@"...), c.Principal(r)...)
	}
	return b
}

// publicPath is the path that the client asked for, which middleware such as
// http.StripPrefix does not change.
func publicPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") {
		return r.URL.EscapedPath()
	}
	return path
}

func appendURL(b []byte, scheme, host, path, query string, force bool) []byte {
	b = append(b, "://"...)
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	b = append(b, strings.ToLower(strings.TrimSuffix(host, port))...)
	if path == "" {
		path = "/"
	}
	b = append(b, path...)
	if query != "" || force {
		b = append(append(b, '?'), query...)
	}
	return b
}

// canonicalQuery keeps the parameters that matter, sorted by name if asked.
func (c *Cache) canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	pairs := strings.Split(raw, "&")
	name := func(pair string) string {
		key, _, _ := strings.Cut(pair, "=")
		if s, err := url.QueryUnescape(key); err == nil {
			return s
		}
		return key
	}
	if c.Query != nil {
		pairs = slices.DeleteFunc(pairs, func(p string) bool { return !slices.Contains(c.Query, name(p)) })
	}
	if c.SortQuery {
		slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	}
	return strings.Join(pairs, "&")
}

// appendVariant appends the second key: what the request has in each field
// of a Vary rule. An absent field differs from an empty one.
func appendVariant(b []byte, rule []string, r *http.Request) []byte {
	b = append(b, '\n')
	for _, name := range rule {
		b = append(append(b, '\n'), name...)
		lines, ok := r.Header[name]
		if name == "Host" {
			lines, ok = []string{r.Host}, true
		}
		if ok {
			b = field.AppendNormal(append(b, '='), lines)
		}
	}
	return b
}
