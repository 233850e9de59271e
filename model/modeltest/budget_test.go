package modeltest_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/modeltest"
)

// unreachable is a database nobody can connect to: the statements count all
// the same.
type unreachable struct{}

func (unreachable) Connect(context.Context) (driver.Conn, error) { return nil, errors.New("no") }
func (unreachable) Driver() driver.Driver                        { return nil }

// recorder is a test that notes its failures.
type recorder struct {
	testing.TB
	cleanup []func()
	failed  []string
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanup = append(r.cleanup, f) }
func (r *recorder) Errorf(text string, a ...any) {
	r.failed = append(r.failed, fmt.Sprintf(text, a...))
}

func TestBudget(t *testing.T) {
	type thing struct {
		ID int64 `db:"id,pk"`
	}
	things := model.Of[thing]("budgeted_things")
	db := model.Open(unreachable{}, model.Postgres, nil)
	defer db.Close()
	for ran, fails := range map[int]bool{0: false, 3: false, 4: true, 50: true} {
		r := &recorder{TB: t}
		ctx := modeltest.Budget(r, t.Context(), 3)
		for range ran {
			things.All(ctx, db)
		}
		for _, f := range r.cleanup {
			f()
		}
		if (r.failed != nil) != fails || fails && !strings.Contains(r.failed[0], "budgeted_things") {
			t.Errorf("%d statements on a budget of 3: %q", ran, r.failed)
		}
	}
}
