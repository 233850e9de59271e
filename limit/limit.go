package limit

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"time"
)

// A Limit is one of [Rate], [Quota] and [Unlimited].
type Limit interface{ rule() (rule, error) }

// A Rate admits Count units per Per, and up to Burst of them at once from a key
// that was idle. It is the generic cell rate algorithm: one instant a key and no
// windows. In any span of time W it admits at most Burst + Count × W/Per units,
// so an idle key can pass twice Count in its first Per; pair it with a [Quota],
// as [Per] does, where that matters.
//
// The time one unit takes to come back, Per/Count, is rounded up to a whole
// nanosecond, so a Rate never admits more than it says.
type Rate struct {
	Name  string        // as clients and stores see it; "" means like "60-per-60s"
	Count int64         // units per Per; must be positive
	Per   time.Duration // must be positive, and at least a nanosecond a unit
	Burst int64         // units an idle key may spend at once; 0 means Count
	Unit  string        // "requests" (also ""), "content-bytes" or "concurrent-requests"
}

// A Quota admits exactly Count units per window of length Per. A key's window
// starts at its first use, which spreads the moments at which windows end, or
// is Aligned to the clock (UTC, multiples of Per since 1970).
type Quota struct {
	Name    string        // as clients and stores see it; "" means like "1000-per-86400s"
	Count   int64         // units per window; must be positive
	Per     time.Duration // length of a window; at least 16 × Count nanoseconds
	Aligned bool          // windows follow the clock, not the key's first use
	Unit    string        // as in Rate
}

// Unlimited is the limit of a tier that has none: such requests are not counted
// and get no headers. It must stand alone in its list.
var Unlimited Limit = unlimited{}

type unlimited struct{}

func (unlimited) rule() (rule, error) {
	return rule{}, errors.New("limit Unlimited must stand alone in a tier")
}

// Per returns the limits that most people mean by "n per window": an exact
// quota of n, and a rate of the same speed with a tenth of it as burst, so that
// the whole quota cannot be spent in one moment.
func Per(n int64, window time.Duration) []Limit {
	return []Limit{
		Rate{Name: "rate-" + label(n, window), Count: n, Per: window, Burst: max(1, n/10)},
		Quota{Count: n, Per: window},
	}
}

// DefaultTiers returns usual limits for four kinds of caller: "anonymous",
// "free", "pro" and "enterprise", which is Unlimited. Each call returns a new map.
func DefaultTiers() map[string][]Limit {
	tier := func(minute, hour, day int64) []Limit {
		return []Limit{
			Quota{Name: "minute", Count: minute, Per: time.Minute},
			Quota{Name: "hour", Count: hour, Per: time.Hour},
			Quota{Name: "day", Count: day, Per: 24 * time.Hour},
		}
	}
	return map[string][]Limit{
		"anonymous":  tier(30, 500, 5000),
		"free":       tier(60, 1000, 10000),
		"pro":        tier(300, 10000, 100000),
		"enterprise": {Unlimited},
	}
}

func label(n int64, per time.Duration) string {
	switch {
	case per%time.Second == 0:
		return fmt.Sprintf("%d-per-%ds", n, per/time.Second)
	case per%time.Millisecond == 0:
		return fmt.Sprintf("%d-per-%dms", n, per/time.Millisecond)
	}
	return fmt.Sprintf("%d-per-%dns", n, per)
}

const (
	maxCount = 1e15 - 1 // the largest integer of a structured field (RFC 9651 section 3.3.1)
	maxSpan  = 1 << 60  // 36 years in nanoseconds; sums of two stay far from overflow
)

// A rule is a Limit in the numbers the arithmetic works with. Times are
// nanoseconds.
type rule struct {
	name, unit     string
	quota, aligned bool
	count, per     int64
	most           int64  // what one key may hold at once: Burst or Count
	each           int64  // time a unit takes to come back, rounded up
	shift          uint   // a quota's cell keeps its count in this many low bits
	head, full     string // parts of header fields
	id             uint64
	seal           [16]byte // what sets this limit's keys apart in a shared store
}

func (q Rate) rule() (rule, error) {
	if q.Burst == 0 {
		q.Burst = q.Count
	}
	r := rule{name: q.Name, unit: q.Unit, count: q.Count, per: int64(q.Per), most: q.Burst}
	if err := r.check(); err != nil {
		return r, err
	}
	if hi, lo := bits.Mul64(uint64(r.each), uint64(r.most)); hi != 0 || lo > maxSpan {
		return r, fmt.Errorf("rate %q takes more than 36 years to fill its burst", r.name)
	}
	return r, nil
}

func (q Quota) rule() (rule, error) {
	r := rule{name: q.Name, unit: q.Unit, quota: true, aligned: q.Aligned, count: q.Count, per: int64(q.Per), most: q.Count}
	if err := r.check(); err != nil {
		return r, err
	}
	r.shift = shiftFor(r.most)
	if r.per>>3 < 1<<r.shift {
		return r, fmt.Errorf("quota %q counts too much for its window", r.name)
	}
	return r, nil
}

// shiftFor leaves a quota's count room for as much debt again.
func shiftFor(most int64) uint { return uint(bits.Len64(uint64(2 * most))) }

func (r *rule) check() error {
	if r.name == "" {
		r.name = label(r.count, time.Duration(r.per))
	}
	for _, c := range []byte(r.name) {
		if c < ' ' || c > '~' {
			return fmt.Errorf("name %q is not printable ASCII", r.name)
		}
	}
	switch r.unit {
	case "", "requests", "content-bytes", "concurrent-requests":
	default:
		return fmt.Errorf("limit %q has unknown unit %q", r.name, r.unit)
	}
	switch {
	case r.count <= 0 || r.count > maxCount:
		return fmt.Errorf("limit %q has count %d", r.name, r.count)
	case r.most <= 0 || r.most > maxCount:
		return fmt.Errorf("limit %q has burst %d", r.name, r.most)
	case r.per <= 0 || r.per > maxSpan:
		return fmt.Errorf("limit %q has period %s", r.name, time.Duration(r.per))
	case !r.quota && r.count > r.per:
		return fmt.Errorf("limit %q is faster than one unit a nanosecond", r.name)
	}
	r.each = (r.per-1)/r.count + 1
	r.head = string(append(appendItem(nil, r.name), ";r="...))
	r.full = strconv.FormatInt(r.most, 10)
	return nil
}

// share returns the part of r that one of n replicas may admit.
func (r rule) share(n int64) rule {
	r.most = max(1, r.most/n)
	r.full = strconv.FormatInt(r.most, 10)
	if r.each > maxSpan/n/r.most {
		r.each = maxSpan / r.most
	} else {
		r.each *= n
	}
	return r
}

// String returns the rule as a route table shows it: "100/1m0s".
func (r *rule) String() string {
	s := fmt.Sprintf("%d/%s", r.count, time.Duration(r.per))
	if !r.quota && r.most != r.count {
		s += fmt.Sprintf(" burst %d", r.most)
	}
	return s
}
