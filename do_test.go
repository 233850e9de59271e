package glueful_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

type newBook struct {
	Shelf string `path:"shelf"`
	Loud  bool   `query:"loud"`
	Title string `json:"title"`
	Pages int    `json:"pages"`
	Owner string // no tag: never bound
}

func (in *newBook) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Trim, valid.Required, valid.MaxLen(10))
	valid.Field(c, &in.Pages, valid.Min(1))
}

type book struct {
	Shelf, Title string
	Pages        int
}

func (b *book) View(o *render.Object) {
	render.Field(o, "shelf", &b.Shelf)
	render.Field(o, "title", &b.Title)
	render.Field(o, "pages", &b.Pages)
}

func create(ctx context.Context, in newBook) (render.Created[book], error) {
	if in.Owner != "" {
		return render.Created[book]{}, errors.New("an untagged field was bound")
	}
	return render.Created[book]{At: "/shelves/" + in.Shelf + "/1", Body: book{in.Shelf, in.Title, in.Pages}}, nil
}

func TestDo_create(t *testing.T) {
	m := quiet()
	m.Handle("POST /shelves/{shelf}", glueful.Do(create))
	const json = "application/json"

	t.Run("binds, checks, answers 201 with Location", func(t *testing.T) {
		resp, body := call(t, m, "POST", "/shelves/a?loud=true", `{"title":" Emma ","pages":474}`, "Content-Type", json)
		if resp.StatusCode != 201 || resp.Header.Get("Location") != "/shelves/a/1" || strings.TrimSpace(body) != `{"shelf":"a","title":"Emma","pages":474}` {
			t.Errorf("%d %v %s", resp.StatusCode, resp.Header, body)
		}
	})
	for _, c := range []struct {
		name, path, body, contentType string
		status                        int
		where                         []string // pointer or in:name of each error, in any order
	}{
		{"both violations in one answer", "/shelves/a", `{"title":"","pages":0}`, json, 422, []string{"#/title", "#/pages"}},
		{"unknown member", "/shelves/a", `{"title":"x","pages":1,"Owner":"me"}`, json, 0, []string{"#/Owner"}},
		{"wrong case", "/shelves/a", `{"TITLE":"x","pages":1}`, json, 0, []string{"#/title"}},
		{"duplicate", "/shelves/a", `{"title":"x","title":"y","pages":1}`, json, 0, []string{"#/title"}},
		{"wrong type", "/shelves/a", `{"title":7,"pages":1}`, json, 0, []string{"#/title"}},
		{"malformed", "/shelves/a", `{"title":`, json, 400, nil},
		{"trailing data", "/shelves/a", `{"title":"x","pages":1} {}`, json, 400, nil},
		{"empty", "/shelves/a", ``, json, 400, nil},
		{"null", "/shelves/a", `null`, json, 0, nil},
		{"invalid UTF-8", "/shelves/a", "{\"title\":\"\xff\",\"pages\":1}", json, 400, nil},
		{"wrong content type", "/shelves/a", `{"title":"x","pages":1}`, "text/plain", 415, nil},
		{"too large", "/shelves/a", `{"title":"` + strings.Repeat("x", 12<<20) + `"}`, json, 413, nil},
		{"too deep", "/shelves/a", strings.Repeat("[", 20000), json, 400, nil},
		{"bad query value", "/shelves/a?loud=maybe", `{"title":"x","pages":1}`, json, 400, []string{"query:loud"}},
		{"unknown query parameter", "/shelves/a?quiet=1", `{"title":"x","pages":1}`, json, 400, []string{"query:quiet"}},
		{"brackets are another name", "/shelves/a?loud[]=true", `{"title":"x","pages":1}`, json, 400, []string{"query:loud[]"}},
		{"repeated query parameter", "/shelves/a?loud=true&loud=true", `{"title":"x","pages":1}`, json, 400, []string{"query:loud"}},
		{"malformed query", "/shelves/a?loud=%zz", `{"title":"x","pages":1}`, json, 400, []string{"query:"}},
	} {
		t.Run(c.name+" is refused and named", func(t *testing.T) {
			resp, body := call(t, m, "POST", c.path, c.body, "Content-Type", c.contentType)
			if c.status == 0 && (resp.StatusCode == 400 || resp.StatusCode == 422) {
				c.status = resp.StatusCode
			}
			p := isProblem(t, resp, body, c.status)
			if len(body) > 2<<10 {
				t.Errorf("answer of %d bytes", len(body))
			}
			var got []string
			for _, e := range p.Errors {
				if e.Code == "" {
					t.Errorf("an error without a code: %+v", e)
				}
				if got = append(got, e.Pointer); e.In != "" {
					got[len(got)-1] = e.In + ":" + e.Name
				}
			}
			if c.where != nil && fmt.Sprint(got) != fmt.Sprint(c.where) {
				t.Errorf("errors at %v, want %v", got, c.where)
			}
		})
	}
	t.Run("what was sent is not repeated", func(t *testing.T) {
		for _, body := range []string{`{"title":"hunter2hunter2","pages":0}`, `{"pages":"hunter2"}`, `{"title":"hunter2"`, `{"x":"hunter2"}`} {
			if _, answer := call(t, m, "POST", "/shelves/a?loud=hunter2", body, "Content-Type", json); strings.Contains(answer, "hunter2") {
				t.Errorf("%s was answered with %s", body, answer)
			}
		}
	})
}

