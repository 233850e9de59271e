package limit

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// ErrCost is in the tree of a [RefusedError] if waiting does not help: the cost
// is negative, above MaxCost, or above what a limit can ever hold.
var ErrCost = errors.New("limit: cost can never pass")

// A RefusedError says why a request was refused. It renders itself as a problem
// document (RFC 9457), with the types that draft-ietf-httpapi-ratelimit-headers
// defines.
type RefusedError struct {
	Status   int           // 429; 503 if the server is the reason; 500 for a mistake in the program
	Policies []string      // the limits that refused
	Retry    time.Duration // when it would pass; 0 if unknown, -1 if never
	Abuse    bool          // abnormal usage, not a spent quota
	Err      error         // what else is known; may be nil, is not shown to clients

	header http.Header
}

// Error describes the refusal for logs.
func (e *RefusedError) Error() string {
	s := "limit: refused"
	for i, p := range e.Policies {
		if i == 0 {
			s += " by "
		} else {
			s += ", "
		}
		s += strconv.Quote(p)
	}
	if e.Err != nil {
		return s + ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

// HTTPStatus returns Status, or 429 if that is 0.
func (e *RefusedError) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusTooManyRequests
	}
	return e.Status
}

// ErrorCode returns a word for programs: "quota_exceeded", "abnormal_usage",
// "cost_too_high", "reduced_capacity" or "".
func (e *RefusedError) ErrorCode() string {
	switch e.HTTPStatus() {
	case http.StatusServiceUnavailable:
		return "reduced_capacity"
	case http.StatusTooManyRequests:
		switch {
		case e.Abuse:
			return "abnormal_usage"
		case errors.Is(e.Err, ErrCost):
			return "cost_too_high"
		}
		return "quota_exceeded"
	}
	return ""
}

// PublicMessage returns a sentence for clients.
func (e *RefusedError) PublicMessage() string {
	switch e.ErrorCode() {
	case "abnormal_usage":
		return "Abnormal usage detected"
	case "cost_too_high":
		return "Request costs more than its limit allows"
	case "quota_exceeded":
		return "Request cannot be satisfied as assigned quota has been exceeded"
	}
	return http.StatusText(e.HTTPStatus())
}

// ErrorDetails returns the problem's own members.
func (e *RefusedError) ErrorDetails() any {
	if len(e.Policies) == 0 || e.HTTPStatus() != http.StatusTooManyRequests || e.Abuse {
		return nil
	}
	return map[string]any{"violated-policies": e.Policies}
}

// HTTPHeader returns the fields that go with the refusal: Retry-After and those
// of the limiter.
func (e *RefusedError) HTTPHeader() http.Header { return e.header.Clone() }

const registry = "https://iana.org/assignments/http-problem-types#"

// ServeHTTP answers with the problem document.
func (e *RefusedError) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	doc := map[string]any{"type": "about:blank", "title": e.PublicMessage(), "status": e.HTTPStatus()}
	switch code := e.ErrorCode(); code {
	case "reduced_capacity":
		doc["type"] = registry + "temporary-reduced-capacity"
	case "abnormal_usage":
		doc["type"] = registry + "abnormal-usage-detected"
	case "cost_too_high", "quota_exceeded":
		doc["type"] = registry + "quota-exceeded"
	}
	if code := e.ErrorCode(); code != "" {
		doc["code"] = code
	}
	if id := w.Header().Get("X-Request-Id"); id != "" {
		doc["request_id"] = id
	}
	if d, ok := e.ErrorDetails().(map[string]any); ok {
		for k, v := range d {
			doc[k] = v
		}
	}
	for k, v := range e.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Del("Content-Length")
	w.WriteHeader(e.HTTPStatus())
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(doc) // strings and a number: only the client can fail
	}
}

// refuse returns the refusal of c by the named limits.
func (c *Charge) refuse(by []string) error {
	l, retry := c.limiter, c.Retry()
	e := &RefusedError{Status: http.StatusTooManyRequests, Policies: by, Abuse: l.Abuse, Retry: retry, header: http.Header{}}
	if retry < 0 {
		e.Err = ErrCost
	} else {
		wait := max(1, seconds(retry))
		if l.Jitter {
			wait += rand.Int64N(wait/10 + 1)
		}
		e.header["Retry-After"] = []string{strconv.FormatInt(wait, 10)}
	}
	c.fields(e.header, true)
	return e
}

// costly is the refusal of a cost that no waiting makes right.
func costly(cost int64) error {
	e := &RefusedError{Status: http.StatusTooManyRequests, Retry: -1, Err: ErrCost}
	if cost < 0 {
		e.Status = http.StatusInternalServerError
	}
	return e
}

// broken is the refusal of a limiter that has nothing to decide by.
func (l *Limiter) broken() error {
	err := l.err
	if err == nil {
		err = errZero
	}
	return &RefusedError{Status: http.StatusServiceUnavailable, Err: err}
}

// unavailable is the refusal for reasons that are the server's.
func unavailable(err error, retry time.Duration) error {
	h := http.Header{"Retry-After": {strconv.FormatInt(max(1, seconds(retry)), 10)}}
	return &RefusedError{Status: http.StatusServiceUnavailable, Retry: retry, Err: err, header: h}
}
