package modeltest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
)

// rounds is n, or a thirtieth of it when tests should be short.
func rounds(n int) int {
	if testing.Short() {
		return n / 30
	}
	return n
}

// likeLiterally compares LIKE with package strings over texts full of
// characters that mean something somewhere.
func likeLiterally(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	r := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"%", "_", `\`, "'", `"`, "a", "A", "é", "e\u0301", "日", " ", "[", "*", "?", "ß", "\n", "😀"}
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n + 1) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	list := make([]tag, 0, 100)
	seen := map[string]bool{}
	for len(list) < 100 {
		if s := text(8); !seen[s] {
			seen[s] = true
			list = append(list, tag{Name: s})
		}
	}
	ok(t, tags.InsertAll(ctx, db, list))
	tg := tags.Probe()
	kinds := []struct {
		name string
		cond func(*string, string) model.Cond
		want func(s, part string) bool
	}{
		{"Contains", model.Contains[string], strings.Contains},
		{"Starts", model.Starts[string], strings.HasPrefix},
		{"Ends", model.Ends[string], strings.HasSuffix},
	}
	for range rounds(10_000) / len(list) {
		part := text(3)
		for _, k := range kinds {
			got, err := model.Pluck(ctx, db, tags.Where(k.cond(&tg.Name, part)), &tg.Name)
			ok(t, err)
			var want []string
			for _, x := range list {
				if k.want(x.Name, part) {
					want = append(want, x.Name)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("%s %q = %q, want %q", k.name, part, got, want)
			}
		}
	}
}

// oneWriterWins lets 100 writers change one row they all have read.
func oneWriterWins(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	x := addUser(t, db, "ann", 0, 0)
	for version := range int64(3) {
		errs := make(chan error, 100)
		for i := range 100 {
			y := x
			y.Name = fmt.Sprint("writer ", i)
			go func() { errs <- users.Update(ctx, db, &y, &y.Name) }()
		}
		won := 0
		for range 100 {
			switch err := <-errs; {
			case err == nil:
				won++
			case !errors.Is(err, model.ErrStale):
				t.Errorf("a losing writer got %v, want ErrStale", err)
			}
		}
		if won != 1 {
			t.Fatalf("%d writers won version %d, want 1", won, version+1)
		}
		var err error
		x, err = users.Find(ctx, db, x.ID)
		ok(t, err)
		if x.Version != version+2 {
			t.Errorf("version %d after %d updates", x.Version, version+1)
		}
	}
}

// leaker asks for docs and lines of tenant 1 in every way there is, behind
// random conditions that would let everything through.
type leaker struct {
	*rand.Rand
	db    model.DB
	mine  context.Context
	docs  map[int64]bool // numbers of the docs that may be seen
	lines map[int64]bool // ids of the lines that may be seen
}

func (x *leaker) docCond(depth int) model.Cond {
	if depth == 0 {
		return []model.Cond{
			model.SQL("1 = 1"), model.Gt(&d.Number, 0), model.Not(model.IsNull(&d.Title)), model.In(&d.Tenant, 1, 2, 3),
			model.Not(model.SQL("? = ?", &d.Number, -1)), model.Or(), model.And(), model.IsNull(&d.DeletedAt), model.Not(model.IsNull(&d.DeletedAt)),
		}[x.IntN(9)]
	}
	a, b := x.docCond(depth-1), x.docCond(depth-1)
	switch x.IntN(4) {
	case 0:
		return model.Or(a, b)
	case 1:
		return model.And(a, b)
	case 2:
		return model.Not(a)
	}
	return model.Or(a, model.Has(&d.Lines, func(q model.Query[line]) model.Query[line] { return q.Where(x.lineCond(depth - 1)) }))
}

func (x *leaker) lineCond(depth int) model.Cond {
	switch {
	case depth == 0 && x.IntN(2) == 0:
		return model.SQL("1 = 1")
	case depth == 0:
		return model.Ge(&l.Amount, 0)
	case x.IntN(2) == 0:
		return model.Or(x.lineCond(depth-1), model.Has(&l.Doc, func(q model.Query[doc]) model.Query[doc] { return q.Where(x.docCond(depth - 1)) }))
	}
	return model.Not(x.lineCond(depth - 1))
}

func (x *leaker) seeDocs(list []doc, err error) error {
	for _, y := range list {
		if y.Tenant != 1 || !x.docs[y.Number] {
			return fmt.Errorf("saw doc %d/%d", y.Tenant, y.Number)
		}
		ls, _ := y.Lines.Loaded()
		n, counted := y.Lines.Count()
		if counted && n > int64(len(x.lines)) {
			return fmt.Errorf("counted %d lines", n)
		}
		if e := x.seeLines(ls, nil); e != nil {
			return e
		}
	}
	return err
}

func (x *leaker) seeLines(list []line, err error) error {
	for _, y := range list {
		if y.Tenant != 1 || !x.lines[y.ID] {
			return fmt.Errorf("saw line %d of tenant %d", y.ID, y.Tenant)
		}
		if of, loaded := y.Doc.Loaded(); loaded && of != nil {
			if e := x.seeDocs([]doc{*of}, nil); e != nil {
				return e
			}
		}
	}
	return err
}

func (x *leaker) numbers(list []int64, err error) error {
	for _, n := range list {
		if !x.docs[n] {
			return fmt.Errorf("plucked doc %d", n)
		}
	}
	return err
}

func (x *leaker) atMost(n int64, err error) error {
	if n > int64(len(x.docs)) {
		return fmt.Errorf("counted %d docs of %d", n, len(x.docs))
	}
	return err
}

// ways are the ways to see a doc.
var ways = []struct {
	name string
	look func(x *leaker, q model.Query[doc]) error
}{
	{"All", func(x *leaker, q model.Query[doc]) error { return x.seeDocs(q.All(x.mine, x.db)) }},
	{"With", func(x *leaker, q model.Query[doc]) error {
		return x.seeDocs(q.With(&d.Lines, &l.Doc, &d.Lines).WithCount(&d.Lines).All(x.mine, x.db))
	}},
	{"Constrain", func(x *leaker, q model.Query[doc]) error {
		return x.seeDocs(q.With(model.Constrain(&d.Lines, func(q model.Query[line]) model.Query[line] {
			return q.Where(x.lineCond(2)).OrderBy(model.Desc(&l.ID)).Limit(2)
		})).All(x.mine, x.db))
	}},
	{"Load", func(x *leaker, q model.Query[doc]) error {
		list, err := q.All(x.mine, x.db)
		for i := range list {
			ls, e := list[i].Lines.Load(x.mine)
			err = errors.Join(err, x.seeLines(ls, e))
		}
		return err
	}},
	{"Count", func(x *leaker, q model.Query[doc]) error { return x.atMost(q.Count(x.mine, x.db)) }},
	{"Exists", func(x *leaker, q model.Query[doc]) error {
		yes, err := q.Where(model.Or(model.Eq(&d.Tenant, 2), model.Not(model.IsNull(&d.DeletedAt)))).Exists(x.mine, x.db)
		if yes {
			return errors.New("a hidden doc exists")
		}
		return err
	}},
	{"Pluck", func(x *leaker, q model.Query[doc]) error { return x.numbers(model.Pluck(x.mine, x.db, q, &d.Number)) }},
	{"Max", func(x *leaker, q model.Query[doc]) error {
		n, err := model.Max(x.mine, x.db, q, &d.Tenant)
		if err == nil && n != 1 {
			return fmt.Errorf("the greatest tenant is %d", n)
		}
		if errors.Is(err, model.ErrNotFound) {
			return nil
		}
		return err
	}},
	{"Group", func(x *leaker, q model.Query[doc]) error {
		type row struct{ Tenant, N int64 }
		rows, err := model.Group(x.mine, x.db, q, func(r *row, g *model.Grouping) { g.By(&r.Tenant, &d.Tenant); g.Count(&r.N) })
		if len(rows) > 1 || len(rows) == 1 && (rows[0].Tenant != 1 || x.atMost(rows[0].N, nil) != nil) {
			return fmt.Errorf("groups %v", rows)
		}
		return err
	}},
	{"Page", func(x *leaker, q model.Query[doc]) error {
		page, err := q.OrderBy(model.Desc(&d.Title)).Total().Page(x.mine, x.db)
		if err != nil {
			return err
		}
		return errors.Join(x.seeDocs(page.Items, nil), x.atMost(*page.Total, nil))
	}},
	{"Each", func(x *leaker, q model.Query[doc]) error {
		for y, err := range q.Each(x.mine, x.db) {
			if err := x.seeDocs([]doc{y}, err); err != nil {
				return err
			}
		}
		return nil
	}},
	{"InQuery", func(x *leaker, q model.Query[doc]) error {
		return x.seeLines(lines.Where(model.InQuery(&l.DocNumber, q, &d.Number)).With(&l.Doc).All(x.mine, x.db))
	}},
	{"Join", func(x *leaker, q model.Query[doc]) error {
		n, err := lines.Join(&l.Doc).Where(model.Not(model.IsNull(&d.DeletedAt))).Count(x.mine, x.db)
		if n > 0 {
			return fmt.Errorf("%d lines joined to deleted docs", n)
		}
		return err
	}},
	{"Update", func(x *leaker, q model.Query[doc]) error {
		return x.atMost(q.Everything().Update(x.mine, x.db, model.Set(&d.Title, "seen")))
	}},
}

// nothingLeaks looks at docs and lines through random chains.
func nothingLeaks(t *testing.T, db *model.Pool) {
	x := &leaker{Rand: rand.New(rand.NewPCG(3, 4)), db: db, mine: of(t.Context(), 1), docs: map[int64]bool{}, lines: map[int64]bool{}}
	for tenant := range int64(3) {
		own := of(t.Context(), tenant+1)
		for number := range int64(4) {
			y := doc{Tenant: tenant + 1, Number: number + 1, Title: "hidden"}
			ok(t, docs.Insert(own, db, &y))
			for i := range 3 {
				z := line{Tenant: tenant + 1, DocNumber: number + 1, Amount: i}
				ok(t, lines.Insert(own, db, &z))
				if i == 2 {
					ok(t, lines.Delete(own, db, &z))
				} else if tenant == 0 {
					x.lines[z.ID] = true
				}
			}
			if number == 3 {
				ok(t, docs.Delete(own, db, &y))
			} else if tenant == 0 {
				x.docs[y.Number] = true
			}
		}
	}
	for i := range rounds(10_000) {
		w := ways[i%len(ways)]
		q := docs.Where(x.docCond(x.IntN(3)))
		if x.IntN(2) == 0 {
			q = q.Where(model.Or(x.docCond(1), model.SQL("1 = 1")))
		}
		if err := w.look(x, q); err != nil {
			t.Fatalf("chain %d by %s: %v", i, w.name, err)
		}
	}
	// The eyes are open: what goes around the guards is seen.
	for name, q := range map[string]model.Query[doc]{"Unscoped": docs.Unscoped(), "Trashed": docs.Trashed()} {
		if ways[0].look(x, q) == nil {
			t.Errorf("%s shows hidden docs, and nobody noticed", name)
		}
	}
	hidden, err := docs.Trashed().Unscoped().Where(model.Eq(&d.Title, "hidden")).Count(t.Context(), db)
	if err != nil || hidden != 9 {
		t.Errorf("%d docs were left alone by every update, %v, want 9", hidden, err)
	}
}
