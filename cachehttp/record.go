package cachehttp

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// recorder is the ResponseWriter of a fetch. It passes the response on as
// it is written and keeps a copy if it may be stored, or holds it back
// where the answer will be another.
type recorder struct {
	v      *visit
	w      http.ResponseWriter
	before http.Header // what w had when the fetch began
	flight *flight
	link   *leash

	began, came time.Time
	seen        uint64 // version of the purges at the beginning
	ours        bool   // the client's conditions are evaluated here
	validates   bool   // the request has conditions of ours
	missing     field.Span

	status int
	mode   mode
	meta   meta
	body   []byte
	mute   bool // the client gets a 304 of ours instead of the body

	mu   sync.Mutex // guards what handlers may touch from other goroutines
	tags []string
	gone bool
}

type mode int

const (
	passing mode = iota // only pass on
	keeping             // pass on and keep
	holding             // drop: the store answers
	joining             // keep, to complete what is stored
)

// Header implements [http.ResponseWriter].
func (rec *recorder) Header() http.Header { return rec.w.Header() }

// Unwrap lets [http.ResponseController] reach the client's writer.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.w }

// Status is the status sent so far, or 0.
func (rec *recorder) Status() int { return rec.status }

// WriteHeader implements [http.ResponseWriter]. Interim responses pass.
func (rec *recorder) WriteHeader(status int) {
	switch {
	case rec.status != 0:
		return
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		rec.w.WriteHeader(status)
		return
	}
	rec.status, rec.came = status, time.Now()
	switch {
	case rec.validates && status == http.StatusNotModified:
		rec.mode = holding
	case failing(status) && rec.rescuable():
		rec.mode = holding
	case rec.missing.Total != 0 && rec.joins(status):
		rec.mode = joining
	case rec.missing.Total != 0 && (status == http.StatusPartialContent || status == http.StatusRequestedRangeNotSatisfiable):
		rec.mode = holding // of no use to a client that asked for the whole
	default:
		rec.commit()
	}
}

func failing(status int) bool {
	return status == 500 || status == 502 || status == 503 || status == 504
}

// rescuable reports whether the stored entry can replace this response. It
// also does so for an unreachable origin whose entry must not be served
// stale: the answer is then a 504.
func (rec *recorder) rescuable() bool {
	rec.mu.Lock()
	gone := rec.gone
	rec.mu.Unlock()
	return rec.v.staleOnError(gone) || gone && rec.v.entry != nil && rec.v.entry.mustRevalidate()
}

// Write implements [http.ResponseWriter].
func (rec *recorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.mode == keeping || rec.mode == joining {
		if int64(len(rec.body)+len(p)) > rec.v.h.cache.maxBody() {
			rec.giveUp()
		} else {
			rec.body = append(rec.body, p...)
		}
	}
	if rec.mode == holding || rec.mode == joining || rec.mute {
		return len(p), nil
	}
	n, err := rec.w.Write(p)
	if rec.mode == keeping {
		return len(p), nil // the client left, the cache still listens
	}
	return n, err
}

// giveUp stops keeping: the response turned out to be too large.
func (rec *recorder) giveUp() {
	if rec.mode == joining {
		rec.mode = holding
	} else {
		rec.mode = passing
	}
	rec.body = nil
	rec.land(false, false, true)
}

// FlushError implements what [http.ResponseController] looks for.
func (rec *recorder) FlushError() error {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	if rec.mode == holding || rec.mode == joining {
		return nil
	}
	return http.NewResponseController(rec.w).Flush()
}

// Flush implements [http.Flusher].
func (rec *recorder) Flush() { rec.FlushError() }

// commit begins to pass the response on.
func (rec *recorder) commit() {
	v, header := rec.v, rec.w.Header()
	rec.meta = meta{Status: rec.status, At: rec.came, Seen: rec.seen, Tags: rec.takeTags(header)}
	if name := v.h.cache.TagHeader; name != "" && len(rec.meta.Tags) > 0 {
		header.Set(name, strings.Join(rec.meta.Tags, " "))
	}
	storable := rec.plan(header)
	if rec.meta.Policy {
		header.Set("Cache-Control", v.h.policy.announce())
		if storable && v.h.cache.TagHeader != "" {
			age := "max-age=" + strconv.FormatInt(rec.meta.Ctl.MaxAge, 10)
			header.Set("CDN-Cache-Control", age)
			header.Set("Surrogate-Control", age)
		}
	}
	if storable {
		rec.mode = keeping
		if len(header["Date"]) == 0 {
			header.Set("Date", rec.came.UTC().Format(http.TimeFormat))
		}
		rec.meta.Header = rec.fields(header)
		if n, err := strconv.Atoi(header.Get("Content-Length")); err == nil && n > 0 {
			rec.body = make([]byte, 0, n)
		}
	} else {
		rec.land(false, false, rec.status < 500 && rec.status != http.StatusNotModified)
	}
	for _, name := range v.h.cache.targets() {
		if v.h.cache.StripTargets {
			header.Del(name)
		}
	}
	header["Cache-Status"] = append(slices.Clip(header["Cache-Status"]), v.forwarded(rec.status, storable)...)
	if rec.ours && rec.status == http.StatusOK && unchanged(v.r, header.Get("Etag"), header.Get("Last-Modified"), "", rec.came) {
		rec.mute = true
		dropContent(header)
		rec.w.WriteHeader(http.StatusNotModified)
		return
	}
	rec.w.WriteHeader(rec.status)
}

