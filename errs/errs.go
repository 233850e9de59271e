package errs

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// An Error is a catalogue entry, or a copy of one with a detail, members,
// headers or a cause of its own. Entries come from [Catalog.New]; there is no
// useful zero value, and one that reaches [Write] is answered as [Internal].
type Error struct {
	kind    *Error // the catalogue entry, itself for an entry
	status  int
	code    string
	title   string
	typ     string // RFC 9457 type, "" means about:blank
	head    []byte // the opening members of the problem, only on an entry
	detail  string
	members []member
	header  http.Header
	cause   error
	stack   []uintptr // where a 5xx was wrapped
}

// A member is one extension member of a problem (RFC 9457 section 3.2).
type member struct {
	name  string
	value any
}

func (e *Error) clone() *Error {
	c := *e
	c.head = nil
	return &c
}

// Detailf returns a copy whose detail, the sentence about this one occurrence,
// is formatted as by [fmt.Sprintf]. Clients read it: never format an error into it.
func (e *Error) Detailf(format string, args ...any) *Error {
	c := e.clone()
	c.detail = fmt.Sprintf(format, args...)
	return c
}

// Set returns a copy with an extension member. The value is written as
// encoding/json does; the last Set of a name counts. The names type, title,
// status, detail, code, request_id and debug belong to the problem itself and
// win over a member of that name; errors must be a list.
func (e *Error) Set(name string, value any) *Error {
	c := e.clone()
	c.members = slices.DeleteFunc(slices.Clone(e.members), func(m member) bool { return m.name == name })
	c.members = append(c.members, member{name, value})
	return c
}

// Header returns a copy that also sends the header field. Several calls with
// one name send several lines. Content-Type, -Length, -Encoding and
// Transfer-Encoding belong to the problem and are ignored.
func (e *Error) Header(name, value string) *Error {
	c := e.clone()
	if c.header = e.header.Clone(); c.header == nil {
		c.header = http.Header{}
	}
	if c.kind != nil && c.kind.header.Get(name) != "" && slices.Equal(c.header.Values(name), c.kind.header.Values(name)) {
		c.header.Del(name) // the entry's own line is a default
	}
	c.header.Add(name, value)
	return c
}

// Retry returns a copy that sends Retry-After with d in whole seconds, rounded
// up (RFC 9110 section 10.2.3). A negative d counts as 0.
func (e *Error) Retry(d time.Duration) *Error {
	secs := (max(d, 0) + time.Second - 1) / time.Second
	c := e.clone()
	if c.header = maps.Clone(e.header); c.header == nil {
		c.header = http.Header{}
	}
	c.header["Retry-After"] = []string{strconv.FormatInt(int64(secs), 10)}
	return c
}

// Wrap returns a copy with err as its cause: [errors.Is] and [errors.As] see
// it, the log names it, the client never learns of it. On a 5xx it also keeps
// the call stack, for the log and for [Handler.Debug].
func (e *Error) Wrap(err error) *Error {
	c := e.clone()
	c.cause = err
	if c.status >= 500 {
		var pcs [maxFrames]uintptr
		c.stack = slices.Clone(pcs[:runtime.Callers(2, pcs[:])])
	}
	return c
}

// Error returns code, detail and cause, for logs.
func (e *Error) Error() string {
	s := e.code
	if e.detail != "" {
		s += ": " + e.detail
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the catalogue entry that e came from.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t == e.kind
}

// HTTPStatus returns the status of the entry.
func (e *Error) HTTPStatus() int { return e.status }

// ErrorCode returns the code of the entry, like "not_found".
func (e *Error) ErrorCode() string { return e.code }

// PublicMessage returns the title of the entry.
func (e *Error) PublicMessage() string { return e.title }

// Type returns the URI reference that names the entry in a problem, ""
// (about:blank) if its catalogue has none.
func (e *Error) Type() string { return e.typ }

// HTTPHeader returns a copy of the header fields that go with the answer.
func (e *Error) HTTPHeader() http.Header { return e.header.Clone() }

// ErrorDetails returns the detail as a string, or, if there are members, a map
// of them with the detail under "detail"; nil if there is neither.
func (e *Error) ErrorDetails() any {
	if len(e.members) == 0 {
		if e.detail == "" {
			return nil
		}
		return e.detail
	}
	m := make(map[string]any, len(e.members)+1)
	for _, x := range e.members {
		m[x.name] = x.value
	}
	if e.detail != "" {
		m["detail"] = e.detail
	}
	return m
}

// LogValue groups code, status, detail and cause, capped and cleaned as
// everything this package logs.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", e.code), slog.Int("status", e.status)}
	if e.detail != "" {
		attrs = append(attrs, slog.String("detail", clean(e.detail)))
	}
	if e.cause != nil {
		attrs = append(attrs, slog.String("cause", clean(e.cause.Error())))
	}
	return slog.GroupValue(attrs...)
}
