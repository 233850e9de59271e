package field

import (
	"fmt"
	"strings"
)

// ETag cuts an entity tag off the front of s, weak prefix included.
func ETag(s string) (tag, rest string, ok bool) {
	i := 0
	if strings.HasPrefix(s, "W/") {
		i = 2
	}
	if i >= len(s) || s[i] != '"' {
		return "", s, false
	}
	for i++; i < len(s); i++ {
		if b := s[i]; b == '"' {
			return s[:i+1], s[i+1:], true
		} else if b < 0x21 || b == 0x7f {
			break
		}
	}
	return "", s, false
}

// IsETag reports whether s is one entity tag and nothing else.
func IsETag(s string) bool {
	_, rest, ok := ETag(s)
	return ok && rest == ""
}

// Strong reports whether s is a strong entity tag.
func Strong(s string) bool { return IsETag(s) && s[0] == '"' }

// Matches reports whether tag is in the list of If-Match or If-None-Match
// lines, or the list is "*". The comparison is weak or strong as RFC 9110,
// section 8.8.3.2 defines them. Nothing after a malformed member counts.
func Matches(lines []string, tag string, strong bool) bool {
	for _, line := range lines {
		for line = strings.Trim(line, " \t"); line != ""; {
			if line == "*" {
				return true
			}
			member, rest, ok := ETag(line)
			if !ok {
				break
			}
			if equal(member, tag, strong) {
				return true
			}
			rest = strings.TrimLeft(rest, " \t")
			if rest != "" && rest[0] != ',' {
				break
			}
			line = strings.TrimLeft(rest, " \t,")
		}
	}
	return false
}

func equal(a, b string, strong bool) bool {
	if strong {
		return a == b && Strong(a)
	}
	return IsETag(b) && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// A Span is the part First..Last, both counted, of something Total long.
type Span struct{ First, Last, Total int64 }

// String is the span as a Content-Range.
func (s Span) String() string { return fmt.Sprintf("bytes %d-%d/%d", s.First, s.Last, s.Total) }

// Range results.
const (
	Ignore        = iota // not bytes, malformed, or several ranges
	Satisfiable          // the Span is valid
	Unsatisfiable        // starts behind the end
)

// ParseRange reads a Range header of a single byte range against a
// representation of total bytes (RFC 9110, section 14.1.2).
func ParseRange(s string, total int64) (Span, int) {
	unit, set, ok := strings.Cut(s, "=")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return Span{}, Ignore
	}
	from, to, ok := strings.Cut(strings.Trim(set, " \t"), "-")
	first, last := int64(0), total-1
	switch {
	case !ok || from == "" && to == "":
		return Span{}, Ignore
	case from == "":
		n, ok := position(to)
		if !ok {
			return Span{}, Ignore
		}
		if n == 0 {
			return Span{Total: total}, Unsatisfiable
		}
		first = max(0, total-n)
	default:
		if first, ok = position(from); !ok {
			return Span{}, Ignore
		}
		if to != "" {
			n, ok := position(to)
			if !ok || n < first {
				return Span{}, Ignore
			}
			last = min(last, n)
		}
	}
	if first >= total {
		return Span{Total: total}, Unsatisfiable
	}
	return Span{first, last, total}, Satisfiable
}

// ParseContentRange reads "bytes first-last/total". An unknown total is
// not accepted: such a part cannot be completed.
func ParseContentRange(s string) (Span, bool) {
	unit, s, _ := strings.Cut(s, " ")
	part, whole, _ := strings.Cut(s, "/")
	from, to, _ := strings.Cut(part, "-")
	first, ok1 := position(from)
	last, ok2 := position(to)
	total, ok3 := position(whole)
	ok := strings.EqualFold(unit, "bytes") && ok1 && ok2 && ok3 && first <= last && last < total
	return Span{first, last, total}, ok
}

// position reads digits, up to 18 of them.
func position(s string) (n int64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
