package errs_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/glueful/glueful-go/errs"
)

// leak matches what no answer may hold.
var leak = regexp.MustCompile(`(?i)pq:|sql:|sqlstate|secret_table|\.go:|goroutine|/root/|/home/|/tmp/|hunter2|panic|0x[0-9a-f]{6}`)

// faults are errors as handlers really return them when things break.
func faults() map[string]error {
	dsn := "postgres://app:hunter2@db/shop"
	_, parse := url.Parse(strings.Replace(dsn, "db", "db:port", 1))
	return map[string]error{
		"table dropped":     fmt.Errorf("list: %w", stateError("42P01")),
		"constraint":        fmt.Errorf("insert: %w", stateError("23505")),
		"check":             fmt.Errorf("insert: %w", stateError("23514")),
		"connection cut":    fmt.Errorf("query: %w", &net.OpError{Op: "read", Err: io.ErrUnexpectedEOF}),
		"connect":           fmt.Errorf("open %s: %w", dsn, &net.OpError{Op: "dial", Err: errors.New("refused")}),
		"address":           parse,
		"file":              fmt.Errorf("template: open /home/app/views/secret_table.go: no such file"),
		"wrapped":           errs.Forbidden.Wrap(errors.New("password=hunter2")),
		"5xx with a detail": errs.Unavailable.Detailf("sql: row at %p", &leak).Set("dsn", dsn),
		"foreign 5xx":       foreign{status: 503, details: map[string]string{"dsn": dsn, "detail": "pq: x"}},
		"joined":            errors.Join(errors.New("pq: one"), errors.New("secret_table")),
	}
}

func TestLeaks(t *testing.T) {
	scan := func(h *errs.Handler, err error) (string, []byte) {
		w, _, log := ask(t, h, nil, err)
		raw, _ := json.Marshal(log)
		return fmt.Sprint(w.Header(), w.Body), raw
	}
	for name, err := range faults() {
		t.Run(name, func(t *testing.T) {
			answer, log := scan(&errs.Handler{Quiet: func(error, int) bool { return false }}, err)
			if m := leak.FindString(answer); m != "" {
				t.Errorf("the answer holds %q: %s", m, answer)
			}
			if bytes.Contains(log, []byte("hunter2")) || bytes.Contains(log, []byte("sesame")) {
				t.Errorf("the log holds a secret: %s", log)
			}
			if len(log) < 10 {
				t.Errorf("not logged: %s", log)
			}
		})
	}
	t.Run("the scan sees a planted leak", func(t *testing.T) {
		for _, err := range []error{errs.Conflict.Detailf("pq: hunter2"), foreign{status: 409, message: "open /tmp/x"}, errs.Gone.Header("X-Debug", "goroutine 1")} {
			if answer, _ := scan(&errs.Handler{}, err); leak.FindString(answer) == "" {
				t.Errorf("missed in %s", answer)
			}
		}
		if answer, _ := scan(&errs.Handler{Debug: true}, errors.New("pq: x")); leak.FindString(answer) == "" {
			t.Errorf("missed in %s", answer)
		}
	})
}

// payloads are texts meant to break a log: n of them, all different.
func payloads(n int) []string {
	seeds := []string{"\r\n{\"level\":\"ERROR\"}", "\x1b[2J\x1b[31m", "\u2028\u2029", "\u202e\u2066txt", "\x00\x01\x7f", "\xff\xfe\xc0\xaf",
		"\"}\n{\"forged\":true", "\\u000a", "%0d%0a", "\u0085", "\ufeff", "😀", strings.Repeat("A", 3000), "</script>", "\t\b\f", "${jndi:ldap://x}"}
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i) + seeds[i%len(seeds)] + seeds[(i/len(seeds))%len(seeds)]
	}
	out[0] = strings.Repeat("\n\x1b", 1<<19) // 1 MiB
	return out
}

func TestLog_hostile(t *testing.T) {
	const n = 1000
	const secret = "sesame-open-1234"
	var log syncBuffer
	h := &errs.Handler{Log: slog.New(slog.NewJSONHandler(&log, nil))}
	texts := payloads(n)
	srv := httptest.NewServer(h.Func(func(w http.ResponseWriter, r *http.Request) error {
		var i int
		fmt.Sscan(r.Header.Get("X-Number"), &i)
		w.Header().Set("X-Request-Id", r.Header.Get("X-Evil"))
		return fmt.Errorf("%s password=%s Authorization: Bearer %s\nhttp://u:%s@h/ {\"token\":%q}", texts[i], secret, secret, secret, secret)
	}))
	for i, p := range texts {
		u := srv.URL + "/" + url.PathEscape(p[:min(len(p), 2000)]) + "?token=" + secret
		req, err := http.NewRequest("GET", u, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Number", fmt.Sprint(i))
		req.Header.Set("X-Evil", strings.Map(printable, p[:min(len(p), 200)]))
		for _, k := range []string{"Authorization", "Cookie", "X-Api-Key", "X-Signature"} {
			req.Header.Set(k, "Bearer "+secret)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !json.Valid(body) || !utf8.Valid(body) || bytes.Contains(body, []byte(secret)) {
			t.Fatalf("payload %d: body %q", i, body)
		}
	}
	srv.Close()
	checkLog(t, log.Bytes(), n, secret)
	t.Run("the check sees a planted fault", func(t *testing.T) {
		for _, bad := range []string{"{\"error\":\"" + secret + "\"}\n", "{}\n{}\n", "not json\n", "{\"error\":\"" + strings.Repeat("a", 1025) + "\"}\n", "{\"error\":\"\x1b\"}\n"} {
			if logFault([]byte(bad), 1, secret) == "" {
				t.Errorf("missed %q", bad)
			}
		}
	})
}

// printable keeps what a Go client may send in a header.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '.'
	}
	return r
}

func checkLog(t *testing.T, log []byte, want int, secret string) {
	t.Helper()
	if f := logFault(log, want, secret); f != "" {
		t.Error(f)
	}
}

// logFault says what is wrong with a log of want lines, "" if nothing is.
func logFault(log []byte, want int, secret string) string {
	n := 0
	for s := bufio.NewScanner(bytes.NewReader(log)); s.Scan(); n++ {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			return fmt.Sprintf("line %d: %v", n, err)
		}
		if bytes.Contains(s.Bytes(), []byte(secret)) {
			return fmt.Sprintf("line %d holds the secret: %s", n, s.Bytes())
		}
		for k, v := range m {
			text, _ := v.(string)
			if len(text) > 1024 {
				return fmt.Sprintf("line %d: %s has %d bytes", n, k, len(text))
			}
			if i := strings.IndexAny(text, "\r\n\x00\x1b\x7f\u2028\u2029\u202e\u2066\u0085\ufeff"); i >= 0 || !utf8.ValidString(text) {
				return fmt.Sprintf("line %d: %s holds a raw control character: %q", n, k, text)
			}
		}
	}
	if n != want {
		return fmt.Sprintf("%d lines, want %d", n, want)
	}
	return ""
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}
