package glueful_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
)

// A library of two tenants, for queries through the front door.
type (
	libAuthor struct {
		ID    int64  `db:"id,pk"`
		Name  string `db:"name"`
		Email string `db:"email,lazy"`
		Books model.Many[libBook]
	}
	libBook struct {
		ID       int64  `db:"id,pk"`
		Tenant   string `db:"tenant"`
		Title    string `db:"title"`
		Pages    int    `db:"pages"`
		Notes    string `db:"notes,lazy"`
		Secret   string `db:"secret,lazy"`
		AuthorID int64  `db:"author_id"`
		Author   model.One[libAuthor]
		Reviews  model.Many[libReview]
	}
	libReview struct {
		ID     int64  `db:"id,pk"`
		BookID int64  `db:"book_id"`
		Stars  int    `db:"stars"`
		Text   string `db:"text,lazy"`
	}
)

var (
	libAuthors = model.Of[libAuthor]("authors")
	libBooks   = model.Of[libBook]("books")
	libReviews = model.Of[libReview]("reviews")

	la, lb, lr = libAuthors.Probe(), libBooks.Probe(), libReviews.Probe()

	_ = model.HasMany(&la.Books, &lb.AuthorID)
	_ = model.BelongsTo(&lb.Author, &lb.AuthorID)
	_ = model.HasMany(&lb.Reviews, &lr.BookID)
)

func (x *libAuthor) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Field(o, "email", &x.Email)
	render.Many(o, "books", &x.Books, (*libBook).View)
}

func (x *libBook) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Field(o, "pages", &x.Pages)
	render.Field(o, "notes", &x.Notes)
	render.Field(o, "secret", &x.Secret)
	render.One(o, "author", &x.Author, (*libAuthor).View)
	render.Many(o, "reviews", &x.Reviews, (*libReview).View)
}

func (x *libReview) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "stars", &x.Stars)
	render.Field(o, "text", &x.Text)
}

type libTenant struct{}

func tenantOf(ctx context.Context) string {
	tenant, _ := ctx.Value(libTenant{}).(string)
	return tenant
}

type libQuery struct{ project.Query }

func (q *libQuery) Allow(r *project.Rules) {
	r.Hide("secret")
	r.Guard("email", func(ctx context.Context) bool { return tenantOf(ctx) == "one" })
	r.Scope, r.Numbered = tenantOf, true
	project.Sort(r, "title", &lb.Title)
	project.Sort(r, "pages", &lb.Pages)
	project.Filter(r, "pages", &lb.Pages, "eq", "gte", "lte", "in", "between")
	project.Filter(r, "title", &lb.Title, "eq", "ne", "contains", "starts", "ends")
	project.Filter(r, "author", &lb.AuthorID)
	project.FilterFunc(r, "stars", func(_ context.Context, op string, v []int) (model.Cond, error) {
		return model.Has(&lb.Reviews, func(q model.Query[libReview]) model.Query[libReview] {
			return q.Where(model.Ge(&lr.Stars, v[0]))
		}), nil
	}, "gte")
	project.Search(r, &lb.Title, &lb.Notes)
}

// A library is a server with the statements it has run.
type library struct {
	t          *testing.T
	url        string
	statements []string
}

func newLibrary(t *testing.T) *library {
	_, dsn := database(t)
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for statement := range strings.SplitSeq(`
		CREATE TABLE authors (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL);
		CREATE TABLE books (id bigserial PRIMARY KEY, tenant text NOT NULL, title text NOT NULL, pages int NOT NULL,
			notes text NOT NULL, secret text NOT NULL, author_id bigint NOT NULL REFERENCES authors);
		CREATE TABLE reviews (id bigserial PRIMARY KEY, book_id bigint NOT NULL REFERENCES books, stars int NOT NULL, text text NOT NULL);
		INSERT INTO authors SELECT n, 'author ' || n, 'a' || n || '@example.com' FROM generate_series(1, 4) n;
		INSERT INTO books SELECT n, CASE n % 2 WHEN 0 THEN 'one' ELSE 'two' END, 'Book ' || n, 100 + n % 7,
			CASE n % 5 WHEN 0 THEN 'Whale 100%_\' ELSE 'notes' END, 'secret', n % 4 + 1 FROM generate_series(1, 60) n;
		INSERT INTO reviews SELECT n, n % 60 + 1, n % 5 + 1, 'text ' || n FROM generate_series(1, 120) n`, ";") {
		if _, err := db.SQL().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	l := &library{t: t}
	db.Span = func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error)) {
		for _, a := range attrs {
			if a.Key == "db.statement" {
				l.statements = append(l.statements, a.Value.String())
			}
		}
		return ctx, func(error) {}
	}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	m.Handle("GET /books", glueful.Do(func(ctx context.Context, q libQuery) (render.Page[libBook], error) {
		page, err := libBooks.For(&q).Where(model.Eq(&lb.Tenant, tenantOf(ctx))).Page(ctx, db)
		return render.Page[libBook](page), err
	}))
	m.Handle("GET /books/{id}", glueful.Do(func(ctx context.Context, in glueful.ByID[int64]) (libBook, error) {
		return libBooks.For(&in).Find(ctx, db, in.ID)
	}, model.ErrNotFound))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), libTenant{}, r.Header.Get("X-Tenant"))))
	}))
	t.Cleanup(srv.Close)
	l.url = srv.URL
	return l
}

