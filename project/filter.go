package project

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of conditions.
const (
	maxTerms  = 20  // filters of one request
	maxGroups = 3   // depth of filter[or]
	maxValues = 100 // of in and nin
	maxText   = 256 // bytes of contains, starts, ends and search
	minText   = 3   // characters of contains, ends and search
)

// A group is conditions that all hold, beside alternatives of which one holds.
type group struct {
	terms []term
	or    []alternative
}

type alternative struct {
	index string
	group group
}

// A term is one condition.
type term struct {
	name, op, text string // as it was sent
	word           string // the operator's name in model
	field          any    // or the condition itself, if word is empty
	args           []any
}

// brackets splits name[a][b] into its parts.
func brackets(name string) (base string, path []string, ok bool) {
	base, rest, ok := strings.Cut(name, "[")
	for ok {
		var part string
		if part, rest, ok = strings.Cut(rest, "]"); !ok || strings.Contains(part, "[") || len(path) == 2*maxGroups+2 {
			return base, path, false
		}
		path = append(path, part)
		if rest == "" {
			return base, path, true
		}
		rest, ok = strings.CutPrefix(rest, "[")
	}
	return base, path, false
}

// filter reads filter[name]=text, filter[name][op]=text and the same behind
// [or][n], where what has the same n holds together.
func (b *bound) filter(ctx context.Context, param, text string, bad *faults) {
	_, path, ok := brackets(param)
	g := &b.where
	for depth := 0; ok && len(path) > 2 && path[0] == "or"; depth++ {
		n, err := strconv.ParseUint(path[1], 10, 8)
		if err != nil || depth == maxGroups || strconv.FormatUint(n, 10) != path[1] {
			bad.add(Fault{Name: param, Code: "group", Detail: "Groups are filter[or][0][...], " + atMost("levels", maxGroups)})
			return
		}
		g, path = g.alternative(path[1]), path[2:]
	}
	if !ok || len(path) > 2 || len(path) == 0 {
		bad.add(Fault{Name: param, Code: "unknown_filter", Detail: "There is no such filter."})
		return
	}
	f := b.plan.filters[path[0]]
	if f == nil {
		bad.add(Fault{Name: param, Code: "unknown_filter", Path: path[0], Detail: "There is no such filter.",
			Suggestions: suggest(path[0], func(yield func(string) bool) {
				for _, f := range b.plan.rules.filters {
					if !yield(f.name) {
						return
					}
				}
			})})
		return
	}
	op := "eq"
	if len(path) == 2 {
		op = path[1]
	}
	if !slices.Contains(f.ops, op) {
		bad.add(Fault{Name: param, Code: "unknown_operator", Path: op, Detail: "This filter has no such operator.",
			Suggestions: slices.Clone(f.ops[:min(3, len(f.ops))])})
		return
	}
	t := term{name: f.name, op: op, text: text, word: ops[op].word, field: f.field}
	if fault := f.values(&t, b.plan.rules.MinText); fault.Code != "" {
		fault.Name = param
		bad.add(fault)
		return
	}
	if f.cond != nil {
		cond, err := f.cond(ctx, op, t.args)
		if err != nil {
			bad.add(Fault{Name: param, Code: "value", Detail: "This value cannot be used."})
			return
		}
		t.field, t.word, t.args = cond, "", nil
	}
	g.terms = append(g.terms, t)
}

func (g *group) alternative(index string) *group {
	i := slices.IndexFunc(g.or, func(a alternative) bool { return a.index == index })
	if i < 0 {
		i = len(g.or)
		g.or = append(g.or, alternative{index: index})
	}
	return &g.or[i].group
}

// values reads the text of a term as the operator wants it.
func (f *filter) values(t *term, least int) Fault {
	texts := []string{t.text}
	switch t.op {
	case "null", "not_null":
		if t.text != "" && t.text != "true" {
			return Fault{Code: "boolean", Detail: "Must be true or empty."}
		}
		return Fault{}
	case "in", "nin", "between":
		if texts = splitList(t.text); len(texts) > maxValues {
			return Fault{Code: "too_many", Detail: atMost("values", maxValues)}
		}
		if t.op == "between" && len(texts) != 2 {
			return Fault{Code: "between", Detail: "Must be two values with a comma between them."}
		}
	case "contains", "starts", "ends":
		if t.op == "starts" {
			least = 1
		}
		if fault := checkPart(t.text, least); fault.Code != "" {
			return fault
		}
		if f.cond == nil {
			t.args = []any{t.text}
			return Fault{}
		}
	}
	at := 0
	for _, text := range texts {
		v, code := f.parse(text)
		if code != "" {
			return Fault{Code: code, Detail: valueDetails[code], Offset: at}
		}
		t.args = append(t.args, v)
		at += len(text) + 1
	}
	return Fault{}
}

// checkPart checks the text of a search within text.
func checkPart(text string, least int) Fault {
	if code := badText(text); code != "" {
		return Fault{Code: code, Detail: valueDetails[code]}
	}
	if len(text) > maxText {
		return Fault{Code: "too_long", Detail: atMost("bytes", maxText)}
	}
	if utf8.RuneCountInString(text) < least {
		return Fault{Code: "too_short", Detail: "At least " + strconv.Itoa(least) + " characters."}
	}
	return Fault{}
}

// splitList splits at commas that no backslash escapes. It stops when there are
// more than a list may have.
func splitList(text string) []string {
	var list []string
	start, escaped := 0, false
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] == '\\' && i+1 < len(text) {
			i, escaped = i+1, true
			continue
		}
		if i < len(text) && text[i] != ',' {
			continue
		}
		part := text[start:i]
		if escaped {
			part = unescape(part)
		}
		if list = append(list, part); len(list) > maxValues {
			break
		}
		start, escaped = i+1, false
	}
	return list
}

// find reads search=text.
func (b *bound) find(text string, bad *faults) {
	if fault := checkPart(text, b.plan.rules.MinText); fault.Code != "" {
		fault.Name = "search"
		bad.add(fault)
		return
	}
	b.search = text
}

// Terms yields the conditions, which all have to hold: a field, an operator and
// its values, in the words package model knows. With the operator "or" the
// field is nil and each value is again a function like Terms, of which one has
// to hold; with the operator "search" the value is a text to find in the field,
// whatever its case. A condition of [FilterFunc] stands for the field, with no
// operator.
func (q *Query) Terms(yield func(field any, op string, args []any) bool) {
	if q.b == nil || !q.b.where.all(yield) || q.b.search == "" {
		return
	}
	args := []any{q.b.search}
	fields := q.b.plan.rules.search
	if len(fields) == 1 {
		yield(fields[0], "search", args)
		return
	}
	anyOf := make([]any, len(fields))
	for i, field := range fields {
		anyOf[i] = func(yield func(any, string, []any) bool) { yield(field, "search", args) }
	}
	yield(nil, "or", anyOf)
}

func (g *group) all(yield func(field any, op string, args []any) bool) bool {
	for i := range g.terms {
		if t := &g.terms[i]; !yield(t.field, t.word, t.args) {
			return false
		}
	}
	if len(g.or) == 0 {
		return true
	}
	anyOf := make([]any, len(g.or))
	for i := range g.or {
		anyOf[i] = func(yield func(any, string, []any) bool) { g.or[i].group.all(yield) }
	}
	return yield(nil, "or", anyOf)
}
