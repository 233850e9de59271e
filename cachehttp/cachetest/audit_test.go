package cachetest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
)

// failures counts what a test would have reported.
type failures struct {
	testing.TB
	list []string
}

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

func TestAudit(t *testing.T) {
	n := 0
	for name, c := range map[string]struct {
		want    int
		handler http.HandlerFunc
		headers []string
	}{
		"a handler that reads nothing passes": {0, func(w http.ResponseWriter, r *http.Request) {}, nil},
		"a field in Vary passes": {0, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "accept-language")
			fmt.Fprint(w, r.Header.Get("Accept-Language"))
		}, nil},
		"a keyed field passes":      {0, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-Tenant")) }, []string{"x-tenant"}},
		"an unkeyed field is found": {1, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-Forwarded-Host")) }, nil},
		"a branch on a value is found": {1, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto") == "https")
		}, nil},
		"an unsteady handler is found": {1, func(w http.ResponseWriter, r *http.Request) { n++; fmt.Fprint(w, n) }, nil},
	} {
		f := &failures{TB: t}
		cachetest.Audit(f, &cachehttp.Cache{Headers: c.headers}, c.handler, httptest.NewRequest("GET", "/a", nil), "X-Tenant")
		if len(f.list) != c.want {
			t.Errorf("%s: %q", name, f.list)
		}
	}
}
