package project

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxPlans is how many selections a plan remembers.
const maxPlans = 1024

// A selectionKey is a selection as it was sent, and by whom.
type selectionKey struct {
	fields, expand string
	sent           uint8 // which of them; typed is all the text in fields
	denied         uint64
}

const (
	sentFields uint8 = 1 << iota
	sentExpand
	sentTyped
)

// An entry is a compiled selection. It is shared and read-only.
type entry struct {
	paths    []string
	cost     int
	compiled any
	fields   atomic.Pointer[Fields] // see narrowing
	alone    *bound                 // a request of this selection and nothing else, or nil
	reads    atomic.Pointer[reading]
}

// narrowing is the selection for bytes, made when it is first wanted.
func (e *entry) narrowing() *Fields {
	f := e.fields.Load()
	if f == nil && e.paths != nil {
		f = Compile(e.paths)
		e.fields.Store(f)
	}
	return f
}

// A reading is what a selection reads of one probe.
type reading struct {
	probe any
	paths [][]any
}

// A cache remembers selections by their text, and shares what is the same
// selection in other words. Both maps are bounded; when one is full, some
// element makes room.
type cache struct {
	mu      sync.RWMutex
	written map[selectionKey]*entry
	same    map[string]*entry
}

func (c *cache) get(key selectionKey) *entry {
	c.mu.RLock()
	e := c.written[key]
	c.mu.RUnlock()
	return e
}

