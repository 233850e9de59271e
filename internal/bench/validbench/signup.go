package validbench

import (
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	validation "github.com/go-ozzo/ozzo-validation/v4"
	"github.com/go-ozzo/ozzo-validation/v4/is"
	"github.com/go-playground/validator/v10"

	"github.com/glueful/glueful-go/valid"
)

// signup is everybody's input. Tags of one library are ignored by the others.
type signup struct {
	Name     string   `json:"name" validate:"required,max=80" minLength:"1" maxLength:"80"`
	Email    string   `json:"email" validate:"required,email" format:"email"`
	Password string   `json:"password" validate:"min=8,max=72" minLength:"8" maxLength:"72"`
	Age      int      `json:"age" validate:"gte=18,lte=120" minimum:"18" maximum:"120"`
	Tags     []string `json:"tags" validate:"max=10,dive,min=1,max=20" maxItems:"10"`
	Website  string   `json:"website" validate:"omitempty,url" format:"uri"`
}

const body = `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse","age":36,` +
	`"tags":["math","engine","poetry"],"website":"https://example.com/ada"}`

func good() *signup {
	return &signup{"Ada Lovelace", "ada@example.com", "correct horse", 36, []string{"math", "engine", "poetry"}, "https://example.com/ada"}
}

func bad() *signup {
	return &signup{"", "ada", "short", 7, []string{"math", strings.Repeat("x", 21), "poetry"}, "nowhere"}
}

// Valid is ours.
func (in *signup) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(80))
	valid.Field(c, &in.Email, valid.Lower, valid.Required, valid.Email)
	valid.Field(c, &in.Password, valid.MinLen(8), valid.MaxLen(72))
	valid.Field(c, &in.Age, valid.Between(18, 120))
	valid.List(c, &in.Tags, 0, 10, valid.MinLen(1), valid.MaxLen(20))
	valid.Field(c, &in.Website, valid.Optional, valid.URL)
}

// Validate is ozzo's.
func (in *signup) Validate() error {
	return validation.ValidateStruct(in,
		validation.Field(&in.Name, validation.Required, validation.RuneLength(1, 80)),
		validation.Field(&in.Email, validation.Required, is.EmailFormat),
		validation.Field(&in.Password, validation.Required, validation.RuneLength(8, 72)),
		validation.Field(&in.Age, validation.Required, validation.Min(18), validation.Max(120)),
		validation.Field(&in.Tags, validation.Length(0, 10), validation.Each(validation.RuneLength(1, 20))),
		validation.Field(&in.Website, is.URL),
	)
}

var playground = validator.New(validator.WithRequiredStructEnabled())

// newHuma returns huma's check of a decoded value.
func newHuma() func(any) error {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, reflect.TypeFor[signup]())
	path, res := huma.NewPathBuffer([]byte(""), 0), &huma.ValidateResult{}
	return func(v any) error {
		path.Reset()
		res.Reset()
		huma.Validate(registry, schema, path, huma.ModeWriteToServer, v, res)
		return errors.Join(res.Errors...)
	}
}

func decodedGood() any { return decoded(good()) }
func decodedBad() any  { return decoded(bad()) }

func decoded(in *signup) (v any) {
	raw, err := json.Marshal(in)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		panic(err)
	}
	return v
}

var (
	errName     = errors.New("name: 1 to 80 characters")
	errEmail    = errors.New("email: not an address")
	errPassword = errors.New("password: 8 to 72 characters")
	errAge      = errors.New("age: 18 to 120")
	errTags     = errors.New("tags: at most 10 of 1 to 20 characters")
	errWebsite  = errors.New("website: not a URL")
	errLine     = errors.New("lines: sku of 1 to 20 characters, n 1 to 99")
)

// byHand is what one would write for signup without a package, with formats as
// strict as ours.
func byHand(in *signup) error { return ifs(in, handEmail, handURL) }

// byHandLoosely has formats as most code has them.
func byHandLoosely(in *signup) error { return ifs(in, looseEmail, looseURL) }

