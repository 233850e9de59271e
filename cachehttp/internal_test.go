package cachehttp

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestAge_table(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		claim     string
		dateAgo   time.Duration // Date lies so much before the arrival
		age       string
		delay     time.Duration
		clockMove time.Duration // between arrival and now
		want      time.Duration
	}{
		{"nothing but time", 0, "", 0, 7 * s, 7 * s},
		{"an Age", 0, "5", 0, 7 * s, 12 * s},
		{"a delay counts on top of Age", 0, "5", 3 * s, 0, 8 * s},
		{"a Date in the past", 9 * s, "", 0, 1 * s, 10 * s},
		{"the larger of Date and Age", 9 * s, "20", 0, 0, 20 * s},
		{"a Date in the future is no youth", -time.Hour, "", 0, 7 * s, 7 * s},
		{"a clock that jumps back makes nothing younger", 0, "5", 0, -time.Hour, 5 * s},
		{"a clock that jumps ahead makes stale", 0, "", 0, time.Hour, time.Hour},
		{"an absurd Age", 0, "99999999999999999999", 0, 0, time.Duration(field.MaxDelta) * s},
	} {
		rec := &recorder{v: &visit{h: &handler{cache: new(Cache)}}, began: noon.Add(-c.delay), came: noon}
		h := http.Header{"Date": {noon.Add(-c.dateAgo).Format(http.TimeFormat)}}
		if c.age != "" {
			h.Set("Age", c.age)
		}
		rec.meta.Ctl = field.None
		rec.clock(h, false)
		e := &entry{meta: rec.meta}
		e.At = noon
		if got := e.age(noon.Add(c.clockMove)); got != c.want {
			t.Errorf("%s: age %v, want %v", c.claim, got, c.want)
		}
	}
}

func TestStorable_table(t *testing.T) {
	for _, c := range []struct {
		status     int
		header     string // Cache-Control, or a whole field
		safe, full bool
	}{
		{200, "max-age=1", true, true},
		{200, "s-maxage=1", true, true},
		{200, "Expires: Tue, 01 Jan 2030 00:00:00 GMT", true, true},
		{200, "max-age=0", false, true},
		{200, "max-age=0, stale-if-error=9", true, true},
		{200, "public", false, false},
		{200, "no-cache", false, false},
		{200, "", false, false},
		{200, "ETag: \"a\"", false, true},
		{200, "Last-Modified: Mon, 01 Jan 1990 00:00:00 GMT", false, true},
		{500, "Last-Modified: Mon, 01 Jan 1990 00:00:00 GMT", false, false},
		{500, "max-age=1", true, true},
		{299, "max-age=1", true, true},
		{299, "max-age=1, must-understand", false, false},
		{304, "max-age=1", false, false},
		{206, "max-age=1", false, false},
		{200, "max-age=1, private", false, false},
		{200, "max-age=1, private=\"x\"", true, true},
		{200, "max-age=1, no-store", false, false},
		{200, "max-age=1, no-store, must-understand", true, true},
		{200, "Set-Cookie: a=b", false, true},
		{200, "Vary: *", false, false},
		{200, "Trailer: X-A", false, false},
		{200, "Content-Length: 2000000", false, false},
	} {
		for profile, want := range map[Profile]bool{Safe: c.safe, Full: c.full} {
			h := http.Header{}
			if name, value, ok := cut(c.header); ok {
				h.Set(name, value)
				if name != "Expires" && name != "ETag" && name != "Last-Modified" {
					h.Set("Cache-Control", "max-age=60")
				}
			} else if c.header != "" {
				h.Set("Cache-Control", c.header)
			}
			r := httptest.NewRequest("GET", "/a", nil)
			rec := &recorder{v: &visit{h: &handler{cache: &Cache{Profile: profile}}, r: r, ctl: field.None, key: []byte("k")}, began: noon, came: noon}
			rec.meta.Status = c.status
			if got := rec.plan(h); got != want {
				t.Errorf("%d with %q, profile %d: storable %v, want %v", c.status, c.header, profile, got, want)
			}
		}
	}
}

func cut(s string) (name, value string, ok bool) {
	_, err := fmt.Sscanf(s, "%s", &name)
	if err != nil || name[len(name)-1] != ':' {
		return "", "", false
	}
	return name[:len(name)-1], s[len(name)+1:], true
}

