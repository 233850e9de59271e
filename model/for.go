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
//
// Operators are eq, ne, gt, ge, lt, le, in, nin, between, contains, starts,
// ends, null and notnull; args have the field's type. Package project's Query is such a source.
// A source without Reads, or whose Reads returns nothing, leaves all columns in.
func (m *Model[T]) For(source interface{ Reads(probe any) [][]any }) Query[T] {
	q := m.Query
	if paths := source.Reads(m.probe); len(paths) > 0 {
		q.project(paths)
	}
	if s, ok := source.(interface {
		Terms(yield func(field any, op string, args []any) bool)
	}); ok {
		s.Terms(func(field any, op string, args []any) bool {
			c, err := term(field, op, args)
			if err != nil {
				q.fail(err)
				return false
			}
			q.conds = plus(q.conds, c)
			return true
		})
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
	if s.with, err = graft(s.with, s.t, relations); err != nil || last.col == nil {
		return err
	}
	if len(relations) == 0 {
		if last.col.t != s.t {
			return fmt.Errorf("model: %s is no column of %s", last.col, s.t.name)
		}
		s.reads = append(s.reads, last.col)
		return nil
	}
	// graft copied the nodes of this path, so they are ours to complete.
	tree := s.with
	for i, step := range relations {
		n, _ := lookup(step)
		at := slices.IndexFunc(tree, func(e *eager) bool { return e.rel == n.rel })
		node := tree[at]
		if i == len(relations)-1 {
			node.reads = append(slices.Clip(node.reads), last.col)
		}
		tree = node.with
	}
	return nil
}

// term is a condition whose operator is a word.
func term(field any, op string, args []any) (Cond, error) {
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
	case "contains", "starts", "ends":
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
