package faults

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// lax is what a request may also be answered with when the fault does not lie in
// its way.
var lax = []int{200, 201, 204}

// TestTables breaks what the statements rely on.
func TestTables(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	for _, f := range []struct {
		name    string
		do      []string
		undo    []string
		status  int
		atLeast int // routes that meet it
		also    int // a status that some routes answer because of it
	}{
		{"the tables are gone",
			[]string{"ALTER TABLE authors RENAME TO hush1", "ALTER TABLE books RENAME TO hush2", "ALTER TABLE reviews RENAME TO hush3"},
			[]string{"ALTER TABLE hush1 RENAME TO authors", "ALTER TABLE hush2 RENAME TO books", "ALTER TABLE hush3 RENAME TO reviews"}, 500, 15, 500},
		{"a column is gone",
			[]string{"ALTER TABLE authors RENAME name TO hush", "ALTER TABLE books RENAME title TO hush", "ALTER TABLE reviews RENAME text TO hush"},
			[]string{"ALTER TABLE authors RENAME hush TO name", "ALTER TABLE books RENAME hush TO title", "ALTER TABLE reviews RENAME hush TO text"}, 500, 13, 500},
		{"a column is NULL that cannot be",
			[]string{"ALTER TABLE books ALTER title DROP NOT NULL", "UPDATE books SET title = NULL"},
			[]string{"UPDATE books SET title = 'Title'", "ALTER TABLE books ALTER title SET NOT NULL"}, 500, 6, 500},
		{"a column has another type",
			[]string{"ALTER TABLE books DROP CONSTRAINT books_pages_check", "ALTER TABLE books ALTER pages TYPE text USING 'hush'"},
			[]string{"ALTER TABLE books ALTER pages TYPE integer USING 1", "ALTER TABLE books ADD CONSTRAINT books_pages_check CHECK (pages >= 1)"}, 500, 6, 500},
		{"there are no rights", []string{
			"CREATE FUNCTION hush() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied for table books'; END $$",
			"ALTER TABLE books RENAME TO hush2", "CREATE VIEW books AS SELECT * FROM hush2 WHERE hush()"},
			[]string{"DROP VIEW books", "ALTER TABLE hush2 RENAME TO books", "DROP FUNCTION hush"}, 500, 8, 500},
		{"a value is there already", []string{"UPDATE authors SET name = '" + secretBody + "' WHERE id = 1", "CREATE UNIQUE INDEX authors_hush_key ON authors (name)"},
			[]string{"DROP INDEX authors_hush_key"}, 409, 2, 409},
		{"a value is refused", []string{"ALTER TABLE books ADD CONSTRAINT books_hush_check CHECK (title <> '" + secretBody + "')", "ALTER TABLE reviews ADD CONSTRAINT reviews_hush_check CHECK (text <> '" + secretBody + "')"},
			[]string{"ALTER TABLE books DROP CONSTRAINT books_hush_check", "ALTER TABLE reviews DROP CONSTRAINT reviews_hush_check"}, 422, 4, 422},
		{"a value is missing", []string{"ALTER TABLE books ADD hush text NOT NULL DEFAULT 'x'", "ALTER TABLE books ALTER hush DROP DEFAULT"},
			[]string{"ALTER TABLE books DROP hush"}, 422, 1, 422},
		{"a row is referred to", []string{"UPDATE books SET author_id = 3"}, nil, 409, 1, 409},
		{"a row that is referred to is gone", []string{"DELETE FROM reviews", "DELETE FROM books", "DELETE FROM authors"}, nil, 404, 10, 409},
	} {
		t.Run(f.name, func(t *testing.T) {
			a.t = t
			db.fill(t)
			db.exec(t, f.do...)
			met := 0
			for _, r := range walk() {
				x := a.ask(r)
				a.check(x, append(slices.Clone(lax), f.status, f.also)...)
				if x.status == f.status {
					met++
				}
			}
			if met < f.atLeast {
				t.Errorf("%d routes met it, want %d", met, f.atLeast)
			}
			db.exec(t, f.undo...)
			db.fill(t)
			a.check(a.ask(walk()[5]), 200)
		})
	}
	a.t = t
	a.settle()
}

