// Package migratetest checks that package migrate keeps its promises on a
// database. Every engine runs it:
//
//	func TestMigrate(t *testing.T) {
//		migratetest.Run(t, func(t *testing.T) *model.Pool { ... an empty database ... })
//	}
package migratetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate"
)

// Run runs the suite. open returns a pool on an empty database and closes it
// when the test ends.
func Run(t *testing.T, open func(t *testing.T) *model.Pool) {
	for _, c := range []struct {
		rule string
		run  func(t *testing.T, db *model.Pool)
	}{
		{"up applies what is pending in order, once", ups},
		{"down takes back the newest first", downs},
		{"sources keep their own numbers and the order given", sources},
		{"a failing migration leaves nothing and can be mended", failing},
		{"a changed, missing or belated file is an error", drift},
		{"status changes nothing", status},
		{"a file without a transaction runs and is recorded", plain},
		{"of many that start at once one works", together},
	} {
		t.Run(c.rule, func(t *testing.T) { c.run(t, open(t)) })
	}
	t.Run("a file that makes no sense is an error naming it", func(t *testing.T) { refusals(t, open(t)) })
}

// files builds a source from pairs of name and text.
func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func app(pairs ...string) migrate.Set {
	return migrate.Set{{Name: "app", Files: files(pairs...)}}
}

func names(list []migrate.Migration) string {
	var out []string
	for _, m := range list {
		out = append(out, m.String())
	}
	return strings.Join(out, " ")
}

// count returns the rows of a table, -1 if there is none.
func count(t *testing.T, db *model.Pool, table string) int {
	t.Helper()
	var n int
	if err := db.SQL().QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		return -1
	}
	return n
}

func up(t *testing.T, s migrate.Set, db *model.Pool, want string) {
	t.Helper()
	done, err := s.Up(t.Context(), db)
	if err != nil || names(done) != want {
		t.Fatalf("Up = %q, %v, want %q", names(done), err, want)
	}
}

func ups(t *testing.T, db *model.Pool) {
	s := app(
		"0002_more.up.sql", "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);",
		"0001_a.up.sql", "CREATE TABLE a (n integer); -- and a comment;\nINSERT INTO a VALUES (0);",
		"0010_last.up.sql", "INSERT INTO a VALUES (3)",
	)
	up(t, s, db, "app/0001_a app/0002_more app/0010_last")
	up(t, s, db, "")
	if n := count(t, db, "a"); n != 4 {
		t.Errorf("a has %d rows, want 4", n)
	}
	list, err := s.Status(t.Context(), db)
	if err != nil || len(list) != 3 {
		t.Fatalf("Status = %q, %v", names(list), err)
	}
	for _, m := range list {
		if m.Applied.IsZero() {
			t.Errorf("%s has no time", m)
		}
	}
}

func downs(t *testing.T, db *model.Pool) {
	s := app(
		"1_a.up.sql", "CREATE TABLE a (n integer)", "1_a.down.sql", "DROP TABLE a",
		"2_b.up.sql", "CREATE TABLE b (n integer)", "2_b.down.sql", "DROP TABLE b",
		"3_c.up.sql", "CREATE TABLE c (n integer)", "3_c.down.sql", "DROP TABLE c",
	)
	up(t, s, db, "app/0001_a app/0002_b app/0003_c")
	done, err := s.Down(t.Context(), db, 2)
	if err != nil || names(done) != "app/0003_c app/0002_b" {
		t.Fatalf("Down(2) = %q, %v", names(done), err)
	}
	if a, b := count(t, db, "a"), count(t, db, "b"); a != 0 || b != -1 {
		t.Errorf("a has %d rows, b %d, want 0 and no table", a, b)
	}
	up(t, s, db, "app/0002_b app/0003_c")
	if done, err = s.Down(t.Context(), db, 9); err != nil || len(done) != 3 {
		t.Errorf("Down(9) = %q, %v, want all three", names(done), err)
	}
	one := app("1_a.up.sql", "CREATE TABLE a (n integer)")
	up(t, one, db, "app/0001_a")
	if _, err := one.Down(t.Context(), db, 1); err == nil || !strings.Contains(err.Error(), "app/0001_a has no down file") {
		t.Errorf("Down without a file = %v", err)
	}
}

