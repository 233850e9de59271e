// Package errsbench measures errs: from an error to an HTTP answer.
//
// The rivals are used as their documentation shows: a struct and json.Marshal
// as in RFC 9457's examples; [http.Error]; echo's default error handler
// (https://echo.labstack.com/docs/error-handling); huma's error model
// (https://huma.rocks/features/response-errors/).
package errsbench

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/internal/bench/harness"
)

// sink is a response writer that costs nothing, so that the rows differ in
// their own work only. Before each answer its headers are what a base layer
// leaves: the request id.
type sink struct {
	header http.Header
	status int
	size   int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.size += len(p); return len(p), nil }

var requestID = []string{"0123456789abcdef"}

func (s *sink) reset() {
	clear(s.header)
	s.header["X-Request-Id"] = requestID
}

// problem is the struct a careful author would write by hand.
type problem struct {
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Code      string       `json:"code,omitempty"`
	RequestID string       `json:"request_id,omitempty"`
	Detail    string       `json:"detail,omitempty"`
	Errors    []fieldError `json:"errors,omitempty"`
}

type fieldError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

var three = []fieldError{
	{"#/title", "required", "is required"},
	{"#/pages", "min", "must be at least 1"},
	{"#/author_id", "exists", "does not exist"},
}

// invalid is an error of another package: methods only.
type invalid struct{}

func (*invalid) Error() string         { return "invalid" }
func (*invalid) HTTPStatus() int       { return http.StatusUnprocessableEntity }
func (*invalid) ErrorCode() string     { return "invalid" }
func (*invalid) PublicMessage() string { return "Unprocessable Content" }
func (*invalid) ErrorDetails() any     { return three }

// handler is one way to answer with an error.
type handler func(w http.ResponseWriter, r *http.Request)

// row measures h, and checks that it answers with status and a body that holds want.
func row(name string, status int, want string, h handler, targets ...harness.Target) harness.Row {
	w, r := &sink{header: http.Header{}}, httptest.NewRequest("GET", "/books/7", nil)
	return harness.Row{
		Name: name,
		Run: func(n int) error {
			for range n {
				w.reset()
				h(w, r)
			}
			return nil
		},
		Check: func() error {
			rec := httptest.NewRecorder()
			rec.Header().Set("X-Request-Id", "0123456789abcdef")
			h(rec, r)
			if rec.Code != status || !strings.Contains(rec.Body.String(), want) {
				return fmt.Errorf("answered %d %s", rec.Code, rec.Body)
			}
			return nil
		},
		Targets: targets,
	}
}

func write(err error) handler {
	return func(w http.ResponseWriter, r *http.Request) { errs.Write(w, r, err) }
}

// marshal answers as hand-written code does.
func marshal(p problem) handler {
	return func(w http.ResponseWriter, r *http.Request) {
		p := p
		p.RequestID = w.Header().Get("X-Request-Id")
		body, err := json.Marshal(&p)
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(p.Status)
		_, _ = w.Write(body)
	}
}

// Tables compares answers to a missing book, a faulty input and a broken database.
func Tables() []harness.Table {
	notFound := problem{Title: "Not Found", Status: 404, Code: "not_found"}
	faulty := problem{Title: "Unprocessable Content", Status: 422, Code: "invalid", Errors: three}
	noRows := fmt.Errorf("find book 7: %w", sql.ErrNoRows)
	silent := &errs.Handler{Log: slog.New(slog.NewJSONHandler(discard{}, nil))}
	broken := errors.New("pq: relation does not exist")
	return []harness.Table{
		{
			Name: "errs: 404 from the catalogue",
			Base: "struct marshal",
			Rows: []harness.Row{
				row("glueful", 404, `"request_id"`, write(errs.NotFound),
					harness.Target{Against: "struct marshal", AtMost: 0.30}, harness.Target{What: harness.Allocs}),
				row("glueful, wrapped", 404, `"request_id"`, write(fmt.Errorf("show: %w", errs.NotFound))),
				row("glueful, mapped sql.ErrNoRows", 404, `"request_id"`, write(noRows)),
				row("struct marshal", 404, `"request_id"`, marshal(notFound)),
				row("map marshal", 404, `"request_id"`, mapped),
				row("http.Error", 404, "Not Found", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "Not Found", 404) }),
				row("echo 4.16 default handler", 404, `"message"`, echoed()),
				row("huma 2.37 error model", 404, `"status":404`, humaError),
			},
		},
		{
			Name: "errs: 422 with three field errors",
			Base: "struct marshal",
			Rows: []harness.Row{
				row("glueful, error of another room", 422, `"errors":[{`, write(&invalid{})),
				row("struct marshal", 422, `"errors":[{`, marshal(faulty)),
			},
		},
		{
			Name: "errs: 500, logged as JSON",
			Base: "struct marshal + slog",
			Rows: []harness.Row{
				row("glueful", 500, `"internal"`, func(w http.ResponseWriter, r *http.Request) { silent.Write(w, r, broken) }),
				row("struct marshal + slog", 500, `"internal"`, func(w http.ResponseWriter, r *http.Request) {
					marshal(problem{Title: "Internal Server Error", Status: 500, Code: "internal"})(w, r)
					silent.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
						slog.String("request_id", w.Header().Get("X-Request-Id")), slog.String("method", r.Method),
						slog.String("path", r.URL.Path), slog.Int("status", 500), slog.String("error", broken.Error()))
				}),
			},
		},
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func mapped(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(map[string]any{"title": "Not Found", "status": 404, "code": "not_found", "request_id": w.Header().Get("X-Request-Id")})
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(404)
	_, _ = w.Write(body)
}

func echoed() handler {
	e := echo.New()
	return func(w http.ResponseWriter, r *http.Request) {
		e.DefaultHTTPErrorHandler(echo.ErrNotFound, e.NewContext(r, w))
	}
}

func humaError(w http.ResponseWriter, r *http.Request) {
	err := huma.Error404NotFound("no such book")
	w.Header().Set("Content-Type", err.(huma.ContentTypeFilter).ContentType("application/json"))
	w.WriteHeader(err.GetStatus())
	if err := json.NewEncoder(w).Encode(err); err != nil {
		panic(err)
	}
}
