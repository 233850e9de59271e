package model

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
)

// builder writes one statement. The first error sticks and is what the
// statement ends with.
type builder struct {
	ctx   context.Context
	d     Dialect
	buf   []byte
	args  []any
	refs  []ref // tables in reach, innermost last
	alias int
	err   error
}

// ref is one appearance of a table in a statement.
type ref struct {
	t     *table
	alias string
	pivot string // alias of the pivot table it was reached through
}

// builders are ready for the next statement.
var builders = sync.Pool{New: func() any { return &builder{buf: make([]byte, 0, 512)} }}

func newBuilder(ctx context.Context, d Dialect) *builder {
	b := builders.Get().(*builder)
	b.ctx, b.d = ctx, d
	return b
}

// free gives the builder back. database/sql has copied the arguments when a
// statement has started.
func (b *builder) free() {
	clear(b.args)
	clear(b.refs)
	if cap(b.buf) > 16<<10 || cap(b.args) > 256 {
		return
	}
	*b = builder{buf: b.buf[:0], args: b.args[:0], refs: b.refs[:0]}
	builders.Put(b)
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) w(s string) { b.buf = append(b.buf, s...) }

func (b *builder) int(n int) { b.buf = strconv.AppendInt(b.buf, int64(n), 10) }

func (b *builder) name(s string) {
	b.buf = append(b.buf, '"')
	b.buf = append(b.buf, s...)
	b.buf = append(b.buf, '"')
}

var aliases = [...]string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"}

// push brings a table into reach under a new alias.
func (b *builder) push(t *table) ref {
	r := ref{t: t, alias: b.newAlias()}
	b.refs = append(b.refs, r)
	return r
}

func (b *builder) newAlias() string {
	n := b.alias
	b.alias++
	if n < len(aliases) {
		return aliases[n]
	}
	return "t" + strconv.Itoa(n)
}

// from writes "table" AS alias.
func (b *builder) from(r ref) {
	b.name(r.t.name)
	b.w(" AS ")
	b.w(r.alias)
}

func (b *builder) col(r ref, c *column) {
	alias := r.alias
	if c.pivot {
		if alias = r.pivot; alias == "" {
			b.fail(fmt.Errorf("model: %s is a column of a pivot table: it can be named only through the relation", c))
		}
	}
	b.w(alias)
	b.buf = append(b.buf, '.')
	b.w(c.quoted)
}

// find resolves the address of a probe's field to a column in reach.
func (b *builder) find(field any) (ref, *column) {
	f, ok := lookup(field)
	if !ok || f.col == nil {
		b.fail(badAddress(field, "column"))
		return ref{}, nil
	}
	for i := len(b.refs) - 1; i >= 0; i-- {
		if b.refs[i].t == f.col.t {
			return b.refs[i], f.col
		}
	}
	b.fail(fmt.Errorf("model: column %s is not in this query: join the relation or use Has", f.col))
	return ref{}, nil
}

func badAddress(field any, what string) error {
	if t := reflect.TypeOf(field); t == nil || t.Kind() != reflect.Pointer {
		return fmt.Errorf("model: a %T does not name a %s: pass the address of a field of a Probe", field, what)
	}
	return fmt.Errorf("model: this %T is not the address of a %s of a Probe (is the probe shadowed by a local variable?)", field, what)
}

// arg writes the placeholder of a value and returns its number, for again.
func (b *builder) arg(v any) int {
	b.args = append(b.args, v)
	b.placeholder(len(b.args))
	return len(b.args)
}

// again writes the placeholder of an earlier value once more.
func (b *builder) again(n int) {
	if b.d == SQLite {
		b.arg(b.args[n-1])
		return
	}
	b.placeholder(n)
}

func (b *builder) placeholder(n int) {
	if b.d == SQLite {
		b.buf = append(b.buf, '?')
		return
	}
	b.buf = append(b.buf, '$')
	b.buf = strconv.AppendInt(b.buf, int64(n), 10)
}

// encode turns a Go value into an argument for a column.
func (b *builder) encode(c *column, v any) any {
	if text, ok := v.(string); ok && c.mode == viaString {
		if err := checkText(text); err != nil {
			b.fail(&valueError{c.String(), err})
		}
		return v
	}
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || rv.Type() != c.typ {
		b.fail(fmt.Errorf("model: a %T is no value for %s, which is a %v", v, c, c.typ))
		return nil
	}
	out, err := c.value(rv, b.d)
	if err != nil {
		b.fail(&valueError{c.String(), err})
	}
	return out
}

// where writes the WHERE clause of r: always-on scopes and soft delete around
// the caller's parenthesised predicate. Every reference to a table, whatever
// the statement, gets its conditions here.
func (b *builder) where(s *spec, r ref, glue string) {
	glue = b.guards(s, r, glue)
	if s.from != nil {
		b.w(glue)
		b.after(s.from, r, s.orders)
		glue = " AND "
	}
	if len(s.conds) == 0 {
		return
	}
	b.w(glue)
	b.and(s.conds)
}

// guards writes what holds for every row of r's table and returns the glue
// for the next condition.
func (b *builder) guards(s *spec, r ref, glue string) string {
	if soft := r.t.soft; soft != nil && s.trashed != withTrashed {
		b.w(glue)
		b.col(r, soft)
		if s.trashed == onlyTrashed {
			b.w(" IS NOT NULL")
		} else {
			b.w(" IS NULL")
		}
		glue = " AND "
	}
	if s.unscoped {
		return glue
	}
	for _, scope := range r.t.scopes {
		c, err := scope(b.ctx)
		if err != nil {
			b.fail(fmt.Errorf("model: scope of %s: %w", r.t.name, err))
			return glue
		}
		b.w(glue)
		b.w("(")
		b.cond(c)
		b.w(")")
		glue = " AND "
	}
	return glue
}

func (b *builder) and(conds []Cond) {
	b.w("(")
	for i, c := range conds {
		if i > 0 {
			b.w(" AND ")
		}
		b.cond(c)
	}
	b.w(")")
}

var errNoOp = errors.New("model: an empty Cond is not a condition")
