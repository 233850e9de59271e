package valid

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits bound what is read. A zero field means its default.
type Limits struct {
	Bytes    int64 // of the body; default 1 MiB
	Depth    int   // of arrays and objects; default 64
	Elements int   // array elements and object members together; default 10,000
}

func (l Limits) filled() Limits {
	if l.Bytes == 0 {
		l.Bytes = 1 << 20
	}
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.Elements == 0 {
		l.Elements = 10_000
	}
	return l
}

// Decode reads body, one JSON text (RFC 8259), into v, a non-nil pointer. It
// fills struct fields that have a json tag, and no others, and keeps no
// reference to body. Whatever is refused is an [*Error]:
//
//   - status 400: malformed text, a duplicate name at any level (however it is
//     escaped), invalid UTF-8, half a surrogate pair, data after the value, and
//     too many levels;
//   - status 413: too many bytes or elements, or values that would take over 20
//     times the body (and over 1 MiB) in memory;
//   - status 422: unknown or wrongly spelled names, values of the wrong type,
//     null where only pointers, slices, maps, interfaces and [Maybe] can hold
//     it, numbers that do not fit or would be rounded. These are collected.
//
// A type with a method UnmarshalJSON or UnmarshalText reads its own part, which
// is well-formed and free of duplicate names by then; what its error says is not
// passed on. 1.0 and 1e2 are whole numbers. A float is rounded if it does not print as it
// was sent, with as many digits. When Decode fails, v may be partly filled. A
// v that cannot be read into at all is a plain error.
func Decode(body []byte, v any, lim Limits) error {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Pointer || r.IsNil() {
		return fmt.Errorf("valid: Decode needs a pointer, not %T", v)
	}
	p, err := planOf(r.Type().Elem())
	if err != nil {
		return err
	}
	d := decoders.Get().(*decoder)
	d.data, d.lim = body, lim.filled()
	d.left, d.memory = d.lim.Elements, max(1<<20, 20*len(body))
	if int64(len(body)) > d.lim.Bytes {
		d.refuse(http.StatusRequestEntityTooLarge, "bytes", d.lim.Bytes)
	} else {
		d.document(p, r.Elem())
	}
	err = d.result()
	clear(d.values[:cap(d.values)])
	*d = decoder{path: d.path[:0], names: d.names[:0], scratch: d.scratch[:0], values: d.values[:0]}
	if cap(d.values) < 1024 {
		decoders.Put(d)
	}
	return err
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// A decoder reads one body.
type decoder struct {
	data   []byte
	pos    int
	lim    Limits
	depth  int
	left   int // elements
	memory int // bytes that lists and maps may still take

	path    []step // to the value being read
	found   []Violation
	failed  *Error // ends the reading
	names   []span // of the objects being skipped
	values  []any  // of the lists being read into any
	scratch []byte // text of the last escaped string
}

// A step names a member, or an element if name is empty; index -1 is an entry
// that is not named, nor anything below it.
type step struct {
	name  string
	index int
}

// entry is the step to an entry of a map.
func entry(key string) step {
	if key == "" || !plain(key) {
		return step{index: -1}
	}
	return step{name: key}
}

func (d *decoder) result() error {
	if d.failed != nil {
		return d.failed
	}
	if d.found != nil {
		return &Error{Violations: d.found, Capped: len(d.found) >= maxViolations}
	}
	return nil
}

func (d *decoder) document(p *plan, v reflect.Value) {
	if d.peek(); d.pos == len(d.data) {
		d.syntax("empty")
		return
	}
	if d.data[d.pos] == 'n' {
		if at := d.pos; d.word("null") {
			d.wrongAt(at, "null")
		}
		return
	}
	if !d.value(p, v) {
		return
	}
	if d.peek(); d.pos < len(d.data) {
		d.syntax("trailing")
	}
}

// pointer names the current place.
func (d *decoder) pointer() string {
	b := append(make([]byte, 0, 64), '#')
	for _, s := range d.path {
		switch {
		case s.name != "":
			b = appendToken(b, s.name)
		case s.index < 0:
			return string(b)
		default:
			b = strconv.AppendInt(append(b, '/'), int64(s.index), 10)
		}
	}
	return string(b)
}

// refuse ends the reading.
func (d *decoder) refuse(status int, code string, args ...any) bool {
	if d.failed == nil {
		d.failed = &Error{Status: status, Violations: []Violation{
			{Pointer: d.pointer(), Code: code, Args: args, Offset: d.pos}}}
	}
	return false
}

func (d *decoder) syntax(code string) bool { return d.refuse(http.StatusBadRequest, code) }

func (d *decoder) unexpected() bool {
	if d.pos >= len(d.data) {
		return d.syntax("unexpected_end")
	}
	return d.syntax("syntax")
}

func (d *decoder) duplicate(name span) bool {
	d.pos = name.from - 1
	return d.syntax("duplicate")
}

// wrong notes a violation at the current value; reading goes on until there
// are too many.
func (d *decoder) wrong(code string, args ...any) bool { return d.wrongAt(d.pos, code, args...) }

func (d *decoder) wrongAt(offset int, code string, args ...any) bool {
	d.found = append(d.found, Violation{Pointer: d.pointer(), Code: code, Args: args, Offset: offset})
	return len(d.found) < maxViolations
}

// mismatch notes a value of the wrong type and passes over it.
func (d *decoder) mismatch(want string) bool {
	return d.wrong("type", want) && d.skip()
}

// spend takes n bytes of memory from the budget.
func (d *decoder) spend(n int) bool {
	if d.memory -= n; d.memory < 0 {
		return d.refuse(http.StatusRequestEntityTooLarge, "memory")
	}
	return true
}

// value reads one value into v as p says.
func (d *decoder) value(p *plan, v reflect.Value) bool {
	c := d.peek()
	if c == 'n' && p.op < opNulls {
		at := d.pos
		if !d.word("null") {
			return false
		}
		if p.op < opNullable {
			return d.wrongAt(at, "null")
		}
		if p.op == opMaybe {
			v.SetZero()
			v.Addr().Interface().(maybe).mark(maybeNull)
			return true
		}
		v.SetZero()
		return true
	}
	switch p.op {
	case opString, opTime, opText, opBytes:
		if c != '"' {
			return d.mismatch("string")
		}
		return d.stringValue(p, v)
	case opBool:
		return d.boolean(c, v)
	case opInt, opUint, opFloat, opNumber:
		if c != '-' && c-'0' > 9 {
			return d.mismatch(p.want)
		}
		return d.number(p, v)
	case opStruct:
		return d.structure(c, p, v)
	case opSlice, opArray:
		return d.list(c, p, v)
	case opMap:
		return d.table(c, p, v)
	case opPointer:
		if v.IsNil() {
			if !d.spend(p.size) {
				return false
			}
			v.Set(reflect.New(p.elem.typ))
		}
		return d.value(p.elem, v.Elem())
	case opMaybe:
		m := v.Addr().Interface().(maybe)
		m.mark(maybeSet)
		return d.value(p.elem, m.target())
	case opAny:
		x, ok := d.any()
		if ok && x != nil {
			v.Set(reflect.ValueOf(x))
		} else if ok {
			v.SetZero()
		}
		return ok
	}
	return d.itself(p, v)
}

// itself hands the text of one value to a type that reads itself.
func (d *decoder) itself(p *plan, v reflect.Value) bool {
	from := d.pos
	if !d.skip() {
		return false
	}
	raw := d.data[from:d.pos]
	if p.op == opRaw {
		v.SetBytes(append(json.RawMessage(nil), raw...))
		return d.spend(len(raw) + 8)
	}
	if err := v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw); err != nil {
		return d.wrongAt(from, "format")
	}
	return true
}

