package model

import (
	"context"
	"iter"
	"reflect"
)

// batchSize is how many rows Each reads at a time.
const batchSize = 1000

// Each reads the query's rows in batches of 1,000, so that a table of any size
// fits into memory. Batches continue behind the last row's position in the order,
// key included, so rows that are added or removed meanwhile move nothing; no
// connection is held between batches. Relations load for a batch at a time.
// An error is the last thing yielded.
func (q Query[T]) Each(ctx context.Context, db DB) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		left, limited := q.limit, q.limited
		q := q
		q.orders = q.totalOrder()
		cols, err := q.orderColumns(q.orders)
		if err != nil {
			yield(zero, err)
			return
		}
		for !limited || left > 0 {
			n := batchSize
			if limited {
				n = min(n, left)
				left -= n
			}
			list, err := q.Limit(n).All(ctx, db)
			if err != nil {
				yield(zero, err)
				return
			}
			for i := range list {
				if !yield(list[i], nil) {
					return
				}
			}
			if len(list) < n {
				return
			}
			q.from = position(cols, reflect.ValueOf(&list[n-1]).Elem())
		}
	}
}

// position is where a row is in an order.
func position(cols []*column, row reflect.Value) *cursor {
	c := &cursor{cols: cols}
	for _, col := range cols {
		c.args = append(c.args, col.of(row).Interface())
	}
	return c
}
