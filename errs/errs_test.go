package errs_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/errs"
)

// ask writes err to a GET request and returns the answer, the body decoded, and the log lines.
func ask(t *testing.T, h *errs.Handler, r *http.Request, err error) (*httptest.ResponseRecorder, map[string]any, []map[string]any) {
	t.Helper()
	var log bytes.Buffer
	c := *h
	c.Log = slog.New(slog.NewJSONHandler(&log, nil))
	if r == nil {
		r = httptest.NewRequest("GET", "/things/1?token=sesame", nil)
	}
	w := httptest.NewRecorder()
	c.Write(w, r, err)
	var body map[string]any
	if w.Body.Len() > 0 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
		if e := json.Unmarshal(w.Body.Bytes(), &body); e != nil {
			t.Fatalf("body %q: %v", w.Body, e)
		}
	}
	return w, body, lines(t, &log)
}

func lines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range bytes.Lines(log.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

type stateError string

func (s stateError) Error() string    { return "pq: secret_table is broken" }
func (s stateError) SQLState() string { return string(s) }

func TestWrite_status(t *testing.T) {
	expired, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	<-expired.Done()
	tests := []struct {
		claim string
		err   error
		want  int
		code  string
	}{
		{"unknown error is a 500", errors.New("boom"), 500, "internal"},
		{"nil is a 500", nil, 500, "internal"},
		{"zero Error is a 500", &errs.Error{}, 500, ""},
		{"catalogue entry", errs.Gone, 410, "gone"},
		{"deep in a tree", fmt.Errorf("a: %w", errors.Join(errors.New("b"), fmt.Errorf("c: %w", errs.Conflict))), 409, "conflict"},
		{"the first in the tree answers", errors.Join(errs.Forbidden, errs.NotFound), 403, "forbidden"},
		{"the wrapping error answers, not the wrapped", errs.Forbidden.Wrap(sql.ErrNoRows), 403, "forbidden"},
		{"no mapper overrules a status", errs.Unprocessable.Wrap(context.DeadlineExceeded), 422, "unprocessable"},
		{"no row", fmt.Errorf("find: %w", sql.ErrNoRows), 404, "not_found"},
		{"body too large", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 1}), 413, "too_large"},
		{"multipart too large", multipart.ErrMessageTooLarge, 413, "too_large"},
		{"not multipart", http.ErrNotMultipart, 415, "unsupported_media_type"},
		{"no boundary", http.ErrMissingBoundary, 400, "bad_request"},
		{"deadline", fmt.Errorf("query: %w", expired.Err()), 504, "timeout"},
		{"i/o deadline", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, 504, "timeout"},
		{"peer refused", &net.OpError{Op: "dial", Err: errors.New("refused")}, 503, "unavailable"},
		{"cancelled by the program itself", context.Canceled, 500, "internal"},
		{"connection done", sql.ErrConnDone, 503, "unavailable"},
		{"bad connection", driver.ErrBadConn, 503, "unavailable"},
		{"unique", stateError("23505"), 409, "conflict"},
		{"foreign key", stateError("23503"), 409, "conflict"},
		{"exclusion", stateError("23P01"), 409, "conflict"},
		{"check is the program's fault", stateError("23514"), 500, "internal"},
		{"undefined table", stateError("42P01"), 500, "internal"},
		{"statement timeout", stateError("57014"), 504, "timeout"},
		{"deadlock", stateError("40P01"), 503, "unavailable"},
		{"shut down", stateError("57P01"), 503, "unavailable"},
		{"connection class", stateError("08006"), 503, "unavailable"},
		{"too many connections", stateError("53300"), 503, "unavailable"},
		{"an empty state", stateError(""), 500, "internal"},
		{"a status of success is a mistake", foreign{status: 200}, 500, ""},
		{"a status out of range is a mistake", foreign{status: 42}, 500, ""},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			w, body, log := ask(t, &errs.Handler{}, nil, tt.err)
			if w.Code != tt.want || int(body["status"].(float64)) != tt.want {
				t.Errorf("status %d, body %v, want %d", w.Code, body["status"], tt.want)
			}
			if got, _ := body["code"].(string); got != tt.code {
				t.Errorf("code %q, want %q", got, tt.code)
			}
			if got, want := len(log), boolInt(tt.want >= 500); got != want {
				t.Errorf("%d log lines, want %d", got, want)
			}
			if want := w.Header().Get("X-Request-Id"); tt.want >= 500 && (want == "" || body["request_id"] != want || log[0]["request_id"] != want) {
				t.Errorf("request id: header %q, body %v, log %v", want, body["request_id"], log[0]["request_id"])
			}
		})
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// foreign is an error of another package: methods only.
type foreign struct {
	status  int
	code    string
	message string
	details any
	header  http.Header
	cause   error
}

