package cachehttp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// fetch asks the handler and answers the client. f, if not nil, is the
// flight that others wait for.
func (v *visit) fetch(f *flight) {
	rec := &recorder{v: v, w: v.w, before: v.w.Header().Clone(), flight: f, began: time.Now()}
	rec.seen = v.version()
	ctx := v.r.Context()
	if f != nil {
		rec.link, ctx = newLeash(ctx)
		defer rec.link.end()
	}
	ctx = context.WithValue(ctx, fetchKey{}, rec)
	r := rec.request(ctx)
	if span := v.h.cache.Span; span != nil {
		spanned, end := span(ctx, "cachehttp.fetch", slog.String("reason", v.why))
		r = r.WithContext(spanned)
		defer func() { end(rec.failure()) }()
	}
	rec.call(r)
	rec.finish()
}

// failure is what a span is told: a server error, or a panic.
func (rec *recorder) failure() error {
	if rec.status == 0 || rec.status >= 500 {
		return fmt.Errorf("cachehttp: the handler ends with status %d", rec.status)
	}
	return nil
}

func (v *visit) version() uint64 {
	c := v.h.cache
	if c.ver == nil {
		return 0
	}
	n, err := c.ver.Version(v.r.Context())
	if err != nil {
		c.warn("cachehttp: cannot read the version", err)
	}
	return n
}

// call runs the handler. A panic before the response began is swallowed if
// the store can answer instead; any other goes on, and nothing is stored.
func (rec *recorder) call(r *http.Request) {
	done := false
	defer func() {
		if done {
			return
		}
		begun := rec.status != 0 && (rec.mode == passing || rec.mode == keeping)
		if !begun && rec.v.staleOnError(true) {
			rec.v.h.cache.rescued("cachehttp: the handler panicked, the stored response stays", recover())
			rec.status, rec.mode = http.StatusInternalServerError, holding
			return
		}
		rec.land(false, false, false)
	}()
	rec.v.h.next.ServeHTTP(rec, r)
	done = true
}

// request is what the handler is asked: the client's request with our
// conditions in place of its own where the store has something to validate.
func (rec *recorder) request(ctx context.Context) *http.Request {
	v := rec.v
	r := v.r.WithContext(ctx)
	r.Header = r.Header.Clone()
	if v.query != r.URL.RawQuery {
		u := *r.URL
		u.RawQuery = v.query
		r.URL = &u
	}
	if !v.h.cache.full() {
		v.h.cache.cleanse(r.Header)
	}
	e := v.entry
	switch {
	case v.direct || v.r.Method == http.MethodHead:
	case e != nil && e.complete():
		etag, modified := e.get("Etag"), e.get("Last-Modified")
		if etag != "" || modified != "" {
			rec.condition(r.Header, etag, modified)
		}
	case e != nil && v.part == "" && v.why == "partial":
		rec.complete(r.Header)
	case e == nil && rec.flight != nil:
		rec.condition(r.Header, "", "")
	}
	return r
}

// condition replaces the conditions of the client, which are then evaluated
// here, by those of the stored response.
func (rec *recorder) condition(header http.Header, etag, modified string) {
	rec.ours, rec.validates = true, etag != "" || modified != ""
	for name, value := range map[string]string{"If-None-Match": etag, "If-Modified-Since": modified} {
		header.Del(name)
		if value != "" {
			header.Set(name, value)
		}
	}
}

// complete asks for what is missing of a stored part, if that is one piece
// and a strong validator makes sure that it fits (RFC 9111, section 3.4).
func (rec *recorder) complete(header http.Header) {
	p, etag := rec.v.entry.Part, rec.v.entry.get("Etag")
	switch {
	case !field.Strong(etag):
		return
	case p.First == 0:
		rec.missing = field.Span{First: p.Last + 1, Last: p.Total - 1, Total: p.Total}
	case p.Last == p.Total-1:
		rec.missing = field.Span{First: 0, Last: p.First - 1, Total: p.Total}
	default:
		return
	}
	rec.condition(header, "", "")
	last := "" // open, if what is missing is the rest
	if rec.missing.Last < p.Total-1 {
		last = strconv.FormatInt(rec.missing.Last, 10)
	}
	header.Set("Range", "bytes="+strconv.FormatInt(rec.missing.First, 10)+"-"+last)
	header.Set("If-Range", etag)
}

