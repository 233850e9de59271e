package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model/postgres"
)

// testDSN returns the DSN of a schema of the test's own.
func testDSN(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const hint = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	schema := "t_postgres_" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() {
		db.SQL().Exec("DROP SCHEMA " + schema + " CASCADE")
		db.Close()
	})
	if _, err := db.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	q.Set("application_name", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestOpen_sslmode(t *testing.T) {
	t.Setenv("PGSSLMODE", "") // puts it back afterwards
	os.Unsetenv("PGSSLMODE")
	for _, dsn := range []string{
		"postgres://app:hunter2@db.example/shop",
		"postgresql://app:hunter2@db.example/shop?application_name=sslmode",
		"host=db.example password=hunter2",
		"",
	} {
		_, err := postgres.NewConnector(dsn)
		if err == nil || !strings.Contains(err.Error(), "add sslmode=verify-full") {
			t.Errorf("NewConnector(%q) = %v, want what to write", dsn, err)
		}
		if e := postgres.Listen(t.Context(), dsn, nil, "a"); e == nil || e.Error() != err.Error() {
			t.Errorf("Listen(%q) = %v", dsn, e)
		}
	}
	for _, dsn := range []string{
		"postgres://app:hunter2@db.example/shop?sslmode=nonsense",
		"postgres://app:hunter2@db.example:port/shop?sslmode=disable",
		"postgres://app:hunter2#@db.example/shop?sslmode=disable",
		"postgres://app:hunter2%zz@db.example/shop?sslmode=disable",
		"sslmode=disable password=a hunter2",
		"sslmode=disable password='hunter2",
	} {
		if _, err := postgres.NewConnector(dsn); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("NewConnector(%q) = %v, want an error without the password", dsn, err)
		}
	}
	for _, dsn := range []string{"postgres://db.example/shop?sslmode=verify-full", "host=db.example sslmode=disable"} {
		if _, err := postgres.NewConnector(dsn); err != nil {
			t.Errorf("NewConnector(%q) = %v", dsn, err)
		}
	}
}

func TestListen(t *testing.T) {
	dsn := testDSN(t)
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SQL().Exec("CREATE TABLE events (id bigserial PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(dsn)
	schema := u.Query().Get("search_path")
	channel := "events of " + schema
	q := u.Query()
	q.Set("application_name", schema+"_listener")
	u.RawQuery = q.Encode()

	ctx, cancel := context.WithCancel(t.Context())
	var seen, missed, told atomic.Int64
	done := make(chan error, 1)
	go func() {
		done <- postgres.Listen(ctx, u.String(), func(ctx context.Context, n postgres.Notice) {
			if n.Missed {
				missed.Add(1)
			} else {
				told.Add(1)
			}
			var rows int64
			if err := db.SQL().QueryRowContext(ctx, "SELECT count(*) FROM events").Scan(&rows); err == nil {
				seen.Store(rows)
			}
		}, channel)
	}()
	for missed.Load() == 0 {
		<-time.After(time.Millisecond)
	}
	const kills, each = 5, 40
	for k := range int64(kills) {
		// Notifications go on while the listener is cut off.
		for i := range each {
			if _, err := db.SQL().Exec("WITH e AS (INSERT INTO events DEFAULT VALUES) SELECT pg_notify($1, $2)", channel, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			if i == each/2 {
				db.SQL().Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", schema+"_listener")
			}
		}
		for end := time.Now().Add(5 * time.Second); missed.Load() < k+2 && time.Now().Before(end); {
			<-time.After(time.Millisecond)
		}
	}
	for end := time.Now().Add(3 * time.Second); seen.Load() != kills*each; {
		if time.Now().After(end) {
			t.Fatalf("the consumer knows of %d events, want %d", seen.Load(), kills*each)
		}
		<-time.After(time.Millisecond)
	}
	t.Logf("%d notifications and %d times missed for %d events", told.Load(), missed.Load(), kills*each)
	if told.Load() >= kills*each || missed.Load() < kills+1 {
		t.Error("no notification was lost: the test tested less than it says")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen = %v", err)
	}
}

func TestListen_refusals(t *testing.T) {
	for _, channels := range [][]string{nil, {""}, {"a\x00b"}, {strings.Repeat("a", 64)}} {
		err := postgres.Listen(t.Context(), "postgres://127.0.0.1/none?sslmode=disable", nil, channels...)
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("Listen to %q = %v", channels, err)
		}
	}
}

func ExampleNewConnector() {
	_, err := postgres.NewConnector("postgres://app@db.example/shop")
	fmt.Println(err)
	// Output:
	// postgres: the DSN does not say sslmode: add sslmode=verify-full (or sslmode=disable for a server on this machine)
}
