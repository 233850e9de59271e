package cachehttp

import (
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

type verdict int

const (
	forward              verdict = iota // ask the handler
	fresh                               // serve
	staleWhileRevalidate                // serve and refresh
)

// judge decides whether what was found may answer (RFC 9111, section 4).
// If not, v.why says the reason in the words of RFC 9211.
func (v *visit) judge() verdict {
	e, want := v.entry, &v.ctl
	if e == nil {
		return forward
	}
	if !v.covers() {
		v.why = "partial"
		return forward
	}
	age := e.age(v.now)
	ok := !v.soft && age < e.Life && !e.Ctl.NoCache
	v.why = "request"
	switch {
	case want.NoCache:
		return forward
	case tooOld(age, want.MaxAge) && !(ok && e.Ctl.Immutable):
		return forward
	case want.MinFresh != field.Absent && e.Life-age < seconds(want.MinFresh):
		return forward
	case ok:
		return fresh
	}
	v.why = "stale"
	lag := max(0, age-e.Life)
	switch {
	case e.mustRevalidate():
		return forward
	case !v.soft && want.MaxStale != field.Absent && lag <= seconds(want.MaxStale):
		return fresh
	case e.Ctl.WhileRevalidate > 0 && lag <= seconds(e.Ctl.WhileRevalidate):
		return staleWhileRevalidate
	}
	return forward
}

// tooOld reports whether max-age of a request refuses the age. A max-age of
// 0 always asks for validation.
func tooOld(age time.Duration, maxAge int64) bool {
	return maxAge == 0 || maxAge > 0 && age > seconds(maxAge)
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// covers reports whether the entry holds the bytes the request asks for.
func (v *visit) covers() bool {
	e := v.entry
	if e.complete() {
		return true
	}
	if v.part == "" || !v.ifRange(e) {
		return false
	}
	s, how := field.ParseRange(v.part, e.Part.Total)
	return how == field.Satisfiable && s.First >= e.Part.First && s.Last <= e.Part.Last
}

// ifRange reports whether If-Range, if there is one, allows to answer with
// a part of e. Only a strong entity tag does (RFC 9110, section 13.1.5).
func (v *visit) ifRange(e *entry) bool {
	tag := v.r.Header.Get("If-Range")
	return tag == "" || field.Strong(tag) && tag == e.get("Etag")
}

// staleOnError reports whether the entry may stand in for an error of the
// handler (RFC 5861, section 4). gone says that the origin is unreachable,
// which Full takes as reason enough (RFC 9111, section 4.2.4).
func (v *visit) staleOnError(gone bool) bool {
	e := v.entry
	if e == nil || e.mustRevalidate() || !v.covers() {
		return false
	}
	lag := max(0, e.age(v.now)-e.Life)
	return max(e.Ctl.IfError, v.ctl.IfError) > 0 && lag <= seconds(max(e.Ctl.IfError, v.ctl.IfError)) ||
		gone && v.h.cache.full()
}

// collapses reports whether other requests may wait for the answer to this
// one: only if nothing about it makes that answer less likely to be theirs.
func (v *visit) collapses() bool {
	h := v.r.Header
	conditional := len(h["If-None-Match"]) > 0 || len(h["If-Modified-Since"]) > 0
	return v.r.Method == "GET" && v.part == "" && !v.cred && !v.ctl.NoStore && !v.ctl.NoCache &&
		v.why != "request" &&
		(v.entry != nil || !conditional || !v.h.cache.full())
}
