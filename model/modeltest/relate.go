package modeltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func siblings(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	for _, name := range []string{"ann", "bob", "cid"} {
		addUser(t, db, name, 2, 3)
	}
	list, err := users.OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	if _, loaded := list[0].Posts.Loaded(); loaded {
		t.Error("posts are loaded before anybody asked")
	}
	slices.Reverse(list) // what the caller does to the slice must not matter
	for _, x := range list {
		mine, err := x.Posts.Load(ctx)
		ok(t, err)
		if len(mine) != 2 {
			t.Errorf("%s has %d posts, want 2", x.Name, len(mine))
		}
		for _, y := range mine {
			if y.Title != x.Name+"'s post" {
				t.Errorf("%s got %q", x.Name, y.Title)
			}
			cs, err := y.Comments.Load(ctx)
			if err != nil || len(cs) != 3 {
				t.Errorf("comments = %d, %v, want 3", len(cs), err)
			}
		}
	}
	if _, loaded := list[1].Posts.Loaded(); !loaded {
		t.Error("a sibling's posts are not loaded")
	}
	var zero user
	if _, err := zero.Posts.Load(ctx); !errors.Is(err, model.ErrNotLoaded) {
		t.Errorf("Load on a row from nowhere: %v", err)
	}
	strict, err := users.Strict().With(&u.Posts).All(ctx, db)
	ok(t, err)
	if _, err := strict[0].Posts.Load(ctx); err != nil {
		t.Errorf("Strict and loaded: %v", err)
	}
	if _, err := strict[0].Profile.Load(ctx); !errors.Is(err, model.ErrNotLoaded) {
		t.Errorf("Strict and not loaded: %v", err)
	}
	mine, _ := strict[0].Posts.Loaded()
	if _, err := mine[0].Comments.Load(ctx); !errors.Is(err, model.ErrNotLoaded) {
		t.Errorf("Strict reaches related rows: %v", err)
	}
}

func eager(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	ann := addUser(t, db, "ann", 3, 2)
	bob := addUser(t, db, "bob", 1, 0)
	bob.BossID = &ann.ID
	ok(t, users.Update(ctx, db, &bob, &bob.BossID))
	ok(t, exec1(db, "UPDATE posts SET deleted_at = CURRENT_TIMESTAMP WHERE id = 1"))

	list, err := users.With(&u.Posts, &p.Comments).With(&u.Boss).With(&u.Reports).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	mine, _ := list[0].Posts.Loaded()
	if len(mine) != 2 {
		t.Fatalf("ann has %d posts, want 2: one is deleted", len(mine))
	}
	if cs, loaded := mine[0].Comments.Loaded(); !loaded || len(cs) != 2 {
		t.Errorf("comments = %d, %v", len(cs), loaded)
	}
	if boss, loaded := list[0].Boss.Loaded(); !loaded || boss != nil {
		t.Errorf("ann's boss = %v, %v, want none", boss, loaded)
	}
	if boss, _ := list[1].Boss.Loaded(); boss == nil || boss.Name != "ann" {
		t.Errorf("bob's boss = %v, want ann", boss)
	}
	if rs, _ := list[0].Reports.Loaded(); len(rs) != 1 || rs[0].Name != "bob" {
		t.Errorf("ann's reports = %v", rs)
	}
	top, err := users.With(model.Constrain(&u.Posts, func(q model.Query[post]) model.Query[post] {
		return q.OrderBy(model.Desc(&p.ID)).Limit(1)
	})).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	for i, want := range []int64{3, 4} {
		if ps, _ := top[i].Posts.Loaded(); len(ps) != 1 || ps[0].ID != want {
			t.Errorf("top post of %s = %v, want %d", top[i].Name, ps, want)
		}
	}
	has, err := users.Where(model.Has(&u.Posts, func(q model.Query[post]) model.Query[post] {
		return q.Where(model.Has(&p.Comments))
	})).All(ctx, db)
	if err != nil || len(has) != 1 || has[0].Name != "ann" {
		t.Errorf("users with commented posts = %v, %v", has, err)
	}
	counted, err := users.WithCount(&u.Posts).OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	if n, ok := counted[0].Posts.Count(); !ok || n != 2 {
		t.Errorf("counted posts = %d, %v, want 2", n, ok)
	}
	b, err := json.Marshal(mine[0])
	ok(t, err)
	if s := string(b); !strings.Contains(s, `"comments":[{`) || strings.Contains(s, `"author"`) {
		t.Errorf("marshalled: %s", s)
	}
	joined, err := posts.Join(&p.Author).Where(model.Eq(&u.Name, "bob")).All(ctx, db)
	if err != nil || len(joined) != 1 {
		t.Errorf("posts joined to bob = %d, %v", len(joined), err)
	}
}

// loopBudget is the N+1-shaped loop.
func loopBudget(t *testing.T, db *model.Pool) {
	for i := range 20 {
		addUser(t, db, fmt.Sprint(i), 3, 2)
	}
	for name, q := range map[string]model.Query[user]{"lazy": users.Query, "eager": users.With(&u.Posts, &p.Comments)} {
		ctx, tally := new(model.Guard).Watch(t.Context())
		list, err := q.All(ctx, db)
		ok(t, err)
		seen := 0
		for _, x := range list {
			ps, err := x.Posts.Load(ctx)
			ok(t, err)
			for _, y := range ps {
				cs, err := y.Comments.Load(ctx)
				ok(t, err)
				seen += len(cs)
			}
		}
		if seen != 120 || tally.Total() != 3 {
			t.Errorf("%s: %d comments with %d statements, want 120 with 3", name, seen, tally.Total())
		}
	}
	ctx, tally := new(model.Guard).Watch(t.Context())
	_, err := users.Find(ctx, db, 1)
	ok(t, err)
	ok(t, users.Insert(ctx, db, &user{Email: "new"}))
	if tally.Total() != 2 {
		t.Errorf("a find and an insert made %d statements", tally.Total())
	}
}
