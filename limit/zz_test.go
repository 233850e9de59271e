package limit_test
import ("net/http";"net/http/httptest";"testing";"time";"github.com/glueful/glueful-go/limit")
type nw struct{ h http.Header }
func (s *nw) Header() http.Header         { return s.h }
func (s *nw) WriteHeader(status int)      { }
func (s *nw) Write(p []byte) (int, error) { return len(p), nil }
func BenchmarkMW(b *testing.B) {
	l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 1<<30, Per: time.Minute, Burst: 1<<30}}}
	h := l.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	w := &nw{http.Header{}}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.7:51234"
	for i := 0; i < b.N; i++ { clear(w.h); h.ServeHTTP(w, r) }
}
