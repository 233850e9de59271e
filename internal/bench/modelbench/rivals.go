package modelbench

import (
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jmoiron/sqlx"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type (
	gormUser struct {
		ID    int64
		Name  string
		Posts []gormPost `gorm:"foreignKey:UserID"`
	}
	gormPost struct {
		ID       int64
		UserID   int64
		Title    string
		Comments []gormComment `gorm:"foreignKey:PostID"`
	}
	gormComment struct {
		ID     int64
		PostID int64
		Body   string
	}
)

func (item) TableName() string        { return "items" }
func (gormUser) TableName() string    { return "users" }
func (gormPost) TableName() string    { return "posts" }
func (gormComment) TableName() string { return "comments" }

func gormDefault(dsn string) (contender, error) { return gormWith("gorm", dsn, gorm.Config{}) }

func gormTuned(dsn string) (contender, error) {
	return gormWith("gorm, tuned", dsn, gorm.Config{PrepareStmt: true, SkipDefaultTransaction: true})
}

func gormWith(name, dsn string, config gorm.Config) (contender, error) {
	config.Logger = logger.Discard
	base, err := gorm.Open(postgres.Open(dsn), &config)
	if err != nil {
		return contender{}, err
	}
	db := base.WithContext(ctx)
	return contender{
		name:   name,
		get:    func(id string) (x item, err error) { return x, db.Take(&x, "id = ?", id).Error },
		list:   func(n int) (out []item, err error) { return out, db.Limit(n).Find(&out).Error },
		insert: func(x *item) error { return db.Table("written").Create(x).Error },
		update: func(id, name string) error { return db.Model(&item{ID: id}).Update("name", name).Error },
		bulk:   func(rows []item) error { return db.Table("written").Create(&rows).Error },
		graph: func() (s shape, out any, err error) {
			var list []gormUser
			err = db.Preload("Posts.Comments").Order("id").Find(&list).Error
			for _, x := range list {
				s.users, s.posts = s.users+1, s.posts+len(x.Posts)
				for _, y := range x.Posts {
					s.comments += len(y.Comments)
				}
			}
			return s, list, err
		},
		close: func() {
			if pool, err := base.DB(); err == nil {
				pool.Close()
			}
		},
	}, nil
}

type (
	bunUser struct {
		bun.BaseModel `bun:"table:users"`
		ID            int64 `bun:",pk"`
		Name          string
		Posts         []*bunPost `bun:"rel:has-many,join:id=user_id"`
	}
	bunPost struct {
		bun.BaseModel `bun:"table:posts"`
		ID            int64 `bun:",pk"`
		UserID        int64
		Title         string
		Comments      []*bunComment `bun:"rel:has-many,join:id=post_id"`
	}
	bunComment struct {
		bun.BaseModel `bun:"table:comments"`
		ID            int64 `bun:",pk"`
		PostID        int64
		Body          string
	}
)

func bunDefault(dsn string) (contender, error) {
	return bunOn("bun, pgdriver", sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(dsn))))
}

func bunPQ(dsn string) (contender, error) {
	base, err := sql.Open("postgres", dsn)
	if err != nil {
		return contender{}, err
	}
	return bunOn("bun, lib/pq", base)
}

func bunOn(name string, base *sql.DB) (contender, error) {
	base.SetMaxIdleConns(4)
	db := bun.NewDB(base, pgdialect.New())
	return contender{
		name: name,
		get: func(id string) (x item, err error) {
			return x, db.NewSelect().Model(&x).Where("id = ?", id).Scan(ctx)
		},
		list: func(n int) (out []item, err error) { return out, db.NewSelect().Model(&out).Limit(int64(n)).Scan(ctx) },
		insert: func(x *item) error {
			_, err := db.NewInsert().Model(x).ModelTableExpr("written").Returning("id").Exec(ctx)
			return err
		},
		update: func(id, name string) error {
			_, err := db.NewUpdate().Model(&item{ID: id, Name: name}).Column("name").WherePK().Exec(ctx)
			return err
		},
		bulk: func(rows []item) error {
			_, err := db.NewInsert().Model(&rows).ModelTableExpr("written").Returning("id").Exec(ctx)
			return err
		},
		graph: func() (s shape, out any, err error) {
			var list []*bunUser
			err = db.NewSelect().Model(&list).Relation("Posts.Comments").Order("id").Scan(ctx)
			for _, x := range list {
				s.users, s.posts = s.users+1, s.posts+len(x.Posts)
				for _, y := range x.Posts {
					s.comments += len(y.Comments)
				}
			}
			return s, list, err
		},
		close: func() { db.Close() },
	}, nil
}

