package valid_test

import (
	"fmt"
	"math/rand/v2"
	"net/mail"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/valid"
)

// corpus runs a predicate over texts that must be accepted and refused.
func corpus(t *testing.T, is func(string) bool, good, bad []string) {
	t.Helper()
	for _, s := range good {
		if !is(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range append(bad, "", " ", "\x00", "\xff") {
		if is(s) {
			t.Errorf("%q is accepted", s)
		}
	}
	for _, s := range good { // nothing around a good text is skipped
		for _, c := range []string{" ", "\n", "\t", "\x00", "\u00a0", "\xff"} {
			if is(s+c) || is(c+s) {
				t.Errorf("%q or %q is accepted", s+c, c+s)
			}
		}
	}
}

// The grammars of RFC 3986 section 3.2.2, rule by rule, as expressions. They
// share nothing with the predicates.
var (
	decOctet = `(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])`
	ipv4Rule = decOctet + `\.` + decOctet + `\.` + decOctet + `\.` + decOctet
	h16      = `[0-9A-Fa-f]{1,4}`
	ls32     = `(?:` + h16 + `:` + h16 + `|` + ipv4Rule + `)`
	ipv6Rule = strings.Join([]string{
		`(?:` + h16 + `:){6}` + ls32,
		`::(?:` + h16 + `:){5}` + ls32,
		`(?:` + h16 + `)?::(?:` + h16 + `:){4}` + ls32,
		`(?:(?:` + h16 + `:){0,1}` + h16 + `)?::(?:` + h16 + `:){3}` + ls32,
		`(?:(?:` + h16 + `:){0,2}` + h16 + `)?::(?:` + h16 + `:){2}` + ls32,
		`(?:(?:` + h16 + `:){0,3}` + h16 + `)?::` + h16 + `:` + ls32,
		`(?:(?:` + h16 + `:){0,4}` + h16 + `)?::` + ls32,
		`(?:(?:` + h16 + `:){0,5}` + h16 + `)?::` + h16,
		`(?:(?:` + h16 + `:){0,6}` + h16 + `)?::`,
	}, `|`)
	ipv4Expr = regexp.MustCompile(`^(?:` + ipv4Rule + `)$`)
	ipv6Expr = regexp.MustCompile(`^(?:` + ipv6Rule + `)$`)
)

func TestAddresses(t *testing.T) {
	corpus(t, valid.IsIPv4, []string{"0.0.0.0", "1.2.3.4", "255.255.255.255", "10.0.0.99", "192.0.2.249"},
		[]string{"1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.1.1.256", "01.1.1.1", "1.1.1.00", "1.1.1.1a", "0x1.1.1.1", "1,1,1,1", "-1.1.1.1", "+1.1.1.1", "1e0.1.1.1", "::1", "1.1.1.1/8", "2130706433", "1.1.1.\u0661", "1.1.1.1111"})
	corpus(t, valid.IsIPv6, []string{"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "FFFF:ffff:0:00:000:0000:1:a", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "1:2:3:4:5::1.2.3.4", "2001:db8::1"},
		[]string{":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3", "12345::", "g::", "::1%eth0", "fe80::1%25en0", "[::1]", "::1.2.3", "::1.2.3.4.5", "::01.2.3.4", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::256.1.1.1", "::1/64", ":1", "1:", "1:2", "::1:", ":1::", "1.2.3.4", "::\u0661"})
	corpus(t, valid.IsCIDR, []string{"10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "::/0", "2001:db8::/32", "::1/128", "10.1.2.3/8"},
		[]string{"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+8", "010.0.0.0/8", "::/129", "::1%eth0/64", "/8", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/255.0.0.0"})
	t.Run("generated texts are judged as the grammar does", func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		parts := []string{":", ":", ":", "::", "0", "1", "ffff", "12345", "db8", "1.2.3.4", "255.255.255.255", ".", "00", "256", "g", "01.2.3.4", "a"}
		accepted := 0
		for range rounds(300_000) {
			var b strings.Builder
			for i := range 1 + r.IntN(16) {
				if i%2 == 1 && r.IntN(8) > 0 {
					b.WriteString(parts[r.IntN(4)])
				} else {
					b.WriteString(parts[r.IntN(len(parts))])
				}
			}
			s := b.String()
			if got, want := valid.IsIPv6(s), ipv6Expr.MatchString(s); got != want {
				t.Fatalf("IPv6 %q: %v, grammar %v", s, got, want)
			} else if got {
				accepted++
			}
			if got, want := valid.IsIPv4(s), ipv4Expr.MatchString(s); got != want {
				t.Fatalf("IPv4 %q: %v, grammar %v", s, got, want)
			}
		}
		if accepted < 100 {
			t.Errorf("only %d of the texts are addresses", accepted)
		}
		for a := range 300 {
			for _, s := range []string{fmt.Sprintf("%d.0.0.1", a), fmt.Sprintf("1.%02d.0.1", a), fmt.Sprintf("1.1.1.%03d", a)} {
				if got, want := valid.IsIPv4(s), ipv4Expr.MatchString(s); got != want {
					t.Errorf("IPv4 %q: %v, grammar %v", s, got, want)
				}
			}
		}
	})
	t.Run("what the standard library writes is accepted", func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for range rounds(20_000) {
			var b [16]byte
			for i := range b {
				b[i] = byte(r.IntN(256)) * byte(r.IntN(2))
			}
			six, four := netip.AddrFrom16(b).String(), netip.AddrFrom4([4]byte(b[:4])).String()
			if !valid.IsIPv6(six) || !valid.IsIPv4(four) || valid.IsIPv4(six) || valid.IsIPv6(four) {
				t.Fatalf("%s or %s", six, four)
			}
		}
	})
}

func TestUUID(t *testing.T) {
	expr := regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`) // RFC 9562 section 4
	corpus(t, valid.IsUUID, []string{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "017F22E2-79B0-7cc3-98c4-dc0c0c07398f"},
		[]string{"f81d4fae7dec11d0a76500a0c91e6bf6", "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66",
			"g81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae--7dec-11d0-a765-0a0c91e6bf6", "f81d4fae-7dec-11d0-a76500-a0c91e6bf6", "f81d4fae_7dec_11d0_a765_00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf\u0661"})
	sample := "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
	for i := range len(sample) {
		for c := range 256 {
			s := sample[:i] + string([]byte{byte(c)}) + sample[i+1:]
			if got, want := valid.IsUUID(s), expr.MatchString(s); got != want {
				t.Errorf("%q: %v, grammar %v", s, got, want)
			}
		}
	}
}

// TestCalendar compares with package time on every day and on texts around
// them; RFC 3339 and time differ only in what is listed here.
func TestCalendar(t *testing.T) {
	for year := 0; year < 10_000; year += 1 + 27*(year%400/399) {
		for month := 0; month <= 13; month++ {
			for day := 27; day <= 32; day++ {
				s := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				_, err := time.Parse("2006-01-02", s)
				if got, want := valid.IsDate(s), err == nil; got != want {
					t.Fatalf("%s: %v, package time %v", s, got, want)
				}
			}
		}
	}
	corpus(t, valid.IsDate, []string{"0000-01-01", "9999-12-31", "2000-02-29", "1600-02-29", "2024-02-29"},
		[]string{"1900-02-29", "2100-02-29", "2023-02-29", "2024-2-29", "2024-02-9", "24-02-09", "2024-02-30", "2024-04-31", "2024-00-01", "2024-01-00", "2024/01/01", "20240101", "2024-W01-1", "2024-001", "+2024-01-01", "-001-01-01", "2024-01-01T", "2024-01-0\u0661", "12024-01-01"})
	corpus(t, valid.IsTime, []string{"00:00:00Z", "23:59:59z", "12:00:00.1Z", "12:00:00.123456789012345Z", "12:00:00+00:00", "12:00:00-00:00", "12:00:00+23:59", "12:00:00-23:59", "23:59:60Z", "23:59:60.5Z", "00:59:60+01:00", "15:59:60-08:00", "22:59:60-01:00"},
		[]string{"24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:60Z", "22:59:60Z", "23:59:60+01:00", "12:00:00", "12:00Z", "1:00:00Z", "12:0:00Z", "12:00:0Z", "12:00:00.Z", "12:00:00,5Z", "12:00:00 Z", "12:00:00+1:00", "12:00:00+0100", "12:00:00+24:00", "12:00:00+00:60", "12:00:00+01", "12:00:00ZZ", "12:00:00Z+01:00", "12:00:00\u221201:00", "120000Z", "-1:00:00Z"})
	corpus(t, valid.IsDateTime, []string{"1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-08:00", "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00", "1937-01-01T12:00:27.87+00:20", "1985-04-12t23:20:50z", "0000-01-01T00:00:00Z"},
		[]string{"1985-04-12 23:20:50Z", "1985-04-12T23:20:50", "1985-04-12", "23:20:50Z", "1985-04-12T24:00:00Z", "1985-13-12T00:00:00Z", "1985-02-30T00:00:00Z", "1985-04-12T23:20Z", "1985-04-12T23:20:50+0100", "1985-04-12_23:20:50Z", "1985-04-12TT23:20:50Z", "1990-12-31T15:59:60-07:00", "19850412T232050Z", "1985-04-12T23:20:50,5Z", "1985-04-12\u00a023:20:50Z"})
	r := rand.New(rand.NewPCG(11, 12))
	layouts := []string{time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.000Z07:00"}
	for range rounds(50_000) {
		zone := time.FixedZone("", (r.IntN(48*60)-24*60+1)*60*9/10/60*60)
		s := time.Unix(r.Int64N(1<<37), r.Int64N(1e9)).In(zone).Format(layouts[r.IntN(3)])
		if !valid.IsDateTime(s) {
			t.Fatalf("%s, written by package time, is refused", s)
		}
		b := []byte(s)
		b[r.IntN(len(b))] = "0123456789:-+.TZtz ,"[r.IntN(20)]
		s = string(b)
		_, err := time.Parse(time.RFC3339, strings.ToUpper(s))
		known := strings.Contains(s, ":60") || strings.Contains(s, "+24:") || strings.Contains(s, "-24:") // leap seconds, and an hour that package time lets pass
		if got, want := valid.IsDateTime(s), err == nil && !strings.Contains(s, ","); got != want && !known {
			t.Fatalf("%s: %v, package time %v", s, got, err)
		}
	}
}

func TestHostname(t *testing.T) {
	label := strings.Repeat("a", 63)
	long := label + "." + label + "." + label + "." + strings.Repeat("a", 61)
	corpus(t, valid.IsHostname, []string{"localhost", "example.com", "a", "A.b.C", "1a.2b", "3com.com", "a-b.c--d", "xn--bcher-kva.example", "r3---sn-a.example", label + ".com", long, "1.2.3.4a", "0x7f.a", "a1"},
		[]string{".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a.b-", "a_b", "a b", "b\u00fccher.example", label + "a.com", long + "a", "1.2.3.4", "123", "a.1", "a/b", "a:80", "[::1]", "*.example.com", "a\uff0eb", "a\u3002b", "\u0661.a", "a.0"})
}

func TestEmail(t *testing.T) {
	local, label := strings.Repeat("a", 64), strings.Repeat("b", 63)
	corpus(t, valid.IsEmail, []string{
		"a@b", "ada@example.com", "ada.lovelace@example.com", "ada+tag@example.com", "te~st@example.com", "~test~@example.com", "a.b.c.d@example.com", "0@0a.example",
		"!#$%&'*+-/=?^_`{|}~@example.com", `""@example.com`, `"ada lovelace"@example.com`, `"a..b"@example.com`, `"a@b"@example.com`, `"a\"b\\c"@example.com`, `"\~\ "@example.com`, `".a."@example.com`, `"<>()[],;:"@example.com`,
		"ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@[IPv6:2001:db8::1.2.3.4]", "ada@[ipv6:::]", "ada@xn--bcher-kva.example", "ada@EXAMPLE.com", local + "@example.com", "a@" + label + "." + label + "." + label + "." + strings.Repeat("c", 60), "postmaster@localhost"},
		[]string{
			"ada", "@", "ada@", "@example.com", "ada@@example.com", "a@b@example.com", ".ada@example.com", "ada.@example.com", "a..b@example.com", "ada lovelace@example.com", "ada@exam ple.com", "ada@example..com", "ada@.example.com", "ada@example.com.",
			"ada@-example.com", "ada@example-.com", "ada@exam_ple.com", "ada@127.0.0.1", "ada@[127.0.0.256]", "ada@[127.0.0.1", "ada@127.0.0.1]", "ada@[]", "ada@[::1]", "ada@[IPv6:127.0.0.1]", "ada@[IPv6:::1%eth0]", "ada@[IPv7:::1]", "ada@[x:y]", "ada@[127.0.0.1].com",
			`"ada@example.com`, `ada"@example.com`, `"a"b"@example.com`, `"a\"@example.com`, `"a"b@example.com`, `a"b"@example.com`, `"a` + "\n" + `b"@example.com`, `"a` + "\t" + `b"@example.com`, "\"a\x7fb\"@example.com", `"\` + "\u00e9" + `"@example.com`,
			"Ada <ada@example.com>", "<ada@example.com>", "ada@example.com (Ada)", "(Ada)ada@example.com", "ada@example.com, eve@example.com", "mailto:ada@example.com", "a,b@example.com", "a;b@example.com", "a:b@example.com", "a(b@example.com", "a[b@example.com", `a\b@example.com`,
			"ada@example.com\r\nBcc: eve@example.com", "ada\r\n@example.com", "ad\u00e9@example.com", "ada@ex\u00e4mple.com", "ada@example.com\u2028", "ada\u202e@example.com", local + "a@example.com", "a@" + label + "." + label + "." + label + "." + strings.Repeat("c", 61), "ada@example.123", "ada@1"})
	t.Run("package mail reads all of them", func(t *testing.T) {
		for _, s := range []string{"a@b", "!#$%&'*+-/=?^_`{|}~@example.com", `"a\"b\\c"@example.com`, "ada@[127.0.0.1]", `"a@b"@example.com`} {
			a, err := mail.ParseAddress("<" + s + ">")
			if err != nil || a == nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	})
}

// The generic syntax of RFC 3986 appendix A for "http(s)://" authority path-abempty
// [ "?" query ] [ "#" fragment ], without user information and IPvFuture.
var uriExpr = func() *regexp.Regexp {
	pct, unreserved, sub := `%[0-9A-Fa-f]{2}`, `[A-Za-z0-9\-._~]`, `[!$&'()*+,;=]`
	reg := `(?:` + unreserved + `|` + pct + `|` + sub + `)+`
	pchar := `(?:` + unreserved + `|` + pct + `|` + sub + `|[:@])`
	tail := `(?:` + pchar + `|[/?])*`
	return regexp.MustCompile(`^[Hh][Tt][Tt][Pp][Ss]?://(?:\[(?:` + ipv6Rule + `)\]|` + reg + `)(?::[0-9]*)?(?:/` + pchar + `*)*(?:\?` + tail + `)?(?:#` + tail + `)?$`)
}()

func TestURL(t *testing.T) {
	good := []string{
		"http://a", "https://example.com", "HTTPS://EXAMPLE.com/", "http://example.com:", "http://example.com:80/", "http://example.com:65535", "http://example.com:00080", "http://1.2.3.4/", "http://[::1]/", "http://[2001:db8::1]:8080/a", "http://localhost:3000",
		"http://example.com/a/b;c=d/../e", "http://example.com/%20%C3%BC", "http://example.com?q=a+b&c=d", "http://example.com/#frag/ment?x", "http://example.com/?", "http://example.com/#", "http://example.com//a", "http://a_b.example.com/", "http://-a.example/", "http://a%20b.example/",
		"http://example.com/a:b@c", "http://example.com/~ada/!$&'()*+,;=", "http://xn--bcher-kva.example/", "http://example.com./", "http://a.b.c.d.e.f", "http://1.2.3.4a/", "http://0a/",
	}
	bad := []string{
		"http:", "http:/", "http://", "http:///a", "http://:80", "http://?q", "http://#f", "example.com", "//example.com", "/a", "a/b", "ftp://example.com", "mailto:a@b", "javascript:alert(1)", "data:,a", "file:///etc/passwd", "httpx://a", "http//a", "http:a", "http:/a", " http://a", "ht tp://a",
		"http://a b", "http://a/ b", "http://a/\t", "http://a/\n", "http://a\\b", "http://a/\\b", `http://a/"`, "http://a/<b>", "http://a/{b}", "http://a/|", "http://a/^", "http://a/`", "http://a/[b]", "http://a?[b]", "http://a/#a#b", "http://a/%", "http://a/%2", "http://a/%2g", "http://a/%zz", "http://a%/", "http://a/\u00fc", "http://b\u00fccher.example",
		"http://u@a", "http://u:p@a", "http://@a", "http://a@b@c", "http://a:b", "http://a:-1", "http://a:65536", "http://a:999999999999", "http://a:80:80", "http://a:8 0", "http://[::1", "http://::1]", "http://[::1]a", "http://[1.2.3.4]", "http://[v1.a]", "http://[fe80::1%25en0]", "http://[]", "http://[::g]", "http://1.2.3.256", "http://1.2.3", "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://01.2.3.4", "http://1.2.3.4.", "http://a.1",
	}
	corpus(t, valid.IsURL, good, bad)
	t.Run("only what the rule says is stricter than the grammar", func(t *testing.T) {
		stricter := regexp.MustCompile(`(?i)^https?://(?:[^/?#]*:[0-9]{5,}|(?:[^/?#]*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?(?::[0-9]*)?)(?:[/?#]|$)`)
		r := rand.New(rand.NewPCG(13, 14))
		alphabet := "aA0.-_~:/?#[]@!$&'()*+,;=%2F \\\"<\u00e9"
		for range rounds(200_000) {
			s := good[r.IntN(len(good))]
			for range 1 + r.IntN(2) {
				i := r.IntN(len(s) + 1)
				c := string([]byte{alphabet[r.IntN(len(alphabet))]})
				switch {
				case i == len(s) || r.IntN(3) == 0:
					s = s[:i] + c + s[i:]
				case r.IntN(2) == 0:
					s = s[:i] + c + s[i+1:]
				default:
					s = s[:i] + s[i+1:]
				}
			}
			if got, want := valid.IsURL(s), uriExpr.MatchString(s); got != want && !(want && stricter.MatchString(s)) {
				t.Fatalf("%q: %v, grammar %v", s, got, want)
			}
		}
	})
}

func TestFormatRules(t *testing.T) {
	type named string
	for name, rule := range map[string]struct {
		rule      valid.Rule[named]
		good, bad named
	}{
		"email": {valid.Email[named], "a@b.c", "a"}, "url": {valid.URL[named], "http://a", "a"}, "uuid": {valid.UUID[named], "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "a"},
		"ip": {valid.IP[named], "::1", "a"}, "ipv4": {valid.IPv4[named], "1.2.3.4", "::1"}, "ipv6": {valid.IPv6[named], "::1", "1.2.3.4"}, "cidr": {valid.CIDR[named], "::/0", "::"},
		"hostname": {valid.Hostname[named], "a", "a_"}, "date": {valid.Date[named], "2024-01-01", "2024"}, "time": {valid.Time[named], "00:00:00Z", "00:00"}, "date_time": {valid.DateTime[named], "2024-01-01T00:00:00Z", "2024-01-01"},
		"json": {valid.JSON[named], "{}", "{"},
	} {
		is(t, name, on(t, rule.good, rule.rule), "")
		is(t, name, on(t, rule.bad, rule.rule), name)
		is(t, name+" of nothing", on(t, "", rule.rule), name)
	}
}

// TestLongTexts gives every format a megabyte of what it likes. Work that grew
// faster than the length would not end within the time of a test.
func TestLongTexts(t *testing.T) {
	for _, unit := range []string{"a", "a.", "1.", "1:", ":", "a@", "-", "%20", "\"", "\\", "http://", "0", "[", "{\"a\":"} {
		for _, f := range []func(string) bool{valid.IsEmail, valid.IsURL, valid.IsUUID, valid.IsIPv4, valid.IsIPv6, valid.IsCIDR, valid.IsHostname, valid.IsDate, valid.IsTime, valid.IsDateTime, valid.IsJSON} {
			long := strings.Repeat(unit, 1<<20/len(unit))
			f(long)
			f("http://" + long)
			f("a@" + long)
		}
	}
}

func FuzzFormats(f *testing.F) {
	for _, s := range []string{"a@b.c", `"a b"@[IPv6:::1]`, "http://a:80/b?c#d", "http://[::1]/%20", "1.2.3.4", "::ffff:1.2.3.4", "2024-02-29T23:59:60.5+01:00", "a.b-c", "10.0.0.0/8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := valid.IsIPv6(s), ipv6Expr.MatchString(s); got != want {
			t.Errorf("IPv6 %q: %v, grammar %v", s, got, want)
		}
		if got, want := valid.IsIPv4(s), ipv4Expr.MatchString(s); got != want {
			t.Errorf("IPv4 %q: %v, grammar %v", s, got, want)
		}
		if valid.IsURL(s) && !uriExpr.MatchString(s) {
			t.Errorf("URL %q is not in the grammar", s)
		}
		if valid.IsEmail(s) {
			if _, err := mail.ParseAddress("<" + s + ">"); err != nil && !strings.Contains(s, "[") && !strings.Contains(s, `"`) {
				t.Errorf("Email %q: package mail says %v", s, err)
			}
		}
		if valid.IsDateTime(s) && !strings.Contains(s, ":60") {
			if _, err := time.Parse(time.RFC3339, strings.ToUpper(s)); err != nil {
				t.Errorf("DateTime %q: package time says %v", s, err)
			}
		}
	})
}