type everything struct {
	S    string     `query:"s"`
	I    int8       `query:"i"`
	U    uint16     `query:"u"`
	F    float64    `query:"f"`
	B    bool       `query:"b"`
	T    time.Time  `query:"t"`
	P    *int       `query:"p"`
	L    []string   `query:"l"`
	N    []int      `query:"n"`
	When *time.Time `query:"when"`
	Who  string     `header:"x-tenant"`
	Many []string   `header:"X-Many"`
}

func TestDo_text(t *testing.T) {
	m := quiet()
	var got everything
	m.Handle("GET /", glueful.Do(func(ctx context.Context, in everything) (render.NoContent, error) {
		got = in
		return render.NoContent{}, nil
	}))
	resp, body := call(t, m, "GET", "/?s=x&i=-128&u=65535&f=1e3&b=true&t=2026-01-02T03:04:05Z&p=0&l=a&l=b&n=1&n=2", "",
		"X-Tenant", "acme", "X-Many", "1", "X-Many", "2")
	if resp.StatusCode != 204 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	if got.S != "x" || got.I != -128 || got.U != 65535 || got.F != 1000 || !got.B || got.T.Year() != 2026 || got.P == nil || *got.P != 0 ||
		fmt.Sprint(got.L, got.N, got.Many) != "[a b] [1 2] [1 2]" || got.When != nil || got.Who != "acme" {
		t.Errorf("bound %+v", got)
	}
	for _, q := range []string{"i=128", "i=+1", "i=01", "i=0x1", "i=1_0", "i=", "i=1.0", "u=-1", "f=NaN", "f=Inf", "f=.5", "f=5.", "f=0x1p1",
		"b=1", "b=TRUE", "t=2026-01-02", "t=2026-01-02T3:04:05Z", "t=2026-01-02T03:04:05,5Z", "p=", "n=1&n=x", "s=%00", "s=%ff", "s=a&s=b"} {
		resp, body := call(t, m, "GET", "/?"+q, "")
		if p := isProblem(t, resp, body, 400); len(p.Errors) != 1 || p.Errors[0].In != "query" || p.Errors[0].Name != q[:1] {
			t.Errorf("%s: %s", q, body)
		}
	}
	if resp, body := call(t, m, "GET", "/", "", "X-Tenant", "a", "X-Tenant", "b"); resp.StatusCode != 400 {
		t.Errorf("a repeated header: %d %s", resp.StatusCode, body)
	}
}

type embedded struct {
	glueful.ByID[int64]
	Q string `query:"q"`
}

