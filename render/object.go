package render

import (
	"context"
	"reflect"
	"slices"
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
func Field[V any](o *Object, name string, p *V) { o.field(name, p) }

// field writes what p, a pointer, points to. The common types are written here;
// all others are left to [encoder.value].
func (o *Object) field(name string, p any) {
	if o.sel != nil && o.sel.mask&nameBit(name) == 0 {
		return
	}
	var sub *Selection
	if o.sel != nil || o.dry != nil {
		var ok bool
		if sub, ok = o.picks(name, p); !ok {
			return
		}
	}
	e := o.e
	b := o.key(name)
	switch p := p.(type) {
	case *string:
		b = appendString(b, *p)
	case *int:
		b = strconv.AppendInt(b, int64(*p), 10)
	case *int64:
		b = strconv.AppendInt(b, *p, 10)
	case *bool:
		b = strconv.AppendBool(b, *p)
	case *float64:
		b = e.appendFloat(b, *p, 64)
	case *time.Time:
		b = e.appendTime(b, *p)
	case *[]string:
		b = appendStrings(b, *p)
	case *[]byte:
		b = appendBytes(b, *p)
	default:
		e.buf = b
		e.value(p, sub)
		return
	}
	e.keep(b)
}

// picks describes a member in a dry run, or reports whether it is selected and
// what of it.
func (o *Object) picks(name string, p any) (*Selection, bool) {
	if o.dry != nil {
		o.dry.field(o, name, reflect.TypeOf(p).Elem(), p)
		return nil, false
	}
	return o.sel.find(name)
}

// key returns the buffer with the name of the next member in it.
func (o *Object) key(name string) []byte {
	b, c := o.e.buf, byte(',')
	if len(b) == o.start {
		c = '{'
	}
	n := len(b)
	b = slices.Grow(b, len(name)+4)[:n+len(name)+4]
	b[n], b[n+1] = c, '"'
	to := b[n+2:][:len(name)]
	for i := range len(name) {
		if !plainByte[name[i]] {
			return append(appendString(append(b[:n], c), name), ':')
		}
		to[i] = name[i]
	}
	b[len(b)-2], b[len(b)-1] = '"', ':'
	return b
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

// member begins a computed member and reports whether to write it.
func member[V any](o *Object, name string) bool {
	if o.dry != nil {
		o.dry.computed(o, name, reflect.TypeFor[V]())
		return false
	}
	_, ok := o.sel.find(name)
	if ok {
		o.e.buf = o.key(name)
	}
	return ok
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
		o.e.buf = o.e.appendFloat(o.e.buf, v, 64)
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
		o.e.buf = o.e.appendTime(o.e.buf, v)
	}
}

// Any writes a computed value of any type as encoding/json would. It allocates;
// the methods for strings, numbers and times do not.
func (o *Object) Any(name string, v any) {
	if o.dry != nil {
		o.dry.computed(o, name, reflect.TypeOf(v))
		return
	}
	if sub, ok := o.sel.find(name); ok {
		o.e.buf = o.key(name)
		o.e.boxed(v, sub)
	}
}
