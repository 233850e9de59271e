package sqlite_test

import (
	"testing"

	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/limittest"
	"github.com/glueful/glueful-go/limit/sqlstore"
	"github.com/glueful/glueful-go/model/migrate"
)

func TestLimit(t *testing.T) {
	db, _ := open(t)
	tables := migrate.Set{{Name: "limit", Files: sqlstore.Schema("sqlite")}}
	if _, err := tables.Up(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	s := &sqlstore.Store{DB: db.SQL(), Dialect: "sqlite"}
	limittest.Run(t, func(*testing.T) limit.Store { return s })
}
