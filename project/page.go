package project

import (
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
)

// Sizes of pages and cursors.
const (
	pageSize    = 25
	maxPageSize = 100
	maxPage     = 1000 // what no rule can exceed
	maxNumber   = 10_000
	maxSorts    = 5
	minKey      = 16   // bytes
	maxCursor   = 4096 // bytes
)

// An order is a column and a direction.
type order struct {
	name  string
	field any
	desc  bool
}

// parseSort reads sort=-created_at,title.
func (p *Plan) parseSort(text string, bad *faults) []order {
	if text == "" {
		return p.order
	}
	if strings.Count(text, ",") >= maxSorts {
		bad.add(Fault{Name: "sort", Code: "too_many", Detail: atMost("names", maxSorts)})
		return nil
	}
	var list []order
	at := 0
	for part := range strings.SplitSeq(text, ",") {
		name, desc := strings.CutPrefix(part, "-")
		if !desc {
			name = strings.TrimPrefix(strings.TrimPrefix(part, "+"), " ") // + means a space in a query
		}
		s := p.sorts[name]
		switch {
		case s == nil:
			bad.add(Fault{Name: "sort", Code: "unknown_sort", Path: name, Offset: at, Detail: "There is no such order.",
				Suggestions: suggest(name, func(yield func(string) bool) {
					for _, s := range p.rules.sorts {
						if !yield(s.name) {
							return
						}
					}
				})})
		case hasOrder(list, name):
			bad.add(Fault{Name: "sort", Code: "repeated", Path: name, Offset: at, Detail: "Give it once."})
		default:
			list = append(list, order{name, s.field, desc})
		}
		at += len(part) + 1
	}
	return list
}

func hasOrder(list []order, name string) bool {
	for _, o := range list {
		if o.name == name {
			return true
		}
	}
	return false
}

// page reads page[size], page[cursor], page[number] and page[total].
func (b *bound) page(param, text string, bad *faults) {
	switch _, path, ok := brackets(param); {
	case ok && len(path) == 1 && path[0] == "size":
		b.size = number(param, text, b.plan.rules.MaxPageSize, bad)
	case ok && len(path) == 1 && path[0] == "number" && b.plan.rules.Numbered:
		b.number = number(param, text, maxNumber, bad)
	case ok && len(path) == 1 && path[0] == "cursor":
		b.sealed = text
	case ok && len(path) == 1 && path[0] == "total":
		if b.total = text == "true"; !b.total && text != "false" {
			bad.add(Fault{Name: param, Code: "boolean", Detail: valueDetails["boolean"]})
		}
	default:
		bad.add(Fault{Name: param, Code: "unknown", Detail: "There is no such parameter."})
	}
}

// number reads a number from 1 to most.
func number(param, text string, most int, bad *faults) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most || strconv.Itoa(n) != text {
		bad.add(Fault{Name: param, Code: "range", Detail: "Must be a number from 1 to " + strconv.Itoa(most) + "."})
	}
	return n
}

// Order yields the fields to sort by.
func (q *Query) Order(yield func(field any, desc bool) bool) {
	if q.b == nil {
		return
	}
	for _, o := range q.b.order {
		if !yield(o.field, o.desc) {
			return
		}
	}
}

// Window returns the size of the page, the cursor it begins at, as the database
// package made it ("" is the beginning), and whether the whole list is to be
// counted.
func (q *Query) Window() (size int, cursor string, count bool) {
	if q.b == nil {
		return pageSize, "", false
	}
	return q.b.size, q.b.cursor, q.b.total
}

// PageNumber returns the number of the page, from 1, or 0 if it is one by
// cursor.
func (q *Query) PageNumber() int {
	if q.b == nil {
		return 0
	}
	return q.b.number
}

// A cursor that leaves is a version, a MAC of 16 bytes in base64url, and the
// database's own cursor. The MAC is over that and all it belongs to.
const (
	version = '1'
	macSize = 16
	macText = 22 // characters
)

// Seal returns a cursor of the database in the form the client gets: bound to
// the order, the conditions and the scope of the query, and signed if there are
// keys. An empty cursor stays empty, and so does every cursor of a zero Query
// stay as it is.
func (q *Query) Seal(cursor string) string {
	if cursor == "" || q.b == nil {
		return cursor
	}
	var mac [macSize]byte
	var text [1 + macText]byte
	text[0] = version
	base64.RawURLEncoding.Encode(text[1:], q.b.mac(0, cursor, mac[:0]))
	return string(text[:]) + cursor
}

// open verifies the cursor of the request.
func (b *bound) open(bad *faults) {
	if b.sealed == "" {
		return
	}
	if len(b.sealed) > 1+macText && len(b.sealed) <= 1+macText+maxCursor && b.sealed[0] == version {
		var mac [macSize]byte
		n, err := base64.RawURLEncoding.Strict().Decode(mac[:], []byte(b.sealed[1:1+macText]))
		cursor := b.sealed[1+macText:]
		for key := range b.plan.macs {
			var is [macSize]byte
			if err == nil && n == macSize && subtle.ConstantTimeCompare(mac[:], b.mac(key, cursor, is[:0])) == 1 {
				b.cursor = cursor
				return
			}
		}
	}
	bad.add(Fault{Name: "page[cursor]", Code: "cursor", Detail: "The cursor does not belong to this list, order and filter."})
}

// mac appends the MAC of a cursor and of what it belongs to.
func (b *bound) mac(key int, cursor string, to []byte) []byte {
	text := make([]byte, 0, 512)
	for _, s := range [...]string{"glueful cursor 1", b.plan.rules.Name, b.scope, cursor, b.search, strconv.Itoa(len(b.order))} {
		text = appendPart(text, s)
	}
	for _, o := range b.order {
		text = appendPart(text, o.name)
		text = strconv.AppendBool(text, o.desc)
	}
	text = b.where.append(text)
	h := b.plan.macs[key].Get().(hash.Hash)
	h.Reset()
	h.Write(text)
	to = append(to, h.Sum(text[:0])[:macSize]...)
	b.plan.macs[key].Put(h)
	return to
}

// appendPart appends s behind its length, so that no two lists of parts look
// alike.
func appendPart(to []byte, s string) []byte {
	to = strconv.AppendInt(to, int64(len(s)), 10)
	return append(append(to, ':'), s...)
}

func (g *group) append(to []byte) []byte {
	to = append(strconv.AppendInt(to, int64(len(g.terms)), 10), ':')
	for i := range g.terms {
		t := &g.terms[i]
		to = appendPart(appendPart(appendPart(to, t.name), t.op), t.text)
	}
	to = append(strconv.AppendInt(to, int64(len(g.or)), 10), ':')
	for i := range g.or {
		to = g.or[i].group.append(to)
	}
	return to
}
