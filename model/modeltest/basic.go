package modeltest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

func insertReadsBack(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	a := user{Email: "a@x", Name: "A"}
	ok(t, users.Insert(ctx, db, &a))
	b := user{Email: "b@x", Name: "B", Active: true, Score: new(1.5)}
	ok(t, users.Insert(ctx, db, &b))
	if a.ID == 0 || b.ID == a.ID {
		t.Errorf("keys after two inserts = %d, %d", a.ID, b.ID)
	}
	if a.Version != 1 || a.UpdatedAt.IsZero() || time.Since(a.CreatedAt) > time.Hour {
		t.Errorf("filled in: version %d, updated %v, created %v", a.Version, a.UpdatedAt, a.CreatedAt)
	}
	got, err := users.Find(ctx, db, b.ID)
	ok(t, err)
	if got.Score == nil || *got.Score != 1.5 || !got.Active || !got.CreatedAt.Equal(b.CreatedAt) || got.CreatedAt.Location() != time.UTC {
		t.Errorf("Find = %+v, want %+v", got, b)
	}
	err = users.Insert(ctx, db, &user{Email: "a@x"})
	if !errors.Is(err, model.ErrConflict) {
		t.Errorf("second row with the same email: %v, want ErrConflict", err)
	}
	err = posts.Insert(ctx, db, &post{UserID: 12345, Title: "t", Status: "s"})
	if !errors.Is(err, model.ErrForeignKey) {
		t.Errorf("post of nobody: %v, want ErrForeignKey", err)
	}
	err = posts.Insert(ctx, db, &post{UserID: a.ID, Likes: -1})
	if !errors.Is(err, model.ErrCheck) {
		t.Errorf("negative likes: %v, want ErrCheck", err)
	}
	for _, bad := range []string{"a\x00b", "a\xffb"} {
		if err := users.Insert(ctx, db, &user{Email: bad}); err == nil || !strings.Contains(err.Error(), "users.email") {
			t.Errorf("email %q: %v, want an error that names the column", bad, err)
		}
	}
}

func findByKey(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	a := addUser(t, db, "ann", 0, 0)
	got, err := users.Find(ctx, db, a.ID)
	if err != nil || got.Name != "ann" {
		t.Fatalf("Find = %+v, %v", got, err)
	}
	_, err = users.Find(ctx, db, int64(404))
	e, is := errors.AsType[*model.Error](err)
	if !is || !errors.Is(err, model.ErrNotFound) || e.Model != "users" || e.Key != int64(404) || e.HTTPStatus() != 404 {
		t.Errorf("Find of a missing row: %v", err)
	}
	if _, err := users.Find(ctx, db, int64(0)); !errors.Is(err, model.ErrNoKey) {
		t.Errorf("Find of key 0: %v, want ErrNoKey", err)
	}
	if _, err := users.Find(ctx, db, "1 OR 1=1"); err == nil {
		t.Error("Find took a string for an integer key")
	}
	list, err := users.Where(model.Eq(&u.Name, "nobody")).All(ctx, db)
	if err != nil || list == nil || len(list) != 0 {
		t.Errorf("All without rows = %v, %v, want an empty slice", list, err)
	}
	if _, err := users.Where(model.Eq(&u.Name, "nobody")).One(ctx, db); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("One without rows: %v", err)
	}
	addUser(t, db, "bob", 0, 0)
	if _, err := users.One(ctx, db); err == nil {
		t.Error("One took the first of two rows")
	}
	if first, err := users.First(ctx, db); err != nil || first.ID != a.ID {
		t.Errorf("First = %v, %v", first.ID, err)
	}
}

func updateNamed(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	a := addUser(t, db, "ann", 0, 0)
	a.Name, a.Active, a.Email = "", false, "changed@x"
	ok(t, users.Update(ctx, db, &a, &a.Name, &u.Active))
	got, err := users.Find(ctx, db, a.ID)
	ok(t, err)
	if got.Name != "" || got.Active || got.Email != "ann@example.com" || got.Version != 2 || a.Version != 2 {
		t.Errorf("after the update: %+v", got)
	}
	for name, f := range map[string]any{"key": &a.ID, "auto": &a.CreatedAt, "touch": &a.UpdatedAt, "lock": &a.Version, "string": "name", "foreign": &p.Title} {
		if err := users.Update(ctx, db, &a, f); err == nil {
			t.Errorf("an update of the %s passed", name)
		}
	}
	if err := users.Update(ctx, db, &a); err == nil {
		t.Error("an update without fields passed")
	}
	if err := users.Update(ctx, db, &user{Name: "x"}, &u.Name); !errors.Is(err, model.ErrNoKey) {
		t.Errorf("update of key 0: %v, want ErrNoKey", err)
	}
	if err := users.Update(ctx, db, &user{ID: 999, Version: 1}, &u.Name); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("update of a missing row: %v, want ErrNotFound", err)
	}
}

func staleVersion(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	a := addUser(t, db, "ann", 0, 0)
	b := a
	a.Name, b.Name = "first", "second"
	ok(t, users.Update(ctx, db, &a, &a.Name))
	if err := users.Update(ctx, db, &b, &b.Name); !errors.Is(err, model.ErrStale) {
		t.Errorf("second writer: %v, want ErrStale", err)
	}
	if err := users.Delete(ctx, db, &b); !errors.Is(err, model.ErrStale) {
		t.Errorf("second deleter: %v, want ErrStale", err)
	}
	ok(t, users.Delete(ctx, db, &a))
}

