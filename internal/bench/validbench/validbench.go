// Package validbench measures valid: rules on a value, reading JSON strictly,
// and a whole signup endpoint.
//
// The rivals are used as their documentation shows:
// go-playground/validator with struct tags and one shared instance
// (https://pkg.go.dev/github.com/go-playground/validator/v10#hdr-Validation_Functions_Return_Type_error),
// ozzo-validation with ValidateStruct in a Validate method
// (https://github.com/go-ozzo/ozzo-validation#validating-a-struct), huma's
// Validate on a decoded value (https://pkg.go.dev/github.com/danielgtaylor/huma/v2#Validate)
// and its operations on ServeMux (https://huma.rocks/tutorial/your-first-api/),
// echo with Bind and a Validator around go-playground
// (https://echo.labstack.com/docs/request#validate-data).
package validbench

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/valid"
)

// Tables are those of valid.
func Tables() []harness.Table {
	return []harness.Table{success(), failing(), slice(), decode(), strict(), endpoint()}
}

var ctx = context.Background()

// passes is a row whose check must succeed, fails one whose check must not.
func passes(name string, check func() error, targets ...harness.Target) harness.Row {
	return harness.Row{Name: name, Targets: targets, Run: func(n int) error {
		for range n {
			if err := check(); err != nil {
				return err
			}
		}
		return nil
	}}
}

var errPassed = errors.New("the faulty input passed")

func fails(name string, check func() error, targets ...harness.Target) harness.Row {
	return passes(name, func() error {
		if check() == nil {
			return errPassed
		}
		return nil
	}, targets...)
}

func success() harness.Table {
	in, check := good(), newHuma()
	decoded := decodedGood()
	return harness.Table{
		Name: "valid: signup, success",
		Base: "hand-written ifs",
		Notes: []string{"six fields; huma validates the decoded map, its url format takes any reference",
			"glueful and the ifs also trim and lower, and hold e-mail and URL to the same grammar"},
		Rows: []harness.Row{
			passes("glueful", func() error { return valid.Check(ctx, in, (*signup).Valid) },
				harness.Target{Against: "hand-written ifs", AtMost: 2.0},
				harness.Target{Against: "go-playground", AtMost: 0.10},
				harness.Target{What: harness.Allocs}),
			passes("hand-written ifs", func() error { return byHand(in) }),
			passes("hand-written ifs, loose formats", func() error { return byHandLoosely(in) }),
			passes("go-playground", func() error { return playground.Struct(in) }),
			passes("ozzo", func() error { return in.Validate() }),
			passes("huma", func() error { return check(decoded) }),
		},
	}
}

func failing() harness.Table {
	in, check := bad(), newHuma()
	decoded := decodedBad()
	return harness.Table{
		Name:  "valid: signup, six failures",
		Base:  "go-playground",
		Notes: []string{"huma finds four of the six, ozzo five: their formats and element rules differ", "found, not rendered: nobody's texts are made here"},
		Rows: []harness.Row{
			fails("glueful", func() error { in.Name = "  "; return valid.Check(ctx, in, (*signup).Valid) },
				harness.Target{Against: "go-playground", AtMost: 0.5}),
			fails("hand-written ifs", func() error { in.Name = "  "; return allByHand(in) }),
			fails("go-playground", func() error { in.Name = ""; return playground.Struct(in) }),
			fails("ozzo", func() error { in.Name = "  "; return in.Validate() }),
			fails("huma", func() error { return check(decoded) }),
		},
	}
}

type line struct {
	SKU string `json:"sku" validate:"required,max=20"`
	N   int    `json:"n" validate:"gte=1,lte=99"`
}

type order struct {
	Lines []line `json:"lines" validate:"dive"`
}

func (l *line) Valid(c *valid.C) {
	valid.Field(c, &l.SKU, valid.Required, valid.MaxLen(20))
	valid.Field(c, &l.N, valid.Between(1, 99))
}

func (o *order) Valid(c *valid.C) { valid.List(c, &o.Lines, 0, 1000, (*line).Valid) }

func slice() harness.Table {
	in := order{make([]line, 500)}
	for i := range in.Lines {
		in.Lines[i] = line{fmt.Sprintf("abc-%03d", i), 1 + i%99}
	}
	return harness.Table{
		Name: "valid: 500-element slice, two fields each",
		Base: "hand-written ifs",
		Rows: []harness.Row{
			passes("glueful", func() error { return valid.Check(ctx, &in, (*order).Valid) },
				harness.Target{Against: "go-playground", AtMost: 0.12},
				harness.Target{What: harness.Allocs}),
			passes("hand-written ifs", func() error { return linesByHand(in.Lines) }),
			passes("go-playground", func() error { return playground.Struct(&in) }),
		},
	}
}
