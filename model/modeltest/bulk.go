package modeltest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func insertAll(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	list := make([]user, 0, 1203)
	for i := range 1203 {
		x := user{Email: fmt.Sprintf(`%d"\,{}'`, i), Name: "NULL", Active: i%2 == 0}
		if i%3 == 0 {
			x.Score = new(float64(i) / 7)
		}
		list = append(list, x)
	}
	ok(t, users.InsertAll(ctx, db, list))
	got, err := users.OrderBy(model.Asc(&u.ID)).All(ctx, db)
	ok(t, err)
	if len(got) != len(list) {
		t.Fatalf("%d rows, want %d", len(got), len(list))
	}
	for i, x := range got {
		y := list[i]
		score := x.Score == nil && y.Score == nil || x.Score != nil && y.Score != nil && *x.Score == *y.Score
		if x.ID != y.ID || x.Email != y.Email || x.Active != y.Active || !score || !x.CreatedAt.Equal(y.CreatedAt) || y.Version != 1 {
			t.Fatalf("row %d = %+v, want %+v", i, x, y)
		}
	}
	err = users.InsertAll(ctx, db, []user{{Email: "new"}, {Email: list[0].Email}})
	if !errors.Is(err, model.ErrConflict) {
		t.Errorf("a row that exists: %v, want ErrConflict", err)
	}
	if n, _ := users.Count(ctx, db); n != 1203 {
		t.Errorf("%d rows after a failed InsertAll, want 1203", n)
	}
	if err := users.InsertAll(ctx, db, []user{{Email: "a"}, {ID: 5, Email: "b"}}); err == nil {
		t.Error("InsertAll took keyed and keyless rows")
	}
	ok(t, users.InsertAll(ctx, db, nil))
	// As many keys as no parameter list can hold are one argument.
	keys := make([]int64, 70_000)
	for i := range keys {
		keys[i] = int64(i)
	}
	if n, err := users.Where(model.In(&u.ID, keys...)).Count(ctx, db); err != nil || n != 1203 {
		t.Errorf("In with 70,000 keys = %d, %v", n, err)
	}
}

func upsert(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	x := user{Email: "a@x", Name: "first", Bio: "kept"}
	ok(t, users.Upsert(ctx, db, &x, model.On(&u.Email)))
	y := user{Email: "a@x", Name: "second", Bio: "dropped"}
	ok(t, users.Upsert(ctx, db, &y, model.On(&u.Email), &y.Name))
	got, err := users.One(ctx, db)
	ok(t, err)
	if y.ID != x.ID || got.Name != "second" || got.Bio != "kept" || got.Version != 2 || y.Version != 2 {
		t.Errorf("after Upsert: row %+v, in memory %+v", got, y)
	}
	z := user{Email: "a@x", Name: "third"}
	ok(t, users.Upsert(ctx, db, &z, model.On(&u.Email)))
	if got, _ := users.One(ctx, db); got.Name != "third" || got.Bio != "" {
		t.Errorf("Upsert without fields: %+v", got)
	}
	if err := users.Upsert(ctx, db, &z, model.On()); err == nil {
		t.Error("Upsert on nothing passed")
	}
	mine, theirs := of(ctx, 1), of(ctx, 2)
	ok(t, docs.Insert(theirs, db, &doc{Tenant: 2, Number: 1, Title: "theirs"}))
	err = docs.Upsert(mine, db, &doc{Tenant: 2, Number: 1, Title: "taken"}, model.On(&d.Tenant, &d.Number))
	if !errors.Is(err, model.ErrConflict) {
		t.Errorf("Upsert over a foreign row: %v, want ErrConflict", err)
	}
	if row, err := docs.One(theirs, db); err != nil || row.Title != "theirs" {
		t.Errorf("the foreign row is %+v, %v", row, err)
	}
}