func softDelete(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	a := addUser(t, db, "ann", 2, 0)
	list, err := posts.OrderBy(model.Asc(&p.ID)).All(ctx, db)
	ok(t, err)
	x := list[0]
	ok(t, posts.Delete(ctx, db, &x))
	if x.DeletedAt == nil {
		t.Error("Delete did not read back deleted_at")
	}
	if _, err := posts.Find(ctx, db, x.ID); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("Find of a deleted row: %v", err)
	}
	if err := posts.Delete(ctx, db, &x); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("second Delete: %v", err)
	}
	if err := posts.Update(ctx, db, &x, &x.Title); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("Update of a deleted row: %v", err)
	}
	// An OR cannot reach over the soft delete.
	n, err := posts.Where(model.Or(model.Eq(&p.UserID, a.ID), model.Eq(&p.UserID, a.ID))).Count(ctx, db)
	if err != nil || n != 1 {
		t.Errorf("Count = %d, %v, want 1", n, err)
	}
	if n, _ := posts.Trashed().Count(ctx, db); n != 2 {
		t.Errorf("Trashed().Count = %d, want 2", n)
	}
	if n, _ := posts.OnlyTrashed().Count(ctx, db); n != 1 {
		t.Errorf("OnlyTrashed().Count = %d, want 1", n)
	}
	ok(t, posts.Restore(ctx, db, &x))
	if err := posts.Restore(ctx, db, &x); !errors.Is(err, model.ErrNotFound) || x.DeletedAt != nil {
		t.Errorf("second Restore: %v, deleted_at %v", err, x.DeletedAt)
	}
	ok(t, posts.Delete(ctx, db, &x))
	ok(t, posts.Destroy(ctx, db, &x))
	if n, _ := posts.Trashed().Count(ctx, db); n != 1 {
		t.Errorf("rows after Destroy = %d, want 1", n)
	}
}

func conditions(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	for i, s := range []*float64{nil, new(1.0), new(2.0), nil} {
		x := user{Email: string(rune('a'+i)) + "@x", Name: []string{"100%", "a_b", `c\d`, "plain"}[i], Score: s}
		ok(t, users.Insert(ctx, db, &x))
	}
	one := new(1.0)
	for _, c := range []struct {
		name string
		cond model.Cond
		want string
	}{
		{"Eq", model.Eq(&u.Name, "a_b"), "b"},
		{"Eq of a nullable", model.Eq(&u.Score, one), "b"},
		{"Ne includes NULL", model.Ne(&u.Score, one), "acd"},
		{"Not is the complement", model.Not(model.Eq(&u.Score, one)), "acd"},
		{"Not of a comparison", model.Not(model.Gt(&u.Score, one)), "abd"},
		{"Gt", model.Gt(&u.Score, one), "c"},
		{"Ge", model.Ge(&u.Score, one), "bc"},
		{"Lt", model.Lt(&u.Name, "a"), "a"},
		{"Between", model.Between(&u.Email, "b@x", "c@x"), "bc"},
		{"In", model.In(&u.Email, "a@x", "d@x", "z@x"), "ad"},
		{"In nothing", model.In(&u.Email), ""},
		{"Not In nothing", model.Not(model.In(&u.Email)), "abcd"},
		{"IsNull", model.IsNull(&u.Score), "ad"},
		{"And of none", model.And(), "abcd"},
		{"Or of none", model.Or(), ""},
		{"Or", model.Or(model.Eq(&u.Email, "a@x"), model.Eq(&u.Email, "b@x")), "ab"},
		{"percent is a character", model.Contains(&u.Name, "%"), "a"},
		{"underscore is a character", model.Contains(&u.Name, "_"), "b"},
		{"backslash is a character", model.Ends(&u.Name, `\d`), "c"},
		{"Starts", model.Starts(&u.Name, "1"), "a"},
		{"case counts", model.Contains(&u.Name, "PLAIN"), ""},
		{"empty Contains", model.Contains(&u.Name, ""), "abcd"},
		{"empty Ends", model.Ends(&u.Name, ""), "abcd"},
		{"SQL with a column", model.SQL("upper(?) = ?", &u.Name, "PLAIN"), "d"},
	} {
		list, err := users.Where(c.cond).OrderBy(model.Asc(&u.Email)).All(ctx, db)
		got := ""
		for _, x := range list {
			got += x.Email[:1]
		}
		if err != nil || got != c.want {
			t.Errorf("%s: rows %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	var local user
	for name, cond := range map[string]model.Cond{
		"nil value":           model.Eq(&u.Score, nil),
		"another model":       model.Eq(&p.Title, "x"),
		"a shadowed probe":    model.Eq(&local.Name, "x"),
		"too few arguments":   model.SQL("? = ?", 1),
		"too many arguments":  model.SQL("1 = 1", 1),
		"the zero condition":  {},
		"NUL in a value":      model.Eq(&u.Name, "\x00"),
		"NUL in a part":       model.Contains(&u.Name, "\x00"),
		"bad UTF-8 in a list": model.In(&u.Name, "\xff"),
	} {
		if list, err := users.Where(cond).All(ctx, db); err == nil {
			t.Errorf("%s: %d rows and no error", name, len(list))
		}
	}
}
