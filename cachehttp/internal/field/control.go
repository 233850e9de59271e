// Package field reads the HTTP fields a cache depends on: cache directives,
// structured dictionaries, dates, ages, entity tags, ranges and Vary. Each
// parser is strict: what does not follow the grammar is reported as absent or
// as the value that makes a cache do more work, never as permission to reuse.
package field

import (
	"net/textproto"
	"slices"
	"strings"
)

// Absent is the value of a directive argument that was not sent.
const Absent int64 = -1

// MaxDelta is the largest delta-seconds; larger ones are cut to it (RFC 9111,
// section 1.2.2).
const MaxDelta int64 = 1 << 31

// Control holds the directives of Cache-Control or of a targeted field.
// Arguments are seconds, or [Absent]. An argument that is not a
// delta-seconds counts as 0.
type Control struct {
	NoStore, NoCache, Private, Public, MustRevalidate, ProxyRevalidate bool
	MustUnderstand, Immutable, OnlyIfCached                            bool

	MaxAge, SMaxAge, MinFresh, MaxStale, WhileRevalidate, IfError int64

	// Fields are the names in qualified no-cache and private directives,
	// in canonical form: they must not be stored.
	Fields []string
}

// None is a Control without directives.
var None = Control{MaxAge: Absent, SMaxAge: Absent, MinFresh: Absent,
	MaxStale: Absent, WhileRevalidate: Absent, IfError: Absent}

// ParseControl reads Cache-Control lines. Names are case-insensitive,
// arguments may be quoted, and of a directive sent twice the smaller
// argument counts.
func ParseControl(lines []string) Control {
	c := None
	for _, line := range lines {
		for line != "" {
			var name, arg string
			var has bool
			name, arg, has, line = directive(line)
			c.set(strings.ToLower(name), arg, has)
		}
	}
	return c
}

// directive cuts the first directive off a line. A quoted argument is
// unescaped; one that never ends takes the rest of the line. Anything
// between the name and the next comma that is no argument makes it
// malformed, which is told as an empty argument.
func directive(s string) (name, arg string, has bool, rest string) {
	s = strings.TrimLeft(s, " \t,")
	i := 0
	for i < len(s) && isToken(s[i]) {
		i++
	}
	name, s = s[:i], s[i:]
	if s != "" && s[0] == '=' {
		arg, s, has = argument(s[1:])
	}
	junk, rest := cutComma(s)
	if strings.Trim(junk, " \t") != "" {
		arg, has = "", true
	}
	return name, arg, has, rest
}

func argument(s string) (arg, rest string, has bool) {
	if s != "" && s[0] == '"' {
		arg, rest, ok := unquote(s)
		if !ok {
			arg = ""
		}
		return arg, rest, true
	}
	i := 0
	for i < len(s) && isToken(s[i]) {
		i++
	}
	return s[:i], s[i:], true
}

// unquote reads a quoted-string at the start of s.
func unquote(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return b.String(), "", false
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), "", false
}

// cutComma splits s at the first comma outside quotes.
func cutComma(s string) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// set records one directive; unknown ones are ignored (RFC 9111, 5.2.3).
func (c *Control) set(name, arg string, has bool) {
	switch name {
	case "no-cache":
		c.qualify(&c.NoCache, arg, has)
	case "private":
		c.qualify(&c.Private, arg, has)
	case "max-stale":
		if !has {
			arg = "2147483648"
		}
		lower(&c.MaxStale, arg)
	default:
		if flag := c.flag(name); flag != nil {
			*flag = true
		} else if n := c.argument(name); n != nil {
			lower(n, arg)
		}
	}
}

func (c *Control) flag(name string) *bool {
	switch name {
	case "no-store":
		return &c.NoStore
	case "public":
		return &c.Public
	case "must-revalidate":
		return &c.MustRevalidate
	case "proxy-revalidate":
		return &c.ProxyRevalidate
	case "must-understand":
		return &c.MustUnderstand
	case "immutable":
		return &c.Immutable
	case "only-if-cached":
		return &c.OnlyIfCached
	}
	return nil
}

func (c *Control) argument(name string) *int64 {
	switch name {
	case "max-age":
		return &c.MaxAge
	case "s-maxage":
		return &c.SMaxAge
	case "min-fresh":
		return &c.MinFresh
	case "stale-while-revalidate":
		return &c.WhileRevalidate
	case "stale-if-error":
		return &c.IfError
	}
	return nil
}

// qualify records no-cache or private: with a list of names it concerns
// only those, without one (or with an empty one) the whole response.
func (c *Control) qualify(whole *bool, arg string, has bool) {
	names, _ := Names([]string{arg})
	if !has || len(names) == 0 {
		*whole = true
		return
	}
	c.Fields = append(c.Fields, names...)
}

// lower keeps the smaller of what is known and arg.
func lower(dst *int64, arg string) {
	n, ok := Delta(arg)
	if !ok {
		n = 0
	}
	if *dst == Absent || n < *dst {
		*dst = n
	}
}

// Delta reads a delta-seconds: digits only, cut to [MaxDelta].
func Delta(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = n*10 + int64(s[i]-'0'); n > MaxDelta {
			n = MaxDelta
		}
	}
	return n, true
}

// Age reads Age lines: the first member of the first line counts, and one
// that is not a delta-seconds is as good as none (RFC 9111, section 5.1).
func Age(lines []string) int64 {
	if len(lines) == 0 {
		return 0
	}
	first, _, _ := strings.Cut(lines[0], ",")
	n, _ := Delta(strings.Trim(first, " \t"))
	return n
}

// Names reads a list of field names, such as Vary or Connection, into
// canonical form without repetitions. star reports a "*" anywhere.
func Names(lines []string) (names []string, star bool) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t"))
			switch {
			case name == "*":
				star = true
			case name != "" && !slices.Contains(names, name):
				names = append(names, name)
			}
		}
	}
	return names, star
}

// AppendNormal appends the lines of one request field as a single value
// with the white space around commas and at the ends removed.
func AppendNormal(dst []byte, lines []string) []byte {
	for i, line := range lines {
		if i > 0 {
			dst = append(dst, ',')
		}
		for {
			part, rest := cutComma(line)
			dst = append(dst, strings.Trim(part, " \t")...)
			if len(part) == len(line) {
				break
			}
			dst, line = append(dst, ','), rest
		}
	}
	return dst
}

// isToken reports a tchar of RFC 9110, section 5.6.2.
func isToken(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
}
