package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// hooked is the tags table with hooks.
type hooked struct {
	ID   int64  `db:"id,pk"`
	Name string `db:"name"`
}

var (
	hookeds = model.Of[hooked]("tags")
	hk      = hookeds.Probe()
	called  []string
	refuse  error
)

func init() {
	every := model.Insert | model.Update | model.Delete | model.Destroy
	hookeds.Before(every, func(_ context.Context, _ model.DB, x *hooked) error {
		x.Name = strings.ToLower(x.Name)
		called = append(called, "before "+x.Name)
		return nil
	})
	hookeds.After(every, func(ctx context.Context, db model.DB, x *hooked) error {
		n, err := hookeds.Where(model.Eq(&hk.Name, x.Name)).Count(ctx, db)
		called = append(called, fmt.Sprint("after ", n))
		return errors.Join(err, refuse)
	})
	hookeds.AfterCommit(every, func(_ context.Context, x *hooked) { called = append(called, "committed") })
	hookeds.AfterRollback(every, func(_ context.Context, x *hooked) { called = append(called, "rolled back") })
}

func hooksRun(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(called, want) {
			t.Errorf("%s: hooks %q, want %q", what, called, want)
		}
		called = nil
	}
	called, refuse = nil, nil
	x := hooked{Name: "GO"}
	ok(t, hookeds.Insert(ctx, db, &x))
	expect("insert", "before go", "after 1", "committed")
	refuse = errors.New("refused")
	if err := hookeds.Insert(ctx, db, &hooked{Name: "SQL"}); !errors.Is(err, refuse) {
		t.Errorf("refused insert: %v", err)
	}
	expect("refused insert", "before sql", "after 1", "rolled back")
	refuse = nil
	if n, _ := hookeds.Count(ctx, db); n != 1 {
		t.Errorf("%d rows, want 1: a failing After undoes the write", n)
	}
	stop := errors.New("stop")
	err := db.Tx(ctx, func(db model.DB) error {
		ok(t, hookeds.InsertAll(ctx, db, []hooked{{Name: "A"}, {Name: "B"}}))
		x.Name = "Gopher"
		ok(t, hookeds.Update(ctx, db, &x, &x.Name))
		return stop
	})
	if !errors.Is(err, stop) {
		t.Error(err)
	}
	expect("a transaction rolled back", "before a", "before b", "after 1", "after 1", "before gopher", "after 1",
		"rolled back", "rolled back", "rolled back")
	one := hookeds.Where(model.Eq(&hk.Name, "go"))
	if _, err := one.Update(ctx, db, model.Set(&hk.Name, "x")); err == nil {
		t.Error("a write of many rows passed by the hooks")
	}
	if _, err := one.Delete(ctx, db); err == nil {
		t.Error("a delete of many rows passed by the hooks")
	}
	expect("refused writes of many rows")
	if n, err := one.WithoutHooks().Update(ctx, db, model.Set(&hk.Name, "x")); err != nil || n != 1 {
		t.Errorf("WithoutHooks = %d, %v", n, err)
	}
	expect("WithoutHooks")
}

func locking(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	x := addUser(t, db, "ann", 0, 0)
	for name, q := range map[string]model.Query[user]{"ForUpdate": users.ForUpdate(), "ForShare": users.ForShare(), "SkipLocked": users.SkipLocked()} {
		if _, err := q.Find(ctx, db, x.ID); err == nil {
			t.Errorf("%s passed outside a transaction", name)
		}
		ok(t, db.Tx(ctx, func(db model.DB) error {
			_, err := q.Find(ctx, db, x.ID)
			return err
		}))
	}
}

