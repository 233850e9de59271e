package render

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
)

// maxPooled is the largest buffer, in bytes, that waits for the next response.
const maxPooled = 1 << 20

// An encoder is the buffer of one response and the objects being written into
// it. It belongs to one goroutine.
type encoder struct {
	buf []byte
	ctx context.Context
	err error         // the first failure; nothing after it counts
	std *json.Encoder // writes to this encoder; made at first need

	location, link string  // headers of the answer
	force          *dryRun // answers for every When; nil leaves them their word

	frames []*Object // one for each depth of nesting, kept for the next use
	depth  int       // frames in use
}

var encoders = sync.Pool{New: func() any { return &encoder{buf: make([]byte, 0, 4096)} }}

func newEncoder(ctx context.Context) *encoder {
	e := encoders.Get().(*encoder)
	e.ctx = ctx
	return e
}

// free gives the encoder back. An encoder that a panic went through is not
// given back: its state is unknown.
func (e *encoder) free() {
	if cap(e.buf) > maxPooled {
		return
	}
	e.buf, e.ctx, e.err, e.depth = e.buf[:0], nil, nil, 0
	e.location, e.link, e.force = "", "", nil
	encoders.Put(e)
}

// Write is what encoding/json writes through.
func (e *encoder) Write(p []byte) (int, error) {
	e.buf = append(e.buf, p...)
	return len(p), nil
}

func (e *encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// keep makes b, which is e.buf with more at its end, the buffer. Unless it had
// to move only its length is written: a pointer costs more while the garbage
// collector marks, and this is done for every member.
func (e *encoder) keep(b []byte) {
	if cap(b) == cap(e.buf) {
		e.buf = e.buf[:len(b)]
		return
	}
	e.buf = b
}

// room makes room for n more items like the first one of a list, which began at
// start, so that a long list does not move the buffer again and again.
func (e *encoder) room(start, n int) {
	if need := (len(e.buf) - start + 1) * n; need > cap(e.buf)-len(e.buf) {
		e.buf = slices.Grow(e.buf, min(need+need/8, maxPooled))
	}
}

func (e *encoder) null() { e.buf = append(e.buf, "null"...) }

// appendFloat appends a number or notes that there is none for f.
func (e *encoder) appendFloat(b []byte, f float64, bits int) []byte {
	b, ok := appendFloat(b, f, bits)
	if !ok {
		e.fail(fmt.Errorf("unsupported value %s", strconv.FormatFloat(f, 'g', -1, bits)))
	}
	return b
}

// appendTime appends a time or notes that RFC 3339 cannot say it.
func (e *encoder) appendTime(b []byte, t time.Time) []byte {
	b, err := appendTime(b, t)
	if err != nil {
		e.fail(err)
	}
	return b
}

// value writes what p, a pointer of any type, points to: a type with a View
// through it, a basic kind without methods of its own directly, a struct of
// which only some members are wanted by its plan, the rest by encoding/json.
func (e *encoder) value(p any, sel *Selection) {
	v := reflect.ValueOf(p).Elem()
	info := typeInfoOf(v.Type())
	for info.way == wayPointer {
		if v.IsNil() {
			e.null()
			return
		}
		v = v.Elem()
		info = typeInfoOf(v.Type())
	}
	switch info.way {
	case wayBool:
		e.buf = strconv.AppendBool(e.buf, v.Bool())
	case wayInt:
		e.buf = strconv.AppendInt(e.buf, v.Int(), 10)
	case wayUint:
		e.buf = strconv.AppendUint(e.buf, v.Uint(), 10)
	case wayFloat:
		e.buf = e.appendFloat(e.buf, v.Float(), v.Type().Bits())
	case wayString:
		e.buf = appendString(e.buf, v.String())
	case wayTime:
		e.buf = e.appendTime(e.buf, *v.Addr().Interface().(*time.Time))
	case wayView:
		e.object(v.Addr().Interface().(viewer), sel)
	case wayAny:
		e.boxed(v.Interface(), sel)
	case wayList, wayMap, wayStruct, wayLoaded:
		if !info.views && (sel == nil || info.way == wayMap) {
			e.standard(v)
			return
		}
		e.inside(v, info, sel)
	default:
		e.standard(v)
	}
}

// boxed writes a value that is not behind a pointer.
func (e *encoder) boxed(v any, sel *Selection) {
	x := reflect.ValueOf(v)
	switch {
	case !x.IsValid():
		e.null()
		return
	case x.Kind() == reflect.Pointer && !x.IsNil():
		e.value(v, sel)
		return
	case sel != nil || typeInfoOf(x.Type()).views:
		p := reflect.New(x.Type())
		p.Elem().Set(x)
		e.value(p.Interface(), sel)
		return
	}
	e.standard(reflect.ValueOf(&v).Elem())
}

// standard leaves an addressable value to encoding/json.
func (e *encoder) standard(v reflect.Value) {
	if e.std == nil {
		e.std = json.NewEncoder(e)
	}
	start := len(e.buf)
	if err := e.std.Encode(v.Addr().Interface()); err != nil {
		e.buf = e.buf[:start]
		e.fail(err)
		return
	}
	e.buf = bytes.TrimSuffix(e.buf, []byte("\n"))
}

// inside writes a list, map or struct that is narrowed or holds views.
func (e *encoder) inside(v reflect.Value, info *typeInfo, sel *Selection) {
	switch info.way {
	case wayStruct:
		e.narrow(v, info.fields(), sel)
	case wayMap:
		e.dict(v)
	case wayLoaded:
		e.loaded(v, sel)
	default:
		e.list(v, sel)
	}
}

// open takes a frame for objects at the next depth; close gives it back.
func (e *encoder) open(sel *Selection) *Object {
	if e.depth == len(e.frames) {
		e.frames = append(e.frames, &Object{e: e})
	}
	o := e.frames[e.depth]
	e.depth++
	o.sel, o.start = sel, len(e.buf)
	return o
}

func (e *encoder) close() { e.depth-- }

// end ends the object that began at o.start.
func (o *Object) end() {
	e := o.e
	if len(e.buf) == o.start {
		e.buf = append(e.buf, '{')
	}
	e.buf = append(e.buf, '}')
}

// object writes the object a View describes.
func (e *encoder) object(v viewer, sel *Selection) {
	o := e.open(sel)
	v.View(o)
	o.end()
	e.close()
}

// item writes *x through view.
func item[T any](e *encoder, x *T, view View[T], sel *Selection) {
	o := e.open(sel)
	view(x, o)
	o.end()
	e.close()
}

// items writes a list through view; a nil list is empty, not null.
func items[T any](e *encoder, list []T, view View[T], sel *Selection) {
	e.buf = append(e.buf, '[')
	o := e.open(sel)
	for i := range list {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		o.start = len(e.buf)
		view(&list[i], o)
		if e.err != nil {
			break
		}
		o.end()
		if i == 0 {
			e.room(o.start, len(list)-1)
		}
	}
	e.close()
	e.buf = append(e.buf, ']')
}
