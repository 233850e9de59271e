// Package renderbench measures render: lists through a view, selections, nested
// relations, compression and a list endpoint over loopback.
//
// The rivals are used as their documentation shows: encoding/json and goccy/go-json
// (https://github.com/goccy/go-json) by Marshal, a map for each item as resource
// classes make them, and decode-and-filter as response middleware does it.
package renderbench

import (
	"bytes"
	"compress/gzip"
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/goccy/go-json"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/render"
)

// Tables are those of render.
func Tables() []harness.Table {
	return []harness.Table{list(), selected(), nested(), compressed(), endpoint(), idle()}
}

// A thing has ten members.
type thing struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Email   string    `json:"email"`
	Bio     string    `json:"bio"`
	Age     int       `json:"age"`
	Score   float64   `json:"score"`
	Active  bool      `json:"active"`
	Tags    []string  `json:"tags"`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

func (x *thing) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Field(o, "email", &x.Email)
	render.Field(o, "bio", &x.Bio)
	render.Field(o, "age", &x.Age)
	render.Field(o, "score", &x.Score)
	render.Field(o, "active", &x.Active)
	render.Field(o, "tags", &x.Tags)
	render.Field(o, "created_at", &x.Created)
	render.Field(o, "updated_at", &x.Updated)
}

func (x *thing) asMap() map[string]any {
	return map[string]any{
		"id": x.ID, "name": x.Name, "email": x.Email, "bio": x.Bio, "age": x.Age,
		"score": x.Score, "active": x.Active, "tags": x.Tags, "created_at": x.Created, "updated_at": x.Updated,
	}
}

func things() []thing {
	list := make([]thing, 100)
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	for i := range list {
		list[i] = thing{
			ID:    fmt.Sprintf("018f3a1c-7b2e-7c4d-9a5b-%012d", i),
			Name:  fmt.Sprintf("Person Number %d", i),
			Email: fmt.Sprintf("person.%d@mail.example.com", i),
			Bio:   "Writes about gardens, bridges and the slow mail.",
			Age:   20 + i%60, Score: float64(i) * 1.37, Active: i%3 > 0,
			Tags:    []string{"reader", "member"},
			Created: at.Add(time.Duration(i) * time.Hour), Updated: at.Add(time.Duration(i) * 25 * time.Hour),
		}
	}
	return list
}

// view renders x n times into one buffer.
func view[T any](ctx context.Context, x *T) func(int) error {
	var b []byte
	return func(n int) (err error) {
		for range n {
			if b, err = render.Append(ctx, b[:0], x); err != nil {
				return err
			}
		}
		return nil
	}
}

func marshal(f func(any) ([]byte, error), x any) func(int) error {
	return func(n int) error {
		for range n {
			if _, err := f(x); err != nil {
				return err
			}
		}
		return nil
	}
}

// equals checks that a view writes the bytes encoding/json writes for want.
func equals[T any](ctx context.Context, x *T, want any) func() error {
	return func() error {
		is, err := render.Append(ctx, nil, x)
		if err != nil {
			return err
		}
		should, err := stdjson.Marshal(want)
		if err != nil {
			return err
		}
		if !bytes.Equal(is, should) {
			return fmt.Errorf("renders %.200s, want %.200s", is, should)
		}
		return nil
	}
}

func list() harness.Table {
	xs := things()
	return harness.Table{
		Name: "render: 100 objects of 10 members",
		Base: "encoding/json",
		Rows: []harness.Row{
			{Name: "glueful", Run: view(context.Background(), &xs), Check: equals(context.Background(), &xs, xs), Targets: []harness.Target{
				{Against: "encoding/json", AtMost: 0.35},
				{Against: "goccy", AtMost: 1.0},
				{Against: "map per item", AtMost: 0.10},
				{What: harness.Allocs},
			}},
			{Name: "encoding/json", Run: marshal(stdjson.Marshal, &xs)},
			{Name: "goccy", Run: marshal(json.Marshal, &xs)},
			{Name: "map per item", Run: func(n int) error {
				for range n {
					maps := make([]map[string]any, len(xs))
					for i := range xs {
						maps[i] = xs[i].asMap()
					}
					if _, err := stdjson.Marshal(maps); err != nil {
						return err
					}
				}
				return nil
			}},
		},
	}
}

func selected() harness.Table {
	xs := things()
	three := render.With(context.Background(), render.Select([]string{"id", "email", "age"}))
	type narrow struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Age   int    `json:"age"`
	}
	want := make([]narrow, len(xs))
	for i, x := range xs {
		want[i] = narrow{x.ID, x.Email, x.Age}
	}
	return harness.Table{
		Name: "render: 3 of 10 members, 100 objects",
		Base: "encoding/json, all",
		Rows: []harness.Row{
			{Name: "glueful, 3", Run: view(three, &xs), Check: equals(three, &xs, want), Targets: []harness.Target{
				{Against: "glueful, all", AtMost: 0.40},
				{Against: "encoding/json, all", AtMost: 0.15},
				{What: harness.Allocs},
			}},
			{Name: "glueful, all", Run: view(context.Background(), &xs)},
			{Name: "encoding/json, all", Run: marshal(stdjson.Marshal, &xs)},
			{Name: "decode and filter", Run: func(n int) error {
				for range n {
					full, err := stdjson.Marshal(&xs)
					if err != nil {
						return err
					}
					var items []map[string]any
					if err := stdjson.Unmarshal(full, &items); err != nil {
						return err
					}
					for i, item := range items {
						items[i] = map[string]any{"id": item["id"], "email": item["email"], "age": item["age"]}
					}
					if _, err := stdjson.Marshal(items); err != nil {
						return err
					}
				}
				return nil
			}},
		},
	}
}

