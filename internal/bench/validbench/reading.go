package validbench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/valid"
)

var raw = []byte(body)

// reads is a row that reads the signup body into a new value.
func reads(name string, read func(in *signup) error, targets ...harness.Target) harness.Row {
	return passes(name, func() error {
		var in signup
		return read(&in)
	}, targets...)
}

// then is json.Unmarshal and one check more.
func then(check func(in *signup) error) func(in *signup) error {
	return func(in *signup) error {
		if err := json.Unmarshal(raw, in); err != nil {
			return err
		}
		return check(in)
	}
}

func decode() harness.Table {
	check := newHuma()
	return harness.Table{
		Name:  "valid: signup, decode and validate",
		Base:  "json.Unmarshal alone",
		Notes: []string{"glueful reads strictly; the others take duplicate, unknown and wrong-case names"},
		Rows: []harness.Row{
			reads("glueful", func(in *signup) error {
				if err := valid.Decode(raw, in, valid.Limits{}); err != nil {
					return err
				}
				return valid.Check(ctx, in, (*signup).Valid)
			}, harness.Target{Against: "json.Unmarshal alone", AtMost: 1.20}),
			reads("json.Unmarshal alone", func(in *signup) error { return json.Unmarshal(raw, in) }),
			reads("json.Unmarshal, glueful's rules", then(func(in *signup) error { return valid.Check(ctx, in, (*signup).Valid) })),
			reads("json.Unmarshal, hand-written ifs", then(byHand)),
			reads("json.Unmarshal, go-playground", then(func(in *signup) error { return playground.Struct(in) })),
			reads("json.Unmarshal, ozzo", then((*signup).Validate)),
			reads("huma's way: any, validate, struct", func(in *signup) error {
				var v any
				if err := json.Unmarshal(raw, &v); err != nil {
					return err
				}
				if err := check(v); err != nil {
					return err
				}
				return json.Unmarshal(raw, in)
			}),
		},
	}
}

var errTrailing = errors.New("data after the value")

func strictDecoder(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errTrailing
	}
	return nil
}

func strict() harness.Table {
	list := []byte(`{"people":[` + strings.TrimSuffix(strings.Repeat(body+",", 100), ",") + `]}`)
	type people struct {
		People []signup `json:"people"`
	}
	return harness.Table{
		Name:  "valid: strict reading",
		Base:  "strict json.Decoder",
		Notes: []string{"the Decoder refuses unknown names and trailing data; glueful also duplicates, wrong case, depth, broken UTF-8"},
		Rows: []harness.Row{
			reads("glueful", func(in *signup) error { return valid.Decode(raw, in, valid.Limits{}) },
				harness.Target{Against: "strict json.Decoder", AtMost: 0.95}),
			reads("strict json.Decoder", func(in *signup) error { return strictDecoder(raw, in) }),
			reads("json.Unmarshal", func(in *signup) error { return json.Unmarshal(raw, in) }),
			passes("glueful, 100 of them", func() error { return valid.Decode(list, new(people), valid.Limits{}) },
				harness.Target{Against: "strict json.Decoder, 100 of them", AtMost: 0.95}),
			passes("strict json.Decoder, 100 of them", func() error { return strictDecoder(list, new(people)) }),
		},
	}
}
