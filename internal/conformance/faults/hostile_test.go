package faults

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// nasty is text that breaks logs, terminals and parsers.
var nasty = []string{
	"\",\"level\":\"INFO\",\"msg\":\"request\",\"id\":\"forged", "'; DROP TABLE books; --", "${jndi:ldap://x/a}", "{{7*7}}", "<script>alert(1)</script>",
	"%0d%0a{\"msg\":\"request\"}", "%00", "%1b[2J%1b[31m", "%e2%80%ae%e2%80%a8%e2%80%a9", "%ff%fe", "%c0%af%c0%af", "..%2f..%2fetc%2fpasswd", "....//....//",
	"%25%32%65", "\\u000a", strings.Repeat("a", 7000), strings.Repeat("%0a", 2000), strings.Repeat("%f0%9f%92%a9", 500), "%%", "%", "%zz", "*", "~", "|", "a%20b",
}

// raw sends bytes and returns the answer, nil if there was none.
func (a *app) raw(text string) (*answer, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.base, "http://"))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	target, _, _ := strings.Cut(text, "\r\n")
	return &answer{request{method: "GET", path: target}, resp.StatusCode, resp.Header, string(body), resp.Header.Get("X-Request-Id")}, nil
}

func TestHostileText(t *testing.T) {
	db := open(t)
	bin, err := plain()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	head := " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: session=" + secretHeader + "\r\nAuthorization: Basic " + secretHeader + "\r\n"
	var all []string
	for _, n := range nasty {
		path := strings.ReplaceAll(n, " ", "%20")
		prefixes := []string{"/", "/v1/", "/v1/books/", "/v1/books/1/reviews/", "//"}
		if !strings.Contains(path, "/") { // a route is found, and a path that has one is not logged
			prefixes = append(prefixes, "/v1/books/"+secretPath, "/v1/books/1/reviews/"+secretPath)
		}
		for _, prefix := range prefixes {
			all = append(all, "GET "+prefix+path+"?token="+secretQuery+head+"\r\n")
		}
		all = append(all, "GET /v1/books?filter[title]="+path+"&token="+secretQuery+head+"\r\n", "GET /v1/books?"+path+"="+secretQuery+head+"\r\n")
		for _, name := range []string{"User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Traceparent", "Accept", "Accept-Language", "If-None-Match", "Origin", "Content-Type", "X-Api-Key"} {
			all = append(all, "GET /v1/books/1"+head+name+": "+n+secretHeader+"\r\n\r\n")
		}
		method := strings.Map(func(r rune) rune {
			if strings.ContainsRune("\",:;{}()<>/\\[] @=?", r) {
				return '!'
			}
			return r
		}, n)
		all = append(all, method+" /v1/books"+head+"\r\n", "GET http://"+path+"/v1/books"+head+"\r\n")
	}
	byServer := 0
	for _, text := range all {
		x, err := a.raw(text)
		if err != nil {
			t.Errorf("%.80q: %v", text, err)
			continue
		}
		if x.id == "" { // net/http refused it before anybody of us saw it
			byServer++
			if x.status != 400 && x.status != 431 || strings.Contains(x.text, "s3cr3t") {
				t.Errorf("%.80q: %d %s", text, x.status, x.text)
			}
			continue
		}
		a.seen = append(a.seen, *x)
		a.check(*x)
		if x.status >= 500 {
			t.Errorf("%.80q: %d", text, x.status)
		}
	}
	if len(a.seen) < 300 {
		t.Errorf("%d requests: too few to say anything", len(a.seen))
	}
	a.settle()
	for _, l := range a.requests(len(a.seen)) {
		if i := strings.IndexFunc(l.text, func(r rune) bool { return r < ' ' && r != '\n' || r > '~' }); i >= 0 {
			t.Errorf("a client's character in the log that may steer a terminal: %.80q", l.text[max(0, i-40):])
		}
	}
	a.check(a.ask(walk()[0]), 200)
	t.Logf("%d requests of hostile text, %d refused by net/http before", len(a.seen)-1, byServer)
}
