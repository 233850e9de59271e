// Package modeltest is the suite every database of package model passes:
//
//	func TestModel(t *testing.T) {
//		modeltest.Run(t, func(t *testing.T) *model.Pool { ... })
//	}
//
// The function opens a database without tables that nobody else uses; closing
// it is its own business. Each case says the rule it holds the database to.
package modeltest

import (
	"context"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// cases are the rules, in words, and how each is checked.
var cases = []struct {
	rule  string
	check func(t *testing.T, db *model.Pool)
}{
	{"insert reads back what the database filled in", insertReadsBack},
	{"find answers by key and says what was not found", findByKey},
	{"an update writes the named fields and no others", updateNamed},
	{"a lock column lets one of two writers win", staleVersion},
	{"delete hides a row, restore shows it, destroy removes it", softDelete},
	{"conditions hold for exactly the rows they describe", conditions},
	{"a relation is loaded for all siblings at once", siblings},
	{"relations are loaded with the rows at any depth", eager},
	{"pages by cursor show every row once, there and back", keysetPages},
	{"a projection loads what it names", projection},
}

// Run runs the suite, each case on a database of its own.
func Run(t *testing.T, open func(t *testing.T) *model.Pool) {
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			db := open(t)
			migrate(t, db)
			c.check(t, db)
		})
	}
}

// exec runs SQL that is the suite's own.
func exec(t *testing.T, db *model.Pool, text string) {
	t.Helper()
	if _, err := db.SQL().ExecContext(context.Background(), text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func must[V any](v V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
