// Package project reads what a client asks of an answer: which members, which
// items, in which order and which page. What is not allowed is refused with
// status 400 and named, never ignored.
//
// A query is embedded in the input of a handler, and its method Allow says what
// may be asked:
//
//	type BookQuery struct{ project.Query }
//
//	func (q *BookQuery) Allow(r *project.Rules) {
//		project.Sort(r, "title", &b.Title)
//		project.Filter(r, "author_id", &b.AuthorID, "eq", "in")
//		project.Search(r, &b.Title)
//	}
//
// The fields are addresses in a model's probe: they name columns, and their
// types say what values can be. The rules become a [Plan] when the route is
// registered; [Query.Bind] reads one request. The database takes the query by
// its methods Reads, Terms, Order and Window, the writer of the answer by
// Paths or Selection.
//
// # Members
//
//	fields=title,author(name)   these members and no others
//	fields=title,author.name    the same; author/name too
//	fields=*,-pages             the members the answer has by itself, less one
//	fields=                     the identifiers only
//	fields[author]=name         what of a member, beside the default of the rest
//	expand=author,reviews       relations beside the members of the answer
//
// The list is a tree: item *("," item), where an item is a path of names
// joined by "." or "/" and may have a list in parentheses. "*" stands for the
// members an object has by itself, "*(...)" for that list below every object, and
// a backslash makes the next character part of a name. What is said twice is
// merged. The order of the output is that of the answer, not of the request, so
// that the same selection in other words has the same bytes and the same plan.
//
// A relation is selected by its name only, and then loaded; a relation nobody
// selects costs no statement. Members that are hidden, and those the caller may
// not see, are refused in the same words as those that do not exist, and
// suggestions are made only of what the caller may see.
//
// # Items
//
//	filter[author_id]=7             equality
//	filter[pages][gte]=100          an operator
//	filter[author_id][in]=7,8       values; a backslash escapes a comma
//	filter[or][0][pages]=1&filter[or][1][title]=x
//	                                alternatives, up to three levels deep
//	search=whale                    a text in the declared columns
//	sort=-created_at,title          descending, then ascending
//	page[size]=50&page[cursor]=...  the size and the place
//	page[total]=true                counts the whole list
//
// An empty value is the empty string; null and not_null ask for NULL.
//
// # Cursors
//
// A cursor belongs to the order, the conditions and the scope of the list it
// came from, and is refused elsewhere. With [Rules].Keys it is signed. Without,
// it carries a checksum in place of the signature: the values in it are only
// ever compared with a column the client may sort by, within conditions the
// cursor has no part in, so that to forge one moves the window and shows
// nothing. That needs no secret that all processes share and that outlives
// them; set Keys where the values of a sort column are themselves confidential.
//
// # Limits
//
// A selection has at most 2,048 bytes, 6 levels, 200 names and 10 relations;
// a request at most 64 of these parameters, 20 filters, 5 sorts and 100 values
// in a list. They are checked while reading. A plan remembers 1,024 selections.
//
// # JSON that is bytes already
//
// [Query.Copy] and [Fields.Copy] narrow a document without decoding it, and
// check on the way that it is JSON.
package project
