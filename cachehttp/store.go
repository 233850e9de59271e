package cachehttp

import (
	"context"
	"time"
)

// A Store keeps bytes under keys until they expire or one of their tags is
// dropped. It may forget anything at any time. Its methods are called
// concurrently; what they return and what they are given is not shared:
// neither side changes a slice the other may still read.
//
// [Memory] and the one in cachehttp/sqlstore are Stores; a new one runs the
// suite in cachehttp/cachetest.
type Store interface {
	// Get returns the value of key. A key that is unknown, expired or
	// dropped is no error.
	Get(ctx context.Context, key string) (value []byte, ok bool, err error)
	// Set keeps value for ttl; a ttl of 0 or less forgets the key.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration, tags ...string) error
	// Drop forgets all that was Set with any of the tags, at a cost that
	// does not depend on how much that is.
	Drop(ctx context.Context, tags ...string) error
}

// Versioned is what a [Store] may do beyond Store: not to keep a value whose
// tags were dropped while it was computed, and to mark instead of drop. With
// a Store that is not Versioned a soft purge is a hard one, and a response
// fetched during a purge of another process lives until it expires.
type Versioned interface {
	Store
	// Version is a number that each Drop and Soften of any process raises.
	// It may lag behind, which only costs repeated work.
	Version(ctx context.Context) (uint64, error)
	// Fetch is Get that also tells whether a tag of the value was softened.
	Fetch(ctx context.Context, key string) (value []byte, soft, ok bool, err error)
	// Put is Set of a value computed from what was true at version: if a
	// tag was dropped or softened since, so is the value.
	Put(ctx context.Context, key string, value []byte, ttl time.Duration, version uint64, tags ...string) error
	// Soften marks all that was Set with any of the tags.
	Soften(ctx context.Context, tags ...string) error
}

// A Purge names what should be forgotten.
type Purge struct {
	Tags []string
	Soft bool // only mark as stale
}

// A Feed carries purges between processes. The one in cachehttp/sqlstore
// uses a table and NOTIFY.
type Feed interface {
	// Publish makes p known to all other followers.
	Publish(ctx context.Context, p Purge) error
	// Follow calls apply with each purge others published after it was
	// called, in order and without loss, until ctx ends. It calls apply
	// with a Purge without tags when it has caught up.
	Follow(ctx context.Context, apply func(Purge)) error
}

// An Upstream is a cache in front of this process, such as a CDN, that is
// told about purges; see cachehttp/purge.
type Upstream interface {
	PurgeTags(ctx context.Context, tags ...string) error
	PurgeURLs(ctx context.Context, urls ...string) error
}
