package valid

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Trim removes white space around the text (Unicode). It changes the value.
func Trim[S ~string](v *S, c *C) {
	if c.dry != nil {
		c.dry.node.Trimmed = true
		return
	}
	*v = S(strings.TrimSpace(string(*v)))
}

// Lower maps the text to lower case. It changes the value.
func Lower[S ~string](v *S, c *C) {
	if c.dry == nil {
		*v = S(strings.ToLower(string(*v)))
	}
}

// MinLen wants at least n code points. An empty text is too short as well:
// put [Optional] before it where the text may be left out.
func MinLen(n int) Rule[string] {
	return func(v *string, c *C) {
		if c.dry != nil {
			c.dry.size("min_len", n, -1)
		} else if len(*v) < 4*n && utf8.RuneCountInString(*v) < n {
			c.fail("min_len", n)
		}
	}
}

// MaxLen wants at most n code points.
func MaxLen(n int) Rule[string] {
	return func(v *string, c *C) {
		if c.dry != nil {
			c.dry.size("max_len", 0, n)
		} else if len(*v) > n && utf8.RuneCountInString(*v) > n {
			c.fail("max_len", n)
		}
	}
}

// Len wants exactly n code points.
func Len(n int) Rule[string] {
	return func(v *string, c *C) {
		if c.dry != nil {
			c.dry.size("len", n, n)
		} else if utf8.RuneCountInString(*v) != n {
			c.fail("len", n)
		}
	}
}

// maxMatch bounds the text given to a regular expression, in bytes.
const maxMatch = 64 << 10

// Match wants re to find something in the text; anchor it with ^ and $ to
// match the whole. The expression is compiled once, in a package variable. A
// text over 64 KiB fails unseen, and an expression that is nil or longer than
// 1,000 bytes is unusable. Matching time is linear in the text (RE2).
func Match(re *regexp.Regexp) Rule[string] {
	return func(v *string, c *C) {
		switch {
		case re == nil:
			c.broken("Match needs a compiled expression")
		case len(re.String()) > 1000:
			c.broken("Match: an expression of %d bytes is too long", len(re.String()))
		case c.dry != nil:
			c.dry.pattern(re.String())
		case len(*v) > maxMatch || !re.MatchString(*v):
			c.fail("match")
		}
	}
}
