package render

import (
	"net/http"
	"reflect"
)

// A Result describes what a handler answers when all goes well.
type Result struct {
	Status int
	Kind   string   // "item", "list", "page", "stream" or "none"
	Media  []string // the media types it can be written as, the usual one first
	Shape  *Shape   // of the item, or of each element; nil if there is no object

	// Reads runs the view dry on probe, a *T, and returns the fields it needs
	// to write sel, each as the path of addresses that leads to it:
	// {&b.Title}, {&b.Author}, {&b.Author, &a.Name}. A path that ends in a
	// relation means that the relation is loaded. Reads itself is nil, or its
	// answer is, when nothing is known: then everything has to be read.
	Reads func(probe any, sel *Selection) [][]any
}

// Accepts returns the error with HTTPStatus 406 that [Respond] would return for
// r in the end, so that work whose answer nobody takes need not begin.
func (res Result) Accepts(r *http.Request) error {
	if len(res.Media) == 0 {
		return nil
	}
	return acceptable(r, res.Media...)
}

// Created is the answer 201 with its Location.
type Created[T any] struct {
	At   string // URL reference of what was created; empty sends no Location
	Body T
}

// Accepted is the answer 202 for work that goes on.
type Accepted[T any] struct {
	At   string // URL reference where the work can be watched; empty sends no Location
	Body T
}

// NoContent is the answer 204.
type NoContent struct{}

// responder is what all result types have.
type responder interface {
	Respond(w http.ResponseWriter, r *http.Request) error
}

// DescribeOf describes the answers of a handler that returns T: a result type
// such as [Page] by its own word, any other type as an item with status 200.
func DescribeOf[T any]() Result {
	var zero T
	if t := reflect.TypeFor[T](); t.Kind() == reflect.Pointer {
		zero = reflect.New(t.Elem()).Interface().(T)
	}
	if d, ok := any(zero).(interface{ Describe() Result }); ok {
		return d.Describe()
	}
	return describeBody[T](http.StatusOK)
}

func describeBody[T any](status int) Result {
	t := reflect.TypeFor[T]()
	res := Result{Status: status, Kind: "item", Media: []string{mediaJSON}}
	var list bool
	if res.Shape, list = newDescriber().typeShape(t); list {
		res.Kind = "list"
	}
	res.Reads = func(probe any, sel *Selection) [][]any { return readsOfProbe(t, probe, sel) }
	return res
}

// readsOfProbe finds the element type of an answer of type t and, if that has
// a View and probe is of it, what the view reads.
func readsOfProbe(t reflect.Type, probe any, sel *Selection) [][]any {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		t = t.Elem()
	}
	v, ok := probe.(viewer)
	if p := reflect.ValueOf(probe); !ok || p.Type() != reflect.PointerTo(t) || p.IsNil() {
		return nil
	}
	found := reads{paths: [][]any{}}
	ways(t, sel, v.View, func() *dryRun { return &dryRun{reads: &found} }, func(*dryRun) {})
	return found.paths
}

// Describe describes the answer.
func (Created[T]) Describe() Result { return describeBody[T](http.StatusCreated) }

// Respond writes the answer.
func (c Created[T]) Respond(w http.ResponseWriter, r *http.Request) error { return c.respond(w, r) }

func (c *Created[T]) respond(w http.ResponseWriter, r *http.Request) error {
	return respondAt(w, r, http.StatusCreated, c.At, &c.Body)
}

// Describe describes the answer.
func (Accepted[T]) Describe() Result { return describeBody[T](http.StatusAccepted) }

// Respond writes the answer.
func (a Accepted[T]) Respond(w http.ResponseWriter, r *http.Request) error { return a.respond(w, r) }

func (a *Accepted[T]) respond(w http.ResponseWriter, r *http.Request) error {
	return respondAt(w, r, http.StatusAccepted, a.At, &a.Body)
}

// Describe describes the answer.
func (NoContent) Describe() Result { return Result{Status: http.StatusNoContent, Kind: "none"} }

// Respond writes the answer.
func (NoContent) Respond(w http.ResponseWriter, r *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
