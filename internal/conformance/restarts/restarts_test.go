// Package restarts holds package model to its promises while PostgreSQL is
// stopped, killed and started again under load.
package restarts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/internal/cluster"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

type entry struct {
	ID  int64  `db:"id,pk"`
	Tag string `db:"tag"`
}

var entries = model.Of[entry]("ledger")

// start starts a server and a pool on it, with an empty ledger that has no
// key to stop a row from coming twice.
func start(t *testing.T) (*cluster.Cluster, *model.Pool) {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Options{})
	if errors.Is(err, cluster.ErrNoBinaries) && os.Getenv("CI") != "true" {
		t.Skip("no PostgreSQL server on this machine: go run ./internal/check brings one")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	db, err := postgres.Open(t.Context(), c.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.SQL().Exec("CREATE TABLE ledger (id bigserial PRIMARY KEY, tag text NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	return c, db
}

func restarts() int {
	if os.Getenv("GLUEFUL_LONG") != "" {
		return 20
	}
	return 4
}

// client writes and reads, one after the other, and notes what it was told.
type client struct {
	db       *model.Pool
	told     map[string]error // by tag
	reads    int
	wrong    []error
	last     *atomic.Int64 // time of the last failure, in nanoseconds
	failures *atomic.Int64
}

func (c *client) run(ctx context.Context, done <-chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		case <-tick.C:
			c.one(ctx, n)
		}
	}
}

func (c *client) one(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	e := entry{Tag: rand.Text()}
	var err error
	switch n % 3 {
	case 0:
		err = entries.Insert(ctx, c.db, &e)
		c.told[e.Tag] = err
	case 1:
		err = c.db.Tx(ctx, func(db model.DB) error { return entries.Insert(ctx, db, &e) })
		c.told[e.Tag] = err
	case 2:
		c.reads++
		var got entry
		got, err = entries.Find(ctx, c.db, int64(1))
		if err == nil && got.Tag != "first" {
			c.wrong = append(c.wrong, fmt.Errorf("read %+v", got))
		}
	}
	if err == nil {
		return
	}
	c.last.Store(time.Now().UnixNano())
	c.failures.Add(1)
	var status interface{ HTTPStatus() int }
	if ok := errors.As(err, &status); !(ok && status.HTTPStatus() == http.StatusServiceUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		c.wrong = append(c.wrong, fmt.Errorf("an error that is neither 503 nor the deadline: %w", err))
	}
}

func TestRestarts(t *testing.T) {
	c, db := start(t)
	if err := entries.Insert(t.Context(), db, &entry{Tag: "first"}); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	var last, failures atomic.Int64
	clients := make([]*client, 12)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = &client{db: db, told: map[string]error{}, last: &last, failures: &failures}
		wg.Go(func() { clients[i].run(context.Background(), done) })
	}
	for i := range restarts() {
		<-time.After(time.Second)
		mode := []cluster.Mode{cluster.Fast, cluster.Immediate}[i%2]
		if err := c.Restart(mode); err != nil {
			t.Fatal(err)
		}
		up := time.Now()
		<-time.After(2500 * time.Millisecond)
		if late := time.Unix(0, last.Load()).Sub(up); late > 2*time.Second {
			t.Errorf("restart %d: still failing %v after the server was back", i, late)
		}
	}
	close(done)
	wg.Wait()
	judge(t, db, clients)
	t.Logf("%d failures", failures.Load())
	if failures.Load() == 0 {
		t.Error("no request met a restart: the test tested less than it says")
	}
	db.SQL().SetMaxIdleConns(0)
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+5; {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before the load", runtime.NumGoroutine(), before)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// judge compares what the clients were told with what the table holds.
func judge(t *testing.T, db *model.Pool, clients []*client) {
	t.Helper()
	stored := map[string]int{}
	list, err := entries.All(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		stored[e.Tag]++
	}
	var writes, reads, unknown, doubled, lied, hidden int
	for _, c := range clients {
		reads += c.reads
		for _, err := range c.wrong {
			t.Error(err)
		}
		for tag, err := range c.told {
			writes++
			n := stored[tag]
			switch {
			case n > 1:
				doubled++
			case err == nil && n == 0:
				lied++
			case errors.Is(err, model.ErrCommitUnknown), errors.Is(err, context.DeadlineExceeded):
				unknown++
			case err != nil && n > 0:
				hidden++
				t.Errorf("a row is there after %v", err)
			}
		}
	}
	t.Logf("%d writes, %d reads, %d of unknown outcome", writes, reads, unknown)
	if doubled+lied+hidden > 0 {
		t.Errorf("%d rows doubled, %d successes without a row, %d failures with one", doubled, lied, hidden)
	}
}

func TestListen(t *testing.T) {
	c, db := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen, told, missed atomic.Int64
	go postgres.Listen(ctx, c.DSN(), func(ctx context.Context, n postgres.Notice) {
		told.Add(1)
		if n.Missed {
			missed.Add(1)
		}
		if rows, err := entries.Where().Count(ctx, db); err == nil {
			seen.Store(rows)
		}
	}, "ledger")
	stop := make(chan struct{})
	var written atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				err := db.Tx(ctx, func(db model.DB) error {
					if err := entries.Insert(ctx, db, &entry{Tag: "x"}); err != nil {
						return err
					}
					_, err := db.(*model.Tx).SQL().ExecContext(ctx, "SELECT pg_notify('ledger', $1)", "")
					return err
				})
				if err == nil {
					written.Add(1)
				}
			}
		}
	})
	for range restarts() {
		<-time.After(500 * time.Millisecond)
		if err := c.Restart(cluster.Fast); err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(500 * time.Millisecond)
	close(stop)
	wg.Wait()
	rows, err := entries.Where().Count(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(3 * time.Second); seen.Load() != rows; {
		if time.Now().After(end) {
			t.Fatalf("the consumer knows %d rows of %d", seen.Load(), rows)
		}
		<-time.After(time.Millisecond)
	}
	t.Logf("%d rows, %d acknowledged, %d notices, %d times missed", rows, written.Load(), told.Load(), missed.Load())
	if missed.Load() < int64(restarts()) {
		t.Errorf("missed %d times in %d restarts", missed.Load(), restarts())
	}
}
