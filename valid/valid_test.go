package valid_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/valid"
)

type signup struct {
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Age      int      `json:"age"`
	Tags     []string `json:"tags"`
	Website  string   `json:"website"`
}

func (in *signup) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(80))
	valid.Field(c, &in.Email, valid.Lower, valid.Required, valid.Email)
	valid.Field(c, &in.Password, valid.MinLen(8), valid.MaxLen(72))
	valid.Field(c, &in.Age, valid.Between(18, 120))
	valid.List(c, &in.Tags, 0, 10, valid.MinLen(1), valid.MaxLen(20))
	valid.Field(c, &in.Website, valid.Optional, valid.URL)
}

func goodSignup() *signup {
	return &signup{"Ada Lovelace", "ada@example.com", "correct horse", 36, []string{"math", "engine", "poetry"}, "https://example.com/ada"}
}

func badSignup() *signup {
	return &signup{"  ", "ada", "short", 7, []string{"math", strings.Repeat("x", 21), "poetry"}, "nowhere"}
}

const signupBody = `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse","age":36,"tags":["math","engine","poetry"],"website":"https://example.com/ada"}`

// rounds is n, or a tenth of it where time is short.
func rounds(n int) int {
	if raceEnabled || testing.Short() {
		return n / 10
	}
	return n
}

// violations checks and returns what was found as "pointer code" lines.
func violations(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*valid.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want *valid.Error", err, err)
	}
	var list []string
	for _, v := range e.Violations {
		place := v.Pointer
		if v.In != "" {
			place = v.In + " " + v.Name
		}
		list = append(list, place+" "+v.Code)
	}
	return list
}

func check[T any](t *testing.T, v *T, rule valid.Rule[T]) []string {
	t.Helper()
	return violations(t, valid.Check(context.Background(), v, rule))
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestCheck(t *testing.T) {
	want(t, check(t, goodSignup(), (*signup).Valid))
	want(t, check(t, badSignup(), (*signup).Valid),
		"#/name required", "#/email email", "#/password min_len", "#/age between", "#/tags/1 max_len", "#/website url")
	want(t, check(t, badSignup(), valid.First((*signup).Valid)), "#/name required")
}

func TestDescribe(t *testing.T) {
	b, err := json.MarshalIndent(valid.Describe((*signup).Valid), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", b)
}

func TestDecode(t *testing.T) {
	var got signup
	if err := valid.Decode([]byte(signupBody), &got, valid.Limits{}); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	if string(a) != signupBody {
		t.Errorf("got %s", a)
	}
}

func TestAudit(t *testing.T) {
	if err := valid.Audit((*signup).Valid, 2000); err != nil {
		t.Error(err)
	}
	for _, b := range valid.Describe((*signup).Valid).Boundaries() {
		t.Logf("%v %s %s: %.150s", b.Valid, b.Pointer, b.Why, b.Body)
	}
}
