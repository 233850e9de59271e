package model_test

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// ledgerOf makes the table of entries.
func ledgerOf(t *testing.T, db *model.Pool) {
	t.Helper()
	if _, err := db.SQL().Exec("CREATE TABLE ledger (id bigserial PRIMARY KEY, tag text NOT NULL, note text NOT NULL DEFAULT '')"); err != nil {
		t.Fatal(err)
	}
}

// tags returns what the ledger holds.
func tags(t *testing.T, db *model.Pool) (list []string) {
	t.Helper()
	rows, err := entries.All(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range rows {
		list = append(list, e.Tag)
	}
	slices.Sort(list)
	return list
}

var errStop = errors.New("stop")

func TestTx(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	ctx := t.Context()
	put := func(db model.DB, tag string) error { return entries.Insert(ctx, db, &entry{Tag: tag}) }
	for _, c := range []struct {
		rule string
		err  error
		want []string
		run  func(db model.DB) error
	}{
		{"an error undoes everything", errStop, nil, func(db model.DB) error {
			return errors.Join(put(db, "a"), errStop)
		}},
		{"a savepoint undoes its part", nil, []string{"a", "c"}, func(db model.DB) error {
			err := put(db, "a")
			if e := db.Tx(ctx, func(db model.DB) error { return errors.Join(put(db, "b"), errStop) }); !errors.Is(e, errStop) {
				t.Errorf("inner Tx = %v", e)
			}
			return errors.Join(err, put(db, "c"))
		}},
		{"a failed statement in a savepoint leaves the rest usable", nil, []string{"a"}, func(db model.DB) error {
			if e := db.Tx(ctx, func(db model.DB) error {
				_, err := db.(*model.Tx).SQL().ExecContext(ctx, "INSERT INTO nowhere VALUES ($1)", 1)
				return err
			}); e == nil {
				t.Error("a statement on a missing table worked")
			}
			return put(db, "a")
		}},
		{"Atomically joins", errStop, nil, func(db model.DB) error {
			return model.Atomically(ctx, db, func(db model.DB) error { return errors.Join(put(db, "a"), errStop) })
		}},
		{"three savepoints deep", nil, []string{"1", "2", "3"}, func(db model.DB) error {
			return db.Tx(ctx, func(db model.DB) error {
				return errors.Join(put(db, "1"), db.Tx(ctx, func(db model.DB) error {
					return errors.Join(put(db, "2"), db.Tx(ctx, func(db model.DB) error { return put(db, "3") }))
				}))
			})
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if err := db.Tx(ctx, c.run); !errors.Is(err, c.err) {
				t.Errorf("Tx = %v, want %v", err, c.err)
			}
			if got := tags(t, db); !slices.Equal(got, c.want) {
				t.Errorf("ledger = %q, want %q", got, c.want)
			}
			db.SQL().Exec("TRUNCATE ledger")
		})
	}
	t.Run("a panic rolls back and goes on", func(t *testing.T) {
		for _, nested := range []bool{false, true} {
			func() {
				defer func() {
					if r := recover(); r != "boom" {
						t.Errorf("recovered %v, want boom", r)
					}
				}()
				db.Tx(ctx, func(db model.DB) error {
					put(db, "a")
					if nested {
						return db.Tx(ctx, func(model.DB) error { panic("boom") })
					}
					panic("boom")
				})
			}()
			if got := tags(t, db); got != nil {
				t.Errorf("ledger = %q, want nothing", got)
			}
		}
		if n := db.SQL().Stats().InUse; n != 0 {
			t.Errorf("%d connections still in use", n)
		}
	})
	t.Run("a cancelled context rolls back", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		err := db.Tx(ctx, func(db model.DB) error {
			err := put(db, "a")
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) || tags(t, db) != nil {
			t.Errorf("Tx = %v, ledger = %q", err, tags(t, db))
		}
	})
	t.Run("read-only refuses to write", func(t *testing.T) {
		err := db.TxWith(ctx, model.TxOptions{ReadOnly: true}, func(db model.DB) error { return put(db, "a") })
		if err == nil {
			t.Error("a read-only transaction wrote")
		}
	})
}

func TestTx_wrapped(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	ctx := t.Context()
	put := func(db model.DB, tag string) error { return entries.Insert(ctx, db, &entry{Tag: tag}) }
	tx, err := db.SQL().Begin()
	if err != nil {
		t.Fatal(err)
	}
	wrapped := model.Wrap(tx, model.Postgres)
	if err := put(wrapped, "a"); err != nil {
		t.Fatal(err)
	}
	err = wrapped.Tx(ctx, func(db model.DB) error { return errors.Join(put(db, "b"), errStop) })
	if !errors.Is(err, errStop) {
		t.Errorf("Tx = %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := tags(t, db); !slices.Equal(got, []string{"a"}) {
		t.Errorf("ledger = %q, want what was before the savepoint", got)
	}
	if err := model.Wrap(db.SQL(), model.Postgres).Tx(ctx, func(db model.DB) error { return errors.Join(put(db, "c"), errStop) }); !errors.Is(err, errStop) {
		t.Errorf("Tx = %v", err)
	}
	if got := tags(t, db); !slices.Equal(got, []string{"a"}) {
		t.Errorf("ledger = %q, want no c", got)
	}
}

func TestTx_hooks(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	var seen []string
	note := func(s string) func(context.Context) {
		return func(ctx context.Context) {
			if ctx.Err() != nil || ctx.Value(noteKey{}) != "kept" {
				t.Errorf("%s ran under a context that is over or has lost its values", s)
			}
			seen = append(seen, s)
		}
	}
	run := func(outer, inner error) []string {
		seen = nil
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), noteKey{}, "kept"))
		defer cancel()
		db.Tx(ctx, func(db model.DB) error {
			model.AfterCommit(db, note("commit 1"))
			model.AfterRollback(db, note("rollback 1"))
			db.Tx(ctx, func(db model.DB) error {
				model.AfterCommit(db, note("commit 2"))
				model.AfterRollback(db, note("rollback 2"))
				return inner
			})
			if len(seen) > 0 && inner == nil {
				t.Errorf("%q ran before the end", seen)
			}
			return outer
		})
		return seen
	}
	for _, c := range []struct {
		outer, inner error
		want         []string
	}{
		{nil, nil, []string{"commit 1", "commit 2"}},
		{nil, errStop, []string{"rollback 2", "commit 1"}},
		{errStop, nil, []string{"rollback 1", "rollback 2"}},
		{errStop, errStop, []string{"rollback 2", "rollback 1"}},
	} {
		if got := run(c.outer, c.inner); !slices.Equal(got, c.want) {
			t.Errorf("outer %v, inner %v: %q, want %q", c.outer, c.inner, got, c.want)
		}
	}
	ran := false
	model.AfterCommit(db, func(context.Context) { ran = true })
	if !ran {
		t.Error("AfterCommit outside a transaction did not run at once")
	}
	tx, err := db.SQL().Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	defer func() {
		if recover() == nil {
			t.Error("AfterCommit on a wrapped *sql.Tx made a promise nobody keeps")
		}
	}()
	model.AfterCommit(model.Wrap(tx, model.Postgres), func(context.Context) {})
}

