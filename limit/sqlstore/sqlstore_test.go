package sqlstore_test

import (
	"crypto/rand"
	"database/sql"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/limittest"
	"github.com/glueful/glueful-go/limit/sqlstore"
	_ "github.com/lib/pq"
)

// schema makes a schema of its own with the tables in it and returns a DSN for it.
func schema(t *testing.T) string {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const how = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "t_limit_" + strings.ToLower(rand.Text())
	run(t, admin, "CREATE SCHEMA "+name)
	t.Cleanup(func() {
		run(t, admin, "DROP SCHEMA "+name+" CASCADE")
		admin.Close()
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	db := open(t, u.String())
	run(t, db, text(t, "0001_limit.up.sql"))
	return u.String()
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(16)
	db.SetMaxOpenConns(16)
	t.Cleanup(func() { db.Close() })
	return db
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(sqlstore.Schema("postgres"), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func run(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func TestPostgres(t *testing.T) {
	s := &sqlstore.Store{DB: open(t, schema(t)), Dialect: "postgres"}
	limittest.Run(t, func(*testing.T) limit.Store { return s })
}
