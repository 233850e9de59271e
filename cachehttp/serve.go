package cachehttp

import (
	"net/http"
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
	age := v.wire(header, status)
	header["Age"] = age
	switch {
	case v.notModified(e):
		for _, l := range e.Header {
			if with304(l.Name) {
				header[l.Name] = l.Values
			}
		}
		v.w.WriteHeader(http.StatusNotModified)
		return
	case v.part != "" && (e.Status == 200 || !e.complete()) && v.ifRange(e):
		if v.servePart(e, header) {
			return
		}
	}
	for i := range e.Header {
		header[e.Header[i].Name] = e.Header[i].Values
	}
	v.w.WriteHeader(e.Status)
	if v.r.Method != http.MethodHead && len(e.body) > 0 {
		v.w.Write(e.body)
	}
}

// wire sets Cache-Status and returns the Age lines.
func (v *visit) wire(header http.Header, status []string) (age []string) {
	e := v.entry
	n := int64(e.age(v.now) / time.Second)
	x := e.wire.Load()
	if x == nil || x.age != n {
		x = &wire{age: n}
		x.lines[0][0] = strconv.FormatInt(n, 10)
		x.lines[1][0] = v.h.cache.name() + "; hit; ttl=" + strconv.FormatInt(int64(e.Life/time.Second)-n, 10) + v.debug()
		x.statusLines = x.lines[1][:]
		if before := e.lines("Cache-Status"); before != nil {
			x.statusLines = append(append(make([]string, 0, len(before)+1), before...), x.lines[1][0])
		}
		e.wire.Store(x)
	}
	if status == nil {
		status = x.statusLines[:len(x.statusLines):len(x.statusLines)]
	}
	header["Cache-Status"] = status
	return x.lines[0][:1:1]
}

// servePart answers a Range request with 206 or 416. It reports false for
// one that is to be ignored.
func (v *visit) servePart(e *entry, header http.Header) bool {
	total := e.Part.Total
	if e.complete() {
		total = int64(len(e.body))
	}
	s, how := field.ParseRange(v.part, total)
	switch how {
	case field.Ignore:
		return false
	case field.Unsatisfiable:
		header.Set("Content-Range", "bytes */"+strconv.FormatInt(total, 10))
		v.w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return true
	}
	short := v.r.Header.Get("If-Range") != ""
	for _, l := range e.Header {
		if !short || !strings.HasPrefix(l.Name, "Content-") && l.Name != "Last-Modified" || l.Name == "Content-Location" {
			header[l.Name] = l.Values
		}
	}
	header.Set("Content-Range", contentRange(s))
	header.Set("Content-Length", strconv.FormatInt(s.Last-s.First+1, 10))
	v.w.WriteHeader(http.StatusPartialContent)
	v.w.Write(e.body[s.First-e.Part.First : s.Last-e.Part.First+1])
	return true
}

func contentRange(s field.Span) string {
	return "bytes " + strconv.FormatInt(s.First, 10) + "-" + strconv.FormatInt(s.Last, 10) + "/" + strconv.FormatInt(s.Total, 10)
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

func (e *entry) lines(name string) []string {
	for i := range e.Header {
		if e.Header[i].Name == name {
			return e.Header[i].Values
		}
	}
	return nil
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
