package sqlstore_test

import (
	"crypto/rand"
	"database/sql"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/lib/pq"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
	"github.com/glueful/glueful-go/cachehttp/sqlstore"
)

// database returns a new schema of the test database, and how to reach it.
func database(t *testing.T) (db *sql.DB, dsn string) {
	t.Helper()
	dsn = os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const how = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	admin := open(t, dsn)
	name := "t_cachehttp_" + strings.ToLower(rand.Text())
	mustExec(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() { mustExec(t, admin, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	db = open(t, u.String())
	mustExec(t, db, migration(t, "postgres", "up"))
	return db, u.String()
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func migration(t *testing.T, dialect, direction string) string {
	t.Helper()
	b, err := fs.ReadFile(sqlstore.Schema(dialect), "0001_cachehttp."+direction+".sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStore_suite(t *testing.T) {
	db, _ := database(t)
	cachetest.Run(t, func(*testing.T) cachehttp.Store { return &sqlstore.Store{DB: db, Dialect: "postgres"} })
}
