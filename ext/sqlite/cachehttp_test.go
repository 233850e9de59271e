package sqlite_test

import (
	"database/sql"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
	cachestore "github.com/glueful/glueful-go/cachehttp/sqlstore"
)

// migrateCache runs a migration one statement at a time.
func migrateCache(t *testing.T, db *sql.DB, direction string) {
	t.Helper()
	b, err := fs.ReadFile(cachestore.Schema("sqlite"), "0001_cachehttp."+direction+".sql")
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(strings.TrimSuffix(string(b), ";\n"), ";\n") {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCachehttp(t *testing.T) {
	db, _ := open(t)
	for _, direction := range []string{"up", "down", "up"} {
		migrateCache(t, db.SQL(), direction)
	}
	s := &cachestore.Store{DB: db.SQL(), Dialect: "sqlite"}
	cachetest.Run(t, func(*testing.T) cachehttp.Store { return s })
	if err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCachehttp_feed(t *testing.T) {
	db, _ := open(t)
	migrateCache(t, db.SQL(), "up")
	f := &cachestore.Feed{DB: db.SQL(), Dialect: "sqlite", Poll: 5 * time.Millisecond}
	got := make(chan cachehttp.Purge, 9)
	go f.Follow(t.Context(), func(p cachehttp.Purge) { got <- p })
	if p := <-got; len(p.Tags) != 0 {
		t.Errorf("got %v before it caught up", p)
	}
	for _, soft := range []bool{false, true} {
		if err := f.Publish(t.Context(), cachehttp.Purge{Tags: []string{"x"}, Soft: soft}); err != nil {
			t.Fatal(err)
		}
		if p := <-got; p.Tags[0] != "x" || p.Soft != soft {
			t.Errorf("got %v", p)
		}
	}
}
