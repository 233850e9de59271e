package render

import (
	"context"
	"strings"
)

// A Selection says which members are written. It is immutable and may be
// shared. A nil selection is the default of each view: all members, and of the
// relations those that are loaded.
type Selection struct {
	star  bool         // the default members, too
	names []string     // the members something is said of
	state []selected   // what is said
	subs  []*Selection // what of each; nil is its default
	rest  *Selection   // what of the members a star stands for; nil is their default
	mask  uint64       // one bit for each name, to refuse most others at once; all with star
}

// selected is what a selection says of a member.
type selected byte

const (
	below selected = iota // only what of it is written, if it is
	named                 // it is written
	out                   // it is not
)

// Select compiles dotted member paths. A name alone, "title", selects that
// member with its default members; "author.name" selects that member of it; "*"
// or "author.*" stands for the default members, beside the named ones; "-title"
// or "-author.email" leaves a member out, whatever else is said, and
// "-**.author.email" does wherever a path ends so. Nil paths give a nil
// selection, an empty list one that selects nothing.
func Select(paths []string) *Selection {
	if paths == nil {
		return nil
	}
	s := &Selection{}
	var tails [][]string
	for _, p := range paths {
		if tail, ok := strings.CutPrefix(p, "-**."); ok {
			tails = append(tails, strings.Split(tail, "."))
			continue
		}
		p, not := strings.CutPrefix(p, "-")
		if not {
			s.add(p, out)
		} else {
			s.add(p, named)
		}
	}
	s.settle()
	if len(tails) > 0 {
		d := deep{tails: tails, made: map[string]*Selection{}}
		d.narrow(s, nil)
	}
	return s
}

func (s *Selection) add(path string, how selected) {
	name, rest, deeper := strings.Cut(path, ".")
	if name == "*" {
		s.star = true
		return
	}
	i := s.index(name)
	if i < 0 {
		i = len(s.names)
		s.names, s.state, s.subs = append(s.names, name), append(s.state, below), append(s.subs, &Selection{})
		s.mask |= nameBit(name)
	}
	if !deeper || how == named {
		s.state[i] = max(s.state[i], how)
	}
	switch {
	case deeper:
		s.subs[i].add(rest, how)
	case how == named:
		s.subs[i].star = true
	}
}

// settle makes nil of every branch that says no more than "by default".
func (s *Selection) settle() {
	if s.star {
		s.mask = ^uint64(0)
	}
	for i, sub := range s.subs {
		if s.state[i] == below {
			sub.star = true
		}
		if sub.settle(); sub.star && len(sub.names) == 0 {
			s.subs[i] = nil
		}
	}
}

func (s *Selection) index(name string) int {
	if s.mask&nameBit(name) == 0 {
		return -1
	}
	for i, n := range s.names {
		if n == name {
			return i
		}
	}
	return -1
}

// find reports whether member name is written, and what of it.
func (s *Selection) find(name string) (sub *Selection, ok bool) {
	if s == nil {
		return nil, true
	}
	i := s.index(name)
	if i < 0 {
		return s.rest, s.star
	}
	return s.subs[i], s.state[i] == named || s.star && s.state[i] == below
}

// asked reports whether member name was asked for by its name.
func (s *Selection) asked(name string) bool {
	if s == nil {
		return false
	}
	i := s.index(name)
	return i >= 0 && s.state[i] == named
}

func nameBit(name string) uint64 {
	if name == "" {
		return 1
	}
	return 1 << ((uint(len(name))*7 + uint(name[0]) + uint(name[len(name)-1])*5) & 63)
}

type selectionKey struct{}

// With returns a context whose answers are narrowed to sel.
func With(ctx context.Context, sel *Selection) context.Context {
	return context.WithValue(ctx, selectionKey{}, sel)
}

func selectionOf(ctx context.Context) *Selection {
	sel, _ := ctx.Value(selectionKey{}).(*Selection)
	return sel
}
