// Package cachehttp is a shared HTTP cache (RFC 9111) as net/http middleware,
// with validators, tags and purges.
//
//	var cache cachehttp.Cache
//
//	mux.Handle("GET /books", cache.With(cachehttp.Policy{
//		TTL:  time.Minute,
//		Tags: []string{"books"},
//	})(books))
//
//	cache.Purge(ctx, "books") // after a write
//
// # What is stored
//
// A response is stored if what it says permits it: Cache-Control, Expires, a
// targeted field of [Cache.Targets], or where it says nothing the [Policy] of
// the route. The zero [Cache] has the profile [Safe]: nothing that belongs to
// one client is stored or handed to another, and clients cannot change what
// is stored for others. [Full] is for a reverse proxy and does all that the
// RFCs permit. In both, a request with another method than GET and HEAD
// passes, and if it succeeds makes what is stored for its URL gone.
//
// Requests for the same thing that is not stored wait for one of them, for
// at most 5 seconds. That one goes on if its client leaves. If its response
// turns out not to be storable, the others run at once, and for two minutes
// nobody waits for that key. A handler that panics, stops in the middle, or
// exceeds [Cache.MaxBody] leaves nothing behind.
//
// The key is scheme, lower-case host, path as received and query as received
// (see [Cache.Query], [Cache.SortQuery]), then [Cache.Headers] and
// [Cache.Principal], then the fields that the response names in Vary: up to
// 16 fields and 64 variants of a URL. What a handler reads must be in the
// key or in Vary; cachetest.Audit finds what is not.
//
// # Telling and purging
//
// Each response says in Cache-Status (RFC 9211) what happened. [Tag] and
// Policy.Tags mark responses; [Cache.Purge] makes all with a tag gone,
// [Cache.Soften] makes them stale, [Cache.PurgeURL] drops one URL. A purge
// costs the same however much it drops, also drops what is being fetched
// while it happens, and reaches other processes through a [Feed] (the one in
// cachehttp/sqlstore follows a table; see [Cache.Follow]) and the CDN in
// front through an [Upstream] (see cachehttp/purge). There is no HTTP method
// that purges.
//
// # Conditions without a cache
//
// [ETag] gives responses an entity tag and answers 304. [Match] lets writes
// through only if the client has seen the current version; [RowETag] makes a
// tag from the version of a row.
//
// # Limits
//
// Responses with trailers and Upgrade requests are passed on and not stored.
// A request for several ranges goes to the handler. A handler that ignores
// its context can hold up those who wait for it for 5 seconds, and
// [Cache.Close] for as long as it likes. stale-while-revalidate and
// stale-if-error do nothing beside s-maxage, as RFC 9111, section 5.2.2.10,
// says; a Policy has no such conflict.
//
// # Requirements and tests
//
// Each row is a requirement of an RFC and the name of the subtest of TestRFC
// that holds it.
//
//	9111 3: a fresh response is reused
//	9111 3: no-store is not stored
//	9111 3: private is not stored
//	9111 3: the response to a method that is not understood is not stored
//	9111 3: a response without explicit freshness is not stored under Safe
//	9111 3: an unknown final status with explicit freshness is stored
//	9111 3: no-cache with a validator is stored and validated
//	9111 3.1: unknown fields are stored
//	9111 3.1: Connection and what it lists is not stored
//	9111 3.1: hop-by-hop and proxy fields are not stored
//	9111 3.2: a 304 replaces the stored fields
//	9111 3.2: a 304 does not replace what describes the stored body
//	9111 3.3: a body short of its Content-Length is not stored
//	9111 3.3: a stored part does not answer a request for the whole
//	9111 3.3: a stored part answers a range within it as 206
//	9111 3.4: parts with the same strong validator are combined
//	9111 3.4: a missing beginning is completed too
//	9111 3.4: a piece that does not fit is asked for anew
//	9111 3.4: parts with a weak validator are not combined
//	9111 3.4: a part of another version is not combined
//	9111 3.5: the response to Authorization is not stored
//	9111 3.5: public allows to store it
//	9111 3.5: s-maxage allows to store it
//	9111 3.5: must-revalidate allows to store it
//	9111 4: another URI is not answered
//	9111 4: another host is not answered
//	9111 4: another query is not answered
//	9111 4: host case and default port do not matter
//	9111 4: a stored GET answers HEAD without the body
//	9111 4: the response to HEAD does not answer GET
//	9111 4: unsafe methods are written through
//	9111 4: a reused response has an Age
//	9111 4: of several that match the most recent is used
//	9111 4.1: another value of a field in Vary is not answered
//	9111 4.1: the same values are answered
//	9111 4.1: white space and lines of a field do not matter
//	9111 4.1: an absent field matches only an absent one
//	9111 4.1: a star in Vary never matches
//	9111 4.1: variants live beside each other
//	9111 4.4: a successful unsafe request invalidates its URI
//	9111 4.4: a failed one does not
//	9111 4.4: a safe method does not
//	9111 4.4: Location and Content-Location are invalidated
//	9111 4.4: those of another origin are not
//	9111 4.2: a stale response is not reused
//	9111 4.2: names in dates match in any case
//	9111 4.2: a zone other than GMT is invalid
//	9111 4.2.1: s-maxage wins over max-age
//	9111 4.2.1: max-age wins over Expires
//	9111 4.2.1: Expires counts from Date
//	9111 4.2.1: of a repeated directive the smaller counts
//	9111 4.2.1: an invalid max-age is stale
//	9111 4.2.1: more than one Expires is stale
//	9111 4.2.1: the most restrictive of conflicting directives wins
//	9111 4.2.2: no heuristic with explicit freshness
//	9111 4.2.2: a heuristic only for a status cacheable by default
//	9111 4.2.2: or one that is public
//	9111 4.2.2: it is a tenth of the time since the last change
//	9111 4.2.3: a received Age counts
//	9111 4.2.3: a Date in the past counts
//	9111 4.2.3: the time the response took counts
//	9111 4.2.4: stale is not served where it is forbidden
//	9111 4.2.4: nor without permission
//	9111 4.2.4: an unreachable origin is permission under Full
//	9111 5.1: the first member of Age counts
//	9111 5.1: an Age that is no integer is ignored
//	9111 1.2.2: a delta-seconds too large is very large
//	9111 5.3: an invalid Expires is in the past
//	9111 5.3: Expires is ignored beside max-age and s-maxage
//	9110 5.6.7: all three date formats are read
//	9110 5.6.7: a two-digit year more than 50 years ahead is past
//	9110 6.6.1: a response without Date gets the time it came
//	9111 5.2: names are case-insensitive
//	9111 5.2: arguments may be quoted
//	9111 5.2: what is inside quotes is no directive
//	9111 5.2: directives are passed on
//	9111 5.2.1.1: max-age of a request refuses an older response
//	9111 5.2.1.2: max-stale accepts a stale response
//	9111 5.2.1.3: min-fresh refuses what is soon stale
//	9111 5.2.1.4: no-cache of a request asks for validation
//	9111 5.2.1.5: no-store of a request keeps its response out
//	9111 5.2.1.7: only-if-cached gets the stored response or 504
//	9111 5.2.2.2: must-revalidate with an unreachable origin is a 504
//	9111 5.2.2.3: must-understand keeps unknown statuses out
//	9111 5.2.2.3: must-understand overrides no-store for known ones
//	9111 5.2.2.4: no-cache is not reused without validation
//	9111 5.2.2.4: qualified no-cache only keeps the fields out
//	9111 5.2.2.5: no-store in any case and place is obeyed
//	9111 5.2.2.6: a body is never transformed
//	9111 5.2.2.7: qualified private only keeps the fields out
//	9111 5.2.2.8: proxy-revalidate forbids stale responses
//	9111 5.2.2.10: s-maxage forbids stale responses
//	9111 5.2.3: unknown directives are ignored
//	9111 5.4: Pragma counts only without Cache-Control
//	8246 2: immutable needs no validation while fresh
//	8246 2: unless the client insists or it is stale
//	9111 4.3.1: the stored entity tag is sent
//	9111 4.3.1: the stored Last-Modified is sent
//	9111 4.3.1: a validating request carries the fields of Vary
//	9111 4.3.2: If-None-Match is answered with 304 from the cache
//	9111 4.3.2: If-None-Match that does not match gets 200
//	9111 4.3.2: If-Modified-Since is ignored beside If-None-Match
//	9111 4.3.2: If-Modified-Since is answered by Last-Modified
//	9111 4.3.2: or else by Date
//	9111 4.3.2: If-Match and If-Unmodified-Since go to the origin
//	9111 4.3.3: a 304 makes the stored response usable again
//	9111 4.3.3: a full response replaces the stored one
//	9111 4.3.3: a server error is passed on
//	9111 4.3.3: the client gets 200 unless its own condition matches
//	9111 4.3.4: a 304 about another version updates nothing
//	9111 4.3.4: a 304 without validators updates the only response
//	9111 4.3.5: a HEAD that agrees updates the stored response
//	9111 4.3.5: a HEAD that disagrees makes it stale
//	9110 13.1.2: If-None-Match compares weakly
//	9110 13.2.1: conditions concern successful responses only
//	9110 15.4.5: a 304 has validators and caching fields only
//	9110 14.2: a stored response answers a range with 206
//	9110 14.2: a Range that is malformed or of another unit is ignored
//	9110 14.2: Range is ignored for HEAD
//	9110 14.2: conditions are evaluated before Range
//	9110 13.1.5: If-Range compares strongly
//	9110 15.3.7: a 206 has the fields of the 200 and its own length
//	9110 15.3.7: a 206 to If-Range has only the fields it needs
//	9110 15.3.7: a 206 whose Content-Range does not fit is not stored
//	9110 15.3.7.3: overlapping parts become one
//	9110 15.5.17: a range behind the end gets 416 with the length
//	9110 15.2: interim responses are passed on and not stored
//	5861 3: a stale response is served while it is fetched anew
//	5861 3: not after the window
//	5861 4: a stale response replaces 500, 502, 503 and 504
//	5861 4: not after the window
//	9211 2: each cache appends its member
//	9211 2.2: fwd says why the handler was asked
//	9211 2.4: ttl is negative for what is stale
//	9211 2.7: the key is told in debug mode only
//	9213 2.2: the first valid field of the list replaces Cache-Control
//	9213 2.2: it replaces Expires
//	9213 2.1: a field that is empty or does not parse is ignored
//	9213 2.1: an argument of the wrong type is stale
//	9213 2.1: a false directive is not there
//	9213 2: a field that is not on the list changes nothing
//	9213 3.1: Full obeys CDN-Cache-Control
//	9110 13.1.1: If-Match compares strongly
//	9110 13.1.1: If-Match star needs something to exist
//	9110 13.1.2: If-None-Match star needs nothing to exist
//	9110 13.1.4: If-Unmodified-Since compares with the last change
//	9110 13.1.4: it is ignored if it is no date
//	9110 13.2.2: If-Match wins over If-Unmodified-Since
//	6585 3: a write without a condition gets 428
package cachehttp
