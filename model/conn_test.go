package model_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

// named adds an application name to a DSN, to find its sessions by.
func named(t *testing.T, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// eventually waits for claim to become true.
func eventually(t *testing.T, what string, claim func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !claim(); {
		if time.Now().After(end) {
			t.Fatalf("still not true: %s", what)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func TestCancel(t *testing.T) {
	dsn := schemaDSN(t)
	admin := openDSN(t, dsn)
	name := "cancel_" + t.Name()
	p, through := newProxy(t, named(t, dsn, name))
	db := openDSN(t, through)
	const conns = 10
	db.SQL().SetMaxOpenConns(conns)
	sessions := func(state string) (n int) {
		err := admin.SQL().QueryRow("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state LIKE $2", name, state).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var most atomic.Int32
	var wg sync.WaitGroup
	for i := range often(100, 1000) {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+10*(i/conns))*time.Millisecond) // in waves
			defer cancel()
			var err error
			if i%2 == 0 {
				_, err = db.SQL().ExecContext(ctx, "SELECT pg_sleep($1)", 30)
			} else {
				err = db.Tx(ctx, func(db model.DB) error {
					var one int
					return db.(*model.Tx).SQL().QueryRowContext(ctx, "SELECT 1 FROM pg_sleep($1)", 30).Scan(&one)
				})
			}
			if err == nil {
				t.Error("a query outlived its context")
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(5 * time.Millisecond):
			if n := int32(sessions("%")); n > most.Load() {
				most.Store(n)
			}
		}
	}
	eventually(t, "no cancelled query is running", func() bool { return sessions("active") == 0 })
	t.Logf("at most %d sessions, %d sockets", most.Load(), p.most.Load())
	if most.Load() > conns+5 || p.most.Load() > conns+5 {
		t.Errorf("%d sessions and %d sockets at once, want at most %d", most.Load(), p.most.Load(), conns+5)
	}
	if _, err := db.SQL().ExecContext(t.Context(), "SELECT $1::int", 1); err != nil {
		t.Errorf("the pool afterwards: %v", err)
	}
}

func TestCancel_error(t *testing.T) {
	db := openPostgres(t)
	ledgerOf(t, db)
	slow := entries.Where(model.SQL("pg_sleep(30) IS NOT NULL"))
	if err := entries.Insert(t.Context(), db, &entry{Tag: "a"}); err != nil {
		t.Fatal(err)
	}
	for what, run := range map[string]func(ctx context.Context) error{
		"read":  func(ctx context.Context) error { _, err := slow.All(ctx, db); return err },
		"write": func(ctx context.Context) error { _, err := slow.Delete(ctx, db); return err },
		"transaction": func(ctx context.Context) error {
			return db.Tx(ctx, func(db model.DB) error { _, err := slow.All(ctx, db); return err })
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s under a deadline = %v", what, err)
		}
		cancel()
		if err := run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s after it = %v", what, err)
		}
	}
}

// TestSilence takes the network away under a statement, without a word.
func TestSilence(t *testing.T) {
	dsn := schemaDSN(t)
	ledgerOf(t, openDSN(t, dsn))
	for _, c := range []struct {
		name    string
		unknown bool
		run     func(ctx context.Context, p *proxy, db *model.Pool) error
	}{
		{"read", false, func(ctx context.Context, p *proxy, db *model.Pool) error {
			p.silent.Store(true)
			_, err := entries.All(ctx, db)
			return err
		}},
		{"write", true, func(ctx context.Context, p *proxy, db *model.Pool) error {
			p.silent.Store(true)
			return entries.Insert(ctx, db, &entry{Tag: "a"})
		}},
		{"statement in a transaction", false, func(ctx context.Context, p *proxy, db *model.Pool) error {
			return db.Tx(ctx, func(db model.DB) error {
				p.silent.Store(true)
				return entries.Insert(ctx, db, &entry{Tag: "a"})
			})
		}},
		{"commit", true, func(ctx context.Context, p *proxy, db *model.Pool) error {
			return db.Tx(ctx, func(db model.DB) error {
				err := entries.Insert(ctx, db, &entry{Tag: "a"})
				p.silent.Store(true)
				return err
			})
		}},
		{"connect", false, func(ctx context.Context, p *proxy, db *model.Pool) error {
			p.silent.Store(true)
			db.SQL().SetMaxIdleConns(0)
			_, err := entries.All(ctx, db)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, through := newProxy(t, dsn)
			db := openDSN(t, through)
			if _, err := entries.All(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			err := c.run(ctx, p, db)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("it took %v under a deadline of 100ms", took)
			}
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, model.ErrCommitUnknown) != c.unknown {
				t.Errorf("%v, want the deadline and unknown = %v", err, c.unknown)
			}
			t.Log(time.Since(start))
		})
	}
}

func TestIdleConnections(t *testing.T) {
	dsn := schemaDSN(t)
	admin := openDSN(t, dsn)
	ledgerOf(t, admin)
	name := "idle_" + t.Name()
	db := openDSN(t, named(t, dsn, name))
	ctx := t.Context()
	for round := range often(5, 100) {
		// Fill the pool, then let the server end every session.
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { db.SQL().ExecContext(ctx, "SELECT pg_sleep($1)", 0.02) })
		}
		wg.Wait()
		var killed int
		if err := admin.SQL().QueryRow("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1", name).Scan(&killed); err != nil || killed < 2 {
			t.Fatalf("%d sessions ended, %v", killed, err)
		}
		eventually(t, "the sessions are gone", func() bool {
			var n int
			return admin.SQL().QueryRow("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name).Scan(&n) == nil && n == 0
		})
		for i := range 8 {
			if err := entries.Insert(ctx, db, &entry{Tag: fmt.Sprint(round, "/", i)}); err != nil {
				t.Errorf("write after the sessions ended: %v", err)
			}
		}
	}
}

