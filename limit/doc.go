// Package limit refuses requests that are too many: by rate, by quota, by cost
// and by how many are in progress.
//
//	login := &limit.Limiter{
//		Limits: limit.Per(5, time.Minute),
//		Key:    []limit.Part{limit.RightmostTrusted(proxies...), limit.Field("email")},
//	}
//	mux.Handle("POST /login", login.Handler(loginHandler))
//
// # Limits
//
// A [Rate] smooths: it lets units come back one by one and remembers one instant
// a key. A [Quota] counts: exactly so many units in a window. [Per] pairs them.
// A [Limiter] charges all its limits or, if one refuses, none, in memory and in
// SQL alike. Its zero value refuses everything, and so does one whose
// configuration contradicts itself, except that its Handler panics instead.
//
// One bucket for a whole process, with waiting, is no matter of keys: take
// golang.org/x/time/rate for it.
//
// # Callers
//
// Key lists what sets callers apart; nil means the address of the peer. Behind
// a proxy that is the proxy: say how to look past it with [RightmostTrusted],
// [TrustedCount] or [SingleHeader]. What a request lacks does not free it:
// all requests without a user, say, are one caller. Each Limiter counts for
// itself, on however many routes it stands; [Route] in the key counts by route.
//
// # Cost
//
// Cost says before the handler what a request may take, and [Settle] in the
// handler what it did take. The difference comes back, or becomes a debt.
//
// # Stores
//
// Without a Store a Limiter counts in this process, in a [Memory] that never
// grows. With one, such as limit/sqlstore, many processes share the count; the
// store's clock decides. A caller who was refused is refused without
// asking again until the time he was told, and Lease lets a busy key ask
// for many units at once. If the store fails or takes longer than Timeout, Failure says
// what happens: [Local] (the default) counts here, a share for each replica, [Open]
// admits, [Closed] answers 503. After five failures in a row the store is left alone
// for a second, and then one request tries it.
//
// # Answers
//
// Answers carry RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)
// and X-RateLimit-Limit, -Remaining and -Reset. A client that spreads what RateLimit offers over
// its time never exceeds the sustained rate. A refusal is a [*RefusedError]: 429 with
// Retry-After, or 503 if the server and not the caller is the reason.
//
// # Overload
//
// [Concurrency] bounds how many requests are in progress, with a queue in front;
// [Adaptive] finds that bound by watching how long requests take.
package limit
