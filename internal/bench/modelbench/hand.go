package modelbench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/lib/pq"
)

// byHand is what an application without a library writes: lib/pq, statements
// prepared once, rows scanned into structs.
func byHand(dsn string) (contender, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return contender{}, err
	}
	db.SetMaxIdleConns(4)
	return handOn(db)
}

func handOn(db *sql.DB) (contender, error) {
	var errs []error
	prepare := func(text string) *sql.Stmt {
		st, err := db.Prepare(text)
		errs = append(errs, err)
		return st
	}
	get := prepare("SELECT " + columns + " FROM items WHERE id = $1")
	list := prepare("SELECT " + columns + " FROM items LIMIT $1")
	insert := prepare("INSERT INTO written (name, qty, live, at, note, meta, price) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id")
	update := prepare("UPDATE items SET name = $1 WHERE id = $2")
	users := prepare("SELECT id, name FROM users ORDER BY id")
	posts := prepare("SELECT id, user_id, title FROM posts WHERE user_id = ANY($1) ORDER BY id")
	comments := prepare("SELECT id, post_id, body FROM comments WHERE post_id = ANY($1) ORDER BY id")
	c := contender{
		name: "lib/pq by hand",
		get: func(id string) (x item, err error) {
			err = get.QueryRowContext(ctx, id).Scan(&x.ID, &x.Name, &x.Qty, &x.Live, &x.At, &x.Note, &x.Meta, &x.Price)
			return x, err
		},
		list: func(n int) ([]item, error) { return scanItems(list.QueryContext(ctx, n)) },
		insert: func(x *item) error {
			return insert.QueryRowContext(ctx, x.Name, x.Qty, x.Live, x.At, x.Note, x.Meta, x.Price).Scan(&x.ID)
		},
		update: func(id, name string) error { _, err := update.ExecContext(ctx, name, id); return err },
		bulk: func(rows []item) error { // how many rows there are is not known before
			return bulkByHand(func(args ...any) (*sql.Rows, error) { return db.QueryContext(ctx, valuesText(len(rows)), args...) }, rows)
		},
		graph: func() (shape, any, error) { return graphByHand(ctx, users, posts, comments) },
		close: func() { db.Close() },
	}
	return c, errors.Join(errs...)
}

// byHandPrepared has one statement for exactly 1,000 rows.
func byHandPrepared(dsn string) (contender, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return contender{}, err
	}
	thousand, err := db.Prepare(valuesText(1000))
	return contender{
		name: "lib/pq by hand, prepared for 1,000", only: "model: bulk insert 1,000",
		bulk: func(rows []item) error {
			return bulkByHand(func(args ...any) (*sql.Rows, error) { return thousand.QueryContext(ctx, args...) }, rows)
		},
		close: func() { db.Close() },
	}, err
}

func scanItems(rs *sql.Rows, err error) ([]item, error) {
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []item
	for rs.Next() {
		var x item
		if err := rs.Scan(&x.ID, &x.Name, &x.Qty, &x.Live, &x.At, &x.Note, &x.Meta, &x.Price); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rs.Err()
}

// valuesText is INSERT ... VALUES for n rows.
func valuesText(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO written (name, qty, live, at, note, meta, price) VALUES ")
	p := 0
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for j := range 7 {
			if j > 0 {
				b.WriteByte(',')
			}
			p++
			b.WriteString("$" + itoa(p))
		}
		b.WriteByte(')')
	}
	b.WriteString(" RETURNING id")
	return b.String()
}

func bulkByHand(insert func(...any) (*sql.Rows, error), rows []item) error {
	args := make([]any, 0, 7*len(rows))
	for _, x := range rows {
		args = append(args, x.Name, x.Qty, x.Live, x.At, x.Note, x.Meta, x.Price)
	}
	rs, err := insert(args...)
	if err != nil {
		return err
	}
	defer rs.Close()
	for i := 0; rs.Next(); i++ {
		if err := rs.Scan(&rows[i].ID); err != nil {
			return err
		}
	}
	return rs.Err()
}

type (
	handUser struct {
		ID    int64
		Name  string
		Posts []*handPost
	}
	handPost struct {
		ID       int64
		UserID   int64
		Title    string
		Comments []*handComment
	}
	handComment struct {
		ID     int64
		PostID int64
		Body   string
	}
)

func graphByHand(ctx context.Context, users, posts, comments *sql.Stmt) (s shape, out any, err error) {
	var list []*handUser
	byID := map[int64]*handUser{}
	var ids []int64
	err = each(func() (*sql.Rows, error) { return users.QueryContext(ctx) }, func(rs *sql.Rows) error {
		x := new(handUser)
		list, s.users = append(list, x), s.users+1
		if err := rs.Scan(&x.ID, &x.Name); err != nil {
			return err
		}
		byID[x.ID], ids = x, append(ids, x.ID)
		return nil
	})
	if err != nil {
		return s, nil, err
	}
	byPost := map[int64]*handPost{}
	var postIDs []int64
	err = each(func() (*sql.Rows, error) { return posts.QueryContext(ctx, pq.Array(ids)) }, func(rs *sql.Rows) error {
		x := new(handPost)
		if err := rs.Scan(&x.ID, &x.UserID, &x.Title); err != nil {
			return err
		}
		u := byID[x.UserID]
		u.Posts, s.posts = append(u.Posts, x), s.posts+1
		byPost[x.ID], postIDs = x, append(postIDs, x.ID)
		return nil
	})
	if err != nil {
		return s, nil, err
	}
	err = each(func() (*sql.Rows, error) { return comments.QueryContext(ctx, pq.Array(postIDs)) }, func(rs *sql.Rows) error {
		x := new(handComment)
		if err := rs.Scan(&x.ID, &x.PostID, &x.Body); err != nil {
			return err
		}
		p := byPost[x.PostID]
		p.Comments, s.comments = append(p.Comments, x), s.comments+1
		return nil
	})
	return s, list, err
}

func each(query func() (*sql.Rows, error), scan func(*sql.Rows) error) error {
	rs, err := query()
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		if err := scan(rs); err != nil {
			return err
		}
	}
	return rs.Err()
}

func marshalled(c contender) error {
	_, v, err := c.graph()
	if err != nil {
		return err
	}
	if c.write != nil {
		return c.write(v)
	}
	_, err = json.Marshal(v)
	return err
}
