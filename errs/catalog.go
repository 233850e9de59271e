package errs

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// A Catalog holds the error kinds of one application or package and lists them
// for documentation. It is a plain value, usually a package variable; there is
// no global one. The zero value is ready to use.
type Catalog struct {
	// Type is put in front of each code to make the problem's type, as in
	// "https://api.example.com/problems/". Empty leaves the type out, which RFC
	// 9457 section 4.2.1 reads as about:blank. Set it before the first New.
	Type string

	mu   sync.Mutex
	list []*Error // guarded by mu
}

// New adds a kind. It panics if status is not in 400..599, the code is empty,
// already taken or not of the form [a-z0-9_.-]+, or the title is empty: these
// are mistakes of the program, found at start.
func (c *Catalog) New(status int, code, title string) *Error {
	if status < 400 || status > 599 {
		panic(fmt.Sprintf("errs: %q has status %d, want 400 to 599", code, status))
	}
	if !validCode(code) {
		panic(fmt.Sprintf("errs: code %q is not of the form [a-z0-9_.-]+", code))
	}
	if title == "" {
		panic(fmt.Sprintf("errs: %q has no title", code))
	}
	e := &Error{status: status, code: code, title: title}
	e.kind = e
	if c.Type != "" {
		e.typ = c.Type + code
	}
	e.head = appendHead(nil, e.typ, title, status, code)

	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.list, func(x *Error) bool { return x.code == code }) {
		panic(fmt.Sprintf("errs: code %q is in the catalogue twice", code))
	}
	c.list = append(c.list, e)
	return e
}

// All returns the kinds ordered by status and code.
func (c *Catalog) All() []*Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(slices.Values(c.list), func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.code, b.code))
	})
}

func validCode(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return s != ""
}

// with gives a new entry a header line of its own, for the kinds below.
func (e *Error) with(name, value string) *Error {
	e.header = http.Header{name: {value}}
	return e
}

// appendHead writes the members every problem opens with and leaves the object open.
func appendHead(b []byte, typ, title string, status int, code string) []byte {
	b = append(b, '{')
	if typ != "" {
		b = append(b, `"type":`...)
		b = append(appendString(b, typ), ',')
	}
	b = append(b, `"title":`...)
	b = appendString(b, title)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	if code != "" {
		b = append(b, `,"code":`...)
		b = appendString(b, code)
	}
	return b
}
