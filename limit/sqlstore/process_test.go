package sqlstore_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/sqlstore"
)

// The test binary is also the other process: with this variable it takes from
// the database that it names, until its standard input ends.
const childDSN = "GLUEFUL_LIMIT_CHILD"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		if err := child(dsn); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Eight writers of each process take from these until told to stop.
var (
	sharedRate  = limit.Ask{Key: []byte("a shared rate..."), Every: 10 * time.Millisecond, Max: 50, Cost: 1}
	sharedQuota = limit.Ask{Key: []byte("a shared quota.."), Quota: true, Every: time.Hour, Max: 700, Cost: 1}
	besideRate  = limit.Ask{Key: []byte("beside the quota"), Every: time.Microsecond, Max: 1 << 20, Cost: 1}
)

// granted counts what one process got: of the rate alone, and of the quota with
// a rate beside it.
type granted struct{ rate, quota, errors, calls atomic.Int64 }

func (g *granted) String() string {
	return fmt.Sprintf("%d %d %d %d", g.rate.Load(), g.quota.Load(), g.errors.Load(), g.calls.Load())
}

func write(ctx context.Context, s *sqlstore.Store, g *granted) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				asks, n := []limit.Ask{sharedRate}, &g.rate
				if i%4 == 0 {
					asks, n = []limit.Ask{besideRate, sharedQuota}, &g.quota
				}
				as, err := s.Take(context.WithoutCancel(ctx), asks)
				g.calls.Add(1)
				ok := err == nil
				for _, a := range as {
					ok = ok && a.OK
				}
				if ok {
					n.Add(1)
				}
				if err != nil {
					g.errors.Add(1)
				}
			}
		})
	}
	wg.Wait()
}

func child(dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxIdleConns(8)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // its end is the sign, however it comes
		stop()
	}()
	var g granted
	write(ctx, &sqlstore.Store{DB: db, Dialect: "postgres"}, &g)
	fmt.Println(&g)
	return nil
}

func TestPostgres_two_processes(t *testing.T) {
	dsn := schema(t)
	db := open(t, dsn)
	s := &sqlstore.Store{DB: db, Dialect: "postgres"}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDSN+"="+dsn)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := databaseTime(t, db)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	span := 2 * time.Second
	if testing.Short() {
		span = 500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var own, other granted
	write(ctx, s, &own)
	in.Close()
	var a, b, errs, calls int64
	if _, err := fmt.Fscan(out, &a, &b, &errs, &calls); err != nil {
		t.Fatal(err)
	}
	other.rate.Store(a)
	other.quota.Store(b)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	took := databaseTime(t, db) - start
	if errs+own.errors.Load() > 0 {
		t.Errorf("%d and %d calls failed", own.errors.Load(), errs)
	}
	bound := sharedRate.Max + took/int64(sharedRate.Every)
	if n := own.rate.Load() + other.rate.Load(); n > bound || n < bound/2 {
		t.Errorf("two processes got %d + %d of the rate, want %d to %d", own.rate.Load(), other.rate.Load(), bound/2, bound)
	}
	if n := own.quota.Load() + other.quota.Load(); n > sharedQuota.Max {
		t.Errorf("two processes got %d + %d of the quota, want at most %d", own.quota.Load(), other.quota.Load(), sharedQuota.Max)
	}
	if calls == 0 || own.calls.Load() == 0 {
		t.Error("one of the processes did nothing")
	}
	t.Logf("%d calls; of the rate %d of at most %d; of the quota %d", calls+own.calls.Load(), own.rate.Load()+other.rate.Load(), bound, own.quota.Load()+other.quota.Load())
}

func databaseTime(t *testing.T, db *sql.DB) (ns int64) {
	t.Helper()
	if err := db.QueryRow("SELECT (extract(epoch FROM clock_timestamp())*1000000)::bigint*1000").Scan(&ns); err != nil {
		t.Fatal(err)
	}
	return ns
}

