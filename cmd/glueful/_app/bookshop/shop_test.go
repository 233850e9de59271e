package bookshop_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shop/bookshop"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

// each runs a test on SQLite, and on PostgreSQL when TEST_DATABASE_URL names one.
func each(t *testing.T, test func(t *testing.T, c client)) {
	t.Run("sqlite", func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
		test(t, serve(t, db, err))
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := os.Getenv("TEST_DATABASE_URL")
		if dsn == "" {
			t.Skip("set TEST_DATABASE_URL to run on PostgreSQL too")
		}
		db, err := postgres.Open(t.Context(), schema(t, dsn))
		test(t, serve(t, db, err))
	})
}

// schema makes an empty schema and returns the URL that leads into it.
func schema(t *testing.T, dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("shop_%d", time.Now().UnixNano())
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.Exec("DROP SCHEMA " + name + " CASCADE")
		admin.Close()
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// client talks to a running shop with the seed data.
type client struct {
	t    *testing.T
	base string
}

func serve(t *testing.T, db *model.Pool, err error) client {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := bookshop.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := bookshop.Seed(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	bookshop.New(db).Routes(m)
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	return client{t, srv.URL}
}

// want makes a request, checks the status and returns the body as JSON.
func (c client) want(status int, method, path, body string) map[string]any {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, data)
	}
	v := map[string]any{}
	if len(data) > 0 && json.Unmarshal(data, &v) != nil {
		c.t.Fatalf("%s %s: not JSON: %s", method, path, data)
	}
	return v
}

func TestBooks(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		made := c.want(201, "POST", "/v1/books", `{"title":" Emma ","pages":474,"author_id":1}`)
		if made["title"] != "Emma" {
			t.Errorf("title %q, want it trimmed", made["title"])
		}
		path := fmt.Sprintf("/v1/books/%v", made["id"])
		if got := c.want(200, "PATCH", path, `{"pages":475}`); got["pages"] != 475.0 || got["title"] != "Emma" {
			t.Errorf("patched %v", got)
		}
		c.want(200, "GET", path, "")
		c.want(204, "DELETE", path, "")
		c.want(404, "GET", path, "")
		c.want(404, "DELETE", path, "")
		c.want(404, "GET", path+"/reviews", "")
	})
}

func TestBooks_refused(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for body, status := range map[string]int{
			`{"title":"","pages":0,"author_id":1}`:                                 422,
			`{"title":"` + strings.Repeat("x", 201) + `","pages":1,"author_id":1}`: 422,
			`{"title":"x","pages":1,"author_id":99}`:                               409,
			`{"title":"x","pages":1,"author_id":1,"id":7}`:                         422,
			`{"title":"x"`: 400,
		} {
			c.want(status, "POST", "/v1/books", body)
		}
		c.want(400, "GET", "/v1/books?colour=red", "")
		c.want(400, "GET", "/v1/books/x", "")
		c.want(405, "PUT", "/v1/books", "")
	})
}

func TestBooks_pages(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		for i := range 7 {
			c.want(201, "POST", "/v1/books", fmt.Sprintf(`{"title":"t%d","pages":%d,"author_id":1}`, i, i+1))
		}
		seen := map[any]bool{}
		for path := "/v1/books?page[size]=3&sort=-pages"; path != ""; {
			page := c.want(200, "GET", path, "")
			for _, x := range page["data"].([]any) {
				seen[x.(map[string]any)["id"]] = true
			}
			path, _ = page["links"].(map[string]any)["next"].(string)
		}
		if len(seen) != 10 {
			t.Errorf("%d books on all pages, want 10", len(seen))
		}
		page := c.want(200, "GET", "/v1/books?filter[pages][gte]=300&expand=author&fields=title,author(name)", "")
		first := page["data"].([]any)[0].(map[string]any)
		if _, has := first["pages"]; has || first["author"] == nil {
			t.Errorf("selected title and author, got %v", first)
		}
	})
}

func TestAuthors(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		made := c.want(201, "POST", "/v1/authors", `{"name":"Mary Ann Evans"}`)
		path := fmt.Sprintf("/v1/authors/%v", made["id"])
		if got := c.want(200, "PATCH", path, `{"name":"George Eliot"}`); got["name"] != "George Eliot" {
			t.Errorf("patched %v", got)
		}
		c.want(200, "GET", path, "")
		c.want(200, "GET", "/v1/authors", "")
		c.want(204, "DELETE", path, "")
		c.want(404, "GET", path, "")
		c.want(409, "DELETE", "/v1/authors/1", "") // has books
	})
}

func TestReviews(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.want(422, "POST", "/v1/books/1/reviews", `{"stars":6,"text":"x"}`)
		made := c.want(201, "POST", "/v1/books/1/reviews", `{"stars":4,"text":"Good."}`)
		path := fmt.Sprintf("/v1/books/1/reviews/%v", made["id"])
		c.want(200, "GET", path, "")
		c.want(404, "GET", strings.Replace(path, "/1/", "/2/", 1), "") // another book's
		if got := c.want(200, "PATCH", path, `{"stars":5}`); got["stars"] != 5.0 || got["text"] != "Good." {
			t.Errorf("patched %v", got)
		}
		if list := c.want(200, "GET", "/v1/books/1/reviews?sort=-stars", ""); len(list["data"].([]any)) != 2 {
			t.Errorf("list %v", list)
		}
		c.want(204, "DELETE", path, "")
		c.want(404, "GET", path, "")
		c.want(404, "POST", "/v1/books/99/reviews", `{"stars":1,"text":"x"}`)
	})
}
