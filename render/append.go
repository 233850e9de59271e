package render

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plainByte marks the bytes that stand in a JSON string as they are. The
// others are the control characters, the quote, the backslash, < > & (so that
// a body is safe inside HTML) and everything outside ASCII, which is looked at
// as a rune.
var plainByte = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// replacement is what encoding/json writes for a byte that is not UTF-8: its
// two engines, of which one is chosen when the program is built, differ here.
var replacement = func() string {
	b, _ := json.Marshal("\xff") // strings cannot fail
	return string(b[1 : len(b)-1])
}()

// appendString appends s as a JSON string, byte for byte as encoding/json
// writes it with HTML escaping on.
func appendString(b []byte, s string) []byte {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if !plainWord(word(s[i : i+8])) {
			break
		}
	}
	for ; i < len(s); i++ {
		if !plainByte[s[i]] {
			return appendEscaped(append(b, '"'), s, i)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// word is the first eight bytes of s as one number.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plainWord reports whether all eight bytes are plain. Each line sets the top
// bit of a byte that is not: above ASCII or below a space; a quote or &, which
// differ in one bit; < or >, likewise; a backslash.
func plainWord(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, angle, slash := (x|0x04*ones)^'&'*ones, (x|0x02*ones)^'>'*ones, x^'\\'*ones
	return (x|(x-' '*ones)|
		((quote-ones)&^quote)|
		((angle-ones)&^angle)|
		((slash-ones)&^slash))&tops == 0
}

// appendEscaped goes on where appendString met the first byte that is not
// plain, at index i.
func appendEscaped(b []byte, s string, i int) []byte {
	start := 0
	for i < len(s) {
		c := s[i]
		if plainByte[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[start:i]...)
			b = append(b, replacement...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(b, s[start:i]...)
			b = append(b, `\u202`...)
			b = append(b, hexDigits[r&0xF])
			start = i + size
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '\\', '"':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xF])
}

// appendFloat appends f in the form of ECMAScript, as encoding/json does:
// exponents below 1e-6 and from 1e21, without a padded exponent. It reports
// false for NaN and the infinities, which JSON cannot say.
func appendFloat(b []byte, f float64, bits int) ([]byte, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return b, false
	}
	abs, format := math.Abs(f), byte('f')
	if abs != 0 {
		if bits == 64 && (abs < 1e-6 || abs >= 1e21) ||
			bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21) {
			format = 'e'
		}
	}
	b = strconv.AppendFloat(b, f, format, -1, bits)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b, true
}

func appendStrings(b []byte, list []string) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendBytes(b, data []byte) []byte {
	if data == nil {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, data)
	return append(b, '"')
}

// appendTime appends t in the form of RFC 3339, and an error for a time that
// form cannot say. What is not common is left to package time.
func appendTime(b []byte, t time.Time) ([]byte, error) {
	year, month, day := t.Date()
	_, offset := t.Zone()
	if year < 0 || year > 9999 || offset != 0 {
		b = append(b, '"')
		b, err := t.AppendText(b)
		return append(b, '"'), err
	}
	hour, minute, second := t.Clock()
	a := [32]byte{
		'"', byte('0' + year/1000), byte('0' + year/100%10), byte('0' + year/10%10), byte('0' + year%10),
		'-', byte('0' + month/10), byte('0' + month%10), '-', byte('0' + day/10), byte('0' + day%10),
		'T', byte('0' + hour/10), byte('0' + hour%10), ':', byte('0' + minute/10), byte('0' + minute%10),
		':', byte('0' + second/10), byte('0' + second%10),
	}
	n := 20
	if nanos := t.Nanosecond(); nanos != 0 {
		a[n] = '.'
		for i := n + 9; i > n; i-- {
			a[i] = byte('0' + nanos%10)
			nanos /= 10
		}
		for n += 9; a[n] == '0'; n-- {
		}
		n++
	}
	a[n], a[n+1] = 'Z', '"'
	return append(b, a[:n+2]...), nil
}
