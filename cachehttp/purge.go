package cachehttp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Purge makes everything with one of the tags gone, here, through
// [Cache.Feed] in all processes, and in [Cache.Upstream]. Its cost does not
// depend on how much that is. This process obeys even if an error says
// that others were not told.
func (c *Cache) Purge(ctx context.Context, tags ...string) error {
	return c.purge(ctx, false, tags, nil)
}

// Soften makes everything with one of the tags stale: it is validated, or
// served under stale-while-revalidate and stale-if-error, but not lost.
func (c *Cache) Soften(ctx context.Context, tags ...string) error {
	return c.purge(ctx, true, tags, nil)
}

// PurgeURL makes all variants of absolute URLs gone, whatever their scheme.
func (c *Cache) PurgeURL(ctx context.Context, urls ...string) error {
	return c.purge(ctx, false, nil, urls)
}

func (c *Cache) purge(ctx context.Context, soft bool, tags, urls []string) error {
	for _, tag := range tags {
		if tag == "" || strings.ContainsAny(tag, " ,\t\r\n") {
			return fmt.Errorf("cachehttp: bad tag %q", tag)
		}
	}
	all := append([]string(nil), tags...)
	for _, s := range urls {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return fmt.Errorf("cachehttp: bad URL %q", s)
		}
		all = append(all, urlTag(appendURL([]byte(u.Scheme), u.Scheme, u.Host, u.EscapedPath(), c.canonicalQuery(u.RawQuery), u.ForceQuery)))
	}
	err := c.drop(ctx, soft, all)
	if c.Upstream != nil && len(tags) > 0 {
		err = errors.Join(err, c.Upstream.PurgeTags(ctx, tags...))
	}
	if c.Upstream != nil && len(urls) > 0 {
		err = errors.Join(err, c.Upstream.PurgeURLs(ctx, urls...))
	}
	return err
}

// drop purges here first, then tells the other processes.
func (c *Cache) drop(ctx context.Context, soft bool, tags []string) error {
	c.init()
	err := c.apply(ctx, Purge{tags, soft})
	if c.Feed != nil {
		err = errors.Join(err, c.Feed.Publish(ctx, Purge{tags, soft}))
	}
	return err
}

func (c *Cache) apply(ctx context.Context, p Purge) error {
	if p.Soft && c.ver != nil {
		return c.ver.Soften(ctx, p.Tags...)
	}
	return c.Store.Drop(ctx, p.Tags...)
}

func (c *Cache) soften(ctx context.Context, tag string) {
	if err := c.drop(context.WithoutCancel(ctx), true, []string{tag}); err != nil {
		c.warn("cachehttp: cannot purge", err)
	}
}

// Follow applies the purges of other processes until ctx ends. With a
// [Cache.Feed] the cache does nothing before Follow has caught up, so one
// goroutine of the application runs it for as long as it serves.
func (c *Cache) Follow(ctx context.Context) error {
	c.init()
	if c.Feed == nil {
		<-ctx.Done()
		return nil
	}
	return c.Feed.Follow(ctx, func(p Purge) {
		if len(p.Tags) == 0 {
			c.sync1.Do(func() { close(c.synced) })
			return
		}
		if err := c.apply(ctx, p); err != nil {
			c.warn("cachehttp: cannot apply a purge", err)
		}
	})
}

// urlTag is the tag that all variants of a URL have. It starts with a space,
// which no other tag can have.
func urlTag(key []byte) string {
	s, _, _ := strings.Cut(string(key), "\n")
	_, s, _ = strings.Cut(s, "://")
	sum := sha256.Sum256([]byte(s))
	return " " + hex.EncodeToString(sum[:16])
}

// write passes a request with another method than GET and HEAD. One that
// may have changed something, and succeeded, makes what is stored for its
// URL gone before the client learns of it (RFC 9111, section 4.4).
func (h *handler) write(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodOptions, http.MethodTrace, http.MethodConnect:
		h.next.ServeHTTP(w, r)
		return
	}
	sees := &watcher{ResponseWriter: w, h: h, r: r}
	h.next.ServeHTTP(sees, r)
	if sees.status == 0 {
		sees.invalidate() // net/http will say 200
	}
}

// watcher sees the status of a response before the client does.
type watcher struct {
	http.ResponseWriter
	h      *handler
	r      *http.Request
	status int
}

func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status is the status sent so far, or 0.
func (w *watcher) Status() int { return w.status }

func (w *watcher) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		if status < 400 {
			w.invalidate()
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watcher) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

func (w *watcher) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *watcher) Flush() { w.FlushError() }

// invalidate drops the URL of the request, and those that Location and
// Content-Location name if they have the same origin.
func (w *watcher) invalidate() {
	c, r := w.h.cache, w.r
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	tag := func(host, path string, u *url.URL) string {
		return urlTag(appendURL([]byte(scheme), scheme, host, path, c.canonicalQuery(u.RawQuery), u.ForceQuery))
	}
	self, err := url.ParseRequestURI(publicPath(r))
	if err != nil {
		self = &url.URL{Path: "/"}
	}
	self.Scheme, self.Host = scheme, r.Host
	tags := []string{tag(r.Host, publicPath(r), r.URL)}
	for _, name := range []string{"Location", "Content-Location"} {
		value := w.Header().Get(name)
		u, err := self.Parse(value)
		if err == nil && value != "" && strings.EqualFold(u.Host, self.Host) {
			tags = append(tags, tag(u.Host, u.EscapedPath(), u))
		}
	}
	if err := c.drop(context.WithoutCancel(r.Context()), false, tags); err != nil {
		c.warn("cachehttp: cannot invalidate", err)
	}
}
