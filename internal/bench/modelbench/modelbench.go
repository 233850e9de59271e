// Package modelbench measures model beside hand-written lib/pq with prepared
// statements, and beside the libraries its users would otherwise take, each
// used as its documentation shows:
//
//   - GORM: https://gorm.io/docs/query.html, https://gorm.io/docs/preload.html;
//     "tuned" is https://gorm.io/docs/performance.html (PrepareStmt, no default
//     transaction)
//   - Bun: https://bun.uptrace.dev/guide/relations.html, on pgdriver (its
//     default) and on lib/pq
//   - sqlx: https://jmoiron.github.io/sqlx/
//   - pgx: https://pkg.go.dev/github.com/jackc/pgx/v5/pgxpool
//
// Every call carries a context that can be cancelled, as a request's does.
package modelbench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/glueful/glueful-go/internal/bench/harness"
)

// item is the row of the small operations.
type item struct {
	ID    string    `db:"id,pk" bun:"id,pk,nullzero,default:gen_random_uuid()" gorm:"primaryKey;default:gen_random_uuid()"`
	Name  string    `db:"name"`
	Qty   int64     `db:"qty"`
	Live  bool      `db:"live"`
	At    time.Time `db:"at"`
	Note  *string   `db:"note"`
	Meta  string    `db:"meta"`
	Price string    `db:"price"`
}

const columns = "id, name, qty, live, at, note, meta, price"

var tables = []string{
	`CREATE TABLE items (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, qty bigint NOT NULL, live boolean NOT NULL,
		at timestamptz NOT NULL, note text, meta jsonb NOT NULL, price numeric NOT NULL)`,
	`CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL)`,
	`CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL, title text NOT NULL)`,
	`CREATE TABLE comments (id bigserial PRIMARY KEY, post_id bigint NOT NULL, body text NOT NULL)`,
	`CREATE TABLE written (id bigserial PRIMARY KEY, name text NOT NULL, qty bigint NOT NULL, live boolean NOT NULL,
		at timestamptz NOT NULL, note text, meta jsonb NOT NULL, price numeric NOT NULL)`,
	`CREATE INDEX ON posts (user_id)`, `CREATE INDEX ON comments (post_id)`,
	`INSERT INTO items SELECT gen_random_uuid(), 'item number '||i, i, i%2=0, now(), CASE WHEN i%3=0 THEN 'a note' END, '{"a": 1, "b": "two"}', 12.34 FROM generate_series(1,10000) i`,
	`INSERT INTO users (name) SELECT 'user '||i FROM generate_series(1,50) i`,
	`INSERT INTO posts (user_id, title) SELECT (i-1)/20+1, 'the title of post '||i FROM generate_series(1,1000) i`,
	`INSERT INTO comments (post_id, body) SELECT (i-1)/5+1, 'the body of comment '||i FROM generate_series(1,5000) i`,
	`ANALYZE`,
}

// contender is one way to talk to the database. insert sets the id of a new
// row in table written; bulk writes all rows there.
type contender struct {
	name   string
	only   string // the one table it is in; "" is all
	get    func(id string) (item, error)
	list   func(n int) ([]item, error)
	insert func(x *item) error
	update func(id, name string) error
	bulk   func(rows []item) error
	graph  func() (shape, any, error)
	write  func(v any) error // JSON of the graph; nil is json.Marshal
	close  func()
}

// shape is what a graph holds, so that contenders can be compared.
type shape struct{ users, posts, comments int }

var (
	full = shape{50, 1000, 5000}

	// ctx can be cancelled, and never is.
	ctx, _ = context.WithCancel(context.Background())
)

// env is an open server with every contender.
type env struct {
	contenders []contender
	id         string // of a row that exists
	dsn        string
}

// open starts a server with the tables and opens every contender on it.
func open(t *harness.Table) (*env, func(), error) {
	pg, err := harness.Postgres(t)
	if err != nil {
		return nil, nil, err
	}
	e := &env{dsn: pg.DSN}
	db, err := sql.Open("postgres", pg.DSN)
	if err != nil {
		pg.Close()
		return nil, nil, err
	}
	defer db.Close()
	for _, text := range tables {
		if _, err = db.Exec(text); err != nil {
			break
		}
	}
	if err == nil {
		err = db.QueryRow("SELECT id FROM items WHERE qty = 5000").Scan(&e.id)
	}
	closer := func() {
		for _, c := range e.contenders {
			c.close()
		}
		pg.Close()
	}
	for _, f := range []func(string) (contender, error){byHand, byHandPrepared, glueful, gormDefault, gormTuned, bunDefault, bunPQ, sqlxPQ, pgxNative} {
		if err != nil {
			break
		}
		var c contender
		if c, err = f(pg.DSN); err == nil {
			e.contenders = append(e.contenders, c)
		} else {
			err = fmt.Errorf("contender %d: %w", len(e.contenders), err)
		}
	}
	if err != nil {
		closer()
		return nil, nil, err
	}
	return e, closer, nil
}

