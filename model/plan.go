package model

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// table is what is known about a struct and the table behind it. It is
// complete when Of returns, but for relations, scopes and hooks.
type table struct {
	name    string
	typ     reflect.Type
	probe   reflect.Value // addressable
	columns []*column
	keys    []*column
	soft    *column
	lock    *column
	links   []*relation // fields of type One and Many, in order
	pivots  []*column
	newRows func() sink

	scopes []func(context.Context) (Cond, error)
	hooks  hooks
	lists  sync.Map // what was worked out once: insertions, column types

	scanners sync.Pool // for whole rows
}

// column is one field of the struct and one column of the table.
type column struct {
	t       *table
	name    string
	quoted  string
	path    []int
	field   string // its name in Go, for messages
	address any    // on the probe
	typ     reflect.Type
	index   int // in table.columns

	pk, auto, touch, soft, lock, lazy, json, pivot bool

	nullable bool
	mode     mode // how a read value gets into the field
	fill     fill // how a value gets into a list
	assign   assign
	value    func(reflect.Value, Dialect) (any, error)
}

func (c *column) String() string { return c.t.name + "." + c.name }

// of returns the column's field in a row.
func (c *column) of(row reflect.Value) reflect.Value {
	if len(c.path) == 1 {
		return row.Field(c.path[0])
	}
	return row.FieldByIndex(c.path)
}

// mode is the way of a value from the driver into a field.
type mode uint8

const (
	viaCell   mode = iota // as the driver gave it, bytes not yet copied
	viaSlot               // through an interface; bytes are copied on the way
	viaString             // by database/sql, into a string
)

func modeOf(c *column) mode {
	t := bare(c.typ)
	switch {
	case c.json || reflect.PointerTo(t).Implements(scannerType):
		return viaCell
	case c.typ == reflect.TypeFor[string]():
		return viaString
	case t.Kind() == reflect.Slice || t.Kind() == reflect.String && c.typ != reflect.TypeFor[*string]():
		return viaCell
	}
	return viaSlot
}

// named is what the address of a probe's field stands for.
type named struct {
	col *column
	rel *relation
}

// registry maps field addresses of all probes. It is written by Of and read
// by every query, so readers take no lock.
var registry struct {
	sync.Mutex
	fields atomic.Pointer[map[any]named]
	types  map[reflect.Type][]*table
}

func lookup(field any) (named, bool) {
	m := registry.fields.Load()
	if m == nil {
		return named{}, false
	}
	f, ok := (*m)[field]
	return f, ok
}

// tablesOf returns the models declared for a row type.
func tablesOf(t reflect.Type) []*table {
	registry.Lock()
	defer registry.Unlock()
	return registry.types[t]
}

func register(t *table, fields map[any]named) {
	registry.Lock()
	defer registry.Unlock()
	all := make(map[any]named, len(fields))
	if old := registry.fields.Load(); old != nil {
		for k, v := range *old {
			all[k] = v
		}
	}
	for k, v := range fields {
		all[k] = v
	}
	if registry.types == nil {
		registry.types = map[reflect.Type][]*table{}
	}
	registry.fields.Store(&all)
	registry.types[t.typ] = append(registry.types[t.typ], t)
}

// describe walks the probe's type and registers its fields.
func describe(name string, probe reflect.Value) *table {
	t := &table{name: name, typ: probe.Type(), probe: probe}
	if t.typ.Kind() != reflect.Struct {
		panic(fmt.Sprintf("model: Of(%q): %v is not a struct", name, t.typ))
	}
	if !identifier(name) {
		panic(fmt.Sprintf("model: %q is not a table name ([a-z_][a-z0-9_]*, up to 63 characters)", name))
	}
	fields := map[any]named{}
	t.walk(probe, nil, fields)
	if len(t.columns) == 0 {
		panic(fmt.Sprintf("model: %v has no field with a db tag", t.typ))
	}
	register(t, fields)
	return t
}

func (t *table) walk(v reflect.Value, path []int, fields map[any]named) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		at := append(path[:len(path):len(path)], i)
		tag, tagged := f.Tag.Lookup("db")
		if f.Anonymous && !tagged {
			if f.Type.Kind() == reflect.Pointer && hasColumns(f.Type.Elem()) {
				panic(fmt.Sprintf("model: %v embeds a pointer to columns, %v: embed the value", t.typ, f.Type))
			}
			if f.Type.Kind() == reflect.Struct && f.IsExported() {
				t.walk(v.Field(i), at, fields)
			}
			continue
		}
		if !f.IsExported() {
			if tagged {
				panic(fmt.Sprintf("model: column %v.%s is not exported", t.typ, f.Name))
			}
			continue
		}
		addr := v.Field(i).Addr().Interface()
		if l, ok := addr.(linker); ok {
			r := &relation{owner: t, path: at, field: f.Name, pointer: addr, target: l.rowType()}
			t.links = append(t.links, r)
			fields[addr] = named{rel: r}
			continue
		}
		if tagged && tag != "-" {
			c := t.column(f, tag, at)
			c.address = addr
			fields[addr] = named{col: c}
		}
	}
}

func hasColumns(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if _, ok := t.Field(i).Tag.Lookup("db"); ok {
			return true
		}
	}
	return false
}
