package render

// One writes a relation to one object through its view: the object, or null if
// there is none. A relation that is not loaded is left out. rel is usually the
// address of a field, so that selecting the member can load it.
func One[T any](o *Object, name string, rel interface {
	Loaded() (*T, bool)
	Probe() *T
}, view View[T]) {
	if o.dry != nil {
		relation(o, name, rel, rel.Probe(), view, false)
		return
	}
	sub, ok := o.sel.find(name)
	if !ok {
		return
	}
	x, loaded := rel.Loaded()
	if !loaded {
		return
	}
	o.e.keep(o.key(name))
	if x == nil {
		o.e.null()
		return
	}
	item(o.e, x, view, sub)
}

// Many writes a relation to a list of objects through their view. A relation
// that is not loaded is left out.
func Many[T any](o *Object, name string, rel interface {
	Loaded() ([]T, bool)
	Probe() *T
}, view View[T]) {
	if o.dry != nil {
		relation(o, name, rel, rel.Probe(), view, true)
		return
	}
	sub, ok := o.sel.find(name)
	if !ok {
		return
	}
	if list, loaded := rel.Loaded(); loaded {
		o.e.keep(o.key(name))
		items(o.e, list, view, sub)
	}
}

// Count writes how many objects a relation holds. It is left out if the
// relation is not loaded, unless it has a method Count that knows.
func Count[T any](o *Object, name string, rel interface {
	Loaded() ([]T, bool)
}) {
	if o.dry != nil {
		o.dry.count(o, name, rel)
		return
	}
	if _, ok := o.sel.find(name); !ok {
		return
	}
	if c, ok := rel.(interface{ Count() (int64, bool) }); ok {
		if n, known := c.Count(); known {
			o.Int(name, n)
			return
		}
	}
	if list, loaded := rel.Loaded(); loaded {
		o.Int(name, int64(len(list)))
	}
}

// Item writes *x, which is no relation, as a nested object; nil is null.
func Item[T any](o *Object, name string, x *T, view View[T]) {
	if o.dry != nil {
		var addr any
		if x != nil {
			addr = x
		}
		nested(o, name, x, addr, view, false)
		return
	}
	sub, ok := o.sel.find(name)
	if !ok {
		return
	}
	o.e.keep(o.key(name))
	if x == nil {
		o.e.null()
		return
	}
	item(o.e, x, view, sub)
}

// List writes *list, which is no relation, as a list of nested objects. Unlike
// encoding/json it writes a nil list as an empty one.
func List[T any](o *Object, name string, list *[]T, view View[T]) {
	if o.dry != nil {
		nested(o, name, nil, any(list), view, true)
		return
	}
	if sub, ok := o.sel.find(name); ok {
		o.e.keep(o.key(name))
		items(o.e, *list, view, sub)
	}
}