func newItem() item {
	note := "a note"
	return item{Name: "a new item", Qty: 7, Live: true, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Note: &note, Meta: `{"a": 1}`, Price: "12.34"}
}

// operation is a table: how a contender does the work once, and what of it
// must be right.
type operation struct {
	name    string
	targets []harness.Target
	once    func(e *env, c contender) error
	check   func(e *env, c contender) error
}

func atMost(ratio float64, rivals float64) []harness.Target {
	out := []harness.Target{{Against: "lib/pq by hand", AtMost: ratio}}
	if rivals > 0 {
		for _, r := range []string{"gorm", "bun, pgdriver"} {
			out = append(out, harness.Target{Against: r, AtMost: rivals})
		}
	}
	return out
}

// faster is the bar against rivals on reads: 1.2 times as fast.
const faster = 1 / 1.2

var operations = []operation{
	{"model: get by key", atMost(1.05, faster), func(e *env, c contender) error { _, err := c.get(e.id); return err },
		func(e *env, c contender) error {
			x, err := c.get(e.id)
			if err == nil && (x.ID != e.id || x.Qty != 5000 || x.Meta != `{"a": 1, "b": "two"}` || x.Price != "12.34" || x.At.IsZero()) {
				err = fmt.Errorf("got %+v", x)
			}
			return err
		}},
	{"model: list 100", atMost(0.95, faster), func(e *env, c contender) error { return listed(c, 100) }, nil},
	{"model: list 10,000", atMost(0.85, faster), func(e *env, c contender) error { return listed(c, 10_000) }, nil},
	{"model: insert", atMost(1.05, 0), func(e *env, c contender) error { x := newItem(); return c.insert(&x) },
		func(e *env, c contender) error {
			x := newItem()
			if err := c.insert(&x); err != nil || x.ID == "" {
				return fmt.Errorf("id %q: %w", x.ID, errors.Join(err))
			}
			return nil
		}},
	{"model: update", atMost(1.05, 0), func(e *env, c contender) error { return c.update(e.id, "another name") },
		func(e *env, c contender) error {
			err := c.update(e.id, c.name)
			x, err2 := c.get(e.id)
			if err = errors.Join(err, err2); err == nil && x.Name != c.name {
				err = fmt.Errorf("name %q", x.Name)
			}
			return err
		}},
	{"model: bulk insert 1,000", atMost(0.60, 0), func(e *env, c contender) error {
		rows := make([]item, 1000)
		for i := range rows {
			rows[i] = newItem()
		}
		return c.bulk(rows)
	}, nil},
	{"model: graph 50 x 20 x 5", atMost(0.95, faster), func(e *env, c contender) error { return graphed(c) }, nil},
	{"model: graph with JSON", atMost(0.95, faster), func(e *env, c contender) error { return marshalled(c) }, nil},
}

var notes = map[string]string{
	"model: graph with JSON": "glueful writes through views of package render, the others through encoding/json",
	"model: bulk insert 1,000": "by hand: VALUES as long as there are rows, built per call, since their number is not known before; " +
		"the second row is prepared for exactly 1,000 rows, which only a program that always writes as many can do",
}

func listed(c contender, n int) error {
	list, err := c.list(n)
	if err == nil && (len(list) != n || list[n-1].ID == "" || list[n-1].Name == "") {
		err = fmt.Errorf("%d rows", len(list))
	}
	return err
}

func graphed(c contender) error {
	s, _, err := c.graph()
	if err == nil && s != full {
		err = fmt.Errorf("a graph of %v", s)
	}
	return err
}

// Tables returns the tables of model.
func Tables() []harness.Table {
	var out []harness.Table
	for _, op := range operations {
		out = append(out, harness.Table{Name: op.name, Kind: harness.Wall, Base: "lib/pq by hand", Open: func(t *harness.Table) (func(), error) {
			e, closer, err := open(t)
			if err != nil {
				return nil, err
			}
			for _, c := range e.contenders {
				if c.only != "" && c.only != op.name {
					continue
				}
				row := harness.Row{Name: c.name, Run: func(n int) error {
					for range n {
						if err := op.once(e, c); err != nil {
							return err
						}
					}
					return nil
				}}
				if op.check != nil {
					row.Check = func() error { return op.check(e, c) }
				}
				if c.name == "glueful" {
					row.Targets = op.targets
				}
				t.Rows = append(t.Rows, row)
			}
			if note := notes[op.name]; note != "" {
				t.Notes = append(t.Notes, note)
			}
			return closer, nil
		}})
	}
	return append(out, trips(), sqliteTable("model: sqlite, get by key", true), sqliteTable("model: sqlite, list 100", false), build())
}
