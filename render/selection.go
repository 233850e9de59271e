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
	names []string     // the members asked for
	subs  []*Selection // what of each; nil is its default
	mask  uint64       // one bit for each name, to refuse most others at once; all with star
}

// Select compiles dotted member paths such as "title" and "author.name". A name
// alone selects that member with its default members; "*" stands for the
// default members beside the named ones. Nil paths give a nil selection, an
// empty list one that selects nothing.
func Select(paths []string) *Selection {
	if paths == nil {
		return nil
	}
	s := &Selection{}
	for _, p := range paths {
		s.add(p)
	}
	s.settle()
	return s
}

func (s *Selection) add(path string) {
	name, rest, deeper := strings.Cut(path, ".")
	if name == "*" {
		s.star, s.mask = true, ^uint64(0)
		return
	}
	i := s.index(name)
	if i < 0 {
		i = len(s.names)
		s.names, s.subs = append(s.names, name), append(s.subs, &Selection{})
		s.mask |= nameBit(name)
	}
	if deeper {
		s.subs[i].add(rest)
	} else {
		s.subs[i].add("*")
	}
}

// settle turns every branch that says no more than "by default" into nil.
func (s *Selection) settle() {
	for i, sub := range s.subs {
		if sub.star && len(sub.names) == 0 {
			s.subs[i] = nil
			continue
		}
		sub.settle()
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
	if i := s.index(name); i >= 0 {
		return s.subs[i], true
	}
	return nil, s.star
}

// asked reports whether member name was asked for by its name.
func (s *Selection) asked(name string) bool {
	return s != nil && s.index(name) >= 0
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
