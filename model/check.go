package model

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Check compares models with the live schema and returns every difference
// it finds, one line each: a table or column that is missing, a NULL that a
// field cannot hold, another key, a type that does not fit, a column no insert
// would fill. It also completes every relation and reports one that cannot be.
// Run it at start or in a test. Without models it checks all that are declared.
func Check(ctx context.Context, db DB, models ...interface{ Table() string }) error {
	var tables []*table
	for _, m := range models {
		p, ok := m.(interface{ plan() *table })
		if !ok {
			return fmt.Errorf("model: Check of a %T", m)
		}
		tables = append(tables, p.plan())
	}
	if len(models) == 0 {
		registry.Lock()
		for _, list := range registry.types {
			tables = append(tables, list...)
		}
		registry.Unlock()
		slices.SortFunc(tables, func(a, b *table) int { return strings.Compare(a.name, b.name) })
	}
	var all []error
	for _, t := range tables {
		found, err := t.check(ctx, db.handle())
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	return errors.Join(all...)
}

func (m *Model[T]) plan() *table { return m.t }

func (t *table) check(ctx context.Context, h *handle) (found []error, err error) {
	say := func(format string, args ...any) { found = append(found, fmt.Errorf("model: "+format, args...)) }
	for _, r := range t.links {
		if r.declare == nil && len(r.path) > 1 {
			continue // of an embedded row type
		}
		if err := r.resolve(); err != nil {
			found = append(found, err)
		}
	}
	if !t.probe.IsZero() {
		say("the probe of %s was written to", t.name)
	}
	cols, err := t.live(ctx, h)
	if err != nil {
		return nil, err
	}
	if len(cols) == 0 {
		say("table %s does not exist", t.name)
		return found, nil
	}
	for _, c := range t.columns {
		i := slices.IndexFunc(cols, func(l liveColumn) bool { return l.name == c.name })
		if i < 0 {
			say("column %s (field %s) does not exist", c, c.field)
			continue
		}
		for _, why := range c.differs(cols[i]) {
			say("column %s (field %s) %s", c, c.field, why)
		}
	}
	for _, l := range cols {
		unknown := !slices.ContainsFunc(t.columns, func(c *column) bool { return c.name == l.name })
		if unknown && l.notNull && !l.hasValue {
			say("column %s.%s is NOT NULL without a default, and %v has no field for it", t.name, l.name, t.typ)
		}
		if unknown && l.key {
			say("column %s.%s is part of the key, and %v has no field for it", t.name, l.name, t.typ)
		}
	}
	return found, nil
}

// differs says what is not the same in the struct and the schema.
func (c *column) differs(l liveColumn) (why []string) {
	if c.nullable && l.notNull {
		why = append(why, "is NOT NULL, but the field may be nil")
	}
	if soft := c.json && (c.typ.Kind() == reflect.Map || c.typ.Kind() == reflect.Slice); !c.nullable && !l.notNull && !soft {
		why = append(why, fmt.Sprintf("may be NULL, which a %v cannot hold", c.typ))
	}
	if c.pk != l.key {
		why = append(why, map[bool]string{true: "is not in the primary key", false: "is in the primary key, but the field has no option pk"}[c.pk])
	}
	if c.auto && !l.hasValue {
		why = append(why, "has no default, but the field has the option auto")
	}
	if family := familyOf(l.typ); family != "" && !c.fits(family) {
		why = append(why, fmt.Sprintf("has type %s, which does not fit a %v", l.typ, c.typ))
	}
	return why
}

// familyOf sorts the type names of both databases; "" is one it knows nothing about.
func familyOf(typ string) string {
	typ, _, _ = strings.Cut(typ, "(")
	for family, names := range map[string][]string{
		"int":   {"smallint", "integer", "bigint", "int"},
		"float": {"real", "double precision", "double", "float"},
		"text":  {"text", "character varying", "character", "varchar", "char", "bpchar", "name", "citext"},
		"bool":  {"boolean", "bool"},
		"time":  {"timestamp with time zone", "timestamptz", "timestamp", "datetime"},
		"wall":  {"timestamp without time zone"},
		"bytes": {"bytea", "blob"},
	} {
		if slices.Contains(names, strings.TrimSpace(typ)) {
			return family
		}
	}
	return ""
}

func (c *column) fits(family string) bool {
	t := bare(c.typ)
	if c.json {
		return family == "text" || family == "bytes"
	}
	if t.Implements(valuerType) {
		return true
	}
	switch {
	case t == timeType:
		return family == "time"
	case t.Kind() == reflect.String:
		return family == "text"
	case t.Kind() == reflect.Bool:
		return family == "bool" || family == "int"
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		return family == "float" || family == "int"
	case t.Kind() == reflect.Slice:
		return family == "bytes"
	}
	return family == "int"
}
