package modelbench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
	"github.com/glueful/glueful-go/render"
)

func itoa(n int) string { return strconv.Itoa(n) }

type (
	user struct {
		ID    int64  `db:"id,pk"`
		Name  string `db:"name"`
		Posts model.Many[post]
	}
	post struct {
		ID       int64  `db:"id,pk"`
		UserID   int64  `db:"user_id"`
		Title    string `db:"title"`
		Comments model.Many[comment]
	}
	comment struct {
		ID     int64  `db:"id,pk"`
		PostID int64  `db:"post_id"`
		Body   string `db:"body"`
	}
)

var (
	items    = model.Of[item]("items")
	written  = model.Of[item]("written")
	users    = model.Of[user]("users")
	posts    = model.Of[post]("posts")
	comments = model.Of[comment]("comments")

	i, u, p, c = items.Probe(), users.Probe(), posts.Probe(), comments.Probe()

	_ = model.HasMany(&u.Posts, &p.UserID)
	_ = model.HasMany(&p.Comments, &c.PostID)
)

func glueful(dsn string) (contender, error) {
	db, err := postgres.Open(ctx, dsn)
	if err != nil {
		return contender{}, err
	}
	return gluefulOn(db), nil
}

func gluefulOn(db *model.Pool) contender {
	return contender{
		name:   "glueful",
		get:    func(id string) (item, error) { return items.Find(ctx, db, id) },
		list:   func(n int) ([]item, error) { return items.Limit(n).All(ctx, db) },
		insert: func(x *item) error { return written.Insert(ctx, db, x) },
		update: func(id, name string) error {
			x := item{ID: id, Name: name}
			return items.Update(ctx, db, &x, &x.Name)
		},
		bulk: func(rows []item) error { return written.InsertAll(ctx, db, rows) },
		graph: func() (s shape, out any, err error) {
			list, err := users.With(&u.Posts, &p.Comments).OrderBy(model.Asc(&u.ID)).All(ctx, db)
			for _, x := range list {
				ps, _ := x.Posts.Loaded()
				s.users, s.posts = s.users+1, s.posts+len(ps)
				for _, y := range ps {
					cs, _ := y.Comments.Loaded()
					s.comments += len(cs)
				}
			}
			return s, list, err
		},
		write: func(v any) error {
			w := &sized{header: http.Header{}}
			err := render.Page[user]{Items: v.([]user)}.Respond(w, request)
			if err == nil && w.n < 200_000 {
				err = fmt.Errorf("%d bytes of JSON", w.n)
			}
			return err
		},
		close: func() { db.Close() },
	}
}

var request = httptest.NewRequest("GET", "/", nil)

// sized is a response nobody reads.
type sized struct {
	header http.Header
	n      int
}

func (w *sized) Header() http.Header         { return w.header }
func (w *sized) WriteHeader(int)             {}
func (w *sized) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

func (x *user) View(o *render.Object) {
	render.Field(o, "ID", &x.ID)
	render.Field(o, "Name", &x.Name)
	render.Many(o, "Posts", &x.Posts, (*post).View)
}

func (x *post) View(o *render.Object) {
	render.Field(o, "ID", &x.ID)
	render.Field(o, "UserID", &x.UserID)
	render.Field(o, "Title", &x.Title)
	render.Many(o, "Comments", &x.Comments, (*comment).View)
}

func (x *comment) View(o *render.Object) {
	render.Field(o, "ID", &x.ID)
	render.Field(o, "PostID", &x.PostID)
	render.Field(o, "Body", &x.Body)
}

// build measures a query without a database.
func build() harness.Table {
	return harness.Table{Name: "model: a query with four conditions", Kind: harness.CPU, Rows: []harness.Row{{
		Name: "glueful",
		Run: func(n int) error {
			for range n {
				_ = items.Where(model.Eq(&i.Name, "name"), model.Gt(&i.Qty, 1000), model.Eq(&i.Live, true), model.Contains(&i.Meta, "x")).
					OrderBy(model.Asc(&i.Name)).Limit(10)
			}
			return nil
		},
		Targets: []harness.Target{{What: harness.Allocs, AtMost: 10}},
	}}}
}
