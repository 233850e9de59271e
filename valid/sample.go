package valid

import (
	"encoding/json"
	"math/big"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// simple holds a number or text against the bounds of s, for the generator.
func simple(s *Schema, v any) bool {
	switch v := v.(type) {
	case string:
		return fits(s, v)
	case json.Number:
		n, ok := new(big.Rat).SetString(string(v))
		if !ok || s.Enum != nil && !slices.ContainsFunc(s.Enum, func(e any) bool { return literal(e) == string(v) }) {
			return false
		}
		if n.Sign() == 0 && s.ZeroPasses {
			return true
		}
		low, hasLow := new(big.Rat).SetString(literal(s.Minimum))
		high, hasHigh := new(big.Rat).SetString(literal(s.Maximum))
		step, hasStep := new(big.Rat).SetString(literal(s.MultipleOf))
		return !(hasLow && n.Cmp(low) < 0 || hasHigh && n.Cmp(high) > 0 ||
			hasStep && !new(big.Rat).Quo(n, step).IsInt() || s.Not != nil && n.Sign() == 0)
	}
	return false
}

// fits holds a text against the bounds of s.
func fits(s *Schema, text string) bool {
	if text == "" && s.ZeroPasses {
		return true
	}
	n := utf8.RuneCountInString(text)
	if n < s.MinSize || s.MaxSize != nil && n > *s.MaxSize || s.Enum != nil && !slices.Contains(s.Enum, any(text)) {
		return false
	}
	for _, p := range s.Patterns {
		if ok, err := regexp.MatchString(p, text); err != nil || !ok {
			return false
		}
	}
	if f, ok := formats[s.Format]; ok {
		return f.is(text)
	}
	return s.Format == ""
}

// formats are the formats of JSON Schema with a good and some bad examples.
var formats = map[string]struct {
	is   func(string) bool
	good string
	bad  []string
}{
	"email":     {isEmail, "ada@example.com", []string{"ada", "@example.com", "ada@", "a b@example.com", "ada@-example.com"}},
	"uri":       {isURL, "https://example.com/a", []string{"example.com", "ftp://example.com", "https://", "https://exa mple.com", "https://u@example.com"}},
	"uuid":      {isUUID, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", []string{"f81d4fae7dec11d0a76500a0c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
	"ipv4":      {isIPv4, "192.0.2.1", []string{"192.0.2", "192.0.2.256", "192.0.02.1", "::1"}},
	"ipv6":      {isIPv6, "2001:db8::1", []string{"2001:db8", "::1%eth0", "1::2::3", "192.0.2.1"}},
	"hostname":  {isHostname, "www.example.com", []string{"-a.example", "a_b.example", "example.com.", "1.2.3.4"}},
	"date":      {isDate, "2024-02-29", []string{"2023-02-29", "2024-2-9", "2024-13-01"}},
	"time":      {isTime, "23:59:59Z", []string{"24:00:00Z", "23:59:59", "23:59Z"}},
	"date-time": {isDateTime, "2024-02-29T12:00:00Z", []string{"2024-02-29 12:00:00Z", "2024-02-29T12:00:00", "2023-02-29T12:00:00Z"}},
	"byte":      {func(s string) bool { _, ok := unbase64([]byte(s)); return ok }, "aGk=", []string{"a", "aGk", "a Gk="}},
}

// sampleText returns a text that s accepts, if one is easily found.
func sampleText(s *Schema) (string, bool) {
	if s == nil {
		return "a", true
	}
	tries := []string{formats[s.Format].good, strings.Repeat("a", max(s.MinSize, 1)), strings.Repeat("a1-B", (s.MinSize+4)/4+3)}
	for _, p := range s.Patterns {
		if re, err := syntax.Parse(p, syntax.Perl); err == nil {
			tries = append(tries, fromPattern(re.Simplify()))
		}
	}
	for _, text := range tries {
		if text != "" && fits(s, text) {
			return text, true
		}
	}
	return "", fits(s, "")
}

// fromPattern returns a short text for re; look-around like \b is not minded.
func fromPattern(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			return string(re.Rune[0])
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpPlus, syntax.OpCapture, syntax.OpAlternate:
		return fromPattern(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(fromPattern(re.Sub[0]), re.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(fromPattern(sub))
		}
		return b.String()
	}
	return ""
}

// texts lists the edges of a text.
func texts(s *Schema, add adder) {
	add(fits(s, ""), "empty", "")
	try := func(text, why string) { add(fits(s, text), why, text) }
	if s.Format == "" && s.Patterns == nil && s.Enum == nil {
		if s.MinSize > 1 {
			try(strings.Repeat("a", s.MinSize-1), "one under minLength")
			try(strings.Repeat("\U0001F600", s.MinSize), "minLength, four bytes each")
		}
		if s.MaxSize != nil && *s.MaxSize <= 10_000 {
			try(strings.Repeat("a", *s.MaxSize), "maxLength")
			try(strings.Repeat("\u00e9", *s.MaxSize), "maxLength, two bytes each")
			try(strings.Repeat("a", *s.MaxSize+1), "one over maxLength")
		}
	}
	for _, bad := range formats[s.Format].bad {
		try(bad, "not a "+s.Format)
	}
	if s.Enum != nil || s.Patterns != nil {
		try("\u2603", "something else")
	}
}
