package cachehttp

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// A Policy says for one route what its responses leave open. TTL and the
// two stale windows apply to responses without Cache-Control, Expires and
// targeted fields of their own, with a status that is cacheable by default
// (such as 200, 204, 301, 404 and 410); what a response says wins.
type Policy struct {
	// TTL is how long this cache answers by itself; 0 leaves it to the
	// response. Clients are not told, so a purge reaches everybody.
	TTL time.Duration
	// Browser is the max-age clients are told; 0 means no-cache: they ask
	// each time and mostly get a 304. Only used with TTL.
	Browser time.Duration
	// StaleWhileRevalidate is how long after TTL a stale response is still
	// served while one request in the background fetches a new one.
	StaleWhileRevalidate time.Duration
	// StaleIfError is how long after TTL a stale response replaces a 500,
	// 502, 503, 504 or panic of the handler.
	StaleIfError time.Duration
	// Tags are put on each response; see [Tag].
	Tags []string
	// Public says that responses do not depend on who asks: requests with
	// Authorization or Cookie store them and are answered with them.
	Public bool
}

// String is what the route table shows.
func (p Policy) String() string {
	if p.TTL <= 0 {
		return strings.TrimSuffix("as responses say, "+p.flags(), ", ")
	}
	return strings.TrimSuffix(fmt.Sprintf("ttl %v, ", p.TTL)+p.flags(), ", ")
}

func (p Policy) flags() string {
	var b strings.Builder
	add := func(on bool, format string, args ...any) {
		if on {
			fmt.Fprintf(&b, format+", ", args...)
		}
	}
	add(p.TTL > 0 && p.StaleWhileRevalidate > 0, "stale-while-revalidate %v", p.StaleWhileRevalidate)
	add(p.TTL > 0 && p.StaleIfError > 0, "stale-if-error %v", p.StaleIfError)
	add(p.Public, "public")
	add(len(p.Tags) > 0, "tags %s", strings.Join(p.Tags, " "))
	return b.String()
}

// control is the policy as directives. It grants nothing to requests with
// credentials unless Public.
func (p *Policy) control() field.Control {
	c := field.None
	c.MaxAge = int64(p.TTL / time.Second)
	c.Public = p.Public
	c.WhileRevalidate = int64(p.StaleWhileRevalidate / time.Second)
	c.IfError = int64(p.StaleIfError / time.Second)
	return c
}

// announce is what clients are told of the policy.
func (p *Policy) announce() string {
	if p.Browser <= 0 {
		return "no-cache"
	}
	return fmt.Sprintf("max-age=%d", int64(p.Browser/time.Second))
}

// control reads the directives of a response: of the first targeted field
// that is valid, else of Cache-Control, else of the policy. targeted means
// that Expires does not count.
func (h *handler) control(status int, header http.Header) (c field.Control, targeted, policy bool) {
	for _, name := range h.cache.targets() {
		if c, ok := field.ParseTargeted(header[http.CanonicalHeaderKey(name)]); ok {
			return c, true, false
		}
	}
	lines := header["Cache-Control"]
	if len(lines) == 0 && len(header["Expires"]) == 0 && h.policy.TTL > 0 && byDefault(status) {
		return h.policy.control(), true, true
	}
	return field.ParseControl(lines), false, false
}

// byDefault reports a status that is heuristically cacheable (RFC 9110,
// section 15.1).
func byDefault(status int) bool {
	switch status {
	case 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501:
		return true
	}
	return false
}

// lifetime is the freshness lifetime (RFC 9111, section 4.2.1) and whether
// it is explicit. What cannot be read is stale, not absent.
func (h *handler) lifetime(status int, header http.Header, c *field.Control, targeted bool, date time.Time) (time.Duration, bool) {
	switch expires := header["Expires"]; {
	case c.SMaxAge != field.Absent:
		return time.Duration(c.SMaxAge) * time.Second, true
	case c.MaxAge != field.Absent:
		return time.Duration(c.MaxAge) * time.Second, true
	case len(expires) > 0 && !targeted:
		at, ok := field.Date(expires[0], date)
		if !ok || len(expires) > 1 {
			return 0, true
		}
		return max(0, at.Sub(date)), true
	}
	if !h.cache.full() || !byDefault(status) && !c.Public {
		return 0, false
	}
	modified, ok := field.Date(header.Get("Last-Modified"), date)
	if !ok {
		return 0, false
	}
	return min(max(0, date.Sub(modified)/10), 24*time.Hour), false
}
