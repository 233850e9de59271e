package limit

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// A Part is one part of a key: what sets the callers of a [Limiter] apart.
// [Client] is one, and [Header], [Route], [Field] and [By] make others.
//
// AppendKey appends the part of r to dst. It reports false if r has none;
// all such requests are one caller. String names the part in route tables.
type Part interface {
	AppendKey(dst []byte, r *http.Request) ([]byte, bool)
	String() string
}

type part struct {
	name string
	of   func(*http.Request) string
}

func (p part) String() string { return p.name }

func (p part) AppendKey(dst []byte, r *http.Request) ([]byte, bool) {
	s := p.of(r)
	return append(dst, s...), s != ""
}

// By makes a part of what of returns, such as the user or the API key that an
// earlier guard verified; "" means the request has none. It is called
// concurrently. The name is for the route table.
func By(name string, of func(*http.Request) string) Part { return part{name, of} }

// Header makes a part of a header field's first line. Anyone can send any
// header: use it for a field that something in front of this server sets or
// removes, or beside another part.
func Header(name string) Part {
	return part{"header " + name, func(r *http.Request) string { return r.Header.Get(name) }}
}

// Route is the pattern that matched, as in [http.Request.Pattern]. With it one
// Limiter on several routes keeps a count for each; without, one for all.
var Route Part = part{"route", func(r *http.Request) string { return r.Pattern }}

const maxField = 64 << 10

// Field makes a part of a string or number in a JSON request body, such as
// the "user.email" of a login, by its dotted path of member names. Case and
// surrounding space do not set values apart. The body is read up to 64 KiB and
// given back to be read again; a longer one counts as having none.
func Field(path string) Part {
	names := strings.Split(path, ".")
	return part{"body field " + path, func(r *http.Request) string {
		if r.Body == nil || r.Body == http.NoBody {
			return ""
		}
		head, err := io.ReadAll(io.LimitReader(r.Body, maxField+1))
		rest := io.Reader(r.Body)
		if err != nil {
			rest = failed{err}
		}
		r.Body = body{io.MultiReader(bytes.NewReader(head), rest), r.Body}
		if err != nil || len(head) > maxField {
			return ""
		}
		return strings.ToLower(strings.TrimSpace(member(head, names)))
	}}
}

// A body is one whose beginning has been read already.
type body struct {
	io.Reader
	io.Closer
}

type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// member returns the scalar at the path in a JSON document, or "".
func member(doc []byte, names []string) string {
	for _, name := range names {
		var object map[string]json.RawMessage
		if json.Unmarshal(doc, &object) != nil {
			return ""
		}
		doc = object[name]
	}
	var s string
	if json.Unmarshal(doc, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(doc, &n) == nil {
		return n.String()
	}
	return ""
}

var keys = sync.Pool{New: func() any { b := make([]byte, 0, 128); return &b }}

// appendKey appends the parts, each with its length in front, so that no two
// lists of parts are the same key.
func appendKey(dst []byte, parts []Part, r *http.Request) []byte {
	for _, p := range parts {
		at := len(dst)
		dst = append(dst, 0, 0, 0, 0, 0)
		var ok bool
		dst, ok = p.AppendKey(dst, r)
		if !ok {
			dst = dst[:at+5] // an absent part is not an empty one
			continue
		}
		dst[at] = 1
		binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-5))
	}
	return dst
}
