package errs

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxField  = 1 << 10 // bytes of one log field
	maxFrames = 32      // frames of a stack
)

// secrets finds what looks like a credential inside an error text: user
// information in a URL, an authorization scheme with its token, a name that
// stands for a secret with its value. It is the second line of defence; the
// first is that no header, query or body is logged at all.
var secrets = regexp.MustCompile(`(?i)` +
	`(://)[^\s/@"]+@` +
	`|\b((?:bearer|basic)\s+)[a-z0-9._~+/=-]{4,}` +
	`|((?:authorization|cookie)["']?\s*[=:]\s*)[^\r\n]+` +
	`|([a-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|apikey|private[_-]?key|signature|credential|credit_card|cvv|cvc|ssn|\bpin|\botp)[a-z0-9_.-]*["']?\s*[=:]\s*)` +
	`(?:(?:bearer|basic|digest)\s+)?(?:"[^"]*"?|'[^']*'?|[^\s&,;)}\]]+)`)

// hints are the words without which secrets matches nothing: looking for them
// first is cheap, and most error texts have none.
var hints = []string{"://", "bearer", "basic", "authorization", "cookie", "pass", "pwd", "secret", "token", "key",
	"signature", "credential", "card", "cvv", "cvc", "ssn", "pin", "otp", "ſ"} // ſ folds to s

func suspicious(s string) bool {
	s = strings.ToLower(s)
	for _, h := range hints {
		if strings.Contains(s, h) {
			return true
		}
	}
	return false
}

// clean makes text fit for a log field: credentials cut, control, format and
// line-breaking characters spelled out, at most 1 KiB of valid UTF-8.
func clean(s string) string {
	if len(s) > 4*maxField { // bounds the work of the expression
		s = s[:4*maxField]
	}
	if suspicious(s) {
		s = secrets.ReplaceAllString(s, "$1$2$3$4[redacted]")
	}
	return tidy(s)
}

// tidy is clean for text that holds no credentials.
func tidy(s string) string {
	if len(s) <= maxField && !strings.ContainsFunc(s, forges) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				r = unicode.ReplacementChar
			}
		}
		t := string(r)
		if forges(r) && r != unicode.ReplacementChar {
			t = strings.Trim(strconv.QuoteRuneToASCII(r), "'")
		}
		if b.Len()+len(t) > maxField-len("…") {
			b.WriteString("…")
			break
		}
		b.WriteString(t)
	}
	return b.String()
}

// forges reports whether a rune can forge or hide log text in a terminal.
func forges(r rune) bool {
	return r < ' ' || r >= 0x7f && (r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co))
}

// route names where a request went without what a client may have hidden in
// it: the pattern, or the path if none matched. Never the query.
func route(r *http.Request) slog.Attr {
	if r.Pattern != "" {
		return slog.String("pattern", tidy(r.Pattern))
	}
	return slog.String("path", clean(r.URL.Path))
}

// frames renders a stack, one "function file:line" an entry.
func frames(pcs []uintptr) []string {
	if len(pcs) == 0 {
		return nil
	}
	var out []string
	it := runtime.CallersFrames(pcs)
	for {
		f, more := it.Next()
		out = append(out, tidy(f.Function+" "+f.File+":"+strconv.Itoa(f.Line)))
		if !more || len(out) == maxFrames {
			return out
		}
	}
}

// callers returns the stack of the caller's caller.
func callers() []uintptr {
	pcs := make([]uintptr, maxFrames)
	return pcs[:runtime.Callers(3, pcs)]
}

// stackOf returns the stack that the first wrapped 5xx of a chain kept.
func stackOf(err error) []uintptr {
	for err != nil {
		if e, ok := err.(*Error); ok && e.stack != nil {
			return e.stack
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return nil
		}
		err = u.Unwrap()
	}
	return nil
}

// debug is the member that [Handler.Debug] adds: what the log line holds, and
// the chain of causes with their types.
func debug(err error, stack []uintptr) []byte {
	type link struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	var chain []link
	var walk func(error)
	walk = func(err error) {
		if err == nil || len(chain) == maxFrames {
			return
		}
		chain = append(chain, link{fmt.Sprintf("%T", err), clean(err.Error())})
		switch x := err.(type) {
		case interface{ Unwrap() error }:
			walk(x.Unwrap())
		case interface{ Unwrap() []error }:
			for _, e := range x.Unwrap() {
				walk(e)
			}
		}
	}
	walk(err)
	raw, _ := json.Marshal(struct {
		Chain []link   `json:"chain"`
		Stack []string `json:"stack,omitempty"`
	}{chain, frames(stack)})
	return raw
}
