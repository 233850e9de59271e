package model_test

import (
	"context"
	"database/sql/driver"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

type (
	shelf struct {
		ID    int64  `db:"id,pk"`
		Name  string `db:"name"`
		Books model.Many[book]
	}
	book struct {
		ID        int64      `db:"id,pk"`
		Title     string     `db:"title"`
		Pages     int        `db:"pages"`
		Rating    *float64   `db:"rating"`
		Notes     string     `db:"notes,lazy"`
		ShelfID   int64      `db:"shelf_id"`
		UpdatedAt time.Time  `db:"updated_at,touch"`
		Version   int        `db:"version,lock"`
		DeletedAt *time.Time `db:"deleted_at,soft"`
		Shelf     model.One[shelf]
		Labels    model.Many[label]
	}
	label struct {
		ID   int64  `db:"id,pk"`
		Name string `db:"name"`
	}
)

var (
	shelves = model.Of[shelf]("shelves")
	books   = model.Of[book]("books")
	_       = model.Of[label]("labels")

	sh, bk = shelves.Probe(), books.Probe()

	_ = model.HasMany(&sh.Books, &bk.ShelfID)
	_ = model.BelongsTo(&bk.Shelf, &bk.ShelfID)
	_ = model.BelongsToMany(&bk.Labels, "book_labels", "book_id", "label_id")
)

var dialects = []model.Dialect{model.Postgres, model.SQLite}

// values are one choice of everything a caller can vary.
type values struct {
	s, s2  string
	n      int
	f      *float64
	list   []string
	id     int64
	cursor string
}

// statements runs every kind of statement with v; errors of empty answers are
// not of interest.
var statements = []struct {
	name string
	run  func(ctx context.Context, db model.DB, v values)
}{
	{"find", func(ctx context.Context, db model.DB, v values) { books.Find(ctx, db, v.id) }},
	{"all", func(ctx context.Context, db model.DB, v values) { books.All(ctx, db) }},
	{"conditions", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Eq(&bk.Title, v.s), model.Ne(&bk.Title, v.s2), model.Gt(&bk.Pages, v.n), model.Le(&bk.Pages, v.n),
			model.Ne(&bk.Rating, v.f), model.Not(model.IsNull(&bk.Rating)), model.Between(&bk.Pages, v.n, v.n)).All(ctx, db)
	}},
	{"or", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Or(model.Eq(&bk.Title, v.s), model.And(model.Eq(&bk.Title, v.s2), model.Lt(&bk.Pages, v.n)))).All(ctx, db)
	}},
	{"in", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.In(&bk.Title, v.list...)).All(ctx, db)
	}},
	{"like", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Contains(&bk.Title, v.s), model.Starts(&bk.Title, v.s), model.Ends(&bk.Title, v.s2)).All(ctx, db)
	}},
	{"sql", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.SQL("lower(?) = ? AND ? ?? 2", &bk.Title, v.s, v.n)).OrderBy(model.Desc(model.SQL("abs(?)", &bk.Pages))).All(ctx, db)
	}},
	{"order and limit", func(ctx context.Context, db model.DB, v values) {
		books.OrderBy(model.Asc(&bk.Rating), model.Desc(&bk.ID)).Limit(v.n).All(ctx, db)
	}},
	{"join", func(ctx context.Context, db model.DB, v values) {
		books.Join(&bk.Shelf).Where(model.Eq(&sh.Name, v.s)).OrderBy(model.Asc(&sh.Name)).All(ctx, db)
	}},
	{"has", func(ctx context.Context, db model.DB, v values) {
		shelves.Where(model.Has(&sh.Books, func(q model.Query[book]) model.Query[book] {
			return q.Where(model.Eq(&bk.Title, v.s), model.HasNot(&bk.Labels))
		})).All(ctx, db)
	}},
	{"subquery", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.InQuery(&bk.ShelfID, shelves.Where(model.Eq(&sh.Name, v.s)), &sh.ID)).All(ctx, db)
	}},
	{"first page", func(ctx context.Context, db model.DB, v values) { books.Keyset("", v.n).Page(ctx, db) }},
	{"next page", func(ctx context.Context, db model.DB, v values) {
		books.OrderBy(model.Desc(&bk.Rating), model.Asc(&bk.Title)).Keyset(v.cursor, v.n).Page(ctx, db)
	}},
	{"page by number", func(ctx context.Context, db model.DB, v values) { books.Offset(v.n, 10).Total().Page(ctx, db) }},
	{"count", func(ctx context.Context, db model.DB, v values) { books.Where(model.Eq(&bk.Title, v.s)).Count(ctx, db) }},
	{"exists", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Eq(&bk.Title, v.s)).Exists(ctx, db)
	}},
	{"pluck", func(ctx context.Context, db model.DB, v values) {
		model.Pluck(ctx, db, books.Where(model.Eq(&bk.Title, v.s)), &bk.Pages)
	}},
	{"sum", func(ctx context.Context, db model.DB, v values) { model.Sum(ctx, db, books.Limit(v.n), &bk.Pages) }},
	{"insert", func(ctx context.Context, db model.DB, v values) {
		books.Insert(ctx, db, &book{Title: v.s, Notes: v.s2, Pages: v.n, Rating: v.f})
	}},
	{"insert all", func(ctx context.Context, db model.DB, v values) {
		list := make([]shelf, len(v.list)+1)
		for i, s := range v.list {
			list[i].Name = s
		}
		shelves.InsertAll(ctx, db, list)
	}},
	{"upsert", func(ctx context.Context, db model.DB, v values) {
		books.Upsert(ctx, db, &book{Title: v.s, Pages: v.n, Rating: v.f}, model.On(&bk.Title), &bk.Rating)
	}},
	{"update", func(ctx context.Context, db model.DB, v values) {
		books.Update(ctx, db, &book{ID: v.id, Title: v.s, Rating: v.f, Version: v.n}, &bk.Title, &bk.Rating)
	}},
	{"delete", func(ctx context.Context, db model.DB, v values) { books.Delete(ctx, db, &book{ID: v.id, Version: v.n}) }},
	{"destroy", func(ctx context.Context, db model.DB, v values) {
		books.Destroy(ctx, db, &book{ID: v.id, Version: v.n})
	}},
	{"restore", func(ctx context.Context, db model.DB, v values) {
		books.Restore(ctx, db, &book{ID: v.id, Version: v.n})
	}},
	{"update many", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Eq(&bk.Title, v.s)).Update(ctx, db, model.Set(&bk.Rating, v.f), model.SetSQL(&bk.Pages, "? + ?", &bk.Pages, v.n))
	}},
	{"delete many", func(ctx context.Context, db model.DB, v values) {
		books.Where(model.Starts(&bk.Title, v.s)).Delete(ctx, db)
	}},
}

