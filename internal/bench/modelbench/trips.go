package modelbench

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx/reflectx"
	"github.com/lib/pq"

	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/model"
)

// counter counts round trips: reads that follow a write.
type counter struct{ trips atomic.Int64 }

func (c *counter) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return &counted{Conn: conn, c: c}, err
}

func (c *counter) DialTimeout(network, address string, d time.Duration) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, d)
	return &counted{Conn: conn, c: c}, err
}

type counted struct {
	net.Conn
	c     *counter
	wrote atomic.Bool
}

func (x *counted) Write(b []byte) (int, error) {
	x.wrote.Store(true)
	return x.Conn.Write(b)
}

func (x *counted) Read(b []byte) (int, error) {
	if x.wrote.Swap(false) {
		x.c.trips.Add(1)
	}
	return x.Conn.Read(b)
}

// trips counts what a network would make slow.
func trips() harness.Table {
	limits := []struct {
		name string
		most float64
		once func(c contender, id string) error
	}{
		{"get", 1, func(c contender, id string) error { _, err := c.get(id); return err }},
		{"insert", 1, func(c contender, id string) error { x := newItem(); return c.insert(&x) }},
		{"update", 1, func(c contender, id string) error { return c.update(id, "name") }},
		{"graph", 3, func(c contender, id string) error { return graphed(c) }},
		{"loop over the graph, loading as it goes", 3, nil},
	}
	return harness.Table{Name: "model: round trips", Kind: harness.Value, Unit: "trips", Base: "get", Open: func(t *harness.Table) (func(), error) {
		e, closer, err := open(t)
		if err != nil {
			return nil, err
		}
		var n counter
		connector, err := pq.NewConnector(e.dsn)
		if err != nil {
			closer()
			return nil, err
		}
		connector.Dialer(&n)
		db := model.Open(connector, model.Postgres, nil)
		c := gluefulOn(db)
		for _, l := range limits {
			once := l.once
			if once == nil {
				once = func(contender, string) error { return loop(db) }
			}
			t.Rows = append(t.Rows, harness.Row{Name: l.name, Targets: []harness.Target{{AtMost: l.most}}, Measure: func() (float64, error) {
				if err := once(c, e.id); err != nil { // connects and prepares
					return 0, err
				}
				before := n.trips.Load()
				err := once(c, e.id)
				return float64(n.trips.Load() - before), err
			}})
		}
		return func() { db.Close(); closer() }, nil
	}}
}

// loop is how one would write it without knowing what it costs.
func loop(db model.DB) error {
	list, err := users.All(ctx, db)
	seen := 0
	for _, x := range list {
		ps, err := x.Posts.Load(ctx)
		if err != nil {
			return err
		}
		for _, y := range ps {
			cs, err := y.Comments.Load(ctx)
			if err != nil {
				return err
			}
			seen += len(cs)
		}
	}
	if err == nil && seen != full.comments {
		err = fmt.Errorf("%d comments", seen)
	}
	return err
}

func mapper() *reflectx.Mapper {
	return reflectx.NewMapperTagFunc("db", func(s string) string { return s }, func(tag string) string {
		if tag == "id,pk" {
			return "id"
		}
		return tag
	})
}

// sqliteTable compares with hand-written modernc.org/sqlite on one file.
func sqliteTable(name string, get bool) harness.Table {
	return harness.Table{Name: name, Kind: harness.Wall, Base: "sqlite by hand", Open: func(t *harness.Table) (func(), error) {
		path, remove, err := tempFile()
		if err != nil {
			return nil, err
		}
		db, err := sqlite.Open(ctx, path)
		if err != nil {
			remove()
			return nil, err
		}
		closer := func() { db.Close(); remove() }
		if err := fill(db.SQL()); err != nil {
			closer()
			return nil, err
		}
		raw, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)")
		if err != nil {
			closer()
			return nil, err
		}
		one, err1 := raw.Prepare("SELECT " + columns + " FROM items WHERE id = ?")
		many, err2 := raw.Prepare("SELECT " + columns + " FROM items LIMIT ?")
		if err1 != nil || err2 != nil {
			closer()
			return nil, fmt.Errorf("%v %v", err1, err2)
		}
		hand := func() error {
			return listed(contender{list: func(n int) ([]item, error) { return scanItems(many.QueryContext(ctx, n)) }}, 100)
		}
		ours := func() error { return listed(gluefulOn(db), 100) }
		if get {
			hand = func() error {
				var x item
				return one.QueryRowContext(ctx, "item50").Scan(&x.ID, &x.Name, &x.Qty, &x.Live, &x.At, &x.Note, &x.Meta, &x.Price)
			}
			ours = func() error { _, err := items.Find(ctx, db, "item50"); return err }
		}
		t.Rows = []harness.Row{
			{Name: "sqlite by hand", Run: times(hand)},
			{Name: "glueful", Run: times(ours), Targets: []harness.Target{{Against: "sqlite by hand", AtMost: 1.1}}},
		}
		return func() { raw.Close(); closer() }, nil
	}}
}

func times(once func() error) func(int) error {
	return func(n int) error {
		for range n {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
}

func fill(db *sql.DB) error {
	_, err := db.ExecContext(context.Background(), `CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT NOT NULL, qty INTEGER NOT NULL, live BOOLEAN NOT NULL,
		at TIMESTAMP NOT NULL, note TEXT, meta TEXT NOT NULL, price TEXT NOT NULL)`)
	for i := 0; i < 1000 && err == nil; i++ {
		_, err = db.Exec("INSERT INTO items VALUES (?, ?, ?, 1, '2026-01-02 03:04:05', 'a note', '{}', '12.34')", fmt.Sprint("item", i), fmt.Sprint("item number ", i), i)
	}
	return err
}

func tempFile() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "modelbench")
	return filepath.Join(dir, "bench.db"), func() { os.RemoveAll(dir) }, err
}
