package valid

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// check makes a format rule of a predicate.
func check[S ~string](v *S, c *C, code, name string, ok func(string) bool) {
	if c.dry != nil {
		c.dry.format(code, name)
	} else if !ok(string(*v)) {
		c.fail(code)
	}
}

// Email wants an address as mail users know it: local part, "@", domain.
func Email[S ~string](v *S, c *C) { check(v, c, "email", "email", isEmail) }

// URL wants an absolute http or https URL with a host.
func URL[S ~string](v *S, c *C) { check(v, c, "url", "uri", isURL) }

// UUID wants the 36 character form of RFC 9562 section 4.
func UUID[S ~string](v *S, c *C) { check(v, c, "uuid", "uuid", isUUID) }

// IP wants an IPv4 or IPv6 address without a zone.
func IP[S ~string](v *S, c *C) {
	check(v, c, "ip", "", func(s string) bool { return isIPv4(s) || isIPv6(s) })
}

// IPv4 wants dotted decimal without leading zeros (RFC 3986 IPv4address).
func IPv4[S ~string](v *S, c *C) { check(v, c, "ipv4", "ipv4", isIPv4) }

// IPv6 wants an address of RFC 4291 section 2.2, without a zone.
func IPv6[S ~string](v *S, c *C) { check(v, c, "ipv6", "ipv6", isIPv6) }

// CIDR wants an address, "/" and a prefix length.
func CIDR[S ~string](v *S, c *C) { check(v, c, "cidr", "", isCIDR) }

// Hostname wants a host name of RFC 1123 section 2.1.
func Hostname[S ~string](v *S, c *C) { check(v, c, "hostname", "hostname", isHostname) }

// Date wants a full-date of RFC 3339.
func Date[S ~string](v *S, c *C) { check(v, c, "date", "date", isDate) }

// Time wants a full-time of RFC 3339.
func Time[S ~string](v *S, c *C) { check(v, c, "time", "time", isTime) }

// DateTime wants a date-time of RFC 3339.
func DateTime[S ~string](v *S, c *C) { check(v, c, "date_time", "date-time", isDateTime) }

// JSON wants one JSON text.
func JSON[S ~string](v *S, c *C) {
	check(v, c, "json", "", func(s string) bool { return json.Valid([]byte(s)) })
}

func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && isHostname(domain)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f') {
			return false
		}
	}
	return true
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isCIDR(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

func isHostname(s string) bool {
	if len(s) == 0 || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}

func isDate(s string) bool {
	_, err := time.Parse("2006-01-02", s)
	return err == nil
}

func isTime(s string) bool { return isDateTime("2006-01-02T" + s) }

func isDateTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