func TestStatements(t *testing.T) {
	dsn := schemaDSN(t)
	c, err := postgres.NewConnector(dsn)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	open := func(keep int) *model.Pool {
		db := model.Open(c, model.Postgres, &model.Options{Conns: 1, Statements: keep})
		t.Cleanup(func() { db.Close() })
		return db
	}
	held := func(db *model.Pool) (n int) {
		if err := db.SQL().QueryRow("SELECT count(*) FROM pg_prepared_statements").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Run("a connection keeps so many and no more", func(t *testing.T) {
		db := open(4)
		for i := range 20 {
			if _, err := db.SQL().ExecContext(ctx, fmt.Sprintf("SELECT %d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if n := held(db); n > 5 { // one may wait to be closed
			t.Errorf("the server holds %d statements, want 4", n)
		}
	})
	t.Run("switched off, the server holds none", func(t *testing.T) {
		db := open(-1)
		for i := range 5 {
			if _, err := db.SQL().ExecContext(ctx, "SELECT $1::int", i); err != nil {
				t.Fatal(err)
			}
		}
		if n := held(db); n != 0 {
			t.Errorf("the server holds %d statements, want none", n)
		}
	})
	t.Run("a second statement in one text is refused", func(t *testing.T) {
		for _, keep := range []int{0, -1} {
			_, err := open(keep).SQL().ExecContext(ctx, "SELECT 1; CREATE TABLE smuggled (n int)")
			if e := new(pq.Error); !errors.As(err, &e) || e.Code != "42601" {
				t.Errorf("Statements %d: %v, want a syntax error", keep, err)
			}
		}
	})
	t.Run("a changed type is noticed outside a transaction", func(t *testing.T) {
		db := open(0)
		exec := func(text string) {
			t.Helper()
			if _, err := db.SQL().ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		exec("CREATE TABLE typed (n integer)")
		exec("INSERT INTO typed VALUES (1)")
		read := func() (s string, err error) {
			err = db.SQL().QueryRowContext(ctx, "SELECT n FROM typed").Scan(&s)
			return s, err
		}
		read()
		exec("ALTER TABLE typed ALTER n TYPE text")
		if s, err := read(); s != "1" || err != nil {
			t.Errorf("after ALTER TYPE: %q, %v", s, err)
		}
		exec("DEALLOCATE ALL")
		if s, err := read(); s != "1" || err != nil {
			t.Errorf("after DEALLOCATE ALL: %q, %v", s, err)
		}
	})
	t.Run("a statement beside an open result is refused and harms nothing", func(t *testing.T) {
		db := open(0)
		err := db.Tx(ctx, func(db model.DB) error {
			tx := db.(*model.Tx).SQL()
			rows, err := tx.QueryContext(ctx, "SELECT n FROM generate_series(1, $1) n", 1000)
			if err != nil {
				return err
			}
			rows.Next()
			if _, err := tx.ExecContext(ctx, "SELECT $1::int", 1); err == nil || !strings.Contains(err.Error(), "still open") {
				t.Errorf("Exec beside it = %v", err)
			}
			n := 1
			for rows.Next() {
				n++
			}
			if rows.Err() != nil || n != 1000 {
				t.Errorf("%d rows, %v", n, rows.Err())
			}
			_, err = tx.ExecContext(ctx, "SELECT $1::int", 1)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
