package glueful

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/glueful/glueful-go/errs"
)

// Match is the value of an If-Match header (RFC 9110 section 13.1.1), for an
// input field:
//
//	IfMatch glueful.Match `header:"If-Match"`
//
// A handler that changes a thing asks it before it does:
//
//	if err := in.IfMatch.Require(book.ETag()); err != nil { return err }
//
// A value that is no list of entity tags is answered 400. The zero Match is that
// of a request without the header.
type Match struct {
	any  bool
	tags []string // strong ones; a weak tag never matches
	sent bool
}

// UnmarshalText reads "*" or a list of entity tags.
func (m *Match) UnmarshalText(text []byte) error {
	*m = Match{sent: true}
	if s := strings.Trim(string(text), " \t"); s == "*" {
		m.any = true
		return nil
	}
	return eachTag(string(text), func(tag string) {
		if !strings.HasPrefix(tag, "W/") {
			m.tags = append(m.tags, tag)
		}
	})
}

// Allow returns nil when the header is absent, is "*", or names the tag by strong
// comparison; otherwise an error with status 412. The tag is that of what exists
// now; an empty tag says that nothing does.
func (m Match) Allow(etag string) error {
	if !m.sent || etag != "" && (m.any || slices.Contains(m.tags, etag)) {
		return nil
	}
	return errs.PreconditionFailed
}

// Require is Allow for routes that insist on the header: its absence is an error
// with status 428 (RFC 6585 section 3).
func (m Match) Require(etag string) error {
	if !m.sent {
		return errs.PreconditionRequired.Detailf("Send the ETag you read in If-Match.")
	}
	return m.Allow(etag)
}

// tagged is met by *Out when what is answered has an entity tag: quoted, and
// preceded by W/ when it is weak.
type tagged interface{ ETag() string }

// versionOf returns how to ask a result for its tag; nil when it has none. A
// pointer as Out has the methods itself, and a pointer to it has none.
func versionOf[Out any]() func(*Out) tagged {
	if _, ok := any(new(Out)).(tagged); ok {
		return func(out *Out) tagged { return any(out).(tagged) }
	}
	if _, ok := any(*new(Out)).(tagged); ok {
		return func(out *Out) tagged { return any(*out).(tagged) }
	}
	return nil
}

// unchanged sets the ETag header of an answer to GET or HEAD, and reports whether
// the client has that version already (RFC 9110 section 13.1.2, weak comparison).
func unchanged(w http.ResponseWriter, r *http.Request, t tagged) bool {
	etag := t.ETag()
	if etag == "" {
		return false
	}
	w.Header()["Etag"] = []string{etag}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	known := false
	for _, line := range r.Header["If-None-Match"] {
		if strings.Trim(line, " \t") == "*" {
			return true
		}
		err := eachTag(line, func(tag string) {
			known = known || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/")
		})
		if err != nil { // a broken condition is no condition
			return false
		}
	}
	return known
}

var errNoTags = errors.New("glueful: not a list of entity tags")

// eachTag walks a list of entity tags (RFC 9110 section 8.8.3).
func eachTag(list string, yield func(string)) error {
	found := false
	for {
		list = strings.TrimLeft(list, " \t,")
		if list == "" {
			if !found {
				return errNoTags
			}
			return nil
		}
		open := 0
		if strings.HasPrefix(list, "W/") {
			open = 2
		}
		if len(list) <= open || list[open] != '"' {
			return errNoTags
		}
		length := strings.IndexByte(list[open+1:], '"')
		if length < 0 {
			return errNoTags
		}
		end := open + 1 + length + 1
		for i := open + 1; i < end-1; i++ {
			if list[i] < 0x21 || list[i] == 0x7f {
				return errNoTags
			}
		}
		yield(list[:end])
		found = true
		list = strings.TrimLeft(list[end:], " \t")
		if list != "" && list[0] != ',' {
			return errNoTags
		}
	}
}
