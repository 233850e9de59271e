package glueful_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
)

// raw sends bytes as they are and reads one answer.
func raw(t *testing.T, h http.Handler, request string) *http.Response {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, request)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	resp.Body.Close()
	return resp
}

// TestMux_crossOrigin holds the answers against the decision table of
// http.CrossOriginProtection for 3 methods, 5 values of Sec-Fetch-Site and 4
// Origins.
func TestMux_crossOrigin(t *testing.T) {
	m := quiet()
	m.Handle("/", text("ok"))
	trusting := quiet()
	trusting.CrossOrigin = http.NewCrossOriginProtection()
	if err := trusting.CrossOrigin.AddTrustedOrigin("https://friend.example"); err != nil {
		t.Fatal(err)
	}
	trusting.Handle("/", text("ok"))
	refused := 0
	for _, method := range []string{"GET", "POST", "DELETE"} {
		for _, site := range []string{"", "same-origin", "none", "same-site", "cross-site"} {
			for _, origin := range []string{"", "null", "http://own.example", "https://friend.example"} {
				send := func(m *glueful.Mux, credential ...string) int {
					r := httptest.NewRequest(method, "http://own.example/", nil)
					for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin} {
						if value != "" {
							r.Header.Set(name, value)
						}
					}
					for i := 0; i+1 < len(credential); i += 2 {
						r.Header.Set(credential[i], credential[i+1])
					}
					w := httptest.NewRecorder()
					m.ServeHTTP(w, r)
					return w.Code
				}
				want := 200
				switch unsafe := method != "GET"; {
				case unsafe && (site == "same-site" || site == "cross-site"),
					unsafe && site == "" && origin != "" && origin != "http://own.example":
					want = 403
					refused++
				}
				cell := fmt.Sprintf("%s, Sec-Fetch-Site %q, Origin %q", method, site, origin)
				for _, credential := range [][]string{{"Cookie", "s=1"}, {"Authorization", "Basic eDp5"}, {"Authorization", "negotiate YII="}, {"Authorization", "NTLM x"}, {"Authorization", "Digest a=b"}} {
					if got := send(m, credential...); got != want {
						t.Errorf("%s, %s: %d, want %d", cell, credential[0], got, want)
					}
				}
				for _, credential := range [][]string{nil, {"Authorization", "Bearer x"}} {
					if got := send(m, credential...); got != 200 {
						t.Errorf("%s without ambient credentials: %d", cell, got)
					}
				}
				if origin == "https://friend.example" {
					want = 200
				}
				if got := send(trusting, "Cookie", "s=1"); got != want {
					t.Errorf("%s, trusted: %d, want %d", cell, got, want)
				}
			}
		}
	}
	if refused != 20 {
		t.Errorf("%d of 60 cells refused, want 20", refused)
	}
}

func TestCORS(t *testing.T) {
	m := quiet()
	m.Handle("GET /{$}", text("ok"))
	m.Handle("GET /panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }))
	closed := (&glueful.CORS{}).Handler(m)
	listed := (&glueful.CORS{Origins: []string{"https://app.example", "http://localhost:3000"}, Credentials: true, Expose: []string{"Link"}}).Handler(m)
	public := (&glueful.CORS{Public: true}).Handler(m)
	both := (&glueful.CORS{Public: true, Origins: []string{"https://app.example"}, Credentials: true}).Handler(m)
	kinds := map[string]http.Handler{"closed": closed, "listed": listed, "public": public, "both": both}

	cases := 0
	for kind, h := range kinds {
		for _, origin := range []string{"", "null", "https://app.example", "https://app.example:443", "http://app.example", "https://app.example.evil", "https://evil-app.example", "https://APP.example", "http://localhost:3000", "*"} {
			for _, request := range []struct {
				method, path, asked string
				status              int
			}{{"GET", "/", "", 200}, {"GET", "/nope", "", 404}, {"GET", "/panic", "", 500}, {"OPTIONS", "/", "DELETE", 204}} {
				cases++
				r := httptest.NewRequest(request.method, request.path, nil)
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				if request.asked != "" {
					r.Header.Set("Access-Control-Request-Method", request.asked)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				name := fmt.Sprintf("%s, Origin %q, %s %s", kind, origin, request.method, request.path)
				isListed := (kind == "listed" || kind == "both") && origin == "https://app.example" || kind == "listed" && origin == "http://localhost:3000"
				want := ""
				if isListed {
					want = origin
				} else if (kind == "public" || kind == "both") && origin != "" {
					want = "*"
				}
				got, credentials := w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Allow-Credentials")
				if got != want || w.Code != request.status {
					t.Errorf("%s: %d, allows %q; want %d, %q", name, w.Code, got, request.status, want)
				}
				if (credentials == "true") != isListed || got == "*" && credentials != "" {
					t.Errorf("%s: allows %q with credentials %q", name, got, credentials)
				}
				if !strings.Contains(strings.Join(w.Header()["Vary"], ","), "Origin") {
					t.Errorf("%s: no Vary: Origin", name)
				}
				if allows := w.Header().Get("Access-Control-Allow-Methods") != ""; allows != (want != "" && request.asked != "") {
					t.Errorf("%s: preflight answered %v", name, w.Header())
				}
			}
		}
	}
	if cases < 50 {
		t.Errorf("only %d cases", cases)
	}
	for _, bad := range []glueful.CORS{{Origins: []string{"*"}}, {Origins: []string{"null"}}, {Origins: []string{"https://app.example/"}}, {Origins: []string{"app.example"}},
		{Origins: []string{"https://*.example"}}, {Headers: []string{"*"}}, {Origins: []string{"https://App.example"}},
		{Credentials: true}, {Credentials: true, Public: true}, {Origins: []string{"https://app.example:443"}}, {Origins: []string{"http://app.example:80"}},
		{Origins: []string{"https://app.example:"}}, {Origins: []string{"https://bücher.example"}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", bad)
				}
			}()
			bad.Handler(m)
		}()
	}
}

func TestMux_uriCap(t *testing.T) {
	m := quiet()
	m.Handle("GET /", text("ok"))
	for size, want := range map[int]int{8 << 10: 200, 8<<10 + 1: 414, 16 << 10: 414} {
		resp, body := call(t, m, "GET", "/"+strings.Repeat("a", size-1), "")
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d, want %d", size, resp.StatusCode, want)
		}
		if want == 414 {
			isProblem(t, resp, body, 414)
		}
	}
}
