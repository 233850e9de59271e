package valid

import (
	"net/http"
	"unicode/utf16"
	"unicode/utf8"
)

// The scanner: one pass over RFC 8259's grammar that finds where tokens begin
// and end, without building values.

// A span is a token of the body: data[from:to]. For a string the quotes are
// outside, and escaped says whether it contains a backslash.
type span struct {
	from, to int
	escaped  bool
}

// peek returns the next byte after the white space of RFC 8259 section 2, 0 at
// the end.
func (d *decoder) peek() byte {
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		d.pos++
	}
	return 0
}

// plainByte marks the bytes that stand for themselves in a string: ASCII
// without controls, quote and backslash.
var plainByte = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return
}()

// str scans a string that begins at the current quote.
func (d *decoder) str() (span, bool) {
	data := d.data
	i := d.pos + 1
	s := span{from: i}
	for {
		for i < len(data) && plainByte[data[i]] {
			i++
		}
		if i == len(data) {
			d.pos = i
			return s, d.syntax("unexpected_end")
		}
		switch c := data[i]; {
		case c == '"':
			s.to = i
			d.pos = i + 1
			return s, true
		case c == '\\':
			s.escaped = true
			d.pos = i
			n, ok := d.escape()
			if !ok {
				return s, false
			}
			i += n
		case c < ' ':
			d.pos = i
			return s, d.syntax("control_character")
		default:
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 {
				d.pos = i
				return s, d.syntax("invalid_utf8")
			}
			i += n
		}
	}
}

// escape checks the escape at the current position and returns its length. A
// surrogate must be the first half of a pair.
func (d *decoder) escape() (int, bool) {
	rest := d.data[d.pos:]
	if len(rest) < 2 {
		d.pos = len(d.data)
		return 0, d.syntax("unexpected_end")
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, true
	case 'u':
		r, ok := hex4(rest[2:])
		if !ok {
			return 0, d.syntax("escape")
		}
		if !utf16.IsSurrogate(r) {
			return 6, true
		}
		if len(rest) >= 12 && rest[6] == '\\' && rest[7] == 'u' {
			low, ok := hex4(rest[8:])
			if ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				return 12, true
			}
		}
		return 0, d.syntax("surrogate")
	}
	return 0, d.syntax("escape")
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// text returns what a scanned string stands for: a part of the body, or the
// scratch buffer, so it is good until the next call only.
func (d *decoder) text(s span) []byte {
	raw := d.data[s.from:s.to]
	if !s.escaped {
		return raw
	}
	b := d.scratch[:0]
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			b = append(b, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, _ := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i+3:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, raw[i])
		}
	}
	d.scratch = b
	return b
}

// maxNumber bounds a number literal in bytes. Every float64 and every 128 bit
// integer can be written shorter.
const maxNumber = 400

// num scans a number (RFC 8259 section 6). whole reports that it has neither
// fraction nor exponent.
func (d *decoder) num() (s span, whole, ok bool) {
	data := d.data
	i := d.pos
	s.from = i
	digits := func() bool {
		from := i
		for i < len(data) && data[i]-'0' <= 9 {
			i++
		}
		return i > from
	}
	if data[i] == '-' {
		i++
	}
	if i < len(data) && data[i] == '0' {
		i++
	} else if !digits() {
		d.pos = i
		return s, false, d.syntax("number")
	}
	whole = true
	if i < len(data) && data[i] == '.' {
		i++
		whole = false
		if !digits() {
			d.pos = i
			return s, false, d.syntax("number")
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		whole = false
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		if !digits() {
			d.pos = i
			return s, false, d.syntax("number")
		}
	}
	if i-s.from > maxNumber {
		return s, false, d.syntax("number_length")
	}
	s.to, d.pos = i, i
	return s, whole, true
}

// word takes one of the three literal names.
func (d *decoder) word(w string) bool {
	if len(d.data)-d.pos >= len(w) && string(d.data[d.pos:d.pos+len(w)]) == w {
		d.pos += len(w)
		return true
	}
	return d.syntax("syntax")
}

// skip passes over one value of any kind, held to everything but a type.
func (d *decoder) skip() bool {
	switch c := d.peek(); {
	case c == '"':
		_, ok := d.str()
		return ok
	case c == '{':
		return d.skipObject()
	case c == '[':
		for more, ok := d.begin(']'); ; more, ok = d.more(']') {
			if !ok || !more {
				return ok
			}
			if !d.skip() {
				return false
			}
		}
	case c == 't':
		return d.word("true")
	case c == 'f':
		return d.word("false")
	case c == 'n':
		return d.word("null")
	case c == '-' || c-'0' <= 9:
		_, _, ok := d.num()
		return ok
	}
	return d.unexpected()
}

// skipObject passes over an object and refuses a name that comes twice.
func (d *decoder) skipObject() bool {
	base := len(d.names)
	var set map[string]struct{} // of the names, once there are many
	for more, ok := d.begin('}'); ; more, ok = d.more('}') {
		if !ok || !more {
			d.names = d.names[:base]
			return ok
		}
		name, ok := d.name()
		if !ok {
			return false
		}
		if d.known(d.names[base:], &set, name) {
			return d.duplicate(name)
		}
		d.names = append(d.names, name)
		if !d.skip() {
			return false
		}
	}
}

// known reports whether name is among names. Up to 16 are compared in turn.
func (d *decoder) known(names []span, set *map[string]struct{}, name span) bool {
	if len(names) >= 16 {
		if *set == nil {
			*set = make(map[string]struct{}, 64)
			for _, n := range names {
				(*set)[string(d.text(n))] = struct{}{}
			}
		}
		text := d.text(name)
		_, ok := (*set)[string(text)]
		if !ok {
			(*set)[string(text)] = struct{}{}
		}
		return ok
	}
	text := d.data[name.from:name.to]
	if name.escaped {
		text = append([]byte(nil), d.text(name)...)
	}
	for _, n := range names {
		if string(d.text(n)) == string(text) {
			return true
		}
	}
	return false
}

// begin enters an array or object; more is false if it is empty and left again.
func (d *decoder) begin(end byte) (more, ok bool) {
	if d.depth++; d.depth > d.lim.Depth {
		return false, d.refuse(http.StatusBadRequest, "depth", d.lim.Depth)
	}
	d.pos++
	if d.peek() == end {
		d.pos++
		d.depth--
		return false, true
	}
	return true, d.count()
}

// more goes on after a member: to the next, or out.
func (d *decoder) more(end byte) (more, ok bool) {
	switch d.peek() {
	case ',':
		d.pos++
		return true, d.count()
	case end:
		d.pos++
		d.depth--
		return false, true
	}
	return false, d.unexpected()
}

// name scans the name of a member and the colon.
func (d *decoder) name() (span, bool) {
	if d.peek() != '"' {
		return span{}, d.unexpected()
	}
	s, ok := d.str()
	if !ok {
		return s, false
	}
	if d.peek() != ':' {
		return s, d.unexpected()
	}
	d.pos++
	return s, true
}

// count spends one element of the limit.
func (d *decoder) count() bool {
	if d.left--; d.left < 0 {
		return d.refuse(http.StatusRequestEntityTooLarge, "elements", d.lim.Elements)
	}
	return true
}
