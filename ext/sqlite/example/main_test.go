package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/gluefultest"
)

type book struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	Pages int    `json:"pages"`
}

type page struct {
	Data        []book         `json:"data"`
	Meta, Links map[string]any `json:",omitempty"`
}

func TestProgram(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "books.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SQL().ExecContext(t.Context(), `CREATE TABLE books (id integer PRIMARY KEY, title text NOT NULL, pages integer NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	Routes(m, db)

	made := gluefultest.Post[book](t, m, "/books", NewBook{Title: " Emma ", Pages: 474})
	if made != (book{1, "Emma", 474}) {
		t.Errorf("made %+v", made)
	}
	if shown := gluefultest.Get[book](t, m, "/books/1"); shown != made {
		t.Errorf("shown %+v", shown)
	}
	if list := gluefultest.Get[page](t, m, "/books?page[size]=10"); len(list.Data) != 1 || list.Data[0] != made {
		t.Errorf("listed %+v", list)
	}
	gluefultest.Refused(t, m, "POST", "/books", NewBook{}, 422).At("#/title", "required").At("#/pages", "min")
	gluefultest.Refused(t, m, "GET", "/books/2", nil, 404)
	gluefultest.Refused(t, m, "GET", "/books?colour=red", nil, 400)
}

// lines counts what is not blank.
func lines(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}

func TestProgram_isShort(t *testing.T) {
	data, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	program := string(data)
	if n := lines(program); n > 60 {
		t.Errorf("the program has %d lines, want at most 60", n)
	}
	from, to := strings.Index(program, "type Book struct"), strings.Index(program, "func main()")
	if n := lines(program[from:to]); n > 36 {
		t.Errorf("the resource has %d lines, want at most 36", n)
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+program+"```") {
		t.Error("README.md does not show this program")
	}
}
