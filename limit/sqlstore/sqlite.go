package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/glueful/glueful-go/limit"
)

// sqliteNow is milliseconds since 1970 as nanoseconds.
const sqliteNow = "(CAST(round((julianday('now')-2440587.5)*86400000) AS INTEGER)*1000000)"

// immediate runs f in a transaction that holds SQLite's write lock from its start,
// so that what f reads stays true until it is committed. It is rolled back if f
// does not report keep.
func (s *Store) immediate(ctx context.Context, f func(c *sql.Conn, now int64) (keep bool, err error)) (err error) {
	c, err := s.DB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	end := "ROLLBACK"
	defer func() {
		// The end must come even if ctx is done; a connection that cannot end its
		// transaction is of no more use.
		if _, e := c.ExecContext(context.WithoutCancel(ctx), end); e != nil {
			_ = c.Raw(func(any) error { return driver.ErrBadConn })
			if err == nil {
				err = fmt.Errorf("sqlstore: %w", e)
			}
		}
	}()
	var now int64
	if err := c.QueryRowContext(ctx, "SELECT "+sqliteNow).Scan(&now); err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	keep, err := f(c, now)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	if keep {
		end = "COMMIT"
	}
	return nil
}

func (s *Store) takeSQLite(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	var as []limit.Answer
	err := s.immediate(ctx, func(c *sql.Conn, now int64) (bool, error) {
		before, after := make([]limit.Answer, len(asks)), make([]limit.Answer, len(asks))
		all, writes := true, false
		for i, q := range asks {
			at, used, err := load(ctx, c, q, now)
			if err != nil {
				return false, err
			}
			before[i] = limit.Answer{Now: now, At: at, Used: used}
			next, ok := step(q, before[i])
			before[i].OK, after[i] = ok, next
			all = all && ok
		}
		if as = before; !all {
			return false, nil
		}
		as = after
		for i, q := range asks {
			if q.Cost > 0 {
				writes = true
				if err := save(ctx, c, q, after[i]); err != nil {
					return false, err
				}
			}
		}
		return writes, nil
	})
	if err != nil {
		return nil, err
	}
	return as, nil
}

// step returns the answer after q, if it passes.
func step(q limit.Ask, a limit.Answer) (limit.Answer, bool) {
	a.OK = true
	if q.Cost == 0 {
		return a, true
	}
	cost, most := charge(q)
	if !q.Quota {
		a.At += cost
		return a, a.At-a.Now <= most
	}
	if a.At == a.Now {
		a.At = opens(q, a.Now)
	}
	a.Used += cost
	return a, a.Used <= most
}

// opens returns when a window that starts now ends.
func opens(q limit.Ask, now int64) int64 {
	per := int64(q.Every)
	if q.Aligned {
		return (now/per + 1) * per
	}
	return now + per
}

func (s *Store) settleSQLite(ctx context.Context, asks []limit.Ask) error {
	return s.immediate(ctx, func(c *sql.Conn, now int64) (bool, error) {
		for _, q := range asks {
			at, used, err := load(ctx, c, q, now)
			if err != nil {
				return false, err
			}
			delta := change(q)
			switch {
			case q.Quota && delta < 0 && (at == now || at > q.Mark || used >= 2*q.Max), !q.Quota && delta < 0 && q.Mark <= now:
				continue // the charge holds nothing any more
			case q.Quota:
				if at == now {
					at = opens(q, now)
				}
				used = max(0, min(used+delta, 2*q.Max))
			case delta < 0:
				at = max(now, at-min(-delta, q.Mark-now))
			default:
				at += delta
			}
			if err := save(ctx, c, q, limit.Answer{At: at, Used: used}); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// load returns the state of q's key; now and 0 if it has none that is not over.
func load(ctx context.Context, c *sql.Conn, q limit.Ask, now int64) (at, used int64, err error) {
	text := "SELECT at, 0 FROM limit_rate WHERE key = $1 AND at > $2"
	if q.Quota {
		text = "SELECT ends, used FROM limit_quota WHERE key = $1 AND ends > $2"
	}
	switch err = c.QueryRowContext(ctx, text, q.Key, now).Scan(&at, &used); err {
	case sql.ErrNoRows:
		return now, 0, nil
	default:
		return at, used, err
	}
}

func save(ctx context.Context, c *sql.Conn, q limit.Ask, a limit.Answer) error {
	if q.Quota {
		_, err := c.ExecContext(ctx, "INSERT INTO limit_quota (key, ends, used) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET ends = excluded.ends, used = excluded.used", q.Key, a.At, a.Used)
		return err
	}
	_, err := c.ExecContext(ctx, "INSERT INTO limit_rate (key, at) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET at = excluded.at", q.Key, a.At)
	return err
}