func TestJudge_table(t *testing.T) {
	for _, c := range []struct {
		request, response string
		age               int // seconds; lifetimes are 10
		want              verdict
		why               string
	}{
		{"", "max-age=10", 0, fresh, ""},
		{"", "max-age=10", 9, fresh, ""},
		{"", "max-age=10", 10, forward, "stale"},
		{"no-cache", "max-age=10", 1, forward, "request"},
		{"max-age=0", "max-age=10", 0, forward, "request"},
		{"max-age=5", "max-age=10", 5, fresh, ""},
		{"max-age=5", "max-age=10", 6, forward, "request"},
		{"max-age=5", "max-age=10, immutable", 6, fresh, ""},
		{"no-cache", "max-age=10, immutable", 6, forward, "request"},
		{"max-age=5", "max-age=10, immutable", 11, forward, "request"},
		{"min-fresh=5", "max-age=10", 5, fresh, ""},
		{"min-fresh=5", "max-age=10", 6, forward, "request"},
		{"max-stale=5", "max-age=10", 15, fresh, ""},
		{"max-stale=5", "max-age=10", 16, forward, "stale"},
		{"max-stale", "max-age=10", 9999, fresh, ""},
		{"max-stale", "max-age=10, must-revalidate", 11, forward, "stale"},
		{"max-stale", "max-age=10, proxy-revalidate", 11, forward, "stale"},
		{"max-stale", "max-age=10, s-maxage=10", 11, forward, "stale"},
		{"max-stale", "max-age=10, no-cache", 1, forward, "stale"},
		{"max-stale=9, max-age=10", "max-age=10", 11, forward, "request"},
		{"", "max-age=10, stale-while-revalidate=5", 15, staleWhileRevalidate, ""},
		{"", "max-age=10, stale-while-revalidate=5", 16, forward, "stale"},
		{"", "max-age=10, stale-while-revalidate=5, must-revalidate", 11, forward, "stale"},
		{"", "max-age=10, no-cache", 1, forward, "stale"},
	} {
		e := &entry{meta: meta{Status: 200, At: noon, Life: 10 * time.Second, Ctl: field.ParseControl([]string{c.response})}}
		v := &visit{h: &handler{cache: new(Cache)}, r: httptest.NewRequest("GET", "/", nil), entry: e,
			now: noon.Add(time.Duration(c.age) * time.Second), ctl: field.ParseControl([]string{c.request})}
		if got := v.judge(); got != c.want || got == forward && v.why != c.why {
			t.Errorf("request %q, response %q at age %d: %v because of %q, want %v because of %q", c.request, c.response, c.age, got, v.why, c.want, c.why)
		}
	}
}

func TestPurges_boundedMemory(t *testing.T) {
	var p purges
	p.add(false, []string{"early"})
	v := p.last.Load()
	for i := range 2*maxMarks + 10 {
		p.add(false, []string{fmt.Sprint(i)})
	}
	if n := len(p.now) + len(p.old); n > 2*maxMarks {
		t.Errorf("%d marks are kept", n)
	}
	if gone, _ := p.state(v-1, []string{"early"}); !gone {
		t.Error("a forgotten mark brought something back")
	}
	if gone, _ := p.state(p.last.Load(), []string{"early"}); gone {
		t.Error("something new is gone")
	}
}

func TestFlights_boundedMarks(t *testing.T) {
	c := new(Cache)
	for i := range 2*maxMisses + 1 {
		f, _ := c.flights.join(fmt.Sprint(i), noon)
		(&recorder{v: &visit{h: &handler{cache: c}}, flight: f}).land(false, false, true)
	}
	if n := len(c.flights.misses); n > maxMisses {
		t.Errorf("%d marks are kept", n)
	}
}

func FuzzDecode(f *testing.F) {
	e := &entry{meta: meta{Status: 206, Header: []line{{"Etag", []string{`"a"`}}}, Vary: []string{"X-A"}, Part: field.Span{First: 0, Last: 2, Total: 9}, At: noon, Ctl: field.None}, body: []byte("abc")}
	for _, value := range []any{e, &index{Sets: [][]string{{"A"}}, Variants: []string{"k"}, Until: noon}} {
		data, err := encode(value)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		back, err := decode(data)
		if err != nil {
			f.Fatal(err)
		}
		if a, ok := back.(*entry); ok {
			if !reflect.DeepEqual(a.meta, e.meta) || string(a.body) != "abc" {
				f.Fatalf("got %+v", a.meta)
			}
		} else if !reflect.DeepEqual(back, value) {
			f.Fatalf("got %+v", back)
		}
	}
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := decode(data)
		if e, ok := value.(*entry); ok && err == nil {
			v := &visit{h: &handler{cache: new(Cache)}, w: httptest.NewRecorder(), r: httptest.NewRequest("GET", "/", nil), now: noon, entry: e, part: "bytes=0-1"}
			if v.covers() {
				v.serve(nil)
			}
		}
	})
}
