// Package limitladder holds limit's failure ladder against a PostgreSQL that is
// killed and started again under load.
package limitladder

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"github.com/glueful/glueful-go/internal/cluster"
	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/sqlstore"
)

const (
	count    = 3000 // the quota
	replicas = 2
	writers  = 8
)

// A load takes from one limiter with all writers until it is stopped.
type load struct {
	l                                 *limit.Limiter
	admitted, refused, down, degraded atomic.Int64
	slowest                           atomic.Int64 // nanoseconds
	other                             atomic.Value // an error that is none of these
	wg                                sync.WaitGroup
	stop                              context.CancelFunc
}

func start(t *testing.T, dsn string, failure limit.Failure) *load {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(writers)
	db.SetMaxOpenConns(2 * writers)
	t.Cleanup(func() { db.Close() })
	g := new(load)
	g.l = &limit.Limiter{
		Name:   "ladder",
		Limits: []limit.Limit{limit.Quota{Name: "q", Count: count, Per: time.Hour}, limit.Rate{Name: "r", Count: 1_000_000, Per: time.Second}},
		Store:  &sqlstore.Store{DB: db, Dialect: "postgres"}, Failure: failure, Replicas: replicas,
		Timeout: 250 * time.Millisecond, // the machine may be busy
		Count: func(event, _ string) {
			if event == "degraded" {
				g.degraded.Add(1)
			}
		},
	}
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	for range writers {
		g.wg.Go(func() {
			for ctx.Err() == nil {
				g.take()
				pause(ctx, time.Millisecond)
			}
		})
	}
	return g
}

func (g *load) take() {
	begin := time.Now()
	_, err := g.l.Take(context.Background(), "k", 1)
	if d := int64(time.Since(begin)); d > g.slowest.Load() {
		g.slowest.Store(d)
	}
	var refused *limit.RefusedError
	switch {
	case err == nil:
		g.admitted.Add(1)
	case !errors.As(err, &refused):
		g.other.Store(err)
	case refused.HTTPStatus() == 503:
		g.down.Add(1)
	default:
		g.refused.Add(1)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// until polls for a claim to become true.
func until(t *testing.T, claim string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", claim)
		}
		pause(t.Context(), 5*time.Millisecond)
	}
}

func setup(t *testing.T) *cluster.Cluster {
	c, err := cluster.Start(t.Context(), cluster.Options{})
	if errors.Is(err, cluster.ErrNoBinaries) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	db, err := sql.Open("postgres", c.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	b, err := fs.ReadFile(sqlstore.Schema("postgres"), "0001_limit.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(b)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLadder(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PostgreSQL servers")
	}
	for name, failure := range map[string]limit.Failure{"local": limit.Local, "open": limit.Open, "closed": limit.Closed} {
		t.Run(name, func(t *testing.T) {
			c := setup(t)
			g := start(t, c.DSN(), failure)
			until(t, "the store admits", func() bool { return g.admitted.Load() > 200 })

			if err := c.Kill(); err != nil {
				t.Fatal(err)
			}
			before, down := g.admitted.Load(), g.down.Load()
			g.degraded.Store(0)
			until(t, "takes are decided without the store", func() bool { return g.degraded.Load() > 1500 })
			outage, refusedByClosed := g.admitted.Load()-before, g.down.Load()-down
			switch failure {
			case limit.Local:
				if outage > count/replicas+writers {
					t.Errorf("%d admitted without the store, want at most its share of %d", outage, count/replicas)
				}
			case limit.Open:
				if outage < 1400 || refusedByClosed > 0 {
					t.Errorf("%d admitted and %d refused without the store, want all admitted", outage, refusedByClosed)
				}
			case limit.Closed:
				if outage > writers || refusedByClosed < 1400 {
					t.Errorf("%d admitted and %d refused without the store, want none admitted", outage, refusedByClosed)
				}
			}

			if err := c.Restart(cluster.Immediate); err != nil {
				t.Fatal(err)
			}
			g.degraded.Store(0)
			until(t, "the quota in the store is spent", func() bool {
				if failure == limit.Closed {
					return g.refused.Load() > 100
				}
				without := g.degraded.Load()
				c, err := g.l.Take(t.Context(), "k", 0)
				return err == nil && c.Remaining() == 0 && c.Limit() == count && g.degraded.Load() == without
			})
			g.stop()
			g.wg.Wait()
			if err, ok := g.other.Load().(error); ok {
				t.Errorf("a take failed: %v", err)
			}
			if d := time.Duration(g.slowest.Load()); d > 5*time.Second {
				t.Errorf("a take took %v", d)
			}
			total := g.admitted.Load()
			if failure == limit.Closed && (total > count || total < count-4*writers) {
				t.Errorf("%d admitted through a crash, want %d: what is spent stays spent", total, count)
			}
			if bound := int64(count + count/replicas); failure == limit.Local && total > bound {
				t.Errorf("%d admitted, want at most %d", total, bound)
			}
			t.Logf("admitted %d (%d in the outage), refused %d, down %d, slowest %v", total, outage, g.refused.Load(), g.down.Load(), time.Duration(g.slowest.Load()))

			other := start(t, c.DSN(), limit.Closed) // another process, without what this one remembers
			until(t, "another process is refused too", func() bool { return other.refused.Load() > 20 })
			other.stop()
			other.wg.Wait()
			if n := other.admitted.Load(); n > 0 {
				t.Errorf("another process was admitted %d times", n)
			}
		})
	}
}
