package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/modeltest"
)

func TestModel(t *testing.T) {
	modeltest.Run(t, func(t *testing.T) *model.Pool {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	})
}
