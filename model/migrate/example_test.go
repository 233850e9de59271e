package migrate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing/fstest"

	"github.com/glueful/glueful-go/model/migrate"
	"github.com/glueful/glueful-go/model/postgres"
)

// A whole command: bring the database to the schema this program was built with.
func Example() {
	files := fstest.MapFS{ // in an app: embed.FS
		"0001_books.up.sql":   {Data: []byte("CREATE TABLE books (id bigserial PRIMARY KEY, title text NOT NULL)")},
		"0001_books.down.sql": {Data: []byte("DROP TABLE books")},
	}
	ctx := context.Background()
	db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	done, err := migrate.Set{{Name: "app", Files: files}}.Up(ctx, db)
	for _, m := range done {
		fmt.Println("applied", m)
	}
	if err != nil {
		log.Fatal(err)
	}
}
