package errs

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"time"
)

// Std maps errors of the standard library that have one plain HTTP meaning: a
// body over its limit is 413, a bad multipart body 400 or 415, a deadline 504,
// a peer that cannot be dialled 503. It returns nil for everything else;
// an error that may be anybody's fault (io.EOF, fs.ErrNotExist, a
// json.SyntaxError) is not guessed at. [context.Canceled] is no mapper's
// business: what it means depends on the request, see [Handler.Write].
func Std(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || errors.Is(err, multipart.ErrMessageTooLarge) {
		return TooLarge.Wrap(err)
	}
	switch {
	case errors.Is(err, http.ErrNotMultipart):
		return UnsupportedMediaType.Wrap(err)
	case errors.Is(err, http.ErrMissingBoundary), errors.Is(err, http.ErrMissingFile):
		return BadRequest.Wrap(err)
	case errors.Is(err, http.ErrHandlerTimeout):
		return Unavailable.Wrap(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Timeout.Wrap(err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return Unavailable.Wrap(err)
	}
	return nil
}

// SQL maps the errors of database/sql and of any driver whose errors have
// SQLState() string (lib/pq, pgx): no row is 404; a unique, foreign-key or
// exclusion violation (23505, 23503, 23P01) is 409; a cancelled statement
// (57014) is 504; a serialization failure, a deadlock or a lock that was not
// free (40001, 40P01, 55P03) is 503 with Retry-After; a lost or refused
// connection, a shut-down or a lack of resources (classes 08 and 53, 57P01 to
// 57P03) is 503. Any other state is a fault of the program and returns nil.
func SQL(err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return NotFound.Wrap(err)
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, driver.ErrBadConn):
		return Unavailable.Wrap(err)
	}
	state := sqlState(err)
	switch state {
	case "23505", "23503", "23P01":
		return Conflict.Wrap(err)
	case "57014":
		return Timeout.Wrap(err)
	case "40001", "40P01", "55P03":
		return Unavailable.Retry(time.Second).Wrap(err)
	case "57P01", "57P02", "57P03":
		return Unavailable.Wrap(err)
	}
	if len(state) == 5 && (state[:2] == "08" || state[:2] == "53") {
		return Unavailable.Wrap(err)
	}
	return nil
}

func sqlState(err error) string {
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return s.SQLState()
	}
	return ""
}
