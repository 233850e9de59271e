package model_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

type sleeper struct {
	ID   int64  `db:"id,pk"`
	Name string `db:"name"`
}

var sleepers = model.Of[sleeper]("sleepers")

// TestRead_cancelled cancels reads that wait in the server: each ends with its
// context's error, none runs on, and the pool is as good as before.
func TestRead_cancelled(t *testing.T) {
	db := openPostgres(t)
	for _, text := range []string{
		"CREATE TABLE sleepers (id bigserial PRIMARY KEY, name text NOT NULL)",
		"INSERT INTO sleepers (name) SELECT 'n' || i FROM generate_series(1, 1000) i",
	} {
		if _, err := db.SQL().ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := sleepers.Where(model.SQL("pg_sleep(10) IS NOT NULL")).All(ctx, db)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
				t.Errorf("cancelled read: %v after %v", err, time.Since(began))
			}
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(5 * time.Second); ; {
		var running int
		err := db.SQL().QueryRow("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%sleepers%pg_sleep%' AND pid <> pg_backend_pid()").Scan(&running)
		if err != nil {
			t.Fatal(err)
		}
		if running == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d cancelled reads are still running", running)
		}
	}
	list, err := sleepers.All(t.Context(), db)
	if err != nil || len(list) != 1000 {
		t.Errorf("after the cancels: %d rows, %v", len(list), err)
	}
	// A row that cannot be read ends the read and leaves the connection usable.
	type wrong struct {
		ID   int64 `db:"id,pk"`
		Name int   `db:"name"`
	}
	for range 30 {
		if _, err := model.Of[wrong]("sleepers").All(t.Context(), db); err == nil {
			t.Fatal("a name was read as a number")
		}
	}
	if n := db.SQL().Stats().OpenConnections; n > 20 {
		t.Errorf("%d connections are open", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sleepers.All(ctx, db); !errors.Is(err, context.Canceled) {
		t.Errorf("read under a cancelled context: %v", err)
	}
	if err := sleepers.Insert(ctx, db, &sleeper{Name: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("insert under a cancelled context: %v", err)
	}
}
