package project_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

type tenantKey struct{}

func keyed(keys ...string) func(*project.Rules) {
	return func(r *project.Rules) {
		everything(r)
		for _, k := range keys {
			r.Keys = append(r.Keys, []byte(strings.Repeat(k, 16)))
		}
		r.Scope = func(ctx context.Context) string {
			tenant, _ := ctx.Value(tenantKey{}).(string)
			return tenant
		}
	}
}

// sealed is a cursor that was made for a query.
func sealed(t *testing.T, p *project.Plan, tenant, query, inner string) string {
	t.Helper()
	q, err := bindAs(p, tenant, query)
	if err != nil {
		t.Fatal(err)
	}
	return q.Seal(inner)
}

func bindAs(p *project.Plan, tenant, query string) (q project.Query, err error) {
	values, err := url.ParseQuery(query)
	if err == nil {
		err = q.Bind(context.WithValue(context.Background(), tenantKey{}, tenant), p, values)
	}
	return q, err
}

func TestQuery_Seal(t *testing.T) {
	const query = "sort=title&filter[pages][gte]=1&filter[or][0][author]=1&filter[or][1][author]=2&search=abc"
	for _, keys := range [][]string{nil, {"k"}} {
		p := plan(t, keyed(keys...))
		cursor := sealed(t, p, "one", query, "inner")
		q, err := bindAs(p, "one", query+"&page[size]=3&fields=id&page[cursor]="+url.QueryEscape(cursor))
		if err != nil {
			t.Fatal(err)
		}
		if size, inner, _ := q.Window(); inner != "inner" || size != 3 {
			t.Errorf("opened %q, %d", inner, size)
		}
		if again := q.Seal("inner"); again != cursor {
			t.Errorf("sealed again as %q, not %q", again, cursor)
		}
		for name, other := range map[string]string{
			"order":      "sort=-title&filter[pages][gte]=1&filter[or][0][author]=1&filter[or][1][author]=2&search=abc",
			"value":      "sort=title&filter[pages][gte]=2&filter[or][0][author]=1&filter[or][1][author]=2&search=abc",
			"operator":   "sort=title&filter[pages][lte]=1&filter[or][0][author]=1&filter[or][1][author]=2&search=abc",
			"group":      "sort=title&filter[pages][gte]=1&filter[or][0][author]=1&search=abc",
			"search":     "sort=title&filter[pages][gte]=1&filter[or][0][author]=1&filter[or][1][author]=2&search=abcd",
			"everything": "",
		} {
			if _, err := bindAs(p, "one", other+"&page[cursor]="+url.QueryEscape(cursor)); err == nil {
				t.Errorf("keys %q: a cursor of another %s was taken", keys, name)
			}
		}
		if _, err := bindAs(p, "two", query+"&page[cursor]="+url.QueryEscape(cursor)); err == nil {
			t.Errorf("keys %q: a cursor of another tenant was taken", keys)
		}
		for i := range cursor {
			changed := cursor[:i] + string('A'+(cursor[i]-'A'+1)%26) + cursor[i+1:]
			if _, err := bindAs(p, "one", query+"&page[cursor]="+url.QueryEscape(changed)); err == nil {
				t.Fatalf("keys %q: a cursor with another byte %d was taken", keys, i)
			}
		}
		for _, bad := range []string{"x", "inner", cursor + "x", cursor[:len(cursor)-1], cursor[:23], strings.Repeat("A", 1<<16), "\x00", "é"} {
			if _, err := bindAs(p, "one", query+"&page[cursor]="+url.QueryEscape(bad)); err == nil {
				t.Errorf("keys %q: the cursor %.30q was taken", keys, bad)
			}
		}
	}
	var zero project.Query
	if got := zero.Seal("inner"); got != "inner" {
		t.Errorf("a zero query sealed %q", got)
	}
	if q, _ := bindAs(plan(t, nil), "", ""); q.Seal("") != "" {
		t.Error("the end of a list was sealed")
	}
}

func TestRules_Keys(t *testing.T) {
	a, b, ba := plan(t, keyed("a")), plan(t, keyed("b")), plan(t, keyed("b", "a"))
	none := plan(t, keyed())
	cursor := sealed(t, a, "", "", "inner")
	open := func(p *project.Plan, cursor string) bool {
		_, err := bindAs(p, "", "page[cursor]="+url.QueryEscape(cursor))
		return err == nil
	}
	if !open(a, cursor) || !open(plan(t, keyed("a")), cursor) {
		t.Error("another process with the same key refuses the cursor")
	}
	if open(b, cursor) || open(none, cursor) || open(a, sealed(t, none, "", "", "inner")) {
		t.Error("a cursor without the key was taken")
	}
	if !open(ba, cursor) || open(a, sealed(t, ba, "", "", "inner")) {
		t.Error("the first key must sign and all must verify")
	}
}
