// Package wire asks a running API twenty questions about the hygiene of its HTTP
// and JSON: what a newcomer's service answers before anybody has hardened it.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Target is an API with one resource: title (text, required) and pages (a
// number, at least 1).
type Target struct {
	Base  string // http://host:port
	Books string // path of the collection, as /v1/books; POST creates, GET below it shows
	Extra string // more members every body needs, as `,"author_id":1`
	Panic string // path of a route that panics with a text holding "wire-secret"
}

// A Check is one question and its answer: "" is yes, else what was seen.
type Check struct {
	Name string
	Seen string
}

// Names are the questions in order.
func Names() []string {
	var names []string
	for _, q := range questions {
		names = append(names, q.name)
	}
	return names
}

// Probe asks them all. The error says that the API could not be asked at all: it
// must create a book and show it first.
func (t Target) Probe() ([]Check, error) {
	p := &probe{Target: t}
	made := p.post(`{"title":"Emma","pages":474`+t.Extra+`}`, "application/json")
	if made.status/100 != 2 {
		return nil, fmt.Errorf("wire: a good book is refused: %v", made)
	}
	var book struct{ ID any }
	if json.Unmarshal(made.body, &book) != nil || book.ID == nil {
		return nil, fmt.Errorf("wire: a new book has no id: %v", made)
	}
	p.id = fmt.Sprint(book.ID)
	if shown := p.do("GET", t.Books+"/"+p.id, "", ""); shown.status != 200 {
		return nil, fmt.Errorf("wire: the new book is not shown: %v", shown)
	}
	var checks []Check
	for _, q := range questions {
		checks = append(checks, Check{q.name, q.ask(p)})
	}
	return checks, nil
}

// Passed counts the answers that are yes.
func Passed(checks []Check) int {
	n := 0
	for _, c := range checks {
		if c.Seen == "" {
			n++
		}
	}
	return n
}

type probe struct {
	Target
	id string
}

// answer is what came back; status 0 is a connection that was cut.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string {
	body := a.body
	if len(body) > 120 {
		body = body[:120]
	}
	return fmt.Sprintf("%d %s %q", a.status, a.header.Get("Content-Type"), body)
}

var client = http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (p *probe) do(method, path, body, contentType string) answer {
	req, err := http.NewRequest(method, p.Base+path, strings.NewReader(body))
	if err != nil {
		return answer{}
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, resp.Header, data}
}

func (p *probe) post(body, contentType string) answer {
	return p.do("POST", p.Books, body, contentType)
}

// send posts a body with the extra members in front of its end.
func (p *probe) send(members string) answer {
	return p.post("{"+members+p.Extra+"}", "application/json")
}

// goWords betray the implementation to a client.
var goWords = []string{"goroutine", ".go:", "json:", "unmarshal", "struct field", "Go value", "invalid character", "EOF", "strconv", "runtime", "panic", "wire-secret"}

// problem says what keeps the answer from being a problem document with one of
// the statuses.
func (a answer) problem(statuses ...int) string {
	var doc struct{ Status int }
	switch {
	case !slices.Contains(statuses, a.status):
		return fmt.Sprintf("%v, want %v", a, statuses)
	case !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json"):
		return fmt.Sprintf("no problem document: %v", a)
	case json.Unmarshal(a.body, &doc) != nil || doc.Status != a.status:
		return fmt.Sprintf("not the problem it says: %v", a)
	}
	for _, w := range goWords {
		if bytes.Contains(a.body, []byte(w)) {
			return fmt.Sprintf("tells of %q: %v", w, a)
		}
	}
	return ""
}

// naming is problem for an answer that must also name a member.
func (a answer) naming(member string, statuses ...int) string {
	if seen := a.problem(statuses...); seen != "" {
		return seen
	}
	if !bytes.Contains(a.body, []byte(member)) {
		return fmt.Sprintf("does not name %s: %s", member, a.body)
	}
	return ""
}

// refused wants any 4xx; that it is a problem is asked elsewhere.
func (a answer) refused() string {
	if a.status < 400 || a.status > 499 {
		return a.String()
	}
	return ""
}
