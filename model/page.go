package model

import (
	"context"
	"slices"
)

// A Page is a part of a longer list. Its fields are those of the page that
// package render writes, so one converts into the other.
type Page[T any] struct {
	Items  []T
	Next   string // cursor of the page after this one, "" if there is none
	Prev   string // cursor of the page before this one, "" if there is none
	Size   int    // rows asked for
	Number int    // 1, 2, ... for pages by number, 0 for pages by cursor
	More   bool   // there are rows after this page
	Total  *int64 // rows of the whole list, nil unless asked for
}

// Bounds of pages: what no size means, and the most a page or an offset can be.
const (
	pageSize  = 25
	maxPage   = 1000
	maxOffset = 10_000
)

// window is which part of a list a page is.
type window struct {
	size   int
	cursor string
	number int // by number if > 0
	total  bool
	seal   func(string) string // of outgoing cursors; nil leaves them
}

// Keyset asks for a page by cursor: "" is the first one. The size is 25 if it
// is not positive, and at most 1,000. Pages by cursor cost the same however far in they are, and
// neither repeat nor skip rows when the table changes in between.
func (q Query[T]) Keyset(cursor string, size int) Query[T] {
	q.window.cursor, q.window.size, q.window.number = cursor, size, 0
	return q
}

// Offset asks for a page by number, from 1. Far pages are slow, so beyond row
// 10,000 the page is an error: use [Query.Keyset].
func (q Query[T]) Offset(number, size int) Query[T] {
	q.window.number, q.window.size, q.window.cursor = number, size, ""
	if number < 1 {
		q.fail(&pageError{"The page number must be at least 1."})
	}
	return q
}

// Total makes a page count all rows of the list, with a second statement.
func (q Query[T]) Total() Query[T] {
	q.window.total = true
	return q
}

// A pageError is a page that cannot be had.
type pageError struct{ why string }

func (e *pageError) Error() string         { return "model: " + e.why }
func (e *pageError) HTTPStatus() int       { return 400 }
func (e *pageError) ErrorCode() string     { return "bad_page" }
func (e *pageError) PublicMessage() string { return e.why }

// Page reads the page [Query.Keyset] or [Query.Offset] asked for; by default
// the first 25 rows by cursor. The key is added to the order, so that it is
// always complete. A cursor that does not belong to the query's order is an
// error with status 400.
func (q Query[T]) Page(ctx context.Context, db DB) (Page[T], error) {
	w := q.window
	if w.size <= 0 {
		w.size = pageSize
	}
	w.size = min(w.size, maxPage)
	p := Page[T]{Size: w.size, Number: w.number}
	q.orders = q.totalOrder()
	if w.total {
		n, err := q.count(ctx, db)
		if err != nil {
			return p, err
		}
		p.Total = &n
	}
	var err error
	if w.number > 0 {
		err = q.numbered(ctx, db, w, &p)
	} else {
		err = q.keyed(ctx, db, w, &p)
	}
	return p, err
}

func (q Query[T]) numbered(ctx context.Context, db DB, w window, p *Page[T]) error {
	if w.number > maxOffset/w.size+1 || (w.number-1)*w.size > maxOffset {
		return &pageError{"The page is too far in."}
	}
	q.skips, q.skip = true, (w.number-1)*w.size
	list, err := q.Limit(w.size+1).All(ctx, db)
	if err != nil {
		return err
	}
	p.Items, p.More = firsts(list, w.size)
	return nil
}

// firsts cuts the row that was read only to see whether there is one.
func firsts[T any](list []T, size int) ([]T, bool) {
	if len(list) > size {
		return list[:size:size], true
	}
	return list, false
}

func (q Query[T]) keyed(ctx context.Context, db DB, w window, p *Page[T]) error {
	cur, err := q.decode(w.cursor)
	if err != nil {
		return err
	}
	q.from = cur
	if cur != nil && cur.Back {
		q.orders = reversed(q.orders)
	}
	list, err := q.Limit(w.size+1).All(ctx, db)
	if err != nil {
		return err
	}
	items, more := firsts(list, w.size)
	back := cur != nil && cur.Back
	if back {
		slices.Reverse(items)
	}
	p.Items = items
	before, after := cur != nil, more
	if back {
		before, after = more, true
	}
	p.More = after
	if len(items) == 0 {
		p.More = false
		return nil
	}
	orders := q.orders
	if back {
		orders = reversed(orders)
	}
	if after {
		p.Next, err = encode(&q.spec, orders, &items[len(items)-1], false)
	}
	if before && err == nil {
		p.Prev, err = encode(&q.spec, orders, &items[0], true)
	}
	if w.seal != nil && err == nil {
		p.Next, p.Prev = w.seal(p.Next), w.seal(p.Prev)
	}
	return err
}

func reversed(orders []Order) []Order {
	out := slices.Clone(orders)
	for i := range out {
		out[i].desc = !out[i].desc
	}
	return out
}

// totalOrder is the query's order with the key behind it.
func (s *spec) totalOrder() []Order {
	orders := slices.Clip(s.orders)
	for _, k := range s.keyOrder() {
		if !slices.ContainsFunc(orders, func(o Order) bool { return o.field == k.field }) {
			orders = append(orders, k)
		}
	}
	return orders
}
