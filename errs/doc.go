// Package errs turns errors into HTTP answers: a catalogue of error values, one
// RFC 9457 problem document for all of them, and the handler at the edge that
// writes it and logs the rest.
//
//	var cat = errs.Catalog{Type: "https://api.example.com/problems/"}
//	var ErrQuota = cat.New(http.StatusTooManyRequests, "quota_exceeded", "Monthly quota used up")
//
//	func show(w http.ResponseWriter, r *http.Request) error {
//		book, err := find(r.Context(), r.PathValue("id"))
//		if err != nil {
//			return errs.NotFound.Wrap(err) // errors.Is finds both
//		}
//		if used >= max {
//			return ErrQuota.Detailf("%d of %d used", used, max).Set("limit", max).Retry(time.Minute)
//		}
//		...
//	}
//
//	h := &errs.Handler{Log: logger}
//	mux.Handle("GET /books/{id}", h.Func(show))
//	http.ListenAndServe(addr, h.Recover(mux))
//
// # Which error answers
//
// Any error with a method HTTPStatus() int is an HTTP error, whoever made it.
// [Write] walks the tree of err in the order of [errors.Is], stops at the first
// such error, and asks that value alone for the optional rest:
//
//	ErrorCode() string          a stable name for programs
//	PublicMessage() string      the title; without it the status text
//	ErrorDetails() any          a string is the detail, a list is errors, an object adds members
//	DetailsIn(lang string) any  the same for an Accept-Language header, and preferred
//	HTTPHeader() http.Header    WWW-Authenticate, Allow, Retry-After ...
//	ServeHTTP(w, r)             renders itself, and nothing of the above is asked
//
// What that error wraps stays hidden: an author who wraps an error has decided
// what the client learns. If no error has a status, the mappers ([Std], [SQL])
// are asked, and what nobody knows is a 500.
//
// # What leaves the process
//
// Titles, details, members and headers that an author wrote, nothing else. The
// text of Error() and the causes go to the log, under the request id that the
// body carries as request_id. A 5xx answer carries no details at all unless
// [Handler.Debug] is set. Log fields are capped at 1 KiB, control and
// direction-changing characters are spelled out, and what looks like a
// credential is cut. The query string and the headers of a request are never
// logged, its path only if no pattern matched.
//
// A writer with the method Report(slog.Level, ...slog.Attr) on its Unwrap chain
// gets what would be logged instead: a router that writes an access line puts it
// there, and a request stays one line.
//
// # When it is too late
//
// An error after the first byte cannot become a problem. It is logged and the
// connection is aborted, so that a cut body never looks whole. [Handler.Func]
// and [Handler.Recover] notice the first byte themselves; [Write] needs a
// writer that has Status() int (0: nothing sent) somewhere on its Unwrap chain.
//
// Values of [Error] are immutable: each method that adds something returns a
// copy that remembers the catalogue entry it came from, and errors.Is compares
// that pointer. Everything here may be used by several goroutines at once.
package errs
