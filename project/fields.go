package project

import (
	"fmt"
	"slices"
	"strings"
)

// Fields are compiled paths, for JSON that is bytes already. They are immutable
// and may be used concurrently. A nil *Fields selects everything.
type Fields struct {
	star  bool
	mask  uint64 // a bit for each name, to refuse most others at once
	names []string
	state []uint8 // named or out; 0 is only on the way to what is left out
	below []*Fields
	rest  *Fields // what of the members a star stands for; nil is everything
}

// Compile compiles paths of the form [Query.Paths] returns: "title",
// "author.name", "*" for all members, "-author.email" for one that is left out
// and "-**.email" for one that is left out wherever it is. Nil selects
// everything, an empty list nothing.
func Compile(paths []string) *Fields {
	if paths == nil {
		return nil
	}
	f := newFields(len(paths))
	var tails [][]string
	for _, path := range paths {
		if tail, ok := strings.CutPrefix(path, "-**."); ok {
			tails = append(tails, strings.Split(tail, "."))
			continue
		}
		path, not := strings.CutPrefix(path, "-")
		f.add(path, not)
	}
	f.settle()
	if len(tails) > 0 {
		d := deep{tails: tails, made: map[string]*Fields{}}
		d.narrow(f, nil)
	}
	return f
}

// A deep leaves members out wherever they are. What is selected by default
// below a member depends only on the tails that have begun above it, so that
// the selections form a finite automaton, in which those of shapes that contain
// themselves lead back to themselves.
type deep struct {
	tails [][]string
	made  map[string]*Fields
}

// byDefault is everything less the tails, some of which have begun.
func (d *deep) byDefault(begun [][]string) *Fields {
	key := fmt.Sprint(begun)
	f := d.made[key]
	if f == nil {
		f = &Fields{star: true}
		d.made[key] = f
		d.narrow(f, begun)
	}
	return f
}

// narrow takes the tails out of f, to which begun ones lead.
func (d *deep) narrow(f *Fields, begun [][]string) {
	active := slices.Concat(d.tails, begun)
	for _, tail := range active {
		if f.star && index(f, tail[0]) < 0 {
			f.names, f.state, f.below = append(f.names, tail[0]), append(f.state, 0), append(f.below, nil)
			f.mask |= nameBit(tail[0])
		}
	}
	for i, name := range f.names {
		var next [][]string
		for _, tail := range active {
			switch {
			case tail[0] != name:
			case len(tail) == 1:
				f.state[i] = out
			case !slices.ContainsFunc(next, func(t []string) bool { return slices.Equal(t, tail[1:]) }):
				next = append(next, tail[1:])
			}
		}
		switch {
		case f.state[i] == out:
		case f.below[i] == nil:
			f.below[i] = d.byDefault(next)
		default:
			d.narrow(f.below[i], next)
		}
	}
	if f.star {
		f.rest = d.byDefault(nil)
	}
}

func newFields(n int) *Fields {
	return &Fields{names: make([]string, 0, n), state: make([]uint8, 0, n), below: make([]*Fields, 0, n)}
}

func (f *Fields) add(path string, not bool) {
	name, rest, deeper := strings.Cut(path, ".")
	if name == "*" {
		f.star = f.star || !not
		return
	}
	i := index(f, name)
	if i < 0 {
		i = len(f.names)
		f.names, f.state, f.below = append(f.names, name), append(f.state, 0), append(f.below, nil)
		f.mask |= nameBit(name)
	}
	switch {
	case deeper:
		if f.below[i] == nil {
			f.below[i] = newFields(2)
			f.below[i].star = f.state[i] == named // it was named before, with all it has
		}
		f.below[i].add(rest, not)
	case not:
		f.state[i] = out
	case f.below[i] != nil:
		f.below[i].star = true
	}
	if !not && f.state[i] != out {
		f.state[i] = named
	}
}

// settle turns branches that select everything into nil.
func (f *Fields) settle() {
	for i, sub := range f.below {
		if sub == nil {
			continue
		}
		if f.state[i] == 0 {
			sub.star = true
		}
		if sub.settle(); sub.star && len(sub.names) == 0 {
			f.below[i] = nil
		}
	}
}

// text is a name, of the client or in a document: neither is copied.
type text interface{ string | []byte }

func nameBit[N text](name N) uint64 {
	if len(name) == 0 {
		return 1
	}
	return 1 << ((uint(len(name))*7 + uint(name[0]) + uint(name[len(name)-1])*5) & 63)
}

func index[N text](f *Fields, name N) int {
	if f.mask&nameBit(name) == 0 {
		return -1
	}
	for i, n := range f.names {
		if n == string(name) {
			return i
		}
	}
	return -1
}

// find returns whether a member is selected, and what of it.
func find[N text](f *Fields, name N) (*Fields, bool) {
	i := index(f, name)
	switch {
	case i < 0:
		return f.rest, f.star
	case f.state[i] == out:
		return nil, false
	}
	return f.below[i], f.star || f.state[i] == named
}

// has reports whether a path is selected; a relation only by its name.
func (f *Fields) has(path string, relation bool) bool {
	for f != nil {
		name, rest, deeper := strings.Cut(path, ".")
		sub, ok := find(f, name)
		if !ok {
			return false
		}
		if !deeper {
			i := index(f, name)
			return !relation || i >= 0 && f.state[i] == named
		}
		f, path = sub, rest
	}
	return !relation
}
