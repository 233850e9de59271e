package glueful

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"sync"

	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// Do makes a handler of a typed function.
//
// In is a struct whose tags say where each value comes from: `path:"id"` a
// wildcard of the pattern, `query:"q"` and `header:"X-Tenant"` parameters of the
// request, `json:"title"` a member of the JSON body. Text becomes the type of its
// field: strings, numbers, bool, time.Time (RFC 3339), time.Duration,
// encoding.TextUnmarshaler, a pointer to one of these (nil when absent), or a
// slice of them for a parameter that may be repeated. What In does not name is
// refused: unknown members, unknown and repeated parameters. struct{} reads
// nothing. A method Valid(*valid.C) on *In then checks the input.
//
// Out decides the status: render.Created[T], render.Accepted[T],
// render.NoContent, render.Page[T] and render.Stream[T] their own, any other type
// 200. A method View(*render.Object) on *T says what is shown; a type without one
// is written by encoding/json. A nil pointer or map without an error is a fault
// of the handler: 500.
//
// A method ETag() string on *Out names the version that is answered (a quoted
// entity tag): GET and HEAD then answer 304 to a client that has it. See [Match]
// for the condition of writes.
//
// The errors name the kinds the function may return, for the documentation and
// for contract tests; other errors are answered just the same.
//
// In and the wildcards of the pattern are compared by [Mux.Handle], which panics
// when they disagree; on another router that happens at the first request, which
// is then answered with 500.
func Do[In, Out any](f func(context.Context, In) (Out, error), kinds ...error) http.Handler {
	if f == nil {
		panic("glueful: Do of nil at " + caller())
	}
	return &action[In, Out]{f: f, kinds: kinds}
}

// ByID is the input of a handler that finds one thing by the wildcard {id}. The
// client may select members of it with fields and expand.
type ByID[K any] struct {
	ID K `path:"id"`
	project.Query
}

// action is the handler made by Do.
type action[In, Out any] struct {
	f     func(context.Context, In) (Out, error)
	kinds []error

	once    sync.Once
	err     error // why the action cannot run; set by once
	in      *binding
	checks  bool              // *In has rules
	version func(*Out) tagged // nil unless what is answered has an entity tag
	nils    bool              // Out can be nil
	plan    *project.Plan     // nil unless In embeds a project.Query
	result  render.Result
}

// selecting is met by *In when it embeds a project.Query, and ruled when it also
// says what the query may ask.
type (
	selecting interface {
		Bind(context.Context, *project.Plan, url.Values) error
		Selection() any
	}
	ruled interface{ Allow(*project.Rules) }
)

// checked is met by *In when the input has rules.
type checked interface{ Valid(*valid.C) }

func (a *action[In, Out]) setUp() error {
	a.once.Do(func() {
		a.in, a.err = bindingOf(reflect.TypeFor[In]())
		_, a.checks = any(new(In)).(checked)
		a.version = versionOf[Out]()
		a.nils = nilable(reflect.TypeFor[Out]().Kind())
		a.result = render.DescribeOf[Out]()
		if _, ok := any(new(In)).(selecting); ok && a.err == nil {
			a.plan, a.err = planFor(any(new(In)), a.result)
			for _, p := range a.in.query {
				if a.err == nil && a.plan.Owns(p.name) {
					a.err = fmt.Errorf("the query parameter %q of %s belongs to its project.Query", p.name, a.in.typ)
				}
			}
		}
	})
	return a.err
}

// planFor compiles what a client may ask of the answer: the view says what there
// is, the input's Allow what is permitted.
func planFor(in any, result render.Result) (*project.Plan, error) {
	answer := project.Answer{Kind: result.Kind, Compile: func(paths []string) any { return render.Select(paths) }}
	if result.Shape != nil {
		answer.Members, answer.Relation = result.Shape.Members, result.Shape.Relation
	}
	if result.Reads != nil {
		answer.Reads = func(probe, selection any) [][]any {
			sel, _ := selection.(*render.Selection)
			return result.Reads(probe, sel)
		}
	}
	var allow func(*project.Rules)
	if r, ok := in.(ruled); ok {
		allow = r.Allow
	}
	return project.NewPlan(allow, answer)
}

func (a *action[In, Out]) prepare(pattern string) error {
	if err := a.setUp(); err != nil {
		return err
	}
	if a.in.body {
		// An empty object may break rules of the type; any other error is one of
		// the declaration, which every request would meet.
		var refused *valid.Error
		if err := valid.Decode([]byte("{}"), new(In), valid.Limits{}); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return a.in.matches(pattern)
}

func (a *action[In, Out]) streams() bool { return a.result.Kind == "stream" }

func (a *action[In, Out]) describe(d *Route) {
	d.In, d.Out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	d.Status = a.result.Status
	d.Errors = append(d.Errors, a.kinds...)
}

// ServeHTTP binds, checks, calls and answers.
func (a *action[In, Out]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.setUp(); err != nil {
		fail(w, r, fmt.Errorf("glueful: %T: %w", a.f, err))
		return
	}
	if err := a.result.Accepts(r); err != nil {
		fail(w, r, err)
		return
	}
	var in In
	values, err := a.in.bind(w, r, &in, a.plan)
	if err == nil && a.plan != nil {
		r, err = a.project(r, &in, values)
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	if a.checks {
		if err := valid.Check(r.Context(), &in, runRules[In]); err != nil {
			fail(w, r, err)
			return
		}
	}
	out, err := a.f(r.Context(), in)
	if err == nil && a.nils && reflect.ValueOf(&out).Elem().IsNil() {
		err = errs.Internal.Wrap(fmt.Errorf("glueful: %T returned neither a result nor an error", a.f))
	}
	if err == nil {
		if a.version != nil && unchanged(w, r, a.version(&out)) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		err = render.Respond(w, r, &out)
	}
	if err != nil {
		fail(w, r, err)
	}
}

// project binds the query and puts its selection where render finds it.
func (a *action[In, Out]) project(r *http.Request, in *In, values url.Values) (*http.Request, error) {
	q := any(in).(selecting)
	if err := q.Bind(r.Context(), a.plan, values); err != nil {
		return r, err
	}
	if sel, ok := q.Selection().(*render.Selection); ok && sel != nil {
		r = r.WithContext(render.With(r.Context(), sel))
	}
	return r, nil
}

func runRules[In any](in *In, c *valid.C) { any(in).(checked).Valid(c) }

// nilable reports whether a result of the kind can be missing. A nil slice is an
// empty list.
func nilable(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
		return true
	}
	return false
}
