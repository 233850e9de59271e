// Package patch applies the two standard forms of a partial change to a JSON
// document: Merge Patch (RFC 7396) and JSON Patch (RFC 6902).
//
// A handler for PATCH writes what it has as JSON, applies the change and reads
// the outcome as strictly as any other input:
//
//	doc, _ := json.Marshal(NewBook{Title: b.Title, Pages: b.Pages})
//	doc, err := patch.Request(w, r, doc)
//	if err != nil {
//		return err // 400, 409, 413 or 415
//	}
//	var in NewBook
//	err = valid.Decode(doc, &in, valid.Limits{})
//
// The document holds only the members a client may change, so the type of the
// input stays the one list of them. A handler that has to know which members
// were in a merge patch reads the patch itself, into a type whose members tell
// absent from null, and needs nothing of this package.
//
// Numbers keep their digits. Both functions refuse duplicate names, nesting
// deeper than 64 and more than 1,000 operations, and copies that would make a
// document of more than about 4 MiB, so that a small patch cannot make a large
// amount of work. Neither changes its arguments; a failed patch has no effect.
package patch

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// The media types of the two forms, for Content-Type and Accept-Patch.
const (
	MergeType = "application/merge-patch+json"
	JSONType  = "application/json-patch+json"
)

const maxBody = 1 << 20 // bytes of a patch

// An Error says why a patch could not be applied.
type Error struct {
	Status  int    // 400 is no patch, 409 does not fit the document, 413 too large, 415 another type
	Pointer string // the part of the patch at fault, such as "#/2/path"; may be empty
	Detail  string // for the client
	Err     error  // the cause; may be nil
}

// Error says where and why, for a log.
func (e *Error) Error() string {
	s := "patch: "
	if e.Pointer != "" {
		s += e.Pointer + ": "
	}
	if e.Err != nil {
		return s + e.Detail + ": " + e.Err.Error()
	}
	return s + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status.
func (e *Error) HTTPStatus() int { return e.Status }

// ErrorCode names the error to programs.
func (e *Error) ErrorCode() string {
	switch e.Status {
	case http.StatusConflict:
		return "patch_conflict"
	case http.StatusUnsupportedMediaType:
		return "unsupported_media_type"
	case http.StatusRequestEntityTooLarge:
		return "patch_too_large"
	}
	return "bad_patch"
}

// PublicMessage returns Detail.
func (e *Error) PublicMessage() string { return e.Detail }

// ErrorDetails names the place of the fault.
func (e *Error) ErrorDetails() any {
	if e.Pointer == "" {
		return e.Detail
	}
	return []map[string]string{{"pointer": e.Pointer, "code": e.ErrorCode(), "detail": e.Detail}}
}

// HTTPHeader names the forms there are to a client that sent another one.
func (e *Error) HTTPHeader() http.Header {
	if e.Status != http.StatusUnsupportedMediaType {
		return nil
	}
	return http.Header{"Accept-Patch": {MergeType + ", " + JSONType}}
}

// Request applies the patch in the body of r, of at most 1 MiB, to doc by its
// Content-Type. The error is an [*Error].
func Request(w http.ResponseWriter, r *http.Request, doc []byte) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != MergeType && media != JSONType {
		return nil, &Error{Status: http.StatusUnsupportedMediaType, Err: err,
			Detail: fmt.Sprintf("A change is sent as %s or %s.", MergeType, JSONType)}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, &Error{Status: http.StatusRequestEntityTooLarge, Detail: "The patch is larger than 1 MiB.", Err: err}
	}
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Detail: "The patch could not be read.", Err: err}
	}
	if media == MergeType {
		return Merge(doc, body)
	}
	return Apply(doc, body)
}

// Merge applies a merge patch: members of patch replace those of doc, null
// removes them, objects merge (RFC 7396). The error is an [*Error].
func Merge(doc, patch []byte) ([]byte, error) {
	target, err := parseDoc(doc)
	if err != nil {
		return nil, err
	}
	change, err := parse(patch)
	if err != nil {
		return nil, err
	}
	return encode(merge(target, change)), nil
}

func merge(target, change any) any {
	from, ok := change.(*object)
	if !ok {
		return change
	}
	to, ok := target.(*object)
	if !ok {
		to = &object{values: map[string]any{}}
	}
	for _, name := range from.names {
		v := from.values[name]
		if v == nil {
			to.remove(name)
			continue
		}
		to.set(name, merge(to.values[name], v))
	}
	return to
}
