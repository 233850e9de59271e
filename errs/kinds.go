package errs

import "net/http"

// HTTP is the catalogue of the kinds below. Their titles are the status texts,
// as RFC 9457 section 4.2.1 asks of problems without a type.
var HTTP Catalog

// One kind for each status an API answers with.
var (
	BadRequest           = HTTP.New(http.StatusBadRequest, "bad_request", "Bad Request")
	Unauthorized         = HTTP.New(http.StatusUnauthorized, "unauthorized", "Unauthorized").with("Www-Authenticate", "Bearer")
	Forbidden            = HTTP.New(http.StatusForbidden, "forbidden", "Forbidden")
	NotFound             = HTTP.New(http.StatusNotFound, "not_found", "Not Found")
	MethodNotAllowed     = HTTP.New(http.StatusMethodNotAllowed, "method_not_allowed", "Method Not Allowed") // add Header("Allow", ...)
	NotAcceptable        = HTTP.New(http.StatusNotAcceptable, "not_acceptable", "Not Acceptable")
	Conflict             = HTTP.New(http.StatusConflict, "conflict", "Conflict")
	Gone                 = HTTP.New(http.StatusGone, "gone", "Gone")
	PreconditionFailed   = HTTP.New(http.StatusPreconditionFailed, "precondition_failed", "Precondition Failed")
	TooLarge             = HTTP.New(http.StatusRequestEntityTooLarge, "too_large", "Content Too Large")
	UnsupportedMediaType = HTTP.New(http.StatusUnsupportedMediaType, "unsupported_media_type", "Unsupported Media Type")
	Unprocessable        = HTTP.New(http.StatusUnprocessableEntity, "unprocessable", "Unprocessable Content")
	PreconditionRequired = HTTP.New(http.StatusPreconditionRequired, "precondition_required", "Precondition Required")
	TooManyRequests      = HTTP.New(http.StatusTooManyRequests, "too_many_requests", "Too Many Requests")
	Internal             = HTTP.New(http.StatusInternalServerError, "internal", "Internal Server Error")
	Unavailable          = HTTP.New(http.StatusServiceUnavailable, "unavailable", "Service Unavailable")
	Timeout              = HTTP.New(http.StatusGatewayTimeout, "timeout", "Gateway Timeout")
)

// Kinds for what goes wrong in nearly every domain, told apart by their codes.
var (
	// ModelNotFound says that a record, not a route, is missing.
	ModelNotFound = HTTP.New(http.StatusNotFound, "model_not_found", "No such record")
	// Authentication says that credentials were given and are wrong.
	Authentication = HTTP.New(http.StatusUnauthorized, "authentication_failed", "Authentication failed").
			with("Www-Authenticate", `Bearer error="invalid_token"`)
	// Authorization says that the caller is known and may not do this.
	Authorization = HTTP.New(http.StatusForbidden, "not_permitted", "Not permitted")
	// TokenExpired says that a new token would help (RFC 6750 section 3.1).
	TokenExpired = HTTP.New(http.StatusUnauthorized, "token_expired", "Token expired").
			with("Www-Authenticate", `Bearer error="invalid_token", error_description="The access token expired"`)
)

// closed stands for a client that went away; 499 is the customary log status.
// It is no answer anybody reads and therefore in no catalogue.
var closed = func() *Error {
	e := &Error{status: 499, code: "client_closed_request", title: "Client Closed Request"}
	e.kind = e
	return e
}()
