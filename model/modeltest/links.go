package modeltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func pairs(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	addUser(t, db, "ann", 2, 0)
	x, err := posts.First(ctx, db)
	ok(t, err)
	var all []postTag
	for i := range 4 {
		y := tag{Name: fmt.Sprint("tag", i)}
		ok(t, tags.Insert(ctx, db, &y))
		all = append(all, postTag{ID: y.ID, Name: y.Name, Position: 10 - i})
	}
	expect := func(what, want string) {
		t.Helper()
		row, err := posts.With(&p.Tags).Find(ctx, db, x.ID)
		ok(t, err)
		list, _ := row.Tags.Loaded()
		got := ""
		for _, y := range list {
			got += fmt.Sprintf("%s:%d ", y.Name, y.Position)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	links := model.Pivot(&x, &x.Tags)
	ok(t, links.Attach(ctx, db, all[0], all[1], all[0]))
	expect("after Attach", "tag1:9 tag0:10 ")
	all[0].Position = 1
	ok(t, links.Attach(ctx, db, all[0]))
	expect("attached again", "tag0:1 tag1:9 ")
	ok(t, links.Toggle(ctx, db, all[1], all[2]))
	expect("after Toggle", "tag0:1 tag2:8 ")
	all[2].Position = 0
	ok(t, model.Pivot(&x, &p.Tags).Sync(ctx, db, all[2], all[3]))
	expect("after Sync", "tag2:0 tag3:7 ")
	ok(t, links.Detach(ctx, db, all[2], all[0]))
	expect("after Detach", "tag3:7 ")

	err = links.Attach(ctx, db, all[0], postTag{ID: 999})
	if !errors.Is(err, model.ErrNotFound) {
		t.Errorf("attach of a missing tag: %v, want ErrNotFound", err)
	}
	expect("after the failed Attach", "tag3:7 ")
	if err := links.Attach(ctx, db, postTag{}); !errors.Is(err, model.ErrNoKey) {
		t.Errorf("attach of key 0: %v, want ErrNoKey", err)
	}
	if err := model.Pivot(&x, &x.Comments).Attach(ctx, db); err == nil {
		t.Error("a HasMany has a pivot")
	}
	n, err := posts.Where(model.Has(&p.Tags, func(q model.Query[postTag]) model.Query[postTag] {
		return q.Where(model.Eq(&pt.Name, "tag3"), model.Gt(&pt.Position, 5))
	})).Count(ctx, db)
	if err != nil || n != 1 {
		t.Errorf("posts with the tag at a position > 5 = %d, %v", n, err)
	}
	if _, err := postTags.Where(model.Eq(&pt.Position, 1)).All(ctx, db); err == nil {
		t.Error("a pivot column was named outside its relation")
	}
	ok(t, links.Sync(ctx, db))
	expect("after Sync with nothing", "")
	ok(t, posts.Delete(ctx, db, &x))
	if err := links.Attach(ctx, db, all[0]); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("attach to a deleted post: %v, want ErrNotFound", err)
	}
}

func throughAndKind(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	ann := addUser(t, db, "ann", 2, 2)
	addUser(t, db, "bob", 0, 0)
	addUser(t, db, "cid", 1, 1)
	list, err := users.With(&u.Comments, &c.Post).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	for i, want := range []int{4, 0, 1} {
		got, loaded := list[i].Comments.Loaded()
		if !loaded || len(got) != want {
			t.Errorf("comments on %s's posts = %d, want %d", list[i].Name, len(got), want)
		}
		for _, x := range got {
			if y, _ := x.Post.Loaded(); y == nil || y.UserID != list[i].ID {
				t.Errorf("%s has a comment on post %v", list[i].Name, y)
			}
		}
	}
	// A deleted post hides its comments from whoever comes through it.
	x, err := posts.First(ctx, db)
	ok(t, err)
	ok(t, posts.Delete(ctx, db, &x))
	counted, err := users.WithCount(&u.Comments).Where(model.Has(&u.Comments)).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	if n, _ := counted[0].Comments.Count(); len(counted) != 2 || n != 2 {
		t.Errorf("%d users with comments, the first has %d", len(counted), n)
	}
	top, err := users.With(model.Constrain(&u.Comments, func(q model.Query[comment]) model.Query[comment] {
		return q.OrderBy(model.Desc(&c.ID)).Limit(1)
	})).Find(ctx, db, ann.ID)
	ok(t, err)
	if got, _ := top.Comments.Loaded(); len(got) != 1 || got[0].ID != 4 {
		t.Errorf("last comment through posts = %v, want 4", got)
	}

	ok(t, notes.InsertAll(ctx, db, []note{
		{Subject: "user", SubjectID: ann.ID, Body: "on ann"},
		{Subject: "post", SubjectID: 2, Body: "on a post"},
		{Subject: "post", SubjectID: ann.ID, Body: "on the deleted post"},
	}))
	got, err := users.With(&u.Notes).Find(ctx, db, ann.ID)
	ok(t, err)
	if ns, _ := got.Notes.Loaded(); len(ns) != 1 || ns[0].Body != "on ann" {
		t.Errorf("notes on ann = %+v", ns)
	}
	ns, err := notes.With(&n.Post).With(&n.User).OrderBy(model.Asc(&n.ID)).All(ctx, db)
	ok(t, err)
	for i, want := range []string{"user ann", "post 2", "nothing"} {
		what := "nothing"
		if y, _ := ns[i].Post.Loaded(); y != nil {
			what = fmt.Sprint("post ", y.ID)
		}
		if y, _ := ns[i].User.Loaded(); y != nil {
			what = "user " + y.Name
		}
		if what != want {
			t.Errorf("note %d is on %s, want %s", i, what, want)
		}
	}
	if n, err := posts.Where(model.Has(&p.Notes)).Count(ctx, db); err != nil || n != 1 {
		t.Errorf("posts with notes = %d, %v, want 1", n, err)
	}
	if n, err := notes.Where(model.Has(&n.User)).Count(ctx, db); err != nil || n != 1 {
		t.Errorf("notes on users = %d, %v, want 1", n, err)
	}
}

func compositeKeys(t *testing.T, db *model.Pool) {
	ctx := of(t.Context(), 1)
	var ds []doc
	var ls []line
	for tenant := range int64(3) {
		for number := range int64(4) {
			ds = append(ds, doc{Tenant: tenant, Number: number + 1, Title: fmt.Sprint(tenant, "/", number+1)})
			for i := range int(number) {
				ls = append(ls, line{Tenant: tenant, DocNumber: number + 1, Amount: i})
			}
		}
	}
	ok(t, docs.InsertAll(ctx, db, ds))
	ok(t, lines.InsertAll(ctx, db, ls))
	all, err := docs.Unscoped().With(model.Constrain(&d.Lines, model.Query[line].Unscoped)).All(ctx, db)
	ok(t, err)
	if len(all) != 12 {
		t.Fatalf("%d docs, want 12", len(all))
	}
	for _, x := range all {
		mine, _ := x.Lines.Loaded()
		if len(mine) != int(x.Number-1) {
			t.Errorf("doc %s has %d lines, want %d", x.Title, len(mine), x.Number-1)
		}
		for _, y := range mine {
			if y.Tenant != x.Tenant || y.DocNumber != x.Number {
				t.Errorf("doc %s has a line of %d/%d", x.Title, y.Tenant, y.DocNumber)
			}
		}
	}
	x, err := docs.Find(ctx, db, int64(1), int64(3))
	if err != nil || x.Title != "1/3" {
		t.Errorf("Find(1, 3) = %+v, %v", x, err)
	}
	x.Title = "new"
	ok(t, docs.Update(ctx, db, &x, &x.Title))
	if n, _ := docs.Unscoped().Where(model.Eq(&d.Title, "new")).Count(ctx, db); n != 1 {
		t.Errorf("an update by composite key changed %d rows", n)
	}
	if _, err := docs.Find(ctx, db, int64(1)); err == nil {
		t.Error("Find took half a key")
	}
	y, err := lines.With(&l.Doc).First(ctx, db)
	ok(t, err)
	if of, _ := y.Doc.Loaded(); of == nil || of.Tenant != 1 || of.Number != 2 {
		t.Errorf("doc of the first line = %+v", of)
	}
}