// record runs a statement against both dialects.
func record(t *testing.T, run func(context.Context, model.DB, values), v values, d model.Dialect) ([]string, [][]any) {
	r := &recorder{answer: types("id", "name")}
	run(t.Context(), r.db(t, d), v)
	texts, args := r.take()
	// The question for types is asked once and its text is a constant.
	i := slices.IndexFunc(texts, func(s string) bool { return strings.Contains(s, "pg_attribute") })
	if i >= 0 {
		texts, args = slices.Delete(texts, i, i+1), slices.Delete(args, i, i+1)
	}
	return texts, args
}

func TestStatementText(t *testing.T) {
	const marker = "1' OR \"1\"=1; --$1?"
	random := func() values {
		v := values{s: marker + fmt.Sprint(rand.Int()), s2: marker, n: 1 + rand.IntN(50), id: 1 + rand.Int64N(1000)}
		if rand.IntN(2) == 0 {
			v.f = new(rand.Float64())
		} else {
			v.f = new(-1.0)
		}
		for range rand.IntN(200) {
			v.list = append(v.list, marker+fmt.Sprint(rand.Int()))
		}
		v.cursor = cursorOf(t, v.f, v.s)
		if rand.IntN(2) == 0 {
			v.cursor = cursorOf(t, nil, v.s)
		}
		return v
	}
	var golden strings.Builder
	for _, st := range statements {
		for _, d := range dialects {
			first, _ := record(t, st.run, random(), d)
			if len(first) == 0 {
				t.Errorf("%s on %s runs nothing", st.name, d)
				continue
			}
			if st.name == "insert all" && d == model.SQLite {
				first = first[:1] // one statement a row
			}
			fmt.Fprintf(&golden, "%s, %s\n", st.name, d)
			for _, text := range first {
				fmt.Fprintf(&golden, "\t%s\n", text)
			}
			for range 50 {
				texts, _ := record(t, st.run, random(), d)
				for i, text := range texts {
					if text != first[min(i, len(first)-1)] {
						t.Errorf("%s on %s: the text depends on values:\n%s\n%s", st.name, d, text, first[min(i, len(first)-1)])
					}
					if strings.Contains(text, "OR \"1\"") || strings.Contains(text, "--") {
						t.Fatalf("%s on %s: a value is in the text: %s", st.name, d, text)
					}
				}
			}
		}
	}
	compare(t, "testdata/statements.txt", golden.String())
}

