package model_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

// schemaDSN makes a schema of the test's own and returns a DSN that works in it.
func schemaDSN(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const hint = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := "t_model_" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() {
		admin.Exec("DROP SCHEMA " + schema + " CASCADE")
		admin.Close()
	})
	if _, err := admin.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// openDSN opens a pool on dsn until the test ends.
func openDSN(t *testing.T, dsn string) *model.Pool {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// often returns n, or long when GLUEFUL_LONG asks for patience.
func often(n, long int) int {
	switch {
	case os.Getenv("GLUEFUL_LONG") != "":
		return long
	case testing.Short():
		return max(n/5, 3)
	}
	return n
}

// lostPath is a way to write one row with a tag.
type lostPath struct {
	name string
	skip int // statements before the one whose answer is lost; see toCommit
	run  func(ctx context.Context, tag string) error
	rows string // counts what was written for the tag $1; "" counts the ledger
}

// tally is what a series of lost answers led to.
type tally struct {
	drops, doubled, lied int
	mute                 []error // errors that say neither "unknown" nor "not done"
}

// lose runs a path many times while its answers are lost, and looks through
// truth at what happened.
func lose(t *testing.T, p *proxy, truth *sql.DB, path lostPath, reset bool, n int) tally {
	t.Helper()
	var out tally
	before := p.drops.Load()
	if path.rows == "" {
		path.rows = "SELECT count(*) FROM ledger WHERE tag = $1"
	}
	for range n {
		tag := rand.Text()
		if err := path.run(t.Context(), "warm "+tag); err != nil {
			t.Fatalf("%s without a fault: %v", path.name, err)
		}
		p.arm(reset, path.skip)
		err := path.run(t.Context(), tag)
		p.armed.Store(0)
		var rows int
		if err := truth.QueryRow(path.rows, tag).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		switch {
		case rows > 1:
			out.doubled++
		case err == nil && rows == 0:
			out.lied++
		case err != nil && rows == 1 && !errors.Is(err, model.ErrCommitUnknown):
			out.mute = append(out.mute, err)
		}
	}
	out.drops = int(p.drops.Load() - before)
	return out
}

func TestLostAnswers(t *testing.T) {
	dsn := schemaDSN(t)
	p, through := newProxy(t, dsn)
	truth, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer truth.Close()
	if _, err := truth.Exec(`CREATE TABLE ledger (id bigserial PRIMARY KEY, tag text NOT NULL, note text NOT NULL DEFAULT '');
		CREATE TABLE drawers (id bigserial PRIMARY KEY, name text NOT NULL);
		CREATE TABLE drawer_entries (id bigserial PRIMARY KEY, drawer_id bigint NOT NULL, entry_id bigint NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	db := openDSN(t, through)
	base, err := sql.Open("postgres", through)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()

	const insert = "INSERT INTO ledger (tag) VALUES ($1)"
	paths := []lostPath{
		{name: "Exec of the pool's SQL", skip: 0, run: func(ctx context.Context, tag string) error {
			_, err := db.SQL().ExecContext(ctx, insert, tag)
			return unknown(err)
		}},
		{name: "Exec without arguments", skip: 0, run: func(ctx context.Context, tag string) error {
			_, err := db.SQL().ExecContext(ctx, "INSERT INTO ledger (tag) VALUES ('"+tag+"')")
			return unknown(err)
		}},
		{name: "a statement prepared by hand", skip: 0, run: func(ctx context.Context, tag string) error {
			st, err := db.SQL().PrepareContext(ctx, insert)
			if err != nil {
				return err
			}
			defer st.Close()
			_, err = st.ExecContext(ctx, tag)
			return unknown(err)
		}},
		{name: "COMMIT", skip: toCommit, run: func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error {
				_, err := db.(*model.Tx).SQL().ExecContext(ctx, insert, tag)
				return err
			})
		}},
		{name: "a statement in a transaction", skip: 1, run: func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error {
				_, err := db.(*model.Tx).SQL().ExecContext(ctx, insert, tag)
				return err
			})
		}},
		{name: "BEGIN", skip: 0, run: func(ctx context.Context, tag string) error {
			return db.Tx(ctx, func(db model.DB) error {
				_, err := db.(*model.Tx).SQL().ExecContext(ctx, insert, tag)
				return err
			})
		}},
	}
	paths = append(paths, modelPaths(db, model.Wrap(base, model.Postgres))...)
	n := often(6, 1000)
	for _, path := range paths {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s reset=%v", path.name, reset), func(t *testing.T) {
				got := lose(t, p, truth, path, reset, n)
				t.Logf("%d answers lost", got.drops)
				if got.drops < n {
					t.Errorf("only %d of %d answers were lost: the test tested less than it says", got.drops, n)
				}
				if got.doubled+got.lied > 0 || got.mute != nil {
					t.Errorf("%d rows doubled, %d successes without a row, errors that hide a row: %v", got.doubled, got.lied, got.mute)
				}
			})
		}
	}
	t.Run("the proxy catches a driver that repeats", func(t *testing.T) {
		got := lose(t, p, truth, lostPath{name: "plain lib/pq", run: func(ctx context.Context, tag string) error {
			_, err := base.ExecContext(ctx, insert, tag)
			return err
		}}, false, 3)
		if got.doubled == 0 {
			t.Errorf("database/sql over plain lib/pq doubled no row in %d lost answers: the test is blind", got.drops)
		}
	})
}

// unknown gives the plain error of the pool's SQL the name the model's own
// statements would give it: whatever is not the server's word is unknown.
func unknown(err error) error {
	if e := new(pq.Error); err == nil || errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%w: %w", model.ErrCommitUnknown, err)
}
