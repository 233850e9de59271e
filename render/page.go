package render

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A Page is one page of a list, answered as
//
//	{"data":[...],"meta":{"size":25,"more":true},"links":{"self":"...","next":"..."}}
//
// with the same links in a Link header (RFC 8288). The links are the request's
// own path and query with another page in it: page[cursor] for keyset pages,
// page[number] for numbered ones. They name no host. The fields are those of a
// query's page, so that one converts into the other.
type Page[T any] struct {
	Items  []T
	Next   string // cursor of the next keyset page; empty is the last one
	Prev   string // cursor of the previous keyset page; empty is the first one
	Size   int    // the most items a page may have
	Number int    // of this page, from 1; 0 means keyset pages
	More   bool   // there are items after these
	Total  *int64 // of all pages; nil is not counted
}

// Describe describes the answer.
func (Page[T]) Describe() Result {
	res := describeBody[T](http.StatusOK)
	res.Kind = "page"
	return res
}

// Respond writes the answer.
func (p Page[T]) Respond(w http.ResponseWriter, r *http.Request) error { return p.respond(w, r) }

func (p *Page[T]) respond(w http.ResponseWriter, r *http.Request) error {
	return respond(w, r, func(e *encoder, sel *Selection) int {
		p.envelope(e, sel, r, nil)
		return http.StatusOK
	})
}

func (p *Page[T]) envelope(e *encoder, sel *Selection, r *http.Request, meta any) {
	e.buf = append(e.buf, `{"data":`...)
	e.body(&p.Items, sel)
	e.buf = append(e.buf, `,"meta":{`...)
	p.meta(e)
	if meta != nil {
		e.splice(meta, true)
	}
	e.buf = append(e.buf, `},"links":{`...)
	p.links(e, r)
	e.buf = append(e.buf, `}}`...)
}

func (p *Page[T]) meta(e *encoder) {
	b := strconv.AppendInt(append(e.buf, `"size":`...), int64(p.Size), 10)
	b = strconv.AppendBool(append(b, `,"more":`...), p.More)
	if p.Total != nil {
		b = strconv.AppendInt(append(b, `,"total":`...), *p.Total, 10)
	}
	if p.Number > 0 {
		b = strconv.AppendInt(append(b, `,"page":`...), int64(p.Number), 10)
	}
	e.buf = b
}

// links writes the links and keeps the Link header for [encoder.send].
func (p *Page[T]) links(e *encoder, r *http.Request) {
	target := requestTarget(r)
	e.buf = append(e.buf, `"self":`...)
	e.buf = appendString(e.buf, string(appendReference(nil, target)))
	var header []string
	link := func(rel, param, value string) {
		ref := pageReference(target, param, value)
		e.buf = append(append(append(e.buf, `,"`...), rel...), `":`...)
		e.buf = appendString(e.buf, ref)
		header = append(header, "<"+ref+`>; rel="`+rel+`"`)
	}
	switch {
	case p.Number > 0:
		if p.More {
			link("next", "page[number]", strconv.Itoa(p.Number+1))
		}
		if p.Number > 1 {
			link("prev", "page[number]", strconv.Itoa(p.Number-1))
		}
	default:
		if p.Next != "" {
			link("next", "page[cursor]", p.Next)
		}
		if p.Prev != "" {
			link("prev", "page[cursor]", p.Prev)
		}
	}
	e.link = strings.Join(header, ", ")
}

// requestTarget is the path and query the client sent, before any middleware
// took a prefix away.
func requestTarget(r *http.Request) string {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		target = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
	}
	if strings.HasPrefix(target, "//") {
		target = "/." + target // "//x" would name a host (RFC 3986, 4.2)
	}
	return target
}

// pageReference is target with one page parameter instead of those it has.
func pageReference(target, param, value string) string {
	path, query, _ := strings.Cut(target, "?")
	b := appendReference(nil, path)
	b = append(b, '?')
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if u, err := url.QueryUnescape(name); err == nil {
			name = u
		}
		if pair == "" || name == "page[cursor]" || name == "page[number]" {
			continue
		}
		b = append(appendReference(b, pair), '&')
	}
	b = append(b, url.QueryEscape(param)...)
	b = append(b, '=')
	return string(append(b, url.QueryEscape(value)...))
}

// reference returns ref in the form a header may hold; most are already.
func reference(ref string) string {
	for i := range len(ref) {
		if unsafeInReference[ref[i]] {
			return string(appendReference(nil, ref))
		}
	}
	return ref
}

// unsafeInReference[c] says that c may not stand in a URL reference.
var unsafeInReference = func() (table [256]bool) {
	for c := range table {
		table[c] = c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", byte(c)) >= 0
	}
	return table
}()

// appendReference appends a URL reference with everything that may not stand
// in one, or in a header, percent-encoded (RFC 3986).
func appendReference(b []byte, ref string) []byte {
	const upper = "0123456789ABCDEF"
	for i := range len(ref) {
		c := ref[i]
		if unsafeInReference[c] {
			b = append(b, '%', upper[c>>4], upper[c&0xF])
			continue
		}
		b = append(b, c)
	}
	return b
}