// get asks as a tenant and returns the status and the body.
func (l *library) get(tenant, target string) (int, map[string]any) {
	l.t.Helper()
	l.statements = nil
	req, err := http.NewRequest("GET", l.url+target, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("X-Tenant", tenant)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	var body map[string]any
	if err := json.Unmarshal(data, &body); err != nil {
		l.t.Fatalf("%s: %s", target, data)
	}
	return resp.StatusCode, body
}

func titles(body map[string]any) (list []string) {
	items, _ := body["data"].([]any)
	for _, x := range items {
		list = append(list, fmt.Sprint(x.(map[string]any)["title"]))
	}
	return list
}

// columns are the names a statement selects.
func columns(statement string) string {
	list, _, _ := strings.Cut(strings.TrimPrefix(statement, "SELECT "), " FROM ")
	list = strings.NewReplacer(`"`, "", " ", "").Replace(list)
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		names = append(names, name[strings.LastIndexByte(name, '.')+1:])
	}
	return strings.Join(names, " ")
}

func TestProjection_statements(t *testing.T) {
	l := newLibrary(t)
	const book, author, review = "id tenant title pages", "id name", "id book_id stars"
	for _, tt := range []struct {
		query string
		want  []string // the columns of each statement, lazy ones only if selected
	}{
		{"", []string{book + " notes author_id"}},
		{"fields=title", []string{book + " author_id"}},
		{"fields=notes", []string{book + " notes author_id"}},
		{"fields=*,-notes", []string{book + " author_id"}},
		{"fields=title,author(name)", []string{book + " author_id", author}},
		{"expand=author", []string{book + " notes author_id", author + " email"}},
		{"expand=author,reviews", []string{book + " notes author_id", author + " email", review + " text"}},
		{"fields=author(name),reviews(stars)", []string{book + " author_id", author, review}},
		{"fields=reviews.text", []string{book + " author_id", review + " text"}},
		{"fields=author.books.reviews.stars", []string{book + " author_id", author, book + " author_id", review}},
		{"fields=id&sort=title&filter[pages][gte]=1&page[total]=true", []string{"count(*)", book + " author_id"}},
	} {
		status, body := l.get("one", "/books?"+tt.query)
		var got []string
		for _, s := range l.statements {
			got = append(got, columns(s))
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if status != 200 || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %d\n got %q\nwant %q\n%.300v", tt.query, status, got, tt.want, body)
		}
	}
	if status, body := l.get("one", "/books/2?fields=title,author.name"); status != 200 || len(l.statements) != 2 || len(body) != 2 {
		t.Errorf("one book: %d %v %q", status, body, l.statements)
	}
	for _, query := range []string{"sort=title", "filter[pages]=1", "page[size]=1", "search=abc"} {
		if status, _ := l.get("one", "/books/2?"+query); status != 400 {
			t.Errorf("one book with %s: %d", query, status)
		}
	}
}

