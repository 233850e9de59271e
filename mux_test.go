package glueful_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
)

// quiet returns a Mux whose log goes nowhere.
func quiet() *glueful.Mux { return &glueful.Mux{Log: slog.New(slog.DiscardHandler)} }

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, s) })
}

// problem is what every refusal looks like.
type problem struct {
	Type, Title, Detail, Code string
	Status                    int
	RequestID                 string `json:"request_id"`
	Errors                    []struct{ Pointer, In, Name, Code string }
}

// call makes a request over a real connection and returns answer and body.
func call(t *testing.T, h http.Handler, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	req, err := http.NewRequest(method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// isProblem checks that the answer is a problem with the status and returns it.
func isProblem(t *testing.T, resp *http.Response, body string, status int) problem {
	t.Helper()
	if resp.StatusCode != status {
		t.Errorf("status %d, want %d; body %s", resp.StatusCode, status, body)
	}
	if ct := resp.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q, want application/problem+json", ct)
	}
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	if p.Status != status || p.Title == "" {
		t.Errorf("problem %+v, want status %d and a title", p, status)
	}
	if id := resp.Header.Get("X-Request-Id"); id == "" || p.RequestID != id {
		t.Errorf("request id %q in the header, %q in the body", id, p.RequestID)
	}
	return p
}

func TestMux_zeroRoutes(t *testing.T) {
	var m glueful.Mux
	m.Log = slog.New(slog.DiscardHandler)
	m.Handle("GET /a", text("hi"))
	if _, body := call(t, &m, "GET", "/a", ""); body != "hi" {
		t.Errorf("body %q, want hi", body)
	}
}

func TestMux_unrouted(t *testing.T) {
	m := quiet()
	m.Handle("GET /a", text("a"))
	m.Handle("POST /a", text("a"))
	m.Handle("GET /sub/{$}", text("sub"))
	m.Handle("GET /own", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "mine", 404) }))

	t.Run("404 is a problem", func(t *testing.T) {
		resp, body := call(t, m, "GET", "/nope", "")
		isProblem(t, resp, body, 404)
	})
	t.Run("405 is a problem and keeps Allow", func(t *testing.T) {
		resp, body := call(t, m, "DELETE", "/a", "")
		isProblem(t, resp, body, 405)
		if got := resp.Header.Get("Allow"); got != "GET, HEAD, POST" {
			t.Errorf("Allow %q", got)
		}
	})
	t.Run("OPTIONS answers with Allow", func(t *testing.T) {
		resp, body := call(t, m, "OPTIONS", "/a", "")
		if resp.StatusCode != 204 || body != "" || resp.Header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%d %q Allow %q", resp.StatusCode, body, resp.Header.Get("Allow"))
		}
	})
	t.Run("HEAD of an unknown path has no body", func(t *testing.T) {
		resp, body := call(t, m, "HEAD", "/nope", "")
		if resp.StatusCode != 404 || body != "" {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	})
	t.Run("a redirect to the clean path has no HTML", func(t *testing.T) {
		resp, body := call(t, m, "GET", "/x/../a", "")
		if resp.StatusCode != 307 || body != "" || resp.Header.Get("Location") != "/a" || resp.Header.Get("Content-Type") != "" {
			t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
		}
	})
	t.Run("a handler's own 404 is its own", func(t *testing.T) {
		if resp, body := call(t, m, "GET", "/own", ""); resp.StatusCode != 404 || body != "mine\n" {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	})
	t.Run("a mounted Mux answers its own 404 once", func(t *testing.T) {
		outer := quiet()
		outer.Handle("/m/", http.StripPrefix("/m", m))
		resp, body := call(t, outer, "GET", "/m/nope", "")
		isProblem(t, resp, body, 404)
		if _, body := call(t, outer, "GET", "/m/a", ""); body != "a" {
			t.Errorf("mounted route answered %q", body)
		}
	})
}

// wrapping hides the exchange as a compressing middleware would.
type wrapping struct{ http.ResponseWriter }

func (w wrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestMux_mountedBehindAWrapper(t *testing.T) {
	var lines bytes.Buffer
	inner := &glueful.Mux{Log: slog.New(slog.NewTextHandler(&lines, nil))}
	inner.Handle("GET /in", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, glueful.RequestID(r.Context())) }))
	inner.Handle("GET /panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("inner") }))
	outer := &glueful.Mux{Log: slog.New(slog.NewTextHandler(&lines, nil))}
	var id string
	outer.With(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id = glueful.RequestID(r.Context())
			next.ServeHTTP(wrapping{w}, r)
		})
	}).Handle("/", inner)
	for path, status := range map[string]int{"/in": 200, "/panic": 500, "/none": 404} {
		lines.Reset()
		resp, body := call(t, outer, "GET", path, "")
		if resp.StatusCode != status || resp.Header.Get("X-Request-Id") != id || !strings.Contains(body, id) {
			t.Errorf("%s: %d %q, id %q, want %q", path, resp.StatusCode, body, resp.Header.Get("X-Request-Id"), id)
		}
		if n := strings.Count(lines.String(), "msg=request"); n != 1 {
			t.Errorf("%s: %d log lines", path, n)
		}
	}
}

