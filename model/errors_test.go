package model_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

var _ interface {
	error
	HTTPStatus() int
	ErrorCode() string
	PublicMessage() string
} = (*model.Error)(nil)

type ruled struct {
	ID    int64  `db:"id,pk"`
	Email string `db:"email"`
	Age   int    `db:"age"`
	Boss  *int64 `db:"boss"`
}

var ruleds = model.Of[ruled]("ruled")

func TestErrors(t *testing.T) {
	db := openPostgres(t)
	ctx := t.Context()
	if _, err := db.SQL().Exec(`CREATE TABLE ruled (id bigserial PRIMARY KEY, email text NOT NULL,
		age integer NOT NULL CONSTRAINT grown CHECK (age >= 0), boss bigint REFERENCES ruled,
		CONSTRAINT one_mail UNIQUE (email, age))`); err != nil {
		t.Fatal(err)
	}
	if err := ruleds.Insert(ctx, db, &ruled{Email: "a@b", Age: 1}); err != nil {
		t.Fatal(err)
	}
	nobody := int64(404)
	for _, c := range []struct {
		name       string
		row        ruled
		kind       error
		status     int
		constraint string
		columns    []string
	}{
		{"unique", ruled{Email: "a@b", Age: 1}, model.ErrConflict, 409, "one_mail", []string{"email", "age"}},
		{"foreign key", ruled{Email: "x", Boss: &nobody}, model.ErrForeignKey, 409, "ruled_boss_fkey", []string{"boss"}},
		{"check", ruled{Email: "x", Age: -1}, model.ErrCheck, 422, "grown", nil},
		{"a value out of range", ruled{Email: "x", Age: 1 << 40}, model.ErrCheck, 422, "", nil},
	} {
		err := ruleds.Insert(ctx, db, &c.row)
		e, ok := errors.AsType[*model.Error](err)
		if !ok || !errors.Is(err, c.kind) || e.HTTPStatus() != c.status || e.ErrorCode() == "" {
			t.Errorf("%s: %v, want %v with status %d", c.name, err, c.kind, c.status)
			continue
		}
		if e.Constraint != c.constraint || !slices.Equal(e.Columns, c.columns) {
			t.Errorf("%s: constraint %q of %q, want %q of %q", c.name, e.Constraint, e.Columns, c.constraint, c.columns)
		}
		for _, secret := range []string{"ruled", "email", "INSERT", "pq:", "SQL", c.constraint} {
			if secret != "" && strings.Contains(e.PublicMessage(), secret) {
				t.Errorf("%s: %q tells a client %q", c.name, e.PublicMessage(), secret)
			}
		}
	}
}

func TestErrors_unavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	c, err := postgres.NewConnector(fmt.Sprintf("postgres://nobody@%s/none?sslmode=disable", l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	db := model.Open(c, model.Postgres, nil)
	defer db.Close()
	for what, err := range map[string]error{
		"read":        second(entries.All(t.Context(), db)),
		"write":       entries.Insert(t.Context(), db, &entry{Tag: "a"}),
		"transaction": db.Tx(t.Context(), func(model.DB) error { return nil }),
	} {
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != model.ErrUnavailable || e.HTTPStatus() != 503 || e.HTTPHeader().Get("Retry-After") == "" {
			t.Errorf("%s without a server = %v, want ErrUnavailable", what, err)
		}
		if errors.Is(err, model.ErrCommitUnknown) {
			t.Errorf("%s: nothing was sent, so nothing is unknown", what)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func ExampleError() {
	err := fmt.Errorf("sign up: %w", &model.Error{Kind: model.ErrConflict, Model: "users", Columns: []string{"email"}})
	if e, ok := errors.AsType[*model.Error](err); ok && errors.Is(err, model.ErrConflict) {
		fmt.Println(e.HTTPStatus(), e.ErrorCode(), e.Columns)
		fmt.Println(e.PublicMessage())
	}
	// Output:
	// 409 conflict [email]
	// A record with these values exists already.
}
