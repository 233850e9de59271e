package project

import (
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An Error is a refused query string. Its methods are those an HTTP error has,
// so that the edge answers it as a problem with status 400.
type Error struct {
	Faults []Fault // at least one, at most 20
}

// A Fault is one thing wrong with one parameter. Nothing in it tells a hidden
// member from one that does not exist.
type Fault struct {
	In          string   `json:"in"`                    // always "query"
	Name        string   `json:"name"`                  // the parameter, like "filter[pages][gte]"
	Code        string   `json:"code"`                  // for programs, like "unknown_member"
	Detail      string   `json:"detail,omitempty"`      // for people
	Path        string   `json:"path,omitempty"`        // the member or name in the value that is wrong
	Offset      int      `json:"offset,omitempty"`      // bytes of the value before the fault
	Suggestions []string `json:"suggestions,omitempty"` // at most three, of what the caller may use
}

// Error lists parameters and codes, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("project: refused")
	for i, f := range e.Faults {
		if i == 8 {
			b.WriteString(", ...")
			break
		}
		b.WriteString([]string{", ", ": "}[min(1, max(0, 1-i))])
		b.WriteString(f.Name + " " + f.Code)
	}
	return b.String()
}

// HTTPStatus returns 400.
func (e *Error) HTTPStatus() int { return http.StatusBadRequest }

// ErrorCode returns "bad_parameters".
func (e *Error) ErrorCode() string { return "bad_parameters" }

// PublicMessage returns the sentence for the client.
func (e *Error) PublicMessage() string { return "The request has bad parameters." }

// ErrorDetails returns the faults.
func (e *Error) ErrorDetails() any { return e.Faults }

const (
	maxFaults = 20 // that an answer names
	maxQuoted = 64 // bytes of a client's name that an answer repeats
)

// faults collects what is wrong with one request.
type faults []Fault

func (f *faults) add(x Fault) {
	if len(*f) == maxFaults {
		return
	}
	x.In = "query"
	x.Name, x.Path = clip(x.Name), clip(x.Path)
	*f = append(*f, x)
}

func (f *faults) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &Error{*f}
}

// clip cuts a client's text to what an answer may repeat.
func clip(s string) string {
	if len(s) > maxQuoted {
		s = s[:maxQuoted]
		for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func atMost(what string, n int) string { return "At most " + strconv.Itoa(n) + " " + what + "." }

// suggest returns up to three of names that are near to what was written,
// nearest first.
func suggest(written string, names func(yield func(string) bool)) []string {
	if len(written) > maxQuoted {
		return nil
	}
	limit := 1 + len(written)/3
	var found [3]string
	var far [3]int
	n := 0
	for name := range names {
		d := distance(written, name, limit)
		if d > limit {
			continue
		}
		at := n
		for at > 0 && far[at-1] > d {
			at--
		}
		if at == len(found) {
			continue
		}
		n = min(n+1, len(found))
		copy(found[at+1:n], found[at:])
		copy(far[at+1:n], far[at:])
		found[at], far[at] = name, d
	}
	if n == 0 {
		return nil
	}
	return append([]string(nil), found[:n]...)
}

// distance is the number of bytes to change, add or leave out between a and b,
// or more than limit. Neither is longer than [maxQuoted] where it matters.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	var row [2*maxQuoted + 2]int
	if len(b) >= len(row) {
		return limit + 1
	}
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			up := row[j+1]
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			row[j+1] = min(d, up+1, row[j]+1)
			diagonal = up
		}
	}
	return row[len(b)]
}