func TestMux_wholeWriter(t *testing.T) {
	m := quiet()
	m.Handle("GET /hints", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		if s := w.(interface{ Status() int }).Status(); s != 0 {
			t.Errorf("status %d after 103", s)
		}
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "tea")
	}))
	m.Handle("GET /raw", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(c, "HTTP/1.1 299 Mine\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			err = c.Close()
		}
		return err
	}))
	m.Handle("GET /pieces", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a")
		w.(http.Flusher).Flush()
		io.Copy(w, strings.NewReader("bc"))
	}))
	hints := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { hints = code; return nil }}
	srv := httptest.NewServer(m)
	defer srv.Close()
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{{"GET", "/hints", 418, "tea"}, {"GET", "/raw", 299, ""}, {"GET", "/pieces", 200, "abc"}, {"HEAD", "/pieces", 200, ""}} {
		req, _ := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), c.method, srv.URL+c.path, nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || string(body) != c.body {
			t.Errorf("%s %s: %d %q", c.method, c.path, resp.StatusCode, body)
		}
	}
	if hints != 103 {
		t.Errorf("early hints: %d", hints)
	}
}

// TestMux_writeString holds that a text is handed on, not copied: one large answer
// to many slow clients is in memory once.
func TestMux_writeString(t *testing.T) {
	m := quiet()
	large := strings.Repeat("x", 1<<20)
	m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, large) }))
	inner := quiet()
	inner.Handle("/", m)
	r := httptest.NewRequest("GET", "/", nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		inner.ServeHTTP(discarding{http.Header{}}, r)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / 20; each > 100<<10 {
		t.Errorf("an answer of 1 MiB allocates %d KiB", each>>10)
	}
}

// discarding takes texts as the server's writer does.
type discarding struct{ header http.Header }

func (w discarding) Header() http.Header               { return w.header }
func (w discarding) WriteHeader(int)                   {}
func (w discarding) Write(p []byte) (int, error)       { return len(p), nil }
func (w discarding) WriteString(s string) (int, error) { return len(s), nil }

// noFlush is a writer that cannot flush.
type noFlush struct{ header http.Header }

func (w noFlush) Header() http.Header         { return w.header }
func (w noFlush) WriteHeader(int)             {}
func (w noFlush) Write(p []byte) (int, error) { return len(p), nil }

func TestMux_flushThatIsNotSupportedSendsNothing(t *testing.T) {
	m := quiet()
	m.Handle("GET /", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Flush: %v", err)
		}
		if s := w.(interface{ Status() int }).Status(); s != 0 {
			t.Errorf("status %d before anything was sent", s)
		}
		return nil
	}))
	m.ServeHTTP(noFlush{http.Header{}}, httptest.NewRequest("GET", "/", nil))
}

