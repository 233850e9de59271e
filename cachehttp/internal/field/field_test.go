package field

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestDate(t *testing.T) {
	for s, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":  "1994-11-06T08:49:37Z",
		"Sunday, 06-Nov-94 08:49:37 GMT": "1994-11-06T08:49:37Z",
		"Sun Nov  6 08:49:37 1994":       "1994-11-06T08:49:37Z",
		"Sun Nov 16 08:49:37 1994":       "1994-11-16T08:49:37Z",
		"sun, 06 nov 1994 08:49:37 gmt":  "1994-11-06T08:49:37Z",
		"Sun, 06 Nov 1994 08:49:60 GMT":  "1994-11-06T08:50:00Z",
		"Monday, 01-Jan-76 00:00:00 GMT": "2076-01-01T00:00:00Z",
		"Monday, 01-Jan-77 00:00:00 GMT": "1977-01-01T00:00:00Z",
		"Sun, 6 Nov 1994 08:49:37 GMT":   "",
		"Sun, 06 Nov 1994 08:49:37 EST":  "",
		"Sun, 06 Nov 1994 08:49:37":      "",
		"Sun, 06-Nov-1994 08:49:37 GMT":  "",
		"Sun, 06 Nov 1994 8:49:37 GMT":   "",
		"Sun, 06 Nov 1994 24:49:37 GMT":  "",
		"Sun, 31 Feb 1994 08:49:37 GMT":  "",
		"Sun, 00 Nov 1994 08:49:37 GMT":  "",
		"Xyz, 06 Nov 1994 08:49:37 GMT":  "",
		"Sun, 06 ovD 1994 08:49:37 GMT":  "",
		"Sun, +6 Nov 1994 08:49:37 GMT":  "",
		" Sun, 06 Nov 1994 08:49:37 GMT": "",
		"0":                              "",
		"":                               "",
	} {
		got := ""
		if at, ok := Date(s, noon); ok {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("Date(%q) = %q, want %q", s, got, want)
		}
	}
	at, ok := Date("Wednesday, 01-Jan-20 00:00:00 GMT", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	if !ok || at.Year() != 2120 {
		t.Errorf("a two-digit year less than 50 years ahead: %v", at)
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "0", "Sun, 06 Nov 1994 08:49:60 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Date(s, noon)
		if !ok || strings.Contains(s, ":60") {
			return
		}
		// The standard library is laxer, so all we read it reads as well,
		// but for its fixed idea of centuries.
		want, err := http.ParseTime(s)
		if err != nil {
			want, err = http.ParseTime(strings.Replace(strings.ToUpper(s[:len(s)-4])+"GMT", "GMTGMT", " GMT", 1))
		}
		if err == nil && got.Year()%100 == want.Year()%100 && !got.AddDate(want.Year()-got.Year(), 0, 0).Equal(want) {
			t.Errorf("%q: got %v, the standard library %v", s, got, want)
		}
	})
}

func FuzzControl(f *testing.F) {
	for _, s := range []string{"max-age=60", `no-cache="a, b", private`, `ext="a\",b", no-store`, "max-age=\"60\"", "max-age=1,max-age=2", ",,=,\"", "max-stale", "max-age =1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := ParseControl([]string{s})
		for _, n := range []int64{c.MaxAge, c.SMaxAge, c.MinFresh, c.MaxStale, c.WhileRevalidate, c.IfError} {
			if n < Absent || n > MaxDelta {
				t.Errorf("%q: argument %d", s, n)
			}
		}
		// A directive after what cannot have an open quote is always seen.
		if !strings.Contains(s, `"`) {
			if c := ParseControl([]string{s + ", no-store, max-age=0"}); !c.NoStore || c.MaxAge != 0 {
				t.Errorf("%q hides the directives after it: %+v", s, c)
			}
			if c := ParseControl([]string{"NO-STORE ," + s}); !c.NoStore {
				t.Errorf("%q hides the directives before it: %+v", s, c)
			}
		}
		if c := ParseControl([]string{s, "no-store"}); !c.NoStore {
			t.Errorf("%q hides the directives of the next line", s)
		}
		for _, name := range c.Fields {
			if name == "" || name != textproto.CanonicalMIMEHeaderKey(name) {
				t.Errorf("%q: field %q", s, name)
			}
		}
	})
}

func FuzzTargeted(f *testing.F) {
	for _, s := range []string{"max-age=60", "max-age=60;x, no-store=?0", `a="b\"", c=(1 "2" x;y=1);z, d=:YQ==:, e=@1, f=-1.5`, "a=1,", "A=1", "*=1", "max-age =1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := ParseTargeted([]string{s})
		if ok != reparse(s) {
			t.Errorf("%q: ok %v", s, ok)
		}
		// What is valid stays so beside another member, and the last wins.
		if ok {
			if c, ok := ParseTargeted([]string{s, "no-store, max-age=7"}); !ok || !c.NoStore || c.MaxAge != 7 {
				t.Errorf("%q and no-store: %+v, %v", s, c, ok)
			}
		} else if strings.Trim(s, " ") != "" {
			if _, ok := ParseTargeted([]string{"no-store, " + s}); ok && c.MaxAge != Absent {
				t.Errorf("%q is valid behind another member", s)
			}
		}
		if c.MaxAge < Absent || c.MaxAge > MaxDelta {
			t.Errorf("%q: max-age %d", s, c.MaxAge)
		}
	})
}

