package model

import "fmt"

// BelongsToMany declares a relation through a table of pairs: the column own
// holds this row's key, other the key of the related row.
//
//	model.BelongsToMany(&p.Tags, "post_tags", "post_id", "tag_id")
//
// Further columns of the pairs are fields of the related rows with the option
// pivot. Such a row type is best one of its own that embeds the plain one:
//
//	type PostTag struct {
//		Tag
//		Position int `db:"position,pivot"`
//	}
//
// They are read when rows come through the relation, written by [Links], and
// unknown to every other statement. Keys with several columns have no pivot:
// give the table of pairs a model and declare [Through].
func BelongsToMany[C any](field *Many[C], pivot, own, other literal) Relation {
	for _, name := range []literal{pivot, own, other} {
		if !identifier(string(name)) {
			panic(fmt.Sprintf("model: BelongsToMany: %q is not a name ([a-z_][a-z0-9_]*, up to 63 characters)", string(name)))
		}
	}
	return declared(field, func(r *relation) (err error) {
		if r.to, err = r.targetTable(); err != nil {
			return err
		}
		if len(r.owner.keys) != 1 || len(r.to.keys) != 1 {
			return fmt.Errorf("a pivot needs keys of one column: use Through")
		}
		r.pivot = &table{name: string(pivot)}
		a := r.pivot.pivotColumn(string(own), r.owner.keys[0])
		b := r.pivot.pivotColumn(string(other), r.to.keys[0])
		r.steps = []step{
			{fromCols: r.owner.keys, to: r.pivot, toCols: []*column{a}},
			{fromCols: []*column{b}, to: r.to, toCols: r.to.keys},
		}
		return nil
	})
}

// pivotColumn makes a column that holds keys like those of key.
func (t *table) pivotColumn(name string, key *column) *column {
	c := &column{t: t, name: name, quoted: `"` + name + `"`, field: name, typ: key.typ, index: len(t.columns)}
	c.assign, c.value = key.assign, key.value
	t.columns = append(t.columns, c)
	return c
}

// Through declares a relation as one relation after another: the related rows
// are those second leads to from the rows first leads to.
//
//	model.Through(&country.Posts, &country.Users, &user.Posts)
//
// The rows in between are subject to their model's soft delete and scopes.
func Through[C any](field Related[C], first, second any) Relation {
	return declared(field, func(r *relation) error {
		for _, part := range []any{first, second} {
			n, ok := lookup(part)
			if !ok || n.rel == nil || n.rel == r {
				return badAddress(part, "relation")
			}
			if err := n.rel.resolve(); err != nil {
				return err
			}
			if from := r.last(); n.rel.owner != from {
				return fmt.Errorf("%s does not continue from %s", n.rel, from.name)
			}
			r.steps = append(r.steps, n.rel.steps...)
			r.to, r.pivot = n.rel.to, n.rel.pivot
		}
		if r.to.typ != r.target {
			return fmt.Errorf("leads to %v, not to %v", r.to.typ, r.target)
		}
		return nil
	})
}

// last is the table the steps lead to so far.
func (r *relation) last() *table {
	if r.to == nil {
		return r.owner
	}
	return r.to
}
