package valid

import (
	"net/netip"
	"strings"
)

// The formats follow the grammars of their RFCs. Where a rule is stricter than
// the grammar, its comment says so and why. Every one of them refuses the empty
// text: put Optional before a format where the text may be left out.

// format is what the rules below share.
func format[S ~string](v *S, c *C, code, name string, ok func(string) bool) {
	if c.dry != nil {
		c.dry.format(code, name)
	} else if !ok(string(*v)) {
		c.fail(code)
	}
}

// UUID wants the text form of RFC 9562 section 4, any version, either case.
func UUID[S ~string](v *S, c *C) { format(v, c, "uuid", "uuid", isUUID) }

// IP wants what [IPv4] or [IPv6] want.
func IP[S ~string](v *S, c *C) { format(v, c, "ip", "", isIP) }

// IPv4 wants the IPv4address of RFC 3986 section 3.2.2: four decimal numbers
// without leading zeros.
func IPv4[S ~string](v *S, c *C) { format(v, c, "ipv4", "ipv4", isIPv4) }

// IPv6 wants the IPv6address of RFC 3986 section 3.2.2, so no zone.
func IPv6[S ~string](v *S, c *C) { format(v, c, "ipv6", "ipv6", isIPv6) }

// CIDR wants an address as [IP] does, "/", and a prefix length without leading
// zeros. Bits after the prefix may be set.
func CIDR[S ~string](v *S, c *C) { format(v, c, "cidr", "", isCIDR) }

// Hostname wants a name of RFC 1123 section 2.1: labels of letters, digits and
// inner hyphens, 1 to 63 bytes each, 253 in all, no final dot. The last label
// must not be all digits (the same section: a name never looks like an IPv4
// address). The content of "xn--" labels is not looked into.
func Hostname[S ~string](v *S, c *C) { format(v, c, "hostname", "hostname", isHostname) }

// Email wants a Mailbox of RFC 5321 section 4.1.2: a dotted or quoted local part
// of at most 64 bytes, and a domain or an IP address literal; 254 bytes in all.
// Stricter than the grammar: the domain is a [Hostname] (section 2.3.5 asks for
// that), and the only tag of an address literal is IPv6, since no other was ever
// registered. Non-ASCII addresses (RFC 6531) are another format and refused.
func Email[S ~string](v *S, c *C) { format(v, c, "email", "email", isEmail) }

// URL wants an absolute http or https URI of RFC 3986. Stricter than the grammar:
// user information is refused (RFC 9110 section 4.2.4), an empty host too (4.2.1),
// a port above 65535, and a host whose last label is a number unless it is an
// IPv4 address, because clients read such names as addresses. Non-ASCII text must
// be percent-encoded.
func URL[S ~string](v *S, c *C) {
	if c.dry != nil {
		c.dry.node.Patterns = append(c.dry.node.Patterns, "^[Hh][Tt][Tt][Pp][Ss]?://")
	}
	format(v, c, "url", "uri", isURL)
}

// Date wants a full-date of RFC 3339 section 5.6 that exists in the calendar.
func Date[S ~string](v *S, c *C) { format(v, c, "date", "date", isDate) }

// Time wants a full-time of RFC 3339 section 5.6. Second 60 is accepted where it
// is 23:59:60 in UTC.
func Time[S ~string](v *S, c *C) { format(v, c, "time", "time", isTime) }

// DateTime wants a date-time of RFC 3339 section 5.6, with "T" and "Z" in either
// case and second 60 as in [Time]: which months had a leap second is not in the
// grammar. A field of type time.Time cannot hold that second, so reading refuses
// it there.
func DateTime[S ~string](v *S, c *C) { format(v, c, "date_time", "date-time", isDateTime) }

// JSON wants one JSON text, as strictly as [Decode] reads it.
func JSON[S ~string](v *S, c *C) { format(v, c, "json", "", isJSON) }

func isJSON(s string) bool {
	d := decoder{data: []byte(s), lim: Limits{}.filled()}
	d.left = d.lim.Elements
	if !d.skip() {
		return false
	}
	d.peek()
	return d.pos == len(s)
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !is(s[i], hexadecimal) {
			return false
		}
	}
	return true
}

func isIP(s string) bool { return isIPv4(s) || isIPv6(s) }

func isIPv4(s string) bool {
	n := 0 // octets read
	for rest := s; n < 4; n++ {
		octet, after, more := strings.Cut(rest, ".")
		if len(octet) == 0 || len(octet) > 3 || octet[0] == '0' && len(octet) > 1 || more != (n < 3) {
			return false
		}
		value := 0
		for i := range len(octet) {
			if !is(octet[i], digit) {
				return false
			}
			value = value*10 + int(octet[i]-'0')
		}
		if value > 255 {
			return false
		}
		rest = after
	}
	return true
}

func isIPv6(s string) bool {
	if len(s) < 2 || len(s) > 45 || strings.IndexByte(s, ':') < 0 || strings.IndexByte(s, '%') >= 0 {
		return false
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

func isCIDR(s string) bool {
	addr, _, _ := strings.Cut(s, "/")
	_, err := netip.ParsePrefix(s)
	return err == nil && isIP(addr)
}

func isHostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	from, numeric := 0, true // of the running label
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if !is(s[i], letter|digit) && s[i] != '-' {
				return false
			}
			numeric = numeric && is(s[i], digit)
			continue
		}
		if n := i - from; n == 0 || n > 63 || s[from] == '-' || s[i-1] == '-' {
			return false
		}
		if i == len(s) {
			return !numeric
		}
		from, numeric = i+1, true
	}
	return false
}

// The classes of ASCII the grammars are made of.
const (
	digit = 1 << iota
	letter
	hexadecimal
	atext      // RFC 5322 section 3.2.3, letters and digits left out
	unreserved // RFC 3986 section 2.3, letters and digits left out
	subDelim   // RFC 3986 section 2.2
)

var classes = func() (t [256]uint8) {
	for class, chars := range map[uint8]string{
		digit:       "0123456789",
		letter:      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		hexadecimal: "0123456789abcdefABCDEF",
		atext:       "!#$%&'*+-/=?^_`{|}~",
		unreserved:  "-._~",
		subDelim:    "!$&'()*+,;=",
	} {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	return
}()

func is(c byte, class uint8) bool { return classes[c]&class != 0 }
