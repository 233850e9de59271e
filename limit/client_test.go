package limit_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/limit"
)

func prefixes(s ...string) (ps []netip.Prefix) {
	for _, p := range s {
		ps = append(ps, netip.MustParsePrefix(p))
	}
	return ps
}

// The proxies of the table: two networks, a mapped one, and one of IPv6.
var proxies = prefixes("10.0.0.0/8", "192.168.0.0/16", "::ffff:172.16.0.0/108", "2001:db8:ff::/48")

// A clientCase is a header as lines separated by "|", and the client it names.
type clientCase struct{ peer, header, want string }

const (
	proxy  = "10.0.0.1:443"
	proxy6 = "[2001:db8:ff::1]:443"
	rogue  = "203.0.113.66:5555"
)

var rightmost = []clientCase{
	// Nothing to read.
	{proxy, "", "10.0.0.1"},
	{proxy, " ", "10.0.0.1"},
	{proxy, ",", "10.0.0.1"},
	{proxy, ",,,", "10.0.0.1"},
	{proxy, "|", "10.0.0.1"},
	{rogue, "", "203.0.113.66"},
	{"", "1.2.3.4", ""},
	{"@", "1.2.3.4", ""},
	{"not an address", "1.2.3.4", ""},
	{"10.0.0.1", "1.2.3.4", "1.2.3.4"}, // a peer without a port
	{"[10.0.0.1]:80", "1.2.3.4", ""},

	// The peer is not one of the proxies: the header is only its own word.
	{rogue, "1.2.3.4", "203.0.113.66"},
	{rogue, "127.0.0.1", "203.0.113.66"},
	{rogue, "10.0.0.5", "203.0.113.66"},
	{rogue, "1.2.3.4, 10.0.0.5", "203.0.113.66"},
	{rogue, "::1", "203.0.113.66"},
	{"127.0.0.1:80", "1.2.3.4", "127.0.0.1"},
	{"[::1]:80", "1.2.3.4", "::1"},
	{"11.0.0.1:80", "1.2.3.4", "11.0.0.1"},
	{"9.255.255.255:80", "1.2.3.4", "9.255.255.255"},
	{"192.167.255.255:80", "1.2.3.4", "192.167.255.255"},
	{"[2001:db8:fe::1]:80", "1.2.3.4", "2001:db8:fe::1"},
	{"[2001:db8:100::1]:80", "1.2.3.4", "2001:db8:100::1"},
	{"[::ffff:11.0.0.1]:80", "1.2.3.4", "11.0.0.1"},
	{"172.32.0.1:80", "1.2.3.4", "172.32.0.1"},

	// A proxy by any of its names.
	{proxy, "1.2.3.4", "1.2.3.4"},
	{proxy6, "1.2.3.4", "1.2.3.4"},
	{"[::ffff:10.0.0.1]:443", "1.2.3.4", "1.2.3.4"},
	{"[::ffff:a00:1]:443", "1.2.3.4", "1.2.3.4"},
	{"10.255.255.255:1", "1.2.3.4", "1.2.3.4"},
	{"192.168.77.1:1", "1.2.3.4", "1.2.3.4"},
	{"172.16.0.1:1", "1.2.3.4", "1.2.3.4"},
	{"172.31.255.255:1", "1.2.3.4", "1.2.3.4"},
	{"[2001:db8:ff:1::9]:1", "1.2.3.4", "1.2.3.4"},
	{"[2001:db8:ff::1%eth0]:443", "1.2.3.4", "1.2.3.4"},

	// The walk from the right.
	{proxy, "1.2.3.4, 10.0.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4,10.0.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4 , 10.0.0.5 , 192.168.1.1", "1.2.3.4"},
	{proxy, "6.6.6.6, 1.2.3.4, 10.0.0.5", "1.2.3.4"},
	{proxy, "127.0.0.1, 1.2.3.4", "1.2.3.4"},
	{proxy, "10.0.0.9, 1.2.3.4", "1.2.3.4"},
	{proxy, "10.0.0.9, 1.2.3.4, 10.0.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4, 172.20.0.1, 2001:db8:ff::5", "1.2.3.4"},
	{proxy, "2001:db8::7, 10.0.0.5", "2001:db8::7"},
	{proxy, "2001:db8:ff::7, 2001:db8::7", "2001:db8::7"},
	{proxy, "1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4", "4.4.4.4"},
	{proxy, "127.0.0.1", "127.0.0.1"},
	{proxy, "::1", "::1"},
	{proxy, "0.0.0.0", "0.0.0.0"},
	{proxy, "255.255.255.255", "255.255.255.255"},
	{proxy, "169.254.169.254", "169.254.169.254"},

	// Only proxies: nobody is named.
	{proxy, "10.0.0.5", "10.0.0.1"},
	{proxy, "10.0.0.5, 192.168.0.1", "10.0.0.1"},
	{proxy, "::ffff:10.0.0.5", "10.0.0.1"},
	{proxy, "[2001:db8:ff::9]:80", "10.0.0.1"},

	// Several lines are one list, in their order.
	{proxy, "6.6.6.6|1.2.3.4", "1.2.3.4"},
	{proxy, "1.2.3.4|10.0.0.5", "1.2.3.4"},
	{proxy, "6.6.6.6, 1.2.3.4|10.0.0.5, 10.0.0.6", "1.2.3.4"},
	{proxy, "6.6.6.6|1.2.3.4, 10.0.0.4|10.0.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4|", "10.0.0.1"},
	{proxy, "|1.2.3.4", "1.2.3.4"},
	{proxy, "6.6.6.6|garbage|10.0.0.5", "10.0.0.1"},
	{proxy, "6.6.6.6|10.0.0.4|10.0.0.5", "6.6.6.6"},

	// What does not parse stops the walk, and nobody further left is believed.
	{proxy, "garbage", "10.0.0.1"},
	{proxy, "1.2.3.4, garbage", "10.0.0.1"},
	{proxy, "1.2.3.4, garbage, 10.0.0.5", "10.0.0.1"},
	{proxy, "garbage, 1.2.3.4", "1.2.3.4"},
	{proxy, "1.2.3.4,", "10.0.0.1"},
	{proxy, "1.2.3.4, ,10.0.0.5", "10.0.0.1"},
	{proxy, "1.2.3.4, unknown", "10.0.0.1"},
	{proxy, "1.2.3.4, _hidden", "10.0.0.1"},
	{proxy, "1.2.3.4, localhost", "10.0.0.1"},
	{proxy, "1.2.3.4, example.com", "10.0.0.1"},
	{proxy, "1.2.3.4, for=5.6.7.8", "10.0.0.1"},
	{proxy, "1.2.3.4; 5.6.7.8", "10.0.0.1"},
	{proxy, "1.2.3.4 5.6.7.8", "10.0.0.1"},
	{proxy, "1.2.3.4\x00", "10.0.0.1"},
	{proxy, "1.2.3.4\r\n", "10.0.0.1"},
	{proxy, "1.2.3.4\v", "10.0.0.1"},
	{proxy, "1.2.3.4\u00a0", "10.0.0.1"},
	{proxy, "１.2.3.4", "10.0.0.1"},
	{proxy, "1。2。3。4", "10.0.0.1"},
	{proxy, "-1.2.3.4", "10.0.0.1"},
	{proxy, "+1.2.3.4", "10.0.0.1"},

	// IPv4 in the spellings that some resolvers take: none of them is one.
	{proxy, "01.2.3.4", "10.0.0.1"},
	{proxy, "1.02.3.4", "10.0.0.1"},
	{proxy, "1.2.3.004", "10.0.0.1"},
	{proxy, "127.1", "10.0.0.1"},
	{proxy, "127.0.1", "10.0.0.1"},
	{proxy, "2130706433", "10.0.0.1"},
	{proxy, "0x7f.0.0.1", "10.0.0.1"},
	{proxy, "0x7f000001", "10.0.0.1"},
	{proxy, "0177.0.0.1", "10.0.0.1"},
	{proxy, "017700000001", "10.0.0.1"},
	{proxy, "256.1.1.1", "10.0.0.1"},
	{proxy, "1.2.3.256", "10.0.0.1"},
	{proxy, "1.2.3", "10.0.0.1"},
	{proxy, "1.2.3.4.5", "10.0.0.1"},
	{proxy, "1.2.3.4.", "10.0.0.1"},
	{proxy, ".1.2.3.4", "10.0.0.1"},
	{proxy, "1..3.4", "10.0.0.1"},
	{proxy, "1.2.3.4/32", "10.0.0.1"},
	{proxy, "1.2.3.0/24", "10.0.0.1"},
	{proxy, "1.2.3.4%eth0", "10.0.0.1"},
	{proxy, "1e0.2.3.4", "10.0.0.1"},
	{proxy, "0", "10.0.0.1"},

	// Ports.
	{proxy, "1.2.3.4:80", "1.2.3.4"},
	{proxy, "1.2.3.4:65535", "1.2.3.4"},
	{proxy, "1.2.3.4:0", "1.2.3.4"},
	{proxy, "1.2.3.4:65536", "10.0.0.1"},
	{proxy, "1.2.3.4:", "10.0.0.1"},
	{proxy, "1.2.3.4:-1", "10.0.0.1"},
	{proxy, "1.2.3.4:http", "10.0.0.1"},
	{proxy, "1.2.3.4:80:80", "10.0.0.1"},
	{proxy, ":80", "10.0.0.1"},
	{proxy, "1.2.3.4, 10.0.0.5:1234", "1.2.3.4"},
	{proxy, "01.2.3.4:80", "10.0.0.1"},

	// IPv6 and its dress.
	{proxy, "2001:db8::7", "2001:db8::7"},
	{proxy, "2001:DB8::7", "2001:db8::7"},
	{proxy, "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"},
	{proxy, "[2001:db8::7]", "2001:db8::7"},
	{proxy, "[2001:db8::7]:80", "2001:db8::7"},
	{proxy, "[2001:db8::7]:", "10.0.0.1"},
	{proxy, "[2001:db8::7]:99999", "10.0.0.1"},
	{proxy, "[2001:db8::7", "10.0.0.1"},
	{proxy, "2001:db8::7]", "10.0.0.1"},
	{proxy, "[[2001:db8::7]]", "10.0.0.1"},
	{proxy, "[]", "10.0.0.1"},
	{proxy, "[", "10.0.0.1"},
	{proxy, "[1.2.3.4]", "10.0.0.1"},
	{proxy, "[1.2.3.4]:80", "10.0.0.1"},
	{proxy, "[2001:db8::7] :80", "10.0.0.1"},
	{proxy, "fe80::1%eth0", "fe80::1"},
	{proxy, "fe80::1%25eth0", "fe80::1"},
	{proxy, "[fe80::1%eth0]:80", "fe80::1"},
	{proxy, "[fe80::1%eth0]", "fe80::1"},
	{proxy, "fe80::1%", "10.0.0.1"},
	{proxy, "2001:db8:ff::5%eth0", "10.0.0.1"}, // a zone does not make a proxy someone else
	{proxy, "1.2.3.4, 2001:db8:ff::5%eth0", "1.2.3.4"},
	{proxy, "::", "::"},
	{proxy, ":::", "10.0.0.1"},
	{proxy, "2001:db8::7::", "10.0.0.1"},
	{proxy, "2001:db8:12345::7", "10.0.0.1"},
	{proxy, "1:2:3:4:5:6:7", "10.0.0.1"},
	{proxy, "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{proxy, "1:2:3:4:5:6:7:8:9", "10.0.0.1"},
	{proxy, "2001:db8::7/64", "10.0.0.1"},

	// IPv4 in IPv6 is IPv4.
	{proxy, "::ffff:1.2.3.4", "1.2.3.4"},
	{proxy, "::FFFF:1.2.3.4", "1.2.3.4"},
	{proxy, "::ffff:0102:0304", "1.2.3.4"},
	{proxy, "[::ffff:1.2.3.4]:80", "1.2.3.4"},
	{proxy, "0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"},
	{proxy, "1.2.3.4, ::ffff:10.0.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4, ::ffff:172.16.0.5", "1.2.3.4"},
	{proxy, "1.2.3.4, ::ffff:c0a8:0101", "1.2.3.4"},
	{proxy, "::ffff:1.2.3.4%eth0", "1.2.3.4"},
	{proxy, "::1.2.3.4", "::102:304"}, // not a mapped address
	{proxy, "64:ff9b::1.2.3.4", "64:ff9b::102:304"},

	// Quotes and space.
	{proxy, `"1.2.3.4"`, "1.2.3.4"},
	{proxy, `"[2001:db8::7]:80"`, "2001:db8::7"},
	{proxy, `"1.2.3.4`, "10.0.0.1"},
	{proxy, `1.2.3.4"`, "10.0.0.1"},
	{proxy, `""1.2.3.4""`, "10.0.0.1"},
	{proxy, `'1.2.3.4'`, "10.0.0.1"},
	{proxy, `""`, "10.0.0.1"},
	{proxy, `"`, "10.0.0.1"},
	{proxy, "\t1.2.3.4\t", "1.2.3.4"},
	{proxy, "   1.2.3.4   ", "1.2.3.4"},
	{proxy, "1.2.3. 4", "10.0.0.1"},
	{proxy, `"1.2.3.4, 5.6.7.8"`, "10.0.0.1"},
	{proxy, `6.6.6.6, "5.6.7.8, 10.0.0.5"`, "10.0.0.1"},
}

var forwarded = []clientCase{
	{proxy, "for=1.2.3.4", "1.2.3.4"},
	{proxy, "For=1.2.3.4", "1.2.3.4"},
	{proxy, "FOR=1.2.3.4;proto=https;by=10.0.0.1", "1.2.3.4"},
	{proxy, "proto=https;for=1.2.3.4", "1.2.3.4"},
	{proxy, "proto=https; for=1.2.3.4 ; by=10.0.0.1", "1.2.3.4"},
	{proxy, `for="1.2.3.4"`, "1.2.3.4"},
	{proxy, `for="1.2.3.4:47011"`, "1.2.3.4"},
	{proxy, `for="[2001:db8:cafe::17]:4711"`, "2001:db8:cafe::17"},
	{proxy, `for="[2001:db8:cafe::17]"`, "2001:db8:cafe::17"},
	{proxy, "for=1.2.3.4, for=10.0.0.5", "1.2.3.4"},
	{proxy, "for=6.6.6.6, for=1.2.3.4;proto=http, for=10.0.0.5", "1.2.3.4"},
	{proxy, "for=6.6.6.6|for=1.2.3.4", "1.2.3.4"},
	{proxy, "for=unknown", "10.0.0.1"},
	{proxy, "for=_gazonk", "10.0.0.1"},
	{proxy, `for="_gazonk"`, "10.0.0.1"},
	{proxy, "for=6.6.6.6, for=unknown", "10.0.0.1"},
	{proxy, "for=6.6.6.6, for=unknown, for=10.0.0.5", "10.0.0.1"},
	{proxy, "by=1.2.3.4", "10.0.0.1"},
	{proxy, "for=6.6.6.6, by=10.0.0.5", "10.0.0.1"},
	{proxy, "host=for=1.2.3.4", "10.0.0.1"},
	{proxy, "1.2.3.4", "10.0.0.1"},
	{proxy, "for", "10.0.0.1"},
	{proxy, "for=", "10.0.0.1"},
	{proxy, "xfor=1.2.3.4", "10.0.0.1"},
	{proxy, "for=1.2.3.4;for=6.6.6.6", "1.2.3.4"},
	{rogue, "for=1.2.3.4", "203.0.113.66"},
}

var single = []clientCase{
	{proxy, "1.2.3.4", "1.2.3.4"},
	{proxy, "[2001:db8::7]:80", "2001:db8::7"},
	{proxy, "6.6.6.6|1.2.3.4", "1.2.3.4"},
	{proxy, "1.2.3.4, 5.6.7.8", "10.0.0.1"},
	{proxy, "6.6.6.6|garbage", "10.0.0.1"},
	{proxy, "", "10.0.0.1"},
	{rogue, "1.2.3.4", "203.0.113.66"},
	{"127.0.0.1:1", "1.2.3.4", "127.0.0.1"},
}

var counted = []clientCase{ // two proxies
	{rogue, "1.2.3.4, 5.6.7.8", "1.2.3.4"},
	{rogue, "6.6.6.6, 1.2.3.4, 5.6.7.8", "1.2.3.4"},
	{rogue, "1.2.3.4|5.6.7.8", "1.2.3.4"},
	{rogue, "6.6.6.6|1.2.3.4|5.6.7.8", "1.2.3.4"},
	{rogue, "1.2.3.4", "203.0.113.66"},
	{rogue, "", "203.0.113.66"},
	{rogue, "1.2.3.4, garbage", "203.0.113.66"},
	{rogue, "garbage, 5.6.7.8", "203.0.113.66"},
	{rogue, "garbage, 1.2.3.4, 5.6.7.8", "1.2.3.4"},
	{rogue, "1.2.3.4,", "203.0.113.66"},
}

func TestClient(t *testing.T) {
	var total int
	run := func(name string, c limit.Client, cases []clientCase) {
		t.Run(name, func(t *testing.T) {
			for _, tc := range cases {
				total++
				r := &http.Request{RemoteAddr: tc.peer, Header: http.Header{}}
				field := c.Header
				if field == "" {
					field = "X-Forwarded-For"
				}
				if tc.header != "" {
					for line := range strings.SplitSeq(tc.header, "|") {
						r.Header.Add(field, line)
					}
				}
				got := c.Addr(r)
				if want, _ := netip.ParseAddr(tc.want); got != want {
					t.Errorf("peer %q, %s: %q: client is %v, want %v", tc.peer, field, tc.header, got, tc.want)
				}
			}
		})
	}
	run("from the right past proxies", limit.RightmostTrusted(proxies...), rightmost)
	run("Forwarded", limit.Client{Header: "Forwarded", Trusted: proxies}, forwarded)
	run("a single header", limit.SingleHeader("X-Real-IP", proxies...), single)
	run("a number of proxies", limit.TrustedCount(2), counted)

	// Without proxies no header is read, whatever it says.
	for i, tc := range rightmost {
		for name, c := range map[string]limit.Client{"zero": {}, "no prefixes": limit.RightmostTrusted(), "count 0": limit.TrustedCount(0), "count -1": limit.TrustedCount(-1), "single": limit.SingleHeader("X-Forwarded-For")} {
			r := &http.Request{RemoteAddr: rogue, Header: http.Header{"X-Forwarded-For": {tc.header}, "X-Real-Ip": {tc.header}, "Forwarded": {"for=" + tc.header}}}
			if got := c.Addr(r).String(); got != "203.0.113.66" {
				t.Errorf("%s, case %d: client is %s, want the peer", name, i, got)
			}
		}
		total++
	}
	if total < 200 {
		t.Errorf("the tables have %d cases, want 200", total)
	}
}

func TestClient_network(t *testing.T) {
	key := func(c limit.Client, addr string) string {
		b, ok := c.AppendKey(nil, &http.Request{RemoteAddr: addr})
		return fmt.Sprint(b, ok)
	}
	var c limit.Client
	for _, tc := range []struct {
		name string
		c    limit.Client
		a, b string
		same bool
	}{
		{"IPv4 addresses are themselves", c, "1.2.3.4:1", "1.2.3.5:1", false},
		{"ports do not matter", c, "1.2.3.4:1", "1.2.3.4:2", true},
		{"a /64 is one client", c, "[2001:db8::1]:1", "[2001:db8::ffff:2:3:4]:1", true},
		{"two /64 are two", c, "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		{"a /56 is one client if that is said", limit.Client{Bits6: 56}, "[2001:db8:0:1::1]:1", "[2001:db8:0:ff::1]:1", true},
		{"two /56 are two", limit.Client{Bits6: 56}, "[2001:db8::1]:1", "[2001:db8:0:100::1]:1", false},
		{"a /48 is one client if that is said", limit.Client{Bits6: 48}, "[2001:db8::1]:1", "[2001:db8:0:ffff::1]:1", true},
		{"a /24 is one client if that is said", limit.Client{Bits4: 24}, "1.2.3.4:1", "1.2.3.5:1", true},
		{"a mapped address is the IPv4 one", c, "[::ffff:1.2.3.4]:1", "1.2.3.4:1", true},
		{"a zone does not matter", c, "[fe80::1%a]:1", "[fe80::1%b]:1", true},
		{"loopback is a client like any other", c, "127.0.0.1:1", "127.0.0.1:2", true},
		{"peers without an address are one client", c, "@", "", true},
		{"an impossible network is no network", limit.Client{Bits6: 129}, "[2001:db8::1]:1", "[2001:db9::1]:1", true},
	} {
		if a, b := key(tc.c, tc.a), key(tc.c, tc.b); (a == b) != tc.same {
			t.Errorf("%s: %s has key %s, %s has key %s", tc.name, tc.a, a, tc.b, b)
		}
	}
}

func FuzzClient(f *testing.F) {
	for _, c := range rightmost {
		f.Add(c.peer, c.header)
	}
	for _, c := range forwarded {
		f.Add(c.peer, c.header)
	}
	all := []limit.Client{limit.RightmostTrusted(proxies...), {Header: "Forwarded", Trusted: proxies}, limit.SingleHeader("X-Real-IP", proxies...)}
	f.Fuzz(func(t *testing.T, peer, header string) {
		for _, c := range all {
			r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
			name := c.Header
			if name == "" {
				name = "X-Forwarded-For"
			}
			r.Header.Set(name, header)
			got := c.Addr(r)
			if got.Is4In6() || got.Zone() != "" {
				t.Errorf("%v is not in its plain form", got)
			}
			bare := limit.Client{}.Addr(r)
			trusted := false
			for _, p := range prefixes("10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "2001:db8:ff::/48") {
				trusted = trusted || p.Contains(bare)
			}
			if !trusted && got != bare {
				t.Errorf("peer %q is no proxy, but its header %q made the client %v", peer, header, got)
			}
		}
	})
}