func (f foreign) Error() string           { return "foreign: internal words" }
func (f foreign) HTTPStatus() int         { return f.status }
func (f foreign) ErrorCode() string       { return f.code }
func (f foreign) PublicMessage() string   { return f.message }
func (f foreign) ErrorDetails() any       { return f.details }
func (f foreign) HTTPHeader() http.Header { return f.header }
func (f foreign) Unwrap() error           { return f.cause }

func TestWrite_details(t *testing.T) {
	list := []map[string]string{{"pointer": "#/title", "code": "required"}}
	tests := []struct {
		claim   string
		details any
		want    string
	}{
		{"nothing", nil, ``},
		{"a string is the detail", "why", `,"detail":"why"`},
		{"an empty string is nothing", "", ``},
		{"a list is errors", list, `,"errors":[{"code":"required","pointer":"#/title"}]`},
		{"a nil list is nothing", []string(nil), ``},
		{"an object adds members in its order", struct {
			Z int `json:"z"`
			A int `json:"a"`
		}{1, 2}, `,"z":1,"a":2`},
		{"an object may hold detail and errors", struct {
			Detail string `json:"detail"`
			Errors []int  `json:"errors"`
		}{"why", []int{1}}, `,"detail":"why","errors":[1]`},
		{"errors is a list or nothing", map[string]any{"errors": 5}, ``},
		{"detail is a string or nothing", map[string]any{"detail": []int{1}}, ``},
		{"reserved members win", map[string]any{"status": 200, "title": "x", "type": "x", "code": "x", "request_id": "x", "ok": true}, `,"ok":true`},
		{"also in another case", map[string]any{"Status": 200, "TITLE": "x", "ok": true}, `,"ok":true`},
		{"a name comes once", json.RawMessage(`{"a":1,"a":2,"A":3}`), `,"a":1`},
		{"a number is nothing", 5, ``},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			w, _, _ := ask(t, &errs.Handler{}, nil, foreign{status: 409, code: "c", message: "Title", details: tt.details})
			want := `{"title":"Title","status":409,"code":"c"` + tt.want + `}`
			if w.Body.String() != want {
				t.Errorf("got  %s\nwant %s", w.Body, want)
			}
			w, _, _ = ask(t, &errs.Handler{}, nil, foreign{status: 503, code: "c", message: "Title", details: tt.details})
			if want := `{"title":"Title","status":503,"code":"c","request_id":"` + w.Header().Get("X-Request-Id") + `"}`; w.Body.String() != want {
				t.Errorf("5xx: got  %s\nwant %s", w.Body, want)
			}
		})
	}
	t.Run("a detail that cannot be written is named in the log", func(t *testing.T) {
		_, body, log := ask(t, &errs.Handler{}, nil, foreign{status: 409, details: math.NaN()})
		if len(body) != 2 || len(log) != 1 || !strings.Contains(fmt.Sprint(log[0]["note"]), "details") {
			t.Errorf("body %v, log %v", body, log)
		}
	})
	t.Run("what is wrapped beneath is not asked", func(t *testing.T) {
		w, _, _ := ask(t, &errs.Handler{}, nil, errs.Forbidden.Wrap(foreign{status: 409, details: "inner", header: http.Header{"X-Inner": {"1"}}}))
		if strings.Contains(w.Body.String(), "inner") || w.Header().Get("X-Inner") != "" {
			t.Errorf("leaked: %s %v", w.Body, w.Header())
		}
	})
	t.Run("a wrapped renderer is not asked", func(t *testing.T) {
		w, _, _ := ask(t, &errs.Handler{}, nil, errs.Forbidden.Wrap(TeapotError{}))
		if w.Code != 403 {
			t.Errorf("status %d, want 403", w.Code)
		}
	})
}

