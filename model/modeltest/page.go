package modeltest

import (
	"context"
	"fmt"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func exec1(db *model.Pool, text string) error {
	_, err := db.SQL().ExecContext(context.Background(), text)
	return err
}

func keysetPages(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	for i := range 23 {
		x := user{Email: fmt.Sprint(i), Name: fmt.Sprint(i % 3)}
		if i%4 > 0 {
			x.Score = new(float64(i % 5))
		}
		ok(t, users.Insert(ctx, db, &x))
	}
	orders := map[string][]model.Order{
		"by key":             nil,
		"by name":            {model.Asc(&u.Name)},
		"by name backwards":  {model.Desc(&u.Name)},
		"mixed":              {model.Desc(&u.Name), model.Asc(&u.Email)},
		"by a nullable":      {model.Asc(&u.Score)},
		"by a nullable down": {model.Desc(&u.Score), model.Asc(&u.Name)},
		"by time":            {model.Desc(&u.CreatedAt)},
	}
	for name, order := range orders {
		q := users.OrderBy(order...)
		want, err := q.OrderBy(model.Asc(&u.ID)).All(ctx, db)
		ok(t, err)
		var got []user
		cursor, back := "", ""
		for range 20 {
			page, err := q.Keyset(cursor, 5).Total().Page(ctx, db)
			ok(t, err)
			if *page.Total != 23 || page.Size != 5 || page.Number != 0 || page.More != (page.Next != "") {
				t.Fatalf("%s: page %+v", name, page)
			}
			got, back = append(got, page.Items...), page.Prev
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		same(t, name, got, want)
		last := len(got) - (len(got)-1)%5 - 1
		for range 20 {
			if back == "" {
				break
			}
			page, err := q.Keyset(back, 5).Page(ctx, db)
			ok(t, err)
			last -= len(page.Items)
			same(t, name+" going back", page.Items, want[max(last, 0):last+len(page.Items)])
			back = page.Prev
		}
		if last != 0 {
			t.Errorf("%s: going back ended before row %d", name, last)
		}
	}
	page, err := users.Offset(2, 10).Page(ctx, db)
	if err != nil || len(page.Items) != 10 || page.Number != 2 || !page.More || page.Items[0].ID != 11 {
		t.Errorf("second page of ten: %d rows, %+v, %v", len(page.Items), page.Number, err)
	}
	next, err := users.Keyset("", 3).Page(ctx, db)
	ok(t, err)
	for name, q := range map[string]model.Query[user]{
		"garbage":                users.Keyset("garbage!", 5),
		"not a cursor":           users.Keyset("e30", 5),
		"of another order":       users.OrderBy(model.Asc(&u.Name)).Keyset(next.Next, 5),
		"page zero":              users.Offset(0, 5),
		"a page beyond the cap":  users.Offset(1_000_000, 1000),
		"a page beyond integers": users.Offset(1<<62, 1000),
	} {
		_, err := q.Page(ctx, db)
		if e, is := err.(interface{ HTTPStatus() int }); !is || e.HTTPStatus() != 400 {
			t.Errorf("%s: %v, want an error with status 400", name, err)
		}
	}
}

func same(t *testing.T, name string, got, want []user) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
	}
	for i := range got {
		if got[i].ID != want[i].ID {
			t.Fatalf("%s: row %d is %d, want %d", name, i, got[i].ID, want[i].ID)
		}
	}
}

// asked is what package project makes of a query string.
type asked struct {
	reads [][]any
}

func (a asked) Reads(probe any) [][]any { return a.reads }

func (a asked) Terms(yield func(field any, op string, args []any) bool) {
	_ = yield(&u.Name, "in", []any{"ann", "bob"}) && yield(&u.Active, "eq", []any{true})
}

func (a asked) Order(yield func(field any, desc bool) bool) { yield(&u.Name, true) }

func (a asked) Window() (int, string, bool) { return 1, "", true }

// seeker asks for the second page of those whose name contains a text, whatever
// its case, or who are named cid and not active, of whom there is none.
type seeker string

func (s seeker) Reads(probe any) [][]any { return nil }

func (s seeker) Terms(yield func(field any, op string, args []any) bool) {
	found := func(yield func(any, string, []any) bool) { yield(&u.Name, "search", []any{string(s)}) }
	both := func(yield func(any, string, []any) bool) {
		_ = yield(&u.Name, "eq", []any{"cid"}) && yield(model.Eq(&u.Active, false), "", nil)
	}
	yield(nil, "or", []any{found, both})
}

func (s seeker) Window() (int, string, bool) { return 1, "", false }

func (s seeker) PageNumber() int { return 2 }

func projection(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	for _, name := range []string{"ann", "bob", "cid"} {
		x := addUser(t, db, name, 1, 1)
		x.Bio = "bio of " + name
		ok(t, users.Update(ctx, db, &x, &x.Bio))
	}
	page, err := users.For(asked{[][]any{{&u.Name}, {&u.Posts}, {&u.Posts, &p.Comments, &c.Body}}}).Page(ctx, db)
	ok(t, err)
	if len(page.Items) != 1 || page.Items[0].Name != "bob" || *page.Total != 2 || !page.More {
		t.Fatalf("page = %+v", page)
	}
	x := page.Items[0]
	if x.Bio != "" || x.Email == "" {
		t.Errorf("lazy bio %q was read, or email %q was not", x.Bio, x.Email)
	}
	ps, loaded := x.Posts.Loaded()
	if !loaded || len(ps) != 1 {
		t.Fatalf("posts = %v, %v", ps, loaded)
	}
	if cs, loaded := ps[0].Comments.Loaded(); !loaded || cs[0].Body != "on bob's post" {
		t.Errorf("comments = %v, %v", cs, loaded)
	}
	for text, want := range map[string]int64{"BO": 1, "N": 1, "%": 0, "_": 0, "": 3} {
		if n, err := users.For(seeker(text)).Count(ctx, db); err != nil || n != want {
			t.Errorf("search for %q: %d rows, want %d, %v", text, n, want, err)
		}
	}
	page, err = users.For(seeker("")).Page(ctx, db)
	ok(t, err)
	if page.Number != 2 || len(page.Items) != 1 || page.Items[0].Name != "bob" {
		t.Errorf("second page = %+v", page)
	}
	y, err := users.For(asked{[][]any{{&u.Bio}}}).Narrow().First(ctx, db)
	ok(t, err)
	if y.Bio == "" || y.Email != "" || y.ID == 0 || y.Name == "" {
		t.Errorf("narrowed row = %+v: want key, bio and the order's name alone", y)
	}
}
