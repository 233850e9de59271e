// Package projectbench measures project: the narrowing of JSON that is bytes
// already, and the reading of selections, filters and cursors.
//
// The rivals are encoding/json used as response middleware uses it: decode into
// maps, or into maps of json.RawMessage, leave out members and encode again;
// and json.Valid, which a copier of foreign bytes cannot do without.
package projectbench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/project"
)

// Tables are those of project.
func Tables() []harness.Table {
	return []harness.Table{foreign(), all(), parsing(), selection()}
}

// A thing is an object of ten members, as in the tables of render.
type thing struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Email   string    `json:"email"`
	Bio     string    `json:"bio"`
	Age     int       `json:"age"`
	Score   float64   `json:"score"`
	Active  bool      `json:"active"`
	Tags    []string  `json:"tags"`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

// document is a list of 100 things, as another service would send it.
func document() []byte {
	list := make([]thing, 100)
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	for i := range list {
		list[i] = thing{
			ID:    fmt.Sprintf("018f3a1c-7b2e-7c4d-9a5b-%012d", i),
			Name:  fmt.Sprintf("Person Number %d", i),
			Email: fmt.Sprintf("person.%d@mail.example.com", i),
			Bio:   "Writes about gardens, bridges and the slow mail.",
			Age:   20 + i%60, Score: float64(i) * 1.37, Active: i%3 > 0,
			Tags:    []string{"reader", "member"},
			Created: at.Add(time.Duration(i) * time.Hour), Updated: at.Add(time.Duration(i) * 25 * time.Hour),
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return b
}

var three = []string{"id", "email", "age"}

// copied narrows src n times into one buffer.
func copied(f *project.Fields, src []byte) func(int) error {
	var dst []byte
	return func(n int) (err error) {
		for range n {
			if dst, err = f.Copy(dst[:0], src); err != nil {
				return err
			}
		}
		return nil
	}
}

func valid(src []byte) func(int) error {
	return func(n int) error {
		for range n {
			if !json.Valid(src) {
				return fmt.Errorf("not JSON")
			}
		}
		return nil
	}
}

// decoded narrows by way of maps with values of type V.
func decoded[V any](src []byte) ([]byte, error) {
	var items []map[string]V
	if err := json.Unmarshal(src, &items); err != nil {
		return nil, err
	}
	for i, item := range items {
		kept := make(map[string]V, len(three))
		for _, name := range three {
			if v, ok := item[name]; ok {
				kept[name] = v
			}
		}
		items[i] = kept
	}
	return json.Marshal(items)
}

func times(f func() ([]byte, error)) func(int) error {
	return func(n int) error {
		for range n {
			if _, err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}

func foreign() harness.Table {
	src, f := document(), project.Compile(three)
	return harness.Table{
		Name:  "project: 3 of 10 members of foreign JSON, 100 objects",
		Base:  "json.Valid",
		Notes: []string{fmt.Sprintf("the document has %d bytes; json.Valid narrows nothing", len(src))},
		Rows: []harness.Row{
			{Name: "glueful", Run: copied(f, src), Check: func() error { return sameAs(f, src) }, Targets: []harness.Target{
				{Against: "json.Valid", AtMost: 1.0},
				{What: harness.Allocs},
			}},
			{Name: "json.Valid", Run: valid(src)},
			{Name: "decode and filter", Run: times(func() ([]byte, error) { return decoded[any](src) })},
			{Name: "raw and filter", Run: times(func() ([]byte, error) { return decoded[json.RawMessage](src) })},
		},
	}
}

// sameAs checks that the copy holds what decoding and filtering leaves.
func sameAs(f *project.Fields, src []byte) error {
	is, err := f.Copy(nil, src)
	if err != nil {
		return err
	}
	should, err := decoded[any](src)
	if err != nil {
		return err
	}
	var a, b any
	if err := json.Unmarshal(is, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(should, &b); err != nil {
		return err
	}
	if !reflect.DeepEqual(a, b) {
		return fmt.Errorf("copies %.200s, want %.200s", is, should)
	}
	return nil
}

func all() harness.Table {
	src := document()
	return harness.Table{
		Name: "project: all members of foreign JSON, 100 objects",
		Base: "json.Valid",
		Rows: []harness.Row{
			{Name: "glueful", Run: copied(nil, src), Check: func() error {
				if out, err := (*project.Fields)(nil).Copy(nil, src); err != nil || !bytes.Equal(out, src) {
					return fmt.Errorf("copies %.200s, %w", out, err)
				}
				return nil
			}, Targets: []harness.Target{{Against: "json.Valid", AtMost: 1.0}, {What: harness.Allocs}}},
			{Name: "json.Valid", Run: valid(src)},
		},
	}
}

// answer has thirty members and one relation that leads back to it.
func answer() project.Answer {
	names := make([]string, 30, 31)
	for i := range names {
		names[i] = fmt.Sprint("member", i)
	}
	names = append(names, "parent")
	return project.Answer{
		Kind: "page",
		Members: func(path string) []string {
			if path == "" || path == "parent" || strings.HasSuffix(path, ".parent") {
				return names
			}
			return nil
		},
		Relation: func(path string) (bool, bool) { return strings.HasSuffix(path, "parent"), false },
	}
}

// columns stand for a model's probe.
var columns struct {
	Title string
	Pages int
}

func allow(r *project.Rules) {
	project.Sort(r, "title", &columns.Title)
	project.Filter(r, "title", &columns.Title, "eq", "contains")
	project.Filter(r, "pages", &columns.Pages, "eq", "gte", "in")
	r.Keys = [][]byte{[]byte("a key of thirty-two bytes, no less")}
}

// bound binds values n times, each time another of them.
func bound(p *project.Plan, values ...url.Values) func(int) error {
	ctx, at := context.Background(), 0
	return func(n int) error {
		var q project.Query
		for range n {
			if at++; at == len(values) {
				at = 0
			}
			if err := q.Bind(ctx, p, values[at]); err != nil {
				return err
			}
		}
		return nil
	}
}

func thirty() string { return strings.Join(answer().Members("")[:30], ",") }

func plan() *project.Plan {
	p, err := project.NewPlan(allow, answer())
	if err != nil {
		panic(err)
	}
	return p
}

// fresh are so many selections that the plan has forgotten each when it comes
// again.
func fresh() []url.Values {
	names := answer().Members("")
	list := make([]url.Values, 0, 4000)
	for i := range cap(list) {
		pick := []string{names[i%30], names[i/30%30], names[i/900%30], "parent." + names[(i+7)%30]}
		list = append(list, url.Values{"fields": {thirty()}, "expand": {"parent"}, "fields[parent]": {strings.Join(pick, ",")}})
	}
	return list
}

func parsing() harness.Table {
	p := plan()
	var q project.Query
	cursor := ""
	if q.Bind(context.Background(), p, url.Values{"sort": {"-title"}}) == nil {
		cursor = q.Seal(strings.Repeat("position", 8))
	}
	return harness.Table{
		Name: "project: query strings",
		Base: "a known selection of 30 names",
		Rows: []harness.Row{
			{Name: "a known selection of 30 names", Run: bound(p, url.Values{"fields": {thirty()}}), Targets: []harness.Target{{What: harness.Allocs}}},
			{Name: "nothing", Run: bound(p, nil), Targets: []harness.Target{{What: harness.Allocs}}},
			{Name: "a new selection of 34 names", Run: bound(p, fresh()...), Targets: []harness.Target{{What: harness.Allocs, AtMost: 60}}},
			{Name: "three filters and a sort", Run: bound(p, url.Values{
				"filter[title][contains]": {"whale"}, "filter[pages][gte]": {"100"}, "filter[pages][in]": {"1,2,3"}, "sort": {"-title"},
			}), Targets: []harness.Target{{What: harness.Allocs, AtMost: 40}}},
			{Name: "a cursor", Run: bound(p, url.Values{"sort": {"-title"}, "page[cursor]": {cursor}}), Targets: []harness.Target{{What: harness.Allocs, AtMost: 10}}},
		},
	}
}

// selection gives figures of time, which say little without the machine; the
// least of many rounds is the one that other processes disturbed least.
func selection() harness.Table {
	return harness.Table{
		Name: "project: a selection of 30 names, least of 200 rounds",
		Kind: harness.Value,
		Unit: "ns",
		Rows: []harness.Row{
			{Name: "known", Measure: least(bound(plan(), url.Values{"fields": {thirty()}})), Targets: []harness.Target{{AtMost: 150}}},
			{Name: "new", Measure: least(bound(plan(), fresh()...))},
		},
	}
}

func least(run func(int) error) func() (float64, error) {
	return func() (float64, error) {
		best := time.Hour
		for range 200 {
			start := time.Now()
			if err := run(1000); err != nil {
				return 0, err
			}
			best = min(best, time.Since(start))
		}
		return float64(best) / 1000, nil
	}
}