func looseEmail(s string) bool {
	at := strings.IndexByte(s, '@')
	return at > 0 && strings.IndexByte(s[at:], '.') > 1 && !strings.ContainsAny(s, " \t\r\n")
}

func looseURL(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && !strings.ContainsAny(s, " \t\r\n")
}

func ifs(in *signup, email, website func(string) bool) error {
	in.Name = strings.TrimSpace(in.Name)
	if in.Name == "" || utf8.RuneCountInString(in.Name) > 80 {
		return errName
	}
	in.Email = strings.ToLower(in.Email)
	if !email(in.Email) {
		return errEmail
	}
	if n := utf8.RuneCountInString(in.Password); n < 8 || n > 72 {
		return errPassword
	}
	if in.Age < 18 || in.Age > 120 {
		return errAge
	}
	if !handTags(in.Tags) {
		return errTags
	}
	if in.Website != "" && !website(in.Website) {
		return errWebsite
	}
	return nil
}

// allByHand collects what is wrong, as the rivals do.
func allByHand(in *signup) error {
	var list []error
	want := func(ok bool, err error) {
		if !ok {
			list = append(list, err)
		}
	}
	in.Name = strings.TrimSpace(in.Name)
	want(in.Name != "" && utf8.RuneCountInString(in.Name) <= 80, errName)
	in.Email = strings.ToLower(in.Email)
	want(handEmail(in.Email), errEmail)
	n := utf8.RuneCountInString(in.Password)
	want(n >= 8 && n <= 72, errPassword)
	want(in.Age >= 18 && in.Age <= 120, errAge)
	want(handTags(in.Tags), errTags)
	want(in.Website == "" || handURL(in.Website), errWebsite)
	return errors.Join(list...)
}

func handTags(tags []string) bool {
	if len(tags) > 10 {
		return false
	}
	for _, t := range tags {
		if n := utf8.RuneCountInString(t); n < 1 || n > 20 {
			return false
		}
	}
	return true
}

// handEmail is a Mailbox of RFC 5321 section 4.1.2 without quoted local parts
// and address literals, which hand-written code leaves out.
func handEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || s[0] == '.' || s[at-1] == '.' {
		return false
	}
	for i := range at {
		if c := s[i]; c == '.' && s[i+1] == '.' || !letter(c) && !digit(c) && strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return handHost(s[at+1:])
}

// handHost is a name of RFC 1123 section 2.1 whose last label is no number.
func handHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	start, number := 0, true
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '.' {
			if n := i - start; n < 1 || n > 63 || s[start] == '-' || s[i-1] == '-' {
				return false
			}
			if i == len(s) {
				return !number
			}
			start, number = i+1, true
			continue
		}
		c := s[i]
		if !letter(c) && !digit(c) && c != '-' {
			return false
		}
		number = number && digit(c)
	}
	return true
}

// handURL is an absolute http or https URI of RFC 3986 with a name as its host.
func handURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	if !ok {
		return false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, port, some := strings.Cut(rest[:end], ":")
	if some && port != "" {
		if n, err := strconv.Atoi(port); err != nil || n > 65535 || port[0] == '+' || port[0] == '-' {
			return false
		}
	}
	if host == "" || !handChars(host, "-._~!$&'()*+,;=") {
		return false
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return false
	}
	return handChars(rest[end:], "-._~!$&'()*+,;=:@/?#") && strings.Count(rest[end:], "#") < 2
}

// handChars holds s to letters, digits, percent-encoded bytes and the others.
func handChars(s, others string) bool {
	for i := range len(s) {
		if c := s[i]; c == '%' {
			if i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2]) {
				return false
			}
		} else if !letter(c) && !digit(c) && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }
func hex(c byte) bool    { return digit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func linesByHand(lines []line) error {
	for i := range lines {
		l := &lines[i]
		if l.SKU == "" || utf8.RuneCountInString(l.SKU) > 20 || l.N < 1 || l.N > 99 {
			return errLine
		}
	}
	return nil
}
