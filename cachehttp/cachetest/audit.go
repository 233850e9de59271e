package cachetest

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/cachehttp"
)

// suspects are request fields that handlers read and caches do not key.
var suspects = []string{
	"X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-For", "X-Forwarded-Server",
	"Forwarded", "X-Host", "X-Original-Host", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override",
	"X-Real-Ip", "Accept", "Accept-Language", "Accept-Encoding", "User-Agent", "Origin", "Referer", "X-Requested-With",
}

// Audit fails the test if the handler's answer to the GET request r changes
// with a request field that is neither named in Vary nor in cache.Headers: one
// client could then decide what others get. It tries the fields that attacks
// and negotiation use, those r has, and more. h is the handler without the
// cache.
func Audit(t testing.TB, cache *cachehttp.Cache, h http.Handler, r *http.Request, more ...string) {
	t.Helper()
	plain, vary := ask(h, r)
	if again, _ := ask(h, r); again != plain {
		t.Errorf("cachetest: %s answers the same request in two ways", r.URL)
		return
	}
	names := append(slices.Clone(suspects), more...)
	for name := range r.Header {
		names = append(names, name)
	}
	for _, name := range cache.Headers {
		vary = append(vary, http.CanonicalHeaderKey(name))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		name = http.CanonicalHeaderKey(name)
		for _, value := range []string{"audit.example", "/audit", "de", "https", "POST"} {
			changed := r.Clone(r.Context())
			changed.Header.Set(name, value)
			answer, also := ask(h, changed)
			if answer != plain && !slices.Contains(vary, name) && !slices.Contains(also, name) {
				t.Errorf("cachetest: the answer of %s depends on %s, which is neither in Vary nor keyed", r.URL, name)
				break
			}
		}
	}
}

// ask returns everything about an answer but its Date, and its Vary.
func ask(h http.Handler, r *http.Request) (answer string, vary []string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.Clone(r.Context()))
	res := w.Result()
	res.Header.Del("Date")
	var b bytes.Buffer
	fmt.Fprintln(&b, res.StatusCode)
	res.Header.Write(&b)
	b.Write(w.Body.Bytes())
	for _, line := range res.Header["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			vary = append(vary, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return b.String(), vary
}