type spoken struct{ foreign }

func (s spoken) DetailsIn(lang string) any { return "in " + lang }

func TestWrite_language(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "de-AT, en;q=0.5")
	w, body, _ := ask(t, &errs.Handler{}, r, spoken{foreign{status: 422, details: "default"}})
	if body["detail"] != "in de-AT, en;q=0.5" || w.Header().Get("Vary") != "Accept-Language" {
		t.Errorf("body %v, Vary %q", body, w.Header().Get("Vary"))
	}
}

func TestWrite_headers(t *testing.T) {
	tests := []struct {
		claim string
		err   error
		name  string
		want  []string
	}{
		{"401 has a challenge", errs.Unauthorized, "WWW-Authenticate", []string{"Bearer"}},
		{"a challenge of one's own replaces the default", errs.Unauthorized.Header("WWW-Authenticate", `Basic realm="x"`).Header("WWW-Authenticate", "Bearer"), "WWW-Authenticate", []string{`Basic realm="x"`, "Bearer"}},
		{"a 401 from elsewhere gets one too", foreign{status: 401}, "WWW-Authenticate", []string{"Bearer"}},
		{"an expired token says so", errs.TokenExpired, "WWW-Authenticate", []string{`Bearer error="invalid_token", error_description="The access token expired"`}},
		{"405 has Allow", errs.MethodNotAllowed.Header("Allow", "GET, HEAD"), "Allow", []string{"GET, HEAD"}},
		{"Retry-After is rounded up", errs.Unavailable.Retry(1001 * time.Millisecond), "Retry-After", []string{"2"}},
		{"a whole second stays", errs.Unavailable.Retry(time.Second), "Retry-After", []string{"1"}},
		{"a negative wait is 0", errs.Unavailable.Retry(-time.Hour), "Retry-After", []string{"0"}},
		{"the last wait counts", errs.Unavailable.Retry(time.Second).Retry(time.Minute), "Retry-After", []string{"60"}},
		{"a serialization failure may be tried again", stateError("40001"), "Retry-After", []string{"1"}},
		{"media type belongs to the problem", errs.Gone.Header("Content-Type", "text/html"), "Content-Type", []string{"application/problem+json"}},
		{"length belongs to the problem", errs.Gone.Header("content-length", "5"), "Content-Length", nil},
		{"errors are not cached", errs.Gone, "Cache-Control", []string{"no-store"}},
		{"unless they say so", errs.Gone.Header("Cache-Control", "max-age=60"), "Cache-Control", []string{"max-age=60"}},
		{"headers of the lost answer go", errs.Gone, "Etag", nil},
		{"encoding of the lost answer goes", errs.Gone, "Content-Encoding", nil},
		{"a 304 keeps its validators", foreign{status: 304}, "Etag", []string{`"1"`}},
		{"what varied still varies", foreign{status: 409, header: http.Header{"Vary": {"Origin"}}}, "Vary", []string{"Accept", "Origin"}},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			w := httptest.NewRecorder()
			for k, v := range map[string]string{"Etag": `"1"`, "Content-Encoding": "gzip", "Content-Length": "9", "Vary": "Accept"} {
				w.Header().Set(k, v)
			}
			h := errs.Handler{Log: slog.New(slog.DiscardHandler)}
			h.Write(w, httptest.NewRequest("GET", "/", nil), tt.err)
			if got := w.Header().Values(tt.name); !slices.Equal(got, tt.want) {
				t.Errorf("%s = %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}

func TestWrite_noBody(t *testing.T) {
	for _, tt := range []struct {
		method string
		err    error
	}{{"HEAD", errs.NotFound}, {"HEAD", errors.New("boom")}, {"GET", foreign{status: 204}}, {"GET", foreign{status: 304, details: "x"}}} {
		w, _, _ := ask(t, &errs.Handler{}, httptest.NewRequest(tt.method, "/", nil), tt.err)
		if w.Body.Len() != 0 {
			t.Errorf("%s %v: body %q", tt.method, tt.err, w.Body)
		}
	}
}

func TestWrite_clientGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	for _, err := range []error{context.Canceled, fmt.Errorf("q: %w", context.Canceled), stateError("57014"), errs.Unavailable.Wrap(context.Canceled)} {
		w, _, log := ask(t, &errs.Handler{}, r, err)
		if w.Code != 499 || w.Body.Len() != 0 || len(log) != 0 {
			t.Errorf("%v: status %d, body %q, %d log lines", err, w.Code, w.Body, len(log))
		}
	}
	w, _, log := ask(t, &errs.Handler{}, r, errors.New("a real fault"))
	if w.Code != 500 || len(log) != 1 {
		t.Errorf("a fault behind a client that left: status %d, %d log lines, want 500 and 1", w.Code, len(log))
	}
	_, _, log = ask(t, &errs.Handler{Quiet: func(error, int) bool { return false }}, r, context.Canceled)
	if len(log) != 1 || log[0]["level"] != "INFO" || log[0]["status"] != 499.0 {
		t.Errorf("asked for, a departure is one line at INFO: %v", log)
	}
}

func TestError_values(t *testing.T) {
	base := errs.Conflict
	a := base.Set("n", 1).Header("X-A", "1")
	b := a.Set("n", 2).Set("m", []int{1}).Header("X-A", "2").Detailf("why %d", 1)
	c := a.Set("k", 3)
	t.Run("copies do not touch what they came from", func(t *testing.T) {
		if base.ErrorDetails() != nil || base.HTTPHeader() != nil {
			t.Errorf("entry changed: %v %v", base.ErrorDetails(), base.HTTPHeader())
		}
		if got := fmt.Sprint(a.ErrorDetails(), a.HTTPHeader()); got != "map[n:1] map[X-A:[1]]" {
			t.Error(got)
		}
		if got := fmt.Sprint(b.ErrorDetails(), b.HTTPHeader()); got != "map[detail:why 1 m:[1] n:2] map[X-A:[1 2]]" {
			t.Error(got)
		}
		if got := fmt.Sprint(c.ErrorDetails()); got != "map[k:3 n:1]" {
			t.Error(got)
		}
		b.HTTPHeader().Set("X-A", "changed")
		if b.HTTPHeader().Get("X-A") != "1" {
			t.Error("HTTPHeader is not a copy")
		}
	})
	t.Run("identity is the entry's pointer", func(t *testing.T) {
		other := new(errs.Catalog).New(409, "conflict", "Conflict")
		if !errors.Is(fmt.Errorf("x: %w", b), errs.Conflict) || errors.Is(b, other) || errors.Is(base, b) || errors.Is(b, (*errs.Error)(nil)) {
			t.Error("Is")
		}
	})
	t.Run("wrap keeps both", func(t *testing.T) {
		err := errs.Internal.Wrap(io.ErrUnexpectedEOF)
		if !errors.Is(err, errs.Internal) || !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "internal: unexpected EOF" {
			t.Error(err)
		}
	})
	t.Run("a member that cannot be written is named in the log", func(t *testing.T) {
		w, body, log := ask(t, &errs.Handler{}, nil, base.Set("bad", func() {}).Set("good", 1))
		if w.Code != 409 || body["good"] != 1.0 || len(log) != 1 || !strings.Contains(fmt.Sprint(log[0]["note"]), "bad") {
			t.Errorf("body %v, log %v", body, log)
		}
	})
	t.Run("reserved members win over Set", func(t *testing.T) {
		w, _, _ := ask(t, &errs.Handler{}, nil, base.Detailf("d").Set("status", 200).Set("Detail", "x").Set("errors", 1).Set("request_id", "x").Set("debug", 1))
		if want := `{"title":"Conflict","status":409,"code":"conflict","detail":"d"}`; w.Body.String() != want {
			t.Errorf("got %s", w.Body)
		}
	})
	t.Run("as a log value it is a group", func(t *testing.T) {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "err", b.Wrap(errors.New("password=hunter2\n")))
		if s := log.String(); !strings.Contains(s, `"err":{"code":"conflict","status":409,"detail":"why 1","cause":"password=[redacted]`) {
			t.Error(s)
		}
	})
}

func TestCatalog(t *testing.T) {
	for _, tt := range []struct {
		claim  string
		status int
		code   string
		title  string
	}{
		{"status of success", 200, "a", "A"}, {"status too high", 600, "a", "A"}, {"no code", 400, "", "A"},
		{"code in upper case", 400, "A", "A"}, {"code with a space", 400, "a b", "A"}, {"no title", 400, "a", ""}, {"code taken", 400, "taken", "A"},
	} {
		t.Run(tt.claim+" panics", func(t *testing.T) {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "errs: ") {
					t.Errorf("recovered %v", v)
				}
			}()
			var c errs.Catalog
			c.New(400, "taken", "Taken")
			c.New(tt.status, tt.code, tt.title)
		})
	}
	t.Run("HTTP lists every kind once", func(t *testing.T) {
		all := errs.HTTP.All()
		statuses := map[int]bool{}
		for i, e := range all {
			statuses[e.HTTPStatus()] = true
			if i > 0 && all[i-1].HTTPStatus() > e.HTTPStatus() {
				t.Errorf("not ordered at %v", e)
			}
			if !errors.Is(e, e) || e.Type() != "" {
				t.Errorf("%v is not its own entry", e)
			}
		}
		for _, s := range []int{400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 429, 500, 503, 504} {
			if !statuses[s] {
				t.Errorf("no kind for %d", s)
			}
		}
		if len(all) != 21 {
			t.Errorf("%d kinds, want 21", len(all))
		}
	})
}

