package patch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	maxOps  = 1000
	maxCopy = 4 << 20 // bytes, about, that all copies of a patch may add
)

// Apply applies the operations of a JSON patch in turn (RFC 6902). The error is
// an [*Error].
func Apply(doc, patch []byte) ([]byte, error) {
	root, err := parseDoc(doc)
	if err != nil {
		return nil, err
	}
	list, err := parse(patch)
	if err != nil {
		return nil, err
	}
	ops, ok := list.(*array)
	if !ok {
		return nil, &Error{Status: http.StatusBadRequest, Detail: "A JSON patch is a list of operations."}
	}
	if len(ops.items) > maxOps {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("A patch has at most %d operations.", maxOps)}
	}
	p := &patcher{root: root, room: maxCopy}
	for i, op := range ops.items {
		if err := p.apply(op); err != nil {
			err.Pointer = fmt.Sprintf("#/%d%s", i, err.Pointer)
			return nil, err
		}
	}
	return encode(p.root), nil
}

type patcher struct {
	root any
	room int // bytes that copies may still add
}

func bad(member, detail string) *Error {
	return &Error{Status: http.StatusBadRequest, Pointer: member, Detail: detail}
}

func conflict(member, detail string) *Error {
	return &Error{Status: http.StatusConflict, Pointer: member, Detail: detail}
}

func (p *patcher) apply(v any) *Error {
	op, ok := v.(*object)
	if !ok {
		return bad("", "An operation is an object.")
	}
	path, fault := pointerOf(op, "path")
	if fault != nil {
		return fault
	}
	value, hasValue := op.values["value"]
	name, _ := op.values["op"].(string)
	switch name {
	case "add", "replace", "test":
		if !hasValue {
			return bad("", "The operation needs a value.")
		}
	case "move", "copy":
		return p.moveOrCopy(op, name, path)
	case "remove":
	default:
		return bad("/op", "The operation is one of add, remove, replace, move, copy, test.")
	}
	var err error
	switch name {
	case "add":
		err = p.add(path, value)
	case "remove":
		_, err = p.remove(path)
	case "replace":
		err = p.replace(path, value)
	case "test":
		var is any
		if is, err = p.get(path); err == nil && !equal(is, value) {
			return conflict("/value", "The document has another value there.")
		}
	}
	if err != nil {
		return conflict("/path", "The document has no such place.")
	}
	return nil
}

func (p *patcher) moveOrCopy(op *object, name string, path []string) *Error {
	from, fault := pointerOf(op, "from")
	if fault != nil {
		return fault
	}
	if name == "move" && len(from) < len(path) && slices.Equal(from, path[:len(from)]) {
		return bad("/from", "A value cannot be moved into itself.")
	}
	v, err := p.get(from)
	if err != nil {
		return conflict("/from", "The document has no such place.")
	}
	if name == "move" {
		_, err = p.remove(from)
	} else {
		v = p.clone(v)
	}
	if p.room < 0 {
		return &Error{Status: http.StatusRequestEntityTooLarge, Detail: "The copies make the document too large."}
	}
	if err == nil {
		err = p.add(path, v)
	}
	if err != nil {
		return conflict("/path", "The document has no such place.")
	}
	return nil
}

// pointerOf reads a JSON pointer (RFC 6901).
func pointerOf(op *object, member string) ([]string, *Error) {
	text, ok := op.values[member].(string)
	if !ok {
		return nil, bad("", "The operation needs a "+member+".")
	}
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, bad("/"+member, "A pointer begins with a slash.")
	}
	parts := strings.Split(text[1:], "/")
	for i, part := range parts {
		for j := 0; j < len(part); j++ {
			if part[j] == '~' && (j+1 == len(part) || part[j+1] != '0' && part[j+1] != '1') {
				return nil, bad("/"+member, "In a pointer, ~ is followed by 0 or 1.")
			}
		}
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
	}
	return parts, nil
}

var errNoPlace = errors.New("no such place")

// child returns the value one step down.
func child(v any, step string) (any, error) {
	switch v := v.(type) {
	case *object:
		if x, ok := v.values[step]; ok {
			return x, nil
		}
	case *array:
		if i, ok := index(step, len(v.items)-1); ok {
			return v.items[i], nil
		}
	}
	return nil, errNoPlace
}

// index reads an array index up to last, without leading zeros.
func index(step string, last int) (int, bool) {
	if step == "" || len(step) > 1 && step[0] == '0' || strings.Trim(step, "0123456789") != "" {
		return 0, false
	}
	i, err := strconv.Atoi(step)
	return i, err == nil && i <= last
}

func (p *patcher) get(path []string) (v any, err error) {
	v = p.root
	for _, step := range path {
		if v, err = child(v, step); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (p *patcher) add(path []string, v any) error {
	if len(path) == 0 {
		p.root = v
		return nil
	}
	parent, err := p.get(path[:len(path)-1])
	if err != nil {
		return err
	}
	step := path[len(path)-1]
	switch parent := parent.(type) {
	case *object:
		parent.set(step, v)
		return nil
	case *array:
		if step == "-" {
			parent.items = append(parent.items, v)
			return nil
		}
		if i, ok := index(step, len(parent.items)); ok {
			parent.items = slices.Insert(parent.items, i, v)
			return nil
		}
	}
	return errNoPlace
}

func (p *patcher) replace(path []string, v any) error {
	if _, err := p.get(path); err != nil || len(path) == 0 {
		p.root = either(err, p.root, v)
		return err
	}
	parent, _ := p.get(path[:len(path)-1])
	step := path[len(path)-1]
	switch parent := parent.(type) {
	case *object:
		parent.set(step, v)
	case *array:
		i, _ := index(step, len(parent.items)-1)
		parent.items[i] = v
	}
	return nil
}

// either is old if err is set.
func either(err error, old, fresh any) any {
	if err != nil {
		return old
	}
	return fresh
}

func (p *patcher) remove(path []string) (any, error) {
	v, err := p.get(path)
	if err != nil || len(path) == 0 {
		p.root = either(err, p.root, nil)
		return v, err
	}
	parent, _ := p.get(path[:len(path)-1])
	step := path[len(path)-1]
	switch parent := parent.(type) {
	case *object:
		parent.remove(step)
	case *array:
		i, _ := index(step, len(parent.items)-1)
		parent.items = slices.Delete(parent.items, i, i+1)
	}
	return v, nil
}

// clone copies a value, since the two may change apart, and counts its bytes.
func (p *patcher) clone(v any) any {
	p.room -= 8
	if p.room < 0 {
		return nil
	}
	switch v := v.(type) {
	case *object:
		c := &object{names: slices.Clone(v.names), values: make(map[string]any, len(v.values))}
		for name, x := range v.values {
			p.room -= len(name)
			c.values[name] = p.clone(x)
		}
		return c
	case *array:
		c := &array{items: make([]any, len(v.items))}
		for i, x := range v.items {
			c.items[i] = p.clone(x)
		}
		return c
	case string:
		p.room -= len(v)
	case json.Number:
		p.room -= len(v)
	}
	return v
}