func sources(t *testing.T, db *model.Pool) {
	jobs := files("0001_jobs.up.sql", "CREATE TABLE jobs (n integer)")
	own := files("0001_use.up.sql", "INSERT INTO jobs VALUES (1)")
	s := migrate.Set{{Name: "queue", Files: jobs}, {Name: "app", Files: own}}
	up(t, s, db, "queue/0001_jobs app/0001_use")
	jobs["0002_more.up.sql"] = &fstest.MapFile{Data: []byte("INSERT INTO jobs VALUES (2)")}
	up(t, s, db, "queue/0002_more")
	if _, err := s[:1].Up(t.Context(), db); !errors.Is(err, migrate.ErrDrift) {
		t.Errorf("Up without a source that was applied = %v, want drift", err)
	}
	folders := migrate.Set{s[0], s[1], {Name: "both", Files: files(
		"postgres/0001_x.up.sql", "CREATE TABLE x (at timestamptz)",
		"sqlite/0001_x.up.sql", "CREATE TABLE x (at text)")}}
	up(t, folders, db, "both/0001_x")
}

func failing(t *testing.T, db *model.Pool) {
	bad := app("1_a.up.sql", "CREATE TABLE a (n integer)", "2_b.up.sql", "CREATE TABLE b (n integer); INSERT INTO nowhere VALUES (1)")
	done, err := bad.Up(t.Context(), db)
	if err == nil || !strings.Contains(err.Error(), "app/0002_b") || names(done) != "app/0001_a" {
		t.Fatalf("Up = %q, %v", names(done), err)
	}
	if n := count(t, db, "b"); n != -1 {
		t.Errorf("the failed migration left its table behind")
	}
	up(t, app("1_a.up.sql", "CREATE TABLE a (n integer)", "2_b.up.sql", "CREATE TABLE b (n integer)"), db, "app/0002_b")
}

func drift(t *testing.T, db *model.Pool) {
	a, c := "CREATE TABLE a (n integer)\n", "CREATE TABLE c (n integer)"
	up(t, app("1_a.up.sql", a, "3_c.up.sql", c), db, "app/0001_a app/0003_c")
	up(t, app("1_a.up.sql", strings.ReplaceAll(a, "\n", "\r\n"), "3_c.up.sql", c), db, "")
	for want, s := range map[string]migrate.Set{
		"app/0001_a was changed":          app("1_a.up.sql", a+" ", "3_c.up.sql", c),
		"app/0003_c was applied, its":     app("1_a.up.sql", a),
		"app/0002_b is older than the ne": app("1_a.up.sql", a, "2_b.up.sql", c, "3_c.up.sql", c),
	} {
		for verb, err := range map[string]error{
			"Up":     second(s.Up(t.Context(), db)),
			"Down":   second(s.Down(t.Context(), db, 1)),
			"Verify": s.Verify(t.Context(), db),
		} {
			if !errors.Is(err, migrate.ErrDrift) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s = %v, want drift: %s", verb, err, want)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func status(t *testing.T, db *model.Pool) {
	s := app("1_a.up.sql", "CREATE TABLE a (n integer)")
	list, err := s.Status(t.Context(), db)
	if err != nil || len(list) != 1 || !list[0].Applied.IsZero() {
		t.Errorf("Status = %v, %v, want one pending", list, err)
	}
	if n := count(t, db, "model_migrations"); n != -1 {
		t.Error("Status made the table of the record")
	}
}

func plain(t *testing.T, db *model.Pool) {
	index := "CREATE INDEX IF NOT EXISTS a_n ON a (n)"
	if db.Dialect() == model.Postgres {
		index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_n ON a (n)"
	}
	s := app("1_a.up.sql", "CREATE TABLE a (n integer)", "2_index.up.sql", "-- migrate: no transaction\n"+index,
		"2_index.down.sql", "-- migrate: no transaction\nDROP INDEX IF EXISTS a_n")
	up(t, s, db, "app/0001_a app/0002_index")
	up(t, s, db, "")
	if _, err := s.Down(t.Context(), db, 1); err != nil {
		t.Errorf("Down = %v", err)
	}
	up(t, s, db, "app/0002_index")
}

func together(t *testing.T, db *model.Pool) {
	s := Steps(20, "")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.Up(context.WithoutCancel(t.Context()), db); err != nil {
				t.Errorf("Up = %v", err)
			}
		})
	}
	wg.Wait()
	Complete(t, s, db)
}

