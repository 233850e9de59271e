package project

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Rules say what a client may ask of one route. A query type fills them in its
// method Allow, which runs once, when the route is registered. What is not
// allowed is refused: without rules there are no filters, sorts or search.
//
// The members that may be selected are those of the answer, less the hidden
// ones. Names in Hide, Guard and Always count at every level: "email" is every
// member of that name, "author.email" the email of every author.
type Rules struct {
	// Name is what the answer's type is called, for fields[books]=... and
	// fields=book(id,title). Empty is no name.
	Name string

	// Only are the paths that may be selected, each with what is below it; nil
	// is all of them. For an answer of no known shape, such as raw JSON, it is
	// the list of what there is, and nil is nothing.
	Only []string
	// Default is what is written when fields is absent, as paths; "*" is the
	// members the answer has by itself. Nil is "*".
	Default []string
	// Always are members that are written whatever is selected.
	Always []string

	// Sort is the order without a sort parameter, like "-created_at,title".
	Sort string
	// PageSize is the items of a page, 25 if 0; MaxPageSize the most a client
	// may ask for, 100 if 0.
	PageSize, MaxPageSize int
	// Numbered allows page[number] beside page[cursor].
	Numbered bool
	// MaxCost refuses queries whose [Query.Cost] is greater; 0 is no limit.
	MaxCost int
	// MinText is the fewest characters of contains, ends and search, which no
	// index helps; 3 if 0.
	MinText int

	// Keys sign cursors: the first signs, all verify. Each has at least 16
	// bytes and all processes of a service share them. Without keys a cursor
	// still belongs to its sort, filters and scope, but by a plain checksum: a
	// client that forges one can only move the window of the list it is allowed
	// to read.
	Keys [][]byte
	// Scope names what else a cursor belongs to, such as the tenant; nil is
	// nothing. A cursor is refused in another scope.
	Scope func(context.Context) string

	sorts   []sorter
	filters []filter
	search  []any
	hidden  []string
	guards  []guard
	errs    []error
}

type sorter struct {
	name  string
	field any
}

type guard struct {
	path string
	ok   func(context.Context) bool
}

// A filter is one name of filter[name].
type filter struct {
	name  string
	field any
	typ   reflect.Type
	ops   []string
	parse parser
	cond  func(ctx context.Context, op string, args []any) (any, error) // instead of field
}

func (r *Rules) fail(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("project: "+format, args...))
}

// Hide takes members away: nobody can select them, and they are not written.
// The same holds for what is below them.
func (r *Rules) Hide(paths ...string) { r.hidden = append(r.hidden, paths...) }

// Guard hides a member from requests for which ok is false. It is asked once
// for each request and must not block. A route has at most 64 guards.
func (r *Rules) Guard(path string, ok func(context.Context) bool) {
	if ok == nil {
		r.fail("the guard of %q is nil", path)
		return
	}
	r.guards = append(r.guards, guard{path, ok})
}

// Sort allows sort=name, by the column at field, an address in the probe of a
// model.
func Sort[V any](r *Rules, name string, field *V) {
	if field == nil || !isName(name) {
		r.fail("sort %q needs a name and a field", name)
		return
	}
	for _, s := range r.sorts {
		if s.name == name {
			r.fail("sort %q is declared twice", name)
		}
	}
	r.sorts = append(r.sorts, sorter{name, field})
}

// Filter allows filter[name]=value by the column at field, an address in the
// probe of a model, with the given operators: eq, ne, gt, gte, lt, lte, in, nin,
// between, contains, starts, ends, null and not_null; without any, eq. Values
// are read as V: numbers and booleans as in JSON, times as RFC 3339,
// [encoding.TextUnmarshaler] by its method, pointers as what they point to.
func Filter[V any](r *Rules, name string, field *V, ops ...string) {
	if len(ops) == 0 {
		ops = []string{"eq"}
	}
	if field == nil {
		r.fail("filter %q has no field", name)
		return
	}
	r.filter(filter{name: name, field: field, typ: reflect.TypeFor[V](), ops: ops})
}

// FilterFunc allows filter[name]=value by a condition of the program's own.
// The function gets the operator and the values, as many as the operator takes,
// and returns the condition in the form the database package has for it, such as
// a model.Cond. Its error refuses the request; the client sees only a code.
//
//	project.FilterFunc(r, "reviewed", func(_ context.Context, _ string, v []bool) (model.Cond, error) {
//		if v[0] {
//			return model.Has(&b.Reviews), nil
//		}
//		return model.HasNot(&b.Reviews), nil
//	})
func FilterFunc[V, C any](r *Rules, name string, f func(ctx context.Context, op string, args []V) (C, error), ops ...string) {
	if len(ops) == 0 {
		ops = []string{"eq"}
	}
	if f == nil {
		r.fail("filter %q has no function", name)
		return
	}
	r.filter(filter{name: name, typ: reflect.TypeFor[V](), ops: ops,
		cond: func(ctx context.Context, op string, args []any) (any, error) {
			typed := make([]V, len(args))
			for i, a := range args {
				v, ok := a.(V)
				if !ok {
					return nil, errors.New("project: a value of another type")
				}
				typed[i] = v
			}
			return f(ctx, op, typed)
		}})
}

func (r *Rules) filter(f filter) {
	if f.parse = parserOf(f.typ); f.parse == nil {
		r.fail("filter %q: text cannot become a %v", f.name, f.typ)
		return
	}
	if !isName(f.name) || f.name == "or" {
		r.fail("%q is no name of a filter", f.name)
	}
	if err := checkOps(f.typ, f.ops); err != nil {
		r.fail("filter %q %w", f.name, err)
	}
	for _, other := range r.filters {
		if other.name == f.name {
			r.fail("filter %q is declared twice", f.name)
		}
	}
	r.filters = append(r.filters, f)
}

// Search allows search=text, which holds where one of the columns contains the
// text. Case does not count, as far as the database folds it.
func Search[S ~string](r *Rules, fields ...*S) {
	for _, f := range fields {
		if f == nil {
			r.fail("search in no field")
			return
		}
		r.search = append(r.search, f)
	}
}

// isName reports whether s can stand in filter[s] and sort=s.
func isName(s string) bool {
	if s == "" || s[0] == '-' || len(s) > maxQuoted {
		return false
	}
	for _, c := range s {
		if !nameRune(c) && c != '.' {
			return false
		}
	}
	return true
}