func TestHandler_debug(t *testing.T) {
	err := fmt.Errorf("load: %w", errs.Internal.Detailf("shown to developers").Wrap(errors.Join(errors.New("one"), errors.New("two"))))
	_, body, _ := ask(t, &errs.Handler{}, nil, err)
	if body["detail"] != nil || body["debug"] != nil {
		t.Errorf("production says %v", body)
	}
	_, body, log := ask(t, &errs.Handler{Debug: true}, nil, err)
	if body["detail"] != "shown to developers" {
		t.Errorf("detail %v", body["detail"])
	}
	text, _ := json.Marshal(body["debug"])
	for _, want := range []string{`*fmt.wrapError`, `*errs.Error`, `"two"`, "TestHandler_debug", "errs_test.go:"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("debug lacks %s: %s", want, text)
		}
	}
	if !strings.Contains(fmt.Sprint(log[0]["stack"]), "TestHandler_debug") {
		t.Errorf("the log lacks the stack of Wrap: %v", log[0])
	}
}

// serve runs a handler behind Recover on a real server and returns its address and its log.
func serve(t *testing.T, next http.Handler) (string, func() []map[string]any) {
	t.Helper()
	var log bytes.Buffer
	h := &errs.Handler{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	srv := httptest.NewUnstartedServer(h.Recover(next))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL, func() []map[string]any { srv.Close(); return lines(t, &log) }
}

func TestRecover(t *testing.T) {
	h := &errs.Handler{Log: slog.New(slog.DiscardHandler)}
	mux := http.NewServeMux()
	mux.HandleFunc("/before", func(http.ResponseWriter, *http.Request) { panic("secret_table") })
	mux.HandleFunc("/status", func(http.ResponseWriter, *http.Request) { panic(errs.NotFound) })
	mux.HandleFunc("/nil", func(http.ResponseWriter, *http.Request) { var e *foreign; panic(e.Error()) })
	mux.HandleFunc("/after", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "half"); panic("late") })
	mux.HandleFunc("/flushed", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).Flush()
		panic("late")
	})
	mux.HandleFunc("/copied", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, strings.NewReader("half")); panic("late") })
	mux.Handle("/late", h.Func(func(w http.ResponseWriter, r *http.Request) error {
		io.WriteString(w, "half")
		return errs.Conflict
	}))
	mux.HandleFunc("/early-hints", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); panic("not begun") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.Handle("/abort-error", h.Func(func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("x: %w", http.ErrAbortHandler)
	}))
	url, log := serve(t, mux)

	for _, path := range []string{"/before", "/status", "/nil", "/early-hints"} {
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		want := `{"title":"Internal Server Error","status":500,"code":"internal","request_id":"` + resp.Header.Get("X-Request-Id") + `"}`
		if err != nil || resp.StatusCode != 500 || string(body) != want {
			t.Errorf("%s: %d %s %v", path, resp.StatusCode, body, err)
		}
	}
	for _, path := range []string{"/after", "/flushed", "/copied", "/late", "/abort", "/abort-error"} {
		if aborted := getAborted(t, url+path); !aborted {
			t.Errorf("%s: looks like a whole answer", path)
		}
	}
	got := log()
	var patterns []string
	for _, l := range got {
		patterns = append(patterns, fmt.Sprint(l["pattern"]))
		if stack := fmt.Sprint(l["stack"]); !strings.Contains(stack, "TestRecover") {
			t.Errorf("%v has no stack of the panic: %v", l["pattern"], stack)
		}
	}
	if want := []string{"/before", "/status", "/nil", "/early-hints", "/after", "/flushed", "/copied"}; !slices.Equal(patterns, want) {
		t.Errorf("logged %v, want %v", patterns, want)
	}
}

