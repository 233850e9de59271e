package faults

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// walk is one request for each route of the application, each of which reaches
// the database and succeeds on the data of fill.
func walk() []request {
	r := func(method, path, body string) request { return request{method, "/v1" + path, body, nil} }
	return []request{
		r("GET", "/authors?filter[name][starts]=Ja&sort=-name", ""),
		r("POST", "/authors", `{"name":"`+secretBody+`"}`),
		r("GET", "/authors/1?expand=books", ""),
		r("PATCH", "/authors/2", `{"name":"`+secretBody+`"}`),
		r("DELETE", "/authors/3", ""),
		r("GET", "/books?expand=author,reviews&page[total]=true", ""),
		r("POST", "/books", `{"title":"`+secretBody+`","pages":7,"author_id":1}`),
		r("GET", "/books/1", ""),
		r("PATCH", "/books/2", `{"title":"`+secretBody+`"}`),
		r("DELETE", "/books/3", ""),
		r("GET", "/books/1/reviews?sort=-stars", ""),
		r("POST", "/books/1/reviews", `{"stars":4,"text":"`+secretBody+`"}`),
		r("GET", "/books/1/reviews/1", ""),
		r("PATCH", "/books/2/reviews/2", `{"text":"`+secretBody+`"}`),
		r("DELETE", "/books/1/reviews/1", ""),
	}
}

// routes reads the patterns from the source of an application.
func routes(shop string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`api\.Handle\("(\w+) (/[^"]*)"`).FindAllStringSubmatch(shop, -1) {
		all = append(all, m[1]+" /v1"+m[2])
	}
	return all
}

func TestWalk(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	shop, err := os.ReadFile(filepath.Join(work, "plain", "bookshop", "shop.go"))
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	for _, r := range walk() {
		a.check(a.ask(r), 200, 201, 204)
	}
	seen := map[string]bool{}
	for _, l := range a.requests(len(a.seen)) {
		seen[l.Route] = true
	}
	want := routes(string(shop))
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(seen)); len(want) != 15 || !slices.Equal(got, want) {
		t.Errorf("walked %q\nof %q", got, want)
	}
	a.settle()
}

// bad is what a client may get wrong on each route, with secrets in the values.
func bad() []request {
	var all []request
	ids := []string{secretPath, "-1", "0", "1.5", "1e0", "+1", "0x1", "9223372036854775808", "%00", "%ff", "1%00" + secretPath,
		"1;DROP%20TABLE%20books", "..%2f1", "%0a%0dlevel:%20" + secretPath, "' OR '1'='1", "1%20OR%201=1", "%F0%9F%92%A9", "NULL", "[1]", "{}"}
	for _, path := range []string{"/authors/", "/books/", "/books/1/reviews/"} {
		for _, id := range ids {
			id = strings.ReplaceAll(id, " ", "%20")
			all = append(all, request{"GET", "/v1" + path + id, "", nil}, request{"DELETE", "/v1" + path + id, "", nil},
				request{"PATCH", "/v1" + path + id, `{}`, nil})
			if path == "/books/" {
				all = append(all, request{"GET", "/v1" + path + id + "/reviews", "", nil},
					request{"POST", "/v1" + path + id + "/reviews", `{"stars":1,"text":"x"}`, nil})
			}
		}
	}
	queries := []string{"token=" + secretQuery, "fields=nothing", "expand=nothing", "sort=nothing", "filter[pages]=" + secretQuery,
		"filter[author_id][in]=1," + secretQuery, "filter[pages][like]=" + secretQuery, "page[size]=" + secretQuery, "page[cursor]=" + secretQuery,
		"page[number]=-1&page[size]=10", "page[size]=99999999999999999999", "search[]=" + secretQuery, "fields=a(b(c(d(e(f(g(h))))))", "sort=title&sort=" + secretQuery,
		"%zz=" + secretQuery, "a;b=" + secretQuery, "fields=%ff", "filter[title]=%00" + secretQuery, strings.Repeat("a&", 200) + "x=" + secretQuery}
	for _, path := range []string{"/authors", "/books", "/books/1/reviews", "/authors/1", "/books/1", "/books/1/reviews/1"} {
		for _, q := range queries {
			all = append(all, request{"GET", "/v1" + path + "?" + q, "", nil})
		}
	}
	s := `"` + secretBody + `"`
	bodies := []string{s, `[` + s + `]`, `null`, `{`, `{"name":`, `{"` + `unknown":` + s + `}`, `{"Name":` + s + `,"TITLE":` + s + `}`, `{"stars":` + s + `,"pages":` + s + `,"author_id":` + s + `}`,
		`{"text":"a","text":` + s + `}`, `{"name":{"a":` + s + `},"title":[` + s + `],"text":{"x":` + s + `}}`, `{"name":"` + strings.Repeat(secretBody, 2000) + `"}`,
		`{"title":"` + strings.Repeat(secretBody, 30) + `","pages":-1,"author_id":-5}`, `{"stars":1e400,"pages":1e400}`, `{"stars":5.5,"pages":99999999999999999999}`,
		`{"name":"\u0000` + secretBody + `","text":"\ud800","title":"\u0000"}`, `{"name":"` + "\xff" + secretBody + `"}`, strings.Repeat(`{"name":`, 5000) + s, strings.Repeat("[", 20000),
		`{"name":` + s + `} trailing`, "\xef\xbb\xbf{}", `{"name":` + s + `,}`, `{'name':'` + secretBody + `'}`, `{"pages":` + strings.Repeat("9", 100000) + `}`, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`}
	for _, body := range bodies {
		for _, target := range []string{"POST /v1/authors", "PATCH /v1/authors/1", "POST /v1/books", "PATCH /v1/books/1", "POST /v1/books/1/reviews", "PATCH /v1/books/1/reviews/1"} {
			method, path, _ := strings.Cut(target, " ")
			all = append(all, request{method, path, body, nil})
		}
	}
	for _, method := range []string{"PUT", "HEAD", "TRACE", "PROPFIND", "OPTIONS"} {
		all = append(all, request{method, "/v1/reviews", "", nil}, request{method, "/nothing?token=" + secretQuery, "", nil})
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=" + secretHeader, "application/json; charset=" + secretHeader, secretHeader, ""} {
		all = append(all, request{"POST", "/v1/authors", `{"name":` + s + `}`, http.Header{"Content-Type": {kind}}})
	}
	return all
}

func TestBadRequests(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	refused := 0
	for _, r := range bad() {
		x := a.ask(r)
		a.check(x)
		if x.status < 400 || x.status >= 500 {
			t.Errorf("%s: %d %.200s", r, x.status, x.text)
			continue
		}
		refused++
	}
	if refused < 400 {
		t.Errorf("%d requests refused: too few to say anything", refused)
	}
	a.settle()
	t.Logf("%d of %d refused", refused, len(a.seen))
}