// A first take that meets another one's, not yet committed: its statement sees no
// row. That must never be an OK.
func TestPostgres_no_row_is_no_yes(t *testing.T) {
	dsn := schema(t)
	db := open(t, dsn)
	s := &sqlstore.Store{DB: db, Dialect: "postgres"}
	for i, asks := range [][]limit.Ask{
		{{Key: []byte("rate............"), Every: time.Hour, Max: 1, Cost: 1}},
		{{Key: []byte("other..........."), Every: time.Hour, Max: 9, Cost: 1}, {Key: []byte("quota..........."), Quota: true, Every: time.Hour, Max: 1, Cost: 1}},
	} {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		last := asks[len(asks)-1]
		if last.Quota {
			_, err = tx.Exec("INSERT INTO limit_quota VALUES ($1, $2, 1)", last.Key, time.Now().Add(time.Hour).UnixNano())
		} else {
			_, err = tx.Exec("INSERT INTO limit_rate VALUES ($1, $2)", last.Key, time.Now().Add(time.Hour).UnixNano())
		}
		if err != nil {
			t.Fatal(err)
		}
		type result struct {
			as  []limit.Answer
			err error
		}
		done := make(chan result, 1)
		go func() {
			as, err := s.Take(t.Context(), asks)
			done <- result{as, err}
		}()
		waitForLock(t, db)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		r := <-done
		if r.err != nil || len(r.as) != len(asks) || r.as[len(asks)-1].OK {
			t.Errorf("case %d: answers %+v, %v, want a refusal", i, r.as, r.err)
		}
		if i == 1 {
			as, err := s.Take(t.Context(), []limit.Ask{{Key: asks[0].Key, Every: time.Hour, Max: 9, Cost: 9}})
			if err != nil || !as[0].OK {
				t.Errorf("the rate beside it was charged: %+v, %v", as, err)
			}
		}
	}
}

// waitForLock polls until some backend of this schema's database waits for a lock.
func waitForLock(t *testing.T, db *sql.DB) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		var n int
		if err := db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%limit_%' AND query LIKE '%clock_timestamp%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
	t.Fatal("no take waited for the other's row")
}

func TestSweep(t *testing.T) {
	db := open(t, schema(t))
	s := &sqlstore.Store{DB: db, Dialect: "postgres"}
	over := []limit.Ask{{Key: []byte("a"), Every: time.Nanosecond, Max: 1, Cost: 1}, {Key: []byte("b"), Quota: true, Every: time.Microsecond, Max: 1, Cost: 1}}
	live := []limit.Ask{{Key: []byte("c"), Every: time.Hour, Max: 1, Cost: 1}, {Key: []byte("d"), Quota: true, Every: time.Hour, Max: 1, Cost: 1}}
	for _, asks := range [][]limit.Ask{over, live} {
		if _, err := s.Take(t.Context(), asks); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("Sweep() = %d, %v, want 2", n, err)
	}
	as, err := s.Take(t.Context(), live)
	if err != nil || as[0].OK || as[1].OK {
		t.Errorf("after the sweep live keys are free: %+v, %v", as, err)
	}
}

func TestSchema(t *testing.T) {
	dsn := schema(t)
	db := open(t, dsn)
	var persistence string
	for table, want := range map[string]string{"limit_rate": "u", "limit_quota": "p"} {
		if err := db.QueryRow("SELECT relpersistence FROM pg_class WHERE oid = $1::regclass", table).Scan(&persistence); err != nil || persistence != want {
			t.Errorf("%s has persistence %q, %v, want %q", table, persistence, err, want)
		}
	}
	run(t, db, text(t, "0001_limit.down.sql"))
	run(t, db, text(t, "0001_limit.up.sql"))
	defer func() {
		if recover() == nil {
			t.Error("Schema of an unknown dialect does not panic")
		}
	}()
	sqlstore.Schema("mysql")
}

func TestStore_zero(t *testing.T) {
	for _, s := range []*sqlstore.Store{{}, {DB: new(sql.DB)}, {DB: new(sql.DB), Dialect: "oracle"}} {
		if as, err := s.Take(t.Context(), nil); err == nil {
			t.Errorf("Take() = %v, want an error", as)
		}
		if err := s.Settle(t.Context(), nil); err == nil {
			t.Error("Settle says nothing")
		}
		if _, err := s.Sweep(t.Context()); err == nil {
			t.Error("Sweep says nothing")
		}
	}
}

func TestStore_refuses_what_is_no_ask(t *testing.T) {
	s := &sqlstore.Store{DB: new(sql.DB), Dialect: "postgres"}
	good := limit.Ask{Key: []byte("k"), Every: time.Second, Max: 1, Cost: 1}
	for name, change := range map[string]func(*limit.Ask){
		"no key":    func(q *limit.Ask) { q.Key = nil },
		"long key":  func(q *limit.Ask) { q.Key = make([]byte, 65) },
		"no time":   func(q *limit.Ask) { q.Every = 0 },
		"no max":    func(q *limit.Ask) { q.Max = 0 },
		"too much":  func(q *limit.Ask) { q.Max = 1 << 62 },
		"cost < 0":  func(q *limit.Ask) { q.Cost = -1 },
		"same keys": nil,
	} {
		asks := []limit.Ask{good}
		if change == nil {
			asks = append(asks, good)
		} else {
			change(&asks[0])
		}
		if as, err := s.Take(t.Context(), asks); err == nil {
			t.Errorf("%s: Take() = %v, want an error", name, as)
		}
	}
}
