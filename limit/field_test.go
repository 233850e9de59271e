package limit_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// An item is a String with parameters, parsed by the grammar of RFC 9651
// section 4.2, of which this is the part that the fields use.
type item struct {
	value  string
	params []param
}

type param struct {
	key   string
	value any // int64 or string
}

// parseList parses a List of such Items (section 4.2.1).
func parseList(s string) (list []item, err error) {
	s = strings.TrimLeft(s, " ")
	for s != "" {
		var it item
		if it, s, err = parseItem(s); err != nil {
			return nil, err
		}
		list = append(list, it)
		if s = strings.TrimLeft(s, " \t"); s == "" {
			return list, nil
		}
		if s[0] != ',' {
			return nil, fmt.Errorf("no comma before %q", s)
		}
		if s = strings.TrimLeft(s[1:], " \t"); s == "" {
			return nil, errors.New("trailing comma")
		}
	}
	return list, nil
}

func parseItem(s string) (it item, rest string, err error) {
	if it.value, s, err = parseString(s); err != nil {
		return it, s, err
	}
	for s != "" && s[0] == ';' {
		s = strings.TrimLeft(s[1:], " ")
		n := 0
		for n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || n > 0 && strings.IndexByte("0123456789_-.*", s[n]) >= 0 || s[n] == '*') {
			n++
		}
		if n == 0 {
			return it, s, fmt.Errorf("no key at %q", s)
		}
		p := param{key: s[:n]}
		if s = s[n:]; s == "" || s[0] != '=' {
			return it, s, fmt.Errorf("parameter %q has no value", p.key)
		}
		if s = s[1:]; s != "" && s[0] == '"' {
			var v string
			v, s, err = parseString(s)
			p.value = v
		} else {
			var v int64
			v, s, err = parseInteger(s)
			p.value = v
		}
		if err != nil {
			return it, s, err
		}
		it.params = append(it.params, p)
	}
	return it, s, nil
}

// parseString parses a String (section 4.2.5).
func parseString(s string) (string, string, error) {
	if s == "" || s[0] != '"' {
		return "", s, fmt.Errorf("no string at %q", s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", s, errors.New("bad escape")
			}
			b.WriteByte(s[i])
		case c == '"':
			return b.String(), s[i+1:], nil
		case c < 0x20 || c > 0x7e:
			return "", s, fmt.Errorf("byte %#x in a string", c)
		default:
			b.WriteByte(c)
		}
	}
	return "", s, errors.New("string has no end")
}

// parseInteger parses an Integer (section 4.2.4): at most 15 digits.
func parseInteger(s string) (int64, string, error) {
	n := 0
	if s != "" && s[0] == '-' {
		n = 1
	}
	digits := n
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n-digits == 0 || n-digits > 15 {
		return 0, s, fmt.Errorf("no integer at %q", s)
	}
	v, err := strconv.ParseInt(s[:n], 10, 64)
	return v, s[n:], err
}

