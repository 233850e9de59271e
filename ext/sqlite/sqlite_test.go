package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
)

type account struct {
	ID      int64  `db:"id,pk"`
	Owner   string `db:"owner"`
	Balance int64  `db:"balance"`
	Parent  *int64 `db:"parent"`
}

var (
	accounts = model.Of[account]("accounts")
	ac       = accounts.Probe()
)

func bank(t *testing.T) (*model.Pool, string) {
	t.Helper()
	db, path := open(t)
	if _, err := db.SQL().Exec(`CREATE TABLE accounts (id integer PRIMARY KEY, owner text NOT NULL UNIQUE,
		balance integer NOT NULL CHECK (balance > -1000000), parent integer REFERENCES accounts)`); err != nil {
		t.Fatal(err)
	}
	return db, path
}

func put(t *testing.T, db model.DB, owner string) account {
	t.Helper()
	a := account{Owner: owner}
	if err := accounts.Insert(t.Context(), db, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, want string }{
		{":memory:", "private to one connection"},
		{"", "private to one connection"},
		{"file:x.db", "not a path"},
		{"a\x00b", "not a path"},
		{filepath.Join(dir, "none", "x.db"), "does not exist"},
		{dir, "is a folder"},
	} {
		if _, err := sqlite.Open(t.Context(), c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%q) = %v, want %q in it", c.path, err, c.want)
		}
	}
	for _, name := range []string{"plain.db", "a b?mode=memory&c#d%20%.db", "ü.db"} {
		path := filepath.Join(dir, name)
		db, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Errorf("Open(%q) = %v", name, err)
			continue
		}
		db.SQL().Exec("CREATE TABLE t (n)")
		db.Close()
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("Open(%q) wrote to another file", name)
		}
	}
	broken := filepath.Join(dir, "broken.db")
	os.WriteFile(broken, []byte(strings.Repeat("not a database", 100)), 0o600)
	if _, err := sqlite.Open(t.Context(), broken); err == nil {
		t.Error("Open took a file that is no database")
	}
}

