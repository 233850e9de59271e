package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
)

type shelf struct {
	ID     int64  `db:"id,pk"`
	Name   string `db:"name"`
	Secret string `db:"secret,lazy"`
}

type volume struct {
	ID      int64  `db:"id,pk"`
	Title   string `db:"title"`
	Pages   int    `db:"pages"`
	Notes   string `db:"notes,lazy"`
	ShelfID int64  `db:"shelf_id"`
	Shelf   model.One[shelf]
}

var (
	_       = model.Of[shelf]("shelves")
	volumes = model.Of[volume]("volumes")
	vol     = volumes.Probe()
	_       = model.BelongsTo(&vol.Shelf, &vol.ShelfID)
)

func (x *shelf) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Field(o, "secret", &x.Secret)
}

func (x *volume) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Field(o, "pages", &x.Pages)
	render.Field(o, "notes", &x.Notes)
	render.One(o, "shelf", &x.Shelf, (*shelf).View)
}

type volumeQuery struct{ project.Query }

func (q *volumeQuery) Allow(r *project.Rules) {
	r.Hide("secret")
	project.Sort(r, "pages", &vol.Pages)
	project.Sort(r, "title", &vol.Title)
	project.Filter(r, "pages", &vol.Pages, "eq", "gte", "in", "between")
	project.Filter(r, "title", &vol.Title, "eq", "contains", "starts", "ends")
	project.Search(r, &vol.Title, &vol.Notes)
}

// TestProject asks a list for everything a query can say.
func TestProject(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, statement := range []string{
		`CREATE TABLE shelves (id INTEGER PRIMARY KEY, name TEXT NOT NULL, secret TEXT NOT NULL)`,
		`CREATE TABLE volumes (id INTEGER PRIMARY KEY, title TEXT NOT NULL, pages INTEGER NOT NULL, notes TEXT NOT NULL, shelf_id INTEGER NOT NULL)`,
		`INSERT INTO shelves VALUES (1, 'first', 'x'), (2, 'second', 'y')`,
		`WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40)
			INSERT INTO volumes SELECT n, 'Book ' || n, 100 + n % 7, CASE n % 5 WHEN 0 THEN 'Whale 100%_\' ELSE 'notes' END, n % 2 + 1 FROM s`,
	} {
		if _, err := db.SQL().Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	var statements []string
	db.Span = func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error)) {
		for _, a := range attrs {
			if a.Key == "db.statement" {
				statements = append(statements, a.Value.String())
			}
		}
		return ctx, func(error) {}
	}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	m.Handle("GET /volumes", glueful.Do(func(ctx context.Context, q volumeQuery) (render.Page[volume], error) {
		page, err := volumes.For(&q).Page(ctx, db)
		return render.Page[volume](page), err
	}))
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	get := func(query string) (int, map[string]any) {
		t.Helper()
		statements = nil
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get(srv.URL + "/volumes?" + values.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		var body map[string]any
		if err := json.Unmarshal(data, &body); err != nil {
			t.Fatalf("%s: %s", query, data)
		}
		return resp.StatusCode, body
	}
	list := func(body map[string]any) (titles []string) {
		items, _ := body["data"].([]any)
		for _, x := range items {
			titles = append(titles, fmt.Sprint(x.(map[string]any)["title"]))
		}
		return titles
	}

	t.Run("conditions", func(t *testing.T) {
		for query, keep := range map[string]func(n, pages int) bool{
			"":                                  func(n, pages int) bool { return true },
			"filter[pages]=103":                 func(n, pages int) bool { return pages == 103 },
			"filter[pages][in]=101,105":         func(n, pages int) bool { return pages == 101 || pages == 105 },
			"filter[title][ends]=k 6":           func(n, pages int) bool { return n == 6 },
			"filter[title][starts]=book":        func(n, pages int) bool { return false },
			"filter[title][contains]=%25%25%25": func(n, pages int) bool { return false },
			"search=bOOK 2":                     func(n, pages int) bool { return n == 2 || n/10 == 2 },
			`search=100%25_\`:                   func(n, pages int) bool { return n%5 == 0 },
			`search=100%25%25`:                  func(n, pages int) bool { return false },
			"filter[or][0][pages]=101&filter[or][1][title]=Book 4&filter[pages][gte]=104":   func(n, pages int) bool { return n == 4 && pages >= 104 },
			"filter[or][0][pages]=101&filter[or][0][title]=Book 1&filter[or][1][pages]=106": func(n, pages int) bool { return n == 1 || pages == 106 },
		} {
			var want []string
			for n := 1; n <= 40; n++ {
				if keep(n, 100+n%7) {
					want = append(want, fmt.Sprint("Book ", n))
				}
			}
			if status, body := get(query + "&page[size]=100&fields=title"); status != 200 || !slices.Equal(list(body), want) {
				t.Errorf("%s: %d\n got %q\nwant %q", query, status, list(body), want)
			}
		}
	})
	t.Run("statements", func(t *testing.T) {
		for query, want := range map[string]int{"": 1, "fields=title": 1, "expand=shelf": 2, "fields=shelf(name)": 2, "page[total]=true": 2} {
			status, body := get(query)
			text, _ := json.Marshal(body)
			if status != 200 || len(statements) != want || strings.Contains(string(text), "secret") || strings.Contains(strings.Join(statements, " "), "secret") {
				t.Errorf("%s: %d, %q", query, status, statements)
			}
		}
		if get("fields=title"); strings.Contains(statements[0], "notes") {
			t.Errorf("a column nobody wants is read: %s", statements[0])
		}
		if status, _ := get("fields=shelf.secret"); status != 400 {
			t.Errorf("a hidden member: %d", status)
		}
	})
	t.Run("pages", func(t *testing.T) {
		for _, sort := range []string{"", "pages", "-pages,title"} {
			_, whole := get("page[size]=100&sort=" + sort)
			var walked []string
			cursor := ""
			for {
				status, body := get("page[size]=7&sort=" + sort + "&page[cursor]=" + url.QueryEscape(cursor))
				if status != 200 {
					t.Fatalf("%s: %d %v", sort, status, body)
				}
				walked = append(walked, list(body)...)
				next, _ := body["links"].(map[string]any)["next"].(string)
				if next == "" {
					break
				}
				u, err := url.Parse(next)
				if err != nil {
					t.Fatal(err)
				}
				cursor = u.Query().Get("page[cursor]")
				if status, _ := get("sort=-title&page[cursor]=" + url.QueryEscape(cursor)); status != 400 {
					t.Errorf("a cursor of another order: %d", status)
				}
			}
			if !slices.Equal(walked, list(whole)) {
				t.Errorf("sort=%s: walked %q", sort, walked)
			}
		}
	})
}
