package valid

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Messages are texts by language and key: Messages{"de": {"required": "fehlt"}}.
// Languages are lower-case tags ("de", "pt-br"). For a violation of field
// email of a type Signup the keys "Signup.email.required", "email.required"
// and "required" are tried in turn; "{0}" and "{1}" stand for the arguments.
// What no catalogue says is said in English. A Messages must not change while
// in use.
type Messages map[string]map[string]string

type messagesKey struct{}

// Context returns ctx with m for every [Check] and [ReadJSON] under it.
func (m Messages) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, messagesKey{}, m)
}

// Handler gives m to every request that next sees.
func (m Messages) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(m.Context(r.Context())))
	})
}

// DetailsIn returns the violations, a []Violation, with messages in the best
// language for an Accept-Language value (RFC 9110 section 12.5.4, lookup as in
// RFC 4647 section 3.4). "" means English.
func (e *Error) DetailsIn(acceptLanguage string) any {
	texts := e.messages[e.language(acceptLanguage)]
	list := slices.Clone(e.Violations)
	for i := range list {
		if v := &list[i]; v.Message == "" {
			v.Message = e.text(texts, v)
		}
	}
	return list
}

func (e *Error) text(texts map[string]string, v *Violation) string {
	field := v.Name
	if i := strings.LastIndexByte(v.Pointer, '/'); i >= 0 {
		field = unescapeToken(v.Pointer[i+1:])
	}
	for _, key := range []string{e.typ + "." + field + "." + v.Code, field + "." + v.Code, v.Code} {
		if t, ok := texts[key]; ok {
			return fill(t, v.Args)
		}
	}
	if t, ok := english[v.Code]; ok {
		return fill(t, v.Args)
	}
	return "is not acceptable (" + v.Code + ")"
}

// fill puts args in the place of {0}, {1} and all of them in that of {*}.
func fill(text string, args []any) string {
	if !strings.Contains(text, "{") {
		return text
	}
	all := make([]string, len(args))
	for i, a := range args {
		all[i] = fmt.Sprint(a)
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i)+"}", all[i])
	}
	return strings.ReplaceAll(text, "{*}", strings.Join(all, ", "))
}

// language picks the catalogue for an Accept-Language value.
func (e *Error) language(accept string) string {
	if len(e.messages) == 0 {
		return ""
	}
	best, quality := "", 0.0
	for n, item := range strings.Split(accept, ",") {
		if n == 32 { // a browser sends a handful
			break
		}
		tag, params, _ := strings.Cut(strings.ToLower(item), ";")
		q := 1.0
		if s, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f <= 1 {
				q = f
			}
		}
		if tag = e.lookup(strings.TrimSpace(tag)); tag != "" && q > quality {
			best, quality = tag, q
		}
	}
	if best == "" {
		return "en"
	}
	return best
}

// lookup shortens tag until there is a catalogue.
func (e *Error) lookup(tag string) string {
	for tag != "" {
		if _, ok := e.messages[tag]; ok || tag == "en" {
			return tag
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
	}
	return ""
}

// unescapeToken undoes appendToken.
func unescapeToken(s string) string {
	var b []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c = byte(n)
				i += 2
			}
		}
		b = append(b, c)
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(string(b))
}

// english is the text of every code of this package.
var english = map[string]string{
	"required":    "is required",
	"min_len":     "must have at least {0} characters",
	"max_len":     "must have at most {0} characters",
	"len":         "must have exactly {0} characters",
	"match":       "does not have the required form",
	"min":         "must be at least {0}",
	"max":         "must be at most {0}",
	"between":     "must be from {0} to {1}",
	"multiple_of": "must be a multiple of {0}",
	"one_of":      "must be one of: {*}",
	"same":        "must repeat the other value",
	"before":      "is too late",
	"after":       "is too early",
	"count":       "has the wrong number of elements",
	"distinct":    "must not contain a value twice",
	"not_null":    "must not be null",
	"unique":      "is already taken",
	"exists":      "does not exist",
	"email":       "must be an email address",
	"url":         "must be an absolute http or https URL",
	"uuid":        "must be a UUID",
	"ip":          "must be an IP address",
	"ipv4":        "must be an IPv4 address",
	"ipv6":        "must be an IPv6 address",
	"cidr":        "must be an address range like 10.0.0.0/8",
	"hostname":    "must be a host name",
	"date":        "must be a date like 2006-01-02",
	"time":        "must be a time like 15:04:05Z",
	"date_time":   "must be a time like 2006-01-02T15:04:05Z",
	"json":        "must be JSON",
	"password":    "is too easy to guess",
	"file_size":   "must not be larger than {0} bytes",
	"file_type":   "is a file of the wrong type",
	"file_pixels": "is too large or too small an image",

	"empty":             "the body is empty",
	"unexpected_end":    "the text ends too early",
	"syntax":            "is not well-formed JSON",
	"trailing":          "there is something after the value",
	"control_character": "a control character must be escaped",
	"invalid_utf8":      "is not valid UTF-8",
	"escape":            "has an unknown escape",
	"surrogate":         "has half of a surrogate pair",
	"number":            "is not a number",
	"number_length":     "is too long a number",
	"duplicate":         "is there twice",
	"depth":             "has more than {0} levels",
	"bytes":             "must not be larger than {0} bytes",
	"elements":          "has more than {0} elements",
	"memory":            "would take too much memory",
	"type":              "must be of type {0}",
	"format":            "does not have the required form",
	"null":              "must not be null",
	"unknown":           "is not known",
	"malformed":         "is not well-formed",
	"boolean":           "must be true or false",
	"integer":           "must be a whole number",
	"duration":          "must be a duration like 1h30m",
	"nul":               "must not contain a NUL byte",
	"repeated":          "must be given once",
	"spelling":          "is spelled differently",
	"range":             "is out of range",
	"precision":         "has more digits than can be kept",
	"key":               "has a name that cannot be a key",
	"content_type":      "the Content-Type must be application/json",
	"content_encoding":  "a Content-Encoding is not accepted",
}
