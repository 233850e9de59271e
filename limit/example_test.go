package limit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/glueful/glueful-go/limit"
	"golang.org/x/time/rate"
)

// A login that tolerates five tries a minute for each address and account,
// behind a proxy in 10.0.0.0/8.
func Example() {
	login := &limit.Limiter{
		Limits: []limit.Limit{limit.Quota{Count: 5, Per: time.Minute}},
		Key: []limit.Part{
			limit.RightmostTrusted(netip.MustParsePrefix("10.0.0.0/8")),
			limit.By("account", func(r *http.Request) string { return r.FormValue("account") }),
		},
	}
	mux := http.NewServeMux()
	mux.Handle("POST /login", login.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "wrong password")
	})))

	for range 6 {
		r := httptest.NewRequest("POST", "/login?account=ann", nil)
		r.RemoteAddr = "10.1.2.3:4567"
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Header().Get("RateLimit"), w.Code, w.Header()["Retry-After"])
	}
	// Output:
	// "5-per-60s";r=4;t=60 200 []
	// "5-per-60s";r=3;t=60 200 []
	// "5-per-60s";r=2;t=60 200 []
	// "5-per-60s";r=1;t=60 200 []
	// "5-per-60s";r=0;t=60 200 []
	// "5-per-60s";r=0;t=60 429 [60]
}

// A query reserves what it may cost and settles what it did cost.
func ExampleSettle() {
	points := &limit.Limiter{
		Limits: []limit.Limit{limit.Rate{Count: 50, Per: time.Second, Burst: 1000}},
		Cost:   func(*http.Request) int64 { return 400 },
	}
	h := points.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const rows = 30
		if err := limit.Settle(r.Context(), rows); err != nil {
			fmt.Println(err)
		}
	}))
	for range 2 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/search", nil))
		fmt.Println(w.Header().Get("X-RateLimit-Remaining"))
	}
	// Output:
	// 600
	// 570
}

// Callers in tiers; a tier that nobody defined is treated as the strictest.
func ExampleLimiter_tiers() {
	api := &limit.Limiter{
		Tier:  func(r *http.Request) string { return r.Header.Get("X-Plan") },
		Tiers: limit.DefaultTiers(),
	}
	h := api.Handler(http.NotFoundHandler())
	for _, plan := range []string{"pro", "enterprise", "typo"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("X-Plan", plan)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Printf("%s: %q\n", plan, w.Header().Get("X-RateLimit-Limit"))
	}
	// Output:
	// pro: "300"
	// enterprise: ""
	// typo: "30"
}

// Outside HTTP: a worker that sends at most so much to each customer.
func ExampleLimiter_Take() {
	mail := &limit.Limiter{Limits: []limit.Limit{limit.Quota{Name: "daily", Count: 2, Per: 24 * time.Hour}}}
	for range 3 {
		c, err := mail.Take(context.Background(), "customer 7", 1)
		fmt.Println(c.Remaining(), err)
	}
	// Output:
	// 1 <nil>
	// 0 <nil>
	// 0 limit: refused by "daily"
}

// One bucket for the process, with waiting, needs no keys and no Limiter.
func Example_waiting() {
	upstream := rate.NewLimiter(rate.Every(time.Millisecond), 1)
	for range 3 {
		if err := upstream.Wait(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("three calls, a millisecond apart")
	// Output: three calls, a millisecond apart
}