type noteKey struct{}

type account struct {
	ID      int64 `db:"id,pk"`
	Balance int64 `db:"balance"`
}

var accounts = model.Of[account]("accounts")

// TestTx_transfers moves money between few accounts from many goroutines.
func TestTx_transfers(t *testing.T) {
	db := openPostgres(t)
	ctx := t.Context()
	if _, err := db.SQL().Exec("CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	const people, each = 4, 1000
	for id := range int64(people) {
		if err := accounts.Insert(ctx, db, &account{ID: id + 1, Balance: each}); err != nil {
			t.Fatal(err)
		}
	}
	var ran, done, gaveUp atomic.Int64
	transfer := func(from, to, amount int64) error {
		return db.TxWith(ctx, model.TxOptions{Isolation: sql.LevelSerializable, Tries: 50}, func(db model.DB) error {
			ran.Add(1)
			a, err := accounts.Find(ctx, db, from)
			if err != nil {
				return err
			}
			b, err := accounts.Find(ctx, db, to)
			if err != nil {
				return err
			}
			a.Balance -= amount
			b.Balance += amount
			if err := accounts.Update(ctx, db, &a, &a.Balance); err != nil {
				return err
			}
			return accounts.Update(ctx, db, &b, &b.Balance)
		})
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range often(10, 2000) {
				from := rand.Int64N(people)
				to := (from + 1 + rand.Int64N(people-1)) % people
				switch err := transfer(from+1, to+1, rand.Int64N(10)); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, model.ErrContention):
					gaveUp.Add(1)
				default:
					t.Errorf("transfer = %v", err)
				}
			}
		})
	}
	wg.Wait()
	var sum int64
	if err := db.SQL().QueryRow("SELECT sum(balance) FROM accounts").Scan(&sum); err != nil || sum != people*each {
		t.Errorf("sum = %d, %v, want %d", sum, err, people*each)
	}
	t.Logf("%d transfers in %d tries, %d gave up", done.Load(), ran.Load(), gaveUp.Load())
	if ran.Load() <= done.Load()+gaveUp.Load() {
		t.Error("no transaction was tried again: the test tested less than it says")
	}
	if gaveUp.Load()*1000 > done.Load() {
		t.Errorf("%d transfers gave up", gaveUp.Load())
	}
}
