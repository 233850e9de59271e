package render

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// A way says how a type is written.
type way int

const (
	wayStandard way = iota // by encoding/json
	wayBool
	wayInt
	wayUint
	wayFloat
	wayString
	wayTime
	wayPointer // as what it points to, or null
	wayView    // through its View
	wayStruct  // member by member, if some are not wanted or some have a View
	wayList    // element by element, likewise
	wayMap     // value by value, likewise; the keys are strings
	wayAny     // as what the interface holds
	wayLoaded  // a relation to types with a View: as its rows, null if not loaded
)

// typeInfo is what is known of a type, found once.
type typeInfo struct {
	way    way
	views  bool                // a View is somewhere inside
	fields func() []plainField // of a struct
}

var typeInfos sync.Map // reflect.Type to *typeInfo

func typeInfoOf(t reflect.Type) *typeInfo {
	if info, ok := typeInfos.Load(t); ok {
		return info.(*typeInfo)
	}
	info := &typeInfo{way: wayOf(t), views: holdsView(t, map[reflect.Type]bool{})}
	if t.Kind() == reflect.Struct {
		info.fields = sync.OnceValue(func() []plainField { return plainFields(t) })
	}
	kept, _ := typeInfos.LoadOrStore(t, info)
	return kept.(*typeInfo)
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	viewerType    = reflect.TypeFor[viewer]()
	zeroerType    = reflect.TypeFor[interface{ IsZero() bool }]()
)

// marshals reports whether t has a say in its own encoding.
func marshals(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshaler) || p.Implements(textMarshaler) || t == reflect.TypeFor[json.Number]()
}

func wayOf(t reflect.Type) way {
	if t.Kind() == reflect.Pointer {
		return wayPointer
	}
	if reflect.PointerTo(t).Implements(viewerType) && t.Kind() != reflect.Interface {
		return wayView
	}
	if t == reflect.TypeFor[time.Time]() {
		return wayTime
	}
	if rowsOf(t) != nil {
		return wayLoaded
	}
	if marshals(t) {
		return wayStandard
	}
	switch t.Kind() {
	case reflect.Bool:
		return wayBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return wayInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return wayUint
	case reflect.Float32, reflect.Float64:
		return wayFloat
	case reflect.String:
		return wayString
	case reflect.Struct:
		return wayStruct
	case reflect.Interface:
		return wayAny
	case reflect.Array:
		return wayList
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return wayList
		}
	case reflect.Map:
		if k := t.Key(); k.Kind() == reflect.String && !marshals(k) {
			return wayMap
		}
	}
	return wayStandard // also []byte, which is base64
}

// rowsOf returns what a relation holds, a slice or a pointer, or nil if t is
// none: relations are known by their method Loaded.
func rowsOf(t reflect.Type) reflect.Type {
	m, ok := reflect.PointerTo(t).MethodByName("Loaded")
	if !ok || m.Type.NumIn() != 1 || m.Type.NumOut() != 2 || m.Type.Out(1).Kind() != reflect.Bool {
		return nil
	}
	return m.Type.Out(0)
}

// holdsView reports whether a type with a View can be met inside t, where
// encoding/json would write its fields instead.
func holdsView(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch wayOf(t) {
	case wayView:
		return true
	case wayLoaded:
		return holdsView(rowsOf(t), seen)
	case wayPointer, wayList, wayMap:
		return holdsView(t.Elem(), seen)
	case wayStruct:
		for i := range t.NumField() {
			if holdsView(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// A plainField is one member encoding/json makes of a struct.
type plainField struct {
	name   string
	tagged bool
	index  []int
	typ    reflect.Type
	quoted bool // the string option
	empty  bool // omitempty
	zero   bool // omitzero
}

func (f *plainField) omits() bool { return f.empty || f.zero || len(f.index) > 1 }

// plainFields finds the members of struct t by the rules of encoding/json: tags
// before names, shallow before deep, and none of two that are equal.
func plainFields(t reflect.Type) []plainField {
	var all []plainField
	seen := map[reflect.Type]bool{}
	level, count := []plainField{{typ: t}}, map[reflect.Type]int{t: 1}
	for len(level) > 0 {
		var deeper []plainField
		deeperCount := map[reflect.Type]int{}
		for _, from := range level {
			if seen[from.typ] {
				continue
			}
			seen[from.typ] = true
			for i := range from.typ.NumField() {
				f, embedded, ok := plainFieldOf(from, i)
				switch {
				case !ok:
				case embedded:
					if deeperCount[f.typ]++; deeperCount[f.typ] == 1 {
						deeper = append(deeper, f)
					}
				default:
					all = append(all, f)
					if count[from.typ] > 1 { // two ways to one type hide each other
						all = append(all, f)
					}
				}
			}
		}
		level, count = deeper, deeperCount
	}
	return dominant(all)
}

// plainFieldOf describes field i of a struct met on the way down, and whether
// its members take its place.
func plainFieldOf(from plainField, i int) (f plainField, embedded, ok bool) {
	sf := from.typ.Field(i)
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return f, false, false
	}
	under := sf.Type
	if under.Name() == "" && under.Kind() == reflect.Pointer {
		under = under.Elem()
	}
	if !sf.IsExported() && !(sf.Anonymous && under.Kind() == reflect.Struct) {
		return f, false, false
	}
	name, opts, _ := strings.Cut(tag, ",")
	if !validName(name) {
		name = ""
	}
	f = plainField{name: name, tagged: name != "", typ: sf.Type, index: append(slices.Clone(from.index), i)}
	if name == "" && sf.Anonymous && under.Kind() == reflect.Struct {
		f.typ = under
		return f, true, true
	}
	if name == "" {
		f.name = sf.Name
	}
	for opt := range strings.SplitSeq(opts, ",") {
		switch opt {
		case "omitempty":
			f.empty = true
		case "omitzero":
			f.zero = true
		case "string":
			f.quoted = quotable(under)
		}
	}
	return f, false, true
}

// quotable reports whether the string option applies to values of type t.
func quotable(t reflect.Type) bool {
	if marshals(t) && t != reflect.TypeFor[json.Number]() {
		return false
	}
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64:
		return true
	default:
		return k >= reflect.Int && k <= reflect.Uintptr
	}
}

// dominant keeps one field for each name, in the order of the struct.
func dominant(all []plainField) []plainField {
	slices.SortStableFunc(all, func(a, b plainField) int {
		tags := 0
		if a.tagged != b.tagged {
			tags = 1
			if a.tagged {
				tags = -1
			}
		}
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)),
			tags, slices.Compare(a.index, b.index))
	})
	kept := all[:0]
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].name == all[i].name {
			j++
		}
		if j == i+1 || len(all[i].index) != len(all[i+1].index) || all[i].tagged != all[i+1].tagged {
			kept = append(kept, all[i])
		}
		i = j
	}
	slices.SortFunc(kept, func(a, b plainField) int { return slices.Compare(a.index, b.index) })
	return kept
}

func validName(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return s != ""
}
