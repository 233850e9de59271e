package render

import (
	"reflect"
	"slices"
	"strings"
)

// narrow writes the selected members of struct v, each as encoding/json would.
func (e *encoder) narrow(v reflect.Value, plan []plainField, sel *Selection) {
	start := len(e.buf)
	for i := range plan {
		f := &plan[i]
		sub, ok := sel.find(f.name)
		if !ok {
			continue
		}
		x, ok := fieldByIndex(v, f.index)
		if !ok || f.omitted(x) {
			continue
		}
		c := byte(',')
		if len(e.buf) == start {
			c = '{'
		}
		e.buf = append(e.buf, c)
		e.buf = appendString(e.buf, f.name)
		e.buf = append(e.buf, ':')
		e.plain(f, x, sub)
	}
	if len(e.buf) == start {
		e.buf = append(e.buf, '{')
	}
	e.buf = append(e.buf, '}')
}

// plain writes the value of one member.
func (e *encoder) plain(f *plainField, v reflect.Value, sub *Selection) {
	if !v.CanInterface() { // an embedded struct of an unexported type that has a tag
		e.hidden(v, sub)
		return
	}
	start := len(e.buf)
	e.value(v.Addr().Interface(), sub)
	if !f.quoted {
		return
	}
	text := string(e.buf[start:])
	switch {
	case text == "null":
	case len(text) > 0 && text[0] == '"':
		e.buf = appendString(e.buf[:start], text)
	default:
		e.buf = append(append(append(e.buf[:start], '"'), text...), '"')
	}
}

func (e *encoder) hidden(v reflect.Value, sel *Selection) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			e.null()
			return
		}
		v = v.Elem()
	}
	e.narrow(v, typeInfoOf(v.Type()).fields(), sel)
}

// list writes the elements of a slice or an array.
func (e *encoder) list(v reflect.Value, sel *Selection) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.null()
		return
	}
	views := wayOf(v.Type().Elem()) == wayView
	e.buf = append(e.buf, '[')
	start := len(e.buf)
	for i := range v.Len() {
		if e.err != nil {
			return
		}
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		x := v.Index(i).Addr().Interface()
		if views {
			e.object(x.(viewer), sel)
		} else {
			e.value(x, sel)
		}
		if i == 0 {
			e.room(start, v.Len()-1)
		}
	}
	e.buf = append(e.buf, ']')
}

// loaded writes the rows of a relation.
func (e *encoder) loaded(v reflect.Value, sel *Selection) {
	got := v.Addr().MethodByName("Loaded").Call(nil)
	if !got[1].Bool() {
		e.null()
		return
	}
	rows := reflect.New(got[0].Type())
	rows.Elem().Set(got[0])
	e.body(rows.Interface(), sel)
}

// dict writes a map whose values hold views, sorted by key.
func (e *encoder) dict(v reflect.Value) {
	if v.IsNil() {
		e.null()
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	e.buf = append(e.buf, '{')
	for i, k := range keys {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		e.buf = appendString(e.buf, k.String())
		e.buf = append(e.buf, ':')
		x := reflect.New(v.Type().Elem())
		x.Elem().Set(v.MapIndex(k))
		e.value(x.Interface(), nil)
	}
	e.buf = append(e.buf, '}')
}

// fieldByIndex follows embedded pointers; nil ends the way.
func fieldByIndex(v reflect.Value, index []int) (reflect.Value, bool) {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

func (f *plainField) omitted(v reflect.Value) bool {
	if f.empty && isEmpty(v) {
		return true
	}
	if !f.zero {
		return false
	}
	t := v.Type()
	switch {
	case t.Kind() == reflect.Interface && t.Implements(zeroerType):
		if v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() {
			return true
		}
	case t.Kind() == reflect.Pointer && t.Implements(zeroerType):
		if v.IsNil() {
			return true
		}
	case t.Implements(zeroerType):
	case reflect.PointerTo(t).Implements(zeroerType):
		v = v.Addr()
	default:
		return v.IsZero()
	}
	return v.Interface().(interface{ IsZero() bool }).IsZero()
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
