package modeltest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

// The suite's tables: a blog whose posts are softly deleted and whose users
// carry a version.
type (
	user struct {
		ID        int64     `db:"id,pk"`
		Email     string    `db:"email"`
		Name      string    `db:"name"`
		Active    bool      `db:"active"`
		Score     *float64  `db:"score"`
		Bio       string    `db:"bio,lazy"`
		CreatedAt time.Time `db:"created_at,auto"`
		UpdatedAt time.Time `db:"updated_at,touch"`
		Version   int64     `db:"version,lock"`
		BossID    *int64    `db:"boss_id"`
		Boss      model.One[user]
		Reports   model.Many[user]
		Posts     model.Many[post]    `json:"posts,omitzero"`
		Comments  model.Many[comment] `json:"comments,omitzero"`
		Profile   model.One[profile]
		Notes     model.Many[note]
	}
	profile struct {
		ID     int64  `db:"id,pk"`
		UserID int64  `db:"user_id"`
		Theme  string `db:"theme"`
	}
	post struct {
		ID        int64               `db:"id,pk"`
		UserID    int64               `db:"user_id"`
		Title     string              `db:"title"`
		Status    string              `db:"status"`
		Likes     int                 `db:"likes"`
		DeletedAt *time.Time          `db:"deleted_at,soft"`
		Author    model.One[user]     `json:"author,omitzero"`
		Comments  model.Many[comment] `json:"comments,omitzero"`
		Tags      model.Many[postTag] `json:"tags,omitzero"`
		Notes     model.Many[note]    `json:"notes,omitzero"`
	}
	comment struct {
		ID     int64  `db:"id,pk"`
		PostID int64  `db:"post_id"`
		Body   string `db:"body"`
		Post   model.One[post]
	}
	tag struct {
		ID   int64  `db:"id,pk"`
		Name string `db:"name"`
	}
	postTag struct {
		ID       int64  `db:"id,pk"`
		Name     string `db:"name"`
		Position int    `db:"position,pivot"`
	}
	note struct {
		ID        int64  `db:"id,pk"`
		Subject   string `db:"subject"`
		SubjectID int64  `db:"subject_id"`
		Body      string `db:"body"`
		Post      model.One[post]
		User      model.One[user]
	}

	// A doc belongs to a tenant, and its key has two columns.
	doc struct {
		Tenant    int64      `db:"tenant,pk"`
		Number    int64      `db:"number,pk"`
		Title     string     `db:"title"`
		DeletedAt *time.Time `db:"deleted_at,soft"`
		Lines     model.Many[line]
	}
	line struct {
		ID        int64      `db:"id,pk"`
		Tenant    int64      `db:"tenant"`
		DocNumber int64      `db:"doc_number"`
		Amount    int        `db:"amount"`
		DeletedAt *time.Time `db:"deleted_at,soft"`
		Doc       model.One[doc]
	}
)

type tenantKey struct{}

// of returns a context that acts for a tenant.
func of(ctx context.Context, tenant int64) context.Context {
	return context.WithValue(ctx, tenantKey{}, tenant)
}

func tenantScope(field *int64) func(context.Context) (model.Cond, error) {
	return func(ctx context.Context) (model.Cond, error) {
		id, is := ctx.Value(tenantKey{}).(int64)
		if !is {
			return model.Cond{}, errNoTenant
		}
		return model.Eq(field, id), nil
	}
}

var errNoTenant = errors.New("no tenant")

func init() {
	docs.Scope(tenantScope(&d.Tenant))
	lines.Scope(tenantScope(&l.Tenant))
}

var (
	users    = model.Of[user]("users")
	profiles = model.Of[profile]("profiles")
	tags     = model.Of[tag]("tags")
	postTags = model.Of[postTag]("tags")
	notes    = model.Of[note]("notes")
	docs     = model.Of[doc]("docs")
	lines    = model.Of[line]("lines")
	posts    = model.Of[post]("posts")
	comments = model.Of[comment]("comments")

	u, pr, p, c = users.Probe(), profiles.Probe(), posts.Probe(), comments.Probe()
	pt, n, d, l = postTags.Probe(), notes.Probe(), docs.Probe(), lines.Probe()

	_ = model.BelongsTo(&u.Boss, &u.BossID)
	_ = model.HasMany(&u.Reports, &u.BossID)
	_ = model.HasMany(&u.Posts, &p.UserID)
	_ = model.HasOne(&u.Profile, &pr.UserID)
	_ = model.BelongsTo(&p.Author, &p.UserID)
	_ = model.HasMany(&p.Comments, &c.PostID)
	_ = model.BelongsTo(&c.Post, &c.PostID)
	_ = model.BelongsToMany(&p.Tags, "post_tags", "post_id", "tag_id").OrderBy(model.Asc(&pt.Position))
	_ = model.Through(&u.Comments, &u.Posts, &p.Comments)
	_ = model.Kind(model.HasMany(&p.Notes, &n.SubjectID), &n.Subject, "post")
	_ = model.Kind(model.HasMany(&u.Notes, &n.SubjectID), &n.Subject, "user")
	_ = model.Kind(model.BelongsTo(&n.Post, &n.SubjectID), &n.Subject, "post")
	_ = model.Kind(model.BelongsTo(&n.User, &n.SubjectID), &n.Subject, "user")
	_ = model.HasMany(&d.Lines, &l.Tenant, &l.DocNumber)
	_ = model.BelongsTo(&l.Doc, &l.Tenant, &l.DocNumber)
)

