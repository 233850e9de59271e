package model

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"time"
)

// cursor is the position of a row in an order: the values of the order's
// columns. They are only ever arguments, so a forged cursor can do no more
// than move the window.
type cursor struct {
	Back   bool              `json:"b,omitempty"`
	Order  uint32            `json:"o"` // which order it belongs to
	Values []json.RawMessage `json:"v"`

	args []any
	cols []*column
}

var errCursor = &pageError{"The cursor does not fit this list."}

// orderColumns returns the columns of an order. An order by an expression, or
// by another table's column, has no position to continue from.
func (s *spec) orderColumns(orders []Order) ([]*column, error) {
	cols := make([]*column, len(orders))
	for i, o := range orders {
		if _, ok := o.field.(Cond); ok {
			return nil, errors.New("model: a page by cursor needs an order by columns: use Offset")
		}
		n, ok := lookup(o.field)
		if !ok || n.col == nil {
			return nil, badAddress(o.field, "column")
		}
		if n.col.t != s.t {
			return nil, errors.New("model: a page by cursor cannot be ordered by a joined column: use Offset")
		}
		cols[i] = n.col
	}
	return cols, nil
}

func signature(cols []*column, orders []Order) uint32 {
	h := fnv.New32a()
	for i, c := range cols {
		fmt.Fprintf(h, "%s %s %v,", c.t.name, c.name, orders[i].desc)
	}
	return h.Sum32()
}

func encode[T any](s *spec, orders []Order, row *T, back bool) (string, error) {
	cols, err := s.orderColumns(orders)
	if err != nil {
		return "", err
	}
	c := cursor{Back: back, Order: signature(cols, orders)}
	v := reflect.ValueOf(row).Elem()
	for _, col := range cols {
		b, err := json.Marshal(col.of(v).Interface())
		if err != nil {
			return "", fmt.Errorf("model: cursor of %s: %w", col, err)
		}
		c.Values = append(c.Values, b)
	}
	b, err := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// decode reads a cursor for the query's order; nil is the beginning.
func (s *spec) decode(text string) (*cursor, error) {
	cols, err := s.orderColumns(s.orders)
	if err != nil || text == "" {
		return nil, err
	}
	if len(text) > 4096 {
		return nil, errCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errCursor
	}
	c := &cursor{cols: cols}
	if json.Unmarshal(raw, c) != nil || c.Order != signature(cols, s.orders) || len(c.Values) != len(cols) {
		return nil, errCursor
	}
	for i, col := range cols {
		p := reflect.New(col.typ)
		if string(c.Values[i]) == "null" && !col.nullable || json.Unmarshal(c.Values[i], p.Interface()) != nil {
			return nil, errCursor
		}
		if at, ok := p.Interface().(*time.Time); ok && (at.Year() < 0 || at.Year() > 9999) {
			return nil, errCursor
		}
		c.args = append(c.args, p.Elem().Interface())
	}
	return c, nil
}

// after writes the condition that a row comes behind the cursor in the order.
// Its text does not depend on the values, NULL or not.
func (b *builder) after(c *cursor, r ref, orders []Order) {
	simple := !slices.ContainsFunc(c.cols, func(c *column) bool { return c.nullable })
	for _, o := range orders {
		simple = simple && o.desc == orders[0].desc
	}
	if simple {
		b.rowAfter(c, r, orders[0].desc)
		return
	}
	// a > x OR a = x AND (b > y OR b = y AND (...))
	marks := make([]int, len(c.cols))
	for i, col := range c.cols {
		b.w("(")
		b.beyond(r, col, orders[i].desc, c.args[i], &marks[i])
		if i == len(c.cols)-1 {
			break
		}
		b.w(" OR ")
		b.same(r, col, marks[i])
		b.w(" AND ")
	}
	for range c.cols {
		b.w(")")
	}
}

func (b *builder) rowAfter(c *cursor, r ref, desc bool) {
	b.w("(")
	for i, col := range c.cols {
		if i > 0 {
			b.w(", ")
		}
		b.col(r, col)
	}
	if desc {
		b.w(") < (")
	} else {
		b.w(") > (")
	}
	for i, col := range c.cols {
		if i > 0 {
			b.w(", ")
		}
		b.arg(b.encode(col, c.args[i]))
	}
	b.w(")")
}

// beyond writes col > value, or col < value, with NULL as the smallest.
func (b *builder) beyond(r ref, col *column, desc bool, v any, mark *int) {
	if !col.nullable {
		b.col(r, col)
		if desc {
			b.w(" < ")
		} else {
			b.w(" > ")
		}
		*mark = b.arg(b.encode(col, v))
		return
	}
	b.w("(")
	b.col(r, col)
	if desc {
		b.w(" < ")
		*mark = b.arg(b.encode(col, v))
		b.w(" OR ")
		b.col(r, col)
		b.w(" IS NULL AND ")
		b.again(*mark)
		b.w(" IS NOT NULL)")
		return
	}
	b.w(" > ")
	*mark = b.arg(b.encode(col, v))
	b.w(" OR ")
	b.col(r, col)
	b.w(" IS NOT NULL AND ")
	b.again(*mark)
	b.w(" IS NULL)")
}

func (b *builder) same(r ref, col *column, mark int) {
	b.col(r, col)
	switch {
	case !col.nullable:
		b.w(" = ")
	case b.d == SQLite:
		b.w(" IS ")
	default:
		b.w(" IS NOT DISTINCT FROM ")
	}
	b.again(mark)
}
