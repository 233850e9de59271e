package project

import "strings"

// Fields are compiled paths, for JSON that is bytes already. They are immutable
// and may be used concurrently. A nil *Fields selects everything.
type Fields struct {
	star  bool
	mask  uint64 // a bit for each name, to refuse most others at once
	names []string
	state []uint8 // named or out; 0 is only on the way to what is left out
	below []*Fields
}

// Compile compiles paths of the form [Query.Paths] returns. Nil selects
// everything, an empty list nothing.
func Compile(paths []string) *Fields {
	if paths == nil {
		return nil
	}
	f := newFields(len(paths))
	for _, path := range paths {
		path, not := strings.CutPrefix(path, "-")
		f.add(path, not)
	}
	f.settle()
	return f
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
		return nil, f.star
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
