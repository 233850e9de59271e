package model

import (
	"context"
	"fmt"
	"reflect"
)

// Group reads one row of type R for each group of the query's rows. shape is
// called once; it names, by the address in a row, what each field receives:
//
//	type perStatus struct {
//		Status string
//		Posts  int64
//		Likes  int64
//	}
//	rows, err := model.Group(ctx, db, Posts.Query, func(r *perStatus, g *model.Grouping) {
//		g.By(&r.Status, &p.Status)
//		g.Count(&r.Posts)
//		g.Sum(&r.Likes, &p.Likes)
//		g.OrderBy(model.Desc(&r.Posts))
//	})
//
// The query may have conditions and joins; a limit counts groups.
func Group[T, R any](ctx context.Context, db DB, q Query[T], shape func(*R, *Grouping)) ([]R, error) {
	h := db.handle()
	g := &Grouping{row: reflect.ValueOf(new(R)).Elem()}
	shape(g.row.Addr().Interface().(*R), g)
	b := newBuilder(ctx, h.dialect())
	g.write(b, &q.spec)
	if b.err != nil {
		return nil, b.err
	}
	out := &slab[R]{list: []R{}}
	cols := make([]*column, len(g.items))
	for i, it := range g.items {
		cols[i] = it.col
	}
	err := fetch(ctx, h, b, out, newScanner(cols), nil)
	return out.list, err
}

// A Grouping is what [Group] reads. It must not be kept.
type Grouping struct {
	row    reflect.Value
	items  []groupItem
	having []Cond
	orders []Order
	err    error
}

type groupItem struct {
	col  *column // where it goes in R
	dst  any
	f    string // aggregate, "" for a column of the group
	from any    // field address or SQL, nil for count(*)
}

// By groups by a column, or by a [SQL] expression, and stores its value.
func (g *Grouping) By(dst, field any) { g.add("", dst, field) }

// Count stores the number of rows in the group.
func (g *Grouping) Count(dst *int64) { g.add("count", dst, nil) }

// Sum stores the sum of a column; over NULLs alone it is NULL.
func (g *Grouping) Sum(dst, field any) { g.add("sum", dst, field) }

// Min stores the smallest value of a column.
func (g *Grouping) Min(dst, field any) { g.add("min", dst, field) }

// Max stores the greatest value of a column.
func (g *Grouping) Max(dst, field any) { g.add("max", dst, field) }

// Avg stores the mean of a column.
func (g *Grouping) Avg(dst *float64, field any) { g.add("avg", dst, field) }

// Having keeps the groups for which conds hold: SQL("count(*) > ?", 3).
func (g *Grouping) Having(conds ...Cond) { g.having = append(g.having, conds...) }

// OrderBy sorts the groups, by fields of the row that is read.
func (g *Grouping) OrderBy(orders ...Order) { g.orders = append(g.orders, orders...) }

func (g *Grouping) add(f string, dst, from any) {
	c := g.field(dst)
	if c == nil {
		g.fail(fmt.Errorf("model: Group: a %T is not the address of a field of %v", dst, g.row.Type()))
		return
	}
	if c.assign, c.value = codec(c); c.assign == nil {
		g.fail(fmt.Errorf("model: Group: no way to read a %v", c.typ))
		return
	}
	g.items = append(g.items, groupItem{c, dst, f, from})
}

func (g *Grouping) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// field finds the field of R at an address.
func (g *Grouping) field(dst any) *column {
	for _, f := range reflect.VisibleFields(g.row.Type()) {
		if !f.IsExported() || len(f.Index) > 1 && !reachable(g.row, f.Index) {
			continue
		}
		if g.row.FieldByIndex(f.Index).Addr().Interface() == dst {
			return &column{t: &table{name: g.row.Type().String()}, name: f.Name, field: f.Name, path: f.Index, typ: f.Type}
		}
	}
	return nil
}

// reachable reports whether no embedded pointer lies on the way.
func reachable(v reflect.Value, path []int) bool {
	for _, i := range path[:len(path)-1] {
		if v = v.Field(i); v.Kind() != reflect.Struct {
			return false
		}
	}
	return true
}

func (g *Grouping) write(b *builder, s *spec) {
	b.fail0(g.err)
	if len(g.items) == 0 {
		b.fail(fmt.Errorf("model: Group reads nothing"))
		return
	}
	if len(s.orders) > 0 || s.lock != "" || len(s.with) > 0 {
		b.fail(fmt.Errorf("model: Group takes conditions, joins and a limit; sort with Grouping.OrderBy"))
		return
	}
	b.w("SELECT ")
	r := b.push(s.t)
	b.announce(s)
	for i, it := range g.items {
		if i > 0 {
			b.w(", ")
		}
		g.item(b, it)
	}
	b.w(" FROM ")
	b.fail0(s.err)
	b.from(r)
	b.joins(s, r)
	b.where(s, r, " WHERE ")
	g.groups(b)
	for i, c := range g.having {
		b.w([]string{" HAVING ", " AND "}[min(i, 1)])
		b.cond(c)
	}
	g.order(b)
	b.limit(s)
}

func (g *Grouping) item(b *builder, it groupItem) {
	if it.f == "count" {
		b.w("count(*)")
		return
	}
	if it.f != "" {
		b.w(it.f)
		b.w("(")
		defer b.w(")")
	}
	if c, ok := it.from.(Cond); ok && c.op == opSQL {
		b.sql(c)
		return
	}
	if r, col := b.find(it.from); col != nil {
		b.col(r, col)
	}
}

func (g *Grouping) groups(b *builder) {
	glue := " GROUP BY "
	for i, it := range g.items {
		if it.f == "" {
			b.w(glue)
			b.int(i + 1)
			glue = ", "
		}
	}
}

func (g *Grouping) order(b *builder) {
	glue := " ORDER BY "
next:
	for _, o := range g.orders {
		for i, it := range g.items {
			if it.dst != o.field {
				continue
			}
			b.w(glue)
			b.int(i + 1)
			if o.desc {
				b.w(" DESC")
			}
			b.nulls(o.desc)
			glue = ", "
			continue next
		}
		b.fail(badAddress(o.field, "field Group reads"))
	}
}
