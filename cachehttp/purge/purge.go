// Package purge tells the cache in front of an application what to forget:
// Cloudflare, Fastly or Varnish.
//
//	cdn := &purge.Batch{To: &purge.Fastly{Service: id, Token: token}}
//	defer cdn.Close()
//	cache := &cachehttp.Cache{Upstream: cdn, TagHeader: "Surrogate-Key"}
//
// A purger speaks to its cache at once and returns what went wrong. [Batch]
// collects calls, drops repetitions, and sends few large requests in the
// background; it tries again what failed.
package purge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// A Cloudflare purges a zone. The tags of responses belong into Cache-Tag.
type Cloudflare struct {
	Zone   string
	Token  string       // with permission to purge
	Base   string       // "" means https://api.cloudflare.com/client/v4
	Client *http.Client // nil means one with a timeout of 10 s
}

// A Fastly purges a service. The tags of responses belong into Surrogate-Key.
type Fastly struct {
	Service string
	Token   string
	Soft    bool         // mark as stale instead of dropping
	Base    string       // "" means https://api.fastly.com
	Client  *http.Client // nil means one with a timeout of 10 s
}

// A Varnish purges Varnish servers by the PURGE method, which their VCL must
// permit for this client: with the field Xkey for tags (vmod xkey), and on
// the URL itself, Host included, for a URL. The tags of responses belong
// into xkey.
type Varnish struct {
	Servers []string     // base URLs, such as http://10.0.0.7:6081; all are told
	Soft    bool         // sends Xkey-Softpurge instead of Xkey
	Client  *http.Client // nil means one with a timeout of 10 s
}

var (
	_ cachehttp.Upstream = (*Cloudflare)(nil)
	_ cachehttp.Upstream = (*Fastly)(nil)
	_ cachehttp.Upstream = (*Varnish)(nil)
	_ cachehttp.Upstream = (*Batch)(nil)
)

// Limits of one request, as the services document them.
const (
	cloudflareMax = 30
	fastlyMax     = 256
	varnishMax    = 64
)

// PurgeTags implements [cachehttp.Upstream].
func (c *Cloudflare) PurgeTags(ctx context.Context, tags ...string) error {
	return c.purge(ctx, "tags", tags)
}

// PurgeURLs implements [cachehttp.Upstream].
func (c *Cloudflare) PurgeURLs(ctx context.Context, urls ...string) error {
	return c.purge(ctx, "files", urls)
}

func (c *Cloudflare) purge(ctx context.Context, what string, names []string) error {
	if c.Zone == "" || c.Token == "" {
		return errors.New("purge: Cloudflare needs Zone and Token")
	}
	return chunks(names, cloudflareMax, func(names []string) error {
		body, err := json.Marshal(map[string][]string{what: names})
		if err != nil {
			return err
		}
		return post(ctx, c.Client, base(c.Base, "https://api.cloudflare.com/client/v4")+"/zones/"+url.PathEscape(c.Zone)+"/purge_cache",
			body, http.Header{"Authorization": {"Bearer " + c.Token}, "Content-Type": {"application/json"}})
	})
}

// PurgeTags implements [cachehttp.Upstream].
func (f *Fastly) PurgeTags(ctx context.Context, tags ...string) error {
	if f.Service == "" || f.Token == "" {
		return errors.New("purge: Fastly needs Service and Token")
	}
	return chunks(tags, fastlyMax, func(tags []string) error {
		body, err := json.Marshal(map[string][]string{"surrogate_keys": tags})
		if err != nil {
			return err
		}
		header := f.header()
		header.Set("Content-Type", "application/json")
		return post(ctx, f.Client, base(f.Base, "https://api.fastly.com")+"/service/"+url.PathEscape(f.Service)+"/purge", body, header)
	})
}

// PurgeURLs implements [cachehttp.Upstream].
func (f *Fastly) PurgeURLs(ctx context.Context, urls ...string) error {
	if f.Token == "" {
		return errors.New("purge: Fastly needs Token")
	}
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return fmt.Errorf("purge: bad URL %q", s)
		}
		if err := post(ctx, f.Client, base(f.Base, "https://api.fastly.com")+"/purge/"+u.Host+u.RequestURI(), nil, f.header()); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fastly) header() http.Header {
	h := http.Header{"Fastly-Key": {f.Token}}
	if f.Soft {
		h.Set("Fastly-Soft-Purge", "1")
	}
	return h
}

// PurgeTags implements [cachehttp.Upstream].
func (v *Varnish) PurgeTags(ctx context.Context, tags ...string) error {
	name := "Xkey"
	if v.Soft {
		name = "Xkey-Softpurge"
	}
	return chunks(tags, varnishMax, func(tags []string) error {
		return v.each(ctx, "/", "", http.Header{name: {strings.Join(tags, " ")}})
	})
}

// PurgeURLs implements [cachehttp.Upstream].
func (v *Varnish) PurgeURLs(ctx context.Context, urls ...string) error {
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return fmt.Errorf("purge: bad URL %q", s)
		}
		if err := v.each(ctx, u.RequestURI(), u.Host, http.Header{}); err != nil {
			return err
		}
	}
	return nil
}

// each sends PURGE to all servers, to the rest too if one fails.
func (v *Varnish) each(ctx context.Context, path, host string, header http.Header) error {
	if len(v.Servers) == 0 {
		return errors.New("purge: Varnish needs Servers")
	}
	var all error
	for _, server := range v.Servers {
		req, err := http.NewRequestWithContext(ctx, "PURGE", strings.TrimSuffix(server, "/")+path, nil)
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		req.Header, req.Host = header, host
		all = errors.Join(all, send(v.Client, req))
	}
	return all
}

func base(s, standard string) string {
	if s == "" {
		return standard
	}
	return strings.TrimSuffix(s, "/")
}

func chunks(names []string, size int, f func([]string) error) error {
	for part := range slices.Chunk(names, size) {
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

func post(ctx context.Context, client *http.Client, url string, body []byte, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	req.Header = header
	return send(client, req)
}

// A StatusError is an answer that is not 2xx.
type StatusError struct {
	URL    string
	Status int
	After  time.Duration // what Retry-After asks for; 0 if nothing
	Text   string        // the beginning of the body
}

// Error implements [error].
func (e *StatusError) Error() string {
	return fmt.Sprintf("purge: %s answers %d: %s", e.URL, e.Status, e.Text)
}

var standard = &http.Client{Timeout: 10 * time.Second}

func send(client *http.Client, req *http.Request) error {
	if client == nil {
		client = standard
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 512))
	if res.StatusCode/100 == 2 {
		return nil
	}
	after, _ := time.ParseDuration(res.Header.Get("Retry-After") + "s")
	return &StatusError{URL: req.URL.Redacted(), Status: res.StatusCode, After: max(0, after), Text: strings.TrimSpace(string(text))}
}
