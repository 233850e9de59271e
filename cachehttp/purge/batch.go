package purge

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// A Batch passes purges on to another purger in the background: it waits a
// moment for more, drops repetitions, and sends one call. A call that fails
// is repeated, with growing pauses, together with what came meanwhile. Its
// methods may be called concurrently; its fields must not change after the
// first call.
type Batch struct {
	To cachehttp.Upstream
	// Delay is how long a purge waits for others; 0 means 100 ms.
	Delay time.Duration
	// Max is how many names may wait; further ones are refused with
	// [ErrFull]. 0 means 10,000.
	Max int
	// Log tells about failures; nil means slog.Default.
	Log *slog.Logger

	mu         sync.Mutex
	tags, urls []string
	waiting    map[string]bool
	running    bool
	closed     bool
	cancel     context.CancelFunc
	done       chan struct{}
}

// Errors of a [Batch].
var (
	ErrFull   = errors.New("purge: too many purges are waiting")
	ErrClosed = errors.New("purge: the batch is closed")
)

// PurgeTags implements [cachehttp.Upstream]. It does not wait for the purge.
func (b *Batch) PurgeTags(_ context.Context, tags ...string) error { return b.add(&b.tags, "t ", tags) }

// PurgeURLs implements [cachehttp.Upstream]. It does not wait for the purge.
func (b *Batch) PurgeURLs(_ context.Context, urls ...string) error { return b.add(&b.urls, "u ", urls) }

func (b *Batch) add(to *[]string, kind string, names []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := b.Max
	if limit <= 0 {
		limit = 10_000
	}
	switch {
	case b.To == nil:
		return errors.New("purge: Batch.To is not set")
	case b.closed:
		return ErrClosed
	case b.waiting == nil:
		b.waiting = make(map[string]bool)
	}
	var full error
	for _, name := range names {
		if b.waiting[kind+name] {
			continue
		}
		if len(b.waiting) >= limit {
			full = ErrFull
			break
		}
		b.waiting[kind+name] = true
		*to = append(*to, name)
	}
	if !b.running && len(b.waiting) > 0 {
		b.running, b.done = true, make(chan struct{})
		var ctx context.Context
		ctx, b.cancel = context.WithCancel(context.Background())
		go b.run(ctx, b.done)
	}
	return full
}

// run sends until nothing waits.
func (b *Batch) run(ctx context.Context, done chan struct{}) {
	defer close(done)
	delay := b.Delay
	if delay <= 0 {
		delay = 100 * time.Millisecond
	}
	pause := delay
	for {
		sleep(ctx, pause)
		tags, urls, more := b.take()
		if !more {
			return
		}
		// What Close cut short is still sent, once.
		failed := b.send(context.WithoutCancel(ctx), tags, urls)
		if failed == nil {
			pause = delay
			continue
		}
		if ctx.Err() != nil {
			b.log("purge: lost at close", failed, tags, urls)
			continue
		}
		b.log("purge: cannot purge, will try again", failed, tags, urls)
		if err := errors.Join(b.add(&b.tags, "t ", tags), b.add(&b.urls, "u ", urls)); err != nil {
			b.log("purge: lost", err, tags, urls)
		}
		pause = min(max(2*pause, time.Second), time.Minute)
		if status, ok := errors.AsType[*StatusError](failed); ok {
			pause = min(max(pause, status.After), 10*time.Minute)
		}
	}
}

// take empties the queue. It reports false, and ends the run, if it is empty.
func (b *Batch) take() (tags, urls []string, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.running = false
		b.cancel()
		return nil, nil, false
	}
	tags, urls = b.tags, b.urls
	b.tags, b.urls = nil, nil
	clear(b.waiting)
	return tags, urls, true
}

func (b *Batch) send(ctx context.Context, tags, urls []string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var err error
	if len(tags) > 0 {
		err = b.To.PurgeTags(ctx, tags...)
	}
	if len(urls) > 0 {
		err = errors.Join(err, b.To.PurgeURLs(ctx, urls...))
	}
	return err
}

// Close sends what waits, without a pause and without trying again, and
// refuses what comes after it.
func (b *Batch) Close() error {
	b.mu.Lock()
	b.closed = true
	done := b.done
	if b.running {
		b.cancel()
	}
	b.mu.Unlock()
	if done != nil {
		<-done
	}
	return nil
}

func (b *Batch) log(msg string, err error, tags, urls []string) {
	log := b.Log
	if log == nil {
		log = slog.Default()
	}
	log.Warn(msg, "error", err, "tags", slices.Clone(tags), "urls", slices.Clone(urls))
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
