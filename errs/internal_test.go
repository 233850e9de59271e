package errs

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

var texts = []string{"", "plain", `"quoted\"`, "<a href='x'>&amp;", "\x00\x1f\b\f\n\r\t\x7f", "\u2028\u2029", "é€😀", "\xff\xc3\x28\xed\xa0\x80", "\ufffd", "a\xffb",
	"password=hunter2", "postgres://u:p@h/", "Authorization: Basic Zm9vOmJhcg==", strings.Repeat("é", 600), "\x1b[31m\u202e"}

// encoding/json is the oracle of our writer.
func FuzzAppendString(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendString(nil, s); !bytes.Equal(got, want) {
			t.Errorf("appendString(%q) = %s, want %s", s, got, want)
		}
	})
}

// A problem is what encoding/json would read back, whatever its texts are.
func FuzzProblem(f *testing.F) {
	for i, s := range texts {
		f.Add(s, texts[(i+1)%len(texts)], texts[(i+2)%len(texts)], int64(i))
	}
	f.Fuzz(func(t *testing.T, detail, name, value string, n int64) {
		w := httptest.NewRecorder()
		e := Conflict.Detailf("%s", detail).Set(name, value).Set("n", n).Set("list", []string{value})
		w.Header().Set("X-Request-Id", value)
		Write(w, httptest.NewRequest("GET", "/", nil), e)
		var got map[string]any
		dec := json.NewDecoder(w.Body)
		dec.UseNumber()
		if err := dec.Decode(&got); err != nil || dec.More() {
			t.Fatalf("%v in %q", err, w.Body)
		}
		same := func(what string, got any, want string) {
			raw, _ := json.Marshal(want)
			var s string
			_ = json.Unmarshal(raw, &s)
			if g, _ := got.(string); g != s {
				t.Errorf("%s = %q, want %q", what, got, s)
			}
		}
		same("title", got["title"], "Conflict")
		same("code", got["code"], "conflict")
		same("detail", got["detail"], detail)
		if !reserved(name) && !strings.EqualFold(name, "detail") && !strings.EqualFold(name, "errors") && utf8.ValidString(name) && !strings.EqualFold(name, "n") && !strings.EqualFold(name, "list") {
			same(name, got[name], value)
		}
	})
}

func FuzzClean(f *testing.F) {
	for _, s := range texts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !suspicious(s) && secrets.MatchString(s) {
			t.Errorf("%q is a secret without a hint", s)
		}
		got := clean(s)
		if len(got) > maxField || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != utf8.RuneError && forges(r) }) {
			t.Errorf("clean(%q) = %q (%d bytes)", s, got, len(got))
		}
		if again := clean("password=" + s); s != "" && strings.HasPrefix(again, "password="+s) && len(s) > 3 && !strings.ContainsAny(s[:1], " \t\r\n&,;)}]\"'\v\f") && !strings.HasPrefix(s, "[redacted]") {
			t.Errorf("kept the secret: %q", again)
		}
	})
}

func TestClean_secrets(t *testing.T) {
	const x = "hUnt3r2"
	for _, s := range []string{
		"password=" + x, "PASSWORD: " + x, `{"password":"` + x + `"}`, `{"user_password" : "` + x + ` more"}`, "passwd='" + x + " " + x + "'",
		"dial postgres://app:" + x + "@db/shop?sslmode=disable: refused", "redis://:" + x + "@h", "https://" + x + "@github.com/x",
		"Authorization: Bearer " + x, "authorization: Digest username=a, response=" + x, "got Bearer " + x + "; want", "Cookie: a=1; session=" + x,
		"Set-Cookie: sid=" + x + "; Path=/", "api_key=" + x + "&page=2", "X-Api-Key: " + x, "access_token=" + x, "client_secret=" + x, "private-key: " + x,
		"signature=" + x, "otp=" + x, "pin: " + x, "cvv=" + x, "{Password:" + x + " Name:a}", "GET /x?refresh_token=" + x,
	} {
		if got := clean(s); strings.Contains(got, x) || !strings.Contains(got, "[redacted]") {
			t.Errorf("clean(%q) = %q", s, got)
		}
	}
	for _, s := range []string{"find book 7: sql: no rows in result set", "shopping=yes", "https://example.com/a@b", "list: page 3 of 4"} {
		if got := clean(s); got != s {
			t.Errorf("clean(%q) = %q", s, got)
		}
	}
}

func TestFirst_bounded(t *testing.T) {
	err := errors.New("leaf")
	for range 20 {
		err = errors.Join(err, err) // a million paths
	}
	if a := first(err); a != nil {
		t.Errorf("first = %v", a)
	}
}
