package wire

import (
	"bytes"
	"fmt"
	"strings"
)

// questions are asked in this order; each returns "" for yes.
var questions = []struct {
	name string
	ask  func(*probe) string
}{
	{"404 is problem+json", func(p *probe) string { return p.do("GET", "/no/such/path", "", "").problem(404) }},
	{"405 with Allow, problem+json", func(p *probe) string {
		a := p.do("DELETE", p.Books, "", "")
		if a.header.Get("Allow") == "" {
			return fmt.Sprintf("no Allow: %v", a)
		}
		return a.problem(405)
	}},
	{"HEAD answers on a GET route", func(p *probe) string {
		if a := p.do("HEAD", p.Books+"/"+p.id, "", ""); a.status != 200 || len(a.body) > 0 {
			return a.String()
		}
		return ""
	}},
	{"OPTIONS answers with Allow", func(p *probe) string {
		if a := p.do("OPTIONS", p.Books, "", ""); a.status/100 != 2 || !strings.Contains(a.header.Get("Allow"), "POST") {
			return fmt.Sprintf("%v, Allow %q", a, a.header.Get("Allow"))
		}
		return ""
	}},
	{"an encoded path value is decoded once", encodedOnce},
	{"trailing slash: no HTML, nothing made, problem if 404", trailingSlash},
	{"malformed JSON: 400 problem, no Go words", func(p *probe) string { return p.send(`"title":"x","pages":`).problem(400) }},
	{"wrong type: 4xx problem naming the field", func(p *probe) string {
		return p.send(`"title":"x","pages":"many"`).naming("pages", 400, 422)
	}},
	{"unknown field refused and named", func(p *probe) string {
		return p.send(`"title":"x","pages":1,"colour":"red"`).naming("colour", 400, 422)
	}},
	{"duplicate key refused", func(p *probe) string { return p.send(`"title":"x","pages":1,"pages":2`).refused() }},
	{"wrong-case key refused", func(p *probe) string { return p.send(`"TITLE":"x","pages":1`).refused() }},
	{"trailing data refused", func(p *probe) string {
		return p.post(`{"title":"x","pages":1`+p.Extra+`} {}`, "application/json").refused()
	}},
	{"empty body: 400 problem", func(p *probe) string { return p.post("", "application/json").problem(400) }},
	{"text/plain: 415", func(p *probe) string {
		if a := p.post(`{"title":"x","pages":1`+p.Extra+`}`, "text/plain"); a.status != 415 {
			return a.String()
		}
		return ""
	}},
	{"invalid UTF-8 refused", func(p *probe) string { return p.send("\"title\":\"x\xff\",\"pages\":1").refused() }},
	{"both violations in one 422", func(p *probe) string {
		a := p.send(`"title":"","pages":0`)
		if seen := a.naming("title", 422); seen != "" {
			return seen
		}
		return a.naming("pages", 422)
	}},
	{"12 MiB body: 413", func(p *probe) string {
		if a := p.send(`"title":"` + strings.Repeat("x", 12<<20) + `","pages":1`); a.status != 413 {
			return a.String()
		}
		return ""
	}},
	{"20,000-deep JSON: 4xx under 2 KiB", func(p *probe) string {
		a := p.send(`"title":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `,"pages":1`)
		if len(a.body) >= 2<<10 {
			return fmt.Sprintf("%d bytes", len(a.body))
		}
		return a.refused()
	}},
	{"a sent secret is not echoed", func(p *probe) string {
		for _, body := range []string{
			`"title":"","pages":0,"password":"wire-secret"`,
			`"title":{"a":"wire-secret"},"pages":1`,
			`"title":"x","pages":"wire-secret"`,
			`"title":"wire-secret","pages":`,
		} {
			if a := p.send(body); bytes.Contains(a.body, []byte("wire-secret")) {
				return a.String()
			}
		}
		return ""
	}},
	{"panic: 500 problem, no detail", func(p *probe) string { return p.do("GET", p.Panic, "", "").problem(500) }},
}

// encodedOnce asks for the book by its id in percent-encoding, which is the same
// book, by the encoding of that, which is none, and for an id with a slash, which
// is one path value and no other route.
func encodedOnce(p *probe) string {
	once, twice := "", ""
	for _, c := range []byte(p.id) {
		once += fmt.Sprintf("%%%02X", c)
		twice += fmt.Sprintf("%%25%02X", c)
	}
	if a := p.do("GET", p.Books+"/"+once, "", ""); a.status != 200 {
		return fmt.Sprintf("%s: %v", once, a)
	}
	for _, id := range []string{twice, p.id + "%2F" + p.id, "..%2F" + p.id} {
		if a := p.do("GET", p.Books+"/"+id, "", ""); a.refused() != "" || a.status == 405 {
			return fmt.Sprintf("%s: %v", id, a)
		}
	}
	return ""
}

func trailingSlash(p *probe) string {
	for _, a := range []answer{
		p.do("GET", p.Books+"/"+p.id+"/", "", ""),
		p.do("POST", p.Books+"/", `{"title":"x","pages":1`+p.Extra+`}`, "application/json"),
	} {
		switch {
		case strings.Contains(a.header.Get("Content-Type"), "html"):
			return a.String()
		case a.status/100 == 2:
			return fmt.Sprintf("another URL for the same thing: %v", a)
		case a.status == 404 || a.status == 405:
			if seen := a.problem(a.status); seen != "" {
				return seen
			}
		}
	}
	return ""
}
