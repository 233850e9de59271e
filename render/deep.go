package render

import (
	"fmt"
	"slices"
)

// A deep leaves members out wherever they are. What is written by default below
// a member depends only on the tails that have begun above it, so that the
// selections form a finite automaton, in which those of shapes that contain
// themselves lead back to themselves.
type deep struct {
	tails [][]string
	made  map[string]*Selection
}

// byDefault is the default selection less the tails, some of which have begun.
func (d *deep) byDefault(begun [][]string) *Selection {
	key := fmt.Sprint(begun)
	s := d.made[key]
	if s == nil {
		s = &Selection{star: true, mask: ^uint64(0)}
		d.made[key] = s
		d.narrow(s, begun)
	}
	return s
}

// narrow takes the tails out of s, to which begun ones lead.
func (d *deep) narrow(s *Selection, begun [][]string) {
	active := slices.Concat(d.tails, begun)
	for _, tail := range active {
		if s.star && s.index(tail[0]) < 0 {
			s.names, s.state, s.subs = append(s.names, tail[0]), append(s.state, below), append(s.subs, nil)
		}
	}
	for i, name := range s.names {
		var next [][]string
		for _, tail := range active {
			switch {
			case tail[0] != name:
			case len(tail) == 1:
				s.state[i] = out
			case !slices.ContainsFunc(next, func(t []string) bool { return slices.Equal(t, tail[1:]) }):
				next = append(next, tail[1:])
			}
		}
		switch {
		case s.state[i] == out:
		case s.subs[i] == nil:
			s.subs[i] = d.byDefault(next)
		default:
			d.narrow(s.subs[i], next)
		}
	}
	if s.star {
		s.rest = d.byDefault(nil)
	}
}
