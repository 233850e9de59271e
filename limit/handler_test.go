package limit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/limit"
)

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })

// get asks h from an address and returns the answer.
func get(h http.Handler, addr string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = addr
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

const ann, bob = "192.0.2.1:1000", "192.0.2.2:1000"

func one(per time.Duration) []limit.Limit { return []limit.Limit{limit.Quota{Count: 1, Per: per}} }

func TestLimiter_zero(t *testing.T) {
	var l limit.Limiter
	h := l.Handler(ok)
	if w := get(h, ann); w.Code != 503 {
		t.Errorf("the zero Limiter answers %d, want 503", w.Code)
	}
	if _, err := l.Take(t.Context(), "k", 0); err == nil || !strings.Contains(err.Error(), "without limits") {
		t.Errorf("the zero Limiter says %v", err)
	}
	if s := h.(interface{ Limit() string }).Limit(); !strings.Contains(s, "refuses everything") {
		t.Errorf("the route table says %q", s)
	}
	var c limit.Concurrency
	if w := get(c.Handler(ok), ann); w.Code != 503 {
		t.Errorf("the zero Concurrency answers %d, want 503", w.Code)
	}
}

func TestLimiter_contradictions(t *testing.T) {
	q := limit.Quota{Count: 1, Per: time.Minute}
	tier := func(*http.Request) string { return "" }
	for want, l := range map[string]*limit.Limiter{
		"count 0":                {Limits: []limit.Limit{limit.Rate{Per: time.Second}}},
		"count -1":               {Limits: []limit.Limit{limit.Quota{Count: -1, Per: time.Second}}},
		"period 0s":              {Limits: []limit.Limit{limit.Rate{Count: 1}}},
		"burst -1":               {Limits: []limit.Limit{limit.Rate{Count: 1, Per: time.Second, Burst: -1}}},
		"faster":                 {Limits: []limit.Limit{limit.Rate{Count: 2, Per: 1}}},
		"36 years":               {Limits: []limit.Limit{limit.Rate{Count: 1, Per: time.Hour, Burst: 1 << 40}}},
		"too much":               {Limits: []limit.Limit{limit.Quota{Count: 1 << 40, Per: time.Second}}},
		"unknown unit":           {Limits: []limit.Limit{limit.Quota{Count: 1, Per: time.Second, Unit: "bananas"}}},
		"ASCII":                  {Limits: []limit.Limit{limit.Quota{Name: "a\nb", Count: 1, Per: time.Second}}},
		"two limits":             {Limits: []limit.Limit{q, q}},
		"nil Limit":              {Limits: []limit.Limit{nil}},
		"must stand alone":       {Limits: []limit.Limit{limit.Unlimited}},
		"Tier and Tiers":         {Limits: []limit.Limit{q}, Tier: tier},
		"need each other":        {Tiers: limit.DefaultTiers()},
		"no limits; say":         {Tier: tier, Tiers: map[string][]limit.Limit{"free": nil}},
		"no tier has":            {Tier: tier, Tiers: map[string][]limit.Limit{"free": {limit.Unlimited}}},
		"needs a Name":           {Limits: []limit.Limit{q}, Store: new(limit.Memory)},
		"Lease needs a Store":    {Limits: []limit.Limit{q}, Lease: 1},
		"Lease is more":          {Name: "x", Limits: []limit.Limit{q}, Lease: 5, Store: new(limit.Memory)},
		"must not be negative":   {Limits: []limit.Limit{q}, MaxCost: -1},
		"unknown Failure":        {Limits: []limit.Limit{q}, Failure: 3},
		"more than 8 limits":     {Limits: append(limit.Per(1000, time.Minute), limit.Per(2000, time.Minute)[0], limit.Per(3000, time.Minute)[0], limit.Per(4000, time.Minute)[0], limit.Per(5000, time.Minute)[0], limit.Per(6000, time.Minute)[0], limit.Per(7000, time.Minute)[0], limit.Per(8000, time.Minute)[0])},
		`tier "gold": limit "x"`: {Tier: tier, Tiers: map[string][]limit.Limit{"gold": {limit.Rate{Name: "x"}}}},
	} {
		if err := l.Check(httptest.NewRequest("GET", "/", nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check says %v, want %q", err, want)
		}
		func() {
			defer func() {
				if p := recover(); p == nil || !strings.HasPrefix(fmt.Sprint(p), "limit: ") {
					t.Errorf("%s: Handler panics with %v", want, p)
				}
			}()
			l.Handler(ok)
		}()
	}
}

// The faults of limiters before this one.
func TestHandler_traps(t *testing.T) {
	t.Run("two limiters with the same numbers do not share a bucket", func(t *testing.T) {
		login, api := &limit.Limiter{Limits: one(time.Minute)}, &limit.Limiter{Limits: one(time.Minute)}
		store := new(limit.Memory)
		a, b := &limit.Limiter{Name: "a", Store: store, Limits: one(time.Minute)}, &limit.Limiter{Name: "b", Store: store, Limits: one(time.Minute)}
		for _, l := range []*limit.Limiter{login, api, a, b} {
			h := l.Handler(ok)
			if first, second := get(h, ann).Code, get(h, ann).Code; first != 200 || second != 429 {
				t.Errorf("answered %d, %d, want 200, 429", first, second)
			}
		}
	})
	t.Run("a limiter on two routes counts once, or by route if that is said", func(t *testing.T) {
		for _, byRoute := range []bool{false, true} {
			l := &limit.Limiter{Limits: one(time.Minute)}
			if byRoute {
				l.Key = []limit.Part{limit.Client{}, limit.Route}
			}
			mux := http.NewServeMux()
			mux.Handle("GET /a", l.Handler(ok))
			mux.Handle("GET /b/{id}", l.Handler(ok))
			path := func(p string) func(*http.Request) { return func(r *http.Request) { r.URL.Path = p } }
			get(mux, ann, path("/a"))
			want := map[bool]int{false: 429, true: 200}[byRoute]
			if got := get(mux, ann, path("/b/1")).Code; got != want {
				t.Errorf("by route %v: the second route answers %d, want %d", byRoute, got, want)
			}
			if got := get(mux, ann, path("/b/2")).Code; got != 429 {
				t.Errorf("by route %v: another path of the pattern answers %d, want 429", byRoute, got)
			}
		}
	})
	t.Run("parameters are kept to", func(t *testing.T) {
		h := (&limit.Limiter{Limits: []limit.Limit{limit.Quota{Count: 5, Per: time.Minute}}}).Handler(ok)
		for i := range 8 {
			if got, want := get(h, ann).Code, map[bool]int{true: 200, false: 429}[i < 5]; got != want {
				t.Errorf("request %d answers %d, want %d", i, got, want)
			}
		}
	})
	t.Run("loopback and private callers are limited like all", func(t *testing.T) {
		for _, addr := range []string{"127.0.0.1:1", "[::1]:1", "10.0.0.1:1", "192.168.0.1:1", "[fe80::1%lo]:1", "@"} {
			h := (&limit.Limiter{Limits: one(time.Minute)}).Handler(ok)
			if first, second := get(h, addr).Code, get(h, addr).Code; first != 200 || second != 429 {
				t.Errorf("%s: answered %d, %d, want 200, 429", addr, first, second)
			}
		}
	})
	t.Run("a forged header neither evades nor locks out", func(t *testing.T) {
		h := (&limit.Limiter{Limits: one(time.Minute)}).Handler(ok)
		get(h, ann)
		for i := range 20 {
			if got := get(h, ann, header("X-Forwarded-For", fmt.Sprint("198.51.100.", i))).Code; got != 429 {
				t.Errorf("forged address %d answers %d, want 429", i, got)
			}
		}
		if got := get(h, bob).Code; got != 200 {
			t.Errorf("another caller is answered %d, want 200", got)
		}
	})
	t.Run("t and Retry-After are seconds, not a date", func(t *testing.T) {
		h := (&limit.Limiter{Limits: one(time.Minute)}).Handler(ok)
		get(h, ann)
		w := get(h, ann)
		list, err := parseList(w.Header().Get("RateLimit"))
		if err != nil {
			t.Fatal(err)
		}
		if over, err := list[0].integer("t"); err != nil || over < 1 || over > 60 {
			t.Errorf("t is %d, %v, want 1 to 60", over, err)
		}
		if n, err := strconv.Atoi(w.Header().Get("Retry-After")); err != nil || n < 1 || n > 60 {
			t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
		}
		if epoch, err := strconv.ParseInt(w.Header().Get("X-RateLimit-Reset"), 10, 64); err != nil || time.Until(time.Unix(epoch, 0)) > 62*time.Second || time.Until(time.Unix(epoch, 0)) < 0 {
			t.Errorf("X-RateLimit-Reset is %q, want the time a minute from now", w.Header().Get("X-RateLimit-Reset"))
		}
	})
	t.Run("a refused request has not paid the limits that allowed it", func(t *testing.T) {
		l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "hour", Count: 100, Per: time.Hour}, limit.Quota{Name: "short", Count: 1, Per: 10 * time.Minute}}}
		h := l.Handler(ok)
		for range 50 {
			get(h, ann)
		}
		c, err := l.Take(t.Context(), "other", 1)
		if err != nil || c.Policy() != "short" {
			t.Errorf("%q, %v", c.Policy(), err)
		}
	})
	t.Run("an unmatched tier is the strictest, not free", func(t *testing.T) {
		l := &limit.Limiter{Tier: func(r *http.Request) string { return r.Header.Get("X-Tier") }, Tiers: map[string][]limit.Limit{
			"gold": {limit.Quota{Count: 3, Per: time.Minute}}, "tin": {limit.Quota{Count: 2, Per: time.Minute}}, "staff": {limit.Unlimited},
		}}
		h := l.Handler(ok)
		count := func(tier, addr string) (n int) {
			for range 10 {
				if get(h, addr, header("X-Tier", tier)).Code == 200 {
					n++
				}
			}
			return n
		}
		for tier, want := range map[string]int{"gold": 3, "tin": 2, "staff": 10} {
			if got := count(tier, ann); got != want {
				t.Errorf("tier %q passes %d of 10, want %d", tier, got, want)
			}
		}
		if got := count("nonsense", bob); got != 2 {
			t.Errorf("an unknown tier passes %d of 10, want 2", got)
		}
		if w := get(h, ann, header("X-Tier", "staff")); w.Header().Get("RateLimit") != "" || w.Header().Get("X-RateLimit-Limit") != "" {
			t.Errorf("an unlimited tier gets headers %v", w.Header())
		}
	})
	t.Run("keys that join to the same text are different callers", func(t *testing.T) {
		l := &limit.Limiter{Limits: one(time.Minute), Key: []limit.Part{limit.Header("A"), limit.Header("B")}}
		h := l.Handler(ok)
		for _, kv := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}, {"a|b", "c"}, {"a", "b|c"}} {
			if got := get(h, ann, header("A", kv[0]), header("B", kv[1])).Code; got != 200 {
				t.Errorf("%q is taken for another caller", kv)
			}
		}
	})
	t.Run("requests without the part are one caller, not free", func(t *testing.T) {
		l := &limit.Limiter{Limits: one(time.Minute), Key: []limit.Part{limit.By("user", func(*http.Request) string { return "" })}}
		h := l.Handler(ok)
		if first, second := get(h, ann).Code, get(h, bob).Code; first != 200 || second != 429 {
			t.Errorf("answered %d, %d, want 200, 429", first, second)
		}
	})
}