// put remembers a selection and returns the entry to use.
func (c *cache) put(key selectionKey, paths []string, build func() *entry) *entry {
	canonical := "*"
	if paths != nil {
		canonical = strings.Join(paths, ",")
	}
	c.mu.RLock()
	e := c.same[canonical]
	c.mu.RUnlock()
	if e == nil {
		e = build()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.written == nil {
		c.written, c.same = map[selectionKey]*entry{}, map[string]*entry{}
	}
	if other := c.same[canonical]; other != nil {
		e = other
	}
	room(c.same)
	room(c.written)
	c.same[canonical], c.written[key] = e, e
	return e
}

func room[K comparable](m map[K]*entry) {
	if len(m) < maxPlans {
		return
	}
	for k := range m { // begins anywhere
		delete(m, k)
		return
	}
}

// key names the selection of a request for a caller whom guards deny.
func (r *request) key(denied uint64) selectionKey {
	key := selectionKey{denied: denied}
	if r.fields != nil {
		key.fields = strings.Join(r.fields, ",")
		key.sent |= sentFields
	}
	if r.expand != nil {
		key.expand = strings.Join(r.expand, ",")
		key.sent |= sentExpand
	}
	if len(r.typed) == 0 {
		return key
	}
	var b strings.Builder
	b.WriteString(key.fields)
	for _, name := range r.typed {
		for _, text := range r.values[name] {
			b.WriteString("\x00" + name + "\x00" + text)
		}
	}
	key.fields = b.String()
	key.sent |= sentTyped
	return key
}

// selection returns the compiled selection of a request.
func (p *Plan) selection(r request, denied uint64) (*entry, error) {
	key := r.key(denied)
	if e := p.cache.get(key); e != nil {
		return e, nil
	}
	var bad faults
	if len(key.fields)+len(key.expand) > maxSelection {
		bad.add(Fault{Name: "fields", Code: "too_long", Detail: atMost("bytes", maxSelection)})
		return nil, bad.err()
	}
	c := &compiler{plan: p, denied: key.denied, faults: &bad, items: make([]item, 1, 40), paths: []string{}}
	root := newPick(p.root)
	c.fields(root, r)
	for _, name := range r.typed {
		c.typed(root, name, r.values[name])
	}
	c.text(root, "expand", r.expand, true)
	if err := bad.err(); err != nil {
		return nil, err
	}
	c.write(root, "", true)
	c.hide()
	if len(c.paths) == 1 && c.paths[0] == "*" {
		c.paths = nil // the answer as it is by itself
	}
	return p.cache.put(key, c.paths, func() *entry {
		e := &entry{paths: slices.Clip(c.paths), cost: c.cost(root)}
		if p.answer.Compile != nil {
			e.compiled = p.answer.Compile(e.paths)
		}
		if b := (&bound{plan: p, entry: e, size: p.rules.PageSize, order: p.order}); p.rules.Scope == nil {
			var bad faults
			if b.tooMuch(&bad); len(bad) == 0 {
				e.alone = b
			}
		}
		return e
	}), nil
}

// fields reads what is said of the root: absent is the default, empty the
// identifiers.
func (c *compiler) fields(root *pick, r request) {
	sent, empty := false, true
	read := func(name string, list []string) {
		sent = sent || list != nil
		empty = empty && !slices.ContainsFunc(list, func(s string) bool { return s != "" })
		c.text(root, name, list, false)
	}
	read("fields", r.fields)
	for _, name := range r.typed {
		if c.plan.ofRoot(name, "fields") {
			read(name, r.values[name])
		}
	}
	switch {
	case !sent:
		given := c.faults
		c.faults = &faults{} // nobody asked for what this caller may not see
		c.text(root, "", []string{c.plan.standard}, false)
		if c.denied == 0 {
			*given = append(*given, *c.faults...)
		}
		c.faults = given
	case empty:
		c.identify(root)
	}
}

// identify selects the identifiers of a level: what is always written, or "id".
func (c *compiler) identify(p *pick) {
	p.told = true
	at, ok := p.level.at["id"]
	if ok && c.plan.rules.Always == nil && !c.hidden(&p.level.members[at]) {
		p.state[at] |= named | whole
	}
}

// ofRoot reports whether name is base[] or base[name of the answer].
func (p *Plan) ofRoot(name, base string) bool {
	rest, ok := strings.CutPrefix(name, base+"[")
	return ok && (rest == "]" || rest == p.rules.Name+"]")
}

// text adds selections of the root, one after the other.
func (c *compiler) text(root *pick, name string, list []string, expand bool) {
	for _, text := range list {
		if text != "" && c.read(name, text, 0, 0) {
			c.pick(root, 0, expand)
		}
		c.items[0].child = 0
	}
}

// read parses text as the list below an item.
func (c *compiler) read(name, text string, parent, depth int) bool {
	base := 0
	if n := len(c.sources); n > 0 {
		base = c.sources[n-1].base + c.sources[n-1].size + 1
	}
	c.sources = append(c.sources, source{name, base, len(text)})
	r := reader{text: text, base: base, items: c.items}
	err := r.list(parent, depth)
	c.items = r.items
	if err != nil {
		c.faults.add(Fault{Name: name, Code: err.code, Detail: err.detail, Offset: err.at})
	}
	return err == nil
}

// typed adds fields[path]=list, the list below the member at a path, and
// expand[]=path.
func (c *compiler) typed(root *pick, name string, list []string) {
	switch base, path, ok := brackets(name); {
	case c.plan.ofRoot(name, "fields"):
		return
	case c.plan.ofRoot(name, "expand"):
		c.text(root, name, list, true)
		return
	case !ok || len(path) != 1 || base != "fields":
		c.faults.add(Fault{Name: name, Code: "unknown", Detail: "There is no such parameter."})
		return
	case !c.read(name, path[0], 0, 0):
		return
	}
	last, depth := 0, 0
	for i := c.items[0].child; i > 0; i = c.items[i].child {
		last, depth = i, depth+1
		if c.items[i].next > 0 || c.items[i].not || c.items[i].way || c.items[i].star {
			c.faults.add(Fault{Name: name, Code: "syntax", Detail: "Name one member in the brackets."})
			return
		}
	}
	for _, text := range list {
		if text == "" {
			c.items[last].none = true
		} else if !c.read(name, text, last, depth) {
			return
		}
	}
	c.pick(root, 0, false)
	c.items[0].child = 0
}

// denied asks the guards; a bit is set for each that hides its member.
func (p *Plan) denied(ctx context.Context) (mask uint64) {
	for i, g := range p.rules.guards {
		if !g.ok(ctx) {
			mask |= 1 << i
		}
	}
	return mask
}
