package project_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/glueful/glueful-go/project"
)

// A Whale is a row; w stands for a model's probe, which names its columns.
type Whale struct {
	Name  string
	Tons  int
	Notes string
}

var w = new(Whale)

type WhaleQuery struct{ project.Query }

func (q *WhaleQuery) Allow(r *project.Rules) {
	r.Hide("notes")
	project.Sort(r, "tons", &w.Tons)
	project.Filter(r, "tons", &w.Tons, "eq", "gte", "lte")
	project.Search(r, &w.Name)
}

// whales is the plan of a route that answers a page of whales.
func whales() *project.Plan {
	p, err := project.NewPlan(new(WhaleQuery).Allow, project.Answer{
		Kind: "page",
		Members: func(path string) []string {
			return map[string][]string{"": {"name", "tons", "notes", "ocean"}, "ocean": {"name", "area"}}[path]
		},
	})
	if err != nil {
		panic(err)
	}
	return p
}

func Example() {
	values, _ := url.ParseQuery("fields=name,ocean(name)&filter[tons][gte]=40&sort=-tons&page[size]=10")
	var q WhaleQuery
	if err := q.Bind(context.Background(), whales(), values); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("members:", q.Paths())
	q.Terms(func(field any, op string, args []any) bool {
		fmt.Println("condition:", field == &w.Tons, op, args)
		return true
	})
	q.Order(func(field any, desc bool) bool {
		fmt.Println("order:", field == &w.Tons, desc)
		return true
	})
	size, _, _ := q.Window()
	fmt.Println("size:", size)
	// Output:
	// members: [name ocean.name]
	// condition: true gte [40]
	// order: true true
	// size: 10
}

func ExampleError() {
	values, _ := url.ParseQuery("fields=name,tonnes,notes&filter[tons]=heavy")
	var q WhaleQuery
	err := q.Bind(context.Background(), whales(), values)
	var refused *project.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.HTTPStatus(), refused.ErrorCode())
		for _, f := range refused.Faults {
			fmt.Println(f.Name, f.Code, f.Path, f.Offset, f.Suggestions)
		}
	}
	// Output:
	// 400 bad_parameters
	// fields unknown_member tonnes 5 [tons]
	// fields unknown_member notes 12 []
	// filter[tons] integer  0 []
}

func ExampleQuery_Seal() {
	var q WhaleQuery
	p := whales()
	_ = q.Bind(context.Background(), p, url.Values{"sort": {"tons"}})
	cursor := q.Seal("row-17") // what the client gets as the cursor of the next page

	err := q.Bind(context.Background(), p, url.Values{"sort": {"tons"}, "page[cursor]": {cursor}})
	_, at, _ := q.Window()
	fmt.Println(at, err)

	err = q.Bind(context.Background(), p, url.Values{"sort": {"-tons"}, "page[cursor]": {cursor}})
	fmt.Println(err)
	// Output:
	// row-17 <nil>
	// project: refused: page[cursor] cursor
}

func ExampleFields_Copy() {
	f := project.Compile([]string{"name", "ocean.name"})
	out, err := f.Copy(nil, []byte(`[{"name": "Moby", "tons": 80, "ocean": {"name": "Pacific", "area": 165}}]`))
	fmt.Printf("%s %v\n", out, err)
	// Output:
	// [{"name":"Moby","ocean":{"name":"Pacific"}}] <nil>
}

func ExampleFilterFunc() {
	p, err := project.NewPlan(func(r *project.Rules) {
		// A real one returns a condition of the database package.
		project.FilterFunc(r, "ocean", func(_ context.Context, _ string, names []string) (string, error) {
			return "in one of " + strings.Join(names, " and "), nil
		}, "eq", "in")
	}, project.Answer{Kind: "page"})
	if err != nil {
		panic(err)
	}
	var q project.Query
	_ = q.Bind(context.Background(), p, url.Values{"filter[ocean][in]": {"Pacific,Arctic"}})
	q.Terms(func(cond any, _ string, _ []any) bool {
		fmt.Println(cond)
		return true
	})
	// Output:
	// in one of Pacific and Arctic
}

func ExampleRules() {
	type admin struct{}
	p, err := project.NewPlan(func(r *project.Rules) {
		r.Default = []string{"name"}
		r.Guard("notes", func(ctx context.Context) bool { return ctx.Value(admin{}) != nil })
	}, project.Answer{Members: func(path string) []string {
		if path == "" {
			return []string{"name", "tons", "notes"}
		}
		return nil
	}})
	if err != nil {
		panic(err)
	}
	var q project.Query
	for _, ctx := range []context.Context{context.Background(), context.WithValue(context.Background(), admin{}, true)} {
		_ = q.Bind(ctx, p, nil)
		fmt.Println(q.Paths())
		_ = q.Bind(ctx, p, url.Values{"fields": {"*"}})
		fmt.Println(q.Paths(), q.Wants("notes"))
	}
	// Output:
	// [name]
	// [* -**.notes] false
	// [name]
	// [] true
}
