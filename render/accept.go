package render

import (
	"net/http"
	"strconv"
	"strings"
)

// choose returns the media type of offers that the Accept header ranks highest
// (RFC 9110, 12.5.1), the first of equals, or "" if it refuses them all. No
// header accepts everything.
func choose(accept []string, offers ...string) string {
	if len(accept) == 0 {
		return offers[0]
	}
	best, bestQ := "", 0
	for _, offer := range offers {
		if q := quality(accept, offer); q > bestQ {
			best, bestQ = offer, q
		}
	}
	return best
}

// quality is the weight, in thousandths, the most specific range that matches
// offer has; 0 is refused.
func quality(accept []string, offer string) int {
	kind, _, _ := strings.Cut(offer, "/")
	q, rank := 0, 0
	for _, line := range accept {
		for part := range strings.SplitSeq(line, ",") {
			media, params, _ := strings.Cut(part, ";")
			media = strings.TrimSpace(media)
			var is int
			switch {
			case strings.EqualFold(media, offer):
				is = 3
			case len(media) == len(kind)+2 && strings.HasSuffix(media, "/*") && strings.EqualFold(media[:len(kind)], kind):
				is = 2
			case media == "*/*" || media == "*":
				is = 1
			}
			if is > rank {
				q, rank = weight(params), is
			}
		}
	}
	return q
}

// weight reads q from the parameters of a range, in thousandths. A weight that
// cannot be read is 0: the range was not clearly asked for.
func weight(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return int(q*1000 + 0.5)
	}
	return 1000
}

// acceptable refuses a request for data in none of the offered forms.
func acceptable(r *http.Request, offers ...string) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead, "QUERY":
		if choose(r.Header["Accept"], offers...) == "" {
			return &notAcceptable{offers}
		}
	}
	return nil
}

// notAcceptable is the error of a client that takes none of what there is.
type notAcceptable struct{ offers []string }

func (e *notAcceptable) Error() string {
	return "render: the client accepts none of " + strings.Join(e.offers, ", ")
}

// HTTPStatus is 406.
func (e *notAcceptable) HTTPStatus() int { return http.StatusNotAcceptable }

// ErrorCode names the error to programs.
func (e *notAcceptable) ErrorCode() string { return "not_acceptable" }

// PublicMessage says what can be asked for.
func (e *notAcceptable) PublicMessage() string {
	return "This resource is available as " + strings.Join(e.offers, ", ") + "."
}
