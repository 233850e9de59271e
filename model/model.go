package model

import (
	"context"
	"reflect"
)

// literal is a string only an untyped constant converts to by itself, so text
// that came in at run time cannot become SQL or an identifier.
type literal string

// A Model reads and writes rows of one table as values of T. Make it with
// [Of], once, in a package variable; it may be used concurrently.
//
// A Model has every method of the [Query] it embeds: Books.All reads the whole
// table as Books.Where(...).All reads a part. Insert, Update, Delete, Destroy
// and Restore take rows; the set-based ones live on a Query.
type Model[T any] struct {
	Query[T]
	probe *T
}

// Of declares the model of a table. Fields of T are columns when they carry a
// db tag, `db:"name,option,..."`; options are
//
//	pk     part of the primary key, in the order of the fields. A single key
//	       that is zero when inserted is left to the database and read back
//	auto   filled by the database at insert and read back, never written
//	touch  set to the database's time at insert and at every update
//	soft   *time.Time that marks a row as deleted; every read skips such rows
//	lock   integer version: an update that meets another one is [ErrStale]
//	lazy   may be left out of a read when a projection does not ask for it
//	json   stored as JSON text, whatever the Go type is
//	pivot  a column of the pivot table; see [BelongsToMany]
//
// A column may be NULL only if its field is a pointer or an sql.Null.
// Fields of type [One] and [Many] are relations. Other fields are left alone.
//
// Of panics when T or a name does not fit: it is a mistake in the program,
// found at start.
func Of[T any](name literal) *Model[T] {
	probe := new(T)
	t := describe(string(name), reflect.ValueOf(probe).Elem())
	t.newRows = func() sink { return new(slab[T]) }
	return &Model[T]{Query: Query[T]{spec{t: t}}, probe: probe}
}

// Probe returns the value whose field addresses name the columns and relations
// of the model: with b := Books.Probe(), &b.Title is the column title.
// It is the same value on every call and must never be written to.
func (m *Model[T]) Probe() *T { return m.probe }

// Table returns the name of the table.
func (m *Model[T]) Table() string { return m.t.name }

// Scope adds a condition to every reference to the table, in reads and
// writes, through relations, counts and subqueries: tenancy, as a rule. It may
// look at ctx; its error refuses the statement. Only [Query.Unscoped] leaves
// it out. Declare scopes before the first use of the model.
func (m *Model[T]) Scope(f func(ctx context.Context) (Cond, error)) {
	m.t.scopes = append(m.t.scopes, f)
}