// loaded is a relation that is loaded.
type loaded[T any] struct{ items []T }

func (l *loaded[T]) Loaded() ([]T, bool)          { return l.items, true }
func (l *loaded[T]) Probe() *T                    { return new(T) }
func (l *loaded[T]) MarshalJSON() ([]byte, error) { return stdjson.Marshal(l.items) }

type user struct {
	ID    int          `json:"id"`
	Name  string       `json:"name"`
	Posts loaded[post] `json:"posts"`
}

type post struct {
	ID       int             `json:"id"`
	Title    string          `json:"title"`
	Comments loaded[comment] `json:"comments"`
}

type comment struct {
	ID   int    `json:"id"`
	Text string `json:"text"`
}

func (x *user) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Many(o, "posts", &x.Posts, (*post).View)
}

func (x *post) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Many(o, "comments", &x.Comments, (*comment).View)
}

func (x *comment) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "text", &x.Text)
}

// The same as plain slices, which is what encoding/json is quickest with.
type plainUser struct {
	ID    int         `json:"id"`
	Name  string      `json:"name"`
	Posts []plainPost `json:"posts"`
}

type plainPost struct {
	ID       int       `json:"id"`
	Title    string    `json:"title"`
	Comments []comment `json:"comments"`
}

func users() (views []user, plain []plainUser) {
	for u := range 20 {
		v := user{ID: u, Name: fmt.Sprintf("User %d", u)}
		p := plainUser{ID: u, Name: v.Name}
		for i := range 5 {
			vp := post{ID: i, Title: fmt.Sprintf("A post with the number %d", i)}
			for c := range 3 {
				vp.Comments.items = append(vp.Comments.items, comment{c, "I read this with pleasure."})
			}
			v.Posts.items = append(v.Posts.items, vp)
			p.Posts = append(p.Posts, plainPost{vp.ID, vp.Title, vp.Comments.items})
		}
		views, plain = append(views, v), append(plain, p)
	}
	return views, plain
}

func nested() harness.Table {
	views, plain := users()
	part := render.With(context.Background(), render.Select([]string{"id", "posts.title", "posts.comments.text"}))
	return harness.Table{
		Name: "render: 20 users of 5 posts of 3 comments",
		Base: "encoding/json",
		Rows: []harness.Row{
			{Name: "glueful", Run: view(context.Background(), &views), Check: equals(context.Background(), &views, plain), Targets: []harness.Target{
				{Against: "encoding/json", AtMost: 0.45},
				{What: harness.Allocs},
			}},
			{Name: "glueful, part", Run: view(part, &views)},
			{Name: "encoding/json", Run: marshal(stdjson.Marshal, &plain)},
			{Name: "goccy", Run: marshal(json.Marshal, &plain)},
		},
	}
}

// sink is a response writer that costs little.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

// zipped is the wrapper of most tutorials.
type zipped struct {
	http.ResponseWriter
	z io.Writer
}

func (w zipped) Write(p []byte) (int, error) { return w.z.Write(p) }

func compressed() harness.Table {
	xs := things()
	body, err := stdjson.Marshal(xs)
	serve := func(h http.Handler) func(int) error {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		return func(n int) error {
			for range n {
				w := sink{header: make(http.Header, 8)}
				if h.ServeHTTP(&w, r); err != nil || w.n == 0 || w.n > len(body)/2 {
					return fmt.Errorf("%d bytes of %d: %w", w.n, len(body), err)
				}
			}
			return nil
		}
	}
	plain := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	return harness.Table{
		Name:  "render: gzip of a list",
		Base:  "a new writer of level 6",
		Notes: []string{fmt.Sprintf("the body has %d bytes", len(body))},
		Rows: []harness.Row{
			{Name: "glueful", Run: serve(render.Compress(plain)), Targets: []harness.Target{{Against: "a new writer of level 6", AtMost: 0.20}}},
			{Name: "a new writer of level 6", Run: serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				plain.ServeHTTP(zipped{w, z}, r)
				_ = z.Close()
			}))},
		},
	}
}

func endpoint() harness.Table {
	return harness.Table{
		Name:    "render: a list endpoint over loopback",
		Kind:    harness.Service,
		Base:    "encoding/json",
		Request: harness.Request{Path: "/things", Answer: "Person Number 99"},
		Rows: []harness.Row{
			{Name: "glueful", Handler: func() (http.Handler, error) {
				xs := things()
				m := http.NewServeMux()
				m.HandleFunc("GET /things", func(w http.ResponseWriter, r *http.Request) {
					if err := render.Respond(w, r, &xs); err != nil {
						http.Error(w, err.Error(), http.StatusInternalServerError)
					}
				})
				return m, nil
			}, Targets: []harness.Target{{Against: "encoding/json", AtMost: 0.45}}},
			{Name: "encoding/json", Handler: func() (http.Handler, error) {
				xs := things()
				m := http.NewServeMux()
				m.HandleFunc("GET /things", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_ = stdjson.NewEncoder(w).Encode(xs)
				})
				return m, nil
			}},
			{Name: "map per item", Handler: func() (http.Handler, error) {
				xs := things()
				m := http.NewServeMux()
				m.HandleFunc("GET /things", func(w http.ResponseWriter, r *http.Request) {
					maps := make([]map[string]any, len(xs))
					for i := range xs {
						maps[i] = xs[i].asMap()
					}
					w.Header().Set("Content-Type", "application/json")
					_ = stdjson.NewEncoder(w).Encode(maps)
				})
				return m, nil
			}},
		},
	}
}
