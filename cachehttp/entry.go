package cachehttp

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/glueful/glueful-go/cachehttp/internal/field"
)

// entry is a stored response. It does not change once it is stored: an
// update makes a new one that shares the body.
type entry struct {
	meta
	body []byte
	wire atomic.Pointer[wire]
}

// meta is what an entry knows about its body, in the form in which stores
// of bytes keep it.
type meta struct {
	Status int
	Header []line
	Vary   []string      // names of the selecting fields
	Part   field.Span    // of a 206; Total 0 means the body is complete
	Tags   []string      // the tag of the URL included
	At     time.Time     // when the response came
	Age    time.Duration // corrected initial age
	Life   time.Duration // freshness lifetime
	Ctl    field.Control // from the policy if Policy
	Policy bool          // the response itself said nothing
	Seen   uint64        // version of the purges when the fetch began
}

// line is one header field with all its values.
type line struct {
	Name   string
	Values []string
}

// wire holds the values that change each second, so that hits within one
// share them.
type wire struct {
	age         int64
	lines       [2][1]string
	statusLines []string
}

func (e *entry) lines(name string) []string {
	for i := range e.Header {
		if e.Header[i].Name == name {
			return e.Header[i].Values
		}
	}
	return nil
}

func (e *entry) get(name string) string {
	if lines := e.lines(name); len(lines) > 0 {
		return lines[0]
	}
	return ""
}

func (e *entry) complete() bool { return e.Part.Total == 0 }

// age is the current age (RFC 9111, section 4.2.3). A clock that jumped
// back makes nothing younger than it was on arrival.
func (e *entry) age(now time.Time) time.Duration {
	return e.Age + max(0, now.Sub(e.At))
}

// mustRevalidate reports whether being stale rules out reuse (sections
// 5.2.2.2, 5.2.2.4, 5.2.2.8, 5.2.2.10).
func (e *entry) mustRevalidate() bool {
	c := &e.Ctl
	return c.MustRevalidate || c.ProxyRevalidate || c.NoCache || c.SMaxAge != field.Absent
}

// keep is how long the entry is of any use: while it may be served, stale
// too, or can be validated.
func (e *entry) keep(now time.Time, full bool) time.Duration {
	stale := time.Duration(max(0, e.Ctl.WhileRevalidate, e.Ctl.IfError)) * time.Second
	if full || e.get("Etag") != "" || e.get("Last-Modified") != "" {
		stale = max(stale, 24*time.Hour)
	}
	return e.Life + stale - e.age(now)
}

func (e *entry) size() int64 {
	n := int64(cap(e.body)) + 512
	for _, l := range e.Header {
		n += int64(len(l.Name)) + 64
		for _, v := range l.Values {
			n += int64(len(v)) + 16
		}
	}
	return n
}

// updated returns e as a 304 or the response to HEAD updates it (RFC 9111,
// section 3.2): each field of fresh replaces the stored one, except those
// that describe the stored body.
func (e *entry) updated(fresh []line) *entry {
	u := &entry{meta: e.meta, body: e.body}
	u.Header = nil
	if e.get("Etag") != "" { // what validated it, in the form that did
		fresh = slices.DeleteFunc(slices.Clone(fresh), func(l line) bool { return l.Name == "Etag" })
	}
	for _, l := range e.Header {
		if !replaces(fresh, l.Name) {
			u.Header = append(u.Header, l)
		}
	}
	for _, l := range fresh {
		if !fixed(l.Name) {
			u.Header = append(u.Header, l)
		}
	}
	return u
}

func replaces(fresh []line, name string) bool {
	return !fixed(name) && slices.ContainsFunc(fresh, func(l line) bool { return l.Name == name })
}

func fixed(name string) bool {
	switch name {
	case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range":
		return true
	}
	return false
}

// index stands at the key of a URL whose responses vary. Lists are newest
// first.
type index struct {
	Sets     [][]string // Vary rules seen
	Variants []string   // keys of the entries
	Until    time.Time  // when the last of them is of no use
}

const (
	maxVary     = 16 // fields in a rule
	maxRules    = 4  // rules of one URL
	maxVariants = 64 // entries of one URL
)

func (x *index) has(key []byte) bool {
	for _, v := range x.Variants {
		if v == string(key) { // without an allocation
			return true
		}
	}
	return false
}

// with returns x with one more variant in front; the oldest is dropped.
func (x *index) with(rule []string, key string, until time.Time) *index {
	n := &index{Sets: [][]string{rule}, Variants: []string{key}, Until: until}
	if x == nil {
		return n
	}
	for _, s := range x.Sets {
		if len(n.Sets) < maxRules && !slices.Equal(s, rule) {
			n.Sets = append(n.Sets, s)
		}
	}
	for _, v := range x.Variants {
		if len(n.Variants) < maxVariants && v != key {
			n.Variants = append(n.Variants, v)
		}
	}
	if x.Until.After(until) {
		n.Until = x.Until
	}
	return n
}

// encode writes an entry as a length, its meta as JSON, and the body; an
// index is written the same way with a 0 in front.
func encode(value any) ([]byte, error) {
	e, ok := value.(*entry)
	if !ok {
		data, err := json.Marshal(value)
		return append([]byte{0}, data...), err
	}
	data, err := json.Marshal(&e.meta)
	out := binary.AppendUvarint(nil, uint64(len(data)))
	return append(append(out, data...), e.body...), err
}

var errCorrupt = errors.New("cachehttp: stored value is corrupt")

func decode(data []byte) (any, error) {
	if len(data) == 0 {
		return nil, errCorrupt
	}
	if data[0] == 0 {
		x := new(index)
		return x, json.Unmarshal(data[1:], x)
	}
	n, used := binary.Uvarint(data)
	if used <= 0 || n > uint64(len(data)-used) {
		return nil, errCorrupt
	}
	e := &entry{body: bytes.Clone(data[used+int(n):])}
	if err := json.Unmarshal(data[used:used+int(n)], &e.meta); err != nil {
		return nil, err
	}
	for _, l := range e.Header {
		if l.Name == "" || len(l.Values) == 0 || l.Name != http.CanonicalHeaderKey(l.Name) {
			return nil, errCorrupt
		}
	}
	if p := e.Part; e.Status < 200 || e.Status > 999 || p.Total != 0 && (p.First < 0 || p.Last >= p.Total || p.Last-p.First+1 != int64(len(e.body))) {
		return nil, errCorrupt
	}
	return e, nil
}

func (e *entry) contentLength() string { return strconv.Itoa(len(e.body)) }