// reparse tells a valid dictionary by the first bytes alone where that is
// possible; else it repeats the answer of the parser.
func reparse(s string) bool {
	s = strings.Trim(s, " ")
	if s == "" || strings.HasSuffix(s, ",") || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= '0' && s[0] <= '9' || s[0] == '"' {
		return false
	}
	members, ok := dictionary(s)
	return ok && len(members) > 0
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		list, tag    string
		weak, strong bool
	}{
		{`"a"`, `"a"`, true, true},
		{`W/"a"`, `"a"`, true, false},
		{`"a"`, `W/"a"`, true, false},
		{`W/"a"`, `W/"a"`, true, false},
		{`"b" , "a"`, `"a"`, true, true},
		{`"a,b"`, `"a,b"`, true, true},
		{`"a"`, `"A"`, false, false},
		{`"a" "b"`, `"b"`, false, false},
		{`x, "a"`, `"a"`, false, false},
		{`*`, `"a"`, true, true},
		{`*`, ``, true, true},
		{`"*"`, `"a"`, false, false},
		{`w/"a"`, `"a"`, false, false},
		{`""`, `""`, true, true},
		{`a`, `a`, false, false},
		{``, ``, false, false},
	} {
		if got := Matches([]string{c.list}, c.tag, false); got != c.weak {
			t.Errorf("%s matches %s weakly: %v", c.list, c.tag, got)
		}
		if got := Matches([]string{c.list}, c.tag, true); got != c.strong {
			t.Errorf("%s matches %s strongly: %v", c.list, c.tag, got)
		}
	}
}

func FuzzMatches(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add(`*`, ``)
	f.Add(`"a`, `"a"`)
	f.Fuzz(func(t *testing.T, list, tag string) {
		weak, strong := Matches([]string{list}, tag, false), Matches([]string{list}, tag, true)
		if strong && !weak {
			t.Errorf("%q matches %q strongly but not weakly", list, tag)
		}
		if weak && strings.Trim(list, " \t") != "*" && !strings.Contains(list, strings.TrimPrefix(tag, "W/")) {
			t.Errorf("%q matches %q, which is not in it", list, tag)
		}
		if IsETag(tag) && !strings.ContainsAny(list, `"*`) && weak {
			t.Errorf("%q matches %q", list, tag)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=9-1", "bytes=0-99999999999999999999", "bytes=-", "lines=1-2"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, s string, total int64) {
		if total < 0 {
			return
		}
		span, how := ParseRange(s, total)
		if how == Satisfiable && (span.First < 0 || span.First > span.Last || span.Last >= total || span.Total != total) {
			t.Errorf("%q of %d: %+v", s, total, span)
		}
		if how == Satisfiable {
			back, ok := ParseContentRange(span.String())
			if !ok || back != span {
				t.Errorf("%v is read as %v, %v", span, back, ok)
			}
		}
	})
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-1/2", "bytes */2", "bytes 0-1/*", "bytes 1-0/2", "BYTES 0-0/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		span, ok := ParseContentRange(s)
		if ok && (span.First < 0 || span.First > span.Last || span.Last >= span.Total) {
			t.Errorf("%q: %+v", s, span)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("accept, Accept-Encoding,,*")
	f.Add(" * ")
	f.Fuzz(func(t *testing.T, s string) {
		names, star := Names([]string{s})
		if star != slices.ContainsFunc(strings.Split(s, ","), func(p string) bool { return strings.Trim(p, " \t") == "*" }) {
			t.Errorf("%q: star %v", s, star)
		}
		for i, name := range names {
			if name == "" || name == "*" || slices.Contains(names[:i], name) {
				t.Errorf("%q: names %q", s, names)
			}
		}
	})
}

func FuzzAge(f *testing.F) {
	f.Add("5")
	f.Add("5, 6")
	f.Add("-1")
	f.Fuzz(func(t *testing.T, s string) {
		n := Age([]string{s})
		first, _, _ := strings.Cut(s, ",")
		want, err := strconv.ParseUint(strings.Trim(first, " \t"), 10, 64)
		if err == nil && !strings.HasPrefix(strings.Trim(first, " \t"), "+") && n != int64(min(want, uint64(MaxDelta))) {
			t.Errorf("%q: %d", s, n)
		}
		if n < 0 || n > MaxDelta {
			t.Errorf("%q: %d", s, n)
		}
	})
}

func FuzzNormal(f *testing.F) {
	f.Add("a, b", `"x , y" ,z`)
	f.Add("00,,00,", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		one := string(AppendNormal(nil, []string{a, b}))
		if again := string(AppendNormal(nil, []string{one})); again != one && !strings.Contains(a, `"`) && !strings.Contains(b, `"`) {
			t.Errorf("%q is normal, but becomes %q", one, again)
		}
	})
}