func TestHandler_refusal(t *testing.T) {
	l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "tries", Count: 1, Per: time.Minute}}}
	h := l.Handler(ok)
	get(h, ann)
	w := httptest.NewRecorder()
	w.Header().Set("X-Request-Id", "r-1")
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = ann
	h.ServeHTTP(w, r)
	var doc struct {
		Type, Title, Code string
		Status            int
		ID                string   `json:"request_id"`
		Violated          []string `json:"violated-policies"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if w.Code != 429 || doc.Status != 429 || doc.Type != "https://iana.org/assignments/http-problem-types#quota-exceeded" ||
		doc.Code != "quota_exceeded" || doc.ID != "r-1" || !reflect.DeepEqual(doc.Violated, []string{"tries"}) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type is %q", ct)
	}
	if len(w.Header()["Ratelimit"]) != 1 || len(w.Header()["Retry-After"]) != 1 {
		t.Errorf("headers are %v", w.Header())
	}
	if w := get(h, ann, func(r *http.Request) { r.Method = "HEAD" }); w.Code != 429 || w.Body.Len() > 0 {
		t.Errorf("HEAD is answered %d with %q", w.Code, w.Body)
	}

	t.Run("Deny has the error and the headers", func(t *testing.T) {
		l := &limit.Limiter{Limits: one(time.Minute), Deny: func(w http.ResponseWriter, _ *http.Request, err error) {
			var s interface{ HTTPStatus() int }
			if !errors.As(err, &s) {
				t.Fatalf("%T has no status", err)
			}
			http.Error(w, "slow down", s.HTTPStatus())
		}}
		h := l.Handler(ok)
		get(h, ann)
		if w := get(h, ann); w.Code != 429 || w.Header().Get("Retry-After") == "" || w.Body.String() != "slow down\n" {
			t.Errorf("answered %d %q with %v", w.Code, w.Body, w.Header())
		}
	})
	t.Run("abuse has its own type", func(t *testing.T) {
		h := (&limit.Limiter{Limits: one(time.Minute), Abuse: true}).Handler(ok)
		get(h, ann)
		if w := get(h, ann); w.Code != 429 || !strings.Contains(w.Body.String(), "#abnormal-usage-detected") {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	})
	t.Run("too many in progress has its own type", func(t *testing.T) {
		var c limit.Concurrency
		if w := get(c.Handler(ok), ann); w.Code != 503 || !strings.Contains(w.Body.String(), "#temporary-reduced-capacity") || w.Header().Get("Retry-After") == "" {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	})
	t.Run("a cost that can never pass has no Retry-After", func(t *testing.T) {
		for _, l := range []*limit.Limiter{{Limits: one(time.Minute)}, {Limits: []limit.Limit{limit.Quota{Count: 100, Per: time.Minute}}, MaxCost: 5}} {
			l.Cost = func(*http.Request) int64 { return 6 }
			w := get(l.Handler(ok), ann)
			if w.Code != 429 || w.Header().Get("Retry-After") != "" || !strings.Contains(w.Body.String(), "cost_too_high") {
				t.Errorf("answered %d %s with %v", w.Code, w.Body, w.Header())
			}
		}
	})
	t.Run("a negative cost is the program's mistake", func(t *testing.T) {
		l := &limit.Limiter{Limits: one(time.Minute), Cost: func(*http.Request) int64 { return -1 }}
		if w := get(l.Handler(ok), ann); w.Code != 500 {
			t.Errorf("answered %d", w.Code)
		}
	})
	t.Run("jitter only lengthens", func(t *testing.T) {
		l := &limit.Limiter{Limits: one(1000 * time.Second), Jitter: true}
		h := l.Handler(ok)
		get(h, ann)
		seen := map[string]bool{}
		for range 200 {
			after := get(h, ann).Header().Get("Retry-After")
			if n, _ := strconv.Atoi(after); n < 999 || n > 1101 {
				t.Fatalf("Retry-After is %s, want 1000 to 1100", after)
			}
			seen[after] = true
		}
		if len(seen) < 10 {
			t.Errorf("%d different waits in 200", len(seen))
		}
	})
}

func TestHandler_header_modes(t *testing.T) {
	for _, tc := range []struct {
		l            *limit.Limiter
		ietf, legacy bool
	}{
		{&limit.Limiter{}, true, true},
		{&limit.Limiter{HideLegacy: true}, true, false},
		{&limit.Limiter{HideIETF: true}, false, true},
		{&limit.Limiter{HideIETF: true, HideLegacy: true}, false, false},
		{&limit.Limiter{Shadow: true}, false, false},
	} {
		l := tc.l
		l.Limits = one(time.Minute)
		h := l.Handler(ok)
		for range 2 { // allowed, then refused
			w := get(h, ann)
			if got := w.Header().Get("RateLimit") != "" && w.Header().Get("RateLimit-Policy") != ""; got != tc.ietf {
				t.Errorf("%d: IETF fields %v, want %v", w.Code, got, tc.ietf)
			}
			if got := w.Header().Get("X-RateLimit-Limit") != "" && w.Header().Get("X-RateLimit-Reset") != ""; got != tc.legacy {
				t.Errorf("%d: legacy fields %v, want %v", w.Code, got, tc.legacy)
			}
		}
	}
}

func TestHandler_nested(t *testing.T) {
	outer := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "outer", Count: 3, Per: time.Hour}}}
	inner := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "inner", Count: 9, Per: time.Hour}}}
	h := outer.Handler(inner.Handler(ok))
	w := get(h, ann)
	if got := strings.Join(w.Header()["Ratelimit"], ", "); got != `"outer";r=2;t=3600, "inner";r=8;t=3600` {
		t.Errorf("RateLimit is %s", got)
	}
	if got := w.Header().Get("X-RateLimit-Remaining"); got != "2" {
		t.Errorf("X-RateLimit-Remaining is %s, want the lower one, 2", got)
	}
	tight := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "tight", Count: 1, Per: time.Hour}}}
	h = outer.Handler(tight.Handler(ok))
	get(h, ann)
	if w = get(h, ann); w.Code != 429 || len(w.Header()["Ratelimit"]) != 2 || w.Header().Get("X-RateLimit-Limit") != "1" {
		t.Errorf("refused by the inner: %d %v", w.Code, w.Header())
	}
}

func TestHandler_shows_itself(t *testing.T) {
	l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 100, Per: time.Minute}}, Needs: []string{"principal"}}
	h := l.Handler(ok)
	d := h.(interface {
		Limit() string
		Refusals() []error
		Needs() []string
		Unwrap() http.Handler
	})
	if d.Limit() != "100/1m0s per client address" {
		t.Errorf("Limit() = %q", d.Limit())
	}
	if reflect.ValueOf(d.Unwrap()).Pointer() != reflect.ValueOf(ok).Pointer() || d.Needs()[0] != "principal" {
		t.Error("Unwrap or Needs is another")
	}
	var statuses []int
	for _, err := range d.Refusals() {
		statuses = append(statuses, err.(interface{ HTTPStatus() int }).HTTPStatus())
	}
	if !reflect.DeepEqual(statuses, []int{429, 503}) {
		t.Errorf("Refusals() have statuses %v", statuses)
	}
	tiers := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Name: "all", Count: 5, Per: time.Second, Burst: 9}}, Tier: func(*http.Request) string { return "" },
		Tiers: map[string][]limit.Limit{"free": one(time.Hour), "staff": {limit.Unlimited}}, Key: []limit.Part{limit.Header("X-Key"), limit.Field("a.b")}}
	if got, want := tiers.Handler(ok).(interface{ Limit() string }).Limit(), "5/1s burst 9, free 1/1h0m0s, staff unlimited per header X-Key and body field a.b"; got != want {
		t.Errorf("Limit() = %q, want %q", got, want)
	}
	for h, want := range map[http.Handler]string{
		(&limit.Concurrency{Limit: 3}).Handler(ok): "3 in progress", new(limit.Adaptive).Handler(ok): "4 to 1000 in progress, adaptive",
	} {
		if got := h.(interface{ Limit() string }).Limit(); got != want {
			t.Errorf("Limit() = %q, want %q", got, want)
		}
	}
}

func TestHandler_counts(t *testing.T) {
	for _, shadow := range []bool{false, true} {
		got := map[string]int{}
		l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "q", Count: 10, Per: time.Minute}}, Shadow: shadow,
			Count: func(event, name string) { got[event+" "+name]++ }}
		h := l.Handler(ok)
		refused := 0
		for range 15 {
			if get(h, ann).Code != 200 {
				refused++
			}
		}
		want := map[string]int{"allowed q": 10, "near q": 3, "refused q": 5}
		if shadow {
			want = map[string]int{"allowed q": 10, "near q": 3, "shadow q": 5}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("shadow %v: counted %v, want %v", shadow, got, want)
		}
		if shadow != (refused == 0) {
			t.Errorf("shadow %v: %d were refused", shadow, refused)
		}
	}
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 10, Per: time.Second, Burst: 100}}, Cost: func(*http.Request) int64 { return 50 }}
		outer := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Count: 1000, Per: time.Hour}}, Cost: func(*http.Request) int64 { return 50 }}
		var actual int64
		h := outer.Handler(l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := limit.Settle(r.Context(), actual); err != nil {
				t.Error(err)
			}
		})))
		left := func(want, wantOuter int64) {
			t.Helper()
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = ann
			actual = 50 // as reserved
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			list, err := parseList(strings.Join(w.Header()["Ratelimit"], ", "))
			if err != nil || w.Code != 200 {
				t.Fatal(w.Code, err)
			}
			a, _ := list[1].integer("r")
			b, _ := list[0].integer("r")
			if a != want || b != wantOuter {
				t.Errorf("%d and %d are left, want %d and %d", a, b, want, wantOuter)
			}
		}
		actual = 10
		get(h, ann)
		left(40, 940) // 100-10-50, 1000-10-50
		time.Sleep(time.Minute)
		actual = 120
		get(h, ann)
		if w := get(h, ann); w.Code != 429 || w.Header().Get("Retry-After") != "7" {
			t.Errorf("in debt of 20: answered %d, Retry-After %q, want 429 and 7", w.Code, w.Header().Get("Retry-After"))
		}
		time.Sleep(7 * time.Second)
		left(0, 1000-60-120-50-50) // the outer limiter charged the refused request too
	})
	t.Run("what was refused has nothing to give back", func(t *testing.T) {
		l := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Count: 10, Per: time.Hour}}}
		if _, err := l.Take(t.Context(), "k", 10); err != nil {
			t.Fatal(err)
		}
		c, err := l.Take(t.Context(), "k", 8)
		if err == nil || c.Settle(t.Context(), 0) == nil {
			t.Error("a refused charge was settled")
		}
		shadow := &limit.Limiter{Limits: l.Limits, Shadow: true, Cost: func(*http.Request) int64 { return 6 }}
		h := shadow.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := limit.Settle(r.Context(), 5); err != nil {
				t.Error(err)
			}
		}))
		refused := 0
		shadow.Count = func(event, _ string) {
			if event == "shadow" {
				refused++
			}
		}
		for range 5 {
			get(h, ann)
		}
		if refused != 4 { // 5 of 10 are spent by the first, and no other fits
			t.Errorf("%d of 5 would have been refused, want 4", refused)
		}
	})
	if err := limit.Settle(context.Background(), 1); err == nil {
		t.Error("Settle without a limiter says nothing")
	}
}

func TestField(t *testing.T) {
	l := &limit.Limiter{Limits: one(time.Minute), Key: []limit.Part{limit.Field("user.email")}}
	var body string
	h := l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = string(b)
	}))
	post := func(s string) int {
		r := httptest.NewRequest("POST", "/", io.NopCloser(strings.NewReader(s)))
		w := httptest.NewRecorder()
		body = ""
		h.ServeHTTP(w, r)
		if w.Code == 200 && body != s {
			t.Errorf("the handler reads %d bytes of %d", len(body), len(s))
		}
		return w.Code
	}
	for _, tc := range []struct {
		claim, body string
		want        int
	}{
		{"a first account", `{"user":{"email":"ann@example.com"}}`, 200},
		{"the same again", `{"user":{"email":"ann@example.com"},"x":1}`, 429},
		{"in other letters", `{"user":{"email":" Ann@Example.COM "}}`, 429},
		{"escaped", `{"user":{"email":"\u0061nn@example.com"}}`, 429},
		{"said twice, the last counts as it does for encoding/json", `{"user":{"email":"new@example.com","email":"ann@example.com"}}`, 429},
		{"another account", `{"user":{"email":"bob@example.com"}}`, 200},
		{"a number", `{"user":{"email":7}}`, 200},
		{"no account", `{"user":{}}`, 200},
		{"no account again, in any way", `{"user":null}`, 429},
		{"no object", `[]`, 429},
		{"no JSON", `x`, 429},
		{"an object for a value", `{"user":{"email":{}}}`, 429},
		{"a body beyond 64 KiB", `{"user":{"email":"eve@example.com"},"pad":"` + strings.Repeat("x", 70_000) + `"}`, 429},
	} {
		if got := post(tc.body); got != tc.want {
			t.Errorf("%s: answered %d, want %d", tc.claim, got, tc.want)
		}
	}
	if got := get(h, ann).Code; got != 429 {
		t.Errorf("no body: answered %d, want 429", got)
	}
}

func FuzzField(f *testing.F) {
	f.Add([]byte(`{"a":{"b":"c"}}`))
	f.Add([]byte(`{"a":{"b":1e400}}`))
	f.Add([]byte("\xff"))
	part := limit.Field("a.b")
	f.Fuzz(func(t *testing.T, doc []byte) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(string(doc)))
		_, _ = part.AppendKey(nil, r)
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != string(doc) {
			t.Errorf("body %q is read as %q, %v", doc, b, err)
		}
	})
}

func TestLimiter_behind_proxies(t *testing.T) {
	l := &limit.Limiter{Limits: one(time.Minute), Key: []limit.Part{limit.RightmostTrusted(netip.MustParsePrefix("10.0.0.0/8"))}}
	h := l.Handler(ok)
	for addr, want := range map[string]int{"198.51.100.1": 200, "198.51.100.2": 200, "198.51.100.3": 200} {
		if got := get(h, "10.0.0.1:1", header("X-Forwarded-For", addr)).Code; got != want {
			t.Errorf("%s is answered %d, want %d", addr, got, want)
		}
		if got := get(h, "10.0.0.2:1", header("X-Forwarded-For", "6.6.6.6, "+addr)).Code; got != 429 {
			t.Errorf("%s through another proxy is answered %d, want 429", addr, got)
		}
	}
}