// TestProjection_levels holds that a selection costs one statement and one more
// for each relation in it, and that a lazy column is read only where it is
// selected, for all ways to select four relations and two columns.
func TestProjection_levels(t *testing.T) {
	l := newLibrary(t)
	relations := []string{"author", "reviews", "author.books", "author.books.reviews"}
	for mask := range 1 << 6 {
		want := map[string]bool{}
		paths := []string{"id"}
		for i, path := range relations {
			if mask>>i&1 == 0 {
				continue
			}
			paths = append(paths, path+".id")
			for at := range path + "." {
				if at == len(path) || path[at] == '.' {
					want[path[:at]] = true
				}
			}
		}
		notes, text := mask>>4&1 == 1, mask>>5&1 == 1
		if notes {
			paths = append(paths, "notes")
		}
		if text = text && want["reviews"]; text {
			paths = append(paths, "reviews.text")
		}
		status, body := l.get("one", "/books?fields="+strings.Join(paths, ","))
		if status != 200 || len(l.statements) != 1+len(want) {
			t.Fatalf("%q: %d, %d statements, want %d: %q %.300v", paths, status, len(l.statements), 1+len(want), l.statements, body)
		}
		count := 0
		for _, s := range l.statements {
			for name := range strings.FieldsSeq(columns(s)) {
				if name == "notes" || name == "text" {
					count++
				}
				if name == "secret" || name == "email" {
					t.Fatalf("%q reads %s: %s", paths, name, s)
				}
			}
		}
		if lazy := map[bool]int{true: 1}; count != lazy[notes]+lazy[text] {
			t.Fatalf("%q: %d lazy columns are read: %q", paths, count, l.statements)
		}
	}
}

