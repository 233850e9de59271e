package gluefultest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/gluefultest"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

type newBook struct {
	Title string `json:"title"`
}

func (in *newBook) Valid(c *valid.C) { valid.Field(c, &in.Title, valid.Required) }

type book struct {
	ID    int    `json:"id"`
	Title string `json:"title"`
}

func api() *glueful.Mux {
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	create := func(_ context.Context, in newBook) (render.Created[book], error) {
		return render.Created[book]{At: "/books/1", Body: book{1, in.Title}}, nil
	}
	m.Handle("POST /books", glueful.Do(create))
	m.Handle("PUT /books", glueful.Do(create))
	m.Handle("PATCH /books", glueful.Do(create))
	m.Handle("GET /books/{id}", glueful.Do(func(_ context.Context, in glueful.ByID[int]) (book, error) { return book{in.ID, "Emma"}, nil }))
	m.Handle("DELETE /books/{id}", glueful.Do(func(context.Context, glueful.ByID[int]) (render.NoContent, error) { return render.NoContent{}, nil }))
	m.Handle("GET /html", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); io.WriteString(w, "<p>") }))
	return m
}

func TestCalls(t *testing.T) {
	m := api()
	want := book{1, "Emma"}
	for _, got := range []book{
		gluefultest.Post[book](t, m, "/books", newBook{"Emma"}),
		gluefultest.Put[book](t, m, "/books", `{"title":"Emma"}`),
		gluefultest.Patch[book](t, m, "/books", []byte(`{"title":"Emma"}`)),
		gluefultest.Get[book](t, m, "/books/1"),
	} {
		if got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	gluefultest.Delete(t, m, "/books/1")
	gluefultest.Refused(t, m, "POST", "/books", newBook{}, 422).At("#/title", "required")
	gluefultest.Refused(t, m, "GET", "/books/x", nil, 400).At("path:id", "integer")
	gluefultest.Refused(t, m, "HEAD", "/nope", nil, 404)
	gluefultest.Refused(t, m, "POST", "/books", "x", 415, "Content-Type", "text/plain")
}

// recording is a TB that notes the failure instead of ending the test.
type recording struct {
	testing.TB
	failure string
}

func (r *recording) Helper() {}
func (r *recording) Fatal(args ...any) {
	r.failure = fmt.Sprint(args...)
	runtime.Goexit()
}
func (r *recording) Fatalf(format string, args ...any) { r.Fatal(fmt.Sprintf(format, args...)) }

func TestCalls_notice(t *testing.T) {
	m := api()
	for name, c := range map[string]struct {
		call func(testing.TB)
		want string
	}{
		"a wrong status":        {func(t testing.TB) { gluefultest.Get[book](t, m, "/nope") }, "404"},
		"another refusal":       {func(t testing.TB) { gluefultest.Refused(t, m, "GET", "/nope", nil, 400) }, "want 400"},
		"no refusal":            {func(t testing.TB) { gluefultest.Refused(t, m, "GET", "/books/1", nil, 404) }, "want 404"},
		"a refusal in HTML":     {func(t testing.TB) { gluefultest.Refused(t, m, "GET", "/html", nil, 404) }, "want a problem"},
		"an unexpected member":  {func(t testing.TB) { gluefultest.Get[newBook](t, m, "/books/1") }, "unknown field"},
		"a fault elsewhere":     {func(t testing.TB) { gluefultest.Refused(t, m, "POST", "/books", newBook{}, 422).At("#/x", "required") }, "no fault"},
		"a fault of other kind": {func(t testing.TB) { gluefultest.Refused(t, m, "POST", "/books", newBook{}, 422).At("#/title", "x") }, "no fault"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recording{TB: t}
			done := make(chan struct{})
			go func() { defer close(done); c.call(r) }()
			<-done
			if !strings.Contains(r.failure, c.want) {
				t.Errorf("failure %q, want %q in it", r.failure, c.want)
			}
		})
	}
}
