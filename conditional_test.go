package glueful_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/render"
)

type versioned struct {
	Version int `json:"version"`
}

func (v *versioned) ETag() string { return fmt.Sprintf(`"v%d"`, v.Version) }

type change struct {
	IfMatch glueful.Match `header:"If-Match"`
}

func TestDo_conditional(t *testing.T) {
	m := quiet()
	m.Handle("GET /doc", glueful.Do(func(context.Context, struct{}) (versioned, error) { return versioned{3}, nil }))
	m.Handle("GET /pointer", glueful.Do(func(context.Context, struct{}) (*versioned, error) { return &versioned{3}, nil }))
	m.Handle("PUT /doc", glueful.Do(func(_ context.Context, in change) (render.NoContent, error) {
		return render.NoContent{}, in.IfMatch.Require(`"v3"`)
	}))
	m.Handle("PATCH /doc", glueful.Do(func(_ context.Context, in change) (render.NoContent, error) {
		return render.NoContent{}, in.IfMatch.Allow(`"v3"`)
	}))
	m.Handle("DELETE /gone", glueful.Do(func(_ context.Context, in change) (render.NoContent, error) {
		return render.NoContent{}, in.IfMatch.Allow("")
	}))
	for _, c := range []struct {
		method, path, name, value string
		status                    int
	}{
		{"GET", "/doc", "If-None-Match", `"v3"`, 304},
		{"GET", "/doc", "If-None-Match", `W/"v3"`, 304},
		{"GET", "/doc", "If-None-Match", `"v1", "v3"`, 304},
		{"GET", "/doc", "If-None-Match", `*`, 304},
		{"GET", "/pointer", "If-None-Match", `"v3"`, 304},
		{"GET", "/pointer", "X", ``, 200},
		{"HEAD", "/doc", "If-None-Match", `"v3"`, 304},
		{"GET", "/doc", "If-None-Match", `"v2"`, 200},
		{"GET", "/doc", "If-None-Match", `v3`, 200},
		{"PUT", "/doc", "If-Match", `"v3"`, 204},
		{"PUT", "/doc", "If-Match", `"a" , ,"v3"`, 204},
		{"PUT", "/doc", "If-Match", `*`, 204},
		{"PUT", "/doc", "If-Match", `W/"v3"`, 412}, // weak tags never match strongly
		{"PUT", "/doc", "If-Match", `"v2"`, 412},
		{"PUT", "/doc", "If-Match", `v3`, 400},
		{"PUT", "/doc", "If-Match", `"v3" "v4"`, 400},
		{"PUT", "/doc", "If-Match", ``, 400},
		{"PUT", "/doc", "X", ``, 428},
		{"PATCH", "/doc", "X", ``, 204},
		{"PATCH", "/doc", "If-Match", `"x"`, 412},
		{"DELETE", "/gone", "If-Match", `*`, 412},
		{"DELETE", "/gone", "X", ``, 204},
	} {
		resp, body := call(t, m, c.method, c.path, "", c.name, c.value)
		if resp.StatusCode != c.status {
			t.Errorf("%s %s with %s: %s: %d, want %d: %s", c.method, c.path, c.name, c.value, resp.StatusCode, c.status, body)
		}
		if c.method == "GET" && resp.Header.Get("ETag") != `"v3"` {
			t.Errorf("ETag %q", resp.Header.Get("ETag"))
		}
		if c.status == 304 && body != "" {
			t.Errorf("a 304 with a body: %q", body)
		}
	}
	if resp, _ := call(t, m, "PUT", "/doc", "", "If-Match", `"x"`, "If-Match", `"v3"`); resp.StatusCode != 204 {
		t.Errorf("a list over two lines: %d", resp.StatusCode)
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{`*`, `"a"`, `W/"a", "b"`, `"a`, `,,"x",`, "\"\x00\"", `"a" "b"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var m glueful.Match
		if m.UnmarshalText([]byte(s)) != nil {
			return
		}
		if strings.Trim(s, " \t") != "*" && m.Allow(`"never sent"`) == nil && !strings.Contains(s, `"never sent"`) {
			t.Errorf("%q matches a tag it does not hold", s)
		}
	})
}

func TestMux_proxies(t *testing.T) {
	m := quiet()
	m.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	var seen string
	remember := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.RemoteAddr })
	m.Handle("GET /", remember)
	unproxied := quiet()
	unproxied.Handle("GET /", remember)
	for sent, want := range map[string]string{
		"203.0.113.9":                       "203.0.113.9:0",
		"6.6.6.6, 203.0.113.9":              "203.0.113.9:0",
		"203.0.113.9, 10.1.2.3":             "203.0.113.9:0",
		"203.0.113.9:4711, 10.1.2.3":        "203.0.113.9:0",
		"[2a00::1]:80":                      "[2a00::1]:0",
		"2a00::1, 2001:db8::7":              "[2a00::1]:0",
		"::ffff:203.0.113.9":                "203.0.113.9:0",
		"6.6.6.6, nonsense, 10.1.2.3":       "10.1.2.3:0",
		"6.6.6.6, fe80::1%eth0, 10.1.2.3":   "10.1.2.3:0",
		"6.6.6.6, 010.1.2.3":                "127.0.0.1:0",
		"10.9.9.9, 10.1.2.3":                "10.9.9.9:0",
		"":                                  "127.0.0.1:0",
		",":                                 "127.0.0.1:0",
		"203.0.113.9, ":                     "127.0.0.1:0",
		"6.6.6.6," + strings.Repeat(",", 9): "127.0.0.1:0",
	} {
		call(t, m, "GET", "/", "", "X-Forwarded-For", sent)
		if seen != want {
			t.Errorf("X-Forwarded-For %q: client %q, want %q", sent, seen, want)
		}
		call(t, unproxied, "GET", "/", "", "X-Forwarded-For", sent)
		if !strings.HasPrefix(seen, "127.0.0.1:") || seen == "127.0.0.1:0" {
			t.Errorf("a Mux without proxies believed %q: %q", sent, seen)
		}
	}
	call(t, m, "GET", "/", "", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "203.0.113.9")
	if seen != "203.0.113.9:0" {
		t.Errorf("two lines: %q", seen)
	}
}

// mustAddr reads an address; what is none counts as a proxy.
func mustAddr(s string) netip.Addr {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil {
		return netip.MustParseAddr("10.0.0.0")
	}
	return a
}

func FuzzProxies(f *testing.F) {
	own := netip.MustParsePrefix("10.0.0.0/8")
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4, 10.0.0.2", "10.0.0.2, 10.0.0.3", "[::1]:80, 10.0.0.2", "fe80::1%eth0", "x, 1.2.3.4", "1.2.3.4, x", ",,", "::ffff:10.0.0.9", "1.2.3.4:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		m := quiet()
		m.Proxies = []netip.Prefix{own}
		var got string
		m.Handle("/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1234"
		r.Header["X-Forwarded-For"] = []string{header}
		m.ServeHTTP(httptest.NewRecorder(), r)
		ap, err := netip.ParseAddrPort(got)
		if err != nil {
			t.Fatalf("%q gives %q", header, got)
		}
		if addr := ap.Addr(); !own.Contains(addr) {
			if addr.Is4() && !strings.Contains(header, addr.String()) {
				t.Errorf("%q gives %s, which it does not hold", header, addr)
			}
			if _, behind, ok := strings.Cut(header, addr.String()+","); ok && strings.Trim(behind, " 0123456789.") == "" && !own.Contains(mustAddr(behind)) {
				t.Errorf("%q gives %s, though another client stands behind it", header, addr)
			}
		}
	})
}

func TestMux_Link(t *testing.T) {
	m := quiet()
	api := m.Group("/v1")
	api.Handle("GET /books/{id}/pages/{page}", text(""))
	m.Handle("/files/{path...}", text(""))
	m.Handle("GET /home/{$}", text(""))
	for _, c := range []struct {
		mux     *glueful.Mux
		pattern string
		values  []any
		want    string
	}{
		{api, "GET /books/{id}/pages/{page}", []any{7, "a/b c"}, "/v1/books/7/pages/a%2Fb%20c"},
		{m, "GET /v1/books/{id}/pages/{page}", []any{"..x", "é?"}, "/v1/books/..x/pages/%C3%A9%3F"},
		{m, "/files/{path...}", []any{"a/b c/"}, "/files/a/b%20c/"},
		{m, "GET /home/{$}", nil, "/home/"},
	} {
		if got, err := c.mux.Link(c.pattern, c.values...); got != c.want || err != nil {
			t.Errorf("Link(%q, %v) = %q, %v; want %q", c.pattern, c.values, got, err, c.want)
		}
	}
	for _, c := range []struct {
		pattern string
		values  []any
	}{
		{"GET /nope", nil}, {"POST /home/{$}", nil}, {"GET", nil},
		{"GET /v1/books/{id}/pages/{page}", []any{1}},
		{"GET /v1/books/{id}/pages/{page}", []any{1, 2, 3}},
		{"GET /v1/books/{id}/pages/{page}", []any{"..", 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{".", 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{"", 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{nil, 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{new(int), 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{(*int)(nil), 1}},
		{"GET /v1/books/{id}/pages/{page}", []any{[]int{1}, 1}},
		{"/files/{path...}", []any{"a/../b"}}, {"/files/{path...}", []any{"//evil"}},
	} {
		if got, err := m.Link(c.pattern, c.values...); err == nil {
			t.Errorf("Link(%q, %v) = %q, want an error", c.pattern, c.values, got)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.txt")
	public := filepath.Join(dir, "public")
	for name, data := range map[string]string{"secret.txt": "secret", "public/a.txt": "hello", "public/.env": "secret", "public/sub/b.html": "<script>", "public/x": "<html>"} {
		p := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(p), 0o755)
		if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(public, "link.txt")); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	root, err := os.OpenRoot(public)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	m := quiet()
	m.Handle("GET /static/{path...}", glueful.Files(root.FS()))
	if resp, body := call(t, m, "GET", "/static/a.txt", "", "Range", "bytes=1-2"); resp.StatusCode != 206 || body != "el" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	if resp, _ := call(t, m, "GET", "/static/x", ""); resp.Header.Get("Content-Type") != "application/octet-stream" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a file without an extension was guessed at: %v", resp.Header)
	}
	var attacks []string
	for _, up := range []string{"../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "....//", "./../", "sub/../../", "%00/../", "..;/", "..%c0%af", "%252e%252e%252f", "\\..\\", "//", "/%2f", "..%5c..%5c", "sub/%2e%2e/%2e%2e/"} {
		for _, file := range []string{"secret.txt", "etc/passwd", "secret.txt%00.txt", "secret.txt::$DATA", "secret.txt.", "secret.txt%20", "SECRET.TXT", "secret.txt/", "%73ecret.txt", "con", "aux.txt"} {
			attacks = append(attacks, up+file)
		}
	}
	attacks = append(attacks, "link.txt", ".env", "%2eenv", "sub/.%00", "sub", "sub/", "", "/", "a.txt/", "a.txt/b", "C:%5Cwindows", "file:%2f%2f%2fetc", "sub/%2e", "~root", "a.txt%0d%0aX:1")
	if len(attacks) < 200 {
		t.Fatalf("only %d attacks", len(attacks))
	}
	for _, a := range attacks {
		resp, body := call(t, m, "GET", "/static/"+a, "")
		if strings.Contains(body, "secret") || resp.StatusCode == 200 || resp.Header.Get("X") != "" {
			t.Errorf("%q was answered %d %q", a, resp.StatusCode, body)
		}
		if loc := resp.Header.Get("Location"); loc != "" && (!strings.HasPrefix(loc, "/") || strings.HasPrefix(loc, "//") || strings.HasPrefix(loc, "/\\")) {
			t.Errorf("%q was sent to %q", a, loc)
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("os.DirFS was taken")
			}
		}()
		glueful.Files(os.DirFS(dir))
	}()
	glueful.Files(fstest.MapFS{})
}

func TestAttachment(t *testing.T) {
	for name, want := range map[string]string{
		"report.pdf":           `attachment; filename="report.pdf"`,
		"../../etc/passwd":     `attachment; filename="passwd"`,
		`C:\x\y.txt`:           `attachment; filename="y.txt"`,
		"a\"b.txt":             `attachment; filename="a_b.txt"; filename*=UTF-8''a%22b.txt`,
		"a\r\nSet-Cookie: x=1": `attachment; filename="a__Set-Cookie: x=1"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1`,
		"übersicht.txt":        `attachment; filename="_bersicht.txt"; filename*=UTF-8''%C3%BCbersicht.txt`,
		"..":                   `attachment; filename="download"`,
		"":                     `attachment; filename="download"`,
	} {
		if got := glueful.Attachment(name); got != want {
			t.Errorf("Attachment(%q) = %s, want %s", name, got, want)
		}
	}
	for c := range 256 {
		if v := glueful.Attachment("a" + string([]byte{byte(c)}) + "b.txt"); strings.ContainsAny(v, "\r\n\x00") || strings.Count(v, `"`) != 2 {
			t.Errorf("byte %#x gives %q", c, v)
		}
	}
}

