package project_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

// The columns of the tests, as a model's probe would have them.
type book struct {
	ID       int64
	Title    string
	Pages    int
	AuthorID int64
	Notes    *string
}

var b = new(book)

// members is the shape of a book: author and reviews are relations, and an
// author has books again.
func members(path string) []string {
	shapes := map[string][]string{
		"book":   {"id", "title", "pages", "cover", "author", "reviews"},
		"cover":  {"url", "width"},
		"author": {"id", "name", "email", "books"},
		"review": {"id", "stars", "text"},
	}
	next := map[string]string{"cover": "cover", "author": "author", "books": "book", "reviews": "review"}
	at := "book"
	if path != "" {
		for name := range strings.SplitSeq(path, ".") {
			if !slices.Contains(shapes[at], name) {
				return nil
			}
			at = next[name]
		}
	}
	return shapes[at]
}

func relation(path string) (relation, list bool) {
	name := path[strings.LastIndexByte(path, '.')+1:]
	return name == "author" || name == "reviews" || name == "books", name == "reviews" || name == "books"
}

func answer(kind string) project.Answer {
	return project.Answer{Kind: kind, Members: members, Relation: relation}
}

func plan(t testing.TB, allow func(*project.Rules)) *project.Plan {
	t.Helper()
	p, err := project.NewPlan(allow, answer("page"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func bind(t testing.TB, p *project.Plan, query string) (project.Query, []project.Fault) {
	t.Helper()
	var q project.Query
	err := q.Bind(context.Background(), p, parse(t, query))
	if err == nil {
		return q, nil
	}
	var refused *project.Error
	if !errors.As(err, &refused) || refused.HTTPStatus() != 400 {
		t.Fatalf("Bind(%q): %v", query, err)
	}
	return q, refused.Faults
}

func parse(t testing.TB, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestBind_selection(t *testing.T) {
	p := plan(t, func(r *project.Rules) { r.Name = "book" })
	for query, want := range map[string]string{
		"":                                        "nil",
		"fields=title":                            "title",
		"fields=pages,title":                      "title pages",
		"fields=title,title":                      "title",
		"fields=title&fields=id":                  "id title",
		"fields[]=title&fields[]=id":              "id title",
		"fields=":                                 "id",
		"fields=*":                                "nil",
		"fields=*,-title":                         "* -title",
		"fields=-title":                           "* -title",
		"fields=title,-title":                     "",
		"fields=author":                           "author",
		"fields=author(name)":                     "author.name",
		"fields=author.name,author/id":            "author.id author.name",
		"fields=author,author(books)":             "author.* author.books",
		"fields=author(*)":                        "author.*",
		"fields=author(-email)":                   "author.* -author.email",
		"fields=author,-author.email":             "author.* -author.email",
		"fields=-author.email":                    "* -author.email",
		"fields=-author.email,title":              "title",
		"fields=book(id,title)":                   "id title",
		"fields[book]=id,title":                   "id title",
		"fields[book]=":                           "id",
		"fields[author]=name":                     "* author.name",
		"fields[author]=":                         "* author.id",
		"fields[author.books]=title&fields=id":    "id author.books.title",
		"expand=author":                           "* author",
		"expand[]=author&expand[]=reviews":        "* author reviews",
		"expand=author.books":                     "* author.* author.books",
		"fields=title,author(name)&expand=author": "title author.name",
		"fields=title&expand=author":              "title author",
		"fields=*(id)&expand=":                    "refused",
		"fields=*(*)":                             "* cover.* author.* reviews.*",
		"expand=title":                            "refused",
		"expand=cover":                            "* cover",
		"expand=-title":                           "refused",
		`fields=t\itle`:                           "title",
		"fields=title,":                           "refused",
		"fields=,":                                "refused",
		"fields=a:title":                          "refused",
		"fields=--title":                          "refused",
		"fields=author()":                         "refused",
		"fields=author(name":                      "refused",
		"fields=author(name))":                    "refused",
		"fields=author(name)x":                    "refused",
		"fields=title(x)":                         "refused",
		"fields=id title":                         "refused",
		"fields=author(books(author(books(author(books(title))))))": "refused",
		"fields[nope]=x":         "refused",
		"fields[author][x]=name": "refused",
		"fields[author=name":     "refused",
	} {
		q, faults := bind(t, p, query)
		got := strings.Join(q.Paths(), " ")
		switch {
		case faults != nil:
			got = "refused"
		case q.Paths() == nil:
			got = "nil"
		}
		if got != strings.ReplaceAll(want, "  ", " ") {
			t.Errorf("%q selects %q, want %q %v", query, got, want, faults)
		}
	}
}