// Steps is a set of n migrations that fill a table without any key, so that
// a step done twice shows. Each runs the statement extra as well.
func Steps(n int, extra string) migrate.Set {
	pairs := []string{"0001_log.up.sql", "CREATE TABLE log (n integer)"}
	for i := 2; i <= n; i++ {
		pairs = append(pairs, fmt.Sprintf("%04d_step.up.sql", i), fmt.Sprintf("INSERT INTO log VALUES (%d);%s", i, extra))
	}
	return app(pairs...)
}

// Complete checks that every one of the [Steps] in s happened once.
func Complete(t *testing.T, s migrate.Set, db *model.Pool) {
	t.Helper()
	list, err := s.Status(t.Context(), db)
	if err != nil {
		t.Fatalf("Status = %v", err)
	}
	for _, m := range list {
		if m.Applied.IsZero() {
			t.Errorf("%s is pending", m)
		}
	}
	if n := count(t, db, "log"); n != len(list)-1 {
		t.Errorf("log has %d rows, want %d", n, len(list)-1)
	}
}

func refusals(t *testing.T, db *model.Pool) {
	for _, c := range []struct {
		want  string
		files fs.FS
	}{
		{"books.sql: a migration is called like", files("books.sql", "x")},
		{"0000_a.up.sql: numbers start at 1", files("0000_a.up.sql", "x")},
		{"1_b.up.sql: number 1 is also that of a", files("0001_a.up.sql", "x", "1_b.up.sql", "x")},
		{"1_a.up.sql: there are two files of number 1", files("0001_a.up.sql", "x", "1_a.up.sql", "x")},
		{"0001_a.down.sql has no up file", files("0001_a.down.sql", "x")},
		{"1_a.up.sql: empty", files("1_a.up.sql", " \n")},
		{"1_a.up.sql: not UTF-8", files("1_a.up.sql", "\xff")},
		{"1_a.up.sql: not UTF-8", files("1_a.up.sql", "a\x00b")},
		{"files lie beside the folders", files("1_a.up.sql", "x", "postgres/1_a.up.sql", "x")},
		{"there is no folder " + string(db.Dialect()), files(other(db.Dialect())+"/1_a.up.sql", "x")},
		{"1_a.up.sql", unreadable{files("1_a.up.sql", "x")}},
		{"has no files", nil},
	} {
		_, err := migrate.Set{{Name: "app", Files: c.files}}.Up(t.Context(), db)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Up = %v, want %q in it", err, c.want)
		}
	}
	if _, err := (migrate.Set{{Name: "A b", Files: files()}}).Up(t.Context(), db); err == nil {
		t.Error("Up took a source name with a blank")
	}
	if n := count(t, db, "model_migrations"); n != -1 {
		t.Error("a refused set touched the database")
	}
}

func other(d model.Dialect) string {
	if d == model.SQLite {
		return string(model.Postgres)
	}
	return string(model.SQLite)
}

// unreadable lists its files and opens none.
type unreadable struct{ fstest.MapFS }

func (u unreadable) Open(name string) (fs.File, error) {
	if name == "." {
		return u.MapFS.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func (u unreadable) ReadFile(name string) ([]byte, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}
