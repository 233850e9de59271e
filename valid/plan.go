package valid

import (
	"encoding"
	"fmt"
	"reflect"
	"sync"
)

// An op says how a type is read. Those before opNullable refuse null, those
// from there become zero by it, and those from opNulls see it themselves.
type op uint8

const (
	opString op = iota
	opTime
	opText
	opBool
	opInt
	opUint
	opFloat
	opNumber
	opStruct
	opArray
	opBytes
	opSlice
	opMap
	opPointer
	opMaybe
	opAny
	opRaw
	opItself

	opNullable = opBytes
	opNulls    = opAny
)

// A plan is how one type is read, made once.
type plan struct {
	op     op
	typ    reflect.Type
	size   int    // of an element
	want   string // for people: "integer"
	elem   *plan
	empty  reflect.Value // list
	fields []fieldPlan
	byName map[string]int
}

type fieldPlan struct {
	name  string
	index []int
	plan  *plan
}

var plans sync.Map // reflect.Type -> *plan, whole ones only

func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	b := planBuilder{}
	p, err := b.plan(t)
	if err != nil {
		return nil, err
	}
	plans.Store(t, p)
	return p, nil
}

// A planBuilder holds the plans begun, so that a type may contain itself.
type planBuilder map[reflect.Type]*plan

func (b planBuilder) plan(t reflect.Type) (*plan, error) {
	if p := b[t]; p != nil {
		return p, nil
	}
	p := &plan{typ: t}
	b[t] = p
	return p, b.fill(p, t)
}

func (b planBuilder) fill(p *plan, t reflect.Type) (err error) {
	if own(p, t) {
		if p.op == opMaybe {
			p.elem, err = b.plan(reflect.New(t).Interface().(maybe).inner())
		}
		return err
	}
	switch t.Kind() {
	case reflect.String:
		p.op = opString
	case reflect.Bool:
		p.op = opBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.op, p.want = opInt, "integer"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.op, p.want = opUint, "integer"
	case reflect.Float32, reflect.Float64:
		p.op, p.want = opFloat, "number"
	case reflect.Struct:
		p.op = opStruct
		return b.structure(p, t)
	case reflect.Slice, reflect.Array, reflect.Pointer:
		p.op = map[reflect.Kind]op{reflect.Slice: opSlice, reflect.Array: opArray, reflect.Pointer: opPointer}[t.Kind()]
		p.size = int(t.Elem().Size())
		if p.elem, err = b.plan(t.Elem()); t.Kind() == reflect.Slice {
			p.empty = reflect.MakeSlice(t, 0, 0)
		}
	case reflect.Map:
		p.op = opMap
		if !readableKey(t.Key()) {
			return fmt.Errorf("valid: cannot read into %v: keys must be text or whole numbers", t)
		}
		p.size = int(t.Elem().Size() + t.Key().Size())
		p.elem, err = b.plan(t.Elem())
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("valid: cannot read into %v", t)
		}
		p.op = opAny
	default:
		return fmt.Errorf("valid: cannot read into %v", t)
	}
	return err
}

// own reports whether t is read in a way of its own, not by its kind.
func own(p *plan, t reflect.Type) bool {
	ptr := reflect.PointerTo(t)
	switch {
	case t == timeType:
		p.op, p.want = opTime, "date-time"
	case t == rawType:
		p.op = opRaw
	case t == numberType:
		p.op, p.want = opNumber, "number"
	case ptr.Implements(maybeType):
		p.op = opMaybe
	case t.Kind() == reflect.Pointer:
		return false // its element decides, so that null stays nil
	case ptr.Implements(unmarshalerType):
		p.op = opItself
	case ptr.Implements(textType):
		p.op = opText
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		p.op, p.want = opBytes, "base64"
	default:
		return false
	}
	return true
}

func readableKey(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	k := reflect.New(t).Elem()
	return t.Kind() == reflect.String || k.CanInt() || k.CanUint()
}

func (b planBuilder) structure(p *plan, t reflect.Type) error {
	list, err := membersOf(t)
	if err != nil {
		return err
	}
	p.byName = make(map[string]int, len(list))
	for _, m := range list {
		if m.in != "" {
			continue
		}
		f, err := b.plan(m.typ)
		if err != nil {
			return err
		}
		p.byName[m.name] = len(p.fields)
		p.fields = append(p.fields, fieldPlan{m.name, m.index, f})
	}
	return nil
}
