package render

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
)

// A dryRun is one run of a view that writes nothing. It either collects the
// members (reads is nil) or the addresses the selected members are made from.
type dryRun struct {
	d       *describer
	members []Member

	reads  *reads // nil when members are collected
	prefix []any  // the relations that lead here

	no    []uintptr // the call sites of When that answer false in this run
	sites []uintptr // those that were met
}

// reads are paths of addresses, each once.
type reads struct {
	paths   [][]any
	entered [][]any // the relations whose views have run: once is enough
}

func addPath(to *[][]any, prefix []any, addr any) (path []any, added bool) {
	path = append(slices.Clip(prefix), addr)
	if slices.ContainsFunc(*to, func(p []any) bool { return slices.Equal(p, path) }) {
		return path, false
	}
	*to = append(*to, path)
	return path, true
}

// ways runs a view once for each way of its conditions: first with all of them
// true, then once with each of them false. The number of runs is one more than
// the number of calls of When in the code.
func ways(t reflect.Type, sel *Selection, run func(*Object), start func() *dryRun, done func(*dryRun)) {
	defer guard(t)
	queue, known := [][]uintptr{nil}, []uintptr(nil)
	for len(queue) > 0 {
		r := start()
		r.no = queue[0]
		queue = queue[1:]
		run(&Object{sel: sel, dry: r})
		done(r)
		for _, site := range r.sites {
			if !slices.Contains(known, site) {
				known = append(known, site)
				queue = append(queue, append(slices.Clone(r.no), site))
			}
		}
	}
}

// when answers for the call of When two frames up.
func (r *dryRun) when() bool {
	var pc [1]uintptr
	runtime.Callers(3, pc[:]) // skips Callers, when and Object.When
	if !slices.Contains(r.sites, pc[0]) {
		r.sites = append(r.sites, pc[0])
	}
	return !slices.Contains(r.no, pc[0])
}

func (r *dryRun) read(addrs ...any) {
	if r.reads == nil {
		return
	}
	for _, a := range addrs {
		addPath(&r.reads.paths, r.prefix, a)
	}
}

func (r *dryRun) add(m Member) {
	if !hasMember(r.members, m.Name) {
		r.members = append(r.members, m)
	}
}

// field is a member that comes from the field at addr; a nil addr is unknown.
func (r *dryRun) field(o *Object, name string, t reflect.Type, addr any) {
	if r.reads == nil {
		if t != nil && rowsOf(t) != nil {
			panic(fmt.Sprintf("member %q is a relation: write it with One or Many", name))
		}
		shape, list := r.d.typeShape(t)
		r.add(Member{Name: name, Type: t, Shape: shape, List: list})
		return
	}
	if _, ok := o.sel.find(name); ok && addr != nil {
		r.read(addr)
	}
}

func (r *dryRun) computed(o *Object, name string, t reflect.Type) {
	r.field(o, name, t, nil)
}

func (r *dryRun) wants(o *Object, name string, inputs []any) bool {
	if r.reads == nil {
		return true
	}
	_, ok := o.sel.find(name)
	if ok {
		r.read(inputs...)
	}
	return ok
}

// count is a member that is written by default only if its relation is loaded.
func (r *dryRun) count(o *Object, name string, rel any) {
	if r.reads == nil {
		r.add(Member{Name: name, Type: reflect.TypeFor[int64](), Relation: true})
		return
	}
	if o.sel.asked(name) {
		r.read(rel)
	}
}

// relation is the dry run of One and Many.
func relation[T any](o *Object, name string, rel any, probe *T, view View[T], list bool) {
	r := o.dry
	if r.reads == nil {
		r.add(Member{
			Name: name, Type: reflect.TypeFor[T](), Relation: true, List: list,
			Shape: shapeOf(r.d, orNew(probe), view),
		})
		return
	}
	if !o.sel.asked(name) {
		return // by default a relation is not loaded for the view
	}
	r.read(rel)
	if path, first := addPath(&r.reads.entered, r.prefix, rel); first && probe != nil {
		sub, _ := o.sel.find(name)
		readsOf(probe, view, sub, r.reads, path)
	}
}

// nested is the dry run of Item and List. What is inside the value at addr has
// no address of its own that a query could name.
func nested[T any](o *Object, name string, x *T, addr any, view View[T], list bool) {
	r := o.dry
	if r.reads == nil {
		shape := shapeOf(r.d, orNew(x), view)
		r.add(Member{Name: name, Type: reflect.TypeFor[T](), List: list, Shape: shape})
		return
	}
	r.field(o, name, nil, addr)
}

// readsOf adds the addresses view reads of x under sel.
func readsOf[T any](x *T, view View[T], sel *Selection, to *reads, prefix []any) {
	ways(reflect.TypeFor[T](), sel, func(o *Object) { view(x, o) }, func() *dryRun {
		return &dryRun{reads: to, prefix: prefix}
	}, func(*dryRun) {})
}

func orNew[T any](x *T) *T {
	if x == nil {
		return new(T)
	}
	return x
}
