package project_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

func everything(r *project.Rules) {
	project.Sort(r, "title", &b.Title)
	project.Sort(r, "pages", &b.Pages)
	project.Filter(r, "author", &b.AuthorID, "eq", "in")
	project.Filter(r, "pages", &b.Pages, "eq", "gte", "lte", "between")
	project.Filter(r, "title", &b.Title, "eq", "contains", "starts")
	project.Filter(r, "notes", &b.Notes, "eq", "null", "not_null")
	project.FilterFunc(r, "custom", func(_ context.Context, op string, v []int) (string, error) {
		if v[0] == 13 {
			return "", errors.New("no")
		}
		return fmt.Sprint("custom ", op, v), nil
	})
	project.Search(r, &b.Title)
	r.Sort = "-pages"
}

// terms writes conditions as text.
func terms(all func(yield func(any, string, []any) bool)) string {
	var list []string
	names := map[any]string{&b.Title: "title", &b.Pages: "pages", &b.AuthorID: "author", &b.Notes: "notes"}
	all(func(field any, op string, args []any) bool {
		name := names[field]
		if text, ok := field.(string); ok {
			name = text
		}
		for i, a := range args {
			if inner, ok := a.(func(yield func(any, string, []any) bool)); ok {
				args[i] = terms(inner)
			} else if v := reflect.ValueOf(a); v.Kind() == reflect.Pointer {
				args[i] = v.Elem().Interface()
			}
		}
		list = append(list, strings.TrimSpace(fmt.Sprint(name, " ", op, " ", args)))
		return true
	})
	return strings.Join(list, "; ")
}

func TestBind_filter(t *testing.T) {
	p := plan(t, everything)
	for query, want := range map[string]string{
		"":                       "",
		"filter[author]=7":       "author eq [7]",
		"filter[author][in]=7,8": "author in [7 8]",
		"filter[pages][gte]=1&filter[pages][lte]=9": "pages gte [1]; pages lte [9]",
		"filter[pages][between]=1,9":                "pages between [1 9]",
		"filter[title]=":                            "title eq []",
		"filter[title][contains]=a%25_":             "title contains [a%_]",
		"filter[title][starts]=%25":                 "title starts [%]",
		"filter[notes]=x":                           "notes eq [x]",
		"filter[notes][null]":                       "notes null []",
		"filter[notes][not_null]=true":              "notes notnull []",
		"filter[custom]=1":                          "custom eq[1]  []",
		"search=war and":                            "title search [war and]",
		"filter[or][0][author]=1&filter[or][1][pages]=2&filter[or][1][title]=x": "or [author eq [1] pages eq [2]; title eq [x]]",
		"filter[custom]=13":                   "filter[custom] value",
		"filter[nope]=1":                      "filter[nope] unknown_filter",
		"filter[author][gte]=1":               "filter[author][gte] unknown_operator",
		"filter[author]=1&filter[author]=2":   "filter[author] repeated",
		"filter[author]=x":                    "filter[author] integer",
		"filter[author]=0x1":                  "filter[author] integer",
		"filter[author]=01":                   "filter[author] integer",
		"filter[author]=99999999999999999999": "filter[author] integer",
		"filter[author][in]=1,,2":             "filter[author][in] integer",
		"filter[pages][between]=1":            "filter[pages][between] between",
		"filter[title][contains]=ab":          "filter[title][contains] too_short",
		"filter[title]=%00":                   "filter[title] nul",
		"filter[title]=%ff":                   "filter[title] utf8",
		"filter[notes][null]=false":           "filter[notes][null] boolean",
		"filter[pages":                        "filter[pages unknown_filter",
		"filter":                              "filter unknown_filter",
		"filter[a][b][c]=1":                   "filter[a][b][c] unknown_filter",
		"filter[or][x][author]=1":             "filter[or][x][author] group",
		"search=ab":                           "search too_short",
	} {
		q, faults := bind(t, p, query)
		got := terms(q.Terms)
		if faults != nil {
			got = faults[0].Name + " " + faults[0].Code
		}
		if got != want {
			t.Errorf("%q asks for %q, want %q", query, got, want)
		}
	}
}

func TestBind_order(t *testing.T) {
	p := plan(t, everything)
	for query, want := range map[string]string{
		"":                  "-pages",
		"sort=title,-pages": "+title-pages",
		"sort=%2Btitle":     "+title",
		"sort=+title":       "+title",
		"sort=nope":         "unknown_sort",
		"sort=title,title":  "repeated",
		"sort=a,b,c,d,e,f":  "too_many",
	} {
		q, faults := bind(t, p, query)
		got := ""
		q.Order(func(field any, desc bool) bool {
			got += map[bool]string{true: "-", false: "+"}[desc] + map[any]string{&b.Title: "title", &b.Pages: "pages"}[field]
			return true
		})
		if faults != nil {
			got = faults[0].Code
		}
		if got != want {
			t.Errorf("%q orders by %q, want %q", query, got, want)
		}
	}
}
