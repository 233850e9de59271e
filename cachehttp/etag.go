package cachehttp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// ETag returns next with a strong entity tag, 128 bits of SHA-256 of the
// body, on each response to GET and HEAD with status 200, and answers 304
// where the client has it already. It needs no [Cache]. Responses that have
// an ETag or Last-Modified, that are flushed, or that are larger than 1 MiB
// pass as they are; others are held back until they are complete.
func ETag(next http.Handler) http.Handler { return tagging{next} }

type tagging struct{ next http.Handler }

func (h tagging) Unwrap() http.Handler { return h.next }

func (h tagging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.next.ServeHTTP(w, r)
		return
	}
	t := &tagger{ResponseWriter: w}
	h.next.ServeHTTP(t, r)
	t.finish(r)
}

// RowETag is an entity tag of a row at a version, such as a counter or the
// microseconds of its last update. variant is whatever else shapes the bytes
// of the response: language, selected fields, the caller's role. It costs
// nothing, while [ETag] must see the body.
func RowETag(version int64, variant ...string) string {
	tag := `"v` + strconv.FormatInt(version, 10)
	if len(variant) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(variant, "\x00")))
		tag += "-" + base64.RawURLEncoding.EncodeToString(sum[:8])
	}
	return tag + `"`
}

// tagger holds a response back until its tag is known or not wanted.
type tagger struct {
	http.ResponseWriter
	status int
	passes bool // held back no longer
	body   []byte
}

func (t *tagger) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Status is the status sent so far, or 0.
func (t *tagger) Status() int {
	if !t.passes {
		return 0
	}
	return t.status
}

func (t *tagger) WriteHeader(status int) {
	switch h := t.Header(); {
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		t.ResponseWriter.WriteHeader(status)
	case t.status != 0:
	case status != http.StatusOK || h.Get("Etag") != "" || h.Get("Last-Modified") != "":
		t.status, t.passes = status, true
		t.ResponseWriter.WriteHeader(status)
	default:
		t.status = status
	}
}

func (t *tagger) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	if !t.passes && len(t.body)+len(p) > defaultMaxBody {
		t.release()
	}
	if t.passes {
		return t.ResponseWriter.Write(p)
	}
	t.body = append(t.body, p...)
	return len(p), nil
}

func (t *tagger) FlushError() error {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	t.release()
	return http.NewResponseController(t.ResponseWriter).Flush()
}

func (t *tagger) Flush() { t.FlushError() }

// release sends what was held back, without a tag.
func (t *tagger) release() {
	if t.passes {
		return
	}
	t.passes = true
	t.ResponseWriter.WriteHeader(t.status)
	t.ResponseWriter.Write(t.body)
	t.body = nil
}

// finish sends the complete response with its tag.
func (t *tagger) finish(r *http.Request) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	if t.passes {
		return
	}
	h := t.Header()
	if r.Method == http.MethodHead && len(t.body) == 0 || h.Get("Etag") != "" {
		t.release() // the handler wrote no body to hash
		return
	}
	sum := sha256.Sum256(t.body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16])
	if coding := h.Get("Content-Encoding"); coding != "" {
		tag += "-" + strings.Map(tagByte, coding)
	}
	h.Set("ETag", tag+`"`)
	if unchanged(r, h.Get("ETag"), "", "", time.Time{}) {
		dropContent(h)
		t.status, t.body = http.StatusNotModified, nil
	} else if h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(t.body)))
	}
	t.release()
}

// tagByte drops what an entity tag cannot hold.
func tagByte(r rune) rune {
	if r <= ' ' || r > '~' || r == '"' {
		return -1
	}
	return r
}

// dropContent removes what describes a body, for a 304.
func dropContent(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Content-") && name != "Content-Location" {
			delete(h, name)
		}
	}
}

// A Match guards writes against lost updates: a request with a method that
// is not safe passes only if it has a condition that holds (RFC 9110,
// section 13). It answers 412, or 428 to a request without a condition.
// Its fields must not change after the first call.
type Match struct {
	// Current returns the validators of what the request would change; both
	// zero if it does not exist. It must be set.
	Current func(*http.Request) (etag string, modified time.Time, err error)
	// Optional lets requests without a condition pass.
	Optional bool
	// Deny answers refusals, and errors of Current; nil means plain text.
	Deny func(http.ResponseWriter, *http.Request, error)
}

// Handler returns next behind the guard. The row may still change between
// the check and the write: the write itself should name the version in its
// WHERE, or call [Precondition] in its transaction.
func (m *Match) Handler(next http.Handler) http.Handler {
	if m.Current == nil {
		panic("cachehttp: Match.Current is not set")
	}
	return &matcher{m, next}
}

type matcher struct {
	m    *Match
	next http.Handler
}

func (h *matcher) Unwrap() http.Handler { return h.next }

// Refusals are the errors the guard answers with.
func (h *matcher) Refusals() []error {
	if h.m.Optional {
		return []error{ErrPrecondition}
	}
	return []error{ErrPrecondition, ErrUnconditional}
}

func (h *matcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		h.next.ServeHTTP(w, r)
		return
	}
	if err := h.check(r); err != nil {
		deny(h.m.Deny, w, r, err)
		return
	}
	h.next.ServeHTTP(w, r)
}

func (h *matcher) check(r *http.Request) error {
	if len(r.Header["If-Match"])+len(r.Header["If-Unmodified-Since"])+len(r.Header["If-None-Match"]) == 0 {
		if h.m.Optional {
			return nil
		}
		return ErrUnconditional
	}
	etag, modified, err := h.m.Current(r)
	if err != nil {
		return err
	}
	return Precondition(r, etag, modified)
}

// Precondition evaluates the conditions of a write against the current
// validators in the order of RFC 9110, section 13.2.2. Both are zero for
// what does not exist; a weak etag never satisfies If-Match. The error is
// [ErrPrecondition]. A request without conditions passes.
func Precondition(r *http.Request, etag string, modified time.Time) error {
	exists := etag != "" || !modified.IsZero()
	holds := true
	if match := r.Header["If-Match"]; len(match) > 0 {
		holds = exists && field.Matches(match, etag, true)
	} else if since := r.Header["If-Unmodified-Since"]; len(since) > 0 {
		t, ok := field.Date(since[0], time.Now())
		holds = !ok || len(since) > 1 || exists && !modified.Truncate(time.Second).After(t)
	}
	if none := r.Header["If-None-Match"]; len(none) > 0 && exists && field.Matches(none, etag, false) {
		holds = false
	}
	if !holds {
		return ErrPrecondition
	}
	return nil
}