func TestSettings(t *testing.T) {
	db, _ := open(t)
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "5000", "trusted_schema": "0",
	} {
		var got string
		if err := db.SQL().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v, want %s", pragma, got, err, want)
		}
	}
	for _, text := range []string{
		`SELECT "no such column"`,
		"CREATE TABLE a (n); CREATE TABLE b (n)",
		"SELECT 1; -- and\nSELECT 2",
	} {
		if _, err := db.SQL().Exec(text); err == nil {
			t.Errorf("%q was run", text)
		}
	}
	for _, text := range []string{
		"CREATE TABLE c (n text DEFAULT ';') ; -- done ;\n /* ; */ ",
		"CREATE TRIGGER tr AFTER INSERT ON c BEGIN UPDATE c SET n = 1; DELETE FROM c; END",
		"SELECT ';--', 'it''s; fine'",
	} {
		if _, err := db.SQL().Exec(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestReaders(t *testing.T) {
	db, _ := bank(t)
	ctx := t.Context()
	err := db.Tx(ctx, func(tx model.DB) error {
		put(t, tx, "ann")
		if n, err := accounts.Where().Count(ctx, db); err != nil || n != 0 {
			t.Errorf("a reader beside a transaction sees %d, %v, want the last commit", n, err)
		}
		if n, err := accounts.Where().Count(ctx, tx); err != nil || n != 1 {
			t.Errorf("the transaction sees %d, %v of its own", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := accounts.Where().Count(ctx, db); err != nil || n != 1 {
		t.Errorf("after the commit %d, %v", n, err)
	}
	err = db.TxWith(ctx, model.TxOptions{Isolation: sql.LevelSerializable}, func(db model.DB) error {
		_, err := accounts.Where().Count(ctx, db)
		return err
	})
	if err != nil {
		t.Errorf("a transaction that asks for serializable: %v", err)
	}
	err = db.TxWith(ctx, model.TxOptions{ReadOnly: true}, func(db model.DB) error {
		return accounts.Insert(ctx, db, &account{Owner: "bob"})
	})
	if err == nil {
		t.Error("a read-only transaction wrote")
	}
}

func TestWriter(t *testing.T) {
	t.Run("a write through the outer pool inside a transaction ends with an error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.db")
			db, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SQL().Exec("CREATE TABLE accounts (id integer PRIMARY KEY, owner text, balance integer, parent integer)")
			start := time.Now()
			err = db.Tx(t.Context(), func(model.DB) error {
				return accounts.Insert(context.Background(), db, &account{Owner: "ann"})
			})
			if !errors.Is(err, model.ErrContention) || !strings.Contains(err.Error(), "use the DB the function gets") {
				t.Errorf("Insert = %v", err)
			}
			if took := time.Since(start); took != 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	})
	t.Run("two pools on one file wait for each other", func(t *testing.T) {
		one, path := bank(t)
		two, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer two.Close()
		var wg sync.WaitGroup
		for i, db := range []*model.Pool{one, two} {
			wg.Go(func() {
				for n := range 50 {
					if err := accounts.Insert(t.Context(), db, &account{Owner: fmt.Sprint(i, "/", n)}); err != nil {
						t.Errorf("Insert = %v", err)
					}
				}
			})
		}
		wg.Wait()
		if n, err := accounts.Where().Count(t.Context(), one); n != 100 || err != nil {
			t.Errorf("%d rows, %v, want 100", n, err)
		}
	})
	t.Run("transfers of 16 goroutines keep the sum", func(t *testing.T) {
		db, _ := bank(t)
		ctx := t.Context()
		const people = 4
		for i := range people {
			put(t, db, fmt.Sprint(i))
		}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 10 {
					from := rand.Int64N(people)
					to := (from + 1 + rand.Int64N(people-1)) % people
					err := db.Tx(ctx, func(db model.DB) error {
						a, err := accounts.Find(ctx, db, from+1)
						if err != nil {
							return err
						}
						b, err := accounts.Find(ctx, db, to+1)
						if err != nil {
							return err
						}
						a.Balance--
						b.Balance++
						return errors.Join(accounts.Update(ctx, db, &a, &a.Balance), accounts.Update(ctx, db, &b, &b.Balance))
					})
					if err != nil {
						t.Errorf("transfer = %v", err)
					}
				}
			})
		}
		wg.Wait()
		var sum int64
		if err := db.SQL().QueryRow("SELECT sum(balance) FROM accounts").Scan(&sum); err != nil || sum != 0 {
			t.Errorf("sum = %d, %v, want 0", sum, err)
		}
	})
}

func TestErrors(t *testing.T) {
	db, _ := bank(t)
	put(t, db, "ann")
	nobody := int64(404)
	for _, c := range []struct {
		name    string
		row     account
		kind    error
		columns string
	}{
		{"unique", account{Owner: "ann"}, model.ErrConflict, "[owner]"},
		{"primary key", account{ID: 1, Owner: "x"}, model.ErrConflict, "[id]"},
		{"foreign key", account{Owner: "x", Parent: &nobody}, model.ErrForeignKey, "[]"},
		{"check", account{Owner: "x", Balance: -1000000}, model.ErrCheck, "[]"},
	} {
		err := accounts.Insert(t.Context(), db, &c.row)
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != c.kind || fmt.Sprint(e.Columns) != c.columns {
			t.Errorf("%s: %v, want %v of %s", c.name, err, c.kind, c.columns)
		}
	}
}

func TestCancel(t *testing.T) {
	db, _ := bank(t)
	put(t, db, "ann")
	slow := accounts.Where(model.SQL("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000000) SELECT max(n) FROM c) > 0"))
	for what, run := range map[string]func(ctx context.Context) error{
		"read":  func(ctx context.Context) error { _, err := slow.All(ctx, db); return err },
		"write": func(ctx context.Context) error { _, err := slow.Delete(ctx, db); return err },
		"transaction": func(ctx context.Context) error {
			return db.Tx(ctx, func(db model.DB) error { _, err := slow.All(ctx, db); return err })
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s under a deadline = %v", what, err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s ended after %v", what, took)
		}
		cancel()
	}
	put(t, db, "bob")
	if n, err := accounts.Where(model.Gt(&ac.ID, 0)).Count(t.Context(), db); n != 2 || err != nil {
		t.Errorf("%d rows, %v, want 2", n, err)
	}
}