// takeTags collects the tags of the response and strips their fields.
func (rec *recorder) takeTags(header http.Header) []string {
	rec.mu.Lock()
	tags := append(slices.Clone(rec.v.h.policy.Tags), rec.tags...)
	rec.mu.Unlock()
	for _, name := range []string{"Surrogate-Key", "Cache-Tag"} {
		for _, line := range header[name] {
			tags = append(tags, strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })...)
		}
		header.Del(name)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// fields are the header fields to be stored: what the handler set, without
// those that concern this connection, this request, or this proxy (RFC
// 9111, section 3.1).
func (rec *recorder) fields(header http.Header) []line {
	drop, _ := field.Names(header["Connection"])
	drop = append(drop, rec.meta.Ctl.Fields...)
	var out []line
	for _, name := range slices.Sorted(maps.Keys(header)) {
		values := header[name]
		switch {
		case len(values) == 0 || unstored(name) || slices.Contains(drop, name):
		case !rec.v.h.cache.full() && perRequest(name):
		case slices.Equal(values, rec.before[name]):
		default:
			out = append(out, line{name, slices.Clip(slices.Clone(values))})
		}
	}
	return out
}

func unstored(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Transfer-Encoding", "Upgrade", "Trailer", "Age",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "X-Request-Id":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// perRequest are fields that make no sense for another client.
func perRequest(name string) bool {
	return name == "Retry-After" || strings.HasPrefix(name, "Ratelimit") || strings.HasPrefix(name, "X-Ratelimit")
}

// plan fills in rec.meta and reports whether the response may be stored
// (RFC 9111, section 3).
func (rec *recorder) plan(header http.Header) bool {
	v, m := rec.v, &rec.meta
	var targeted bool
	m.Ctl, targeted, m.Policy = v.h.control(m.Status, header)
	if v.r.Method != http.MethodGet || v.ctl.NoStore || v.direct || len(header["Trailer"]) > 0 || len(m.Tags) > maxTags {
		return false
	}
	switch c := &m.Ctl; {
	case c.NoStore && !c.MustUnderstand, c.Private, !v.permits(c), !rec.understood(header):
		return false
	case !v.h.cache.full() && (len(header["Set-Cookie"]) > 0 || ofRequest(m.Status)):
		return false
	}
	var star bool
	if m.Vary, star = field.Names(header["Vary"]); star || len(m.Vary) > maxVary {
		return false
	}
	slices.Sort(m.Vary)
	if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil && n > v.h.cache.maxBody() {
		return false
	}
	m.Tags = append(slices.Clip(m.Tags), urlTag(v.key))
	explicit := rec.clock(header, targeted)
	validator := header.Get("Etag") != "" || header.Get("Last-Modified") != ""
	switch {
	case explicit, m.Ctl.NoCache && validator, m.Life > 0:
		return m.Life > m.Age || validator || max(m.Ctl.WhileRevalidate, m.Ctl.IfError) > 0 || v.h.cache.full()
	}
	return v.h.cache.full() && validator && byDefault(m.Status)
}

// ofRequest reports statuses that blame what is not in the key, such as the
// size of a field: stored, one client's mistake would be everybody's.
func ofRequest(status int) bool {
	return status/100 == 4 && !byDefault(status) && status != http.StatusUnavailableForLegalReasons
}

// understood reports whether the caching rules of the status are known. A
// part is only understood if it says which part it is.
func (rec *recorder) understood(header http.Header) bool {
	switch m := &rec.meta; {
	case m.Status == http.StatusNotModified, m.Status == http.StatusPreconditionFailed,
		m.Status == http.StatusRequestedRangeNotSatisfiable, m.Status < 200:
		return false // they answer a condition
	case m.Status == http.StatusPartialContent:
		lines := header["Content-Range"]
		if len(lines) != 1 || rec.v.part == "" && rec.missing.Total == 0 {
			return false
		}
		var ok bool
		m.Part, ok = field.ParseContentRange(lines[0])
		return ok
	case m.Ctl.MustUnderstand:
		return http.StatusText(m.Status) != ""
	}
	return true
}

// clock fills in age and lifetime (sections 4.2.1 and 4.2.3) and reports
// whether the lifetime is explicit.
func (rec *recorder) clock(header http.Header, targeted bool) (explicit bool) {
	m := &rec.meta
	date, ok := field.Date(header.Get("Date"), rec.came)
	if !ok {
		date = rec.came
	}
	m.Age = max(0, rec.came.Sub(date), seconds(field.Age(header["Age"]))+rec.came.Sub(rec.began))
	m.Life, explicit = rec.v.h.lifetime(m.Status, header, &m.Ctl, targeted, date)
	return explicit
}

// fetchKey is the context key of the recorder of a fetch.
type fetchKey struct{}

// Tag puts tags on the response of the handler that was given ctx; it must
// be called before the response begins. A tag is any text without spaces
// and commas. The fields Surrogate-Key and Cache-Tag do the same. A response with more than 64
// tags is not stored. Outside of a cached handler Tag does nothing.
func Tag(ctx context.Context, tags ...string) {
	if rec, ok := ctx.Value(fetchKey{}).(*recorder); ok {
		rec.mu.Lock()
		rec.tags = append(rec.tags, tags...)
		rec.mu.Unlock()
	}
}

// Unreachable says that the handler that was given ctx could not reach its
// origin, before it answers with a status such as 502. The cache then
// prefers what is stored, as far as its profile and the stored response
// permit; a stored must-revalidate turns the answer into a 504.
func Unreachable(ctx context.Context) {
	if rec, ok := ctx.Value(fetchKey{}).(*recorder); ok {
		rec.mu.Lock()
		rec.gone = true
		rec.mu.Unlock()
	}
}
