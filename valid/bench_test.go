package valid_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/glueful/glueful-go/valid"
)

var errBad = errors.New("bad")

// byHand is what one would write for signup without a package.
func byHand(in *signup) error {
	in.Name = strings.TrimSpace(in.Name)
	if in.Name == "" || utf8.RuneCountInString(in.Name) > 80 {
		return errBad
	}
	in.Email = strings.ToLower(in.Email)
	if in.Email == "" || !handEmail(in.Email) {
		return errBad
	}
	if n := utf8.RuneCountInString(in.Password); n < 8 || n > 72 {
		return errBad
	}
	if in.Age < 18 || in.Age > 120 {
		return errBad
	}
	if len(in.Tags) > 10 {
		return errBad
	}
	for _, t := range in.Tags {
		if n := utf8.RuneCountInString(t); n < 1 || n > 20 {
			return errBad
		}
	}
	if in.Website != "" && !handURL(in.Website) {
		return errBad
	}
	return nil
}

func handEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	for i := range at {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	for i := at + 1; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return strings.IndexByte(s[at:], '.') > 1
}

func handURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	if !ok || rest == "" {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' {
			return false
		}
	}
	return true
}

func BenchmarkCheck(b *testing.B) {
	in, bad := goodSignup(), badSignup()
	ctx := context.Background()
	b.Run("hand", func(b *testing.B) {
		for b.Loop() {
			if byHand(in) != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("valid", func(b *testing.B) {
		for b.Loop() {
			if valid.Check(ctx, in, (*signup).Valid) != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("valid, six failures", func(b *testing.B) {
		for b.Loop() {
			if valid.Check(ctx, bad, (*signup).Valid) == nil {
				b.Fatal("passed")
			}
		}
	})
	type line struct {
		SKU string `json:"sku"`
		N   int    `json:"n"`
	}
	order := struct {
		Lines []line `json:"lines"`
	}{make([]line, 500)}
	for i := range order.Lines {
		order.Lines[i] = line{"abc-123", 3}
	}
	b.Run("valid, 500 lines", func(b *testing.B) {
		for b.Loop() {
			if valid.Check(ctx, &order.Lines, valid.Items(func(l *line, c *valid.C) {
				valid.Field(c, &l.SKU, valid.Required, valid.MaxLen(20))
				valid.Field(c, &l.N, valid.Between(1, 99))
			})) != nil {
				b.Fatal("failed")
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(signupBody)
	ctx := context.Background()
	b.SetBytes(int64(len(body)))
	for _, bench := range []struct {
		name string
		read func(in *signup) error
	}{
		{"Unmarshal", func(in *signup) error { return json.Unmarshal(body, in) }},
		{"strict Decoder", func(in *signup) error {
			d := json.NewDecoder(bytes.NewReader(body))
			d.DisallowUnknownFields()
			if err := d.Decode(in); err != nil {
				return err
			}
			if _, err := d.Token(); err != io.EOF {
				return errBad
			}
			return nil
		}},
		{"valid", func(in *signup) error { return valid.Decode(body, in, valid.Limits{}) }},
		{"valid with Check", func(in *signup) error {
			if err := valid.Decode(body, in, valid.Limits{}); err != nil {
				return err
			}
			return valid.Check(ctx, in, (*signup).Valid)
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var in signup
				if err := bench.read(&in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
