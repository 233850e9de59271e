package model

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// The ways an operation of this package fails that a caller may want to tell
// apart with errors.Is. Each carries its HTTP status; see [Error].
var (
	// ErrNotFound is a row that is not there, deleted or out of scope. Status 404.
	ErrNotFound error = &kind{404, "not_found", "There is no such record.", "not found"}
	// ErrConflict is a row with the same unique values. Status 409.
	ErrConflict error = &kind{409, "conflict", "A record with these values exists already.", "unique constraint violated"}
	// ErrForeignKey is a reference to a row that is not there, or to one that
	// was to be removed. Status 409.
	ErrForeignKey error = &kind{409, "reference", "The record refers to, or is referred to by, another record.", "foreign key violated"}
	// ErrCheck is a value that the column does not take: a CHECK, NOT NULL, a
	// number or a text out of range. Status 422.
	ErrCheck error = &kind{422, "refused_value", "A value is not acceptable.", "value refused by the database"}
	// ErrStale is an update of a row that somebody else changed first. Status 409.
	ErrStale error = &kind{409, "stale", "The record was changed by somebody else.", "stale version"}
	// ErrUnbounded is a set-based write without a condition. Status 500.
	ErrUnbounded error = &kind{500, "", "", "no condition: say Everything() to mean every row"}
	// ErrNoKey is an operation on a row whose key is zero. Status 404.
	ErrNoKey error = &kind{404, "not_found", "There is no such record.", "the key is zero"}
	// ErrCommitUnknown is a write or a commit whose answer was lost: it may
	// have happened. Nothing repeats it. Status 503.
	ErrCommitUnknown error = &kind{503, "outcome_unknown", "It is unknown whether the change was made. Look before repeating it.", "outcome unknown: the connection was lost before the answer"}
	// ErrContention is a transaction that gave way to another one, or waited
	// too long for it; nothing was changed. Status 503.
	ErrContention error = &kind{503, "contention", "The record is busy. Try again.", "gave way to a concurrent transaction"}
	// ErrUnavailable is a database that cannot be reached, or a connection
	// that was lost under a read or inside a transaction; nothing was changed.
	// Status 503.
	ErrUnavailable error = &kind{503, "unavailable", "The service is not available at the moment. Try again.", "database not reachable"}
)

// kind is what the Err variables are.
type kind struct {
	status             int
	code, public, text string
}

func (k *kind) Error() string         { return "model: " + k.text }
func (k *kind) HTTPStatus() int       { return k.status }
func (k *kind) ErrorCode() string     { return k.code }
func (k *kind) PublicMessage() string { return k.public }

// HTTPHeader asks the client to come back where waiting is known to help.
func (k *kind) HTTPHeader() http.Header {
	if k == ErrContention || k == ErrUnavailable {
		return http.Header{"Retry-After": {"1"}}
	}
	return nil
}

// An Error is an operation that failed for a known reason. Kind is one of the
// Err variables and answers errors.Is; the rest is filled as far as it is
// known. Only the public message of the Kind is meant for clients: the text
// of Error names tables and belongs in a log.
type Error struct {
	Kind       error
	Model      string   // table of the model, "" if unknown
	Key        any      // key that was looked for, nil if none
	Constraint string   // name of the violated constraint; SQLite has none
	Columns    []string // columns of the violated constraint, where the database says
	Err        error    // what the driver said, nil if the database was not asked
}

// Error describes the failure for a log.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.Error())
	if e.Model != "" {
		fmt.Fprintf(&b, ": %s", e.Model)
	}
	if e.Key != nil {
		fmt.Fprintf(&b, " %v", e.Key)
	}
	if e.Constraint != "" {
		fmt.Fprintf(&b, " (constraint %s)", e.Constraint)
	}
	if len(e.Columns) > 0 {
		fmt.Fprintf(&b, " (columns %s)", strings.Join(e.Columns, ", "))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the kind and the driver's error.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

func (e *Error) kind() *kind {
	if k, ok := errors.AsType[*kind](e.Kind); ok {
		return k
	}
	return &kind{status: http.StatusInternalServerError}
}

// HTTPStatus returns the status of the kind.
func (e *Error) HTTPStatus() int { return e.kind().status }

// ErrorCode returns the stable code of the kind, such as "conflict".
func (e *Error) ErrorCode() string { return e.kind().code }

// PublicMessage returns the text of the kind. It names no table and no SQL.
func (e *Error) PublicMessage() string { return e.kind().public }

// HTTPHeader returns Retry-After where waiting helps.
func (e *Error) HTTPHeader() http.Header { return e.kind().HTTPHeader() }