func setBased(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	addUser(t, db, "ann", 3, 0)
	addUser(t, db, "bob", 2, 0)
	draft := posts.Where(model.Eq(&p.Status, "draft"))
	count, err := draft.Where(model.Eq(&p.UserID, 1)).Update(ctx, db, model.Set(&p.Status, "out"), model.SetSQL(&p.Likes, "? + ?", &p.Likes, 7))
	if err != nil || count != 3 {
		t.Errorf("Update = %d, %v, want 3", count, err)
	}
	if sum, err := model.Sum(ctx, db, posts.Query, &p.Likes); err != nil || sum != 21 {
		t.Errorf("likes = %d, %v, want 21", sum, err)
	}
	none := []model.Query[post]{posts.Query, posts.Where(), posts.Where(model.And()), posts.Where(model.And(model.And()))}
	for i, q := range none {
		_, e1 := q.Update(ctx, db, model.Set(&p.Status, "x"))
		_, e2 := q.Delete(ctx, db)
		_, e3 := q.Destroy(ctx, db)
		for _, err := range []error{e1, e2, e3} {
			if !errors.Is(err, model.ErrUnbounded) {
				t.Errorf("write without a condition %d: %v, want ErrUnbounded", i, err)
			}
		}
	}
	if _, err := draft.Limit(1).Delete(ctx, db); err == nil {
		t.Error("a write took a limit")
	}
	if n, err := draft.Delete(ctx, db); err != nil || n != 2 {
		t.Errorf("Delete = %d, %v, want 2", n, err)
	}
	if n, err := draft.Delete(ctx, db); err != nil || n != 0 {
		t.Errorf("second Delete = %d, %v, want 0", n, err)
	}
	if n, err := draft.Restore(ctx, db); err != nil || n != 2 {
		t.Errorf("Restore = %d, %v, want 2", n, err)
	}
	// Two conditions on one column are two conditions.
	if n, err := posts.Where(model.Gt(&p.ID, 1), model.Lt(&p.ID, 3)).Destroy(ctx, db); err != nil || n != 1 {
		t.Errorf("Destroy between 1 and 3 = %d, %v, want 1", n, err)
	}
	if n, err := posts.Where(model.Has(&p.Author, func(q model.Query[user]) model.Query[user] {
		return q.Where(model.Eq(&u.Name, "bob"))
	})).Update(ctx, db, model.Set(&p.Title, "bob's")); err != nil || n != 2 {
		t.Errorf("Update through a relation = %d, %v, want 2", n, err)
	}
	if n, err := posts.Everything().Destroy(ctx, db); err != nil || n != 4 {
		t.Errorf("Everything().Destroy = %d, %v, want 4", n, err)
	}
	if n, err := users.Where(model.Eq(&u.Name, "ann")).Update(ctx, db, model.Set(&u.Name, "")); err != nil || n != 1 {
		t.Errorf("Update to zero = %d, %v", n, err)
	}
	if x, _ := users.First(ctx, db); x.Name != "" || x.Version != 2 {
		t.Errorf("after a set-based update: %+v", x)
	}
	if _, err := users.Everything().Update(ctx, db, model.Set(&u.Version, 1)); err == nil {
		t.Error("a set-based update wrote the lock column")
	}
}

func eachRow(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	list := make([]user, 2500)
	for i := range list {
		list[i] = user{Email: fmt.Sprint(i), Name: fmt.Sprint(i % 10)}
	}
	ok(t, users.InsertAll(ctx, db, list))
	for name, q := range map[string]model.Query[user]{
		"by key":       users.Query,
		"by name":      users.OrderBy(model.Desc(&u.Name)),
		"by a NULL":    users.OrderBy(model.Asc(&u.Score)),
		"with a limit": users.Limit(1700),
	} {
		want, err := q.OrderBy(model.Asc(&u.ID)).All(ctx, db)
		ok(t, err)
		var got []user
		for x, err := range q.Each(ctx, db) {
			ok(t, err)
			got = append(got, x)
		}
		same(t, name, got, want)
	}
	for x, err := range users.Each(ctx, db) {
		ok(t, err)
		if ps, err := x.Posts.Load(ctx); err != nil || len(ps) != 0 {
			t.Errorf("posts = %v, %v", ps, err)
		}
		break
	}
	for _, err := range users.Where(model.Eq(&p.Title, "x")).Each(ctx, db) {
		if err == nil {
			t.Error("Each over a wrong query yielded a row")
		}
	}
}

