package project

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A level is the members of one object of the answer, in the order they are
// written. Levels are made when a selection first reaches them, since shapes
// may contain themselves.
type level struct {
	path    string // dotted, empty for the root
	depth   int
	members []member
	at      map[string]int

	mu    sync.Mutex
	below []*level // of each member; nil if not asked yet or a leaf
	known []bool   // below was asked
}

type member struct {
	name     string
	relation bool   // written only if loaded, or asked for by name
	list     bool   // an array
	hidden   bool   // from everybody
	always   bool   // written whatever is selected
	guards   uint64 // the guards that must agree
}

// path is the dotted path of member i.
func (l *level) pathOf(i int) string {
	if l.path == "" {
		return l.members[i].name
	}
	return l.path + "." + l.members[i].name
}

// level makes the level at a path, or returns nil for a leaf.
func (p *Plan) level(path string, depth int) *level {
	names := p.names(path)
	if names == nil {
		return nil
	}
	l := &level{path: path, depth: depth, at: make(map[string]int, len(names))}
	for _, name := range names {
		if _, twice := l.at[name]; twice || strings.ContainsAny(name, ".*") || name == "" || name[0] == '-' {
			continue // a path could not name it
		}
		l.at[name] = len(l.members)
		l.members = append(l.members, member{name: name})
		m, full := &l.members[len(l.members)-1], l.pathOf(len(l.members)-1)
		if p.answer.Relation != nil {
			m.relation, m.list = p.answer.Relation(full)
		}
		m.hidden = anyEnds(p.rules.hidden, full) || !p.offered(full)
		m.always = anyEnds(p.rules.Always, full)
		for g, guard := range p.rules.guards {
			if ends(full, guard.path) {
				m.guards |= 1 << g
			}
		}
	}
	l.below, l.known = make([]*level, len(l.members)), make([]bool, len(l.members))
	return l
}

// sub is the level below member i, or nil.
func (p *Plan) sub(l *level, i int) *level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known[i] {
		return l.below[i]
	}
	sub := p.level(l.pathOf(i), l.depth+1)
	if sub == nil || p.levels.Add(1) <= maxLevels {
		l.below[i], l.known[i] = sub, true
	}
	return sub
}

// checkNames refuses rules for members that do not exist, which would protect
// nothing. It looks at the levels a selection can reach, up to a bound.
func (p *Plan) checkNames() error {
	open := map[string]bool{}
	for _, name := range slices.Concat(p.rules.hidden, p.rules.Always) {
		open[name] = true
	}
	for _, g := range p.rules.guards {
		open[g.path] = true
	}
	queue := []*level{p.root}
	for at := 0; at < len(queue) && at < maxLevels && len(open) > 0; at++ {
		for i := range queue[at].members {
			for name := range open {
				if ends(queue[at].pathOf(i), name) {
					delete(open, name)
				}
			}
			if sub := p.sub(queue[at], i); sub != nil && sub.depth < maxDepth {
				queue = append(queue, sub)
			}
		}
	}
	for name := range open {
		return fmt.Errorf("project: rules for the member %q, which the answer does not have", name)
	}
	for _, only := range p.rules.Only {
		l := p.root
		for name := range strings.SplitSeq(only, ".") {
			i, ok := l.at[name]
			if !ok {
				return fmt.Errorf("project: Only lists %q, which the answer does not have", only)
			}
			if l = p.sub(l, i); l == nil {
				l = &level{}
			}
		}
	}
	return nil
}

// maxLevels bounds the levels a plan remembers: the ways through relations that
// lead in circles are many.
const maxLevels = 4096

// names are the names below a path: what the answer says, or without a shape
// what Only lists.
func (p *Plan) names(path string) []string {
	if p.answer.Members != nil {
		return p.answer.Members(path)
	}
	var names []string
	for _, only := range p.rules.Only {
		rest, ok := strings.CutPrefix(only, path)
		if ok && path != "" {
			rest, ok = strings.CutPrefix(rest, ".")
		}
		if name, _, _ := strings.Cut(rest, "."); ok && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// offered reports whether Only lists a path, one above it or one below it.
func (p *Plan) offered(path string) bool {
	if p.rules.Only == nil {
		return true
	}
	for _, only := range p.rules.Only {
		if below(path, only) || below(only, path) {
			return true
		}
	}
	return false
}

// partly reports whether Only lists something below a path, but not all of it.
func (p *Plan) partly(path string) bool {
	part := false
	for _, only := range p.rules.Only {
		if below(path, only) {
			return false
		}
		part = part || below(only, path)
	}
	return part
}

// below reports whether path is root or leads below it.
func below(path, root string) bool {
	return strings.HasPrefix(path, root) && (len(path) == len(root) || path[len(root)] == '.')
}

// ends reports whether path ends in the names of tail.
func ends(path, tail string) bool {
	return strings.HasSuffix(path, tail) && (len(path) == len(tail) || path[len(path)-len(tail)-1] == '.')
}

func anyEnds(tails []string, path string) bool {
	return slices.ContainsFunc(tails, func(tail string) bool { return ends(path, tail) })
}
