package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate"
)

func Example() {
	type book struct {
		ID    int64  `db:"id,pk"`
		Title string `db:"title"`
	}
	books := model.Of[book]("books")
	files := fstest.MapFS{ // in an app: embed.FS
		"0001_books.up.sql": {Data: []byte("CREATE TABLE books (id integer PRIMARY KEY, title text NOT NULL)")},
	}

	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	done, err := migrate.Set{{Name: "app", Files: files}}.Up(ctx, db)
	fmt.Println(done, err)
	err = books.Insert(ctx, db, &book{Title: "The Sea"})
	fmt.Println(err)
	found, err := books.Find(ctx, db, int64(1))
	fmt.Println(found.Title, err)
	// Output:
	// [app/0001_books] <nil>
	// <nil>
	// The Sea <nil>
}
