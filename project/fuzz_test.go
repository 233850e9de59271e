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

// FuzzSelection holds what is true of every selection: it is refused with a
// fault, or gives paths that exist, are allowed, and are the same when they are
// asked for by themselves.
func FuzzSelection(f *testing.F) {
	for _, s := range []string{
		"", "id,title", "author(name,books(title))", "*,-title", "*(*)", "book(id)", `t\itle`, "-author.email", "author/name", "author()", "a:b",
		"((((", "))))", "author(id))", ",", "--", "author.", ".author", "é", "\x00", "\xff", `\`, "title.title", "*.id", "-*", "author(-name,*)",
	} {
		f.Add(s, "")
		f.Add("id", s)
	}
	p := plan(f, func(r *project.Rules) {
		r.Name = "book"
		r.Hide("email")
	})
	f.Fuzz(func(t *testing.T, fields, expand string) {
		var q project.Query
		err := q.Bind(context.Background(), p, url.Values{"fields": {fields}, "expand": {expand}})
		var refused *project.Error
		if err != nil {
			if !errors.As(err, &refused) || len(refused.Faults) == 0 || len(refused.Faults) > 20 {
				t.Fatalf("%q %q: %v", fields, expand, err)
			}
			for _, x := range refused.Faults {
				if x.Code == "" || x.Name == "" || x.Offset < 0 || x.Offset > max(len(fields), len(expand)) || len(x.Path) > 300 {
					t.Fatalf("%q %q: %+v", fields, expand, x)
				}
			}
			return
		}
		for _, path := range q.Paths() {
			if path == "-**.email" {
				continue
			}
			path, not := strings.CutPrefix(path, "-")
			parent, name := "", path
			if i := strings.LastIndexByte(path, '.'); i >= 0 {
				parent, name = path[:i], path[i+1:]
			}
			if name != "*" && !slices.Contains(members(parent), name) {
				t.Fatalf("%q %q: the path %q leads nowhere", fields, expand, path)
			}
			if !not && strings.Contains(path, "email") {
				t.Fatalf("%q %q: the path %q is hidden", fields, expand, path)
			}
		}
		if len(q.Paths()) == 0 || slices.Contains(q.Paths(), "*") && len(q.Paths()) == 1 {
			return
		}
		visible := slices.DeleteFunc(slices.Clone(q.Paths()), func(s string) bool {
			return s == "-**.email"
		})
		var again project.Query
		if text := strings.Join(visible, ","); len(visible) > 0 && len(text) <= 2048 && q.Cost() < 1000 {
			if err := again.Bind(context.Background(), p, url.Values{"fields": {text}}); err != nil {
				if errors.As(err, &refused) && refused.Faults[0].Code == "too_many" {
					return // said in full, it is longer
				}
				t.Fatalf("%q %q: %q is refused: %v", fields, expand, text, err)
			}
			if !slices.Equal(again.Paths(), q.Paths()) {
				t.Fatalf("%q %q: %q became %q", fields, expand, q.Paths(), again.Paths())
			}
		}
	})
}

// FuzzQuery holds what is true of every query string: it is refused, or all its
// conditions are of declared fields, with values that fit the operator.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"filter[pages][gte]=1&sort=-title", "filter[or][0][pages]=1&filter[or][1][title]=x", "filter[author][in]=1,2,3", "search=abc&page[size]=3",
		"filter[title][contains]=%25_%5C", "filter[notes][null]=", "page[cursor]=1AAAA", "filter[pages][between]=1,2", "filter[custom]=3",
		"filter[[]]=1", "filter[]=1", "filter[pages]]=1", "sort=,", "sort=-", "page[total]=true", "page[]=1", "filter[or]=1", "filter[or][0]=1", "filter[or][0][or][0][or][0][or][0][pages]=1",
	} {
		f.Add(s)
	}
	p := plan(f, everything)
	declared := []any{&b.Title, &b.Pages, &b.AuthorID, &b.Notes}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		var q project.Query
		if err := q.Bind(context.Background(), p, values); err != nil {
			var refused *project.Error
			if !errors.As(err, &refused) || len(refused.Faults) == 0 || len(refused.Faults) > 20 {
				t.Fatalf("%q: %v", query, err)
			}
			return
		}
		var check func(depth int) func(field any, op string, args []any) bool
		check = func(depth int) func(field any, op string, args []any) bool {
			return func(field any, op string, args []any) bool {
				if text, ok := field.(string); ok && strings.HasPrefix(text, "custom ") && op == "" {
					return true
				}
				if op == "or" && field == nil && depth < 3 && len(args) > 0 {
					for _, a := range args {
						a.(func(func(any, string, []any) bool))(check(depth + 1))
					}
					return true
				}
				want := map[string]int{"between": 2, "null": 0, "notnull": 0, "in": len(args)}
				n, ok := want[op]
				if !ok {
					n = 1
				}
				if !slices.Contains(declared, field) || len(args) != n || len(args) > 100 {
					t.Fatalf("%q: %v %s %v", query, field, op, args)
				}
				return true
			}
		}
		q.Terms(check(0))
		size, cursor, _ := q.Window()
		if size < 1 || size > 100 || cursor != "" && !strings.HasSuffix(values.Get("page[cursor]"), cursor) {
			t.Fatalf("%q: window %d %q", query, size, cursor)
		}
		sealed := q.Seal("x")
		values.Set("page[cursor]", sealed)
		if err := q.Bind(context.Background(), p, values); err != nil {
			t.Fatalf("%q: its own cursor is refused: %v", query, err)
		}
	})
}
