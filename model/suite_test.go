package model_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/modeltest"
	"github.com/glueful/glueful-go/model/postgres"
)

func TestPostgres(t *testing.T) {
	modeltest.Run(t, func(t *testing.T) *model.Pool { return openPostgres(t) })
}

// openPostgres opens a schema of the test's own.
func openPostgres(t testing.TB) *model.Pool {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const hint = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	schema := "t_model_" + strings.ToLower(rand.Text())
	admin, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.SQL().Exec("CREATE SCHEMA " + schema); err != nil {
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
	t.Cleanup(func() {
		_, err := db.SQL().ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return db
}
