package sqlite_test

import (
	"io/fs"
	"testing"

	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/limittest"
	"github.com/glueful/glueful-go/limit/sqlstore"
)

func TestLimit(t *testing.T) {
	db, _ := open(t)
	b, err := fs.ReadFile(sqlstore.Schema("sqlite"), "0001_limit.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.SQL().Exec(string(b)); err != nil {
		t.Fatal(err)
	}
	s := &sqlstore.Store{DB: db.SQL(), Dialect: "sqlite"}
	limittest.Run(t, func(*testing.T) limit.Store { return s })
}
