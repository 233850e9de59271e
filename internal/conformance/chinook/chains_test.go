package chinook

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/glueful/glueful-go/model"
)

// A pred is one condition, said twice: to model, and in SQL written by hand in
// another way. The SQL names its table by the alias it is given.
type pred struct {
	cond model.Cond
	sql  func(alias string) string
}

// A source makes random predicates on one table.
type source struct {
	name  string
	atoms []func(r *rand.Rand) pred
	links []func(r *rand.Rand, depth int) pred
}

func text(s string) string     { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func number(n int64) string    { return fmt.Sprint(n) }
func bare(s string) string     { return s }
func maybe(s *string) string   { return text(*s) }
func maybeInt(n *int64) string { return number(*n) }

// column makes the predicates every column can have. null tells that the
// column may be NULL.
func column[V any](field *V, name string, null bool, lit func(V) string, values ...V) func(*rand.Rand) pred {
	return func(r *rand.Rand) pred {
		v, w := values[r.IntN(len(values))], values[r.IntN(len(values))]
		at := func(format string, lits ...any) func(string) string {
			return func(alias string) string {
				return fmt.Sprintf(strings.ReplaceAll(format, "@", alias+"."+name), lits...)
			}
		}
		switch r.IntN(9) {
		case 0:
			return pred{model.Eq(field, v), at("@ = %s", lit(v))}
		case 1:
			if null {
				return pred{model.Ne(field, v), at("(@ IS NULL OR @ <> %s)", lit(v))}
			}
			return pred{model.Ne(field, v), at("NOT @ = %s", lit(v))}
		case 2:
			return pred{model.Gt(field, v), at("%s < @", lit(v))}
		case 3:
			return pred{model.Ge(field, v), at("NOT coalesce(@ < %s, true)", lit(v))}
		case 4:
			return pred{model.Lt(field, v), at("%s > @", lit(v))}
		case 5:
			return pred{model.Le(field, v), at("(@ < %s OR @ = %[1]s)", lit(v))}
		case 6:
			return pred{model.Between(field, v, w), at("@ BETWEEN %s AND %s", lit(v), lit(w))}
		case 7:
			n := r.IntN(4)
			list, lits := values[:min(n, len(values))], []string{}
			for _, v := range list {
				lits = append(lits, lit(v))
			}
			if len(list) == 0 {
				return pred{model.In(field, list...), at("1 = 0")}
			}
			return pred{model.In(field, list...), at("@ IN (%s)", strings.Join(lits, ", "))}
		}
		return pred{model.IsNull(field), at("@ IS NULL")}
	}
}

// words are the predicates of text that cannot be NULL.
func words(field *string, name string, parts ...string) func(*rand.Rand) pred {
	return func(r *rand.Rand) pred {
		s := parts[r.IntN(len(parts))]
		cut := func(format string) func(string) string {
			return func(alias string) string {
				return strings.NewReplacer("@", alias+"."+name, "#", text(s), "~", number(int64(len([]rune(s))))).Replace(format)
			}
		}
		switch r.IntN(3) {
		case 0:
			return pred{model.Contains(field, s), cut("replace(@, #, '') <> @")}
		case 1:
			return pred{model.Starts(field, s), cut("substr(@, 1, ~) = #")}
		}
		return pred{model.Ends(field, s), cut("length(@) >= ~ AND substr(@, length(@) - ~ + 1) = #")}
	}
}

// related says that rows of another table exist: column here, key there.
func related[C any](field model.Related[C], here string, other func() *source, there string) func(*rand.Rand, int) pred {
	return func(r *rand.Rand, depth int) pred {
		inner := other().random(r, depth)
		return pred{
			model.Has(field, func(q model.Query[C]) model.Query[C] { return q.Where(inner.cond) }),
			func(alias string) string {
				sub := alias + "x"
				return fmt.Sprintf("%s.%s IN (SELECT %s.%s FROM %s %s WHERE %s.%s IS NOT NULL AND (%s))",
					alias, here, sub, there, other().name, sub, sub, there, inner.sql(sub))
			},
		}
	}
}

// random makes a predicate of up to depth levels.
func (s *source) random(r *rand.Rand, depth int) pred {
	if depth <= 0 {
		return s.atoms[r.IntN(len(s.atoms))](r)
	}
	switch r.IntN(5) {
	case 0:
		return s.atoms[r.IntN(len(s.atoms))](r)
	case 1:
		if len(s.links) > 0 {
			return s.links[r.IntN(len(s.links))](r, depth-1)
		}
	case 2:
		x := s.random(r, depth-1)
		return pred{model.Not(x.cond), func(a string) string { return "NOT coalesce((" + x.sql(a) + "), false)" }}
	case 3:
		x, y := s.random(r, depth-1), s.random(r, depth-1)
		return pred{model.Or(x.cond, y.cond), func(a string) string { return "((" + x.sql(a) + ") OR (" + y.sql(a) + "))" }}
	}
	x, y := s.random(r, depth-1), s.random(r, depth-1)
	return pred{model.And(x.cond, y.cond), func(a string) string { return "((" + x.sql(a) + ") AND (" + y.sql(a) + "))" }}
}

// An ordering is one column of an order, said twice.
type ordering struct {
	field any
	name  string
}

// A chain runs one random query on one table in both ways.
type chain func(ctx context.Context, db *model.Pool, r *rand.Rand) error

// over makes the chains of a table. children is a relation to many whose ids
// are loaded, by the foreign key there; nil if there is none.
func over[T any](m *model.Model[T], s *source, id *int64, key func(*T) int64, children *kids[T], orders ...ordering) chain {
	return func(ctx context.Context, db *model.Pool, r *rand.Rand) error {
		q, where := m.Query, "1 = 1"
		for range r.IntN(3) {
			p := s.random(r, 2)
			q, where = q.Where(p.cond), where+" AND ("+p.sql("a")+")"
		}
		from := fmt.Sprintf(" FROM %s a WHERE %s", s.name, where)
		by := ""
		for range r.IntN(3) {
			o := orders[r.IntN(len(orders))]
			if r.IntN(2) == 0 {
				q, by = q.OrderBy(model.Asc(o.field)), by+fmt.Sprintf("CASE WHEN a.%s IS NULL THEN 0 ELSE 1 END, a.%[1]s, ", o.name)
			} else {
				q, by = q.OrderBy(model.Desc(o.field)), by+fmt.Sprintf("CASE WHEN a.%s IS NULL THEN 1 ELSE 0 END, a.%[1]s DESC, ", o.name)
			}
		}
		sorted, by := q.OrderBy(model.Asc(id)), " ORDER BY "+by+"a.id"
		limit := r.IntN(40)
		switch r.IntN(7) {
		case 0:
			n, err := q.Count(ctx, db)
			return same([]int64{n}, err, db, "SELECT count(*)"+from)
		case 1:
			yes, err := q.Exists(ctx, db)
			n := int64(0)
			if yes {
				n = 1
			}
			return same([]int64{n}, err, db, "SELECT count(*) FROM (SELECT 1"+from+" LIMIT 1) z")
		case 2:
			ids, err := model.Pluck(ctx, db, sorted.Limit(limit), id)
			return same(ids, err, db, fmt.Sprintf("SELECT a.id%s%s LIMIT %d", from, by, limit))
		case 3:
			return pages(ctx, db, sorted, key, fmt.Sprintf("SELECT a.id%s%s LIMIT %d", from, by, 3*(limit+1)), limit+1)
		case 4:
			sum, err := model.Sum(ctx, db, q, id)
			return same([]int64{sum}, err, db, "SELECT CAST(coalesce(sum(a.id), 0) AS bigint)"+from)
		case 5:
			if children != nil {
				return children.compare(ctx, db, r, sorted.Limit(limit), key, fmt.Sprintf("SELECT a.id%s%s LIMIT %d", from, by, limit))
			}
		}
		list, err := sorted.Limit(limit).All(ctx, db)
		return same(keys(list, key), err, db, fmt.Sprintf("SELECT a.id%s%s LIMIT %d", from, by, limit))
	}
}

func keys[T any](list []T, key func(*T) int64) []int64 {
	out := make([]int64, len(list))
	for i := range list {
		out[i] = key(&list[i])
	}
	return out
}

// same compares ids with what SQL answers.
func same(got []int64, err error, db *model.Pool, text string) error {
	if err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	want, err := numbers(db.SQL(), text)
	if err != nil {
		return fmt.Errorf("the hand-written SQL: %w\n%s", err, text)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("got %v, want %v\n%s", got, want, text)
	}
	return nil
}

func numbers(db *sql.DB, text string) ([]int64, error) {
	rs, err := db.Query(text)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	out := []int64{}
	for rs.Next() {
		var n int64
		if err := rs.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, rs.Err()
}

// pages reads three pages by cursor.
func pages[T any](ctx context.Context, db *model.Pool, q model.Query[T], key func(*T) int64, text string, size int) error {
	var got []int64
	cursor := ""
	for range 3 {
		page, err := q.Keyset(cursor, size).Page(ctx, db)
		if err != nil {
			return err
		}
		got = append(got, keys(page.Items, key)...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if got == nil {
		got = []int64{}
	}
	return same(got, nil, db, text)
}

// kids is a relation to many, loaded in one of three ways.
type kids[T any] struct {
	compare func(ctx context.Context, db *model.Pool, r *rand.Rand, q model.Query[T], key func(*T) int64, parents string) error
}

func toMany[T, C any](field *model.Many[C], of func(*T) *model.Many[C], table, fk string, id *int64, key func(*C) int64) *kids[T] {
	return &kids[T]{func(ctx context.Context, db *model.Pool, r *rand.Rand, q model.Query[T], parent func(*T) int64, parents string) error {
		top := 0
		switch r.IntN(3) {
		case 0:
			q = q.With(field)
		case 1:
			top = 1 + r.IntN(3)
			q = q.With(model.Constrain[C](field, func(q model.Query[C]) model.Query[C] { return q.OrderBy(model.Desc(id)).Limit(top) }))
		}
		list, err := q.WithCount(field).All(ctx, db)
		if err != nil {
			return err
		}
		if err := same(keys(list, parent), nil, db, parents); err != nil {
			return err
		}
		for i := range list {
			got, err := of(&list[i]).Load(ctx)
			text := fmt.Sprintf("SELECT id FROM %s WHERE %s = %d ORDER BY id", table, fk, parent(&list[i]))
			if top > 0 {
				text += fmt.Sprintf(" DESC LIMIT %d", top)
			}
			if err := same(keys(got, key), err, db, text); err != nil {
				return err
			}
			n, _ := of(&list[i]).Count()
			if err := same([]int64{n}, nil, db, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = %d", table, fk, parent(&list[i]))); err != nil {
				return err
			}
		}
		return nil
	}}
}