func TestMux_log(t *testing.T) {
	var out bytes.Buffer
	m := &glueful.Mux{Log: slog.New(slog.NewJSONHandler(&out, nil))}
	m.Handle("GET /b/{id}", text("hello"))
	m.Handle("GET /fail", glueful.Func(func(http.ResponseWriter, *http.Request) error { return errors.New("pq: secret cause") }))
	m.Handle("GET /panic", glueful.Func(func(http.ResponseWriter, *http.Request) error { panic("boom") }))

	line := func(t *testing.T, path string, header ...string) (map[string]any, *http.Response, string) {
		t.Helper()
		out.Reset()
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		m.ServeHTTP(w, r)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 1 {
			t.Fatalf("%d log lines, want 1: %s", len(lines), out.String())
		}
		var v map[string]any
		if err := json.Unmarshal([]byte(lines[0]), &v); err != nil {
			t.Fatal(err)
		}
		return v, w.Result(), w.Body.String()
	}
	t.Run("names the pattern, the status and the id", func(t *testing.T) {
		v, resp, _ := line(t, "/b/7?token=secret", "Authorization", "Bearer secret")
		if v["route"] != "GET /b/{id}" || v["status"] != 200.0 || v["bytes"] != 5.0 || v["id"] != resp.Header.Get("X-Request-Id") {
			t.Errorf("line %v", v)
		}
		if strings.Contains(out.String(), "secret") {
			t.Errorf("the line holds a secret: %s", out.String())
		}
	})
	t.Run("keeps hostile paths in one line", func(t *testing.T) {
		v, _, _ := line(t, "/x%0d%0a%1b[31m"+strings.Repeat("y", 5000))
		if v["status"] != 404.0 || len(v["path"].(string)) > 1100 {
			t.Errorf("line %v", v)
		}
	})
	t.Run("a failure is one line with its cause, and the client sees none", func(t *testing.T) {
		v, _, body := line(t, "/fail")
		if v["level"] != "ERROR" || !strings.Contains(fmt.Sprint(v["error"]), "secret cause") {
			t.Errorf("line %v", v)
		}
		if strings.Contains(body, "pq") {
			t.Errorf("body %s", body)
		}
	})
	t.Run("a panic is one line with the stack, and the client sees none", func(t *testing.T) {
		v, resp, body := line(t, "/panic")
		if v["level"] != "ERROR" || !strings.Contains(fmt.Sprint(v["error"]), "panic: boom") || !strings.Contains(fmt.Sprint(v["stack"]), "mux_test.go") {
			t.Errorf("line %v", v)
		}
		isProblem(t, resp, body, 500)
		if strings.Contains(body, "boom") {
			t.Errorf("body %s", body)
		}
	})
}