// TestStates makes the server raise each kind of error at each route.
func TestStates(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	db.exec(t, "CREATE TABLE hush (state text)", "INSERT INTO hush VALUES ('00000')",
		`CREATE FUNCTION hush() RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE s text; BEGIN SELECT state INTO s FROM hush;
			RAISE EXCEPTION 'hush: relation "books" of % violates', s USING ERRCODE = s, DETAIL = 'Key (title)=(`+secretBody+`) exists', HINT = 'hush', CONSTRAINT = 'books_hush_key', TABLE = 'books', COLUMN = 'title';
		END $$`,
		"CREATE FUNCTION hushed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM hush(); RETURN NEW; END $$")
	for _, table := range []string{"authors", "books", "reviews"} {
		db.exec(t, "ALTER TABLE "+table+" RENAME TO real_"+table, "CREATE VIEW "+table+" AS SELECT * FROM real_"+table+" WHERE hush()",
			"CREATE TRIGGER hush BEFORE INSERT OR UPDATE OR DELETE ON real_"+table+" FOR EACH ROW EXECUTE FUNCTION hushed()")
	}
	met := 0
	for state, status := range map[string]int{
		"23505": 409, "23503": 409, "23P01": 409, "23514": 422, "23502": 422,
		"40001": 503, "40P01": 503, "55P03": 503, "53100": 503, "53200": 503, "53300": 503, "57P01": 503, "57P03": 503, "08006": 503,
		"57014": 504, "P0001": 500, "42501": 500, "42P01": 500, "XX000": 500, "22012": 500, "0A000": 500,
	} {
		t.Run(state, func(t *testing.T) {
			a.t = t
			db.exec(t, "UPDATE hush SET state = '"+state+"'")
			for _, r := range walk() {
				x := a.ask(r)
				a.check(x, status)
				if x.status == status {
					met++
				}
			}
		})
	}
	a.t = t
	if met < 300 {
		t.Errorf("%d faults: too few to say anything", met)
	}
	a.settle()
}

// TestConnections takes the network away.
func TestConnections(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	lost := 0
	one := func(t *testing.T, r request) answer {
		x := a.ask(r)
		a.check(x, append(slices.Clone(lax), 503)...)
		if x.status == 503 {
			lost++
		}
		return x
	}
	for _, reset := range []bool{false, true} {
		for i, name := range []string{"before the server sees the statement", "before the answer", "in the middle of the answer"} {
			t.Run(fmt.Sprintf("cut once %s, reset %v", name, reset), func(t *testing.T) {
				a.t = t
				cuts := db.proxy.cut()
				for skip := range 4 {
					db.fill(t)
					for _, r := range walk() {
						a.check(a.ask(request{method: "GET", path: "/v1/authors"}), 200) // a connection is there
						db.proxy.arm(1, skip, how(i), reset)
						one(t, r)
						db.proxy.arm(0, 0, early, reset)
					}
				}
				if n := db.proxy.cut() - cuts; n < 25 {
					t.Errorf("%d cuts in 60 requests", n)
				}
			})
			t.Run(fmt.Sprintf("always cut %s, reset %v", name, reset), func(t *testing.T) {
				a.t = t
				db.fill(t)
				db.proxy.arm(1<<30, 0, how(i), reset)
				for _, r := range walk() {
					if x := one(t, r); x.status != 503 {
						t.Errorf("%s: %d without a database", r, x.status)
					}
				}
				db.proxy.arm(0, 0, early, reset)
			})
		}
		t.Run(fmt.Sprintf("the server is away, reset %v", reset), func(t *testing.T) {
			a.t = t
			db.fill(t)
			db.proxy.setDown(true)
			for _, r := range walk() {
				if x := one(t, r); x.status != 503 {
					t.Errorf("%s: %d without a database", r, x.status)
				}
			}
			db.proxy.setDown(false)
			a.check(a.ask(walk()[0]), 200)
		})
	}
	t.Run("sessions are ended under their statements", func(t *testing.T) {
		a.t = t
		db.fill(t)
		for _, x := range terminated(t, db, a) {
			a.check(x, append(slices.Clone(lax), 503)...)
			if x.status == 503 {
				lost++
			}
		}
	})
	a.t = t
	if cuts := db.proxy.cut(); cuts < 250 || lost < 150 {
		t.Errorf("%d cuts, %d requests lost: too few to say anything", cuts, lost)
	}
	t.Logf("%d cuts, %d requests lost of %d", db.proxy.cut(), lost, len(a.seen))
	a.settle()
}

// terminated makes every route wait for a lock and ends the sessions meanwhile.
func terminated(t *testing.T, db *database, a *app) []answer {
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("LOCK TABLE authors, books, reviews"); err != nil {
		t.Fatal(err)
	}
	return together(a, func(done <-chan struct{}) {
		ended := 0
		wait(t, "the requests to end", func() bool {
			var n int
			err := db.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE application_name = $1 AND wait_event_type = 'Lock'`, db.schema).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			ended += n
			select {
			case <-done:
				return true
			default:
				return false
			}
		})
		if ended < 15 {
			t.Errorf("%d sessions ended, want one a route", ended)
		}
	})
}

// together asks every route at once and runs f until all have answered.
func together(a *app, f func(done <-chan struct{})) []answer {
	var mu sync.Mutex
	var all []answer
	var wg sync.WaitGroup
	for _, r := range walk() {
		wg.Go(func() {
			x := a.ask(r)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, x)
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	f(done)
	<-done
	return all
}
