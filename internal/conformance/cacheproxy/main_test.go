package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("CACHEPROXY_TEST_MAIN") != "" {
		os.Args = append(os.Args[:1], strings.Fields(os.Getenv("CACHEPROXY_TEST_MAIN"))...)
		main()
		return
	}
	os.Exit(m.Run())
}

// proxied starts an origin with the proxy in front of it.
func proxied(t *testing.T, profile string, origin http.HandlerFunc) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	o := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		origin(w, r)
	}))
	t.Cleanup(o.Close)
	h, err := newProxy(o.URL, profile)
	if err != nil {
		t.Fatal(err)
	}
	p := httptest.NewServer(h)
	t.Cleanup(p.Close)
	return p.URL, calls
}

func do(t *testing.T, req *http.Request) (res *http.Response, body string) {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func request(t *testing.T, method, url string, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestProxy_caches(t *testing.T) {
	for _, profile := range []string{"safe", "full"} {
		url, calls := proxied(t, profile, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=60")
			fmt.Fprint(w, r.Host)
		})
		for range 2 {
			req := request(t, "GET", url+"/a?b", "")
			req.Host = "shop.example:81"
			if _, body := do(t, req); body != "shop.example:81" {
				t.Errorf("%s: the origin sees the host %q", profile, body)
			}
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%s: %d calls of the origin", profile, n)
		}
	}
}

func TestProxy_passesEveryMethodAndPath(t *testing.T) {
	url, _ := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.RequestURI+" "+string(body))
	})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "ODD"} {
		for _, path := range []string{"/", "//a//b", "/a/../b", "/a/./b/", "/%2F%41?x=%zz;&y", "/a:b@c", "/~?"} {
			body := ""
			if method != "HEAD" && method != "TRACE" && method != "GET" {
				body = "body"
			}
			res, _ := do(t, request(t, method, url+path, body))
			if got, want := res.Header.Get("X-Seen"), strings.TrimRight(method+" "+path+" "+body, " "); got != want {
				t.Errorf("the origin sees %q, want %q", got, want)
			}
		}
	}
}

func TestProxy_passesOddStatuses(t *testing.T) {
	url, _ := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.Header().Set("Cache-Control", "max-age=60")
		w.WriteHeader(status)
		if status != 204 && status != 304 {
			io.WriteString(w, "x")
		}
	})
	for _, status := range []int{200, 201, 202, 203, 204, 206, 226, 299, 300, 304, 307, 308, 399, 400, 418, 451, 499, 500, 503, 599, 700, 999} {
		for range 2 {
			if res, _ := do(t, request(t, "GET", fmt.Sprint(url, "/", status), "")); res.StatusCode != status {
				t.Errorf("status %d, want %d", res.StatusCode, status)
			}
		}
	}
}

func TestProxy_passesInterimResponses(t *testing.T) {
	url, calls := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Del("Link")
		w.WriteHeader(102)
		w.Header().Set("Cache-Control", "max-age=60")
		io.WriteString(w, "x")
	})
	var seen []string
	ask := func() *http.Response {
		req := request(t, "GET", url+"/", "")
		res, body := do(t, req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				seen = append(seen, fmt.Sprint(code, h.Get("Link")))
				return nil
			},
		})))
		if body != "x" || res.Header.Get("Link") != "" {
			t.Errorf("got %q with Link %q", body, res.Header.Get("Link"))
		}
		return res
	}
	ask()
	if got := strings.Join(seen, ", "); got != "103</a.css>; rel=preload, 102" {
		t.Errorf("interim responses: %s", got)
	}
	ask()
	if calls.Load() != 1 || len(seen) != 2 {
		t.Errorf("%d calls, %d interim responses", calls.Load(), len(seen))
	}
}

// drop closes the connection of a request.
func drop(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		c.Close()
	}
}

func TestProxy_droppedConnections(t *testing.T) {
	for name, half := range map[string]func(w http.ResponseWriter){
		"short of the length": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "10") },
		"within a chunk":      func(w http.ResponseWriter) {},
	} {
		t.Run("a body that ends early, "+name, func(t *testing.T) {
			url, calls := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "max-age=60")
				half(w)
				io.WriteString(w, "half")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			})
			for range 2 {
				res, err := http.DefaultTransport.RoundTrip(request(t, "GET", url+"/", ""))
				if err != nil {
					t.Fatal(err)
				}
				if b, err := io.ReadAll(res.Body); err == nil {
					t.Errorf("the client takes %q for complete", b)
				}
				res.Body.Close()
			}
			if calls.Load() < 2 {
				t.Error("half a body was stored")
			}
		})
	}
	t.Run("before the header", func(t *testing.T) {
		for profile, want := range map[string]string{"full": "200 stored", "safe": "502 Bad Gateway\n"} {
			var gone atomic.Bool
			url, _ := proxied(t, profile, func(w http.ResponseWriter, r *http.Request) {
				if gone.Load() {
					drop(w)
					return
				}
				w.Header().Set("Cache-Control", "max-age=0")
				w.Header().Set("ETag", `"a"`)
				io.WriteString(w, "stored")
			})
			do(t, request(t, "GET", url+"/", ""))
			gone.Store(true)
			res, body := do(t, request(t, "GET", url+"/", ""))
			if got := fmt.Sprint(res.StatusCode, " ", body); got != want {
				t.Errorf("%s: %q, want %q", profile, got, want)
			}
			if res, _ := do(t, request(t, "GET", url+"/cold", "")); res.StatusCode != 502 {
				t.Errorf("%s: status %d for what was never stored", profile, res.StatusCode)
			}
		}
	})
	t.Run("must-revalidate", func(t *testing.T) {
		var gone atomic.Bool
		url, _ := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
			if gone.Load() {
				drop(w)
				return
			}
			w.Header().Set("Cache-Control", "max-age=0, must-revalidate")
			w.Header().Set("ETag", `"a"`)
		})
		do(t, request(t, "GET", url+"/", ""))
		gone.Store(true)
		if res, _ := do(t, request(t, "GET", url+"/", "")); res.StatusCode != 504 {
			t.Errorf("status %d, want 504", res.StatusCode)
		}
	})
}

func TestProxy_upgrades(t *testing.T) {
	url, _ := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		line, _ := rw.ReadString('\n')
		fmt.Fprint(rw, line)
		rw.Flush()
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	fmt.Fprint(c, "hello\n")
	if line, _ := r.ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q", line)
	}
}

func TestProxy_trailersPass(t *testing.T) {
	url, calls := proxied(t, "full", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "x")
		w.Header().Set("X-Sum", "1")
	})
	for range 2 {
		if res, _ := do(t, request(t, "GET", url+"/", "")); res.Trailer.Get("X-Sum") != "1" {
			t.Errorf("trailer %v", res.Trailer)
		}
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestCommand(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "origin") }))
	defer origin.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	command := func(args string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CACHEPROXY_TEST_MAIN="+args)
		return cmd
	}
	cmd := command("-listen " + address + " -origin " + origin.URL + " -profile full")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for end := time.Now().Add(10 * time.Second); ; {
		res, err := http.Get("http://" + address + "/")
		if err == nil {
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if string(b) != "origin" || !strings.HasPrefix(res.Header.Get("Cache-Status"), "cacheproxy; fwd=") {
				t.Errorf("got %q with %q", b, res.Header.Get("Cache-Status"))
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, args := range []string{"-origin ftp://x", "-origin " + origin.URL + " -profile best", "-listen x"} {
		if err := command(args).Run(); err == nil {
			t.Errorf("%q starts", args)
		}
	}
}
