package valid

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
)

// ReadJSON reads the body of r into v as [Decode] does. The Content-Type must
// be application/json or end in +json, once, with UTF-8 as its only charset,
// and there must be no Content-Encoding: otherwise the status is 415. A body
// over the limit is 413 and closes the connection. A body that could not be
// read at all (the client left, a deadline passed) is that plain error.
// w may be nil outside a server.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any, lim Limits) error {
	if code := mediaFault(r.Header); code != "" {
		return refused(r, v, &Error{Status: http.StatusUnsupportedMediaType, Violations: []Violation{
			{In: "header", Name: map[bool]string{true: "Content-Type", false: "Content-Encoding"}[code == "content_type"], Code: code}}})
	}
	lim = lim.filled()
	buf := bodies.Get().(*[]byte)
	body, err := readAll(w, r, (*buf)[:0], lim.Bytes)
	if err == nil {
		err = Decode(body, v, lim)
	}
	clear(body)
	if *buf = body[:0]; cap(body) <= 1<<20 {
		bodies.Put(buf)
	}
	return refused(r, v, err)
}

var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// refused gives an Error of reading the messages of its request.
func refused(r *http.Request, v any, err error) error {
	if e, ok := err.(*Error); ok {
		return e.For(r.Context(), v)
	}
	return err
}

// readAll reads into buf, which grows only with what really comes.
func readAll(w http.ResponseWriter, r *http.Request, buf []byte, limit int64) ([]byte, error) {
	if r.Body == nil {
		return buf, nil
	}
	for { // net/http closes the connection only for a writer of its own
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = inner.Unwrap()
	}
	body := http.MaxBytesReader(w, r.Body, limit)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return buf, &Error{Status: http.StatusRequestEntityTooLarge, Violations: []Violation{
				{Pointer: "#", Code: "bytes", Args: []any{limit}}}}
		}
		if err != nil {
			return buf, fmt.Errorf("valid: reading the body: %w", err)
		}
	}
}

// mediaFault says what is wrong with the declared content, or "".
func mediaFault(h http.Header) string {
	types := h.Values("Content-Type")
	if len(types) != 1 {
		return "content_type"
	}
	if types[0] == "application/json" && len(h["Content-Encoding"]) == 0 { // what nearly everybody sends
		return ""
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/json" && !(strings.HasSuffix(media, "+json") && strings.Count(media, "/") == 1) {
		return "content_type"
	}
	for name, value := range params {
		if name == "charset" && !strings.EqualFold(value, "utf-8") {
			return "content_type"
		}
	}
	for _, e := range h.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(e), "identity") {
			return "content_encoding"
		}
	}
	return ""
}
