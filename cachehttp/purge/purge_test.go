package purge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/purge"
)

// service records requests and answers with a status.
func service(t *testing.T, status int) (url string, seen func() []string) {
	t.Helper()
	var mu sync.Mutex
	var list []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var fields []string
		for _, name := range []string{"Authorization", "Fastly-Key", "Fastly-Soft-Purge", "Xkey", "Xkey-Softpurge"} {
			if v := r.Header.Get(name); v != "" {
				fields = append(fields, name+"="+v)
			}
		}
		host := ""
		if r.Method == "PURGE" && r.URL.Path != "/" {
			host = r.Host
		}
		mu.Lock()
		list = append(list, strings.TrimSpace(fmt.Sprintln(r.Method, host+r.URL.String(), fields, string(body))))
		mu.Unlock()
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		io.WriteString(w, "text of the service")
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

func TestPurgers_requests(t *testing.T) {
	url, seen := service(t, 200)
	cloudflare := &purge.Cloudflare{Zone: "z/1", Token: "tok", Base: url + "/"}
	fastly := &purge.Fastly{Service: "s", Token: "tok", Base: url}
	soft := &purge.Fastly{Service: "s", Token: "tok", Base: url, Soft: true}
	varnish := &purge.Varnish{Servers: []string{url, url + "/"}}
	softly := &purge.Varnish{Servers: []string{url}, Soft: true}
	ctx := t.Context()
	for i, c := range []struct {
		err  error
		want []string
	}{
		{cloudflare.PurgeTags(ctx, "a", "b"), []string{`POST /zones/z%2F1/purge_cache [Authorization=Bearer tok] {"tags":["a","b"]}`}},
		{cloudflare.PurgeURLs(ctx, "https://x.example/a"), []string{`POST /zones/z%2F1/purge_cache [Authorization=Bearer tok] {"files":["https://x.example/a"]}`}},
		{fastly.PurgeTags(ctx, "a", "b"), []string{`POST /service/s/purge [Fastly-Key=tok] {"surrogate_keys":["a","b"]}`}},
		{fastly.PurgeURLs(ctx, "https://x.example/a?b=c"), []string{`POST /purge/x.example/a?b=c [Fastly-Key=tok]`}},
		{soft.PurgeTags(ctx, "a"), []string{`POST /service/s/purge [Fastly-Key=tok Fastly-Soft-Purge=1] {"surrogate_keys":["a"]}`}},
		{varnish.PurgeTags(ctx, "a", "b"), []string{`PURGE / [Xkey=a b]`, `PURGE / [Xkey=a b]`}},
		{varnish.PurgeURLs(ctx, "https://x.example/a?b=c"), []string{`PURGE x.example/a?b=c []`, `PURGE x.example/a?b=c []`}},
		{softly.PurgeTags(ctx, "a"), []string{`PURGE / [Xkey-Softpurge=a]`}},
	} {
		if c.err != nil {
			t.Errorf("call %d: %v", i, c.err)
		}
		all := seen()
		for _, want := range c.want {
			if !slices.Contains(all, want) {
				t.Errorf("call %d: %q was not sent", i, want)
			}
		}
	}
	if n := len(seen()); n != 10 {
		t.Errorf("%d requests, want 10: %q", n, seen())
	}
}

func TestPurgers_limits(t *testing.T) {
	url, seen := service(t, 200)
	tags := make([]string, 300)
	for i := range tags {
		tags[i] = fmt.Sprint("t", i)
	}
	for name, c := range map[string]struct {
		to   cachehttp.Upstream
		want int
	}{
		"Cloudflare takes 30": {&purge.Cloudflare{Zone: "z", Token: "t", Base: url}, 10},
		"Fastly takes 256":    {&purge.Fastly{Service: "s", Token: "t", Base: url}, 2},
		"Varnish takes 64":    {&purge.Varnish{Servers: []string{url}}, 5},
	} {
		before := len(seen())
		if err := c.to.PurgeTags(t.Context(), tags...); err != nil {
			t.Error(err)
		}
		if got := len(seen()) - before; got != c.want {
			t.Errorf("%s: %d requests, want %d", name, got, c.want)
		}
	}
}

func TestPurgers_failures(t *testing.T) {
	url, _ := service(t, 429)
	for name, to := range map[string]cachehttp.Upstream{
		"Cloudflare": &purge.Cloudflare{Zone: "z", Token: "secret", Base: url},
		"Fastly":     &purge.Fastly{Service: "s", Token: "secret", Base: url},
		"Varnish":    &purge.Varnish{Servers: []string{url}},
	} {
		for _, err := range []error{to.PurgeTags(t.Context(), "a"), to.PurgeURLs(t.Context(), "http://x.example/")} {
			status, ok := errors.AsType[*purge.StatusError](err)
			if !ok || status.Status != 429 || status.After != 7*time.Second || status.Text != "text of the service" || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name, to := range map[string]cachehttp.Upstream{
		"Cloudflare": &purge.Cloudflare{}, "Fastly": &purge.Fastly{}, "Varnish": &purge.Varnish{}, "Batch": &purge.Batch{},
	} {
		if to.PurgeTags(t.Context(), "a") == nil || to.PurgeURLs(t.Context(), "http://x.example/") == nil {
			t.Errorf("the zero %s reports success", name)
		}
	}
}

func TestVarnish_tellsAllServers(t *testing.T) {
	bad, _ := service(t, 500)
	good, seen := service(t, 200)
	v := &purge.Varnish{Servers: []string{bad, good}}
	if err := v.PurgeTags(t.Context(), "a"); err == nil {
		t.Error("a server failed and nobody was told")
	}
	if len(seen()) != 1 {
		t.Error("the server after the failing one was not told")
	}
}

// recording is an Upstream in memory.
type recording struct {
	mu    sync.Mutex
	calls []string
	fail  int // so many calls first
	err   error
}

func (r *recording) call(kind string, names []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, kind+" "+strings.Join(names, ","))
	if r.fail > 0 {
		r.fail--
		return r.err
	}
	return nil
}

func (r *recording) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func (r *recording) PurgeTags(_ context.Context, tags ...string) error { return r.call("tags", tags) }
func (r *recording) PurgeURLs(_ context.Context, urls ...string) error { return r.call("urls", urls) }

func TestBatch_coalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recording{}
		b := &purge.Batch{To: to}
		for i := range 100 {
			b.PurgeTags(t.Context(), "a", fmt.Sprint("t", i%3))
		}
		b.PurgeURLs(t.Context(), "http://x.example/")
		synctest.Wait()
		if len(to.seen()) != 0 {
			t.Errorf("sent before the delay: %q", to.seen())
		}
		time.Sleep(101 * time.Millisecond)
		b.PurgeTags(t.Context(), "later")
		time.Sleep(time.Second)
		want := []string{"tags a,t0,t1,t2", "urls http://x.example/", "tags later"}
		if !slices.Equal(to.seen(), want) {
			t.Errorf("calls %q, want %q", to.seen(), want)
		}
	})
}

func TestBatch_triesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recording{fail: 2, err: &purge.StatusError{Status: 429, After: 20 * time.Second}}
		b := &purge.Batch{To: to}
		b.PurgeTags(t.Context(), "a")
		time.Sleep(19 * time.Second)
		b.PurgeTags(t.Context(), "b")
		synctest.Wait()
		if len(to.seen()) != 1 {
			t.Errorf("Retry-After was not respected: %q", to.seen())
		}
		time.Sleep(time.Minute)
		if want := []string{"tags a", "tags a,b", "tags a,b"}; !slices.Equal(to.seen(), want) {
			t.Errorf("calls %q, want %q", to.seen(), want)
		}
	})
}

func TestBatch_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &recording{}
		b := &purge.Batch{To: to, Delay: time.Hour, Max: 2}
		if err := b.PurgeTags(t.Context(), "a", "b", "c"); !errors.Is(err, purge.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		before := time.Now()
		b.Close()
		if len(to.seen()) != 1 || time.Since(before) != 0 {
			t.Errorf("Close sent %q after %v", to.seen(), time.Since(before))
		}
		if err := b.PurgeTags(t.Context(), "d"); !errors.Is(err, purge.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}
