package render

import (
	"context"
	"strconv"
	"time"
)

// A View writes the members of *T into an object. A method expression such as
// (*Book).View is one. The same function runs dry, on a zero or probe value, to
// describe the object; see [DescribeOf].
type View[T any] func(*T, *Object)

// viewer is how a type brings its view along.
type viewer interface{ View(*Object) }

// An Object is the JSON object a view is writing, or the description a dry run
// is making. It is valid only until the view returns and belongs to the
// goroutine that called the view.
type Object struct {
	e     *encoder
	sel   *Selection // nil is everything by default
	start int        // where the object begins in e.buf
	dry   *dryRun    // nil when bytes are written
}

// Field writes the value p points to as member name, exactly as encoding/json
// would. A type that has a View is written through it. The address also says
// which field the member comes from, so that a selection can be turned into
// the columns to read.
func Field[V any](o *Object, name string, p *V) {
	if o.dry != nil {
		o.dry.field(o, name, typeOf[V](), p)
		return
	}
	if sub, ok := o.sel.find(name); ok {
		o.key(name)
		o.e.value(p, sub)
	}
}

// key writes the name of the next member.
func (o *Object) key(name string) {
	e := o.e
	if len(e.buf) == o.start {
		e.buf = append(e.buf, '{')
	} else {
		e.buf = append(e.buf, ',')
	}
	e.buf = appendString(e.buf, name)
	e.buf = append(e.buf, ':')
}

// Context returns the context of the request, or an empty one in a dry run.
func (o *Object) Context() context.Context {
	if o.dry != nil {
		return context.Background()
	}
	return o.e.ctx
}

// Wants reports whether member name is to be written. It is for members that
// cost work: the inputs are the addresses of the fields the work reads, which
// may be left out of a query when nobody wants the member.
//
//	if o.Wants("summary", &x.Notes) {
//		o.Str("summary", summarize(x.Notes))
//	}
func (o *Object) Wants(name string, inputs ...any) bool {
	if o.dry != nil {
		return o.dry.wants(o, name, inputs)
	}
	_, ok := o.sel.find(name)
	return ok
}

// When returns cond, and in a dry run both ways in turn: members written behind
// it are described as conditional. A plain if would hide them. The inputs are
// the addresses of the fields cond was made from.
func (o *Object) When(cond bool, inputs ...any) bool {
	if o.dry != nil {
		o.Needs(inputs...)
		return o.dry.when()
	}
	if o.e.force != nil {
		return o.e.force.when()
	}
	return cond
}

// Needs declares fields the view reads, by address, whatever is selected.
func (o *Object) Needs(inputs ...any) {
	if o.dry != nil {
		o.dry.read(inputs...)
	}
}

// Fail makes the whole answer fail with err. The first error wins; nothing has
// been sent yet when it is found.
func (o *Object) Fail(err error) {
	if o.dry == nil && err != nil {
		o.e.fail(err)
	}
}

// member begins a member whose value is at hand and reports whether to write it.
func member[V any](o *Object, name string) bool {
	if o.dry != nil {
		o.dry.computed(o, name, typeOf[V]())
		return false
	}
	if _, ok := o.sel.find(name); !ok {
		return false
	}
	o.key(name)
	return true
}

// Str writes a computed string. See [Object.Wants] for values that cost work,
// and [Field] for values that are fields.
func (o *Object) Str(name, v string) {
	if member[string](o, name) {
		o.e.buf = appendString(o.e.buf, v)
	}
}

// Int writes a computed integer.
func (o *Object) Int(name string, v int64) {
	if member[int64](o, name) {
		o.e.buf = strconv.AppendInt(o.e.buf, v, 10)
	}
}

// Float writes a computed number. NaN and the infinities fail the answer.
func (o *Object) Float(name string, v float64) {
	if member[float64](o, name) {
		o.e.float(v, 64)
	}
}

// Bool writes a computed boolean.
func (o *Object) Bool(name string, v bool) {
	if member[bool](o, name) {
		o.e.buf = strconv.AppendBool(o.e.buf, v)
	}
}

// Time writes a computed time in the form of RFC 3339.
func (o *Object) Time(name string, v time.Time) {
	if member[time.Time](o, name) {
		o.e.time(v)
	}
}

// Any writes a computed value of any type as encoding/json would. It allocates;
// the methods for strings, numbers and times do not.
func (o *Object) Any(name string, v any) {
	if o.dry != nil {
		o.dry.computed(o, name, typeOfValue(v))
		return
	}
	if sub, ok := o.sel.find(name); ok {
		o.key(name)
		o.e.boxed(v, sub)
	}
}
