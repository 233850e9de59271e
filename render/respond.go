package render

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
)

const mediaJSON = "application/json"

// Respond answers a request with *out: a result type such as [Page] or
// [Created] by its own rules, any other value as JSON with status 200. What is
// written is narrowed by the selection in the context of the request; see
// [With].
//
// The body is built before anything is sent. If a view fails, the error is
// returned with nothing written, so that the caller can still answer with a
// status of its own. A nil out, or a pointer to a nil pointer, is such an error.
//
// The error of a client that accepts no JSON has HTTPStatus 406. It is given
// for GET, HEAD and QUERY only: after other methods the work is done, and its
// answer is sent in the form there is.
func Respond[T any](w http.ResponseWriter, r *http.Request, out *T) error {
	if out == nil {
		return errNil
	}
	if res, ok := any(out).(inPlace); ok {
		return res.respond(w, r)
	}
	if res, ok := any(out).(responder); ok {
		return res.Respond(w, r)
	}
	if refers(out) { // to a result type, perhaps
		if isNil(out) {
			return errNil
		}
		if res, ok := any(*out).(responder); ok {
			return res.Respond(w, r)
		}
	}
	return respondAt(w, r, http.StatusOK, "", out)
}

// inPlace is a result type that answers without being copied.
type inPlace interface {
	respond(http.ResponseWriter, *http.Request) error
}

// jsonOnly is a header value and a list of offers. It is never changed.
var jsonOnly = []string{mediaJSON}

var (
	errNil      = errors.New("render: nothing to answer with: the result is nil")
	errNoObject = errors.New("additional data is not an object")
)

// Append appends *x to b as [Respond] would write it with the selection of ctx,
// for bodies that go elsewhere. On an error b is returned as it was.
func Append[T any](ctx context.Context, b []byte, x *T) ([]byte, error) {
	e := newEncoder(ctx)
	own := e.buf
	e.buf = b
	e.body(x, selectionOf(ctx))
	out, err := e.buf, e.err
	e.buf = own
	e.free()
	if err != nil {
		return b, fmt.Errorf("render: %w", err)
	}
	return out, nil
}

// respondAt answers with one body.
func respondAt[T any](w http.ResponseWriter, r *http.Request, status int, at string, body *T) error {
	if isNil(body) {
		return errNil
	}
	return respond(w, r, func(e *encoder, sel *Selection) int {
		e.body(body, sel)
		e.location = at
		return status
	})
}

// refers reports whether *p is a pointer or an interface, isNil whether it ends
// in nil. Neither copies what p points to.
func refers(p any) bool {
	k := reflect.TypeOf(p).Elem().Kind()
	return k == reflect.Pointer || k == reflect.Interface
}

func isNil(p any) bool {
	v := reflect.ValueOf(p).Elem()
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// respond builds an answer and sends it.
func respond(w http.ResponseWriter, r *http.Request, build func(*encoder, *Selection) int) error {
	if err := acceptable(r, jsonOnly...); err != nil {
		return err
	}
	e := newEncoder(r.Context())
	status := build(e, selectionOf(r.Context()))
	if e.err != nil {
		err := e.err
		e.free()
		return fmt.Errorf("render: %w", err)
	}
	err := e.send(w, r, status)
	e.free()
	return err
}

// body writes the value of an answer. There a nil list is an empty one.
func (e *encoder) body(p any, sel *Selection) {
	if v := reflect.ValueOf(p).Elem(); v.Kind() == reflect.Slice && v.IsNil() && typeInfoOf(v.Type()).way == wayList {
		e.buf = append(e.buf, "[]"...)
		return
	}
	e.value(p, sel)
}

func (e *encoder) send(w http.ResponseWriter, r *http.Request, status int) error {
	h := w.Header()
	h["Content-Type"] = jsonOnly
	values := [...]string{strconv.Itoa(len(e.buf)), ""}
	h["Content-Length"] = values[0:1:1]
	if e.location != "" {
		values[1] = reference(e.location)
		h["Location"] = values[1:2:2]
	}
	if e.link != "" {
		h.Add("Link", e.link)
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(e.buf); err != nil {
		return fmt.Errorf("render: send: %w", err)
	}
	return nil
}