// write serialises by section 4.1.
func (it item) write() string {
	quote := func(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
	s := quote(it.value)
	for _, p := range it.params {
		s += ";" + p.key + "="
		if v, ok := p.value.(string); ok {
			s += quote(v)
		} else {
			s += fmt.Sprint(p.value)
		}
	}
	return s
}

func (it item) integer(key string) (int64, error) {
	for _, p := range it.params {
		if p.key == key {
			if v, ok := p.value.(int64); ok && v >= 0 {
				return v, nil
			}
			return 0, fmt.Errorf("%s is %v", key, p.value)
		}
	}
	return 0, fmt.Errorf("no %s in %v", key, it)
}

func TestParseList_refuses_what_the_grammar_does(t *testing.T) {
	for _, s := range []string{`burst;r=1`, `"burst`, `"a";r`, `"a";r=`, `"a";R=1`, `"a";r=1,`, `"a" "b"`, `"a";r=1234567890123456`, "\"\x7f\"", "\"é\"", `"a\b"`, `,"a"`} {
		if l, err := parseList(s); err == nil {
			t.Errorf("%q was parsed as %v", s, l)
		}
	}
	const good = `"burst";q=100;w=60, "da\"i\\ly";q=1000;qu="content-bytes";w=86400`
	l, err := parseList(good)
	if err != nil || len(l) != 2 || l[0].write()+", "+l[1].write() != good {
		t.Errorf("%q was parsed as %v, %v", good, l, err)
	}
}

// checkFields holds the fields of an answer to the grammar, to the draft, and to
// the promise that r over t is never faster than the limit.
func checkFields(h http.Header, perSecond map[string]float64) error {
	policies, err := parseList(strings.Join(h.Values("RateLimit-Policy"), ", "))
	if err != nil {
		return fmt.Errorf("RateLimit-Policy: %w", err)
	}
	quotas := map[string]int64{}
	for _, p := range policies {
		q, err := p.integer("q")
		if err != nil {
			return err
		}
		w, err := p.integer("w")
		if err != nil || w == 0 {
			return fmt.Errorf("w is %d, %v", w, err)
		}
		quotas[p.value] = q
	}
	states, err := parseList(strings.Join(h.Values("RateLimit"), ", "))
	if err != nil {
		return fmt.Errorf("RateLimit: %w", err)
	}
	for _, s := range states {
		r, err := s.integer("r")
		if err != nil {
			return err
		}
		over, err := s.integer("t")
		if err != nil {
			return err
		}
		q, ok := quotas[s.value]
		if !ok {
			return fmt.Errorf("RateLimit speaks of %q, RateLimit-Policy of %v", s.value, quotas)
		}
		if r > q && perSecond[s.value] < float64(q) {
			return fmt.Errorf("r is %d, above q %d", r, q)
		}
		if float64(r) > float64(over)*perSecond[s.value]*(1+1e-9) {
			return fmt.Errorf("%s: %d units over %d s is more than %g a second", s.value, r, over, perSecond[s.value])
		}
	}
	return nil
}

func TestFields_never_offer_more_than_the_rate(t *testing.T) {
	limits := []limit.Limit{
		limit.Rate{Name: "slow", Count: 7, Per: time.Minute, Burst: 3},
		limit.Rate{Name: "fast", Count: 100, Per: time.Second, Burst: 250},
		limit.Rate{Name: "single", Count: 10, Per: time.Second, Burst: 1},
		limit.Rate{Name: "odd", Count: 3, Per: 1700 * time.Millisecond, Burst: 9},
		limit.Quota{Name: "day", Count: 10, Per: 24 * time.Hour},
		limit.Quota{Name: "clock", Count: 1000, Per: time.Hour, Aligned: true},
		limit.Quota{Name: "short", Count: 5, Per: 1500 * time.Millisecond, Unit: "content-bytes"},
		limit.Quota{Name: `q"\uote`, Count: 12, Per: time.Minute},
	}
	speed := map[string]float64{"slow": 7. / 60, "fast": 100, "single": 10, "odd": 3 / 1.7, "day": 10 / 86400., "clock": 1000 / 3600., "short": 5 / 1.5, `q"\uote`: 12. / 60}
	for _, q := range limits {
		c := &clock{someday}
		l := &limit.Limiter{Name: "x", Store: new(limit.Memory).At(c.now), Limits: []limit.Limit{q},
			Cost: func(r *http.Request) int64 { n, _ := strconv.ParseInt(r.URL.RawQuery, 10, 64); return n }}
		h := l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for i := range 400 {
			c.ns += int64(i%7) * int64(i%11) * int64(50*time.Millisecond)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/?"+strconv.Itoa(i%4), nil))
			if err := checkFields(w.Header(), speed); err != nil {
				t.Fatalf("%+v, request %d: %v", q, i, err)
			}
			if w.Code != 429 {
				continue
			}
			after, err := strconv.ParseInt(w.Header().Get("Retry-After"), 10, 64)
			if w.Header().Get("Retry-After") == "" {
				continue // cost above the limit
			}
			state, _ := parseList(w.Header().Get("RateLimit"))
			over, _ := state[0].integer("t")
			if err != nil || after < 1 || after < over {
				t.Fatalf("%+v: Retry-After %d, t %d, %v", q, after, over, err)
			}
			if i%3 == 0 {
				c.ns += after * int64(time.Second)
				again := httptest.NewRecorder()
				if h.ServeHTTP(again, httptest.NewRequest("GET", "/?"+strconv.Itoa(i%4), nil)); again.Code != 200 {
					t.Fatalf("%+v: waited Retry-After %d, answered %d", q, after, again.Code)
				}
			}
		}
	}
	bad := http.Header{"Ratelimit-Policy": {`"slow";q=3;w=26`}, "Ratelimit": {`"slow";r=3;t=10`}}
	if checkFields(bad, speed) == nil {
		t.Error("fields that offer too much were not found")
	}
}

func TestFields_goldens(t *testing.T) {
	for _, tc := range []struct {
		limits []limit.Limit
		want   string
	}{
		{[]limit.Limit{limit.Rate{Name: "burst", Count: 100, Per: time.Minute}, limit.Quota{Name: "daily", Count: 1000, Per: 24 * time.Hour}}, `"burst";q=100;w=60, "daily";q=1000;w=86400`},
		{limit.Per(60, time.Minute), `"rate-60-per-60s";q=6;w=6, "60-per-60s";q=60;w=60`},
		{[]limit.Limit{limit.Rate{Count: 10, Per: time.Second, Burst: 1}}, `"10-per-1s";q=10;w=1`},
		{[]limit.Limit{limit.Quota{Count: 1 << 20, Per: time.Hour, Unit: "content-bytes"}}, `"1048576-per-3600s";q=1048576;qu="content-bytes";w=3600`},
		{[]limit.Limit{limit.Quota{Count: 5, Per: 250 * time.Millisecond}}, `"5-per-250ms";q=5;w=1`},
		{[]limit.Limit{limit.Quota{Name: `a"b\c`, Count: 5, Per: time.Second}}, `"a\"b\\c";q=5;w=1`},
	} {
		l := &limit.Limiter{Limits: tc.limits}
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Header().Get("RateLimit-Policy"); got != tc.want {
			t.Errorf("RateLimit-Policy is %s, want %s", got, tc.want)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"", "plain", `q"u\ote`, "nul\x00", "é", "\x7f", "two\r\nlines", strings.Repeat("x", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: name, Count: 5, Per: time.Minute}}}
		if _, err := l.Take(t.Context(), "k", 0); err != nil {
			return // refused, not sent
		}
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		for _, field := range []string{"RateLimit", "RateLimit-Policy"} {
			list, err := parseList(w.Header().Get(field))
			if err != nil || len(list) != 1 || name != "" && list[0].value != name || list[0].write() != w.Header().Get(field) {
				t.Errorf("name %q: %s is %q: %v, %v", name, field, w.Header().Get(field), list, err)
			}
		}
	})
}
