package limit

import (
	"net/http"
	"strconv"
	"time"
)

// Field names as net/http stores them.
const (
	fieldRate      = "Ratelimit"
	fieldPolicy    = "Ratelimit-Policy"
	fieldLimit     = "X-Ratelimit-Limit"
	fieldRemaining = "X-Ratelimit-Remaining"
	fieldReset     = "X-Ratelimit-Reset"
)

// policy returns RateLimit-Policy for rules: a List of Strings with parameters
// (RFC 9651 section 4.1). A rate is told as its burst and the time that fills it.
func policy(rules []rule) string {
	var b []byte
	for i := range rules {
		r := &rules[i]
		q, w := r.most, r.per
		if !r.quota {
			w = r.most * r.each
		}
		if w < int64(time.Second) && !r.quota {
			q, w = int64(time.Second)/r.each, int64(time.Second)
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendItem(b, r.name)
		b = strconv.AppendInt(append(b, ";q="...), q, 10)
		if r.unit != "" && r.unit != "requests" {
			b = appendItem(append(b, ";qu="...), r.unit)
		}
		b = strconv.AppendInt(append(b, ";w="...), seconds(time.Duration(w)), 10)
	}
	return string(b)
}

// appendItem appends a String (RFC 9651 section 4.1.6); s is printable ASCII.
func appendItem(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// seconds rounds up: who waits that long has waited long enough.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}

// pace returns what RateLimit offers: r units over t seconds, never more than
// the sustained rate.
func (r *rule) pace(refused bool, left int64, reset, retry time.Duration) (units, over int64) {
	switch {
	case refused && retry >= 0:
		return 0, max(1, seconds(retry))
	case left == 0:
		return 0, seconds(max(retry, 0))
	}
	return left, seconds(max(reset, time.Duration(left*r.each)))
}

// fields sets the header fields about c, beside those of limiters further out:
// the lists name both, the legacy fields the one with less left. All values share
// one string and one array.
func (c *Charge) fields(h http.Header, refused bool) {
	l := c.limiter
	if c.rule == nil || l.Shadow || l.HideIETF && l.HideLegacy {
		return
	}
	var buf [192]byte
	left, reset, retry := c.read()
	r, t := c.rule.pace(refused, left, reset, retry)
	b := append(buf[:0], c.rule.head...)
	from := len(b)
	b = strconv.AppendInt(b, r, 10)
	to := len(b)
	b = strconv.AppendInt(append(b, ";t="...), t, 10)
	n0 := len(b)
	if r != left {
		b = strconv.AppendInt(b, left, 10)
		from, to = n0, len(b)
	}
	n1 := len(b)
	b = strconv.AppendInt(b, seconds(time.Duration(c.answer.Now)+reset), 10)
	s := string(b)
	v := &[5]string{s[:n0], c.tier.policy, c.rule.full, s[from:to], s[n1:]}
	if !l.HideIETF {
		rate, list := v[0:1:1], v[1:2:2]
		if outer := h[fieldRate]; len(outer) > 0 {
			rate, list = join(outer, rate), join(h[fieldPolicy], list)
		}
		h[fieldRate], h[fieldPolicy] = rate, list
	}
	if l.HideLegacy {
		return
	}
	if old := h[fieldRemaining]; !refused && len(old) == 1 && less(old[0], v[3]) {
		return
	}
	h[fieldLimit], h[fieldRemaining], h[fieldReset] = v[2:3:3], v[3:4:4], v[4:5:5]
}

// join returns the lines of a in front of those of b, in a new array.
func join(a, b []string) []string { return append(a[:len(a):len(a)], b...) }

// less compares two decimal numbers without signs or leading zeros.
func less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