// cursorOf makes a cursor as a page would.
func cursorOf(t *testing.T, rating *float64, title string) string {
	t.Helper()
	page := pageOf(t, rating, title)
	if page.Next == "" {
		t.Fatal("no cursor")
	}
	return page.Next
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s differs at line %d; go test -run %s -update rewrites it\n got %q\nwant %q", file, i+1, t.Name(), g[min(i, len(g)-1)], w[min(i, len(w)-1)])
		}
	}
}

func TestQuery_branches(t *testing.T) {
	base := books.Where(model.Eq(&bk.Title, "base")).OrderBy(model.Asc(&bk.ID)).With(&bk.Shelf)
	for range 3 { // room for a shared backing array, if there were one
		base = base.Where(model.Gt(&bk.Pages, 1))
	}
	want, _ := record(t, func(ctx context.Context, db model.DB, _ values) { base.All(ctx, db) }, values{}, model.Postgres)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			q := base.Where(model.Eq(&bk.Pages, i)).OrderBy(model.Desc(&bk.Title)).With(&bk.Labels).Limit(i).Trashed().Strict()
			r := &recorder{}
			q.All(t.Context(), r.db(t, model.Postgres))
			_, args := r.take()
			if len(args) != 1 || fmt.Sprint(args[0][4:]) != fmt.Sprintf("[%d %d]", i, i) {
				t.Errorf("branch %d ran with %v", i, args)
			}
		})
	}
	wg.Wait()
	got, _ := record(t, func(ctx context.Context, db model.DB, _ values) { base.All(ctx, db) }, values{}, model.Postgres)
	if !slices.Equal(got, want) {
		t.Errorf("after branching: %q, want %q", got, want)
	}
	conds := []model.Cond{model.Eq(&bk.Title, "a"), model.Eq(&bk.Title, "b")}
	q, or := books.Where(conds...), books.Where(model.Or(conds...))
	conds[0] = model.Eq(&bk.Title, "changed")
	for _, q := range []model.Query[book]{q, or} {
		_, args := record(t, func(ctx context.Context, db model.DB, _ values) { q.All(ctx, db) }, values{}, model.Postgres)
		if fmt.Sprint(args[0]) != "[a b]" {
			t.Errorf("the query sees the caller's slice: %v", args)
		}
	}
}

func TestQuery_allocations(t *testing.T) {
	title, pages, rating := "title", 300, new(4.5)
	n := testing.AllocsPerRun(100, func() {
		_ = books.Where(model.Eq(&bk.Title, title), model.Gt(&bk.Pages, pages), model.Ne(&bk.Rating, rating), model.Contains(&bk.Title, title)).
			OrderBy(model.Asc(&bk.Title)).Limit(10)
	})
	if n > 10 && !raceEnabled {
		t.Errorf("a query with four conditions makes %v allocations, want at most 10", n)
	}
}

// pageOf reads a page of one row, and another behind it, from a recorder.
func pageOf(t *testing.T, rating *float64, title string) model.Page[book] {
	t.Helper()
	r := &recorder{answer: func(string) ([]string, [][]driver.Value) {
		row := []driver.Value{int64(1), title, int64(2), nil, "", int64(3), time.Unix(0, 0), int64(1), nil}
		if rating != nil {
			row[3] = *rating
		}
		return []string{"id", "title", "pages", "rating", "notes", "shelf_id", "updated_at", "version", "deleted_at"}, [][]driver.Value{row, row}
	}}
	page, err := books.OrderBy(model.Desc(&bk.Rating), model.Asc(&bk.Title)).Keyset("", 1).Page(t.Context(), r.db(t, model.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	return page
}
