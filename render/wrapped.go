package render

import "net/http"

// Wrapped is the answer 200 of a value with data beside it:
//
//	{"data":<body>,"meta":{<members of Meta>},<members of Beside>}
//
// The body of a [Page] keeps its own meta and links, and Meta adds to them. A
// selection narrows the body only.
type Wrapped[T any] struct {
	Body   T
	Meta   any // a struct, map or type with a View; nil adds none
	Beside any // likewise; its members stand beside data
}

// Describe describes the answer; the shape is that of the body.
func (Wrapped[T]) Describe() Result { return DescribeOf[T]() }

// Respond writes the answer.
func (x Wrapped[T]) Respond(w http.ResponseWriter, r *http.Request) error {
	return respond(w, r, func(e *encoder, sel *Selection) int {
		if p, ok := any(&x.Body).(enveloper); ok {
			p.envelope(e, sel, r, x.Meta)
		} else {
			e.buf = append(e.buf, `{"data":`...)
			e.body(&x.Body, sel)
			if x.Meta != nil {
				e.buf = append(e.buf, `,"meta":{`...)
				e.splice(x.Meta, false)
				e.buf = append(e.buf, '}')
			}
			e.buf = append(e.buf, '}')
		}
		if x.Beside != nil {
			e.buf = e.buf[:len(e.buf)-1]
			e.splice(x.Beside, true)
			e.buf = append(e.buf, '}')
		}
		return http.StatusOK
	})
}

// enveloper is a body that brings its own envelope.
type enveloper interface {
	envelope(e *encoder, sel *Selection, r *http.Request, meta any)
}

// splice adds the members of the object v makes to the object being written;
// comma says that it has members already.
func (e *encoder) splice(v any, comma bool) {
	start := len(e.buf)
	e.boxed(v, nil)
	b := e.buf[start:]
	switch {
	case e.err != nil:
	case len(b) < 2 || b[0] != '{':
		e.fail(errNoObject)
	case len(b) == 2:
		e.buf = e.buf[:start]
	case comma:
		b[0] = ','
		e.buf = e.buf[:len(e.buf)-1]
	default:
		e.buf = append(e.buf[:start], b[1:len(b)-1]...)
	}
}
