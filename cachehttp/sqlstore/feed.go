package sqlstore

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

// A Feed is a [cachehttp.Feed] over a table. Its methods may be called
// concurrently; its fields must not change after the first call. The zero
// value returns an error from every call.
type Feed struct {
	DB      *sql.DB
	Dialect string // "postgres" or "sqlite"

	// Poll is how often Follow looks at the table when nothing wakes it; 0
	// means 250 ms. It bounds how long a lost notification can matter.
	Poll time.Duration
	// Wait, if not nil, returns nil when there may be something new, such
	// as a notification on the PostgreSQL channel cachehttp or a
	// connection that was made anew. With a pq.Listener:
	//
	//	func(ctx context.Context) error {
	//		select {
	//		case <-listener.Notify:
	//			return nil
	//		case <-ctx.Done():
	//			return ctx.Err()
	//		}
	//	}
	Wait func(ctx context.Context) error
	// Log tells when the database cannot be reached, and again when it
	// can; nil means slog.Default.
	Log *slog.Logger
}

var _ cachehttp.Feed = (*Feed)(nil)

// Publish implements [cachehttp.Feed].
func (f *Feed) Publish(ctx context.Context, p cachehttp.Purge) error {
	if err := check(f.DB, f.Dialect); err != nil {
		return err
	}
	return mark(ctx, f.DB, f.Dialect, p.Soft, p.Tags)
}

// Follow implements [cachehttp.Feed]. It goes on through failures of the
// database, and ends with nil when ctx does. What this process published
// comes back too.
func (f *Feed) Follow(ctx context.Context, apply func(cachehttp.Purge)) error {
	if err := check(f.DB, f.Dialect); err != nil {
		return err
	}
	last, down := int64(-1), false
	for ctx.Err() == nil {
		next, err := f.catchUp(ctx, last, apply)
		if err == nil && last < 0 {
			apply(cachehttp.Purge{})
		}
		if err == nil {
			last = next
		}
		if ctx.Err() == nil && (err != nil) != down {
			down = !down
			f.log(err)
		}
		f.pause(ctx)
	}
	return nil
}

// catchUp applies what is newer than last and returns the newest number. A
// last of -1 only asks where to begin: nothing older can be in a cache that
// stood aside until now.
func (f *Feed) catchUp(ctx context.Context, last int64, apply func(cachehttp.Purge)) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if last < 0 {
		err := f.DB.QueryRowContext(ctx, "SELECT n FROM cachehttp_version WHERE id = 1").Scan(&last)
		return last, err
	}
	rows, err := f.DB.QueryContext(ctx, text(f.Dialect,
		"SELECT tag, hard, soft, latest FROM cachehttp_purge WHERE latest > $1 ORDER BY latest"), last)
	if err != nil {
		return last, err
	}
	defer rows.Close()
	next := last
	for rows.Next() {
		var tag string
		var hard, soft int64
		if err := rows.Scan(&tag, &hard, &soft, &next); err != nil {
			return last, err
		}
		if hard > last {
			apply(cachehttp.Purge{Tags: []string{tag}})
		}
		if soft > last {
			apply(cachehttp.Purge{Tags: []string{tag}, Soft: true})
		}
	}
	if err := rows.Err(); err != nil {
		return last, err
	}
	return next, nil
}

// pause waits for something to wake us, at most for Poll.
func (f *Feed) pause(ctx context.Context) {
	poll := f.Poll
	if poll <= 0 {
		poll = 250 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	if f.Wait == nil || f.Wait(ctx) != nil {
		<-ctx.Done()
	}
}

func (f *Feed) log(err error) {
	log := f.Log
	if log == nil {
		log = slog.Default()
	}
	if err != nil {
		log.Warn("sqlstore: cannot follow purges", "error", err)
		return
	}
	log.Info("sqlstore: following purges again")
}
