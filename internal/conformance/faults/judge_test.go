package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the requests submit and nobody may see again: in bodies, in headers, in
// the log.
const (
	secretBody   = "s3cr3tb0dy"
	secretQuery  = "s3cr3tqu3ry"
	secretHeader = "s3cr3th3ad3r"
	secretPath   = "s3cr3tp4th"
)

var secrets = []string{secretBody, secretQuery, secretHeader, secretPath}

// words are what a client must never read. Each is a reason of its own.
var words = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bpq:|\bsql:|sqlstate|lib/pq|postgres`),
	regexp.MustCompile(`(?i)\bselect\b.+\bfrom\b|\binsert into\b|\bdelete from\b|\bupdate\b.+\bset\b|\breturning\b`),
	regexp.MustCompile(`(?i)\brelation "|\bcolumn\b|\bconstraint\b|\bviolates\b|syntax error at|_(fkey|pkey|key|check|idx)\b`),
	regexp.MustCompile(`\.go\b|goroutine|runtime error|\bpanic|nil pointer|interface conversion|(index|bounds) out of range|\breflect\b`),
	regexp.MustCompile(`context (deadline|canceled)|dial tcp|broken pipe|connection re(set|fused)|\bEOF\b|i/o timeout|bad connection`),
	regexp.MustCompile(`127\.0\.0\.1|/(tmp|work|home|root|usr|var|private|Users)/|glueful|bookshop|hush|t_faults_`),
	regexp.MustCompile(`\b(model|errs|valid|render|project|strconv|json|http|main): |\*[a-z]+\.[A-Z]\w+|%!|<nil>|map\[|0x[0-9a-f]{6}`),
	regexp.MustCompile(`\bu?int(8|16|32|64)\b|\bfloat64\b|\bstruct\b|unmarshal|invalid character|time\.Time`),
}

// request is one request of a client.
type request struct {
	method, path, body string
	header             http.Header
}

func (r request) String() string {
	return r.method + " " + r.path[:min(len(r.path), 80)] + " " + r.body[:min(len(r.body), 60)]
}

// answer is what came back.
type answer struct {
	request
	status int
	head   http.Header
	text   string
	id     string
}

// client opens a connection a request: on a kept one it might send a request twice.
var client = http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask makes the request; it may be called by several goroutines.
func (a *app) ask(r request) answer {
	a.t.Helper()
	req, err := http.NewRequest(r.method, a.base+r.path, strings.NewReader(r.body))
	if err != nil {
		a.t.Fatal(err)
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+secretHeader)
	for k, v := range r.header {
		req.Header[k] = v
	}
	resp, err := client.Do(req)
	if err != nil {
		a.t.Errorf("%s: %v", r, err)
		return answer{request: r}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Errorf("%s: %v", r, err)
	}
	x := answer{r, resp.StatusCode, resp.Header, string(text), resp.Header.Get("X-Request-Id")}
	a.mu.Lock()
	a.seen = append(a.seen, x)
	a.mu.Unlock()
	return x
}

// judge says what is wrong with an answer: what it tells that it should not, and
// what it does not tell.
func judge(x answer) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	everything := x.text
	for name, values := range x.head {
		if name != "Location" && name != "X-Request-Id" {
			everything += "\n" + strings.Join(values, "\n")
		}
	}
	for _, w := range words {
		if found := w.FindString(everything); found != "" {
			complain("tells %q", found)
		}
	}
	for _, s := range secrets {
		if strings.Contains(everything, s) && (x.status >= 400 || s != secretBody) {
			complain("tells the secret %q", s)
		}
	}
	if x.id == "" {
		complain("has no request id")
	}
	if x.status < 400 {
		return wrong
	}
	if x.head.Get("Content-Type") != "application/problem+json" {
		complain("is %q", x.head.Get("Content-Type"))
	}
	if x.method == "HEAD" {
		return wrong
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(x.text), &body); err != nil {
		complain("is no JSON object: %v", err)
	}
	if body["status"] != float64(x.status) || body["request_id"] != x.id || body["title"] == "" || body["code"] == "" {
		complain("does not name status, code, title and request id")
	}
	if x.status >= 500 {
		for name := range body {
			if !slices.Contains([]string{"type", "title", "status", "code", "request_id"}, name) {
				complain("says more than it must of a fault: %q", name)
			}
		}
	}
	again := strings.HasSuffix(fmt.Sprint(body["title"]), "Try again.") || body["code"] == "contention"
	if after := x.head.Get("Retry-After"); again && after != "1" || body["code"] == "outcome_unknown" && after != "" {
		complain("has the code %v and Retry-After %q", body["code"], after)
	}
	return wrong
}

// check judges the answer and wants one of the statuses.
func (a *app) check(x answer, statuses ...int) {
	a.t.Helper()
	for _, w := range judge(x) {
		a.t.Errorf("%s: %d %s %s", x.request, x.status, w, x.text)
	}
	if len(statuses) > 0 && !slices.Contains(statuses, x.status) {
		a.t.Errorf("%s: %d, want %v: %s", x.request, x.status, statuses, x.text)
	}
}

func TestJudge(t *testing.T) {
	good := func() answer {
		return answer{request{method: "GET", path: "/"}, 500, http.Header{"Content-Type": {"application/problem+json"}},
			`{"title":"Internal Server Error","status":500,"code":"internal","request_id":"abc"}`, "abc"}
	}
	if wrong := judge(good()); wrong != nil {
		t.Fatalf("a clean answer: %v", wrong)
	}
	for _, leak := range []string{
		`pq: relation \"books\" does not exist`, `sql: no rows in result set`, `ERROR (SQLSTATE 42P01)`,
		`SELECT id FROM books`, `INSERT INTO x`, `duplicate key value violates unique constraint`, `books_author_id_fkey`,
		`/srv/books.go:12`, `goroutine 7 [running]`, `runtime error: index`, `panic: boom`, `nil pointer dereference`,
		`context deadline exceeded`, `dial tcp 10.0.0.1:5432`, `read: connection reset by peer`, `unexpected EOF`,
		`/tmp/x`, `127.0.0.1:5432`, `hush`, `t_faults_1`, `model: not found`, `*pq.Error`, `%!s(<nil>)`, `map[a:b]`,
		`cannot unmarshal string`, `int64`, secretBody, secretQuery, secretHeader, secretPath,
	} {
		x := good()
		x.text = strings.Replace(x.text, "Internal Server Error", leak, 1)
		if judge(x) == nil {
			t.Errorf("not caught in the body: %s", leak)
		}
		x = good()
		x.head.Set("X-Why", strings.ReplaceAll(leak, `\"`, `"`))
		if judge(x) == nil {
			t.Errorf("not caught in a header: %s", leak)
		}
	}
	for what, plant := range map[string]func(*answer){
		"another id":         func(x *answer) { x.id = "abd" },
		"no id":              func(x *answer) { x.id = "" },
		"another status":     func(x *answer) { x.status = 503 },
		"another media type": func(x *answer) { x.head.Set("Content-Type", "text/plain") },
		"no JSON":            func(x *answer) { x.text = "Internal Server Error" },
		"details of a fault": func(x *answer) { x.text = strings.Replace(x.text, "{", `{"detail":"why",`, 1) },
		"no time to come back": func(x *answer) {
			x.status = 503
			x.text = `{"title":"The service is not available at the moment. Try again.","status":503,"code":"unavailable","request_id":"abc"}`
		},
	} {
		x := good()
		if plant(&x); judge(x) == nil {
			t.Errorf("not caught: %s", what)
		}
	}
}