func scopes(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	mine, theirs := of(ctx, 1), of(ctx, 2)
	for _, tenant := range []int64{1, 2} {
		own := of(ctx, tenant)
		for number := range int64(3) {
			ok(t, docs.Insert(own, db, &doc{Tenant: tenant, Number: number + 1, Title: "t"}))
			ok(t, lines.Insert(own, db, &line{Tenant: tenant, DocNumber: number + 1, Amount: 1}))
		}
	}
	// A line of the other tenant that claims to be of a doc of ours.
	ok(t, lines.Insert(theirs, db, &line{Tenant: 2, DocNumber: 1, Amount: 100}))
	always := model.Or(model.Eq(&d.Title, "t"), model.SQL("1 = 1"))
	list, err := docs.Where(always).With(&d.Lines).WithCount(&d.Lines).All(mine, db)
	ok(t, err)
	if len(list) != 3 {
		t.Errorf("All = %d rows, want 3", len(list))
	}
	for _, x := range list {
		ls, _ := x.Lines.Loaded()
		n, _ := x.Lines.Count()
		if x.Tenant != 1 || len(ls) != 1 || n != 1 {
			t.Errorf("doc %d/%d with %d lines, counted %d", x.Tenant, x.Number, len(ls), n)
		}
	}
	foreign := doc{Tenant: 2, Number: 1, Title: "x"}
	for name, f := range map[string]func() error{
		"Find":    func() error { _, err := docs.Find(mine, db, int64(2), int64(1)); return err },
		"Update":  func() error { return docs.Update(mine, db, &foreign, &foreign.Title) },
		"Delete":  func() error { return docs.Delete(mine, db, &foreign) },
		"Destroy": func() error { return docs.Destroy(mine, db, &foreign) },
	} {
		if err := f(); !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%s of a foreign row: %v, want ErrNotFound", name, err)
		}
	}
	for name, f := range map[string]func(context.Context) error{
		"All":    func(ctx context.Context) error { _, err := docs.All(ctx, db); return err },
		"Count":  func(ctx context.Context) error { _, err := docs.Count(ctx, db); return err },
		"Update": func(ctx context.Context) error { return docs.Update(ctx, db, &foreign, &foreign.Title) },
		"Has": func(ctx context.Context) error {
			_, err := docs.Unscoped().Where(model.Has(&d.Lines)).All(ctx, db)
			return err
		},
	} {
		if err := f(ctx); !errors.Is(err, errNoTenant) {
			t.Errorf("%s without a tenant: %v, want a refusal", name, err)
		}
	}
	if n, err := docs.Where(always).Update(mine, db, model.Set(&d.Title, "u")); err != nil || n != 3 {
		t.Errorf("Update = %d, %v, want 3", n, err)
	}
	if n, err := docs.Where(model.Or(model.Eq(&d.Title, "u"), model.SQL("1 = 1"))).Delete(mine, db); err != nil || n != 3 {
		t.Errorf("Delete = %d, %v, want 3", n, err)
	}
	if n, _ := docs.Trashed().Unscoped().Count(ctx, db); n != 6 {
		t.Errorf("%d docs in all, want 6", n)
	}
	if n, err := lines.Where(model.Has(&l.Doc)).Count(mine, db); err != nil || n != 0 {
		t.Errorf("lines of deleted docs = %d, %v, want 0", n, err)
	}
	page, err := docs.Total().Page(mine, db)
	if err != nil || *page.Total != 0 || len(page.Items) != 0 {
		t.Errorf("page of deleted docs: %+v, %v", page, err)
	}
}

// crooked is the users table as it is not.
type crooked struct {
	ID      int64   `db:"id,pk"`
	Email   *string `db:"email"`
	Name    int     `db:"name,pk"`
	Active  bool    `db:"active,auto"`
	Score   float64 `db:"score"`
	Missing string  `db:"missing"`
}

type nowhere struct {
	ID int64 `db:"id,pk"`
}

// hasty reads a column that may be NULL into a field that cannot be.
type hasty struct {
	ID    int64   `db:"id,pk"`
	Score float64 `db:"score"`
}

func checkSchema(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	addUser(t, db, "ann", 0, 0)
	_, null := model.Of[hasty]("users").All(ctx, db)
	if null == nil || !strings.Contains(null.Error(), "users.score (field Score): NULL for a field of type float64") {
		t.Errorf("NULL for a float64: %v", null)
	}
	ok(t, model.Check(ctx, db, users, posts, comments, tags, postTags, notes, profiles, docs, lines))
	err := model.Check(ctx, db, model.Of[crooked]("users"), model.Of[nowhere]("nowhere"))
	if err == nil {
		t.Fatal("Check found nothing")
	}
	for _, want := range []string{
		"column users.email (field Email) is NOT NULL, but the field may be nil",
		"column users.name (field Name) is not in the primary key",
		"column users.name (field Name) has type text, which does not fit a int",
		"column users.active (field Active) has no default, but the field has the option auto",
		"column users.score (field Score) may be NULL, which a float64 cannot hold",
		"column users.missing (field Missing) does not exist",
		"column users.version is NOT NULL without a default, and modeltest.crooked has no field for it",
		"table nowhere does not exist",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check does not say %q", want)
		}
	}
	if t.Failed() {
		t.Logf("Check says:\n%v", err)
	}
}

func detached(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	for _, name := range []string{"ann", "bob"} {
		addUser(t, db, name, 2, 1)
	}
	list, err := users.With(&u.Posts, &p.Comments).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	x := list[1]
	ok(t, model.Detach(&x))
	gone := make(chan struct{})
	runtime.AddCleanup(&list[0], func(gone chan struct{}) { close(gone) }, gone)
	siblings, _ := list[0].Posts.Loaded()
	slab := make(chan struct{})
	runtime.AddCleanup(&siblings[0], func(slab chan struct{}) { close(slab) }, slab)
	b, err := json.Marshal(list[0])
	ok(t, err)
	list, siblings = nil, nil
	for _, free := range []chan struct{}{gone, slab} {
		collected := false
		for range 50 {
			runtime.GC()
			select {
			case <-free:
				collected = true
			default:
				runtime.Gosched()
				continue
			}
			break
		}
		if !collected {
			t.Error("a detached row holds the rows it was read with")
		}
	}
	ps, loaded := x.Posts.Loaded()
	if !loaded || len(ps) != 2 || ps[0].Title != "bob's post" {
		t.Fatalf("posts of the detached row = %v, %v", ps, loaded)
	}
	if cs, loaded := ps[1].Comments.Loaded(); !loaded || len(cs) != 1 {
		t.Errorf("comments of the detached row = %v, %v", cs, loaded)
	}
	if _, err := x.Comments.Load(ctx); !errors.Is(err, model.ErrNotLoaded) {
		t.Errorf("Load on a detached row: %v, want ErrNotLoaded", err)
	}
	var back user
	ok(t, json.Unmarshal(b, &back))
	if ps, loaded := back.Posts.Loaded(); !loaded || len(ps) != 2 || back.Name != "ann" {
		t.Errorf("decoded row = %+v", back)
	}
}
