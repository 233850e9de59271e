package model

import (
	"fmt"
	"reflect"
	"strings"
)

// cond writes one condition, in parentheses where precedence could matter.
func (b *builder) cond(c Cond) {
	switch c.op {
	case opEqual, opUnequal, opCompare:
		b.compare(c)
	case opIn:
		b.in(c)
	case opNull:
		r, col := b.find(c.field)
		if col != nil {
			b.col(r, col)
			b.w(" IS NULL")
		}
	case opLike:
		b.like(c)
	case opNot:
		b.w("(")
		b.cond(c.value.([]Cond)[0])
		b.w(") IS NOT TRUE")
	case opAnd, opOr:
		b.group(c)
	case opSQL:
		b.w("(")
		b.sql(c)
		b.w(")")
	case opHas:
		b.has(c)
	case opSub:
		b.sub(c)
	default:
		b.fail(errNoOp)
	}
}

func (b *builder) group(c Cond) {
	kids, glue, empty := c.value.([]Cond), " AND ", "1 = 1"
	if c.op == opOr {
		glue, empty = " OR ", "1 = 0"
	}
	b.w("(")
	if len(kids) == 0 {
		b.w(empty)
	}
	for i, k := range kids {
		if i > 0 {
			b.w(glue)
		}
		b.cond(k)
	}
	b.w(")")
}

func (b *builder) compare(c Cond) {
	r, col := b.find(c.field)
	if col == nil {
		return
	}
	v := b.encode(col, c.value)
	if v == nil {
		b.fail(fmt.Errorf("model: %s compared with NULL: use IsNull", col))
	}
	b.col(r, col)
	switch {
	case c.op == opEqual:
		b.w(" = ")
	case c.op == opCompare:
		b.w(" ")
		b.w(c.text)
		b.w(" ")
	case !col.nullable:
		b.w(" <> ")
	case b.d == SQLite:
		b.w(" IS NOT ")
	default:
		b.w(" IS DISTINCT FROM ")
	}
	b.arg(v)
}

// in writes one argument for any number of values.
func (b *builder) in(c Cond) {
	r, col := b.find(c.field)
	if col == nil {
		return
	}
	values := reflect.ValueOf(c.value)
	if values.Type().Elem() != col.typ {
		b.fail(fmt.Errorf("model: %v are no values for %s, which is a %v", values.Type(), col, col.typ))
		return
	}
	l := newArray(b.d, values.Len())
	for i := range values.Len() {
		v, err := col.value(values.Index(i), b.d)
		if err != nil {
			b.fail(fmt.Errorf("model: %s: %w", col, err))
			return
		}
		if v == nil {
			b.fail(fmt.Errorf("model: NULL among the values for %s: use IsNull", col))
			return
		}
		l.add(v)
	}
	b.col(r, col)
	b.anyOf(l)
}

// anyOf writes the comparison with one of the array's elements.
func (b *builder) anyOf(l *array) {
	v, err := l.done()
	if err != nil {
		b.fail(err)
	}
	if b.d == SQLite {
		b.w(" IN (SELECT value FROM json_each(")
		b.arg(v)
		b.w("))")
		return
	}
	b.w(" = ANY(")
	b.arg(v)
	b.w(")")
}

// like escapes the caller's text, so that it only ever means itself.
// SQLite's LIKE folds ASCII case, so the comparison there is by instr and substr.
func (b *builder) like(c Cond) {
	r, col := b.find(c.field)
	if col == nil {
		return
	}
	part := c.value.(string)
	if err := checkText(part); err != nil {
		b.fail(fmt.Errorf("model: %s: %w", col, err))
		return
	}
	if b.d == SQLite && c.text != "search" {
		b.likeSQLite(c.text, r, col, part)
		return
	}
	pattern := likeEscape.Replace(part)
	if c.text != "starts" {
		pattern = "%" + pattern
	}
	if c.text != "ends" {
		pattern += "%"
	}
	b.col(r, col)
	if c.text == "search" && b.d == Postgres {
		b.w(` ILIKE `)
	} else {
		b.w(` LIKE `)
	}
	b.arg(pattern)
	b.w(` ESCAPE '\'`)
}

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (b *builder) likeSQLite(where string, r ref, col *column, part string) {
	switch where {
	case "contains":
		b.w("instr(")
		b.col(r, col)
		b.w(", ")
		b.arg(part)
		b.w(") > 0")
	case "starts":
		b.w("substr(")
		b.col(r, col)
		b.w(", 1, length(")
		n := b.arg(part)
		b.w(")) = ")
		b.again(n)
	default:
		// substr(x, -0) is the whole text, so an empty part needs its own case.
		b.w("(length(")
		n := b.arg(part)
		b.w(") = 0 AND ")
		b.col(r, col)
		b.w(" IS NOT NULL OR substr(")
		b.col(r, col)
		b.w(", -length(")
		b.again(n)
		b.w(")) = ")
		b.again(n)
		b.w(")")
	}
}

// sql writes the constant text with its arguments in place.
func (b *builder) sql(c Cond) {
	args := c.value.([]any)
	rest := c.text
	for {
		i := strings.IndexByte(rest, '?')
		if i < 0 {
			break
		}
		b.w(rest[:i])
		rest = rest[i+1:]
		if strings.HasPrefix(rest, "?") {
			b.w("?")
			rest = rest[1:]
			continue
		}
		if len(args) == 0 {
			b.fail(fmt.Errorf("model: SQL(%q) has more ? than arguments", c.text))
			return
		}
		b.any(args[0])
		args = args[1:]
	}
	b.w(rest)
	if len(args) > 0 {
		b.fail(fmt.Errorf("model: SQL(%q) has fewer ? than arguments", c.text))
	}
}

// any writes an argument that belongs to no column, or a column.
func (b *builder) any(v any) {
	if _, ok := lookup(v); ok {
		if r, col := b.find(v); col != nil {
			b.col(r, col)
		}
		return
	}
	if v == nil {
		b.arg(nil)
		return
	}
	c := column{t: &table{name: "SQL"}, name: "argument", typ: reflect.TypeOf(v)}
	if _, c.value = codec(&c); c.value == nil {
		b.fail(fmt.Errorf("model: a %T cannot be an argument of SQL", v))
		return
	}
	b.arg(b.encode(&c, v))
}

// sub writes column IN (SELECT column FROM ...).
func (b *builder) sub(c Cond) {
	r, col := b.find(c.field)
	if col == nil {
		return
	}
	q := c.value.(subquery)
	b.col(r, col)
	b.w(" IN (SELECT ")
	mark := len(b.refs)
	inner := b.push(q.spec.t)
	if of, ok := lookup(q.of); ok && of.col != nil && of.col.t == q.spec.t {
		b.col(inner, of.col)
	} else {
		b.fail(badAddress(q.of, "column"))
	}
	b.w(" FROM ")
	b.body(&q.spec, inner)
	b.refs = b.refs[:mark]
	b.w(")")
}
