// Package render writes what a service answers.
//
// A view is a function that writes the members of one type:
//
//	func (b *Book) View(o *render.Object) {
//		render.Field(o, "id", &b.ID)
//		render.Field(o, "title", &b.Title)
//		if o.When(isEditor(o.Context())) {
//			render.Field(o, "notes", &b.Notes)
//		}
//		if o.Wants("summary", &b.Text) { // work only if somebody asks
//			o.Str("summary", summarize(b.Text))
//		}
//		render.One(o, "author", &b.Author, (*Author).View) // only if loaded
//		render.Many(o, "reviews", &b.Reviews, (*Review).View)
//	}
//
// The method expression (*Book).View is a [View] of Book, and merging another
// set of members in is calling another function with the same object. A type
// without a View is written by encoding/json; a View writes the same bytes
// encoding/json would write for the same members.
//
// # Answers
//
// The type of a result says its status: a bare value is 200, [Created] is 201,
// [Accepted] 202, [NoContent] 204, [Page] is one page of a list with its links,
// [Wrapped] adds data beside the value, [Stream] is a list without an end and
// [Deferred] an answer that is waited for. [Respond] sends any of them. The body
// is built before the first byte leaves, so a view that fails ends in an error
// and not in half an answer.
//
// Streams and long polls outlive the timeouts of a server. [Until] tells them
// when it shuts down, while other requests finish. [Compress] is a middleware for
// all of a server's answers. Package patch, below this one, reads the inputs of
// PATCH.
//
// # One function, two runs
//
// Run on a value, a view writes it. Run dry, on a zero value or a model's probe,
// it describes itself: [DescribeOf] gives the names and types ([Shape]) for an
// API description and for the list of members a client may select, and the
// addresses of the fields that a [Selection] needs (Reads) for the query. Each
// [Object.When] is run both ways; a plain if on the data is not seen, so use
// When where members depend on something. A dry run sees an empty context.
// [Audit] finds views that read fields they do not name.
//
// # Rules of the package
//
// Values may be rendered concurrently; an [Object] may not be kept. The zero
// values of the result types answer. Errors carry no client text except the 406
// of a client that accepts no form there is. What a view writes is what the
// client gets: fields are never written because they exist.
package render
