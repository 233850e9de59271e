package valid

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"
)

// Audit proves, for a test, that the description of rule says what rule does:
// its good boundaries pass, its bad ones are refused, and every violation met
// on them and on n random values is announced by the description. Functions of
// [Later] are not called. The error lists at most ten differences.
//
//	if err := valid.Audit((*Signup).Valid, 1000); err != nil { t.Error(err) }
func Audit[T any](rule Rule[T], n int) error {
	s := Describe(rule)
	var faults []error
	judge := func(v *T, what string, good func(found []Violation) bool) {
		if len(faults) == 10 {
			return
		}
		found, err := dryJobs(v, rule)
		if err != nil {
			faults = append(faults, err)
		}
		if good != nil && !good(found) {
			faults = append(faults, fmt.Errorf("%s: raised %v", what, codesOf(found)))
		}
		for _, f := range found {
			if !s.Covers(f) {
				faults = append(faults, fmt.Errorf("%s: %s%s%s %s is not described", what, f.Pointer, f.In, f.Name, f.Code))
			}
		}
	}
	for _, b := range s.Boundaries() {
		v := new(T)
		if b.Body == nil {
			continue
		}
		what := fmt.Sprintf("%s %s", b.Pointer, b.Why)
		err := Decode(b.Body, v, Limits{Elements: 1 << 20, Bytes: 1 << 24})
		switch e, refused := errors.AsType[*Error](err); {
		case b.Valid && err != nil:
			faults = append(faults, fmt.Errorf("%s: described as good, reading says %w", what, err))
		case b.Valid:
			judge(v, what+": described as good", func(found []Violation) bool {
				return !slices.ContainsFunc(found, func(f Violation) bool { return !s.byRule(f) })
			})
		case err == nil:
			judge(v, what+": described as bad", func(found []Violation) bool { return len(found) > 0 })
		case !refused || len(e.Violations) == 0:
			faults = append(faults, fmt.Errorf("%s: %w", what, err))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		v := new(T)
		scramble(reflect.ValueOf(v).Elem(), random, 0)
		judge(v, fmt.Sprintf("random value %d", i), nil)
	}
	return errors.Join(faults...)
}

// dryJobs checks v without I/O.
func dryJobs[T any](v *T, rule Rule[T]) ([]Violation, error) {
	c := &C{ctx: context.Background(), max: maxViolations, stack: []segment{{at: v, index: segSame}}}
	rule(v, c)
	return c.found, c.fault
}

// byRule reports whether v comes from a rule that has no keyword.
func (s *Schema) byRule(v Violation) bool {
	found := false
	s.walk(func(n *Schema) { found = found || slices.Contains(n.Rules, v.Code) })
	return found
}

func (s *Schema) walk(visit func(*Schema)) {
	if s == nil {
		return
	}
	visit(s)
	for _, list := range [][]*Schema{s.Properties, s.Params, s.derived, {s.Items, s.Values, s.Keys}} {
		for _, n := range list {
			n.walk(visit)
		}
	}
	for _, n := range s.Defs {
		n.walk(visit)
	}
}

func codesOf(found []Violation) (codes []string) {
	for _, f := range found {
		codes = append(codes, f.Pointer+f.In+f.Name+" "+f.Code)
	}
	return codes
}

// scramble fills v with values that rules like to stumble over.
func scramble(v reflect.Value, r *rand.Rand, depth int) {
	if depth > 6 || r.IntN(6) == 0 {
		return
	}
	if m, ok := v.Addr().Interface().(maybe); ok {
		m.mark(uint8(r.IntN(3)))
		scramble(m.target(), r, depth+1)
		return
	}
	numbers := []int64{0, 1, -1, 2, 7, 18, 100, 121, 1 << 31, 1<<63 - 1, -1 << 63}
	n := numbers[r.IntN(len(numbers))]
	switch v.Kind() {
	case reflect.String:
		texts := []string{"", " ", "a", "ada@example.com", "https://example.com", "2024-02-29", "\u00e9\U0001F600", string(make([]byte, r.IntN(300)))}
		v.SetString(texts[r.IntN(len(texts))])
	case reflect.Bool:
		v.SetBool(n&1 == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(n) / 3)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		scramble(v.Elem(), r, depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(5), 8))
		for i := range v.Len() {
			scramble(v.Index(i), r, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			scramble(k, r, 0)
			scramble(e, r, depth+1)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(time.Unix(n%(1<<40), 0)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i), r, depth+1)
			}
		}
	}
}