func TestDo_mistakesAreFoundAtRegistration(t *testing.T) {
	type unexported struct {
		id int `path:"id"`
	}
	type twice struct {
		A int `query:"a" json:"a"`
	}
	type same struct {
		A int `query:"a"`
		B int `query:"a"`
	}
	type channel struct {
		A chan int `query:"a"`
	}
	type withBody struct {
		A int `json:"a"`
	}
	type base struct {
		Q string `query:"q"`
	}
	type pointing struct{ *base }
	type holding struct {
		Base base
	}
	type claiming struct {
		project.Query
		Fields string `query:"fields"`
	}
	type host struct {
		H string `header:"host"`
	}
	type nameless struct {
		A int `json:",omitempty"`
	}
	_ = unexported{}.id
	for name, c := range map[string]struct {
		pattern string
		h       http.Handler
		want    string
	}{
		"missing wildcard":      {"GET /x", glueful.Do(ok[glueful.ByID[int]]), "{id}"},
		"extra wildcard":        {"GET /x/{id}/{y}", glueful.Do(ok[glueful.ByID[int]]), "{y}"},
		"renamed wildcard":      {"GET /x/{ID}", glueful.Do(ok[glueful.ByID[int]]), "{id}"},
		"unexported field":      {"GET /x/{id}", glueful.Do(ok[unexported]), "not exported"},
		"two sources":           {"POST /x", glueful.Do(ok[twice]), "more than one"},
		"one name twice":        {"GET /x", glueful.Do(ok[same]), "bound twice"},
		"impossible type":       {"GET /x", glueful.Do(ok[channel]), "chan int"},
		"a body with GET":       {"GET /x", glueful.Do(ok[withBody]), "no body"},
		"embedded pointer":      {"GET /x", glueful.Do(ok[pointing]), "embeds a pointer"},
		"nameless member":       {"POST /x", glueful.Do(ok[nameless]), "without a name"},
		"a struct not embedded": {"GET /x", glueful.Do(ok[holding]), "not embedded"},
		"a name of the query":   {"GET /x", glueful.Do(func(context.Context, claiming) (book, error) { return book{}, nil }), "project.Query"},
		"no such header":        {"GET /x", glueful.Do(ok[host]), "Host"},
		"files, no path":        {"GET /x/{file...}", glueful.Files(fstest.MapFS{}), "{path...}"},
		"files, one element":    {"GET /x/{path}", glueful.Files(fstest.MapFS{}), "{path...}"},
		"body in middleware":    {"GET /x", innerOf{glueful.Do(ok[withBody])}, "no body"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				p := fmt.Sprint(recover())
				if !strings.Contains(p, c.want) || !strings.Contains(p, "do_test.go:") {
					t.Errorf("panic %q, want %q and this file's line", p, c.want)
				}
			}()
			quiet().Handle(c.pattern, c.h)
		})
	}
	quiet().Handle("GET /x/{id}", glueful.Do(ok[embedded])) // promoted fields bind
	quiet().Handle("GET /x/{$}", glueful.Do(ok[struct{}]))
	quiet().Handle("POST /x/{id...}", glueful.Do(ok[glueful.ByID[string]]))
}

func ok[In any](context.Context, In) (render.NoContent, error) { return render.NoContent{}, nil }

type innerOf struct{ http.Handler }

func (i innerOf) Unwrap() http.Handler { return i.Handler }

func TestDo_bodyLimitIsThatOfTheRoute(t *testing.T) {
	m := quiet()
	for prefix, most := range map[string]int64{"/none": -1, "/small": 40, "/large": 4 << 20, "/default": 0} {
		g := m.Group(prefix)
		g.MaxBody = most
		g.Handle("POST /{shelf}", glueful.Do(create))
	}
	for _, c := range []struct {
		path   string
		spaces int
		status int
	}{{"/none/a", 3 << 20, 201}, {"/small/a", 0, 201}, {"/small/a", 100, 413}, {"/large/a", 3 << 20, 201}, {"/default/a", 2 << 20, 413}} {
		resp, body := call(t, m, "POST", c.path, `{"title":"x","pages":1}`+strings.Repeat(" ", c.spaces), "Content-Type", "application/json")
		if resp.StatusCode != c.status {
			t.Errorf("%s with %d spaces: %d, want %d: %s", c.path, c.spaces, resp.StatusCode, c.status, body)
		}
	}
}

