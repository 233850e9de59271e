package patch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

const maxDepth = 64

// An object keeps its members in their order. Other values are *array,
// json.Number, string, bool and nil.
type object struct {
	names  []string
	values map[string]any
}

type array struct{ items []any }

func (o *object) set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

func (o *object) remove(name string) {
	if _, ok := o.values[name]; ok {
		delete(o.values, name)
		o.names = slices.DeleteFunc(o.names, func(n string) bool { return n == name })
	}
}

// parse reads a patch.
func parse(data []byte) (any, error) {
	v, err := read(data)
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Detail: "The patch is not one JSON value without duplicate names.", Err: err}
	}
	return v, nil
}

// parseDoc reads the document, whose faults are not the client's.
func parseDoc(data []byte) (any, error) {
	v, err := read(data)
	if err != nil {
		return nil, &Error{Status: http.StatusInternalServerError, Detail: "The document cannot be changed.", Err: err}
	}
	return v, nil
}

func read(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := readValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("data after the value")
	}
	return v, nil
}

func readValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := &object{values: map[string]any{}}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := o.values[name.(string)]; twice {
				return nil, errors.New("duplicate name")
			}
			v, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			o.set(name.(string), v)
		}
		_, err = dec.Token()
		return o, err
	case json.Delim('['):
		a := &array{}
		for dec.More() {
			v, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			a.items = append(a.items, v)
		}
		_, err = dec.Token()
		return a, err
	}
	return t, nil
}

func encode(v any) []byte { return appendValue(nil, v) }

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case *object:
		b = append(b, '{')
		for i, name := range v.names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendValue(b, name), ':')
			b = appendValue(b, v.values[name])
		}
		return append(b, '}')
	case *array:
		b = append(b, '[')
		for i, x := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, x)
		}
		return append(b, ']')
	}
	text, _ := json.Marshal(v) // a string, number, bool or nil that was read from JSON
	return append(b, text...)
}

// equal compares as RFC 6902, section 4.6 says: numbers by their value, objects
// without regard to order.
func equal(a, b any) bool {
	switch a := a.(type) {
	case *object:
		o, ok := b.(*object)
		if !ok || len(a.names) != len(o.names) {
			return false
		}
		for _, name := range a.names {
			v, ok := o.values[name]
			if !ok || !equal(a.values[name], v) {
				return false
			}
		}
		return true
	case *array:
		l, ok := b.(*array)
		return ok && slices.EqualFunc(a.items, l.items, equal)
	case json.Number:
		n, ok := b.(json.Number)
		return ok && canonical(a) == canonical(n)
	}
	return a == b
}

// decimal is a number as digits without zeros at either end, times ten to exp.
type decimal struct {
	neg    bool
	digits string
	exp    int64
}

// canonical takes a number apart without computing it: 1e999999999 is cheap.
func canonical(n json.Number) decimal {
	text, neg := strings.CutPrefix(string(n), "-")
	text = strings.ToLower(text)
	mantissa, e, _ := strings.Cut(text, "e")
	var exp int64
	if e != "" {
		if _, err := fmt.Sscan(strings.TrimPrefix(e, "+"), &exp); err != nil {
			return decimal{neg, text, 0} // an exponent of nineteen digits: only equal to itself
		}
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	exp -= int64(len(frac))
	digits := strings.TrimLeft(whole+frac, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return decimal{}
	}
	return decimal{neg, trimmed, exp + int64(len(digits)-len(trimmed))}
}