func TestMux_panicAfterTheFirstByteCutsTheConnection(t *testing.T) {
	m := quiet()
	m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[`)
		http.NewResponseController(w).Flush()
		panic("late")
	}))
	srv := httptest.NewServer(m)
	defer srv.Close()
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the cut answer %q looks whole", b)
	}
}

func TestMux_requestID(t *testing.T) {
	m := quiet()
	var seen string
	m.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = glueful.RequestID(r.Context()) }))
	trusting := &glueful.Mux{Log: m.Log, TrustRequestID: true}
	trusting.Handle("GET /", text(""))
	for _, c := range []struct {
		mux        *glueful.Mux
		sent       string
		takenAlong bool
	}{
		{m, "abc", false},
		{trusting, "abc-1._Z", true},
		{trusting, strings.Repeat("a", 65), false},
		{trusting, "a b", false},
		{trusting, "\"x\"", false},
	} {
		resp, _ := call(t, c.mux, "GET", "/", "", "X-Request-Id", c.sent)
		got := resp.Header.Get("X-Request-Id")
		if (got == c.sent) != c.takenAlong || got == "" {
			t.Errorf("sent %q, answered %q", c.sent, got)
		}
	}
	if resp, _ := call(t, m, "GET", "/", ""); seen == "" || seen != resp.Header.Get("X-Request-Id") {
		t.Errorf("context says %q", seen)
	}
}

func TestMux_limits(t *testing.T) {
	m := quiet()
	m.MaxBody = 10
	var deadline time.Duration
	read := glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		if d, ok := r.Context().Deadline(); ok {
			deadline = time.Until(d)
		}
		_, err := io.ReadAll(r.Body)
		return err
	})
	m.Handle("POST /small", read)
	big := m.Group("/big")
	big.MaxBody, big.Timeout = 20, time.Hour
	big.Handle("POST /", read)

	for _, c := range []struct {
		path   string
		size   int
		status int
	}{{"/small", 9, 200}, {"/small", 10, 200}, {"/small", 11, 413}, {"/big/", 20, 200}, {"/big/", 21, 413}} {
		if resp, _ := call(t, m, "POST", c.path, strings.Repeat("x", c.size)); resp.StatusCode != c.status {
			t.Errorf("%s with %d bytes: %d, want %d", c.path, c.size, resp.StatusCode, c.status)
		}
	}
	if deadline < 59*time.Minute {
		t.Errorf("deadline of the group %v, want an hour", deadline)
	}
	call(t, m, "POST", "/small", "")
	if deadline > 30*time.Second || deadline < 20*time.Second {
		t.Errorf("default deadline %v, want 30 s", deadline)
	}
}

func TestMux_deadlineIs504(t *testing.T) {
	m := quiet()
	m.Timeout = time.Millisecond
	m.Handle("GET /", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return fmt.Errorf("query: %w", r.Context().Err())
	}))
	resp, body := call(t, m, "GET", "/", "")
	isProblem(t, resp, body, 504)
}

func TestMux_mistakesPanicWithFileAndLine(t *testing.T) {
	m := quiet()
	m.Handle("GET /taken/{x}", text(""))
	nilMiddleware := func(http.Handler) http.Handler { return nil }
	for name, f := range map[string]func(){
		"nil handler":        func() { m.Handle("GET /", nil) },
		"no path":            func() { m.Handle("GET", text("")) },
		"bad wildcard":       func() { m.Handle("GET /{", text("")) },
		"conflict":           func() { m.Handle("GET /taken/{y}", text("")) },
		"bad prefix":         func() { m.Group("v1") },
		"prefix with slash":  func() { m.Group("/v1/") },
		"nil middleware":     func() { m.With(nil) },
		"middleware of nil":  func() { m.With(nilMiddleware).Handle("GET /n", text("")) },
		"order":              func() { m.With(needs("user"), provides("user")).Handle("GET /o", text("")) },
		"Do of a non-struct": func() { m.Handle("GET /d", glueful.Do(func(context.Context, int) (string, error) { return "", nil })) },
		"Func of nil":        func() { glueful.Func(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				p := fmt.Sprint(recover())
				if !strings.HasPrefix(p, "glueful: ") || !strings.Contains(p, "mux_test.go:") {
					t.Errorf("panic %q, want the package and this file's line", p)
				}
				if strings.Contains(p, "/mux.go:") {
					t.Errorf("panic %q names the framework's own file", p)
				}
			}()
			f()
		})
	}
	m.With(provides("user"), needs("user")).Handle("GET /o", text("")) // the right order registers
}

type stating struct {
	http.Handler
	needs, provides []string
}

func (s stating) Needs() []string    { return s.needs }
func (s stating) Provides() []string { return s.provides }
func (s stating) Guard() string      { return "signed in" }
func (s stating) Limit() string      { return "5/1m0s" }

func needs(what string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return stating{next, []string{what}, nil} }
}

func provides(what string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return stating{next, nil, []string{what}} }
}

func TestMux_Routes(t *testing.T) {
	m := quiet()
	api := m.Group("/v1", provides("user"))
	api.Handle("GET /books/{id}", glueful.Do(func(ctx context.Context, in glueful.ByID[int64]) (map[string]int64, error) {
		return map[string]int64{"id": in.ID}, nil
	}))
	m.Handle("/files/", text(""))
	routes := slices.Collect(m.Routes())
	if len(routes) != 2 {
		t.Fatalf("%d routes, want 2", len(routes))
	}
	r := routes[0]
	if r.Method != "GET" || r.Path != "/v1/books/{id}" || r.Pattern != "GET /v1/books/{id}" || !strings.Contains(r.Source, "mux_test.go:") {
		t.Errorf("route %+v", r)
	}
	if r.In.Name() != "ByID[int64]" || r.Out.Kind().String() != "map" || r.Status != 200 {
		t.Errorf("types %v %v %d", r.In, r.Out, r.Status)
	}
	if !slices.Equal(r.Guards, []string{"signed in"}) || !slices.Equal(r.Limits, []string{"5/1m0s"}) || len(r.Middleware) != 1 {
		t.Errorf("middleware %v, guards %v, limits %v", r.Middleware, r.Guards, r.Limits)
	}
	if r := routes[1]; r.Method != "" || r.Path != "/files/" || r.In != nil {
		t.Errorf("route %+v", r)
	}
}

func TestMux_pathValuesAreDecodedOnce(t *testing.T) {
	m := quiet()
	m.Handle("GET /f/{name}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.PathValue("name")) }))
	for path, want := range map[string]string{"/f/a%2Fb": "a/b", "/f/a%252Fb": "a%2Fb", "/f/%25": "%"} {
		if _, body := call(t, m, "GET", path, ""); body != want {
			t.Errorf("%s gave %q, want %q", path, body, want)
		}
	}
}
