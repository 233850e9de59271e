package field

import (
	"strconv"
	"strings"
)

// ParseTargeted reads a targeted field such as CDN-Cache-Control (RFC 9213).
// It is a structured dictionary (RFC 9651): unlike Cache-Control, one
// mistake makes all of it invalid, and then, or when empty, ok is false.
func ParseTargeted(lines []string) (c Control, ok bool) {
	members, ok := dictionary(strings.Join(lines, ", "))
	if !ok || len(members) == 0 {
		return None, false
	}
	c = None
	for name, v := range members {
		switch v.kind {
		case kindFalse:
		case kindTrue:
			c.set(name, "", c.argument(name) != nil)
		case kindString:
			if name == "no-cache" || name == "private" {
				c.set(name, v.text, true)
				continue
			}
			c.set(name, "", true)
		case kindInteger:
			c.set(name, v.text, true)
		default:
			c.set(name, "", true)
		}
	}
	return c, true
}

type kind byte

const (
	kindOther kind = iota
	kindTrue
	kindFalse
	kindInteger
	kindString
)

type item struct {
	kind kind
	text string
}

// scanner walks a structured field. The first mistake sets bad.
type scanner struct {
	s   string
	bad bool
}

func (p *scanner) peek() byte {
	if p.s == "" {
		return 0
	}
	return p.s[0]
}

func (p *scanner) accept(b byte) bool {
	if p.peek() != b || p.s == "" {
		return false
	}
	p.s = p.s[1:]
	return true
}

func (p *scanner) take(is func(byte) bool) string {
	i := 0
	for i < len(p.s) && is(p.s[i]) {
		i++
	}
	text := p.s[:i]
	p.s = p.s[i:]
	return text
}

// dictionary parses RFC 9651, section 4.2.2; a key sent twice keeps the
// last value, as that section demands.
func dictionary(s string) (map[string]item, bool) {
	p := &scanner{s: strings.Trim(s, " ")}
	members := map[string]item{}
	for p.s != "" && !p.bad {
		name := p.key()
		v := item{kind: kindTrue}
		if p.accept('=') {
			v = p.member()
		}
		p.parameters()
		members[name] = v
		p.s = strings.TrimLeft(p.s, " \t")
		if p.s == "" {
			break
		}
		comma := p.accept(',')
		p.s = strings.TrimLeft(p.s, " \t")
		p.bad = p.bad || !comma || p.s == ""
	}
	return members, !p.bad
}

func (p *scanner) key() string {
	if b := p.peek(); b != '*' && (b < 'a' || b > 'z') {
		p.bad = true
		return ""
	}
	return p.take(func(b byte) bool {
		return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || strings.IndexByte("_-.*", b) >= 0
	})
}

func (p *scanner) parameters() {
	for !p.bad && p.accept(';') {
		p.s = strings.TrimLeft(p.s, " ")
		p.key()
		if p.accept('=') {
			p.bare()
		}
	}
}

func (p *scanner) member() item {
	if !p.accept('(') {
		return p.bare()
	}
	for !p.bad {
		p.s = strings.TrimLeft(p.s, " ")
		if p.accept(')') {
			return item{}
		}
		p.bare()
		p.parameters()
		if b := p.peek(); b != ' ' && b != ')' {
			p.bad = true
		}
	}
	return item{}
}

func (p *scanner) bare() item {
	b := p.peek()
	switch {
	case b == '-' || b >= '0' && b <= '9':
		return p.number()
	case b == '"':
		return p.text()
	case b == '?':
		return p.boolean()
	case b == ':':
		return p.bytes()
	case b == '@':
		p.s = p.s[1:]
		v := p.number()
		p.bad = p.bad || v.kind != kindInteger
		return item{}
	case b == '*' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
		p.take(func(b byte) bool { return isToken(b) || b == ':' || b == '/' })
		return item{}
	}
	p.bad = true
	return item{}
}

func (p *scanner) number() item {
	isDigit := func(b byte) bool { return b >= '0' && b <= '9' }
	negative := p.accept('-')
	whole := p.take(isDigit)
	if p.accept('.') {
		part := p.take(isDigit)
		p.bad = p.bad || whole == "" || len(whole) > 12 || part == "" || len(part) > 3
		return item{}
	}
	if whole == "" || len(whole) > 15 {
		p.bad = true
	}
	if n, _ := strconv.ParseInt(whole, 10, 64); negative && n != 0 {
		whole = "-" + whole
	}
	return item{kindInteger, whole}
}

func (p *scanner) text() item {
	for i := 1; i < len(p.s); i++ {
		if b := p.s[i]; b < ' ' || b > '~' {
			break
		} else if b == '"' {
			text, rest, _ := unquote(p.s)
			p.s = rest
			return item{kindString, text}
		} else if b == '\\' {
			if i++; i == len(p.s) || p.s[i] != '"' && p.s[i] != '\\' {
				break
			}
		}
	}
	p.bad = true
	return item{}
}

func (p *scanner) boolean() item {
	p.s = p.s[1:]
	if p.accept('1') {
		return item{kind: kindTrue}
	}
	p.bad = p.bad || !p.accept('0')
	return item{kind: kindFalse}
}

func (p *scanner) bytes() item {
	p.s = p.s[1:]
	p.take(func(b byte) bool {
		return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '+' || b == '/' || b == '='
	})
	p.bad = p.bad || !p.accept(':')
	return item{}
}