func (d *decoder) boolean(c byte, v reflect.Value) bool {
	switch c {
	case 't':
		v.SetBool(true)
		return d.word("true")
	case 'f':
		v.SetBool(false)
		return d.word("false")
	}
	return d.mismatch("boolean")
}

func (d *decoder) stringValue(p *plan, v reflect.Value) bool {
	from := d.pos
	s, ok := d.str()
	if !ok {
		return false
	}
	text := d.text(s)
	switch p.op {
	case opString:
		v.SetString(string(text))
		return true
	case opTime:
		t, err := time.Parse(time.RFC3339, strings.ToUpper(string(text)))
		if ok = err == nil && isDateTime(string(text)); ok {
			*v.Addr().Interface().(*time.Time) = t
		}
	case opText:
		ok = v.Addr().Interface().(textUnmarshaler).UnmarshalText(append([]byte(nil), text...)) == nil
	case opBytes:
		var b []byte
		if b, ok = unbase64(text); ok {
			v.SetBytes(b)
		}
	}
	return ok || d.wrongAt(from, "format", p.want)
}

type textUnmarshaler interface{ UnmarshalText([]byte) error }

// unbase64 decodes the standard form of RFC 4648 section 4. Package base64
// passes over line breaks even when it is strict.
func unbase64(text []byte) ([]byte, bool) {
	b := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(b, text)
	return b[:n], err == nil && !bytes.ContainsAny(text, "\r\n")
}
