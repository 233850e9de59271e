package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// tenants is the application with a tenant in every row: a column, a scope on
// each model, and a middleware that reads a header.
func tenants(source map[string]string) error {
	for _, x := range []struct{ file, model, row string }{
		{"authors", "Authors", "Author"}, {"books", "Books", "Book"}, {"reviews", "Reviews", "Review"},
	} {
		name := "bookshop/" + x.file + ".go"
		text := source[name]
		if err := once(&text, "type "+x.row+" struct {\n", "type "+x.row+" struct {\n\tTenantID int64 `db:\"tenant_id\"`\n"); err != nil {
			return err
		}
		source[name] = text
	}
	const migration = "bookshop/migrations/postgres/0001_bookshop.up.sql"
	text := source[migration]
	if n := strings.Count(text, "\tid         bigint GENERATED"); n != 3 {
		return fmt.Errorf("%d keys in the migration, want 3", n)
	}
	text = strings.ReplaceAll(text, "\tid         bigint GENERATED", "\ttenant_id bigint NOT NULL,\n\tid         bigint GENERATED")
	for _, err := range []error{
		once(&text, "REFERENCES authors (id)", ""), once(&text, "REFERENCES books (id)", ""),
	} {
		if err != nil {
			return err
		}
	}
	source[migration] = text + `
ALTER TABLE authors ADD UNIQUE (tenant_id, id);
ALTER TABLE books ADD UNIQUE (tenant_id, id), ADD FOREIGN KEY (tenant_id, author_id) REFERENCES authors (tenant_id, id);
ALTER TABLE reviews ADD FOREIGN KEY (tenant_id, book_id) REFERENCES books (tenant_id, id);
`
	shop := source["bookshop/shop.go"]
	if err := once(&shop, "m.Group(\"/v1\", glueful.SecurityHeaders)", "m.Group(\"/v1\", glueful.SecurityHeaders, tenancy)"); err != nil {
		return err
	}
	source["bookshop/shop.go"] = shop
	source["bookshop/tenants.go"] = `package bookshop

import (
	"context"
	"net/http"
	"strconv"

	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/model"
)

type tenantKey struct{}

func tenancy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, err := strconv.ParseInt(r.Header.Get("X-Tenant"), 10, 64); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), tenantKey{}, id))
		}
		next.ServeHTTP(w, r)
	})
}

func tenant(ctx context.Context) (int64, error) {
	id, ok := ctx.Value(tenantKey{}).(int64)
	if !ok {
		return 0, errs.Forbidden
	}
	return id, nil
}

func owned[T any](m *model.Model[T], column func(*T) *int64) {
	m.Scope(func(ctx context.Context) (model.Cond, error) {
		id, err := tenant(ctx)
		return model.Eq(column(m.Probe()), id), err
	})
	m.Before(model.Insert, func(ctx context.Context, _ model.DB, row *T) (err error) {
		*column(row), err = tenant(ctx)
		return err
	})
}

func init() {
	owned(Authors, func(x *Author) *int64 { return &x.TenantID })
	owned(Books, func(x *Book) *int64 { return &x.TenantID })
	owned(Reviews, func(x *Review) *int64 { return &x.TenantID })
}
`
	return nil
}

// rows are what one tenant has.
type rows struct {
	tenant               string
	author, book, review string
	idle                 string // an author without books
}

func (x rows) as(method, path, body string) request {
	return request{method, "/v1" + path, body, http.Header{"X-Tenant": {x.tenant}}}
}

func (a *app) made(r request) string {
	a.t.Helper()
	x := a.ask(r)
	a.check(x, 201)
	var row struct{ ID int64 }
	if err := json.Unmarshal([]byte(x.text), &row); err != nil {
		a.t.Fatal(err)
	}
	return fmt.Sprint(row.ID)
}

// furnish gives a tenant one row of each table; the name tells whose it is.
func (a *app) furnish(tenant string) rows {
	x := rows{tenant: tenant}
	x.author = a.made(x.as("POST", "/authors", `{"name":"author of `+tenant+`"}`))
	x.idle = a.made(x.as("POST", "/authors", `{"name":"idle of `+tenant+`"}`))
	x.book = a.made(x.as("POST", "/books", `{"title":"book of `+tenant+`","pages":1,"author_id":`+x.author+`}`))
	x.review = a.made(x.as("POST", "/books/"+x.book+"/reviews", `{"stars":5,"text":"review of `+tenant+`"}`))
	return x
}

