package factory_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/factory"
	"github.com/glueful/glueful-go/model/postgres"
)

type user struct {
	ID    int64  `db:"id,pk"`
	Name  string `db:"name"`
	Email string `db:"email"`
	Role  string `db:"role"`
}

type post struct {
	ID     int64  `db:"id,pk"`
	UserID int64  `db:"user_id"`
	Editor *int64 `db:"editor_id"`
	Title  string `db:"title"`
}

var (
	users, posts = model.Of[user]("users"), model.Of[post]("posts")
	u, p         = users.Probe(), posts.Probe()
)

func makers() (factory.Factory[user], factory.Factory[post]) {
	return factory.Of(users, func(f *factory.Fake, x *user) {
			x.Name, x.Email, x.Role = f.Name(), f.Email(), "reader"
		}), factory.Of(posts, func(f *factory.Fake, x *post) {
			x.Title = f.Sentence()
		})
}

func open(t *testing.T) *model.Pool {
	t.Helper()
	dsn := os.Getenv("GLUEFUL_TEST_DSN")
	if dsn == "" {
		const hint = "set GLUEFUL_TEST_DSN, or run: go run ./internal/check"
		if os.Getenv("CI") == "true" {
			t.Fatal(hint)
		}
		t.Skip(hint)
	}
	schema := "t_factory_" + strings.ToLower(rand.Text()[:10])
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	db, err := postgres.Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.SQL().Exec("DROP SCHEMA " + schema + " CASCADE")
		db.Close()
	})
	for _, text := range []string{
		"CREATE SCHEMA " + schema,
		"CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, role text NOT NULL)",
		"CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, editor_id bigint REFERENCES users, title text NOT NULL)",
	} {
		if _, err := db.SQL().Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestFactory_make(t *testing.T) {
	t.Run("the same seed makes the same rows", func(t *testing.T) {
		one, _ := makers()
		two, _ := makers()
		a, b := one.Make(50), two.Make(50)
		if !reflect.DeepEqual(a, b) {
			t.Error("two factories of one definition disagree")
		}
		if reflect.DeepEqual(a, one.Seed(2).Make(50)) {
			t.Error("another seed made the same rows")
		}
		if !reflect.DeepEqual(a, one.Seed(1).Make(50)) {
			t.Error("Seed does not count from the beginning")
		}
	})
	t.Run("no e-mail address comes twice", func(t *testing.T) {
		make, _ := makers()
		seen := map[string]bool{}
		for range 20 {
			for _, x := range make.State(func(*factory.Fake, *user) {}).Make(50) {
				if seen[x.Email] {
					t.Fatalf("%s came twice", x.Email)
				}
				seen[x.Email] = true
			}
		}
	})
	t.Run("states and sequences apply in order and leave the factory alone", func(t *testing.T) {
		base, _ := makers()
		admin := base.State(func(_ *factory.Fake, x *user) { x.Role = "admin" })
		mixed := admin.Sequence(
			func(_ *factory.Fake, x *user) {},
			func(_ *factory.Fake, x *user) { x.Role += "!" },
		)
		branch := admin.State(func(_ *factory.Fake, x *user) { x.Role = "other" })
		var roles []string
		for _, f := range []factory.Factory[user]{base, admin, mixed, branch} {
			for _, x := range f.Make(3) {
				roles = append(roles, x.Role)
			}
		}
		if want := "reader reader reader admin admin admin admin admin! admin other other other"; strings.Join(roles, " ") != want {
			t.Errorf("roles = %v, want %s", roles, want)
		}
	})
}

func TestFactory_create(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	user1, post1 := makers()

	t.Run("rows come back with their keys, in one statement", func(t *testing.T) {
		ctx, tally := new(model.Guard).Watch(ctx)
		list, err := user1.Create(ctx, db, 100)
		if err != nil {
			t.Fatal(err)
		}
		got, err := users.Find(ctx, db, list[99].ID)
		if err != nil || got != list[99] {
			t.Errorf("stored %+v, %v, want %+v", got, err, list[99])
		}
		if n := tally.Total(); n > 4 {
			t.Errorf("%d statements for 100 rows", n)
		}
	})
	t.Run("Has gives every row its own", func(t *testing.T) {
		ctx, tally := new(model.Guard).Watch(ctx)
		list, err := factory.Has(user1, &u.ID, 3, post1, &p.UserID).Create(ctx, db, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if n, err := posts.Where(model.Eq(&p.UserID, x.ID)).Count(t.Context(), db); n != 3 || err != nil {
				t.Errorf("user %d has %d posts, %v", x.ID, n, err)
			}
		}
		if n := tally.Total(); n > 8 {
			t.Errorf("%d statements for two levels", n)
		}
	})
	t.Run("For makes one parent, Recycle none", func(t *testing.T) {
		before, _ := users.Where().Count(ctx, db)
		f := factory.For(post1, &p.UserID, user1, &u.ID)
		f = factory.Recycle(f, &p.Editor, []int64{1, 2, 3}...)
		list, err := f.Create(ctx, db, 30)
		if err != nil {
			t.Fatal(err)
		}
		after, _ := users.Where().Count(ctx, db)
		editors := map[int64]bool{}
		for _, x := range list {
			editors[*x.Editor] = true
			if x.UserID != list[0].UserID || x.UserID == 0 {
				t.Errorf("post of user %d, want %d", x.UserID, list[0].UserID)
			}
		}
		if after != before+1 || len(editors) != 3 {
			t.Errorf("%d new users, editors %v", after-before, editors)
		}
	})
	t.Run("a failure leaves nothing", func(t *testing.T) {
		before, _ := users.Where().Count(ctx, db)
		bad := post1.State(func(_ *factory.Fake, x *post) { x.UserID = -1; x.Editor = &x.UserID })
		if _, err := factory.Has(user1, &u.ID, 2, factory.Recycle(bad, &p.Editor, int64(-1)), &p.UserID).Create(ctx, db, 2); !errors.Is(err, model.ErrForeignKey) {
			t.Errorf("Create = %v, want ErrForeignKey", err)
		}
		if after, _ := users.Where().Count(ctx, db); after != before {
			t.Errorf("%d users were left behind", after-before)
		}
	})
	t.Run("a wrong declaration is an error", func(t *testing.T) {
		var stray int64
		for what, err := range map[string]error{
			"a stray address": second(factory.For(post1, &stray, user1, &u.ID).Create(ctx, db, 1)),
			"a stray key":     second(factory.Has(user1, &stray, 1, post1, &p.UserID).Create(ctx, db, 1)),
			"no keys":         second(factory.Recycle[post, int64](post1, &p.UserID).Create(ctx, db, 1)),
			"no Of":           second(factory.Factory[user]{}.Create(ctx, db, 1)),
		} {
			if err == nil {
				t.Errorf("%s was taken", what)
			}
		}
	})
	t.Run("After sees the stored rows", func(t *testing.T) {
		var ids int
		_, err := user1.After(func(ctx context.Context, db model.DB, rows []user) error {
			for _, x := range rows {
				if _, err := users.Find(ctx, db, x.ID); err == nil {
					ids++
				}
			}
			return nil
		}).Create(ctx, db, 2)
		if err != nil || ids != 2 {
			t.Errorf("After saw %d rows, %v", ids, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestFake(t *testing.T) {
	f, _ := makers()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	mail := regexp.MustCompile(`^[a-z]+\.[a-z]+\.[0-9]+@example\.com$`)
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.State(func(k *factory.Fake, x *user) {
		if s := k.UUID(); !uuid.MatchString(s) {
			t.Errorf("UUID = %q", s)
		}
		if s := k.Email(); !mail.MatchString(s) {
			t.Errorf("Email = %q", s)
		}
		if n := k.Int(3, 5); n < 3 || n > 5 {
			t.Errorf("Int(3, 5) = %d", n)
		}
		if at := k.Time(from, from.AddDate(1, 0, 0)); at.Before(from) || !at.Before(from.AddDate(1, 0, 0)) {
			t.Errorf("Time = %v", at)
		}
		if s := k.Paragraph(); strings.Count(s, ".") < 3 || strings.Contains(s, "  ") {
			t.Errorf("Paragraph = %q", s)
		}
	}).Make(500)
}

func TestSeeds(t *testing.T) {
	var ran []string
	note := func(name string) func(context.Context, model.DB) error {
		return func(context.Context, model.DB) error { ran = append(ran, name); return nil }
	}
	seeds := factory.Seeds{
		{Name: "comments", Needs: []string{"posts", "users"}, Run: note("comments")},
		{Name: "users", Run: note("users")},
		{Name: "posts", Needs: []string{"users"}, Run: note("posts")},
		{Name: "tags", Run: note("tags")},
	}
	dev := factory.SeedOptions{Env: "development"}

	t.Run("what may be production is refused", func(t *testing.T) {
		for _, env := range []string{"production", "staging", "", "Development"} {
			if err := seeds.Run(t.Context(), nil, factory.SeedOptions{Env: env}); !errors.Is(err, factory.ErrProduction) {
				t.Errorf("Run in %q = %v", env, err)
			}
		}
	})
	t.Run("a wrong declaration runs nothing", func(t *testing.T) {
		for want, s := range map[string]factory.Seeds{
			"in a circle: a needs b needs a": {{Name: "a", Needs: []string{"b"}, Run: note("a")}, {Name: "b", Needs: []string{"a"}, Run: note("b")}},
			`no seeder "c" (a needs c)`:      {{Name: "a", Needs: []string{"c"}, Run: note("a")}},
			"a name of its own":              {{Name: "a", Run: note("a")}, {Name: "a", Run: note("a")}},
			"a name of its own and a Run":    {{Name: "a"}},
		} {
			if err := s.Run(t.Context(), nil, dev); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Run = %v, want %q", err, want)
			}
		}
		only := dev
		only.Only = []string{"nobody"}
		if err := seeds.Run(t.Context(), nil, only); err == nil {
			t.Error("an unknown name was passed over")
		}
		if ran != nil {
			t.Errorf("%q ran", ran)
		}
	})
	db := open(t)
	t.Run("each runs once, after those it needs", func(t *testing.T) {
		var out bytes.Buffer
		told := dev
		told.Progress = &out
		if err := seeds.Run(t.Context(), db, told); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ran, " "); got != "users posts comments tags" {
			t.Errorf("ran %s", got)
		}
		if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[0], "[1/4] users ") {
			t.Errorf("progress = %q", lines)
		}
		ran = nil
		told.Only = []string{"posts"}
		if err := seeds.Run(t.Context(), db, told); err != nil || strings.Join(ran, " ") != "users posts" {
			t.Errorf("Only posts ran %q, %v", ran, err)
		}
	})
	t.Run("one that fails leaves nothing", func(t *testing.T) {
		make, _ := makers()
		err := factory.Seeds{{Name: "half", Run: func(ctx context.Context, db model.DB) error {
			_, err := make.Create(ctx, db, 3)
			return errors.Join(err, errors.New("stop"))
		}}}.Run(t.Context(), db, dev)
		if n, _ := users.Where().Count(t.Context(), db); err == nil || n != 0 {
			t.Errorf("Run = %v, %d users", err, n)
		}
	})
}
