package valid

import (
	"fmt"
	"net/textproto"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// A segment is one step from the checked value to the current one.
type segment struct {
	at    any // pointer to the value reached
	index int // of an element, or one of the kinds below
}

const (
	segField  = -1 // at points into the struct of the segment before
	segSame   = -2 // at stands for the same place (root, pointee)
	segHidden = -3 // an entry of a map that is not named, nor anything below it
	segKey    = -4 // an entry of a map: segKey-n for key n of the run
)

// place resolves the stack: a JSON Pointer, or the place and name of a
// parameter.
func (c *C) place(stack []segment) (pointer, in, name string) {
	if len(stack) == 2 && stack[1].index == segField {
		e := fieldAt(stack[0].at, stack[1].at)
		return e.pointer, e.in, e.name
	}
	b := append(make([]byte, 0, 64), '#')
	base := stack[0].at
	for _, s := range stack[1:] {
		switch {
		case s.index == segField:
			e := fieldAt(base, s.at)
			if e.in != "" {
				return "", e.in, e.name
			}
			b = append(b, e.pointer[1:]...)
		case s.index == segSame:
		case s.index == segHidden:
			return string(b), "", ""
		case s.index <= segKey:
			b = appendToken(b, c.keys[segKey-s.index])
		default:
			b = strconv.AppendInt(append(b, '/'), int64(s.index), 10)
		}
		base = s.at
	}
	return string(b), "", ""
}

// A fieldEntry is how one field of a struct is called outside.
type fieldEntry struct {
	pointer string // "#/home/street", "#" for an embedded struct itself
	in      string // "query", "path", "header", "form"; "" for a body member
	name    string // of the parameter
	path    []string
}

type fieldKey struct {
	offset uintptr
	typ    reflect.Type
}

var fieldTables sync.Map // reflect.Type of a struct -> map[fieldKey]fieldEntry

// fieldAt finds the field of *base that field points to, by address and type.
func fieldAt(base, field any) fieldEntry {
	b, f := reflect.ValueOf(base), reflect.ValueOf(field)
	t := b.Type().Elem()
	if t.Kind() == reflect.Struct && f.Kind() == reflect.Pointer {
		key := fieldKey{f.Pointer() - b.Pointer(), f.Type().Elem()}
		if e, ok := fieldTable(t)[key]; ok {
			return e
		}
	}
	panic(fmt.Sprintf("valid: the %T given is not a field of the %v being checked", field, t))
}

func fieldTable(t reflect.Type) map[fieldKey]fieldEntry {
	if m, ok := fieldTables.Load(t); ok {
		return m.(map[fieldKey]fieldEntry)
	}
	m := map[fieldKey]fieldEntry{}
	fillTable(m, t, 0, fieldEntry{pointer: "#"})
	got, _ := fieldTables.LoadOrStore(t, m)
	return got.(map[fieldKey]fieldEntry)
}

func fillTable(m map[fieldKey]fieldEntry, t reflect.Type, offset uintptr, up fieldEntry) {
	for i := range t.NumField() {
		f := t.Field(i)
		e := up
		if name, in := wireName(f); in != "" {
			e.in, e.name, e.pointer = in, name, ""
		} else if up.in == "" && !(f.Anonymous && name == "") {
			if name == "" {
				name = f.Name
			}
			e.pointer = string(appendToken([]byte(up.pointer), name))
			e.path = append(append([]string(nil), up.path...), name)
		}
		key := fieldKey{offset + f.Offset, f.Type}
		if _, ok := m[key]; !ok { // zero-size neighbours share an address: the first wins
			m[key] = e
		}
		if f.Type.Kind() == reflect.Struct && !opaque(f.Type) {
			fillTable(m, f.Type, offset+f.Offset, e)
		}
	}
}

// wireName reads the name of f from its tags: in is "" for a body member, and
// both are "" when f has no name outside.
func wireName(f reflect.StructField) (name, in string) {
	if name, _, _ = strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
		return name, ""
	}
	for _, in := range [...]string{"path", "query", "header", "form"} {
		name, _, _ := strings.Cut(f.Tag.Get(in), ",")
		if in == "header" {
			name = textproto.CanonicalMIMEHeaderKey(name)
		}
		if name != "" && name != "-" {
			return name, in
		}
	}
	return "", ""
}

// appendToken appends one reference token: RFC 6901 section 3 escaping, then
// percent-encoding for the fragment form of section 6.
func appendToken(b []byte, token string) []byte {
	b = append(b, '/')
	for i := range len(token) {
		switch c := token[i]; {
		case c == '~':
			b = append(b, "~0"...)
		case c == '/':
			b = append(b, "~1"...)
		case c < 0x7f && c > ' ' && strings.IndexByte("\"#%<>[\\]^`{|}", c) < 0:
			b = append(b, c)
		default:
			const hex = "0123456789ABCDEF"
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
