package render_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/glueful/glueful-go/render"
)

func get(t *testing.T, target string, ctx context.Context, respond func(http.ResponseWriter, *http.Request) error) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", target, nil)
	if ctx != nil {
		r = r.WithContext(ctx)
	}
	if err := respond(w, r); err != nil {
		t.Fatalf("Respond: %v", err)
	}
	return w
}

func TestPage(t *testing.T) {
	total := int64(7)
	tests := []struct {
		name, target string
		page         render.Page[review]
		body, link   string
	}{
		{"an empty keyset page has an empty list", "/r", render.Page[review]{Size: 2},
			`{"data":[],"meta":{"size":2,"more":false},"links":{"self":"/r"}}`, ""},
		{"keyset links keep the other parameters", "/r?sort=a&page%5Bcursor%5D=old&page[size]=2&page[cursor]=x",
			render.Page[review]{Items: []review{{5, "<good>"}}, Size: 2, Next: "n=", Prev: "p", More: true},
			`{"data":[{"stars":5,"text":"\u003cgood\u003e"}],"meta":{"size":2,"more":true},"links":{` +
				`"self":"/r?sort=a\u0026page%5Bcursor%5D=old\u0026page[size]=2\u0026page[cursor]=x",` +
				`"next":"/r?sort=a\u0026page[size]=2\u0026page%5Bcursor%5D=n%3D",` +
				`"prev":"/r?sort=a\u0026page[size]=2\u0026page%5Bcursor%5D=p"}}`,
			`</r?sort=a&page[size]=2&page%5Bcursor%5D=n%3D>; rel="next", </r?sort=a&page[size]=2&page%5Bcursor%5D=p>; rel="prev"`},
		{"numbered pages count on", "/r?page[number]=2", render.Page[review]{Size: 2, Number: 2, More: true, Total: &total},
			`{"data":[],"meta":{"size":2,"more":true,"total":7,"page":2},"links":{"self":"/r?page[number]=2",` +
				`"next":"/r?page%5Bnumber%5D=3","prev":"/r?page%5Bnumber%5D=1"}}`,
			`</r?page%5Bnumber%5D=3>; rel="next", </r?page%5Bnumber%5D=1>; rel="prev"`},
		{"a path that looks like a host stays a path", "//evil.example/r", render.Page[review]{Size: 1, Number: 2},
			`{"data":[],"meta":{"size":1,"more":false,"page":2},"links":{"self":"/.//evil.example/r","prev":"/.//evil.example/r?page%5Bnumber%5D=1"}}`,
			`</.//evil.example/r?page%5Bnumber%5D=1>; rel="prev"`},
		{"brackets of a header cannot be closed", "/r?a=>;rel=x,<", render.Page[review]{Size: 1, Number: 2},
			`{"data":[],"meta":{"size":1,"more":false,"page":2},"links":{"self":"/r?a=%3E;rel=x,%3C","prev":"/r?a=%3E;rel=x,%3C\u0026page%5Bnumber%5D=1"}}`,
			`</r?a=%3E;rel=x,%3C&page%5Bnumber%5D=1>; rel="prev"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/", nil)
			r.RequestURI = tt.target
			if err := render.Respond(w, r, &tt.page); err != nil {
				t.Fatal(err)
			}
			if got := w.Body.String(); got != tt.body {
				t.Errorf("body:\n got %s\nwant %s", got, tt.body)
			}
			if got := w.Header().Get("Link"); got != tt.link {
				t.Errorf("Link:\n got %s\nwant %s", got, tt.link)
			}
		})
	}
}

func TestRespond_statuses(t *testing.T) {
	w := get(t, "/", nil, render.Created[review]{At: "/r/1\r\nX: y", Body: review{Stars: 1}}.Respond)
	if w.Code != 201 || w.Header().Get("Location") != "/r/1%0D%0AX:%20y" || w.Body.String() != `{"stars":1,"text":""}` {
		t.Errorf("Created: %d %q %s", w.Code, w.Header(), w.Body)
	}
	w = get(t, "/", nil, render.NoContent{}.Respond)
	if w.Code != 204 || w.Body.Len() != 0 {
		t.Errorf("NoContent: %d %s", w.Code, w.Body)
	}
	var held any = render.NoContent{}
	w = get(t, "/", nil, func(w http.ResponseWriter, r *http.Request) error { return render.Respond(w, r, &held) })
	if w.Code != 204 {
		t.Errorf("NoContent in an interface: %d %s", w.Code, w.Body)
	}
	created := &render.Created[review]{At: "/r/1"}
	w = get(t, "/", nil, func(w http.ResponseWriter, r *http.Request) error { return render.Respond(w, r, &created) })
	if w.Code != 201 {
		t.Errorf("a pointer to Created: %d %s", w.Code, w.Body)
	}
	w = get(t, "/", render.With(t.Context(), render.Select([]string{"text"})), func(w http.ResponseWriter, r *http.Request) error {
		return render.Respond(w, r, &review{Text: "x"})
	})
	if w.Code != 200 || w.Body.String() != `{"text":"x"}` || w.Header().Get("Content-Length") != "12" {
		t.Errorf("bare: %d %q %s", w.Code, w.Header(), w.Body)
	}
}

// FuzzPage_links holds that a link stays on the host and path it was asked on,
// has one cursor, keeps the other parameters, and cannot leave its header.
func FuzzPage_links(f *testing.F) {
	f.Add("/books?sort=a&page[cursor]=x", "cursor=")
	f.Add("//evil.example/%2f..//?page%5bnumber%5D=3&a=;b&&=&%zz", "a&b\r\nX: y")
	f.Add("/é<>\"?q=>;rel=next", "\x00\xff")
	f.Add("http://other.example/x?y", "c")
	f.Add("*", "c")
	f.Fuzz(func(t *testing.T, target, cursor string) {
		r := httptest.NewRequest("GET", "/fallback", nil)
		r.RequestURI = target
		w := httptest.NewRecorder()
		if cursor == "" || strings.Contains(target, "#") {
			return // a server never sees a fragment
		}
		if err := (render.Page[review]{Next: cursor}).Respond(w, r); err != nil {
			t.Fatal(err)
		}
		var body struct{ Links struct{ Self, Next string } }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		link := w.Header().Get("Link")
		if link != "<"+body.Links.Next+`>; rel="next"` || strings.ContainsFunc(body.Links.Next, func(c rune) bool {
			return c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"'
		}) {
			t.Errorf("Link: %s", link)
		}
		base := &url.URL{Scheme: "https", Host: "api.example", Path: "/"}
		next, err := base.Parse(body.Links.Next)
		if err != nil {
			return // what the client sent is no URL, so the link made of it is none
		}
		if next.Host != base.Host || next.Scheme != base.Scheme {
			t.Errorf("%q leads to %s", target, next)
		}
		if q := next.Query(); len(q["page[cursor]"]) != 1 || q.Get("page[cursor]") != cursor || q.Has("page[number]") {
			t.Errorf("%q with %q: %s", target, cursor, next)
		}
	})
}

func FuzzRespond_accept(f *testing.F) {
	f.Add("text/html, application/json;q=0.5")
	f.Add("*/*;q=0, application/*;q=1.0001;x=\",\"")
	f.Add("a/b;q=;q=1,,;/*")
	f.Fuzz(func(t *testing.T, accept string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Accept"] = []string{accept}
		w := httptest.NewRecorder()
		err := render.Respond(w, r, &review{})
		if sent := w.Body.Len() > 0; sent != (err == nil) {
			t.Errorf("%q: %v after %q", accept, err, w.Body)
		}
		if !strings.Contains(strings.ToLower(accept), "json") && !strings.Contains(accept, "*") && err == nil {
			t.Errorf("%q is answered with JSON", accept)
		}
		r.Header["Accept"] = []string{"application/json", accept}
		if err := render.Respond(httptest.NewRecorder(), r, &review{}); err != nil {
			t.Errorf("application/json, %q: %v", accept, err)
		}
	})
}

func TestRespond_failing(t *testing.T) {
	for name, fail := range map[string]viewFunc{
		"Fail":     func(o *render.Object) { o.Fail(fmt.Errorf("no")) },
		"NaN":      func(o *render.Object) { o.Float("x", math.NaN()) },
		"encoding": func(o *render.Object) { o.Any("x", func() {}) },
		"a later list": func(o *render.Object) {
			l := []viewFunc{nil, func(o *render.Object) { o.Float("x", math.Inf(1)) }}
			render.List(o, "l", &l, (*viewFunc).View)
		},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		list := []viewFunc{nil, fail}
		if err := render.Respond(w, r, &list); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v after %q, %q", name, err, w.Body, w.Header())
		}
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	var none *book
	var nothing any
	var page *render.Page[book]
	for name, err := range map[string]error{
		"pointer": render.Respond(w, r, &none), "interface": render.Respond(w, r, &nothing),
		"result": render.Respond(w, r, &page), "no out": render.Respond[book](w, r, nil),
	} {
		if err == nil || w.Body.Len() > 0 {
			t.Errorf("a nil %s is answered with %d %s", name, w.Code, w.Body)
		}
	}
}

func TestRespond_head(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("HEAD", "/", nil)
	if err := render.Respond(w, r, &review{}); err != nil || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "21" {
		t.Errorf("%v, %q, %q", err, w.Body, w.Header())
	}
}

func TestRespond_accept(t *testing.T) {
	tests := []struct {
		accept string
		method string
		ok     bool
	}{
		{"", "GET", true}, {"*/*", "GET", true}, {"application/*", "GET", true}, {"APPLICATION/JSON", "HEAD", true},
		{"text/html, application/json;q=0.1", "GET", true}, {"text/html", "GET", false}, {"application/json;q=0", "GET", false},
		{"application/json;q=0, */*", "GET", false}, {"application/json;q=no", "GET", false}, {"text/html", "POST", true}, {"text/html", "QUERY", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, "/", nil)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		err := render.Respond(httptest.NewRecorder(), r, &review{})
		status := http.StatusOK
		if e, ok := err.(interface{ HTTPStatus() int }); ok {
			status = e.HTTPStatus()
		}
		if early := render.DescribeOf[review]().Accepts(r); (early == nil) != (err == nil) {
			t.Errorf("%s %q: Accepts says %v, Respond %v", tt.method, tt.accept, early, err)
		}
		if want := map[bool]int{true: 200, false: 406}[tt.ok]; status != want {
			t.Errorf("%s %q: %d, want %d", tt.method, tt.accept, status, want)
		}
	}
}

// TestRespond_large holds that a body above the size that is kept is right, and
// that what is kept is not mixed up.
func TestRespond_large(t *testing.T) {
	big, small := review{Text: strings.Repeat("x", 3<<20)}, review{Text: "y"}
	for range 3 {
		for _, x := range []*review{&big, &small} {
			got, err := body(x, nil)
			if err != nil || len(got) != len(`{"stars":0,"text":""}`)+len(x.Text) || !utf8.ValidString(got) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}
	}
}
