package errs

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// A statusError is what makes an error an HTTP error.
type statusError interface {
	error
	HTTPStatus() int
}

// maxNodes bounds the walk through an error tree.
const maxNodes = 1000

// first returns the first error of the tree, in the order of errors.Is, that
// has a status or renders itself; nil if there is none.
func first(err error) error {
	n := 0
	var walk func(error) error
	walk = func(err error) error {
		for err != nil {
			if n++; n > maxNodes {
				return nil
			}
			switch err.(type) {
			case statusError, http.Handler:
				return err
			}
			switch x := err.(type) {
			case interface{ Unwrap() error }:
				err = x.Unwrap()
			case interface{ Unwrap() []error }:
				for _, e := range x.Unwrap() {
					if f := walk(e); f != nil {
						return f
					}
				}
				return nil
			default:
				return nil
			}
		}
		return nil
	}
	return walk(err)
}

// statusOf returns the status that a answers with. Only 204, 3xx, 4xx and 5xx
// can be the status of an error; anything else is a mistake and becomes 500.
func statusOf(a error) int {
	if e, ok := a.(*Error); ok && e.kind != nil {
		return e.status
	}
	s, ok := a.(statusError)
	if !ok {
		return http.StatusInternalServerError
	}
	switch n := s.HTTPStatus(); {
	case n == http.StatusNoContent, n >= 300 && n <= 599:
		return n
	}
	return http.StatusInternalServerError
}

// renderer returns a if it renders itself.
func renderer(a error) http.Handler {
	if _, own := a.(*Error); own {
		return nil
	}
	h, _ := a.(http.Handler)
	return h
}

func codeOf(a error) string {
	if c, ok := a.(interface{ ErrorCode() string }); ok {
		return c.ErrorCode()
	}
	return ""
}

// A problem is one body under construction. It is pooled.
type problem struct {
	b       []byte
	seen    []string // extension members written
	dropped string   // why a member could not be written, for the log
}

var problems = sync.Pool{New: func() any { return &problem{b: make([]byte, 0, 1024)} }}

func (p *problem) free() {
	if cap(p.b) > 64<<10 {
		return
	}
	clear(p.seen)
	p.b, p.seen, p.dropped = p.b[:0], p.seen[:0], ""
	problems.Put(p)
}

// write builds the whole body for the answering error a, without details if
// bare, with the debug member if that is not nil.
func (p *problem) write(a error, status int, id string, asked http.Header, bare bool, debug []byte) {
	e, own := a.(*Error)
	if own && e.kind != nil && e.kind.head != nil {
		p.b = append(p.b, e.kind.head...)
	} else {
		title := http.StatusText(status)
		if m, ok := a.(interface{ PublicMessage() string }); ok {
			if s := m.PublicMessage(); s != "" {
				title = s
			}
		}
		p.b = appendHead(p.b, "", title, status, codeOf(a))
	}
	if id != "" {
		p.b = append(p.b, `,"request_id":`...)
		p.b = appendString(p.b, id)
	}
	switch {
	case bare:
	case own:
		p.own(e)
	default:
		p.foreign(a, asked.Get("Accept-Language"))
	}
	if debug != nil {
		p.b = append(p.b, `,"debug":`...)
		p.b = append(p.b, debug...)
	}
	p.b = append(p.b, '}')
}

func (p *problem) own(e *Error) {
	p.detail(e.detail)
	for _, m := range e.members {
		if !strings.EqualFold(m.name, "detail") {
			p.member(m.name, m.value)
		}
	}
}

func (p *problem) foreign(a error, lang string) {
	var d any
	switch x := a.(type) {
	case interface{ DetailsIn(string) any }:
		d = x.DetailsIn(lang)
	case interface{ ErrorDetails() any }:
		d = x.ErrorDetails()
	}
	if s, ok := d.(string); ok {
		p.detail(s)
		return
	}
	if d == nil {
		return
	}
	raw, err := json.Marshal(d)
	if err != nil {
		p.drop("details", err)
		return
	}
	switch raw[0] {
	case '"':
		p.member("detail", json.RawMessage(raw))
	case '[':
		p.member("errors", json.RawMessage(raw))
	case '{':
		p.object(raw)
	}
}

func (p *problem) detail(s string) {
	if s != "" {
		p.b = append(p.b, `,"detail":`...)
		p.b = appendString(p.b, s)
	}
}

// object adds the members of a JSON object in their order.
func (p *problem) object(raw []byte) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	_, _ = dec.Token() // the brace
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			p.drop("details", err)
			return
		}
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			p.drop("details", err)
			return
		}
		p.member(name.(string), v)
	}
}

// member appends one member unless the problem owns its name, it is there
// already, or it would change the shape every client relies on.
func (p *problem) member(name string, v any) {
	if reserved(name) {
		return
	}
	for _, s := range p.seen {
		if strings.EqualFold(s, name) {
			return
		}
	}
	mark := len(p.b)
	p.b = append(p.b, ',')
	p.b = appendString(p.b, name)
	p.b = append(p.b, ':')
	at := len(p.b)
	b, err := appendValue(p.b, v)
	if err != nil {
		p.b = p.b[:mark]
		p.drop(name, err)
		return
	}
	p.b = b
	if c := b[at]; strings.EqualFold(name, "errors") && c != '[' || strings.EqualFold(name, "detail") && c != '"' {
		p.b = b[:mark]
		return
	}
	p.seen = append(p.seen, name)
}

func (p *problem) drop(name string, err error) {
	if p.dropped == "" {
		p.dropped = name + ": " + err.Error()
	}
}

// reserved reports whether the problem itself owns a member name. Names are
// compared as lenient clients read them, without regard to case.
func reserved(name string) bool {
	for _, s := range [...]string{"type", "title", "status", "code", "request_id", "debug"} {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}