const postgresTables = `
CREATE TABLE users (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, active boolean NOT NULL,
	score double precision, bio text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL,
	version bigint NOT NULL, boss_id bigint REFERENCES users);
CREATE TABLE profiles (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, theme text NOT NULL);
CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, title text NOT NULL, status text NOT NULL,
	likes integer NOT NULL CHECK (likes >= 0), deleted_at timestamptz);
CREATE TABLE comments (id bigserial PRIMARY KEY, post_id bigint NOT NULL REFERENCES posts, body text NOT NULL);
CREATE TABLE tags (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE post_tags (post_id bigint NOT NULL REFERENCES posts, tag_id bigint NOT NULL REFERENCES tags, position integer NOT NULL DEFAULT 0,
	PRIMARY KEY (post_id, tag_id));
CREATE TABLE notes (id bigserial PRIMARY KEY, subject text NOT NULL, subject_id bigint NOT NULL, body text NOT NULL);
CREATE TABLE docs (tenant bigint NOT NULL, number bigint NOT NULL, title text NOT NULL, deleted_at timestamptz, PRIMARY KEY (tenant, number));
CREATE TABLE lines (id bigserial PRIMARY KEY, tenant bigint NOT NULL, doc_number bigint NOT NULL, amount integer NOT NULL, deleted_at timestamptz);
CREATE TABLE samples (id char(8) PRIMARY KEY, text text NOT NULL, color text NOT NULL, small integer NOT NULL, big bigint NOT NULL,
	real double precision NOT NULL, yes boolean NOT NULL, bytes bytea NOT NULL, at timestamptz NOT NULL, maybe_s text, maybe_i integer,
	maybe_b boolean, maybe_t timestamptz, null_i bigint, null_s text, point jsonb NOT NULL, map jsonb NOT NULL, raw jsonb NOT NULL);
`

const sqliteTables = `
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, active BOOLEAN NOT NULL,
	score REAL, bio TEXT NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL,
	version INTEGER NOT NULL, boss_id INTEGER REFERENCES users);
CREATE TABLE profiles (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, theme TEXT NOT NULL);
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL, status TEXT NOT NULL,
	likes INTEGER NOT NULL CHECK (likes >= 0), deleted_at TIMESTAMP);
CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts, body TEXT NOT NULL);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE post_tags (post_id INTEGER NOT NULL REFERENCES posts, tag_id INTEGER NOT NULL REFERENCES tags, position INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (post_id, tag_id));
CREATE TABLE notes (id INTEGER PRIMARY KEY, subject TEXT NOT NULL, subject_id INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE docs (tenant INTEGER NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL, deleted_at TIMESTAMP, PRIMARY KEY (tenant, number));
CREATE TABLE lines (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, doc_number INTEGER NOT NULL, amount INTEGER NOT NULL, deleted_at TIMESTAMP);
CREATE TABLE samples (id CHAR(8) PRIMARY KEY, text TEXT NOT NULL, color TEXT NOT NULL, small INTEGER NOT NULL, big INTEGER NOT NULL,
	real REAL NOT NULL, yes BOOLEAN NOT NULL, bytes BLOB NOT NULL, at TIMESTAMP NOT NULL, maybe_s TEXT, maybe_i INTEGER,
	maybe_b BOOLEAN, maybe_t TIMESTAMP, null_i INTEGER, null_s TEXT, point TEXT NOT NULL, map TEXT NOT NULL, raw TEXT NOT NULL);
`

func migrate(t *testing.T, db *model.Pool) {
	t.Helper()
	tables := postgresTables
	if db.Dialect() == model.SQLite {
		tables = sqliteTables
	}
	for text := range strings.SplitSeq(tables, ";\n") {
		if strings.TrimSpace(text) != "" {
			exec(t, db, text)
		}
	}
}

// addUser inserts a user with posts and, on each, comments.
func addUser(t *testing.T, db model.DB, name string, nPosts, nComments int) user {
	t.Helper()
	x := user{Email: name + "@example.com", Name: name, Active: true}
	ok(t, users.Insert(t.Context(), db, &x))
	for range nPosts {
		y := post{UserID: x.ID, Title: name + "'s post", Status: "draft"}
		ok(t, posts.Insert(t.Context(), db, &y))
		for range nComments {
			ok(t, comments.Insert(t.Context(), db, &comment{PostID: y.ID, Body: "on " + y.Title}))
		}
	}
	return x
}
