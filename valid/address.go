package valid

import "strings"

// isEmail holds s against Mailbox of RFC 5321 section 4.1.2.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@') // no domain contains one
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	if s[0] == '"' {
		if !isQuoted(s[:at]) {
			return false
		}
	} else if !isDotString(s[:at]) {
		return false
	}
	domain := s[at+1:]
	literal, ok := strings.CutPrefix(domain, "[")
	if !ok {
		return isHostname(domain)
	}
	literal, ok = strings.CutSuffix(literal, "]")
	if len(literal) > 5 && strings.EqualFold(literal[:5], "IPv6:") {
		return ok && isIPv6(literal[5:])
	}
	return ok && isIPv4(literal)
}

func isDotString(s string) bool {
	dot := true // an atom must begin
	for i := range len(s) {
		switch {
		case is(s[i], letter|digit|atext):
			dot = false
		case s[i] == '.' && !dot:
			dot = true
		default:
			return false
		}
	}
	return !dot
}

// isQuoted holds s against Quoted-string.
func isQuoted(s string) bool {
	if len(s) < 2 || s[len(s)-1] != '"' {
		return false
	}
	s = s[1 : len(s)-1]
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if i++; i == len(s) || s[i] < ' ' || s[i] > '~' {
				return false
			}
		case c == '"' || c < ' ' || c > '~':
			return false
		}
	}
	return true
}

// isURL holds s against an absolute http or https URI of RFC 3986.
func isURL(s string) bool {
	var rest string
	switch {
	case len(s) > 7 && strings.EqualFold(s[:7], "http://"):
		rest = s[7:]
	case len(s) > 8 && strings.EqualFold(s[:8], "https://"):
		rest = s[8:]
	default:
		return false
	}
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' && rest[end] != '#' {
		end++
	}
	path, fragment, _ := strings.Cut(rest[end:], "#")
	return isAuthority(rest[:end]) && isURIText(path, "/:@?") && isURIText(fragment, "/:@?")
}

// isAuthority holds s against host [ ":" port ].
func isAuthority(s string) bool {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 || !isIPv6(s[1:end]) {
			return false
		}
		if host, port = "", s[end+1:]; port != "" && port[0] != ':' {
			return false
		}
		port = strings.TrimPrefix(port, ":")
	} else if host, port, _ = strings.Cut(s, ":"); host == "" || !isURIText(host, "") || looksNumeric(host) && !isIPv4(host) {
		return false
	}
	n := 0
	for i := range len(port) {
		if n = n*10 + int(port[i]-'0'); !is(port[i], digit) || n > 65535 {
			return false
		}
	}
	return true
}

// looksNumeric reports whether the last label of host is a number, decimal or
// 0x, for clients that read names as addresses.
func looksNumeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	label := host[strings.LastIndexByte(host, '.')+1:]
	hex := len(label) > 1 && label[0] == '0' && label[1]|0x20 == 'x'
	if hex {
		label = label[2:]
	}
	for i := range len(label) {
		if !is(label[i], digit) && !(hex && is(label[i], hexadecimal)) {
			return false
		}
	}
	return hex || label != ""
}

// isURIText reports whether s has only unreserved characters, sub-delims,
// percent-encodings and those of more.
func isURIText(s, more string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case is(c, letter|digit|unreserved|subDelim), strings.IndexByte(more, c) >= 0:
		case c == '%':
			if i+2 >= len(s) || !is(s[i+1], hexadecimal) || !is(s[i+2], hexadecimal) {
				return false
			}
			i += 2
		default:
			return false
		}
	}
	return true
}
