package project

import (
	"encoding/json"
	"fmt"
)

// Copy appends the selected members of the JSON document src to dst. Members
// are copied byte for byte, in the order of src; the members of an array are
// those of its elements. Where members are selected of something that is
// neither an object nor an array, null is written.
//
// src is validated on the way: it is an error exactly when [json.Valid] is
// false, and then dst is returned as it was. Copy allocates only if dst is too
// short or a name has escapes.
func (f *Fields) Copy(dst, src []byte) ([]byte, error) {
	c := copier{src: src, dst: dst}
	i := c.space(0)
	if i = c.value(i, f, 0, true); i >= 0 {
		if i = c.space(i); i < len(src) {
			c.bad, i = i, -1
		}
	}
	if i < 0 {
		return dst, fmt.Errorf("project: not JSON at byte %d", c.bad)
	}
	return c.dst, nil
}

// maxNesting is what encoding/json accepts.
const maxNesting = 10_000

// A copier is one pass over a document. Its methods return the index behind
// what they read, or -1 if that is no JSON.
type copier struct {
	src, dst []byte
	bad      int
}

func (c *copier) fail(at int) int {
	c.bad = at
	return -1
}

func (c *copier) space(i int) int {
	for i < len(c.src) && (c.src[i] == ' ' || c.src[i] == '\n' || c.src[i] == '\r' || c.src[i] == '\t') {
		i++
	}
	return i
}

// value reads one value. If write, it is written: all of it if f is nil,
// otherwise its selected members.
func (c *copier) value(i int, f *Fields, depth int, write bool) int {
	start := i
	if i == len(c.src) {
		return c.fail(i)
	}
	switch b := c.src[i]; {
	case b == '"':
		i = c.str(i)
	case b == '{' || b == '[':
		if depth == maxNesting {
			return c.fail(i)
		}
		if write && f != nil {
			if b == '{' {
				return c.object(i, f, depth+1, true)
			}
			return c.array(i, f, depth+1, true)
		}
		if b == '{' {
			i = c.object(i, nil, depth+1, false)
		} else {
			i = c.array(i, nil, depth+1, false)
		}
	case b == '-' || b >= '0' && b <= '9':
		var ok bool
		if i, ok = scanNumber(c.src, i); !ok {
			return c.fail(i)
		}
	case b == 't':
		i = c.word(i, "true")
	case b == 'f':
		i = c.word(i, "false")
	case b == 'n':
		i = c.word(i, "null")
	default:
		return c.fail(i)
	}
	if write && i >= 0 {
		if f != nil && !f.star {
			c.dst = append(c.dst, "null"...)
		} else {
			c.dst = append(c.dst, c.src[start:i]...)
		}
	}
	return i
}

func (c *copier) word(i int, word string) int {
	if len(c.src)-i < len(word) || string(c.src[i:i+len(word)]) != word {
		return c.fail(i)
	}
	return i + len(word)
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for i := range t {
		t[i] = i >= ' ' && i != '"' && i != '\\'
	}
	return t
}()

func (c *copier) str(i int) int {
	src := c.src
	for i++; i < len(src); i++ {
		b := src[i]
		if plain[b] {
			continue
		}
		if b == '"' {
			return i + 1
		}
		if b != '\\' || i+1 == len(src) {
			return c.fail(i)
		}
		switch i++; src[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if i+4 >= len(src) || !hex(src[i+1]) || !hex(src[i+2]) || !hex(src[i+3]) || !hex(src[i+4]) {
				return c.fail(i)
			}
			i += 4
		default:
			return c.fail(i)
		}
	}
	return c.fail(len(src))
}

func hex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

// scanNumber returns the index behind the number at i, and whether it is one in
// the grammar of RFC 8259.
func scanNumber(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	switch {
	case i < len(b) && b[i] == '0':
		i++
	default:
		var ok bool
		if i, ok = digits(b, i); !ok {
			return i, false
		}
	}
	if i < len(b) && b[i] == '.' {
		var ok bool
		if i, ok = digits(b, i+1); !ok {
			return i, false
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digits(b, i)
	}
	return i, true
}

func digits(b []byte, i int) (int, bool) {
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i, i > start
}

func (c *copier) array(i int, f *Fields, depth int, write bool) int {
	i = c.space(i + 1)
	if write {
		c.dst = append(c.dst, '[')
	}
	if i < len(c.src) && c.src[i] == ']' {
		return c.end(i, ']', write)
	}
	for {
		if i = c.value(i, f, depth, write); i < 0 {
			return i
		}
		i = c.space(i)
		if i < len(c.src) && c.src[i] == ']' {
			return c.end(i, ']', write)
		}
		if i == len(c.src) || c.src[i] != ',' {
			return c.fail(i)
		}
		if write {
			c.dst = append(c.dst, ',')
		}
		i = c.space(i + 1)
	}
}

func (c *copier) end(i int, b byte, write bool) int {
	if write {
		c.dst = append(c.dst, b)
	}
	return i + 1
}

func (c *copier) object(i int, f *Fields, depth int, write bool) int {
	i = c.space(i + 1)
	if write {
		c.dst = append(c.dst, '{')
	}
	first := len(c.dst)
	if i < len(c.src) && c.src[i] == '}' {
		return c.end(i, '}', write)
	}
	for {
		if i == len(c.src) || c.src[i] != '"' {
			return c.fail(i)
		}
		start := i
		if i = c.str(i); i < 0 {
			return i
		}
		key := c.src[start:i]
		if i = c.space(i); i == len(c.src) || c.src[i] != ':' {
			return c.fail(i)
		}
		i = c.space(i + 1)
		var sub *Fields
		picked := false
		if write {
			if sub, picked = f.member(key); picked {
				if len(c.dst) > first {
					c.dst = append(c.dst, ',')
				}
				c.dst = append(append(c.dst, key...), ':')
			}
		}
		if i = c.value(i, sub, depth, picked); i < 0 {
			return i
		}
		i = c.space(i)
		if i < len(c.src) && c.src[i] == '}' {
			return c.end(i, '}', write)
		}
		if i == len(c.src) || c.src[i] != ',' {
			return c.fail(i)
		}
		i = c.space(i + 1)
	}
}

// member finds a name as it stands in the document, in its quotes.
func (f *Fields) member(key []byte) (*Fields, bool) {
	inner := key[1 : len(key)-1]
	for _, b := range inner {
		if b == '\\' || b >= 0x80 {
			var name string
			if json.Unmarshal(key, &name) != nil {
				return nil, false
			}
			return find(f, name)
		}
	}
	return find(f, inner)
}
