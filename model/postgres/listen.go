package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lib/pq"
)

// A Notice is a reason to look at a table.
type Notice struct {
	Channel string // "" when Missed is set
	Payload string // what NOTIFY said; a hint, never the truth
	// Missed says that notifications may have been lost: at the start, and
	// whenever the connection was. Only reading the table tells what happened.
	Missed bool
}

// Listen calls look with every notification on the channels, from one
// goroutine, until ctx is cancelled, whose error it returns; any other error
// means that it could not begin. It keeps one connection of its own, outside
// any pool, and opens it again when it is lost.
//
// PostgreSQL keeps no notifications for a listener that is not connected. So
// look is called with Missed set as soon as the connection stands, first of
// all, and each time it stands again: it must then read whatever it follows,
// exactly as after a notification. A look that takes long holds up the next
// one and loses nothing.
//
//	postgres.Listen(ctx, dsn, func(ctx context.Context, n postgres.Notice) {
//		work(ctx) // SELECT ... WHERE done IS NULL, until there is nothing left
//	}, "jobs")
func Listen(ctx context.Context, dsn string, look func(context.Context, Notice), channels ...string) error {
	if err := sslmode(dsn); err != nil {
		return err
	}
	if err := names(channels); err != nil {
		return err
	}
	if _, err := pq.NewConnector(dsn); err != nil {
		return fmt.Errorf("postgres: %w", hide(err))
	}
	l := pq.NewListener(dsn, 50*time.Millisecond, time.Second, func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "postgres: the listening connection failed", "error", err)
		}
	})
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer func() {
		if stop() {
			l.Close()
		}
	}()
	for _, c := range channels {
		if err := l.Listen(c); err != nil { // waits until there is a connection
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("postgres: listen to %s: %w", c, err)
		}
	}
	look(ctx, Notice{Missed: true})
	return follow(ctx, l, look)
}

// follow passes notifications on. The ping finds a connection that died
// without a word, behind a firewall for instance.
func follow(ctx context.Context, l *pq.Listener, look func(context.Context, Notice)) error {
	ping := time.NewTicker(20 * time.Second)
	defer ping.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n, ok := <-l.Notify:
			switch {
			case !ok:
				return context.Cause(ctx)
			case n == nil: // connected again, channels and all
				look(ctx, Notice{Missed: true})
			default:
				look(ctx, Notice{Channel: n.Channel, Payload: n.Extra})
			}
		case <-ping.C:
			go l.Ping() // its error shows as a lost connection
		}
	}
}

// names refuses channels the server would shorten or could not hold.
func names(channels []string) error {
	if len(channels) == 0 {
		return errors.New("postgres: no channel to listen to")
	}
	for _, c := range channels {
		if c == "" || len(c) > 63 || strings.ContainsRune(c, 0) {
			return fmt.Errorf("postgres: channel %q: need 1 to 63 bytes without NUL", c)
		}
	}
	return nil
}