// joins reports whether the response is the missing piece.
func (rec *recorder) joins(status int) bool {
	header := rec.w.Header()
	s, ok := field.ParseContentRange(header.Get("Content-Range"))
	return ok && status == http.StatusPartialContent && s == rec.missing && header.Get("Etag") == rec.v.entry.get("Etag")
}

// cleanse removes fields by which a client can change what a handler
// answers without changing the key, unless they are keyed.
func (c *Cache) cleanse(header http.Header) {
	for name := range header {
		if rewrites(name) && !slices.ContainsFunc(c.Headers, func(k string) bool { return http.CanonicalHeaderKey(k) == name }) {
			delete(header, name)
		}
	}
}

func rewrites(name string) bool {
	switch name {
	case "Forwarded", "X-Original-Url", "X-Rewrite-Url", "X-Original-Host", "X-Host", "X-Real-Ip", "X-Client-Ip",
		"True-Client-Ip", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Url-Scheme", "Front-End-Https":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// finish stores what was kept, or answers from the store.
func (rec *recorder) finish() {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	v := rec.v
	switch {
	case rec.mode == keeping:
		e := rec.keep()
		rec.land(e != nil, false, false)
		return
	case rec.mode == passing:
		if rec.status == http.StatusOK && v.r.Method == http.MethodHead {
			v.freshen(rec)
		}
		return
	}
	header := rec.w.Header()
	came := header.Clone()
	clear(header)
	for name, values := range rec.before {
		header[name] = values
	}
	v.now = time.Now()
	switch {
	case rec.mode == holding && rec.status == http.StatusNotModified && rec.update(came),
		rec.mode == joining && rec.join(came):
		rec.land(true, false, false)
		v.serve(v.forwarded(rec.status, true))
	case rec.mode == holding && failing(rec.status):
		rec.land(false, true, false)
		if !v.staleOnError(rec.gone) {
			v.h.cache.deny(v.w, v.r, ErrStale)
			return
		}
		v.serve(v.forwarded(rec.status, false))
	default:
		// What came does not fit what is stored: ask again, for all of it.
		v.entry = nil
		v.fetch(rec.flight)
	}
}

// keep stores the response if all of it came.
func (rec *recorder) keep() *entry {
	m, body := &rec.meta, rec.body
	if want := rec.declared(); want >= 0 && want != int64(len(body)) {
		return nil
	}
	e := &entry{meta: *m, body: slices.Clip(body)}
	if p := e.Part; p.Total != 0 {
		if p.Last-p.First+1 != int64(len(body)) {
			return nil
		}
		e = rec.merge(e)
	}
	e.seal()
	rec.v.store(e)
	rec.v.entry, rec.v.soft = e, false
	return e
}

// declared is the Content-Length of the response, or -1.
func (rec *recorder) declared() int64 {
	for _, l := range rec.meta.Header {
		if l.Name == "Content-Length" {
			n, err := strconv.ParseInt(l.Values[0], 10, 64)
			if err != nil {
				return -2
			}
			return n
		}
	}
	return -1
}

// seal gives the stored header what the body implies.
func (e *entry) seal() {
	e.Header = slices.DeleteFunc(slices.Clone(e.Header), func(l line) bool {
		return l.Name == "Content-Length" || l.Name == "Content-Range"
	})
	if !e.complete() || e.Status == http.StatusNoContent {
		return
	}
	if len(e.body) > 0 && e.get("Content-Type") == "" && e.get("Content-Encoding") == "" {
		e.Header = append(e.Header, line{"Content-Type", []string{http.DetectContentType(e.body)}})
	}
	e.Header = append(e.Header, line{"Content-Length", []string{e.contentLength()}})
}

// merge combines a new part with what is stored, if both have the same
// strong validator and touch (RFC 9110, section 15.3.7.3).
func (rec *recorder) merge(e *entry) *entry {
	old := rec.v.entry
	if old == nil || old.complete() || !field.Strong(e.get("Etag")) || old.get("Etag") != e.get("Etag") || old.Part.Total != e.Part.Total {
		return e
	}
	a, b := old, e
	if b.Part.First < a.Part.First {
		a, b = b, a
	}
	if b.Part.First > a.Part.Last+1 {
		return e
	}
	u := old.updated(e.Header)
	head := u.Header
	u.meta = e.meta
	u.Header = head
	u.body = slices.Clone(a.body)
	if b.Part.Last > a.Part.Last {
		u.body = append(u.body, b.body[a.Part.Last-b.Part.First+1:]...)
	}
	u.Part = field.Span{First: a.Part.First, Last: max(a.Part.Last, b.Part.Last), Total: e.Part.Total}
	if u.Part.First == 0 && u.Part.Last == u.Part.Total-1 {
		u.Part, u.Status = field.Span{}, http.StatusOK
	}
	return u
}

// join completes the stored part with the piece that came.
func (rec *recorder) join(came http.Header) bool {
	rec.meta = meta{Status: rec.status, At: rec.came, Seen: rec.seen, Tags: rec.takeTags(came)}
	if int64(len(rec.body)) != rec.missing.Last-rec.missing.First+1 || !rec.plan(came) {
		return false
	}
	rec.meta.Header = rec.fields(came)
	rec.meta.Part = rec.missing
	e := rec.keep()
	return e != nil && e.complete()
}

// update makes the stored entry fresh with a 304, unless that names another
// version (RFC 9111, section 4.3.4). One entry was asked about, so a 304
// without an entity tag can only be about it.
func (rec *recorder) update(came http.Header) bool {
	old := rec.v.entry
	etag, stored := came.Get("Etag"), old.get("Etag")
	modified := came.Get("Last-Modified")
	if etag != "" && stored != "" && !field.Matches([]string{etag}, stored, false) &&
		(modified == "" || modified != old.get("Last-Modified")) {
		return false
	}
	rec.v.freshenWith(rec, came)
	return true
}

// freshenWith replaces the entry by one with the newer fields.
func (v *visit) freshenWith(rec *recorder, came http.Header) {
	rec.takeTags(came)
	if len(came["Date"]) == 0 {
		came.Set("Date", rec.came.UTC().Format(http.TimeFormat))
	}
	rec.meta.Ctl = field.ParseControl(came["Cache-Control"])
	u := v.entry.updated(rec.fields(came))
	merged := http.Header{}
	for _, l := range u.Header {
		if !u.Policy || !strings.HasSuffix(l.Name, "Cache-Control") || len(came[l.Name]) > 0 {
			merged[l.Name] = l.Values
		}
	}
	if age := came["Age"]; age != nil {
		merged["Age"] = age
	}
	rec.meta = u.meta
	var targeted bool
	rec.meta.Ctl, targeted, rec.meta.Policy = v.h.control(u.Status, merged)
	rec.meta.At, rec.meta.Seen = rec.came, rec.seen
	rec.clock(merged, targeted)
	var star bool
	rec.meta.Vary, star = field.Names(merged["Vary"])
	slices.Sort(rec.meta.Vary)
	u.meta = rec.meta
	v.entry, v.soft = u, false
	if !u.Ctl.NoStore && !u.Ctl.Private && !star && len(u.Vary) <= maxVary {
		v.store(u)
	}
}

// freshen lets the response to a HEAD update the stored response to GET, or
// mark it as stale if they disagree (RFC 9111, section 4.3.5).
func (v *visit) freshen(rec *recorder) {
	e, header := v.entry, rec.w.Header()
	if e == nil || !e.complete() || e.Status != http.StatusOK {
		return
	}
	for _, name := range []string{"Etag", "Last-Modified", "Content-Length"} {
		got := header.Get(name)
		if got != e.get(name) && (got != "" || name != "Content-Length") {
			v.h.cache.soften(v.r.Context(), urlTag(v.key))
			return
		}
	}
	came := header.Clone()
	came.Del("Cache-Status")
	v.freshenWith(rec, came)
}
