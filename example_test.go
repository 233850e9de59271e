package glueful_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// A Note is what the API below keeps.
type Note struct {
	ID   int
	Text string
}

// View says what clients see of it.
func (n *Note) View(o *render.Object) {
	render.Field(o, "id", &n.ID)
	render.Field(o, "text", &n.Text)
}

// NewNote is what they send.
type NewNote struct {
	Text string `json:"text"`
}

// Valid checks it.
func (in *NewNote) Valid(c *valid.C) {
	valid.Field(c, &in.Text, valid.Trim, valid.Required, valid.MaxLen(280))
}

// A whole API in one function: typed handlers, rules, a view, and what a client
// gets to see.
func Example() {
	var notes []Note
	create := func(_ context.Context, in NewNote) (render.Created[Note], error) {
		n := Note{len(notes) + 1, in.Text}
		notes = append(notes, n)
		return render.Created[Note]{At: fmt.Sprint("/notes/", n.ID), Body: n}, nil
	}
	show := func(_ context.Context, in glueful.ByID[int]) (Note, error) {
		if in.ID < 1 || in.ID > len(notes) {
			return Note{}, errs.NotFound.Detailf("There are %d notes.", len(notes))
		}
		return notes[in.ID-1], nil
	}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	m.Handle("POST /notes", glueful.Do(create))
	m.Handle("GET /notes/{id}", glueful.Do(show, errs.NotFound))

	ask := func(method, path, body string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		text, _, _ := strings.Cut(w.Body.String(), `,"request_id"`)
		fmt.Println(w.Code, w.Header().Get("Location"), strings.TrimSpace(text))
	}
	ask("POST", "/notes", `{"text":" Buy milk. "}`)
	ask("GET", "/notes/1", "")
	ask("GET", "/notes/1?fields=text", "")
	ask("GET", "/notes/2", "")
	ask("POST", "/notes", `{"text":""}`)
	ask("DELETE", "/notes/1", "")
	// Output:
	// 201 /notes/1 {"id":1,"text":"Buy milk."}
	// 200  {"id":1,"text":"Buy milk."}
	// 200  {"text":"Buy milk."}
	// 404  {"title":"Not Found","status":404,"code":"not_found"
	// 422  {"title":"The request has invalid values.","status":422,"code":"invalid"
	// 405  {"title":"Method Not Allowed","status":405,"code":"method_not_allowed"
}

// Middleware is func(http.Handler) http.Handler; groups never share it.
func ExampleMux_Group() {
	var m glueful.Mux
	m.Log = slog.New(slog.DiscardHandler)
	admin := m.Group("/admin", func(next http.Handler) http.Handler {
		return glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
			if r.Header.Get("X-Admin") == "" {
				return errs.Forbidden
			}
			next.ServeHTTP(w, r)
			return nil
		})
	})
	admin.Handle("GET /stats", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, "42")
		return err
	}))
	for r := range m.Routes() {
		fmt.Println(r.Method, r.Path, len(r.Middleware))
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/admin/stats", nil))
	fmt.Println(w.Code)
	// Output:
	// GET /admin/stats 1
	// 403
}

// A handler that returns an error does not write one.
func ExampleFunc() {
	var m glueful.Mux
	m.Log = slog.New(slog.DiscardHandler)
	m.Handle("GET /export", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		return errs.Unavailable.Wrap(errors.New("the disk is full")).Retry(30e9)
	}))
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/export", nil))
	fmt.Println(w.Code, w.Header().Get("Retry-After"), strings.Contains(w.Body.String(), "disk"))
	// Output: 503 30 false
}

func ExampleMux_Link() {
	var m glueful.Mux
	api := m.Group("/v1")
	api.Handle("GET /books/{id}", http.NotFoundHandler())
	path, err := api.Link("GET /books/{id}", "a/b")
	fmt.Println(path, err)
	_, err = api.Link("GET /boks/{id}", 7)
	fmt.Println(err)
	// Output:
	// /v1/books/a%2Fb <nil>
	// glueful: link "GET /v1/boks/{id}": no such route
}

func ExampleAttachment() {
	fmt.Println(glueful.Attachment("../päper.pdf"))
	// Output: attachment; filename="p_per.pdf"; filename*=UTF-8''p%C3%A4per.pdf
}
