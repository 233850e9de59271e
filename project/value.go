package project

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A parser makes a value of a field's type from text, or says with a code why
// it cannot. The value has exactly the field's type.
type parser func(text string) (value any, code string)

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// parserOf returns the parser of a type, or nil if text cannot become one.
func parserOf(t reflect.Type) parser {
	set := setterOf(t)
	if set == nil {
		return nil
	}
	return func(text string) (any, string) {
		if code := badText(text); code != "" {
			return nil, code
		}
		v := reflect.New(t).Elem()
		if code := set(v, text); code != "" {
			return nil, code
		}
		return v.Interface(), ""
	}
}

// badText refuses what no JSON string could say either, and NUL, which
// databases refuse or cut at.
func badText(text string) string {
	if !utf8.ValidString(text) {
		return "utf8"
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "nul"
	}
	return ""
}

func setterOf(t reflect.Type) func(v reflect.Value, text string) string {
	switch {
	case t == timeType:
		return setTime
	case t == durationType:
		return setDuration
	case t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Pointer:
		inner := setterOf(t.Elem())
		if inner == nil {
			return nil
		}
		return func(v reflect.Value, text string) string {
			v.Set(reflect.New(t.Elem()))
			return inner(v.Elem(), text)
		}
	case reflect.PointerTo(t).Implements(textType):
		return setText
	}
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value, text string) string { v.SetString(text); return "" }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint
	case reflect.Float32, reflect.Float64:
		return setFloat
	case reflect.Bool:
		return setBool
	}
	return nil
}

// Numbers are written as in JSON: no plus sign, no leading zeros, no hex, no
// underscores, no infinities.
func setInt(v reflect.Value, text string) string {
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil || !jsonNumber(text) {
		return "integer"
	}
	v.SetInt(n)
	return ""
}

func setUint(v reflect.Value, text string) string {
	// A database's integers end at 63 bits.
	n, err := strconv.ParseUint(text, 10, min(63, v.Type().Bits()))
	if err != nil || !jsonNumber(text) {
		return "integer"
	}
	v.SetUint(n)
	return ""
}

func setFloat(v reflect.Value, text string) string {
	if len(text) > maxQuoted || !jsonNumber(text) {
		return "number"
	}
	f, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "number"
	}
	v.SetFloat(f)
	return ""
}

// jsonNumber reports whether text is a number in the grammar of JSON.
func jsonNumber(text string) bool {
	n, _ := scanNumber([]byte(text), 0)
	return n == len(text) && n > 0
}

func setBool(v reflect.Value, text string) string {
	if text != "true" && text != "false" {
		return "boolean"
	}
	v.SetBool(text == "true")
	return ""
}

func setTime(v reflect.Value, text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 1 || t.UTC().Year() > 9999 {
		return "date_time"
	}
	v.Set(reflect.ValueOf(t).Convert(v.Type()))
	return ""
}

func setDuration(v reflect.Value, text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return "duration"
	}
	v.SetInt(int64(d))
	return ""
}

func setText(v reflect.Value, text string) string {
	if v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
		return "format"
	}
	return ""
}

var valueDetails = map[string]string{
	"utf8":      "Not valid UTF-8.",
	"nul":       "Must not contain NUL.",
	"integer":   "Must be an integer in range.",
	"number":    "Must be a number.",
	"boolean":   "Must be true or false.",
	"date_time": "Must be a date and time like 2026-01-31T12:00:00Z.",
	"duration":  "Must be a duration like 1h30m.",
	"format":    "Does not have the form of this field.",
}

// ops lists the operators a filter can have: the word model knows, how many
// values it takes (-1 is a list) and on which fields it makes sense.
var ops = map[string]struct {
	word  string
	count int
	fits  func(reflect.Type) bool
}{
	"eq":       {"eq", 1, anyType},
	"ne":       {"ne", 1, anyType},
	"gt":       {"gt", 1, ordered},
	"gte":      {"gte", 1, ordered},
	"lt":       {"lt", 1, ordered},
	"lte":      {"lte", 1, ordered},
	"in":       {"in", -1, anyType},
	"nin":      {"nin", -1, anyType},
	"between":  {"between", 2, ordered},
	"contains": {"contains", 1, textual},
	"starts":   {"starts", 1, textual},
	"ends":     {"ends", 1, textual},
	"null":     {"null", 0, nullable},
	"not_null": {"notnull", 0, nullable},
}

func anyType(reflect.Type) bool { return true }

// ordered leaves out the types for which greater means nothing.
func ordered(t reflect.Type) bool { return deref(t).Kind() != reflect.Bool }

func textual(t reflect.Type) bool { return deref(t).Kind() == reflect.String }

// nullable accepts pointers and the database's own optional types.
func nullable(t reflect.Type) bool {
	_, scans := reflect.New(t).Interface().(interface{ Scan(any) error })
	return t.Kind() == reflect.Pointer || scans
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// checkOps refuses operators that no filter of type t can have.
func checkOps(t reflect.Type, list []string) error {
	if len(list) == 0 {
		return errors.New("has no operators")
	}
	for _, op := range list {
		o, ok := ops[op]
		if !ok {
			return fmt.Errorf("has the unknown operator %q", op)
		}
		if t != nil && !o.fits(t) {
			return fmt.Errorf("has the operator %q, which a %v cannot have", op, t)
		}
	}
	return nil
}
