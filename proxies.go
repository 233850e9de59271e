package glueful

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddr returns the address of the client in the form of RemoteAddr. It
// walks from the peer towards the client as long as the hop is a proxy of ours: a
// header can be forged, but not the part our own proxies appended.
func clientAddr(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !within(peer.Addr(), proxies) {
		return r.RemoteAddr
	}
	lines := r.Header["X-Forwarded-For"]
	last := peer.Addr()
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; rest != ""; {
			hop := rest
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, hop = rest[:comma], rest[comma+1:]
			} else {
				rest = ""
			}
			addr, ok := parseHop(strings.Trim(hop, " \t"))
			if !ok { // what stands to the left of nonsense cannot be believed
				return netip.AddrPortFrom(last, 0).String()
			}
			if last = addr; !within(addr, proxies) {
				return netip.AddrPortFrom(addr, 0).String()
			}
		}
	}
	return netip.AddrPortFrom(last, 0).String()
}

// parseHop reads one address, with or without a port; zones are refused.
func parseHop(s string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return addr, false
		}
		addr = ap.Addr()
	}
	return addr.Unmap(), addr.Zone() == ""
}

func within(addr netip.Addr, list []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