// sqlxPQ is sqlx on lib/pq. It has no relations: its graph is the one by hand,
// its statements not prepared.
func sqlxPQ(dsn string) (contender, error) {
	db, err := sqlx.Connect("postgres", dsn)
	if err != nil {
		return contender{}, err
	}
	db.SetMaxIdleConns(4)
	hand, err := handOn(db.DB)
	if err != nil {
		return contender{}, err
	}
	bulk := "INSERT INTO written (name, qty, live, at, note, meta, price) VALUES (:name, :qty, :live, :at, :note, :meta, :price)"
	type row struct {
		Name  string  `db:"name"`
		Qty   int64   `db:"qty"`
		Live  bool    `db:"live"`
		At    any     `db:"at"`
		Note  *string `db:"note"`
		Meta  string  `db:"meta"`
		Price string  `db:"price"`
	}
	toRow := func(x item) row { return row{x.Name, x.Qty, x.Live, x.At, x.Note, x.Meta, x.Price} }
	db.Mapper = mapper()
	return contender{
		name: "sqlx, lib/pq",
		get: func(id string) (x item, err error) {
			return x, db.GetContext(ctx, &x, "SELECT "+columns+" FROM items WHERE id = $1", id)
		},
		list: func(n int) (out []item, err error) {
			return out, db.SelectContext(ctx, &out, "SELECT "+columns+" FROM items LIMIT $1", n)
		},
		insert: func(x *item) error {
			rs, err := db.NamedQueryContext(ctx, bulk+" RETURNING id", toRow(*x))
			if err != nil {
				return err
			}
			defer rs.Close()
			for rs.Next() {
				if err := rs.Scan(&x.ID); err != nil {
					return err
				}
			}
			return rs.Err()
		},
		update: func(id, name string) error {
			_, err := db.ExecContext(ctx, "UPDATE items SET name = $1 WHERE id = $2", name, id)
			return err
		},
		bulk: func(rows []item) error {
			list := make([]row, len(rows))
			for i, x := range rows {
				list[i] = toRow(x)
			}
			_, err := db.NamedExecContext(ctx, bulk, list)
			return err
		},
		graph: hand.graph,
		close: func() { db.Close() },
	}, nil
}

// pgxNative is pgx without database/sql; its statement cache is on, as by default.
func pgxNative(dsn string) (contender, error) {
	db, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return contender{}, err
	}
	// pgx reads numeric and jsonb into strings from their text form only.
	const columns = "id::text, name, qty, live, at, note, meta::text, price::text"
	return contender{
		name: "pgx",
		get: func(id string) (x item, err error) {
			rs, _ := db.Query(ctx, "SELECT "+columns+" FROM items WHERE id = $1", id)
			return pgx.CollectExactlyOneRow(rs, pgx.RowToStructByPos[item])
		},
		list: func(n int) ([]item, error) {
			rs, _ := db.Query(ctx, "SELECT "+columns+" FROM items LIMIT $1", n)
			return pgx.CollectRows(rs, pgx.RowToStructByPos[item])
		},
		insert: func(x *item) error {
			return db.QueryRow(ctx, "INSERT INTO written (name, qty, live, at, note, meta, price) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id::text",
				x.Name, x.Qty, x.Live, x.At, x.Note, x.Meta, x.Price).Scan(&x.ID)
		},
		update: func(id, name string) error {
			_, err := db.Exec(ctx, "UPDATE items SET name = $1 WHERE id = $2", name, id)
			return err
		},
		bulk: func(rows []item) error {
			_, err := db.CopyFrom(ctx, pgx.Identifier{"written"}, []string{"name", "qty", "live", "at", "note", "meta", "price"},
				pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
					x := &rows[i]
					return []any{x.Name, x.Qty, x.Live, x.At, x.Note, x.Meta, x.Price}, nil
				}))
			return err
		},
		graph: func() (shape, any, error) { return graphByPgx(db) },
		close: db.Close,
	}, nil
}

func graphByPgx(db *pgxpool.Pool) (s shape, out any, err error) {
	rs, _ := db.Query(ctx, "SELECT id, name FROM users ORDER BY id")
	list, err := pgx.CollectRows(rs, func(r pgx.CollectableRow) (*handUser, error) {
		x := new(handUser)
		return x, r.Scan(&x.ID, &x.Name)
	})
	byID, ids := map[int64]*handUser{}, []int64{}
	for _, x := range list {
		byID[x.ID], ids = x, append(ids, x.ID)
	}
	if err != nil {
		return s, nil, err
	}
	rs, _ = db.Query(ctx, "SELECT id, user_id, title FROM posts WHERE user_id = ANY($1) ORDER BY id", ids)
	ps, err := pgx.CollectRows(rs, func(r pgx.CollectableRow) (*handPost, error) {
		x := new(handPost)
		return x, r.Scan(&x.ID, &x.UserID, &x.Title)
	})
	byPost, postIDs := map[int64]*handPost{}, []int64{}
	for _, x := range ps {
		byID[x.UserID].Posts = append(byID[x.UserID].Posts, x)
		byPost[x.ID], postIDs = x, append(postIDs, x.ID)
	}
	if err != nil {
		return s, nil, err
	}
	rs, _ = db.Query(ctx, "SELECT id, post_id, body FROM comments WHERE post_id = ANY($1) ORDER BY id", postIDs)
	cs, err := pgx.CollectRows(rs, func(r pgx.CollectableRow) (*handComment, error) {
		x := new(handComment)
		return x, r.Scan(&x.ID, &x.PostID, &x.Body)
	})
	for _, x := range cs {
		byPost[x.PostID].Comments = append(byPost[x.PostID].Comments, x)
	}
	return shape{len(list), len(ps), len(cs)}, list, err
}