func aggregates(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	addUser(t, db, "ann", 3, 0)
	addUser(t, db, "bob", 2, 0)
	ok(t, exec1(db, "UPDATE posts SET likes = id * 10"))
	x, err := posts.Find(ctx, db, 3)
	ok(t, err)
	ok(t, posts.Delete(ctx, db, &x))
	titles, err := model.Pluck(ctx, db, posts.OrderBy(model.Desc(&p.ID)), &p.ID)
	if err != nil || !slices.Equal(titles, []int64{5, 4, 2, 1}) {
		t.Errorf("Pluck = %v, %v", titles, err)
	}
	names, err := model.Pluck(ctx, db, posts.Join(&p.Author).OrderBy(model.Asc(&u.Name), model.Asc(&p.ID)).Limit(3), &u.Name)
	if err != nil || !slices.Equal(names, []string{"ann", "ann", "bob"}) {
		t.Errorf("Pluck of a joined column = %v, %v", names, err)
	}
	sum, err1 := model.Sum(ctx, db, posts.Query, &p.Likes)
	least, err2 := model.Min(ctx, db, posts.Query, &p.Likes)
	most, err3 := model.Max(ctx, db, posts.Query, &p.Title)
	mean, err4 := model.Avg(ctx, db, posts.Query, &p.Likes)
	two, err5 := model.Sum(ctx, db, posts.OrderBy(model.Desc(&p.ID)).Limit(2), &p.Likes)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Error(err)
	}
	if sum != 120 || least != 10 || most != "bob's post" || mean != 30 || two != 90 {
		t.Errorf("sum %d, min %d, max %q, avg %v, sum of two %d", sum, least, most, mean, two)
	}
	nobody := posts.Where(model.Eq(&p.Status, "none"))
	if sum, err := model.Sum(ctx, db, nobody, &p.Likes); sum != 0 || err != nil {
		t.Errorf("sum of nothing = %d, %v", sum, err)
	}
	if _, err := model.Max(ctx, db, nobody, &p.Likes); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("max of nothing: %v, want ErrNotFound", err)
	}
	if yes, err := nobody.Exists(ctx, db); yes || err != nil {
		t.Errorf("Exists = %v, %v", yes, err)
	}
	if n, err := posts.Limit(3).Count(ctx, db); n != 3 || err != nil {
		t.Errorf("count of three = %d, %v", n, err)
	}
	type perAuthor struct {
		Name  string
		Posts int64
		Likes int64
		Best  int
	}
	rows, err := model.Group(ctx, db, posts.Join(&p.Author), func(r *perAuthor, g *model.Grouping) {
		g.By(&r.Name, &u.Name)
		g.Count(&r.Posts)
		g.Sum(&r.Likes, &p.Likes)
		g.Max(&r.Best, &p.Likes)
		g.OrderBy(model.Desc(&r.Likes))
	})
	if err != nil || !slices.Equal(rows, []perAuthor{{"bob", 2, 90, 50}, {"ann", 2, 30, 20}}) {
		t.Errorf("Group = %+v, %v", rows, err)
	}
	rows, err = model.Group(ctx, db, posts.Query, func(r *perAuthor, g *model.Grouping) {
		g.By(&r.Name, model.SQL("upper(?)", &p.Title))
		g.Count(&r.Posts)
		g.Having(model.SQL("sum(?) > ?", &p.Likes, 50))
	})
	if err != nil || !slices.Equal(rows, []perAuthor{{Name: "BOB'S POST", Posts: 2}}) {
		t.Errorf("Group by an expression = %+v, %v", rows, err)
	}
	in, err := users.Where(model.InQuery(&u.ID, posts.Where(model.Gt(&p.Likes, 30)), &p.UserID)).All(ctx, db)
	if err != nil || len(in) != 1 || in[0].Name != "bob" {
		t.Errorf("InQuery = %v, %v", in, err)
	}
}
