package model

import "reflect"

// connect gives the relation fields of freshly read rows their batches, and
// loads those that were asked for.
func (s *spec) connect(ctx loadContext, out sink, counts *tallies) error {
	n := out.size()
	if n == 0 {
		return nil
	}
	bonds, err := s.bonds(ctx, n)
	if err != nil || len(bonds) == 0 {
		return err
	}
	for i := range n {
		row := out.at(i)
		for _, k := range bonds {
			if err := k.bind(row, i); err != nil {
				return err
			}
		}
	}
	if counts != nil {
		for j, c := range counts.of {
			for _, k := range bonds {
				if k.g.rel == c.rel {
					k.g.counts = counts.all[j]
				}
			}
		}
	}
	for _, k := range bonds {
		if k.g.node == nil {
			continue
		}
		if err := k.g.load(ctx.Context, k.b.sink()); err != nil {
			return err
		}
	}
	return nil
}

// bond is a relation of the rows being read.
type bond struct {
	g    *group
	b    batcher
	path []int
	own  bool // fills g.keys; else they are another bond's
}

func (s *spec) bonds(ctx loadContext, n int) ([]*bond, error) {
	var out []*bond
	for _, rel := range s.t.links {
		node := s.node(rel)
		if rel.declare == nil && node == nil {
			continue // a relation that another model of the embedded type declared
		}
		if err := rel.resolve(); err != nil {
			return nil, err
		}
		b := rel.pointer.(linker).newBatch()
		g := b.base()
		g.rel, g.db, g.strict, g.node = rel, ctx.db, s.strict, node
		k := &bond{g: g, b: b, path: rel.path}
		if g.keys = shared(out, rel); g.keys == nil {
			g.keys = &keys{cols: rel.steps[0].fromCols}
			g.keys.grow(n)
			k.own = true
		}
		out = append(out, k)
	}
	return out, nil
}

// shared returns the keys of an earlier bond that looks at the same columns.
func shared(bonds []*bond, rel *relation) *keys {
	if len(rel.steps[0].fromKinds) > 0 {
		return nil
	}
	for _, k := range bonds {
		cols := k.g.rel.steps[0].fromCols
		if len(k.g.rel.steps[0].fromKinds) == 0 && len(cols) == len(rel.steps[0].fromCols) && &cols[0] == &rel.steps[0].fromCols[0] {
			return k.g.keys
		}
	}
	return nil
}

func (k *bond) bind(row reflect.Value, i int) error {
	row.FieldByIndex(k.path).Addr().Interface().(linker).link(k.b, i)
	if !k.own {
		return nil
	}
	hide := false
	for _, kind := range k.g.rel.steps[0].fromKinds {
		v := kind.col.of(row)
		hide = hide || !v.Equal(reflect.ValueOf(kind.value))
	}
	return k.g.keys.add(row, hide)
}
