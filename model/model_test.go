package model_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

type embedded struct {
	ID int64 `db:"id,pk"`
}

func TestOf_mistakes(t *testing.T) {
	for name, c := range map[string]struct {
		declare func()
		want    string
	}{
		"a table name that needs quoting": {func() { model.Of[embedded]("Users; drop") }, "not a table name"},
		"a NUL in a name":                 {func() { model.Of[embedded]("a\x00b") }, "not a table name"},
		"no column":                       {func() { model.Of[struct{ A int }]("a") }, "no field with a db tag"},
		"not a struct":                    {func() { model.Of[int]("a") }, "not a struct"},
		"a column name with a quote": {func() {
			model.Of[struct {
				A int `db:"a\"b"`
			}]("a")
		}, "not a column name"},
		"an unknown option": {func() {
			model.Of[struct {
				A int `db:"a,primary"`
			}]("a")
		}, `unknown option "primary"`},
		"a column twice": {func() {
			model.Of[struct {
				A int `db:"a"`
				B int `db:"a"`
			}]("a")
		}, "declared twice"},
		"a column without size": {func() {
			model.Of[struct {
				A struct{} `db:"a"`
			}]("a")
		}, "without size"},
		"an embedded pointer": {func() {
			model.Of[struct{ *embedded }]("a")
		}, "embeds a pointer"},
		"an unexported column": {func() {
			model.Of[struct {
				a int `db:"a"`
			}]("a")
		}, "not exported"},
		"a type no database has": {func() {
			model.Of[struct {
				A chan int `db:"a"`
			}]("a")
		}, "no way to read"},
		"a soft column that cannot be NULL": {func() {
			model.Of[struct {
				A time.Time `db:"a,soft"`
			}]("a")
		}, "soft column is a *time.Time"},
		"a nullable key": {func() {
			model.Of[struct {
				A *int `db:"a,pk"`
			}]("a")
		}, "a key is neither"},
		"a relation declared twice":  {func() { model.HasMany(&sh.Books, &bk.ShelfID) }, "declared twice"},
		"a relation of no probe":     {func() { model.HasMany(&new(shelf).Books, &bk.ShelfID) }, "not the address of a relation"},
		"a pivot that needs quoting": {func() { model.BelongsToMany(&bk.Labels, `a"b`, "c", "d") }, "is not a name"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, c.want) || !strings.HasPrefix(got, "model: ") {
					t.Errorf("panic %q, want one with %q", got, c.want)
				}
			}()
			c.declare()
		})
	}
}

type (
	crate struct {
		ID      int64  `db:"id,pk"`
		OwnerID int64  `db:"owner_id"`
		Tag     string `db:"tag"`
		Owner   model.One[stranger]
		Items   model.Many[crate]
	}
	stranger struct{ ID int64 }
)

func TestRelation_mistakes(t *testing.T) {
	crates := model.Of[crate]("crates")
	c := crates.Probe()
	model.BelongsTo(&c.Owner, &c.OwnerID)
	model.HasMany(&c.Items, &c.Tag)
	db := new(recorder).db(t, model.SQLite)
	for want, q := range map[string]model.Query[crate]{
		"model_test.stranger has no model":             crates.With(&c.Owner),
		"crates.id is a int64 and crates.tag a string": crates.With(&c.Items),
		"is no relation of crates":                     crates.With(&sh.Books),
		"does not name a relation":                     crates.With("owner"),
		"not the address of a relation":                crates.With(&c.Tag),
		"column books.title is not in this query":      crates.OrderBy(model.Asc(&bk.Title)),
		"a limit of -1":                                crates.Limit(-1),
		"has no soft column":                           crates.OnlyTrashed(),
		"order by a field address or by SQL":           crates.OrderBy(model.Asc(model.Eq(&c.Tag, ""))),
	} {
		if _, err := q.Where(model.Has(&c.Items)).All(t.Context(), db); err == nil {
			t.Errorf("no error, want %q", want)
		}
		if _, err := q.All(t.Context(), db); err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	for want, q := range map[string]model.Query[shelf]{
		"cannot be joined":           shelves.Join(&sh.Books),
		"only conditions can narrow": shelves.Where(model.Has(&sh.Books, func(q model.Query[book]) model.Query[book] { return q.Limit(1) })),
		"narrowed by a query on":     shelves.Where(model.Has(&sh.Books, func(model.Query[book]) model.Query[book] { return crateBooks.Query })),
	} {
		if _, err := q.All(t.Context(), db); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

var crateBooks = model.Of[book]("other_books")

func TestScope_error(t *testing.T) {
	refused := errors.New("refused")
	type secret struct {
		ID int64 `db:"id,pk"`
	}
	secrets := model.Of[secret]("secrets")
	secrets.Scope(func(context.Context) (model.Cond, error) { return model.Cond{}, refused })
	r := &recorder{}
	db := r.db(t, model.Postgres)
	_, err := secrets.All(t.Context(), db)
	_, err2 := secrets.Everything().Delete(t.Context(), db)
	if !errors.Is(err, refused) || !errors.Is(err2, refused) {
		t.Errorf("All: %v, Delete: %v, want the scope's refusal", err, err2)
	}
	if texts, _ := r.take(); len(texts) > 0 {
		t.Errorf("the database was asked: %q", texts)
	}
}
