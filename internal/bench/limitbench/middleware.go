package limitbench

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/go-chi/httprate"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	ulule "github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/middleware/stdlib"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/limit"
)

func request() *http.Request {
	r := httptest.NewRequest("GET", "/books", nil)
	r.RemoteAddr = "192.0.2.7:51234"
	return r
}

var served = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

// middleware compares a whole request: the address as key, headers on the answer.
// The bare handler is part of every row, so ratios are kinder to rivals than the
// overhead alone would be.
func middleware() harness.Table {
	t := harness.Table{Name: "limit: middleware, address key, headers", Kind: harness.CPU, Base: "httprate",
		Notes: []string{"glueful writes RateLimit and RateLimit-Policy beside the three X-RateLimit fields, the others three at most"}}
	t.Open = func(t *harness.Table) (func(), error) {
		store, err := memorystore.New(&memorystore.Config{Tokens: plenty, Interval: time.Minute})
		if err != nil {
			return nil, err
		}
		seth, err := httplimit.NewMiddleware(store, httplimit.IPKeyFunc())
		if err != nil {
			return nil, err
		}
		tb := tollbooth.NewLimiter(plenty/60, nil)
		tb.SetBurst(plenty)
		own := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: plenty, Per: time.Minute}}}
		ul := stdlib.NewMiddleware(ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Minute, Limit: plenty}))
		t.Rows = []harness.Row{
			row("bare", served, ""),
			row("httprate", httprate.LimitBy(plenty, time.Minute, peer)(served), "X-Ratelimit-Remaining"),
			row("glueful", own.Handler(served), "X-Ratelimit-Remaining",
				harness.Target{Against: "httprate", AtMost: 0.5}, harness.Target{What: harness.Allocs, Against: "bare", AtMost: 4}),
			row("sethvargo", seth.Handle(served), "X-Ratelimit-Remaining"),
			row("ulule", ul.Handler(served), "X-Ratelimit-Remaining"),
			row("tollbooth", tollbooth.LimitHandler(tb, served), "X-Rate-Limit-Limit"),
		}
		return nil, nil
	}
	return t
}

func row(name string, h http.Handler, header string, targets ...harness.Target) harness.Row {
	w, r := newSink(), request()
	return harness.Row{
		Name: name,
		Run: func(n int) error {
			for range n {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
			return nil
		},
		Check: func() error {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != http.StatusNoContent || header != "" && len(rec.Header()[header]) == 0 {
				return fmt.Errorf("answered %d with %v", rec.Code, rec.Header())
			}
			return nil
		},
		Targets: targets,
	}
}

// peer is httprate's key: the address of the connection, IPv6 by its /64.
func peer(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return httprate.CanonicalizeIP(host), err
}
