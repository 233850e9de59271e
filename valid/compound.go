package valid

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
)

// structure reads an object into a struct. Names are compared exactly; a guess
// that they come in the order of the fields saves most look-ups.
func (d *decoder) structure(c byte, p *plan, v reflect.Value) bool {
	if c != '{' {
		return d.mismatch("object")
	}
	var few uint64 // fields seen, or
	var many []bool
	if len(p.fields) > 64 {
		many = make([]bool, len(p.fields))
	}
	guess := 0
	for more, ok := d.begin('}'); ; more, ok = d.more('}') {
		if !ok || !more {
			return ok
		}
		name, ok := d.name()
		if !ok {
			return false
		}
		i := p.find(d.text(name), guess)
		if i < 0 {
			if !d.unknown(p, name) {
				return false
			}
			continue
		}
		guess = i + 1
		f := &p.fields[i]
		d.path = append(d.path, step{name: f.name})
		if many != nil && many[i] || few&(1<<(i&63)) != 0 && many == nil {
			return d.duplicate(name)
		}
		if many != nil {
			many[i] = true
		} else {
			few |= 1 << i
		}
		field := v.Field(f.index[0])
		for _, j := range f.index[1:] {
			field = field.Field(j)
		}
		if !d.value(f.plan, field) {
			return false
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func (p *plan) find(name []byte, guess int) int {
	if guess < len(p.fields) && p.fields[guess].name == string(name) {
		return guess
	}
	if i, ok := p.byName[string(name)]; ok {
		return i
	}
	return -1
}

// unknown notes a name that no field has and passes over its value. A known
// name in another spelling is named as it should be. Any other is named as it was
// sent if it is what a program would call a member; otherwise the object that
// holds it is named, so that a secret in the wrong place is not repeated.
func (d *decoder) unknown(p *plan, name span) bool {
	text := string(d.text(name))
	for i := range p.fields {
		if strings.EqualFold(p.fields[i].name, text) {
			return d.at(p.fields[i].name, name, "spelling") && d.skip()
		}
	}
	if likeName(text) {
		return d.at(text, name, "unknown") && d.skip()
	}
	return d.wrongAt(name.from-1, "unknown") && d.skip()
}

// at notes what is wrong with a member's name.
func (d *decoder) at(member string, name span, code string) bool {
	d.path = append(d.path, step{name: member})
	ok := d.wrongAt(name.from-1, code)
	d.path = d.path[:len(d.path)-1]
	return ok
}

// maxName is the longest unknown name that is repeated, in bytes.
const maxName = 40

// likeName reports whether s is a short identifier.
func likeName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > '9') && s[i] != '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// list reads an array into a slice or array.
func (d *decoder) list(c byte, p *plan, v reflect.Value) bool {
	if c != '[' {
		return d.mismatch("array")
	}
	if p.op == opSlice {
		v.SetZero()
	}
	from, n := d.pos, 0
	more, ok := d.begin(']')
	d.path = append(d.path, step{})
	for ; ok && more; more, ok = d.more(']') {
		d.path[len(d.path)-1].index = n
		if p.op == opArray && n >= v.Len() {
			ok = d.skip()
		} else {
			ok = (p.op == opArray || d.grow(p, v, n)) && d.value(p.elem, v.Index(n))
		}
		if !ok {
			return false
		}
		n++
	}
	d.path = d.path[:len(d.path)-1]
	if n == 0 && p.op == opSlice {
		v.Set(p.empty)
	}
	if ok && n != v.Len() {
		return d.wrongAt(from, "count", v.Len(), v.Len())
	}
	return ok
}

// grow makes room for element n.
func (d *decoder) grow(p *plan, v reflect.Value, n int) bool {
	if n == v.Cap() {
		more := 4
		if n > 0 {
			more = max(1, min(n, n/4+192))
		}
		if !d.spend((n + more) * p.size) {
			return false
		}
		v.Grow(more)
	}
	v.SetLen(n + 1)
	return true
}

// table reads an object into a map.
func (d *decoder) table(c byte, p *plan, v reflect.Value) bool {
	if c != '{' {
		return d.mismatch("object")
	}
	if !d.spend(mapSize) {
		return false
	}
	v.Set(reflect.MakeMap(p.typ))
	elem := reflect.New(p.elem.typ).Elem()
	for more, ok := d.begin('}'); ; more, ok = d.more('}') {
		if !ok || !more {
			return ok
		}
		name, ok := d.name()
		if !ok {
			return false
		}
		text := string(d.text(name))
		if !d.spend(entrySize(v.Len(), p.size) + len(text)) {
			return false
		}
		key, ok := mapKey(p.typ.Key(), text)
		if !ok {
			if !d.wrong("key") || !d.skip() {
				return false
			}
			continue
		}
		if v.MapIndex(key).IsValid() {
			return d.duplicate(name)
		}
		at := len(d.path)
		d.path = append(d.path, entry(text))
		elem.SetZero()
		if !d.value(p.elem, elem) {
			return false
		}
		d.path = d.path[:at]
		v.SetMapIndex(key, elem)
	}
}

// mapSize and entrySize estimate what a map takes from the runtime: a head, room
// for eight entries at once, then up to twice what is used, allocated again at
// each doubling.
const mapSize = 48

func entrySize(n, size int) int {
	if n == 0 {
		return 8*size + 64
	}
	return 4 * size
}

// mapKey reads a map key of type t from its text. Numbers must be in their
// shortest form, so that two texts cannot be one key.
func mapKey(t reflect.Type, text string) (reflect.Value, bool) {
	k := reflect.New(t).Elem()
	if u, ok := k.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return k, u.UnmarshalText([]byte(text)) == nil
	}
	switch {
	case t.Kind() == reflect.String:
		k.SetString(text)
		return k, true
	case k.CanInt():
		n, err := strconv.ParseInt(text, 10, t.Bits())
		k.SetInt(n)
		return k, err == nil && strconv.FormatInt(n, 10) == text
	}
	n, err := strconv.ParseUint(text, 10, t.Bits())
	k.SetUint(n)
	return k, err == nil && strconv.FormatUint(n, 10) == text
}

// any reads a value of no given type: nil, bool, float64, string, []any or
// map[string]any.
func (d *decoder) any() (any, bool) {
	switch c := d.peek(); {
	case c == '"':
		s, ok := d.str()
		if !ok {
			return nil, false
		}
		text := string(d.text(s))
		return text, d.spend(16 + len(text))
	case c == '{':
		return d.anyObject()
	case c == '[':
		return d.anyList()
	case c == 't':
		return true, d.word("true")
	case c == 'f':
		return false, d.word("false")
	case c == 'n':
		return nil, d.word("null")
	case c == '-' || c-'0' <= 9:
		at := d.pos
		s, _, ok := d.num()
		if !ok {
			return nil, false
		}
		f, code := parseFloat(d.data[s.from:s.to], 64)
		if code != "" {
			ok = d.wrongAt(at, code)
		}
		return f, ok && d.spend(8)
	}
	return nil, d.unexpected()
}

// anyList collects the elements aside, so that the list is made once.
func (d *decoder) anyList() (any, bool) {
	base := len(d.values)
	more, ok := d.begin(']')
	d.path = append(d.path, step{})
	for ; ok && more; more, ok = d.more(']') {
		d.path[len(d.path)-1].index = len(d.values) - base
		x, ok := d.any()
		if !ok || len(d.values) == cap(d.values) && !d.spend(32*len(d.values)) {
			return nil, false
		}
		d.values = append(d.values, x)
	}
	if !ok || !d.spend(24+16*(len(d.values)-base)) {
		return nil, false
	}
	d.path = d.path[:len(d.path)-1]
	list := append([]any{}, d.values[base:]...)
	clear(d.values[base:])
	d.values = d.values[:base]
	return list, true
}

func (d *decoder) anyObject() (any, bool) {
	if !d.spend(mapSize) {
		return nil, false
	}
	m := map[string]any{}
	for more, ok := d.begin('}'); ; more, ok = d.more('}') {
		if !ok || !more {
			return m, ok
		}
		name, ok := d.name()
		if !ok {
			return nil, false
		}
		text := string(d.text(name))
		if _, twice := m[text]; twice {
			return nil, d.duplicate(name)
		}
		at := len(d.path)
		d.path = append(d.path, entry(text))
		x, ok := d.any()
		if !ok || !d.spend(entrySize(len(m), 32)+len(text)) {
			return nil, false
		}
		d.path = d.path[:at]
		m[text] = x
	}
}
