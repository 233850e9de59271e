package render

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Deferred is an answer that is waited for, for clients that poll: 200 with
// the value as soon as there is one, 204 if none came in time. A client may ask
// for a shorter wait with the header "Prefer: wait=seconds" (RFC 7240).
type Deferred[T any] struct {
	// Wait returns the value, or nil when the context ends: after the time,
	// when the client is gone, or when the server shuts down (see [Until]).
	Wait    func(context.Context) (*T, error)
	Timeout time.Duration // 0 is 30 seconds
}

// Describe describes the answer with a value.
func (Deferred[T]) Describe() Result { return describeBody[T](http.StatusOK) }

// Respond waits and writes the answer.
func (d Deferred[T]) Respond(w http.ResponseWriter, r *http.Request) error {
	if err := acceptable(r, mediaJSON); err != nil {
		return err
	}
	timeout := d.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	if wait, ok := preferredWait(r.Header); ok && wait < timeout {
		timeout = wait
		w.Header().Set("Preference-Applied", "wait="+strconv.Itoa(int(wait.Seconds())))
	}
	open, rc, done := openEnded(w, r)
	defer done()
	ctx, cancel := context.WithTimeout(open, timeout)
	defer cancel()
	x, err := d.Wait(ctx)
	if gone := errors.Is(r.Context().Err(), context.Canceled); !gone && ctx.Err() != nil && x == nil {
		err = nil // the end of the wait is not an error, be it the request's own deadline
	}
	if err != nil {
		return err
	}
	_ = rc.SetWriteDeadline(time.Now().Add(writeLimit)) // the wait is over
	w.Header().Set("Cache-Control", "no-store")
	if x == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return respondAt(w, r, http.StatusOK, "", x)
}

func preferredWait(h http.Header) (time.Duration, bool) {
	for _, line := range h["Prefer"] {
		for part := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if n, err := strconv.ParseUint(value, 10, 16); err == nil && strings.EqualFold(name, "wait") {
				return time.Duration(n) * time.Second, true
			}
		}
	}
	return 0, false
}
