package cachehttp

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// serve answers from the entry: with 304 if the client's own condition
// says so, with the range asked for, or whole. With no status lines given
// it is a hit.
func (v *visit) serve(status []string) {
	e, header := v.entry, v.w.Header()
	code, body := e.Status, e.body
	keep := func(string) bool { return true }
	switch {
	case v.notModified(e):
		code, body, keep = http.StatusNotModified, nil, with304
	case v.part != "" && (e.Status == 200 || !e.complete()) && v.ifRange(e):
		if s, how := v.span(e); how == field.Unsatisfiable {
			code, body, keep = http.StatusRequestedRangeNotSatisfiable, nil, func(string) bool { return false }
			header.Set("Content-Range", "bytes */"+strconv.FormatInt(s.Total, 10))
		} else if how == field.Satisfiable {
			code, body, keep = http.StatusPartialContent, e.body[s.First-e.Part.First:s.Last-e.Part.First+1], v.with206
			header.Set("Content-Range", s.String())
			header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	for i := range e.Header {
		if l := &e.Header[i]; keep(l.Name) {
			if l.Name == "Vary" && len(header["Vary"]) > 0 {
				header["Vary"] = union(header["Vary"], l.Values)
				continue
			}
			header[l.Name] = l.Values
		}
	}
	v.wire(header, status)
	v.w.WriteHeader(code)
	if v.r.Method != http.MethodHead && len(body) > 0 {
		v.w.Write(body)
	}
}

// union is what middleware around the cache varies by, and the entry.
func union(outer, stored []string) []string {
	list := slices.Clone(outer)
	for _, line := range stored {
		if !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	return list
}

// wire sets Age and Cache-Status.
func (v *visit) wire(header http.Header, status []string) {
	e := v.entry
	n := int64(e.age(v.now) / time.Second)
	x := e.wire.Load()
	if x == nil || x.age != n {
		x = &wire{age: n}
		x.lines[0][0] = strconv.FormatInt(n, 10)
		x.lines[1][0] = v.h.cache.name() + "; hit; ttl=" + strconv.FormatInt(int64(e.Life/time.Second)-n, 10) + v.debug()
		x.statusLines = append(slices.Clip(e.lines("Cache-Status")), x.lines[1][0])
		e.wire.Store(x)
	}
	if status != nil {
		status = append(slices.Clip(e.lines("Cache-Status")), status...)
	} else {
		status = slices.Clip(x.statusLines)
	}
	header["Age"] = x.lines[0][:1:1]
	header["Cache-Status"] = status
}

// span is the part of the representation that the request asks for.
func (v *visit) span(e *entry) (field.Span, int) {
	total := e.Part.Total
	if e.complete() {
		total = int64(len(e.body))
	}
	return field.ParseRange(v.part, total)
}

// with206 reports the fields that belong into a 206: to a client that sent
// If-Range, only what it cannot know (RFC 9110, section 15.3.7).
func (v *visit) with206(name string) bool {
	if name == "Content-Length" {
		return false
	}
	return v.r.Header.Get("If-Range") == "" || name == "Content-Location" ||
		!strings.HasPrefix(name, "Content-") && name != "Last-Modified"
}

// notModified evaluates the client's own condition against e (RFC 9110,
// section 13.2.2; RFC 9111, section 4.3.2): If-None-Match wins over
// If-Modified-Since, and conditions concern successful responses only.
func (v *visit) notModified(e *entry) bool {
	return e.Status/100 == 2 && unchanged(v.r, e.get("Etag"), e.get("Last-Modified"), e.get("Date"), v.now)
}

func unchanged(r *http.Request, etag, modified, date string, now time.Time) bool {
	if none := r.Header["If-None-Match"]; len(none) > 0 {
		return field.Matches(none, etag, false)
	}
	since := r.Header["If-Modified-Since"]
	if len(since) != 1 {
		return false
	}
	if modified == "" {
		modified = date
	}
	t, ok := field.Date(since[0], now)
	m, ok2 := field.Date(modified, now)
	return ok && ok2 && !m.After(t)
}

// with304 reports the fields that belong into a 304 (RFC 9110, section
// 15.4.5): validators and what caches on the way need.
func with304(name string) bool {
	switch name {
	case "Etag", "Last-Modified", "Cache-Control", "Expires", "Date", "Vary", "Content-Location":
		return true
	}
	return strings.HasSuffix(name, "-Cache-Control")
}

// hit is nil: serve takes the status lines that hits share, unless they
// tell more.
func (v *visit) hit() []string {
	if v.collapsed {
		return v.forwarded(0, false)
	}
	return nil
}

// forwarded is the Cache-Status of an answer that took a fetch (RFC 9211):
// of this request, or if collapsed, of another.
func (v *visit) forwarded(status int, stored bool) []string {
	var b strings.Builder
	why := v.why
	if v.collapsed {
		why = v.first
	}
	b.WriteString(v.h.cache.name() + "; fwd=" + why)
	if status != 0 {
		b.WriteString("; fwd-status=" + strconv.Itoa(status))
	}
	if stored {
		b.WriteString("; stored")
	}
	if v.collapsed {
		b.WriteString("; collapsed")
	}
	return []string{b.String() + v.debug()}
}

// debug adds the key in a form that a structured string can hold.
func (v *visit) debug() string {
	if !v.h.cache.Debug {
		return ""
	}
	key := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, string(v.key))
	return `; key="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
}

func (c *Cache) name() string {
	if c.Name == "" {
		return "glueful"
	}
	return c.Name
}
