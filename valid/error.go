package valid

import (
	"context"
	"net/http"
	"reflect"
	"strings"
)

// An Error is a refused input. It answers for itself: a status, a code, a
// sentence for the client, and the violations as details. No submitted value is
// in it.
type Error struct {
	Status     int         // HTTP status; 0 means 422
	Violations []Violation // at least one, at most 100
	Capped     bool        // more may be wrong than is listed

	messages Messages
	typ      string
}

// A Violation is one thing wrong with one place.
type Violation struct {
	// Pointer is the JSON Pointer of a body member in its fragment form
	// (RFC 6901 section 6), like "#/lines/1/sku"; "#" is the body itself.
	Pointer string `json:"pointer,omitempty"`
	// In and Name replace Pointer for a parameter: "query", "path", "header"
	// or "form", and its name.
	In   string `json:"in,omitempty"`
	Name string `json:"name,omitempty"`
	// Code says what is wrong, for programs: "required", "max_len".
	Code string `json:"code"`
	// Args are the bounds of the rule, like [80]; never what was submitted.
	Args []any `json:"args,omitempty"`
	// Offset is the count of body bytes before a fault of reading.
	Offset int `json:"offset,omitempty"`
	// Message says what is wrong, for people. It is filled by
	// [Error.DetailsIn] and empty before, unless a rule set it.
	Message string `json:"detail,omitempty"`
}

// Error lists places and codes, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("valid: refused")
	for i, v := range e.Violations {
		if i == 8 {
			b.WriteString(", ...")
			break
		}
		b.WriteString([]string{", ", ": "}[min(1, max(0, 1-i))])
		if v.Pointer != "" {
			b.WriteString(v.Pointer)
		} else {
			b.WriteString(v.In + " " + v.Name)
		}
		b.WriteString(" " + v.Code)
	}
	return b.String()
}

// HTTPStatus returns the status: 422 unless reading refused (400, 413, 415).
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusUnprocessableEntity
	}
	return e.Status
}

// ErrorCode returns the stable code of the whole refusal.
func (e *Error) ErrorCode() string {
	switch e.HTTPStatus() {
	case http.StatusBadRequest:
		if e.ofParameters() {
			return "bad_parameters"
		}
		return "malformed_body"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	}
	return "invalid"
}

// PublicMessage returns the sentence for the client.
func (e *Error) PublicMessage() string {
	switch e.HTTPStatus() {
	case http.StatusBadRequest:
		if e.ofParameters() {
			return "The request has bad parameters."
		}
		return "The body is not well-formed."
	case http.StatusRequestEntityTooLarge:
		return "The body is too large."
	case http.StatusUnsupportedMediaType:
		return "The body must be JSON in UTF-8."
	}
	return "The request has invalid values."
}

func (e *Error) ofParameters() bool { return len(e.Violations) > 0 && e.Violations[0].In != "" }

// ErrorDetails returns the violations with English messages.
func (e *Error) ErrorDetails() any { return e.DetailsIn("") }

// HTTPHeader names the accepted media type with status 415 (RFC 9110 section
// 15.5.16); otherwise it is nil.
func (e *Error) HTTPHeader() http.Header {
	if e.Status == http.StatusUnsupportedMediaType {
		return http.Header{"Accept": {"application/json"}}
	}
	return nil
}

// For gives e the [Messages] of ctx and the type of v, a pointer to the input or
// nil, by which messages are looked up. [Check] and [ReadJSON] do so already; an
// Error of one's own making needs it.
func (e *Error) For(ctx context.Context, v any) *Error {
	e.messages, _ = ctx.Value(messagesKey{}).(Messages)
	if t := reflect.TypeOf(v); t != nil && t.Kind() == reflect.Pointer {
		e.typ = t.Elem().Name()
	}
	return e
}

// An outage is a Later rule that could not decide.
type outage struct {
	code string
	err  error
}

func (e *outage) Error() string         { return "valid: rule " + e.code + ": " + e.err.Error() }
func (e *outage) Unwrap() error         { return e.err }
func (e *outage) HTTPStatus() int       { return http.StatusServiceUnavailable }
func (e *outage) ErrorCode() string     { return "unavailable" }
func (e *outage) PublicMessage() string { return "The request could not be checked right now." }
