package model

// counted is a relation whose rows are counted with the query.
type counted struct {
	rel    *relation
	narrow func(spec) spec
}

// WithCount counts the related rows with the query, as a subselect; see
// [Many.Count]. The field may be narrowed with [Constrain].
func (q Query[T]) WithCount(field any) Query[T] {
	st := stepOf(field)
	n, ok := lookup(st.field)
	if !ok || n.rel == nil || n.rel.owner != q.t {
		q.fail(badAddress(st.field, "relation of "+q.t.name))
		return q
	}
	q.counts = plus(q.counts, counted{n.rel, st.narrow})
	return q
}

func (b *builder) countColumn(c counted) {
	b.w("(SELECT count(*)")
	b.correlated(c.rel, c.narrow)
	b.w(")")
}

func (b *builder) countColumns(s *spec) {
	for _, c := range s.counts {
		b.w(", ")
		b.countColumn(c)
	}
}

// tallies receives counted relations, row by row.
type tallies struct {
	of  []counted
	now []int64
	all [][]int64
}

func newTallies(s *spec) *tallies {
	n := len(s.counts)
	if n == 0 {
		return nil
	}
	return &tallies{of: s.counts, now: make([]int64, n), all: make([][]int64, n)}
}

func (t *tallies) dest() []any {
	if t == nil {
		return nil
	}
	out := make([]any, len(t.now))
	for i := range out {
		out[i] = &t.now[i]
	}
	return out
}

func (t *tallies) row() {
	if t == nil {
		return
	}
	for i, n := range t.now {
		t.all[i] = append(t.all[i], n)
	}
}
