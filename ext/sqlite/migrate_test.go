package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate/migratetest"
)

func TestMain(m *testing.M) {
	migratetest.Child(sqlite.Open)
	os.Exit(m.Run())
}

// open returns a pool on a new file and the path of it.
func open(t *testing.T) (*model.Pool, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, path
}

func TestMigrate(t *testing.T) {
	migratetest.Run(t, func(t *testing.T) *model.Pool {
		db, _ := open(t)
		return db
	})
}

func TestMigrate_processes(t *testing.T) {
	rounds := 3
	if os.Getenv("GLUEFUL_LONG") != "" {
		rounds = 50
	}
	for range rounds {
		db, path := open(t)
		migratetest.Processes(t, db, path, " WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 300) SELECT max(n) FROM c")
		if t.Failed() {
			return
		}
	}
}
