package limit

import (
	"context"
	"time"
)

// A Store keeps what was spent, for several processes. Its methods may be
// called concurrently. [Memory] is one; limit/sqlstore has others, and
// limit/limittest holds what all of them must do.
type Store interface {
	// Take charges every ask or none, at one instant of the store's own
	// clock, and answers each in order. An ask with cost 0 is only looked at. A
	// store that cannot tell the outcome returns an error, never an OK.
	Take(ctx context.Context, asks []Ask) ([]Answer, error)

	// Settle corrects charges made before: each ask's Cost is the difference to
	// what was charged, positive (charged even past the limit) or negative.
	// What comes back is at most what the charge, known by its Mark, still holds.
	Settle(ctx context.Context, asks []Ask) error
}

// An Ask is a charge to one key under one limit, in the numbers a store needs.
//
// A rate holds an instant at for each key. A take of Cost at now moves it to
// max(at, now) + Cost×Every, and passes if that is at most now + Max×Every.
// A refund moves it back by min(-Cost×Every, Mark-now) if positive, not below now:
// by the Mark, all that was charged may have come back and been spent again.
//
// A quota holds the end of a window and a count. A take passes if Cost plus the
// count is at most Max; once the window has ended a new one starts, of length
// Every from now, or up to the next multiple of Every since 1970 if Aligned. A
// refund counts only if the window ends at Mark or before. Where a debt goes beyond
// 2×Max a store need not know how far, and then takes no refund in that window.
type Ask struct {
	Key     []byte        // at most 64 bytes, different in each ask of a call; not kept
	Quota   bool          // a quota, else a rate
	Aligned bool          // a quota whose windows follow the clock
	Every   time.Duration // rate: time for one unit to come back; quota: the window; positive
	Max     int64         // rate: the burst; quota: units per window; positive
	Cost    int64         // units; not negative in Take
	Mark    int64         // Settle: of a quota the At of its Answer; of a rate Now + Cost×Every
}

// An Answer is what a store says to an Ask. Instants are nanoseconds on the
// store's clock.
type Answer struct {
	OK   bool  // this ask passes; it was charged if all asks of the call did
	Now  int64 // when it was decided
	At   int64 // rate: the key's instant; quota: the end of its window, or Now if none is open
	Used int64 // quota: units spent in the window
}

func (q *Ask) rule() rule {
	r := rule{quota: q.Quota, aligned: q.Aligned, most: q.Max, each: int64(q.Every), per: int64(q.Every)}
	if q.Quota {
		r.shift = shiftFor(r.most)
	}
	return r
}
