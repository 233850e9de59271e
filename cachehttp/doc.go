// Package cachehttp is a shared HTTP cache (RFC 9111) as net/http middleware.
//
//	var cache cachehttp.Cache
//	mux.Handle("GET /books", cache.With(cachehttp.Policy{
//		TTL:  time.Minute,
//		Tags: []string{"books"},
//	})(books))
//	...
//	cache.Purge(ctx, "books") // after a write
package cachehttp