func getAborted(t *testing.T, url string) bool {
	t.Helper()
	// A fresh connection: on a kept one the client would try a second time.
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(url)
	if err != nil {
		return true
	}
	defer resp.Body.Close()
	_, err = io.ReadAll(resp.Body)
	return err != nil
}

type badRenderer struct{ write bool }

func (badRenderer) Error() string { return "bad renderer" }
func (b badRenderer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if b.write {
		io.WriteString(w, "half")
	}
	panic("renderer")
}

func TestWrite_hostileErrors(t *testing.T) {
	t.Run("a typed nil is a 500", func(t *testing.T) {
		var err *foreign
		w, _, log := ask(t, &errs.Handler{}, nil, err)
		if w.Code != 500 || len(log) != 1 {
			t.Errorf("%d, %d log lines", w.Code, len(log))
		}
	})
	t.Run("a renderer that panics is a 500", func(t *testing.T) {
		w, body, _ := ask(t, &errs.Handler{}, nil, badRenderer{})
		if w.Code != 500 || body["code"] != "internal" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("a renderer that panics halfway aborts", func(t *testing.T) {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("recovered %v", v)
			}
		}()
		ask(t, &errs.Handler{}, nil, badRenderer{write: true})
	})
	t.Run("an error that wraps itself ends", func(t *testing.T) {
		l := &loop{}
		if w, _, _ := ask(t, &errs.Handler{Map: []func(error) error{}, Quiet: func(error, int) bool { return true }}, nil, l); w.Code != 500 {
			t.Errorf("%d", w.Code)
		}
	})
}

// loop unwraps to itself often enough to be a cycle for every practical purpose.
type loop struct{ n int }

func (l *loop) Error() string { return "loop" }
func (l *loop) Unwrap() error {
	if l.n++; l.n > 1e6 {
		return nil
	}
	return l
}

// nullWriter costs nothing, so that what is counted is ours.
type nullWriter struct{ h http.Header }

func (n nullWriter) Header() http.Header         { return n.h }
func (n nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (n nullWriter) WriteHeader(int)             {}
func (n nullWriter) Status() int                 { return 0 }

func TestWrite_allocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	w := nullWriter{http.Header{"X-Request-Id": {"0123456789abcdef"}}}
	r := httptest.NewRequest("GET", "/things/1", nil)
	derived := errs.Conflict.Detailf("seat %d is taken", 4).Set("seat", "4").Retry(time.Second)
	for name, err := range map[string]error{"entry": errs.NotFound, "derived": derived, "wrapped": error(fmt.Errorf("x: %w", errs.NotFound))} {
		if n := testing.AllocsPerRun(1000, func() { errs.Write(w, r, err) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}
