package purge_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/purge"
)

const vcl = `vcl 4.1;
import xkey;
backend app { .host = "127.0.0.1"; .port = "%s"; }
sub vcl_recv {
	if (req.method == "PURGE") {
		if (req.http.Xkey) {
			set req.http.n = xkey.purge(req.http.Xkey);
			return (synth(200, "purged"));
		}
		if (req.http.Xkey-Softpurge) {
			set req.http.n = xkey.softpurge(req.http.Xkey-Softpurge);
			return (synth(200, "softened"));
		}
		return (purge);
	}
}
sub vcl_backend_response {
	set beresp.ttl = 1h;
	set beresp.grace = 0s;
}
`

// varnish starts a real Varnish in front of a handler.
func varnish(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	modules, _ := filepath.Glob("/usr/lib/*/varnish/vmods/libvmod_xkey.so")
	path, err := exec.LookPath("varnishd")
	if err != nil || len(modules) == 0 {
		const how = "varnishd with vmod xkey is not installed: apt-get install varnish varnish-modules"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip(how)
	}
	app := httptest.NewServer(h)
	t.Cleanup(app.Close)
	_, port, _ := net.SplitHostPort(app.Listener.Addr().String())
	dir := t.TempDir()
	file := filepath.Join(dir, "test.vcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, vcl, port), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	var log strings.Builder
	cmd := exec.Command(path, "-F", "-j", "none", "-a", address, "-f", file, "-n", filepath.Join(dir, "work"), "-s", "malloc,16m")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for end := time.Now().Add(30 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			return "http://" + address
		}
		if time.Now().After(end) {
			t.Fatal("varnishd does not listen")
		}
		wait(t)
	}
}

// wait gives another process a moment.
func wait(t *testing.T) {
	select {
	case <-t.Context().Done():
	case <-time.After(20 * time.Millisecond):
	}
}

func TestVarnish_real(t *testing.T) {
	var calls atomic.Int64
	cache := &cachehttp.Cache{TagHeader: "xkey"}
	url := varnish(t, cache.With(cachehttp.Policy{TTL: time.Hour, Tags: []string{"books"}})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, calls.Add(1))
	})))
	get := func(path string) string {
		t.Helper()
		res, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return string(body)
	}
	same := func(path string, want bool, why string, purges ...func() error) {
		t.Helper()
		before := get(path)
		for _, p := range purges {
			if err := p(); err != nil {
				t.Fatal(err)
			}
		}
		if got := get(path) == before; got != want {
			t.Errorf("%s: the same answer %v, want %v", why, got, want)
		}
	}
	hard, soft := &purge.Varnish{Servers: []string{url}}, &purge.Varnish{Servers: []string{url}, Soft: true}
	ctx := t.Context()
	local := func() error { return cache.Purge(ctx, "books") }
	same("/a", true, "Varnish holds what was purged here only", local)
	same("/a", false, "a purge of the tag in both", local, func() error { return hard.PurgeTags(ctx, "other", "books") })
	same("/a", true, "a purge of another tag", local, func() error { return hard.PurgeTags(ctx, "other") })
	same("/a", false, "a soft purge", local, func() error { return soft.PurgeTags(ctx, "books") })
	same("/a?b=c", false, "a purge of the URL", local, func() error { return hard.PurgeURLs(ctx, url+"/a?b=c") })
	same("/a?b=d", true, "a purge of another URL", local, func() error { return hard.PurgeURLs(ctx, url+"/a?b=c") })

	cache.Upstream = hard // nothing runs now
	same("/a", false, "Cache.Purge tells Upstream", local)
	same("/a", false, "Cache.PurgeURL tells Upstream", func() error { return cache.PurgeURL(ctx, url+"/a") })
}
