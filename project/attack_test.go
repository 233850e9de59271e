package project_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/project"
)

// attacks are query strings nobody honest sends. Each is refused.
func attacks() map[string]url.Values {
	many := func(n int, f func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = f(i)
		}
		return strings.Join(parts, ",")
	}
	flood := url.Values{}
	for i := range 10_000 {
		flood[fmt.Sprintf("filter[pages][%d]", i)] = []string{"1"}
	}
	groups := url.Values{}
	for i := range 60 {
		groups[fmt.Sprintf("filter[or][%d][pages]", i)] = []string{"1"}
	}
	return map[string]url.Values{
		"parentheses by the megabyte": {"fields": {strings.Repeat("author(", 1<<17)}},
		"closing parentheses":         {"fields": {"author(id" + strings.Repeat(")", 1<<20)}},
		"parentheses alone":           {"fields": {strings.Repeat("(", 1<<20)}},
		"deep dots":                   {"fields": {strings.Repeat("author.books.", 1000) + "id"}},
		"deep stars":                  {"fields": {"*(*(*(*(*(*(*))))))"}},
		"aliases":                     {"fields": {many(1000, func(i int) string { return fmt.Sprintf("a%d:title", i) })}},
		"duplicates":                  {"fields": {many(100_000, func(i int) string { return "title" })}},
		"many duplicates, short":      {"fields": {many(340, func(i int) string { return "title" })}},
		"parameters by the thousand":  {"fields": strings.Split(strings.Repeat("title,", 10_000), ",")},
		"unknown names":               {"fields": {many(190, func(i int) string { return fmt.Sprintf("titl%d", i) })}},
		"commas":                      {"fields": {strings.Repeat(",", 1<<20)}},
		"backslashes":                 {"fields": {strings.Repeat(`\`, 1<<20)}},
		"dashes":                      {"fields": {strings.Repeat("-", 2000)}},
		"a unicode name":              {"fields": {"tіtle"}}, // a Cyrillic letter
		"a wide name":                 {"fields": {"ｔｉｔｌｅ"}},
		"NUL":                         {"fields": {"title\x00"}},
		"escaped NUL":                 {"fields": {"title\\\x00"}},
		"no UTF-8":                    {"fields": {"\xff\xfe"}},
		"escaped no UTF-8":            {"fields": {"\\\xff"}},
		"SQL":                         {"fields": {"title;drop table books"}},
		"expand by the megabyte":      {"expand": {strings.Repeat("author.books.", 1<<16)}},
		"brackets":                    {"fields" + strings.Repeat("[", 1<<16): {"x"}},
		"values in a list":            {"filter[author][in]": {many(100_000, func(i int) string { return "1" })}},
		"between many":                {"filter[pages][between]": {many(100_000, func(i int) string { return "1" })}},
		"a number by the megabyte":    {"filter[pages]": {strings.Repeat("1", 1<<20)}},
		"a text by the megabyte":      {"filter[title][contains]": {strings.Repeat("%", 1<<20)}},
		"a search by the megabyte":    {"search": {strings.Repeat("_", 1<<20)}},
		"filters by the thousand":     flood,
		"groups by the dozen":         groups,
		"groups in groups":            {"filter" + strings.Repeat("[or][0]", 1<<12) + "[pages]": {"1"}},
		"a group of a huge number":    {"filter[or][99999999999999999999][pages]": {"1"}},
		"an operator as SQL":          {"filter[pages][= 1 or 1=1 --]": {"1"}},
		"a name as SQL":               {`filter[pages" or 1=1]`: {"1"}},
		"sorts by the megabyte":       {"sort": {strings.Repeat("title,", 1<<17)}},
		"a sort as SQL":               {"sort": {"title desc nulls last"}},
		"a size":                      {"page[size]": {"101"}},
		"a size of nothing":           {"page[size]": {"0"}},
		"a negative size":             {"page[size]": {"-1"}},
		"a size beyond numbers":       {"page[size]": {strings.Repeat("9", 400)}},
		"a number of a page":          {"page[number]": {"2"}},
		"page of pages":               {"page[size][size]": {"1"}},
		"a page without a name":       {"page": {"1"}},
		"a cursor by the megabyte":    {"page[cursor]": {strings.Repeat("A", 1<<20)}},
		"two cursors":                 {"page[cursor]": {"a", "b"}},
	}
}

func TestBind_attacks(t *testing.T) {
	p := plan(t, everything)
	for name, values := range attacks() {
		t.Run(name, func(t *testing.T) {
			var q project.Query
			err := q.Bind(context.Background(), p, values)
			refused, ok := err.(*project.Error)
			if !ok {
				t.Fatalf("taken: %q %v", q.Paths(), err)
			}
			size := 0
			for _, f := range refused.Faults {
				size += len(f.Name) + len(f.Path) + len(f.Detail) + len(strings.Join(f.Suggestions, ""))
			}
			if len(refused.Faults) > 20 || size > 8<<10 {
				t.Errorf("%d faults of %d bytes are repeated to the client", len(refused.Faults), size)
			}
			sent := 0
			for name, list := range values {
				sent += len(name) + len(strings.Join(list, ""))
			}
			if raceEnabled {
				return
			}
			if n := testing.AllocsPerRun(3, func() { _ = q.Bind(context.Background(), p, values) }); n > 1000 {
				t.Errorf("%v allocations for %d bytes", n, sent)
			}
		})
	}
}

// TestBind_wide holds the limits of what stars stand for, on an answer of thirty
// relations of thirty relations without end.
func TestBind_wide(t *testing.T) {
	names := make([]string, 30)
	for i := range names {
		names[i] = fmt.Sprint("r", i)
	}
	for _, relations := range []bool{true, false} {
		asked := 0
		p, err := project.NewPlan(nil, project.Answer{Kind: "page",
			Members:  func(string) []string { asked++; return names },
			Relation: func(string) (bool, bool) { return relations, true },
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"fields=*(*(*(*(*(*)))))", "fields=*(*(*))", "expand=" + strings.Join(names[:11], ",")} {
			if _, faults := bind(t, p, query); relations == (faults == nil) && strings.HasPrefix(query, "expand") || strings.HasPrefix(query, "fields") && (len(faults) != 1 || faults[0].Code != "too_many") {
				t.Errorf("relations %v: %s gives %v", relations, query, faults)
			}
		}
		if asked > 2000 {
			t.Errorf("asked for the members of %d objects", asked)
		}
	}
}

// TestBind_bounded holds that a selection beyond the limits costs what the
// longest one within them does.
func TestBind_bounded(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	p := plan(t, nil)
	count := func(n int) float64 {
		text := strings.TrimSuffix(strings.Repeat("id,", n), ",")
		return testing.AllocsPerRun(5, func() {
			var q project.Query
			_ = q.Bind(context.Background(), p, url.Values{"fields": {text}})
		})
	}
	if few, many := count(250), count(100_000); many > few+5 {
		t.Errorf("%v allocations for 250 names, %v for 100,000", few, many)
	}
}

func TestBind_cacheBounded(t *testing.T) {
	compiled := 0
	a := answer("page")
	a.Compile = func(paths []string) any { compiled++; return len(paths) }
	p, err := project.NewPlan(nil, a)
	if err != nil {
		t.Fatal(err)
	}
	// The same selection in other words is compiled once, however often.
	compiled = 0
	for i := range 3000 {
		query := "fields=" + strings.Repeat("title,", i%50) + "id,title"
		if q, faults := bind(t, p, query); faults != nil || q.Selection() != 2 {
			t.Fatalf("%q: %v, %v", query, faults, q.Selection())
		}
	}
	if compiled != 1 {
		t.Errorf("compiled %d times, want once", compiled)
	}
	// A hit costs what was sent, not the selection.
	if raceEnabled {
		return
	}
	values := url.Values{"fields": {"id,title,author(name,books(title)),reviews(stars)"}}
	var q project.Query
	if n := testing.AllocsPerRun(100, func() { _ = q.Bind(context.Background(), p, values) }); n > 1 {
		t.Errorf("%v allocations for a selection that is known", n)
	}
	none := url.Values{}
	if n := testing.AllocsPerRun(100, func() { _ = q.Bind(context.Background(), p, none) }); n != 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}
