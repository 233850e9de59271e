package migrate_test

import (
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate/migratetest"
	"github.com/glueful/glueful-go/model/postgres"
)

func TestMain(m *testing.M) {
	migratetest.Child(postgres.Open)
	os.Exit(m.Run())
}

// open returns a pool on a schema of its own and the DSN of it.
func open(t *testing.T) (*model.Pool, string) {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const hint = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	schema := "t_migrate_" + strings.ToLower(rand.Text()[:10])
	base, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		base.SQL().Exec("DROP SCHEMA " + schema + " CASCADE")
		base.Close()
	})
	if _, err := base.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	db, err := postgres.Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, u.String()
}

func TestMigrate(t *testing.T) {
	migratetest.Run(t, func(t *testing.T) *model.Pool {
		db, _ := open(t)
		return db
	})
}

func TestMigrate_processes(t *testing.T) {
	rounds := 4
	if os.Getenv("GLUEFUL_LONG") != "" {
		rounds = 50
	}
	for range rounds {
		db, dsn := open(t)
		migratetest.Processes(t, db, dsn, " SELECT pg_sleep(0.005)")
		if t.Failed() {
			return
		}
	}
}