func TestProjection_members(t *testing.T) {
	l := newLibrary(t)
	keys := func(tenant, query string) string {
		status, body := l.get(tenant, "/books?page[size]=1&"+query)
		if status != 200 {
			return fmt.Sprint(status)
		}
		text, _ := json.Marshal(body["data"].([]any)[0])
		var names []string
		d := json.NewDecoder(strings.NewReader(string(text)))
		for depth, key := 0, false; ; {
			token, err := d.Token()
			if err != nil {
				break
			}
			if s, ok := token.(string); ok && slices.Contains([]string{"id", "title", "pages", "notes", "secret", "author", "name", "email"}, s) {
				names = append(names, s)
			}
			_, _ = depth, key
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	for _, tt := range []struct{ tenant, query, want string }{
		{"one", "", "id notes notes pages title"}, // one of the two is the value
		{"one", "fields=title", "title"},
		{"one", "fields=", "id"},
		{"one", "fields=author(*)", "author email id name"},
		{"two", "fields=author(*)", "author id name"},
		{"two", "fields=author", "author id name"},
		{"one", "fields=author.email", "author email"},
		{"two", "fields=author.email", "400"},
		{"one", "fields=secret", "400"},
		{"one", "fields=author.books.secret", "400"},
		{"one", "expand=author.books.author", "author author email email id id id name name notes notes pages title"},
	} {
		got := keys(tt.tenant, tt.query)
		if strings.HasPrefix(tt.query, "expand") {
			if strings.Contains(got, "secret") || !strings.Contains(got, "author") {
				t.Errorf("%s: %s", tt.query, got)
			}
			continue
		}
		if got != tt.want {
			t.Errorf("%s asks %s: %s, want %s", tt.tenant, tt.query, got, tt.want)
		}
	}
}

// TestProjection_filters compares with a filter of its own over all rows.
func TestProjection_filters(t *testing.T) {
	l := newLibrary(t)
	type row struct {
		id     int
		title  string
		pages  int
		notes  string
		author int
	}
	var rows []row
	for n := 2; n <= 60; n += 2 {
		x := row{n, fmt.Sprint("Book ", n), 100 + n%7, "notes", n%4 + 1}
		if n%5 == 0 {
			x.notes = `Whale 100%_\`
		}
		rows = append(rows, x)
	}
	for query, keep := range map[string]func(row) bool{
		"":                               func(row) bool { return true },
		"filter[pages]=103":              func(x row) bool { return x.pages == 103 },
		"filter[pages][gte]=104":         func(x row) bool { return x.pages >= 104 },
		"filter[pages][in]=101,5":        func(x row) bool { return x.pages == 101 },
		"filter[pages][between]=102,103": func(x row) bool { return x.pages == 102 || x.pages == 103 },
		"filter[title][ends]=k 6&filter[author]=3":             func(x row) bool { return strings.HasSuffix(x.title, "k 6") && x.author == 3 },
		"filter[title][ne]=Book 6":                             func(x row) bool { return x.title != "Book 6" },
		"filter[title][contains]=k 1":                          func(x row) bool { return strings.Contains(x.title, "k 1") },
		"filter[title][starts]=%25":                            func(x row) bool { return false },
		"filter[or][0][pages]=101&filter[or][1][title]=Book 4": func(x row) bool { return x.pages == 101 || x.title == "Book 4" },
		"filter[or][0][pages]=101&filter[or][0][author]=1&filter[or][1][title]=Book 4&filter[pages][lte]=103": func(x row) bool {
			return (x.pages == 101 && x.author == 1 || x.title == "Book 4") && x.pages <= 103
		},
		"search=bOOK 2":             func(x row) bool { return strings.Contains(x.title, "Book 2") },
		`search=100%25_\`:           func(x row) bool { return x.id%5 == 0 },
		`search=100%25%25`:          func(x row) bool { return false },
		"filter[stars][gte]=5":      func(x row) bool { return (x.id-1)%5 == 4 },
		"filter[title]=' OR 1=1 --": func(x row) bool { return false },
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		status, body := l.get("one", "/books?page[size]=100&fields=title&"+values.Encode())
		var want []string
		for _, x := range rows {
			if keep(x) {
				want = append(want, x.title)
			}
		}
		if got := titles(body); status != 200 || !slices.Equal(got, want) {
			t.Errorf("%s: %d\n got %q\nwant %q\n%.300v", query, status, got, want, body)
		}
	}
}

func TestProjection_beyondColumn(t *testing.T) {
	if status, body := newLibrary(t).get("one", "/books?filter[pages]=99999999999"); status/100 != 4 {
		t.Errorf("a number the column cannot hold: %d %v", status, body)
	}
}

func TestProjection_pages(t *testing.T) {
	l := newLibrary(t)
	next := func(body map[string]any, rel string) string {
		link, _ := body["links"].(map[string]any)[rel].(string)
		return link
	}
	for _, query := range []string{"", "sort=-pages", "sort=pages,-title", "filter[pages][gte]=103&sort=-title"} {
		_, whole := l.get("one", "/books?page[size]=100&fields=title&"+query)
		var walked, back []string
		last := ""
		for target := "/books?page[size]=4&fields=title&" + query; target != ""; {
			status, body := l.get("one", target)
			if status != 200 {
				t.Fatalf("%s: %d %v", target, status, body)
			}
			walked, last = append(walked, titles(body)...), target
			target = next(body, "next")
		}
		if want := titles(whole); !slices.Equal(walked, want) {
			t.Errorf("%q: walked %q\nwant %q", query, walked, want)
		}
		for target := last; target != ""; {
			status, body := l.get("one", target)
			if status != 200 {
				t.Fatalf("%s: %d %v", target, status, body)
			}
			back = append(titles(body), back...)
			target = next(body, "prev")
		}
		if !slices.Equal(back, walked) {
			t.Errorf("%q: walked back %q\nwant %q", query, back, walked)
		}
	}
	_, first := l.get("one", "/books?page[size]=4&sort=pages")
	link, err := url.Parse(next(first, "next"))
	if err != nil {
		t.Fatal(err)
	}
	cursor := link.Query().Get("page[cursor]")
	for name, target := range map[string]string{
		"tenant two": "/books?page[size]=4&sort=pages&page[cursor]=" + cursor,
		"another":    "/books?page[size]=4&sort=-pages&page[cursor]=" + cursor,
		"none":       "/books?page[size]=4&page[cursor]=" + cursor,
		"filtered":   "/books?page[size]=4&sort=pages&filter[pages][gte]=1&page[cursor]=" + cursor,
		"tampered":   "/books?page[size]=4&sort=pages&page[cursor]=" + cursor + "A",
		"unsealed":   "/books?page[size]=4&sort=pages&page[cursor]=" + cursor[23:],
	} {
		tenant := "one"
		if name == "tenant two" {
			tenant = "two"
		}
		if status, body := l.get(tenant, target); status != 400 || len(l.statements) > 0 {
			t.Errorf("%s: %d %v %q", name, status, body, l.statements)
		}
	}
	status, body := l.get("one", "/books?page[number]=2&page[size]=7&fields=title&page[total]=true")
	if meta, _ := body["meta"].(map[string]any); status != 200 || len(titles(body)) != 7 || meta["page"] != 2.0 || meta["total"] != 30.0 {
		t.Errorf("page 2: %d %v", status, body)
	}
	if status, _ := l.get("one", "/books?page[size]=101"); status != 400 {
		t.Errorf("a page of 101: %d", status)
	}
}

// TestProjection_tenants asks for random things as both tenants: nobody sees a
// book of the other, a secret, or an address that is guarded.
func TestProjection_tenants(t *testing.T) {
	l := newLibrary(t)
	r := rand.New(rand.NewPCG(5, 6))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	seen := map[string]int{}
	cursors := map[string]string{}
	for range rounds {
		tenant := pick("one", "two")
		values := url.Values{"page[size]": {pick("1", "7", "100")}}
		if f := pick("", "title,id", "*", "*(*)", "author", "title,author(*)", "-pages", "reviews(*),title"); f != "" {
			values.Set("fields", f)
		}
		values.Set("expand", pick("author", "reviews", "author,reviews"))
		if f := pick("", "pages", "-title"); f != "" {
			values.Set("sort", f)
		}
		if f := pick("", "Book", "Book 1", "k 3"); f != "" {
			values.Set("search", f)
		}
		if f := pick("", "101,102,103", "100"); f != "" {
			values.Set("filter[pages][in]", f)
		}
		key := values.Encode()
		if c := cursors[pick("one", "two")+key]; c != "" {
			values.Set("page[cursor]", c)
		}
		status, body := l.get(tenant, "/books?"+values.Encode())
		seen[fmt.Sprint(tenant, status)]++
		if status != 200 {
			continue
		}
		text, _ := json.Marshal(body)
		if strings.Contains(string(text), "secret") || tenant == "two" && strings.Contains(string(text), "@example.com") {
			t.Fatalf("%s sees %s with %v", tenant, text, values)
		}
		for _, x := range body["data"].([]any) {
			title, ok := x.(map[string]any)["title"].(string)
			if n := 0; ok {
				if fmt.Sscanf(title, "Book %d", &n); (n%2 == 0) != (tenant == "one") {
					t.Fatalf("%s sees %q with %v", tenant, title, values)
				}
			}
		}
		if u, err := url.Parse(fmt.Sprint(body["links"].(map[string]any)["next"])); err == nil {
			cursors[tenant+key] = u.Query().Get("page[cursor]")
		}
	}
	if seen["one200"] == 0 || seen["two200"] == 0 {
		t.Errorf("answers %v", seen)
	}
}

type libPlain struct {
	ID    int        `json:"id"`
	Title string     `json:"title"`
	Cover *libPlain  `json:"cover,omitempty"`
	Parts []libPlain `json:"parts,omitempty"`
	Extra *libExtra  `json:"extra,omitempty"`
	Tags  []string   `json:"tags,omitempty"`
}

type libExtra struct {
	ID    int       `json:"id"`
	Cover *libExtra `json:"cover,omitempty"`
}

// TestProjection_agrees holds that what render writes of a selection is what
// project leaves of the same document when it is bytes already.
func TestProjection_agrees(t *testing.T) {
	leaf := libPlain{ID: 3, Title: "leaf", Tags: []string{"x"}}
	inner := libPlain{ID: 2, Title: "inner", Cover: &leaf, Parts: []libPlain{leaf}, Extra: &libExtra{ID: 9, Cover: &libExtra{ID: 10}}}
	doc := libPlain{ID: 1, Title: "doc", Cover: &inner, Parts: []libPlain{inner, leaf}, Extra: inner.Extra}
	full, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	names := []string{"id", "title", "cover", "parts", "extra", "tags"}
	rounds := 10_000
	if testing.Short() {
		rounds = 1_000
	}
	compared := 0
	for range rounds {
		var paths []string
		for range 1 + r.IntN(5) {
			path := names[r.IntN(len(names))]
			for r.IntN(2) == 0 {
				path += "." + names[r.IntN(len(names))]
			}
			switch r.IntN(6) {
			case 0:
				path = "-" + path
			case 1:
				path = "-**." + path
			case 2:
				path += ".*"
			case 3:
				path = "*"
			}
			paths = append(paths, path)
		}
		want, err := project.Compile(paths).Copy(nil, full)
		if err != nil {
			t.Fatal(err)
		}
		got, err := render.Append(render.With(t.Context(), render.Select(paths)), nil, &doc)
		if err != nil {
			t.Fatal(err)
		}
		// Of a leaf that has no members, render writes all and a copy null.
		if strings.Contains(string(want), "null") {
			continue
		}
		if compared++; !slices.Equal(got, want) {
			t.Fatalf("%q:\n got %s\nwant %s", paths, got, want)
		}
	}
	if compared < rounds/2 {
		t.Errorf("only %d of %d selections were compared", compared, rounds)
	}
}
