package project

import "slices"

// A pick is what is selected of one level.
type pick struct {
	level *level
	star  bool // the members the answer has by itself
	told  bool // fields said what is selected here; if not, star it is
	state []uint8
	below []*pick // of each member; nil is nothing said
}

// What is said of a member.
const (
	named uint8 = 1 << iota // selected by name
	whole                   // with its default members
	out                     // left out
)

func newPick(l *level) *pick {
	return &pick{level: l, state: make([]uint8, len(l.members)), below: make([]*pick, len(l.members))}
}

// A compiler turns items into picks and picks into paths, for one caller.
type compiler struct {
	plan    *Plan
	denied  uint64 // the guards that said no
	items   []item
	sources []source
	faults  *faults

	names, relations int
	full             bool // too many of them
	paths            []string
	loose            bool // something is written by default
}

// A source is a parameter whose text items were read from.
type source struct {
	name string
	base int // offset of its text
	size int
}

func (c *compiler) hidden(m *member) bool { return m.hidden || m.guards&c.denied != 0 }

func (c *compiler) fault(it *item, f Fault) {
	for _, s := range c.sources {
		if it.at >= s.base {
			f.Name, f.Offset = s.name, it.at-s.base
		}
	}
	c.faults.add(f)
}

// count takes one name from the allowance.
func (c *compiler) count(it *item, m *member) {
	c.names++
	if m.relation {
		c.relations++
	}
	switch {
	case c.full:
	case c.names > maxNames:
		c.full = true
		c.fault(it, Fault{Code: "too_many", Detail: atMost("names", maxNames)})
	case c.relations > maxRelations:
		c.full = true
		c.fault(it, Fault{Code: "too_many", Detail: atMost("relations", maxRelations)})
	}
}

// pick adds the children of items[parent] to p. A name in expand says only that
// a member is there, and not which of its members.
func (c *compiler) pick(p *pick, parent int, expand bool) {
	if c.items[parent].none {
		c.identify(p)
	}
	for i := c.items[parent].child; i > 0 && !c.full; i = c.items[i].next {
		it := &c.items[i]
		switch {
		case !it.not && !it.way:
			p.told = p.told || !expand
		case expand:
			c.fault(it, Fault{Code: "syntax", Detail: "Members are left out of fields."})
			continue
		}
		if it.star {
			c.everything(p, i, expand)
			continue
		}
		at, ok := p.level.at[it.name]
		switch {
		case ok && !c.hidden(&p.level.members[at]):
			c.one(p, i, at, expand)
		case !ok && p.level.path == "" && it.child > 0 && it.name == c.plan.rules.Name:
			c.pick(p, i, expand) // book(id,title) for a book
		default:
			c.unknown(p.level, it)
		}
	}
}

// everything is "*", or "*(...)": that list below every object.
func (c *compiler) everything(p *pick, i int, expand bool) {
	it := &c.items[i]
	if it.not || it.way {
		c.fault(it, Fault{Code: "syntax", Path: "*", Detail: "Leave out members by name."})
		return
	}
	p.star = true
	for at := range p.level.members {
		if it.child == 0 || c.full {
			return
		}
		if !c.hidden(&p.level.members[at]) && c.plan.sub(p.level, at) != nil {
			c.one(p, i, at, expand)
		}
	}
}

// one adds item i, which names member at.
func (c *compiler) one(p *pick, i, at int, expand bool) {
	it := &c.items[i]
	if it.not {
		p.state[at] |= out
		return
	}
	if expand && it.child == 0 && !p.level.members[at].relation && c.plan.sub(p.level, at) == nil {
		c.fault(it, Fault{Code: "no_members", Path: p.level.pathOf(at), Detail: "This member has no members."})
		return
	}
	if !it.way {
		if p.state[at]&named == 0 {
			c.count(it, &p.level.members[at])
		}
		p.state[at] |= named
		if it.child == 0 && !it.none {
			if !expand {
				p.state[at] |= whole
			}
			return
		}
	}
	if p.below[at] == nil {
		sub := c.plan.sub(p.level, at)
		if sub == nil {
			c.fault(it, Fault{Code: "no_members", Path: p.level.pathOf(at), Detail: "This member has no members."})
			return
		}
		p.below[at] = newPick(sub)
	}
	c.pick(p.below[at], i, expand)
}

