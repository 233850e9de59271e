package muxbench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

type newBook struct {
	Shelf int64  `path:"shelf"`
	Title string `json:"title"`
	Pages int    `json:"pages"`
}

func (in *newBook) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Trim, valid.Required, valid.MaxLen(200))
	valid.Field(c, &in.Pages, valid.Min(1))
}

type book struct {
	ID, Shelf int64
	Title     string
	Pages     int
}

func (b *book) View(o *render.Object) {
	render.Field(o, "id", &b.ID)
	render.Field(o, "shelf", &b.Shelf)
	render.Field(o, "title", &b.Title)
	render.Field(o, "pages", &b.Pages)
}

func create(_ context.Context, in newBook) (render.Created[book], error) {
	return render.Created[book]{At: "/books/7", Body: book{7, in.Shelf, in.Title, in.Pages}}, nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// byHand is the same route without the framework's help: the same strict reader,
// the rules as ifs, the answer appended to a pooled buffer.
func byHand(w http.ResponseWriter, r *http.Request) error {
	shelf, err := strconv.ParseInt(r.PathValue("shelf"), 10, 64)
	if err != nil || r.URL.RawQuery != "" {
		return errs.BadRequest
	}
	var in newBook
	if err := valid.ReadJSON(w, r, &in, valid.Limits{}); err != nil {
		return err
	}
	in.Title = strings.TrimSpace(in.Title)
	if in.Title == "" || utf8.RuneCountInString(in.Title) > 200 || in.Pages < 1 {
		return errs.Unprocessable
	}
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], `{"id":7,"shelf":`...)
	b = appendInt(b, shelf)
	b = append(b, `,"title":`...)
	b = appendString(b, in.Title)
	b = append(b, `,"pages":`...)
	b = appendInt(b, int64(in.Pages))
	b = append(b, "}\n"...)
	h := w.Header()
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	h["Location"] = []string{"/books/7"}
	w.WriteHeader(http.StatusCreated)
	_, err = w.Write(b)
	*buf = b
	buffers.Put(buf)
	return err
}

// appendString quotes a title; what needs escapes takes the slow way.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return strconv.AppendQuote(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

const body = `{"title":"Pride and Prejudice","pages":432}`

// post sends the same request again and again.
func post(h http.Handler) func(int) error {
	r := httptest.NewRequest("POST", "/shelves/3/books", nil)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	reader := strings.NewReader(body)
	r.Body = io.NopCloser(reader)
	return func(n int) error {
		for range n {
			reader.Reset(body)
			w := sink{header: make(http.Header, 4)}
			h.ServeHTTP(&w, r)
		}
		return nil
	}
}

// creates checks that the handler answers 201 with the same members, and 422 to a
// bad body.
func creates(h http.Handler) func() error {
	return func() error {
		for sent, want := range map[string]int{body: 201, `{"title":" ","pages":0}`: 422, `{"title":"x","titel":"y"}`: 422} {
			r := httptest.NewRequest("POST", "/shelves/3/books", strings.NewReader(sent))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want {
				return fmt.Errorf("%s: %d, want %d", sent, w.Code, want)
			}
			if want == 201 && strings.TrimSpace(w.Body.String()) != `{"id":7,"shelf":3,"title":"Pride and Prejudice","pages":432}` {
				return errors.New(w.Body.String())
			}
		}
		return nil
	}
}

func typed() harness.Table {
	ours, twin := &glueful.Mux{Log: silent}, &glueful.Mux{Log: silent}
	ours.Handle("POST /shelves/{shelf}/books", glueful.Do(create))
	twin.Handle("POST /shelves/{shelf}/books", glueful.Func(byHand))
	return harness.Table{
		Name: "mux: typed handler",
		Base: "written by hand",
		Rows: []harness.Row{
			{Name: "written by hand", Run: post(twin), Check: creates(twin)},
			{Name: "glueful.Do", Run: post(ours), Check: creates(ours), Targets: []harness.Target{
				{Against: "written by hand", AtMost: 1.10},
				{What: harness.Allocs, Against: "written by hand", AtMost: 2},
			}},
		},
	}
}
