package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Audit finds fields of T that view reads without naming them: those whose
// change changes a member although neither [Field] nor the inputs of
// [Object.Wants], [Object.When] or [Object.Needs] give their address. Such a
// field may be missing from a query that was narrowed to a selection. Audit is
// for tests; it runs the view many times on made-up values. Relations have
// audits of their own.
func Audit[T any](view View[T]) error {
	x := new(T)
	var fields []auditField
	fill(reflect.ValueOf(x).Elem(), nil, "", &fields)
	var faults []error
	shape := shapeOf(newDescriber(), new(T), view)
	for _, name := range shape.Members("") {
		sel := Select([]string{name})
		found := &reads{}
		readsOf(x, view, sel, found, nil)
		for _, f := range fields {
			if f.named(found.paths) {
				continue
			}
			before := outputs(x, view, sel)
			f.change()
			after := outputs(x, view, sel)
			f.restore()
			if !slices.EqualFunc(before, after, bytes.Equal) {
				faults = append(faults, fmt.Errorf("render: member %q of %s reads %s without naming it", name, shape.Name, f.path))
			}
		}
	}
	return errors.Join(faults...)
}

// outputs renders x as its conditions stand and with each way of them.
func outputs[T any](x *T, view View[T], sel *Selection) [][]byte {
	var all [][]byte
	render := func(force *dryRun) {
		e := newEncoder(context.Background())
		e.force = force
		item(e, x, view, sel)
		all = append(all, append(bytes.Clone(e.buf), fmt.Sprint(e.err)...))
	}
	render(nil)
	ways(reflect.TypeFor[T](), sel, func(o *Object) {
		view(x, o)
		render(&dryRun{no: o.dry.no})
	}, func() *dryRun { return &dryRun{reads: &reads{}} }, func(*dryRun) {})
	return all
}

// An auditField is one settable value of a struct and the addresses that name it.
type auditField struct {
	path  string
	addrs []any // its own and those of the structs around it
	v     reflect.Value
	old   reflect.Value
}

func (f *auditField) named(paths [][]any) bool {
	return slices.ContainsFunc(paths, func(path []any) bool { return slices.Contains(f.addrs, path[0]) })
}

func (f *auditField) change() {
	f.old = reflect.New(f.v.Type()).Elem()
	f.old.Set(f.v)
	f.v.Set(other(f.v))
}

func (f *auditField) restore() { f.v.Set(f.old) }

// fill gives every value below v something that is not zero and lists it.
func fill(v reflect.Value, addrs []any, path string, to *[]auditField) {
	t := v.Type()
	if path != "" {
		if !v.CanSet() || rowsOf(t) != nil {
			return
		}
		addrs = append(slices.Clip(addrs), v.Addr().Interface())
	}
	if t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() {
		for i := range t.NumField() {
			fill(v.Field(i), addrs, path+"."+t.Field(i).Name, to)
		}
		return
	}
	v.Set(other(v))
	if path != "" {
		*to = append(*to, auditField{path: path[1:], addrs: addrs, v: v})
	}
}

// other makes a value of v's type that differs from v and from zero. Types it
// cannot make, such as interfaces, keep their value.
func other(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	switch t := v.Type(); t.Kind() {
	case reflect.Bool:
		x.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x.SetInt(v.Int() + 1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		x.SetUint(v.Uint() + 1)
	case reflect.Float32, reflect.Float64:
		x.SetFloat(v.Float() + 1.5)
	case reflect.String:
		x.SetString(v.String() + "a")
	case reflect.Pointer:
		x.Set(reflect.New(t.Elem()))
		if !v.IsNil() {
			x.Elem().Set(v.Elem())
		}
		x.Elem().Set(other(x.Elem()))
	case reflect.Slice:
		x.Set(reflect.Append(v, other(reflect.New(t.Elem()).Elem())))
	case reflect.Map:
		x.Set(reflect.MakeMap(t))
		key := reflect.New(t.Key()).Elem()
		for range v.Len() + 1 {
			key = other(key)
			x.SetMapIndex(key, other(reflect.New(t.Elem()).Elem()))
		}
	case reflect.Array:
		if t.Len() > 0 {
			x.Index(0).Set(other(v.Index(0)))
		}
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			x.Set(reflect.ValueOf(at.AddDate(1000, 0, 1)))
			return x
		}
		for i := range t.NumField() {
			if f := x.Field(i); f.CanSet() {
				f.Set(other(f))
			}
		}
	}
	return x
}
