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
	{"values of every type come back as they went", everyType},
	{"find answers by key and says what was not found", findByKey},
	{"an update writes the named fields and no others", updateNamed},
	{"a lock column lets one of two writers win", staleVersion},
	{"delete hides a row, restore shows it, destroy removes it", softDelete},
	{"conditions hold for exactly the rows they describe", conditions},
	{"a relation is loaded for all siblings at once", siblings},
	{"relations are loaded with the rows at any depth", eager},
	{"pages by cursor show every row once, there and back", keysetPages},
	{"pairs are attached, detached, synced and toggled, pivot columns included", pairs},
	{"a relation may go through another, and hold for one kind of row only", throughAndKind},
	{"keys of two columns relate rows exactly", compositeKeys},
	{"many rows are inserted at once, in order, all or none", insertAll},
	{"upsert writes the row that is there, if it may be seen", upsert},
	{"a write of many rows needs a condition and no hooks", setBased},
	{"aggregates and groups agree with the rows", aggregates},
	{"Each reads every row once, in batches", eachRow},
	{"hooks run around a write, in its transaction", hooksRun},
	{"a locking read belongs into a transaction", locking},
	{"no way around a scope: a foreign or deleted row is never seen", scopes},
	{"10,000 random chains see no deleted and no foreign row", nothingLeaks},
	{"Contains, Starts and Ends mean what package strings means", likeLiterally},
	{"of 100 writers of one row one wins each version", oneWriterWins},
	{"a loop over rows and their relations makes a query a level", loopBudget},
	{"Check names what differs between models and schema", checkSchema},
	{"a detached or decoded row keeps what it had and holds nothing else", detached},
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

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
