package cachehttp

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// Profile chooses between caution and all that the RFCs allow.
type Profile int

const (
	// Safe is for an application. It adds to the RFCs: a response with
	// Set-Cookie is never stored; a request with Cookie is neither answered
	// from the cache nor stored, unless the response says public or
	// s-maxage; the same holds for Authorization, where must-revalidate
	// counts too; nothing is stored without explicit freshness; of the 4xx
	// only 404, 405, 410, 414 and 451 are; and fields
	// that rewrite the request, such as X-Forwarded-Host, do not reach the
	// handler of a GET or HEAD unless they are in [Cache.Headers].
	Safe Profile = iota
	// Full is for a reverse proxy: the RFCs as they are, with heuristic
	// freshness, Set-Cookie stored, stale responses when the origin is
	// unreachable, and CDN-Cache-Control obeyed.
	Full
)

// A Cache is a shared HTTP cache (RFC 9111) as middleware. The zero value
// is ready to use. Its methods may be called concurrently; its fields must
// not change after the first call.
type Cache struct {
	Store   Store   // nil means a [Memory] of 64 MiB
	Profile Profile // zero means Safe
	Name    string  // of this cache in Cache-Status; "" means glueful
	MaxBody int64   // bytes of the largest response stored; 0 means 1 MiB
	Log     *slog.Logger

	// Headers are request fields that are part of the key, besides those
	// that a response names in Vary.
	Headers []string
	// Query, if not nil, lists the query parameters that matter. Others
	// are cut from the key and from what the handler sees.
	Query []string
	// SortQuery makes the order of query parameters not matter. The handler
	// sees them sorted by name.
	SortQuery bool
	// Principal, if not nil, names who asks; it becomes part of the key, so
	// nobody is answered with what was made for another. "" is anonymous.
	// It does not make a response with credentials storable: that takes
	// [Policy.Public] or the response's own public.
	Principal func(*http.Request) string

	// Targets are the targeted fields that replace Cache-Control (RFC
	// 9213), first one first. nil means none, or CDN-Cache-Control under
	// Full. They are passed on unless StripTargets.
	Targets      []string
	StripTargets bool
	// TagHeader, if not "", sends the tags of a response under this name
	// to the cache in front, and the TTL of a [Policy] as CDN-Cache-Control
	// and Surrogate-Control. Else neither leaves the process.
	TagHeader string
	// IgnoreClient makes Cache-Control and Pragma of requests count for
	// nothing, except only-if-cached and no-store: any client can
	// otherwise force the handler to run.
	IgnoreClient bool
	// Debug adds the key to Cache-Status, which tells clients about Vary.
	Debug bool

	// Feed, if not nil, carries purges to and from other processes. The
	// cache stands aside until [Cache.Follow] has caught up.
	Feed Feed
	// Upstream, if not nil, is told about each Purge and PurgeURL.
	Upstream Upstream

	// Deny answers for the cache when it may not ask the handler; nil
	// means plain text. The error is one of [ErrNotCached], [ErrGaveUp],
	// [ErrStale].
	Deny func(http.ResponseWriter, *http.Request, error)
	// Span, if not nil, is started around each call of the handler.
	Span func(ctx context.Context, name string, attrs ...slog.Attr) (context.Context, func(error))

	once    sync.Once
	mem     *Memory   // Store, if it is one
	ver     Versioned // Store, if it is one
	flights flights
	locks   [64]sync.Mutex // of the indexes, by key
	synced  chan struct{}  // closed when Follow has caught up
	sync1   sync.Once
	bg      background
}

const (
	defaultMaxBody = 1 << 20
	maxTags        = 64
	followerWait   = 5 * time.Second
	fetchTimeout   = 30 * time.Second // of fetches that no client waits for
	missMark       = 120 * time.Second
	maxRefreshes   = 16
)

func (c *Cache) init() {
	c.once.Do(func() {
		if c.Store == nil {
			c.Store = new(Memory)
		}
		c.mem, _ = c.Store.(*Memory)
		c.ver, _ = c.Store.(Versioned)
		c.synced = make(chan struct{})
		if c.Feed == nil {
			close(c.synced)
		}
		c.bg.start()
	})
}

// Handler returns next behind the cache; what may be stored is what the
// responses of next say.
func (c *Cache) Handler(next http.Handler) http.Handler { return c.With(Policy{})(next) }

// With returns a middleware that adds p to what responses say themselves.
func (c *Cache) With(p Policy) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		c.init()
		return &handler{cache: c, policy: p, next: next}
	}
}

// Close ends the refreshes in the background and waits for them. The cache
// itself may be used on.
func (c *Cache) Close() error {
	c.init()
	c.bg.stop()
	return nil
}

func (c *Cache) full() bool { return c.Profile == Full }

func (c *Cache) maxBody() int64 {
	if c.MaxBody > 0 {
		return c.MaxBody
	}
	return defaultMaxBody
}

func (c *Cache) targets() []string {
	if c.Targets == nil && c.full() {
		return []string{"Cdn-Cache-Control"}
	}
	return c.Targets
}

func (c *Cache) log() *slog.Logger {
	if c.Log == nil {
		return slog.Default()
	}
	return c.Log
}

func (c *Cache) warn(msg string, err error) { c.log().Warn(msg, "error", err) }

// rescued tells about a panic that no client will see.
func (c *Cache) rescued(msg string, p any) {
	if p != http.ErrAbortHandler {
		c.log().Error(msg, "panic", p, "stack", string(debug.Stack()))
	}
}

// ready reports whether purges of other processes reach this one.
func (c *Cache) ready() bool {
	select {
	case <-c.synced:
		return true
	default:
		return false
	}
}

func (c *Cache) deny(w http.ResponseWriter, r *http.Request, err error) {
	deny(c.Deny, w, r, err)
}

func deny(f func(http.ResponseWriter, *http.Request, error), w http.ResponseWriter, r *http.Request, err error) {
	if f != nil {
		f(w, r, err)
		return
	}
	status := http.StatusInternalServerError
	if e, ok := err.(*Error); ok {
		status = e.status
	}
	http.Error(w, http.StatusText(status), status)
}

// An Error is a refusal of this package. It says its status by HTTPStatus.
type Error struct {
	status     int
	code, text string
}

// The refusals. Compare with errors.Is.
var (
	// ErrNotCached: the request said only-if-cached and nothing fits (504).
	ErrNotCached = &Error{504, "not_cached", "nothing stored answers the request"}
	// ErrGaveUp: the request ended while it waited for another's fetch (503).
	ErrGaveUp = &Error{503, "gave_up", "the request ended while it waited"}
	// ErrStale: what is stored must be validated and the handler is
	// unreachable (504).
	ErrStale = &Error{504, "origin_unreachable", "the origin cannot be reached"}
	// ErrPrecondition: If-Match or If-Unmodified-Since is false (412).
	ErrPrecondition = &Error{412, "precondition_failed", "the resource has changed since you read it"}
	// ErrUnconditional: a write needs If-Match or If-Unmodified-Since (428).
	ErrUnconditional = &Error{428, "precondition_required", "send If-Match with the ETag you read"}
)

// Error implements [error].
func (e *Error) Error() string { return "cachehttp: " + e.text }

// HTTPStatus is the status that answers the error.
func (e *Error) HTTPStatus() int { return e.status }

// ErrorCode is a stable name for clients.
func (e *Error) ErrorCode() string { return e.code }

// PublicMessage is the text for clients.
func (e *Error) PublicMessage() string { return e.text }