// TestTenants asks every route as one tenant for what is its own, what is
// another's and what is nobody's: the last two are answered alike.
func TestTenants(t *testing.T) {
	db := open(t)
	bin, err := generate("tenants", tenants)
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	one, two := a.furnish("1001"), a.furnish("2002")
	nobody := rows{author: "987654", book: "987654", review: "987654", idle: "987654"}
	// by makes the requests with the ids of x as the tenant of me.
	by := func(me, x rows) []request {
		reviews := "/books/" + x.book + "/reviews"
		return []request{
			me.as("GET", "/authors/"+x.author+"?expand=books", ""),
			me.as("PATCH", "/authors/"+x.author, `{"name":"author of `+me.tenant+`"}`),
			me.as("GET", "/books/"+x.book+"?expand=author,reviews", ""),
			me.as("PATCH", "/books/"+x.book, `{"title":"book of `+me.tenant+`"}`),
			me.as("PATCH", "/books/"+me.book, `{"author_id":`+x.author+`}`),
			me.as("POST", "/books", `{"title":"book of `+me.tenant+`","pages":1,"author_id":`+x.author+`}`),
			me.as("GET", reviews, ""),
			me.as("POST", reviews, `{"stars":1,"text":"review of `+me.tenant+`"}`),
			me.as("GET", reviews+"/"+x.review, ""),
			me.as("PATCH", reviews+"/"+x.review, `{"stars":2}`),
			me.as("DELETE", reviews+"/"+x.review, ""),
			me.as("DELETE", "/authors/"+x.idle, ""),
			me.as("DELETE", "/books/"+x.book, ""),
		}
	}
	lists := []string{"/authors?expand=books&page[total]=true", "/books?expand=author,reviews&page[total]=true", "/books?search=book", "/authors?filter[name][starts]=author"}
	state := func() (s string) {
		err := db.QueryRow(`SELECT (SELECT string_agg(x::text, '' ORDER BY id) FROM authors x) || (SELECT string_agg(x::text, '' ORDER BY id) FROM books x)
			|| (SELECT string_agg(x::text, '' ORDER BY id) FROM reviews x)`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before, cells := state(), 0
	for me, other := range map[rows]rows{one: two, two: one} {
		foreign, absent := by(me, other), by(me, nobody)
		for i := range foreign {
			x, y := a.ask(foreign[i]), a.ask(absent[i])
			a.check(x, 404, 409)
			a.check(y, 404, 409)
			if strip(x) != strip(y) {
				t.Errorf("%s: another's is told from nobody's: %s and %s", foreign[i], strip(x), strip(y))
			}
			cells += 2
		}
		for _, path := range lists {
			x := a.ask(me.as("GET", path, ""))
			a.check(x, 200)
			if strings.Contains(x.text, other.tenant) || !strings.Contains(x.text, me.tenant) {
				t.Errorf("%s of %s: %s", path, me.tenant, x.text)
			}
			nameless := a.ask(request{"GET", "/v1" + path, "", nil})
			a.check(nameless, 403)
			cells += 2
		}
	}
	if state() != before {
		t.Errorf("the rows have changed:\n%s\n%s", before, state())
	}
	for _, me := range []rows{one, two} {
		for _, r := range by(me, me) {
			x := a.ask(r)
			a.check(x, 200, 201, 204)
			if other := map[string]string{"1001": "2002", "2002": "1001"}[me.tenant]; strings.Contains(x.text, other) {
				t.Errorf("%s: %s", r, x.text)
			}
			cells++
		}
	}
	if cells < 90 {
		t.Errorf("%d cells of the grid, want 90", cells)
	}
	a.settle()
}

// strip is an answer without what differs from one request to the next.
func strip(x answer) string {
	return fmt.Sprint(x.status, " ", strings.ReplaceAll(x.text, x.id, "id"))
}
