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
func (c *Charge) pace(refused bool) (r, t int64) {
	switch {
	case refused && c.Retry >= 0:
		return 0, max(1, seconds(c.Retry))
	case c.Remaining == 0:
		return 0, seconds(max(c.Retry, 0))
	}
	return c.Remaining, seconds(max(c.Reset, time.Duration(c.Remaining*c.every)))
}

// fields sets the header fields about c, beside those of limiters further out:
// the lists name both, the legacy fields the one with less left. All values share
// one string and one array.
func (c *Charge) fields(h http.Header, refused bool) {
	l := c.limiter
	if !c.known || l.Shadow || l.HideIETF && l.HideLegacy {
		return
	}
	var buf [192]byte
	r, t := c.pace(refused)
	b := appendItem(buf[:0], c.Policy)
	b = strconv.AppendInt(append(b, ";r="...), r, 10)
	b = strconv.AppendInt(append(b, ";t="...), t, 10)
	n0 := len(b)
	b = strconv.AppendInt(b, c.Limit, 10)
	n1 := len(b)
	b = strconv.AppendInt(b, c.Remaining, 10)
	n2 := len(b)
	b = strconv.AppendInt(b, time.Now().Add(c.Reset+time.Second-1).Unix(), 10)
	s := string(b)
	v := &[5]string{s[:n0], c.policy, s[n0:n1], s[n1:n2], s[n2:]}
	if !l.HideIETF {
		add(h, fieldRate, v[0:1:1])
		add(h, fieldPolicy, v[1:2:2])
	}
	if old := h[fieldRemaining]; l.HideLegacy || !refused && len(old) == 1 && less(old[0], v[3]) {
		return
	}
	h[fieldLimit], h[fieldRemaining], h[fieldReset] = v[2:3:3], v[3:4:4], v[4:5:5]
}

func add(h http.Header, name string, v []string) {
	if old := h[name]; len(old) > 0 {
		v = append(old[:len(old):len(old)], v...)
	}
	h[name] = v
}

// less compares two decimal numbers without signs or leading zeros.
func less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
