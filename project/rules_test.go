package project_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/project"
)

func TestNewPlan_refused(t *testing.T) {
	type odd struct{ X int }
	var wrong odd
	for name, tt := range map[string]struct {
		kind  string
		allow func(*project.Rules)
	}{
		"an unknown operator":             {"page", func(r *project.Rules) { project.Filter(r, "a", &b.Pages, "like") }},
		"a text operator on a number":     {"page", func(r *project.Rules) { project.Filter(r, "a", &b.Pages, "contains") }},
		"an order of booleans":            {"page", func(r *project.Rules) { project.Filter(r, "a", new(bool), "gt") }},
		"null of what cannot be NULL":     {"page", func(r *project.Rules) { project.Filter(r, "a", &b.Pages, "null") }},
		"a type text cannot become":       {"page", func(r *project.Rules) { project.Filter(r, "a", &wrong) }},
		"no field":                        {"page", func(r *project.Rules) { project.Filter[int](r, "a", nil) }},
		"no name":                         {"page", func(r *project.Rules) { project.Filter(r, "", &b.Pages) }},
		"a name of the grammar":           {"page", func(r *project.Rules) { project.Filter(r, "or", &b.Pages) }},
		"a name with a bracket":           {"page", func(r *project.Rules) { project.Sort(r, "a]", &b.Pages) }},
		"a filter twice":                  {"page", func(r *project.Rules) { project.Filter(r, "a", &b.Pages); project.Filter(r, "a", &b.Pages) }},
		"a sort twice":                    {"page", func(r *project.Rules) { project.Sort(r, "a", &b.Pages); project.Sort(r, "a", &b.Pages) }},
		"a default order nobody declared": {"page", func(r *project.Rules) { r.Sort = "-title" }},
		"a default nobody has":            {"page", func(r *project.Rules) { r.Default = []string{"nope"} }},
		"a default that is hidden":        {"page", func(r *project.Rules) { r.Default = []string{"title"}; r.Hide("title") }},
		"to hide what is not there":       {"page", func(r *project.Rules) { r.Hide("e_mail") }},
		"to guard what is not there":      {"page", func(r *project.Rules) { r.Guard("e_mail", func(context.Context) bool { return true }) }},
		"a guard of nil":                  {"page", func(r *project.Rules) { r.Guard("title", nil) }},
		"always what is not there":        {"page", func(r *project.Rules) { r.Always = []string{"nope"} }},
		"only what is not there":          {"page", func(r *project.Rules) { r.Only = []string{"author.nope"} }},
		"a short key":                     {"page", func(r *project.Rules) { r.Keys = [][]byte{[]byte("short")} }},
		"keys without a key":              {"page", func(r *project.Rules) { r.Keys = [][]byte{} }},
		"a page greater than the most":    {"page", func(r *project.Rules) { r.PageSize, r.MaxPageSize = 200, 100 }},
		"a page too great for anybody":    {"page", func(r *project.Rules) { r.MaxPageSize = 1_000_000 }},
		"to filter one item":              {"item", func(r *project.Rules) { project.Filter(r, "a", &b.Pages) }},
		"to sort one item":                {"item", func(r *project.Rules) { project.Sort(r, "a", &b.Pages) }},
		"to search one item":              {"none", func(r *project.Rules) { project.Search(r, &b.Title) }},
		"to number the pages of a list":   {"list", func(r *project.Rules) { r.Numbered = true }},
		"a search of nil":                 {"page", func(r *project.Rules) { project.Search[string](r, nil) }},
		"a function of nil":               {"page", func(r *project.Rules) { project.FilterFunc[int, int](r, "a", nil) }},
	} {
		if _, err := project.NewPlan(tt.allow, answer(tt.kind)); err == nil || !strings.HasPrefix(err.Error(), "project: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlan_Owns(t *testing.T) {
	names := []string{"fields", "fields[x]", "expand", "expand[]", "filter[x]", "filter", "sort", "sort[x]", "search", "page[size]", "page", "q", "fieldsets", "Fields", ""}
	for _, tt := range []struct {
		kind  string
		allow func(*project.Rules)
		shape bool
		want  string
	}{
		{"page", everything, true, "fields fields[x] expand expand[] filter[x] filter sort search page[size] page"},
		{"page", nil, true, "fields fields[x] expand expand[] page[size] page"},
		{"list", everything, true, "fields fields[x] expand expand[] filter[x] filter sort search"},
		{"item", nil, true, "fields fields[x] expand expand[]"},
		{"none", nil, false, ""},
		{"page", nil, false, "page[size] page"},
	} {
		a := answer(tt.kind)
		if !tt.shape {
			a.Members = nil
		}
		p, err := project.NewPlan(tt.allow, a)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			if p.Owns(name) {
				got = append(got, name)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: owns %s\nwant %s", tt.kind, s, tt.want)
		}
	}
}

func TestRules_members(t *testing.T) {
	type seen struct{}
	guarded := func(r *project.Rules) {
		r.Hide("notes", "author.email")
		r.Guard("pages", func(ctx context.Context) bool { return ctx.Value(seen{}) != nil })
	}
	shape := answer("page")
	shape.Members = func(path string) []string {
		if path == "" {
			return []string{"id", "title", "pages", "notes", "author"}
		}
		if path == "author" {
			return []string{"id", "name", "email"}
		}
		return nil
	}
	for _, tt := range []struct {
		name  string
		allow func(*project.Rules)
		query string
		all   bool // the caller passes the guard
		want  string
	}{
		{"hidden members are left out by default", guarded, "", false, "* -**.notes -**.author.email -**.pages"},
		{"a guard that agrees leaves its member", guarded, "", true, "* -**.notes -**.author.email"},
		{"stars do not reach hidden members", guarded, "fields=*,author(*)", true, "* author.* -**.notes -**.author.email"},
		{"nor does a relation by its name", guarded, "fields=author", true, "author -**.notes -**.author.email"},
		{"a guarded member by its name", guarded, "fields=pages", true, "pages"},
		{"refused", guarded, "fields=pages", false, "unknown_member []"},
		{"a hidden member is unknown", guarded, "fields=notes", true, "unknown_member []"},
		{"a hidden member below is unknown", guarded, "fields=author.email", true, "unknown_member []"},
		{"suggestions are of what may be seen", guarded, "fields=titel", false, "unknown_member [title]"},
		{"and not of what may not", guarded, "fields=page", false, "unknown_member []"},
		{"but for others", guarded, "fields=page", true, "unknown_member [pages]"},
		{"a default set", func(r *project.Rules) { r.Default = []string{"id", "author.name"} }, "", false, "id author.name"},
		{"a default set and a relation", func(r *project.Rules) { r.Default = []string{"id"} }, "expand=author", false, "id author"},
		{"all, though the default is less", func(r *project.Rules) { r.Default = []string{"id"} }, "fields=*", false, ""},
		{"a default set that is guarded", func(r *project.Rules) {
			guarded(r)
			r.Default = []string{"id", "pages"}
		}, "", false, "id"},
		{"a default set that is guarded, for others", func(r *project.Rules) {
			guarded(r)
			r.Default = []string{"id", "pages"}
		}, "", true, "id pages"},
		{"what is always there", func(r *project.Rules) { r.Always = []string{"id"} }, "fields=author(name)", false, "id author.id author.name"},
		{"identifiers only", func(r *project.Rules) { r.Always = []string{"title"} }, "fields=", false, "title"},
		{"only some", func(r *project.Rules) { r.Only = []string{"id", "author.name"} }, "", false, "* -title -pages -notes -author.id -author.email"},
		{"only some, by name", func(r *project.Rules) { r.Only = []string{"id", "author.name"} }, "fields=author,id", false, "id author.* -author.id -author.email"},
		{"only some, refused", func(r *project.Rules) { r.Only = []string{"id", "author.name"} }, "fields=title", false, "unknown_member []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := project.NewPlan(tt.allow, shape)
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if tt.all {
				ctx = context.WithValue(ctx, seen{}, true)
			}
			var q project.Query
			got := ""
			// Twice: the second answer is from the cache, and of the same caller.
			for range 2 {
				values := parse(t, tt.query)
				if err := q.Bind(t.Context(), p, values); err != nil && !strings.Contains(err.Error(), "unknown_member") {
					t.Fatal(err)
				}
				q = project.Query{}
				if err := q.Bind(ctx, p, values); err != nil {
					f := err.(*project.Error).Faults[0]
					got = f.Code + " [" + strings.Join(f.Suggestions, " ") + "]"
				} else {
					got = strings.Join(q.Paths(), " ")
				}
				if got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestRules_opaque(t *testing.T) {
	p, err := project.NewPlan(func(r *project.Rules) { r.Only = []string{"id", "author.name", "author.id"} }, project.Answer{Kind: "item"})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"fields=author.name": `{"author":{"name":"n"}}`,
		"fields=author":      `{"author":{"name":"n","id":2}}`,
		"fields=*,-id":       `{"author":{"name":"n","id":2}}`,
		"fields=author(-id)": `{"author":{"name":"n"}}`,
		"":                   `{"id":1,"author":{"name":"n","id":2}}`,
	} {
		q, faults := bind(t, p, query)
		if faults != nil {
			t.Fatal(faults)
		}
		got, err := q.Copy(nil, []byte(`{"id":1,"secret":"s","author":{"name":"n","id":2,"secret":"s"}}`))
		if err != nil || string(got) != want {
			t.Errorf("%q: %s, %v, want %s", query, got, err, want)
		}
	}
}

func TestQuery_zero(t *testing.T) {
	var q project.Query
	size, cursor, count := q.Window()
	if q.Paths() != nil || q.Selection() != nil || q.Reads(b) != nil || q.PageNumber() != 0 || q.Cost() != 0 ||
		size != 25 || cursor != "" || count || !q.Wants("author.name") || terms(q.Terms) != "" {
		t.Error("the zero query asks for something")
	}
	q.Order(func(any, bool) bool { t.Error("the zero query has an order"); return true })
	if out, err := q.Copy(nil, []byte(`{"a":1}`)); err != nil || string(out) != `{"a":1}` {
		t.Errorf("the zero query copies %s, %v", out, err)
	}
}

func TestQuery_Wants(t *testing.T) {
	p := plan(t, nil)
	for query, want := range map[string]string{
		"":                             "title cover.url",
		"fields=title":                 "title",
		"expand=author":                "title cover.url author author.name",
		"fields=author.name":           "author author.name",
		"fields=*,-cover,author.books": "title author author.books",
		"fields=*,-cover.url":          "title",
	} {
		q, _ := bind(t, p, query)
		var got []string
		for _, path := range []string{"title", "cover.url", "author", "author.name", "author.books", "reviews", "nope.nope"} {
			if q.Wants(path) && path != "nope.nope" {
				got = append(got, path)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q wants %s, not %s", query, s, want)
		}
	}
}

func TestQuery_Cost(t *testing.T) {
	p := plan(t, everything)
	for query, want := range map[string]int{
		"fields=id":                                               1*25 + 2,
		"fields=id,title&page[size]=10":                           2*10 + 2,
		"fields=id,author&page[size]=1":                           (1 + 1 + 3) + 2,
		"fields=id,reviews.text&page[size]=1":                     (1 + 1 + 25 + 2) + 2,
		"fields=id&page[size]=1&filter[pages]=1&page[total]=true": 1 + 2 + 2 + 2,
		"page[size]=1":                                            (3 + 1 + 2) + 2,
	} {
		if q, faults := bind(t, p, query); q.Cost() != want {
			t.Errorf("%q costs %d, want %d %v", query, q.Cost(), want, faults)
		}
	}
	p = plan(t, func(r *project.Rules) { r.MaxCost = 100 })
	if _, faults := bind(t, p, "fields=reviews.text"); len(faults) != 1 || faults[0].Code != "too_expensive" {
		t.Errorf("an expensive query: %v", faults)
	}
	if _, faults := bind(t, p, "fields=reviews.text&page[size]=2"); faults != nil {
		t.Errorf("a cheaper page: %v", faults)
	}
}

func TestRules_Numbered(t *testing.T) {
	p := plan(t, func(r *project.Rules) { r.Numbered = true })
	if q, faults := bind(t, p, "page[number]=3&page[total]=true"); faults != nil || q.PageNumber() != 3 {
		t.Errorf("page %d, %v", q.PageNumber(), faults)
	}
	for query, code := range map[string]string{"page[number]=0": "range", "page[number]=10001": "range", "page[number]=1&page[cursor]=x": "conflict"} {
		if _, faults := bind(t, p, query); len(faults) != 1 || faults[0].Code != code {
			t.Errorf("%s: %v", query, faults)
		}
	}
}

// status is a text of a few words.
type status string

func TestFilter_types(t *testing.T) {
	var f struct {
		I8   int8
		U    uint64
		F    float64
		B    bool
		T    time.Time
		D    time.Duration
		A    netip.Addr
		S    status
		PI   *int
		PT   *time.Time
		PS   *status
		Lots []string
	}
	p := plan(t, func(r *project.Rules) {
		project.Filter(r, "i8", &f.I8, "eq", "in")
		project.Filter(r, "u", &f.U)
		project.Filter(r, "f", &f.F)
		project.Filter(r, "b", &f.B)
		project.Filter(r, "t", &f.T, "eq", "between")
		project.Filter(r, "d", &f.D)
		project.Filter(r, "a", &f.A)
		project.Filter(r, "s", &f.S, "eq", "contains")
		project.Filter(r, "pi", &f.PI)
		project.Filter(r, "pt", &f.PT)
		project.Filter(r, "ps", &f.PS, "eq", "starts", "in")
	})
	for query, want := range map[string]any{
		"filter[i8]=-128":                int8(-128),
		"filter[i8]=128":                 "integer",
		"filter[u]=9223372036854775807":  uint64(1<<63 - 1),
		"filter[u]=9223372036854775808":  "integer",
		"filter[u]=-1":                   "integer",
		"filter[f]=1e3":                  1e3,
		"filter[f]=NaN":                  "number",
		"filter[f]=1e999":                "number",
		"filter[f]=.5":                   "number",
		"filter[b]=true":                 true,
		"filter[b]=1":                    "boolean",
		"filter[t]=2026-01-02T03:04:05Z": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"filter[t]=2026-01-02":           "date_time",
		"filter[t]=0000-01-01T00:00:00Z": "date_time",
		"filter[d]=1h":                   time.Hour,
		"filter[d]=1":                    "duration",
		"filter[a]=::1":                  netip.IPv6Loopback(),
		"filter[a]=x":                    "format",
		"filter[s]=new":                  status("new"),
		"filter[s][contains]=new":        "new",
		"filter[pi]=7":                   new(7),
		"filter[pi]=":                    "integer",
		"filter[ps]=":                    new(status("")),
		"filter[ps][starts]=x":           "x",
		`filter[ps][in]=a\,b`:            new(status("a,b")),
	} {
		q, faults := bind(t, p, query)
		if faults != nil {
			if faults[0].Code != want {
				t.Errorf("%s: %v, want %v", query, faults, want)
			}
			continue
		}
		q.Terms(func(_ any, _ string, args []any) bool {
			if !same(args[0], want) {
				t.Errorf("%s: %T %v, want %T %v", query, args[0], args[0], want, want)
			}
			return true
		})
	}
}

func same(a, b any) bool {
	switch a := a.(type) {
	case *int:
		return *a == *b.(*int)
	case *status:
		return *a == *b.(*status)
	}
	return a == b
}

func TestError_details(t *testing.T) {
	_, faults := bind(t, plan(t, everything), "fields=id,titel,author(nam)&sort=titel&filter[page]=1&page[size]=0")
	var got []string
	for _, f := range faults {
		got = append(got, strings.TrimSpace(f.Name+" "+f.Path+" "+strings.Join(f.Suggestions, " ")))
		if f.In != "query" || f.Code == "" || f.Detail == "" {
			t.Errorf("incomplete: %+v", f)
		}
	}
	want := []string{"fields titel title", "fields author.nam name", "filter[page] page pages", "page[size]", "sort titel title"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if faults[0].Offset != 3 || faults[1].Offset != 16 {
		t.Errorf("offsets %d and %d", faults[0].Offset, faults[1].Offset)
	}
}
