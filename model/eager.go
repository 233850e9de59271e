package model

import (
	"context"
	"fmt"
	"slices"
)

// loadContext is where relations are loaded.
type loadContext struct {
	context.Context
	db DB
}

// eager is a relation to load with its rows, and what to load with those.
// Trees of it are shared between queries and never changed.
type eager struct {
	rel    *relation
	narrow []func(spec) spec
	with   []*eager
	reads  []*column // columns a projection reads; nil: all
}

func (s *spec) node(rel *relation) *eager {
	for _, n := range s.with {
		if n.rel == rel {
			return n
		}
	}
	return nil
}

// A Step is a relation in a path, narrowed; see [Constrain].
type Step struct {
	field  any
	narrow func(spec) spec
}

// Constrain narrows which rows of a relation [Query.With] loads, or
// [Query.WithCount] counts. In a path to load, the narrowing query may also
// sort, load further relations, and limit: a limit counts per parent.
//
//	Users.With(model.Constrain(&u.Posts, func(q model.Query[Post]) model.Query[Post] {
//		return q.OrderBy(model.Desc(&p.ID)).Limit(3)
//	}))
func Constrain[C any](field Related[C], narrow ...func(Query[C]) Query[C]) Step {
	return Step{field, narrowed(narrow)}
}

func stepOf(v any) Step {
	if s, ok := v.(Step); ok {
		return s
	}
	return Step{field: v}
}

// graft adds a path to a tree without changing it.
func graft(tree []*eager, t *table, path []any) ([]*eager, error) {
	if len(path) == 0 {
		return tree, nil
	}
	st := stepOf(path[0])
	n, ok := lookup(st.field)
	if !ok || n.rel == nil {
		return tree, badAddress(st.field, "relation")
	}
	if n.rel.owner != t {
		return tree, fmt.Errorf("model: %s is no relation of %s", n.rel, t.name)
	}
	node := &eager{rel: n.rel}
	tree = slices.Clone(tree)
	if i := slices.IndexFunc(tree, func(e *eager) bool { return e.rel == n.rel }); i >= 0 {
		*node = *tree[i]
		tree[i] = node
	} else {
		tree = append(tree, node)
	}
	if st.narrow != nil {
		node.narrow = plus(node.narrow, st.narrow)
	}
	if len(path) == 1 {
		return tree, nil
	}
	if err := n.rel.resolve(); err != nil {
		return tree, err
	}
	var err error
	node.with, err = graft(node.with, n.rel.to, path[1:])
	return tree, err
}

// merge joins two trees.
func merge(a, b []*eager) []*eager {
	if len(a) == 0 {
		return b
	}
	out := slices.Clone(a)
	for _, n := range b {
		i := slices.IndexFunc(out, func(e *eager) bool { return e.rel == n.rel })
		if i < 0 {
			out = append(out, n)
			continue
		}
		out[i] = &eager{rel: n.rel, narrow: plus(out[i].narrow, n.narrow...), with: merge(out[i].with, n.with), reads: n.reads}
	}
	return out
}
