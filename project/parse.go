package project

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a selection. They are checked while reading, so that the work for a
// hostile one is bounded by them.
const (
	maxSelection = 2048 // bytes of all its parameters
	maxDepth     = 6    // names from the root to a leaf
	maxNames     = 200  // names, those behind a star included
	maxRelations = 10   // relations it loads
)

// An item is one name of a selection as it was written. Items form a tree by
// their indices, in the order of the text.
type item struct {
	name  string
	at    int // offset in the text
	child int // first child, 0 is none
	next  int // next sibling, 0 is none
	star  bool
	not   bool // the member is left out
	way   bool // on the way to one that is left out: selects nothing itself
	none  bool // its list is empty: identifiers only
}

// A syntaxError is a text that is no selection.
type syntaxError struct {
	at           int
	code, detail string
}

// A reader reads
//
//	list = item *("," item)
//	item = ["-"] path ["(" list ")"]
//	path = name *(("." / "/") name)
//	name = 1*(letter / digit / "_" / "-" / "$" / "\" any) / "*"
//
// iteratively, with a stack that is as deep as a selection may be.
type reader struct {
	text  string
	at    int
	base  int    // what to add to an offset in text
	items []item // items[0] is the root
	stack [maxDepth + 1]frame
	open  int // groups that are open; stack[open] is the current one
}

// A frame is one list: its parent and the item before the next one.
type frame struct {
	parent, last, depth int
}

// list reads the whole text as the list below item parent, which is at depth.
func (r *reader) list(parent, depth int) *syntaxError {
	r.open, r.stack[0] = 0, frame{parent, r.lastChild(parent), depth}
	for {
		not, err := r.path()
		if err == nil {
			err = r.after(not)
		}
		if err != nil {
			return err
		}
		if r.at == len(r.text) {
			break
		}
	}
	if r.open > 0 {
		return r.fault("syntax", "A parenthesis is not closed.")
	}
	return nil
}

func (r *reader) fault(code, detail string) *syntaxError {
	return &syntaxError{r.at, code, detail}
}

func (r *reader) lastChild(parent int) int {
	last := 0
	for i := r.items[parent].child; i > 0; i = r.items[i].next {
		last = i
	}
	return last
}

// path reads one path, and whether it is one to leave out.
func (r *reader) path() (not bool, err *syntaxError) {
	if not = strings.HasPrefix(r.text[r.at:], "-"); not {
		r.at++
	}
	f := &r.stack[r.open]
	parent, depth := f.parent, f.depth
	first, last := 0, 0
	for {
		if depth++; depth > maxDepth {
			return not, r.fault("too_deep", atMost("levels of members", maxDepth))
		}
		last, err = r.name(parent)
		if err != nil {
			return not, err
		}
		if first == 0 {
			first = last
		}
		if r.at == len(r.text) || r.text[r.at] != '.' && r.text[r.at] != '/' {
			break
		}
		r.items[last].way = not
		parent = last
		r.at++
	}
	r.items[last].not = not
	if f.last == 0 {
		r.items[f.parent].child = first
	} else {
		r.items[f.last].next = first
	}
	f.last = first
	if r.at < len(r.text) && r.text[r.at] == '(' {
		if r.open == maxDepth || depth == maxDepth {
			return not, r.fault("too_deep", atMost("levels of members", maxDepth))
		}
		r.stack[r.open+1] = frame{parent: last, depth: depth}
	}
	return not, nil
}

// name reads one name into a new item. Below the first name of a path it is
// linked to its parent at once.
func (r *reader) name(parent int) (int, *syntaxError) {
	if len(r.items) > maxNames {
		return 0, r.fault("too_many", atMost("names", maxNames))
	}
	it := item{at: r.base + r.at}
	switch {
	case strings.HasPrefix(r.text[r.at:], "*"):
		it.star = true
		r.at++
	default:
		var err *syntaxError
		if it.name, err = r.word(); err != nil {
			return 0, err
		}
	}
	r.items = append(r.items, it)
	n := len(r.items) - 1
	if parent != r.stack[r.open].parent {
		r.items[parent].child = n
	}
	return n, nil
}

func (r *reader) word() (string, *syntaxError) {
	start, escaped := r.at, false
	for r.at < len(r.text) {
		if nameByte[r.text[r.at]] {
			r.at++
			continue
		}
		c, size := rune(r.text[r.at]), 1
		if c >= utf8.RuneSelf {
			if c, size = utf8.DecodeRuneInString(r.text[r.at:]); c == utf8.RuneError && size == 1 {
				return "", r.fault("utf8", valueDetails["utf8"])
			}
		}
		if c == '\\' {
			if r.at+1 == len(r.text) {
				return "", r.fault("syntax", "A backslash escapes nothing.")
			}
			escaped = true
			_, size = utf8.DecodeRuneInString(r.text[r.at+1:])
			r.at += 1 + size
			continue
		}
		if !nameRune(c) {
			break
		}
		r.at += size
	}
	word := r.text[start:r.at]
	if word == "" || word[0] == '-' {
		r.at = start
		return "", r.fault("syntax", "A name is missing.")
	}
	if !escaped {
		return word, nil
	}
	word = unescape(word)
	if code := badText(word); code != "" {
		return "", r.fault(code, valueDetails[code])
	}
	return word, nil
}

func nameRune(c rune) bool {
	if c < utf8.RuneSelf {
		return nameByte[c]
	}
	return unicode.IsLetter(c) || unicode.IsDigit(c)
}

// nameByte are the ASCII characters of names.
var nameByte = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$") {
		t[c] = true
	}
	return t
}()

// unescape drops the backslashes that escape the byte behind them.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// after reads what follows a path: a group, the next item or the end of groups.
func (r *reader) after(not bool) *syntaxError {
	if r.at == len(r.text) {
		return nil
	}
	switch r.text[r.at] {
	case '(':
		if not {
			return r.fault("syntax", "What is left out has no list.")
		}
		r.open++
		r.at++
		if r.at == len(r.text) {
			return r.fault("syntax", "A parenthesis is not closed.")
		}
		return nil
	case ':':
		return r.fault("alias", "Members cannot be renamed.")
	}
	for r.at < len(r.text) && r.text[r.at] == ')' {
		if r.open == 0 {
			return r.fault("syntax", "A parenthesis closes nothing.")
		}
		r.open--
		r.at++
	}
	if r.at == len(r.text) {
		return nil
	}
	if r.text[r.at] != ',' {
		return r.fault("syntax", "A comma is missing.")
	}
	r.at++
	if r.at == len(r.text) {
		return r.fault("syntax", "A name is missing.")
	}
	return nil
}
