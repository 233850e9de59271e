package model

import (
	"fmt"
	"reflect"
	"slices"
)

// For makes the query read what a projection asks for. Reads is given the
// probe and returns paths of field addresses: a path that ends in a relation
// loads it, lazy columns nobody reads are left out of the SELECT. If source
// has them, its conditions, order and page are taken too:
//
//	Terms(yield func(field any, op string, args []any) bool)
//	Order(yield func(field any, desc bool) bool)
//	Window() (size int, cursor string, count bool)
//	PageNumber() int // from 1, or 0 for a page by cursor
//	Seal(cursor string) string // the cursor in the form clients get
//
// Operators are eq, ne, gt, ge, lt, le, in, nin, between, contains, starts,
// ends, null and notnull; args have the field's type, and search is contains
// whatever the case, as far as the database folds it. With the operator or,
// field is nil and each of args is a function like Terms, of which one has to
// hold. A [Cond] in the place of field stands for itself, with no operator.
// Package project's Query is such a source.
// A source without Reads, or whose Reads returns nothing, leaves all columns in.
func (q Query[T]) For(source interface{ Reads(probe any) [][]any }) Query[T] {
	if paths := source.Reads(q.t.probe.Addr().Interface()); len(paths) > 0 {
		q.project(paths)
	}
	if s, ok := source.(interface{ Terms(yieldTerm) }); ok {
		conds, err := terms(s.Terms)
		if err != nil {
			q.fail(err)
		}
		for _, c := range conds {
			q.conds = plus(q.conds, c)
		}
	}
	if s, ok := source.(interface {
		Order(yield func(field any, desc bool) bool)
	}); ok {
		s.Order(func(field any, desc bool) bool {
			q.orders = plus(q.orders, Order{field, desc})
			return true
		})
	}
	if s, ok := source.(interface {
		Window() (size int, cursor string, count bool)
	}); ok {
		q.window.size, q.window.cursor, q.window.total = s.Window()
	}
	if s, ok := source.(interface{ PageNumber() int }); ok {
		q.window.number = max(0, s.PageNumber())
	}
	if s, ok := source.(interface{ Seal(string) string }); ok {
		q.window.seal = s.Seal
	}
	return q
}

// project turns paths of field addresses into columns and relations to read.
func (s *spec) project(paths [][]any) {
	s.reads = []*column{}
	for _, path := range paths {
		if err := s.path(path); err != nil {
			s.fail(err)
		}
	}
}

func (s *spec) path(path []any) error {
	if len(path) == 0 {
		return nil
	}
	last, ok := lookup(path[len(path)-1])
	if !ok {
		return badAddress(path[len(path)-1], "column or relation")
	}
	relations := path
	if last.col != nil {
		relations = path[:len(path)-1]
	}
	var err error
	if s.with, err = graft(s.with, s.t, relations); err != nil {
		return err
	}
	if len(relations) == 0 {
		if last.col.t != s.t {
			return fmt.Errorf("model: %s is no column of %s", last.col, s.t.name)
		}
		s.reads = append(s.reads, last.col)
		return nil
	}
	// graft copied the nodes of this path, so they are ours to complete. Of a
	// relation that leads on, or to a column, what is read of it is known.
	tree := s.with
	for i, step := range path {
		n, _ := lookup(step)
		if n.col != nil {
			break
		}
		at := slices.IndexFunc(tree, func(e *eager) bool { return e.rel == n.rel })
		node := tree[at]
		if i+1 < len(path) && node.reads == nil {
			node.reads = []*column{}
		}
		if i+2 == len(path) && last.col != nil {
			node.reads = append(slices.Clip(node.reads), last.col)
		}
		tree = node.with
	}
	return nil
}

// yieldTerm takes one condition of a source.
type yieldTerm = func(field any, op string, args []any) bool

// terms collects the conditions of a source.
func terms(all func(yieldTerm)) (conds []Cond, err error) {
	all(func(field any, op string, args []any) bool {
		var c Cond
		if c, err = term(field, op, args); err == nil {
			conds = append(conds, c)
		}
		return err == nil
	})
	return conds, err
}

// anyOf is the alternative of sources of conditions.
func anyOf(sources []any) (Cond, error) {
	var either []Cond
	for _, s := range sources {
		all, ok := s.(func(yieldTerm))
		if !ok {
			return Cond{}, fmt.Errorf("model: a %T is no alternative", s)
		}
		conds, err := terms(all)
		if err != nil {
			return Cond{}, err
		}
		either = append(either, And(conds...))
	}
	return Or(either...), nil
}

// term is a condition whose operator is a word.
func term(field any, op string, args []any) (Cond, error) {
	if c, ok := field.(Cond); ok && op == "" {
		return c, nil
	}
	if op == "or" && field == nil {
		return anyOf(args)
	}
	n, ok := lookup(field)
	if !ok || n.col == nil {
		return Cond{}, badAddress(field, "column")
	}
	want := 1
	switch op {
	case "in", "nin":
		want = len(args)
	case "between":
		want = 2
	case "null", "notnull":
		want = len(args)
	}
	if len(args) != want {
		return Cond{}, fmt.Errorf("model: %s %s with %d values", n.col, op, len(args))
	}
	switch op {
	case "eq":
		return Cond{op: opEqual, field: field, value: args[0]}, nil
	case "ne":
		return Cond{op: opUnequal, field: field, value: args[0]}, nil
	case "gt":
		return compare(field, ">", args[0]), nil
	case "ge", "gte":
		return compare(field, ">=", args[0]), nil
	case "lt":
		return compare(field, "<", args[0]), nil
	case "le", "lte":
		return compare(field, "<=", args[0]), nil
	case "between":
		return And(compare(field, ">=", args[0]), compare(field, "<=", args[1])), nil
	case "in", "nin":
		return inTerm(n.col, field, op, args)
	case "null":
		return IsNull(field), nil
	case "notnull":
		return Not(IsNull(field)), nil
	case "contains", "starts", "ends", "search":
		v := reflect.ValueOf(args[0])
		if v.Kind() != reflect.String {
			return Cond{}, fmt.Errorf("model: %s %s a %T", n.col, op, args[0])
		}
		return like(field, op, v.String()), nil
	}
	return Cond{}, fmt.Errorf("model: unknown operator %q", op)
}

func inTerm(c *column, field any, op string, args []any) (Cond, error) {
	list := reflect.MakeSlice(reflect.SliceOf(c.typ), 0, len(args))
	for _, a := range args {
		v := reflect.ValueOf(a)
		if !v.IsValid() || v.Type() != c.typ {
			return Cond{}, fmt.Errorf("model: a %T is no value for %s, which is a %v", a, c, c.typ)
		}
		list = reflect.Append(list, v)
	}
	in := Cond{op: opIn, field: field, value: list.Interface()}
	if op == "nin" {
		in = Not(in)
	}
	return in, nil
}