func TestMux_neverRedirectsToAnotherHost(t *testing.T) {
	m := quiet()
	m.Handle("GET /a/{$}", text(""))
	m.Handle("GET /{x}/", text(""))
	var attacks []string
	for _, lead := range []string{"//", "///", "/\\", "/%2f%2f", "/%5c", "/\t/", "/%09/", "/%0d%0a/", "/./", "/../", "/a/..//", "/a//..", "/;@", "/@", "/.%2f", "/%2e%2e//", "/a/../..//"} {
		for _, host := range []string{"evil.example", "evil.example/", "evil.example/..", "evil.example/%2e%2e", "user@evil.example/a/", "evil.example:80//"} {
			attacks = append(attacks, lead+host)
		}
	}
	if len(attacks) < 100 {
		t.Fatalf("only %d attacks", len(attacks))
	}
	for _, a := range attacks {
		resp := raw(t, m, "GET "+strings.ReplaceAll(a, "\t", "%09")+" HTTP/1.1\r\nHost: good.example\r\nConnection: close\r\n\r\n")
		if loc := resp.Header.Get("Location"); loc != "" {
			if !strings.HasPrefix(loc, "/") || strings.HasPrefix(loc, "//") || strings.ContainsAny(loc, "\\\r\n\t") {
				t.Errorf("%q was sent to %q", a, loc)
			}
		}
	}
}

func TestSecurityHeaders(t *testing.T) {
	m := quiet()
	g := m.With(glueful.SecurityHeaders)
	g.Handle("GET /", text("x"))
	resp, _ := call(t, m, "GET", "/", "")
	for _, h := range []string{"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy"} {
		if resp.Header.Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
	if resp.Header.Get("Strict-Transport-Security") != "" {
		t.Error("Strict-Transport-Security without TLS")
	}
}

func TestMux_Unguarded(t *testing.T) {
	m := quiet()
	m.Handle("GET /open", text(""))
	m.With(provides("user")).Handle("GET /closed", text(""))
	var open []string
	for r := range m.Unguarded() {
		open = append(open, r.Pattern)
	}
	if !slices.Equal(open, []string{"GET /open"}) {
		t.Errorf("unguarded %v", open)
	}
}
