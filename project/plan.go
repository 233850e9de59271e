package project

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// An Answer is what a plan has to know of what a route answers.
type Answer struct {
	// Kind is "page" for a page of a list, which takes all parameters; "list"
	// and "stream" for lists without pages, which take all but page; anything
	// else is one item, which takes fields and expand.
	Kind string
	// Members returns the names below a dotted path, those of the answer itself
	// if the path is empty, and nil for a leaf. Nil means that nothing is known
	// of the answer: then [Rules].Only lists its members.
	Members func(path string) []string
	// Relation reports whether the member at a path is written only if it is
	// loaded or asked for by name, and whether it is a list. Nil means neither.
	Relation func(path string) (relation, list bool)
	// Compile makes what the writer of answers needs of a selection. It runs
	// once for each selection the plan remembers; see [Query.Selection]. Its
	// paths are those of [Query.Paths].
	Compile func(paths []string) any
	// Reads returns the fields of probe that a compiled selection reads, as
	// paths of addresses; see [Query.Reads]. Nil means that nothing is known.
	Reads func(probe, selection any) [][]any
}

// A Plan is what one route allows, compiled. It may be used concurrently.
type Plan struct {
	rules    Rules
	answer   Answer
	root     *level // nil if nothing can be selected
	standard string // the selection when fields is absent
	sorts    map[string]*sorter
	filters  map[string]*filter
	order    []order // without a sort parameter
	levels   atomic.Int64
	cache    cache
	macs     []*sync.Pool // of the keys, or one of a key everybody knows
	zero     *bound       // a request without parameters, if there are no guards
}

// NewPlan compiles the rules of a route that gives the answer. A nil allow
// allows to select and to page. What cannot work is an error here: rules that
// contradict the answer, unknown names, operators a field cannot have.
func NewPlan(allow func(*Rules), answer Answer) (*Plan, error) {
	p := &Plan{answer: answer, sorts: map[string]*sorter{}, filters: map[string]*filter{}}
	r := &p.rules
	if allow != nil {
		allow(r)
	}
	if len(r.guards) <= 64 {
		p.root = p.level("", 0)
	}
	for i := range r.sorts {
		p.sorts[r.sorts[i].name] = &r.sorts[i]
	}
	for i := range r.filters {
		p.filters[r.filters[i].name] = &r.filters[i]
	}
	if r.PageSize == 0 {
		r.PageSize = min(pageSize, max(r.MaxPageSize, 1))
		if r.MaxPageSize == 0 {
			r.PageSize = pageSize
		}
	}
	if r.MaxPageSize == 0 {
		r.MaxPageSize = max(maxPageSize, r.PageSize)
	}
	if r.MinText == 0 {
		r.MinText = minText
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, p.prepare()
}

// check refuses rules that would do nothing or something else.
func (p *Plan) check() error {
	r := &p.rules
	errs := r.errs
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("project: "+format, args...)) }
	if len(r.guards) > 64 {
		bad("%d guards, at most 64", len(r.guards))
		return errors.Join(errs...)
	}
	if p.answer.Members == nil && r.Only == nil && (len(r.Default)+len(r.Always)+len(r.hidden)+len(r.guards) > 0) {
		bad("nothing can be selected of this answer: set Only")
	}
	if !p.isList() && (len(r.sorts)+len(r.filters)+len(r.search) > 0 || r.Sort != "") {
		bad("an answer of kind %q cannot be filtered or sorted", p.answer.Kind)
	}
	if p.answer.Kind != "page" && (r.Numbered || r.Keys != nil) {
		bad("an answer of kind %q has no pages", p.answer.Kind)
	}
	if r.PageSize < 0 || r.PageSize > r.MaxPageSize || r.MaxPageSize > maxPage || r.MaxCost < 0 || r.MinText < 0 {
		bad("PageSize %d, MaxPageSize %d, MaxCost %d, MinText %d", r.PageSize, r.MaxPageSize, r.MaxCost, r.MinText)
	}
	if r.Keys != nil && len(r.Keys) == 0 {
		bad("Keys is empty, not nil")
	}
	for _, key := range r.Keys {
		if len(key) < minKey {
			bad("a key of %d bytes, at least %d", len(key), minKey)
		}
	}
	return errors.Join(errs...)
}

// prepare compiles what every request needs.
func (p *Plan) prepare() error {
	r := &p.rules
	p.standard = "*"
	if len(r.Default) > 0 {
		p.standard = strings.Join(r.Default, ",")
	}
	keys := r.Keys
	if keys == nil {
		keys = [][]byte{[]byte("glueful: a cursor that is not signed")}
	}
	for _, key := range keys {
		key = slices.Clone(key)
		p.macs = append(p.macs, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }})
	}
	var bad faults
	p.order = p.parseSort(r.Sort, &bad)
	if p.root != nil {
		if err := p.checkNames(); err != nil {
			return err
		}
		if _, err := p.selection(request{}, 0); err != nil {
			return fmt.Errorf("project: Default: %w", err)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("project: Sort: %w", &Error{bad})
	}
	if len(r.guards) == 0 && r.Scope == nil {
		p.zero, _ = p.bind(context.Background(), nil)
	}
	return nil
}

func (p *Plan) isList() bool {
	return p.answer.Kind == "page" || p.answer.Kind == "list" || p.answer.Kind == "stream"
}

// Owns reports whether a query parameter is one of the plan's: whether
// [Query.Bind] reads it. What neither the plan nor the route owns is to be
// refused.
func (p *Plan) Owns(name string) bool {
	base, _, _ := strings.Cut(name, "[")
	switch base {
	case "fields", "expand":
		return p.root != nil
	case "filter":
		return p.isList() && len(p.filters) > 0
	case "sort":
		return p.isList() && len(p.sorts) > 0 && name == base
	case "search":
		return p.isList() && len(p.rules.search) > 0 && name == base
	case "page":
		return p.answer.Kind == "page"
	}
	return false
}
