package project

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

// A Query is what one request asks for: members, conditions, an order and a
// page. It is embedded in the input of a handler. The zero Query asks for the
// answer as it is by itself and the first page. A Query is a value: copies
// share what was bound, which does not change.
type Query struct{ b *bound }

// A bound is a checked query string.
type bound struct {
	plan   *Plan
	entry  *entry // nil if nothing can be selected
	where  group
	search string
	order  []order
	size   int
	number int
	cursor string // the database's own
	total  bool
	scope  string
	// sealed is the cursor of the request as it was sent.
	sealed string
}

// Bind reads the parameters the plan owns from values and keeps what they ask
// for. Others are left alone. The error is an [*Error] that names all that is
// wrong, up to a bound; then the query is unchanged.
func (q *Query) Bind(ctx context.Context, p *Plan, values url.Values) error {
	if len(values) == 0 && p.zero != nil {
		q.b = p.zero
		return nil
	}
	b, err := p.bind(ctx, values)
	if err == nil {
		q.b = b
	}
	return err
}

// maxParameters bounds the parameters of one query string that are looked at.
const maxParameters = 64

// A request is a query string, sorted by who reads it.
type request struct {
	fields, expand []string // nil is not sent
	typed, others  []string // names: fields[...] and expand[...], and the rest
	values         url.Values
}

func (p *Plan) bind(ctx context.Context, values url.Values) (*bound, error) {
	var bad faults
	r := p.sorted(values, &bad)
	if len(bad) > 0 {
		return nil, bad.err()
	}
	var e *entry
	if p.root != nil {
		var err error
		if e, err = p.selection(r, p.denied(ctx)); err != nil {
			bad = append(bad, err.(*Error).Faults...)
		} else if len(r.others) == 0 && e.alone != nil {
			return e.alone, nil
		}
	}
	b := &bound{plan: p, entry: e, size: p.rules.PageSize, order: p.order}
	if p.rules.Scope != nil {
		b.scope = p.rules.Scope(ctx)
	}
	b.parameters(ctx, r.others, values, &bad)
	if len(bad) == 0 {
		b.open(&bad)
	}
	b.tooMuch(&bad)
	return b, bad.err()
}

// tooMuch refuses what costs more than the rules allow.
func (b *bound) tooMuch(bad *faults) {
	if most := b.plan.rules.MaxCost; len(*bad) == 0 && most > 0 && b.cost() > most {
		bad.add(Fault{Name: "fields", Code: "too_expensive", Detail: "Ask for fewer members or smaller pages."})
	}
}

// sorted leaves out what the plan does not own.
func (p *Plan) sorted(values url.Values, bad *faults) request {
	r := request{values: values}
	for name, list := range values {
		switch {
		case !p.Owns(name):
		case name == "fields":
			r.fields = list
		case name == "expand":
			r.expand = list
		case len(r.others)+len(r.typed) == maxParameters:
			bad.add(Fault{Name: name, Code: "too_many", Detail: atMost("parameters", maxParameters)})
			return r
		case strings.HasPrefix(name, "fields") || strings.HasPrefix(name, "expand"):
			r.typed = append(r.typed, name)
		default:
			r.others = append(r.others, name)
		}
	}
	slices.Sort(r.typed)
	slices.Sort(r.others)
	return r
}

// parameters reads what is not a selection.
func (b *bound) parameters(ctx context.Context, names []string, values url.Values, bad *faults) {
	terms := 0
	for _, name := range names {
		list := values[name]
		if len(list) != 1 {
			bad.add(Fault{Name: name, Code: "repeated", Detail: "Give it once."})
			continue
		}
		switch base, _, _ := strings.Cut(name, "["); base {
		case "filter":
			if terms++; terms == maxTerms+1 {
				bad.add(Fault{Name: "filter", Code: "too_many", Detail: atMost("filters", maxTerms)})
				return
			}
			b.filter(ctx, name, list[0], bad)
		case "sort":
			b.order = b.plan.parseSort(list[0], bad)
		case "search":
			b.find(list[0], bad)
		case "page":
			b.page(name, list[0], bad)
		}
	}
	if b.number > 0 && b.sealed != "" {
		bad.add(Fault{Name: "page[number]", Code: "conflict", Detail: "A page has a number or a cursor."})
	}
}

// Paths returns the selection as dotted member paths in the order of the
// answer: "title", "author.name", "*" for the members the answer has by itself,
// "-author.email" for one that is left out of them, and "-**.email" for one that
// is left out wherever it is. Nil is the answer as it is by itself. The caller
// must not change it.
func (q *Query) Paths() []string {
	if q.b == nil || q.b.entry == nil {
		return nil
	}
	return q.b.entry.paths
}

// Selection returns what [Answer].Compile made of the selection, or nil.
func (q *Query) Selection() any {
	if q.b == nil || q.b.entry == nil {
		return nil
	}
	return q.b.entry.compiled
}

// Reads returns the fields of probe that the answer is made of, as paths of
// addresses, or nil if that is not known and all are to be read. The caller
// must not change it.
func (q *Query) Reads(probe any) [][]any {
	if q.b == nil || q.b.plan.answer.Reads == nil {
		return nil
	}
	e := q.b.entry
	if e == nil {
		return q.b.plan.answer.Reads(probe, nil)
	}
	if known := e.reads.Load(); known != nil && known.probe == probe {
		return known.paths
	}
	paths := q.b.plan.answer.Reads(probe, e.compiled)
	e.reads.Store(&reading{probe, paths})
	return paths
}

// Wants reports whether the member at a dotted path was selected, by its name or
// by a star that stands for it.
func (q *Query) Wants(path string) bool {
	if q.b == nil || q.b.entry == nil {
		return true
	}
	for at := range len(path) + 1 {
		if at < len(path) && path[at] != '.' {
			continue
		}
		relation := false
		if q.b.plan.answer.Relation != nil {
			relation, _ = q.b.plan.answer.Relation(path[:at])
		}
		if !q.b.entry.narrowing().has(path[:at], relation) {
			return false
		}
	}
	return true
}

// Copy appends the JSON document src, narrowed to the selection, to dst. It is
// for answers that are JSON already; see [Fields.Copy].
func (q *Query) Copy(dst, src []byte) ([]byte, error) {
	if q.b == nil || q.b.entry == nil {
		return (*Fields)(nil).Copy(dst, src)
	}
	return q.b.entry.narrowing().Copy(dst, src)
}

// Cost is what the answer costs: 1 for each member of each item, and 2 for each
// list. A page counts as full, a list within an item as 25 long. The cost of a
// zero Query is 0. It is the number to settle a rate limit by that charges for
// the work of a request.
func (q *Query) Cost() int {
	if q.b == nil {
		return 0
	}
	return q.b.cost()
}

func (b *bound) cost() int {
	n := 1
	if b.entry != nil {
		n = max(b.entry.cost, 1)
	}
	if b.plan.isList() {
		n = n*b.size + 2
	}
	if b.total {
		n += 2
	}
	return n + 2*len(b.where.terms)
}
