package limit

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// A Client finds the address a request came from. The zero value takes the
// peer of the connection and reads no header. The others read a header, which
// anyone can send, as far as proxies of yours can vouch for it; where they
// cannot, or the header does not parse, the peer is the client. None ever
// takes the leftmost address, which is the caller's own word.
//
// As a [Part] it is the network of the address: an IPv6 subscriber has 2^64
// addresses or more to choose from.
type Client struct {
	Header  string         // "" means X-Forwarded-For; "Forwarded" is read by RFC 7239
	Trusted []netip.Prefix // proxies; the header counts only if the peer is one of them
	Hops    int            // instead of Trusted: how many proxies each add one address
	Single  bool           // the header holds one address, set by the proxy in front
	Bits6   int            // length of an IPv6 network; 0 means 64
	Bits4   int            // length of an IPv4 network; 0 means 32
}

// RightmostTrusted reads X-Forwarded-For from the right, past the trusted
// proxies; the first other address is the client. The peer must be trusted too.
func RightmostTrusted(proxies ...netip.Prefix) Client { return Client{Trusted: proxies} }

// TrustedCount takes the nth address of X-Forwarded-For from the right, for n
// proxies in front of this server that cannot be gone around: who can connect to
// the server itself, can be anyone.
func TrustedCount(n int) Client { return Client{Hops: n} }

// SingleHeader takes the address in the last line of a header that a proxy sets,
// like X-Real-IP, if the peer is one of the proxies.
func SingleHeader(name string, proxies ...netip.Prefix) Client {
	return Client{Header: name, Trusted: proxies, Single: true}
}

// String returns "client address".
func (Client) String() string { return "client address" }

// AppendKey implements [Part]. A request whose peer has no IP address, such as
// one through a Unix socket, has none.
func (c Client) AppendKey(dst []byte, r *http.Request) ([]byte, bool) {
	a := c.Addr(r)
	n := or(c.Bits4, 32)
	if a.Is6() {
		n = or(c.Bits6, 64)
	}
	p, err := a.Prefix(n)
	if err != nil {
		return dst, false
	}
	if a.Is4() {
		b := p.Addr().As4()
		return append(dst, b[:]...), true
	}
	b := p.Addr().As16()
	return append(dst, b[:]...), true
}

func or(n, zero int) int {
	if n == 0 {
		return zero
	}
	return n
}

// Addr returns the client's address, without zone, IPv4 never mapped into IPv6.
// It is the zero Addr if there is none.
func (c Client) Addr(r *http.Request) netip.Addr {
	peer := parsePeer(r.RemoteAddr)
	if !peer.IsValid() || len(c.Trusted) == 0 && c.Hops <= 0 || len(c.Trusted) > 0 && !c.trusts(peer) {
		return peer
	}
	name := c.Header
	if name == "" {
		name = "X-Forwarded-For"
	}
	lines := r.Header.Values(name)
	if c.Single {
		if len(lines) > 0 {
			if a, ok := parseAddr(lines[len(lines)-1]); ok {
				return a
			}
		}
		return peer
	}
	forwarded := strings.EqualFold(name, "Forwarded")
	hop := 1
	for token := range fromRight(lines) {
		if forwarded {
			token = forParam(token)
		}
		a, ok := parseAddr(token)
		switch {
		case !ok:
			return peer
		case c.Hops > 0 && hop == c.Hops, c.Hops <= 0 && !c.trusts(a):
			return a
		}
		hop++
	}
	return peer
}

func (c Client) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(c.Trusted, func(p netip.Prefix) bool {
		if q := p.Addr(); q.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(q.Unmap(), p.Bits()-96)
		}
		return p.Contains(a)
	})
}

// fromRight yields the members of a list over all its lines, the last first.
// A comma inside quotes separates too: addresses have none.
func fromRight(lines []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for {
				i := strings.LastIndexByte(line, ',')
				if !yield(line[i+1:]) {
					return
				}
				if i < 0 {
					break
				}
				line = line[:i]
			}
		}
	}
}

// forParam returns the for parameter of one Forwarded element (RFC 7239 section 4).
func forParam(element string) string {
	for pair := range strings.SplitSeq(element, ";") {
		if name, value, ok := strings.Cut(pair, "="); ok && strings.EqualFold(strings.Trim(name, " \t"), "for") {
			return value
		}
	}
	return ""
}

func parsePeer(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, _ := netip.ParseAddr(s)
	return a.Unmap().WithZone("")
}

// parseAddr reads an address as proxies write it: alone, with a port, in
// brackets, in quotes, with a zone.
func parseAddr(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
		if !strings.Contains(s, ":") {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		a = ap.Addr()
	}
	return a.Unmap().WithZone(""), true
}
