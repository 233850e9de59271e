package glueful

import (
	"encoding"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A decoder sets v from text and returns "", or the code of what is wrong.
type decoder func(v reflect.Value, text string) (code string)

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// decoderOf returns the decoder of a type, or nil when text cannot become one.
func decoderOf(t reflect.Type) decoder {
	switch t {
	case reflect.TypeFor[time.Time]():
		return decodeTime
	case reflect.TypeFor[time.Duration]():
		return decodeDuration
	}
	if reflect.PointerTo(t).Implements(textUnmarshaler) {
		return decodeText
	}
	switch t.Kind() {
	case reflect.String:
		return decodeString
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return decodeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return decodeUint
	case reflect.Float32, reflect.Float64:
		return decodeFloat
	case reflect.Bool:
		return decodeBool
	case reflect.Pointer:
		if inner := decoderOf(t.Elem()); inner != nil && t.Elem().Kind() != reflect.Pointer {
			return func(v reflect.Value, text string) string {
				p := reflect.New(t.Elem())
				code := inner(p.Elem(), text)
				if code == "" {
					v.Set(p)
				}
				return code
			}
		}
	}
	return nil
}

// decodeString refuses what no JSON string could say either: bytes that are not
// UTF-8, and NUL, which databases refuse or cut at.
func decodeString(v reflect.Value, text string) string {
	if !utf8.ValidString(text) {
		return "utf8"
	}
	for i := range len(text) {
		if text[i] == 0 {
			return "nul"
		}
	}
	v.SetString(text)
	return ""
}

// Numbers are written as in JSON: no plus sign, no leading zeros, no hex, no
// underscores, no infinities.
func decodeInt(v reflect.Value, text string) string {
	n, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil || !plain(text) {
		return "integer"
	}
	v.SetInt(n)
	return ""
}

func decodeUint(v reflect.Value, text string) string {
	n, err := strconv.ParseUint(text, 10, v.Type().Bits())
	if err != nil || !plain(text) {
		return "integer"
	}
	v.SetUint(n)
	return ""
}

func decodeFloat(v reflect.Value, text string) string {
	f, err := strconv.ParseFloat(text, v.Type().Bits())
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || !plain(text) {
		return "number"
	}
	v.SetFloat(f)
	return ""
}

// plain reports whether a text that strconv takes for a number is one in JSON's
// sense too.
func plain(text string) bool {
	if text[0] == '-' {
		text = text[1:]
	}
	if text[0] < '0' || text[0] > '9' || len(text) > 1 && text[0] == '0' && text[1] != '.' && text[1] != 'e' && text[1] != 'E' {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == 'e', c == 'E':
		case c == '.':
			if i+1 == len(text) || text[i+1] < '0' || text[i+1] > '9' {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func decodeBool(v reflect.Value, text string) string {
	if text != "true" && text != "false" {
		return "boolean"
	}
	v.SetBool(text == "true")
	return ""
}

func decodeTime(v reflect.Value, text string) string {
	t, err := time.Parse(time.RFC3339, text)
	// Parse also takes hours of one digit and a comma before the fraction.
	if err != nil || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",") {
		return "date_time"
	}
	v.Set(reflect.ValueOf(t))
	return ""
}

func decodeDuration(v reflect.Value, text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return "duration"
	}
	v.SetInt(int64(d))
	return ""
}

func decodeText(v reflect.Value, text string) string {
	if !utf8.ValidString(text) {
		return "utf8"
	}
	if v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)) != nil {
		return "format"
	}
	return ""
}
