// Package harness measures rows of contenders side by side and holds the
// figures against targets.
//
// A room exports Tables() []harness.Table. Each table compares [Row]s that do
// the same work, and says by its [Kind] how they are measured:
//
//   - [CPU]: everything happens in this process. GOMAXPROCS is 1, rows take
//     turns in blocks of about 12 ms, the figure is process CPU time per
//     operation, garbage collection included: the first quartile of the rounds.
//   - [Wall]: the row waits for another process, such as a database. One
//     caller, rows take turns in blocks of a few operations, the figure is the
//     5th percentile of wall time per operation.
//   - [Service]: the row is a server. It runs as a child process, requests come
//     over loopback, the figure is the child's CPU time per request.
//   - [Value]: the row measures itself (bytes a key, queries a page).
//
// Ratios are formed within one run; runs are repeated and the median of the
// ratios is held against the target. Nanoseconds shift with the machine and its
// neighbours, so targets are ratios and counts only.
package harness

import (
	"fmt"
	"net/http"
	"strconv"
)

// A Kind says how the rows of a table are measured.
type Kind int

// See the package comment.
const (
	CPU Kind = iota
	Wall
	Service
	Value
)

// String names the kind and its figure.
func (k Kind) String() string {
	return [...]string{"cpu time", "wall time", "server cpu time", "value"}[k]
}

// A Table compares rows that do the same work.
type Table struct {
	Name string // unique over all rooms, like "valid: signup, success"
	Kind Kind
	Base string // the row whose ratio is 1.00; "" means the first
	Unit string // of the figure of a Value table, like "B/key"
	Rows []Row

	// Notes are printed under the name: versions, settings, what differs.
	Notes []string

	// Request is what every row of a Service table is asked.
	Request Request

	// Open prepares the table just before it is measured: it may start a
	// server, fill in Rows and add Notes. What it returns is called at the
	// end; both may be nil. The children of a Service table do not call it:
	// hand on what they need in the environment (os.Setenv).
	Open func(t *Table) (closer func(), err error)
}

// A Row is one contender.
type Row struct {
	Name string

	// Run does the work n times (CPU, Wall).
	Run func(n int) error

	// Handler makes the server (Service). It is called in the child.
	Handler func() (http.Handler, error)

	// Measure returns the figure of a Value row.
	Measure func() (float64, error)

	// Check is called once before anything is measured, and fails if the row
	// does not do what the others do. Nil checks that Run(1) succeeds.
	Check func() error

	// Targets are what this row must reach. Rivals have none.
	Targets []Target
}

// Ask for this much: what a [Target] limits.
const (
	Time   = "time"   // the figure of the table; ns per operation unless Kind is Value
	Allocs = "allocs" // allocations per operation
	Bytes  = "bytes"  // bytes allocated per operation
)

// A Target is an upper limit of one figure of a row.
//
// For Time with Against, AtMost is a ratio: this row's figure divided by the
// other's, formed within each run. Allocs and Bytes with Against are a
// difference: at most AtMost more than the other. Without Against the limit is
// absolute, which for Time is allowed in Value tables only.
type Target struct {
	What    string // Time, Allocs or Bytes; "" means Time
	Against string // name of another row
	AtMost  float64
}

// String says the target as a table prints it, like "time <= 0.30 x marshal".
func (t Target) String() string {
	what, limit := t.what(), strconv.FormatFloat(t.AtMost, 'f', -1, 64)
	switch {
	case t.Against == "":
		return what + " <= " + limit
	case what == Time:
		return fmt.Sprintf("time <= %.2f x %s", t.AtMost, t.Against)
	}
	return what + " <= " + t.Against + " + " + limit
}

func (t Target) what() string {
	if t.What == "" {
		return Time
	}
	return t.What
}

// A Request is what a Service table asks its servers, again and again.
type Request struct {
	Method string // "" means GET
	Path   string // with query, like "/books?limit=20"
	Header http.Header
	Body   string
	Status int    // the expected status, 0 means 200
	Answer string // what the answer must contain
}

// row returns the index of the named row, -1 if there is none.
func (t *Table) row(name string) int {
	for i := range t.Rows {
		if t.Rows[i].Name == name {
			return i
		}
	}
	return -1
}

// validate refuses tables whose targets can never be judged.
func (t *Table) validate() error {
	if len(t.Rows) == 0 {
		return fmt.Errorf("bench: table %q has no rows", t.Name)
	}
	if t.Base == "" {
		t.Base = t.Rows[0].Name
	}
	if t.row(t.Base) < 0 {
		return fmt.Errorf("bench: table %q has no row %q to be its base", t.Name, t.Base)
	}
	for i, r := range t.Rows {
		if t.row(r.Name) != i {
			return fmt.Errorf("bench: table %q has row %q twice", t.Name, r.Name)
		}
		if missing := (t.Kind <= Wall && r.Run == nil) || (t.Kind == Service && r.Handler == nil) || (t.Kind == Value && r.Measure == nil); missing {
			return fmt.Errorf("bench: row %q of %q has nothing to measure as %s", r.Name, t.Name, t.Kind)
		}
		for _, g := range r.Targets {
			switch what := g.what(); {
			case g.Against != "" && t.row(g.Against) < 0:
				return fmt.Errorf("bench: row %q of %q has a target against %q, which is not in the table", r.Name, t.Name, g.Against)
			case what == Time && g.Against == "" && t.Kind != Value:
				return fmt.Errorf("bench: row %q of %q has an absolute time as target", r.Name, t.Name)
			case what != Time && what != Allocs && what != Bytes, what != Time && t.Kind > Wall:
				return fmt.Errorf("bench: row %q of %q has a target for %q, which is not measured", r.Name, t.Name, what)
			}
		}
	}
	return nil
}