func (c *compiler) unknown(l *level, it *item) {
	f := Fault{Code: "unknown_member", Path: it.name, Detail: "There is no such member."}
	if l.path != "" {
		f.Path = l.path + "." + it.name
	}
	if len(*c.faults) < maxFaults {
		f.Suggestions = suggest(it.name, func(yield func(string) bool) {
			for i := range l.members {
				if !c.hidden(&l.members[i]) && !yield(l.members[i].name) {
					return
				}
			}
		})
	}
	c.fault(it, f)
}

// write appends the paths of p in the order of the answer. Unless positive, p
// is written by default and only what is left out of it has to be said.
func (c *compiler) write(p *pick, prefix string, positive bool) {
	if !p.told {
		p.star = true
	}
	if p.star && c.plan.answer.Members == nil {
		// A star would take along what Only does not list.
		p.star = false
		for i := range p.state {
			p.state[i] |= named
		}
	}
	if p.star && positive {
		c.loose = true
		c.paths = append(c.paths, prefix+"*")
	}
	for i := range p.level.members {
		m := &p.level.members[i]
		if m.always && !p.star && p.state[i]&out == 0 {
			p.state[i] |= named
		}
		switch {
		case p.state[i]&out != 0 || c.hidden(m):
			if p.star && (p.state[i]&out != 0 || !c.plan.offered(p.level.pathOf(i))) {
				c.paths = append(c.paths, "-"+prefix+m.name)
			}
			p.state[i] = out
		case positive && p.state[i]&named != 0:
			c.member(p, i, prefix+m.name, true)
		case p.star && (p.below[i] != nil || c.plan.rules.Only != nil):
			c.member(p, i, prefix+m.name, false)
		}
	}
}

// member writes one member and what is left out below it.
func (c *compiler) member(p *pick, i int, path string, positive bool) {
	sub := p.below[i]
	if sub == nil && c.plan.partly(p.level.pathOf(i)) {
		if l := c.plan.sub(p.level, i); l != nil {
			sub = newPick(l)
		}
	}
	if sub == nil {
		if positive {
			c.paths = append(c.paths, path)
			c.loose = c.loose || c.plan.sub(p.level, i) != nil
		}
		return
	}
	p.below[i] = sub
	if p.state[i]&whole != 0 {
		sub.star = true
	}
	before := len(c.paths)
	c.write(sub, path+".", positive)
	if positive && !slices.ContainsFunc(c.paths[before:], func(s string) bool { return s[0] != '-' }) {
		c.paths = c.paths[:before] // all of it was left out
		p.state[i] = out
		if p.star {
			c.paths = append(c.paths, "-"+path)
		}
	}
}

// hide appends what is left out wherever it is, if it could be anywhere.
func (c *compiler) hide() {
	if !c.loose {
		return
	}
	for _, tail := range c.plan.rules.hidden {
		c.paths = append(c.paths, "-**."+tail)
	}
	for i, g := range c.plan.rules.guards {
		if c.denied&(1<<i) != 0 {
			c.paths = append(c.paths, "-**."+g.path)
		}
	}
}

// cost is the price of an object: 1 for each member, and for lists below it
// the members of a usual page.
func (c *compiler) cost(p *pick) int {
	sum := 0
	for i := range p.level.members {
		m, s := &p.level.members[i], p.state[i]
		if s&out != 0 || s&named == 0 && (!p.star || m.relation) {
			continue
		}
		inner := 0
		if p.below[i] != nil {
			inner = c.cost(p.below[i])
		} else if l := c.plan.sub(p.level, i); l != nil {
			for j := range l.members {
				if !l.members[j].relation {
					inner++
				}
			}
		}
		if m.list {
			inner = inner*pageSize + 2
		}
		sum += 1 + inner
	}
	return sum
}