func TestDo_onAnotherRouter(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("POST /shelves/{shelf}", glueful.Do(create))
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/shelves/b", strings.NewReader(`{"title":"x","pages":1}`))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(w, r)
	if w.Code != 201 || !strings.Contains(w.Body.String(), `"shelf":"b"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	r = httptest.NewRequest("POST", "/shelves/b", strings.NewReader(`{"pages":1}`))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(w, r)
	if w.Code != 422 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

var errNoBook = errs.HTTP.New(404, "no_such_book", "No such book")

func TestDo_results(t *testing.T) {
	m := quiet()
	m.Handle("GET /bare", glueful.Do(func(context.Context, struct{}) (book, error) { return book{"s", "t", 1}, nil }))
	m.Handle("GET /plain", glueful.Do(func(context.Context, struct{}) (map[string]int, error) { return map[string]int{"a": 1}, nil }))
	m.Handle("GET /nilslice", glueful.Do(func(context.Context, struct{}) ([]int, error) { return nil, nil }))
	m.Handle("GET /nil", glueful.Do(func(context.Context, struct{}) (*book, error) { return nil, nil }))
	m.Handle("GET /nilmap", glueful.Do(func(context.Context, struct{}) (map[string]int, error) { return nil, nil }))
	m.Handle("GET /none", glueful.Do(func(context.Context, struct{}) (render.NoContent, error) { return render.NoContent{}, nil }))
	m.Handle("GET /accepted", glueful.Do(func(context.Context, struct{}) (render.Accepted[book], error) {
		return render.Accepted[book]{At: "/jobs/1", Body: book{"s", "t", 1}}, nil
	}))
	m.Handle("GET /created", glueful.Do(func(context.Context, struct{}) (render.Created[*book], error) {
		return render.Created[*book]{At: "/books/1", Body: &book{"s", "t", 1}}, nil
	}))
	m.Handle("GET /page", glueful.Do(func(context.Context, struct{}) (render.Page[book], error) {
		return render.Page[book]{Items: []book{{"s", "t", 1}}, Size: 1}, nil
	}))
	m.Handle("GET /stream", glueful.Do(func(context.Context, struct{}) (render.Stream[int], error) {
		return render.Rows(func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) }), nil
	}))
	m.Handle("GET /polled", glueful.Do(func(context.Context, struct{}) (render.Deferred[book], error) {
		return render.Deferred[book]{Wait: func(context.Context) (*book, error) { return &book{"s", "t", 1}, nil }}, nil
	}))
	m.Handle("GET /pollednone", glueful.Do(func(context.Context, struct{}) (render.Deferred[book], error) {
		return render.Deferred[book]{Wait: func(ctx context.Context) (*book, error) { <-ctx.Done(); return nil, ctx.Err() }, Timeout: time.Millisecond}, nil
	}))
	m.Handle("GET /pointer", glueful.Do(func(context.Context, struct{}) (*book, error) { return &book{"s", "t", 1}, nil }))
	m.Handle("GET /err", glueful.Do(func(context.Context, struct{}) (*book, error) { return nil, errNoBook.Detailf("shelf %d", 7) }, errNoBook))
	m.Handle("GET /nan", glueful.Do(func(context.Context, struct{}) (map[string]float64, error) {
		zero := 0.0
		return map[string]float64{"x": zero / zero}, nil
	}))
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/bare":       {200, `{"shelf":"s","title":"t","pages":1}`},
		"/plain":      {200, `{"a":1}`},
		"/nilslice":   {200, `[]`},
		"/none":       {204, ``},
		"/pointer":    {200, `{"shelf":"s","title":"t","pages":1}`},
		"/accepted":   {202, `{"shelf":"s","title":"t","pages":1}`},
		"/created":    {201, `{"shelf":"s","title":"t","pages":1}`},
		"/page":       {200, `{"data":[{"shelf":"s","title":"t","pages":1}],"meta":{"size":1,"more":false},"links":{"self":"/page"}}`},
		"/stream":     {200, "1\n2"},
		"/polled":     {200, `{"shelf":"s","title":"t","pages":1}`},
		"/pollednone": {204, ``},
		"/nil":        {500, "problem"},
		"/nilmap":     {500, "problem"},
		"/nan":        {500, "problem"},
		"/err":        {404, "problem"},
	} {
		resp, body := call(t, m, "GET", path, "")
		if want.body == "problem" {
			isProblem(t, resp, body, want.status)
			continue
		}
		if resp.StatusCode != want.status || strings.TrimSpace(body) != want.body {
			t.Errorf("%s: %d %q, want %d %q", path, resp.StatusCode, body, want.status, want.body)
		}
		head, headBody := call(t, m, "HEAD", path, "")
		if head.StatusCode != want.status || headBody != "" || head.Header.Get("Content-Length") != resp.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %d, Content-Length %q, GET said %q", path, head.StatusCode, head.Header.Get("Content-Length"), resp.Header.Get("Content-Length"))
		}
	}
	resp, body := call(t, m, "GET", "/err", "")
	if p := isProblem(t, resp, body, 404); p.Code != "no_such_book" || p.Detail != "shelf 7" {
		t.Errorf("%s", body)
	}
}
