// Package valid checks what comes in: it reads JSON strictly, holds values
// against rules and says what is wrong with them as data.
//
// A rule is a function over a pointer. A type's own rule is a method:
//
//	type Signup struct {
//		Name  string   `json:"name"`
//		Email string   `json:"email"`
//		Age   int      `json:"age"`
//		Tags  []string `json:"tags"`
//	}
//
//	func (in *Signup) Valid(c *valid.C) {
//		valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(80))
//		valid.Field(c, &in.Email, valid.Lower, valid.Required, valid.Email)
//		valid.Field(c, &in.Age, valid.Between(18, 120))
//		valid.List(c, &in.Tags, 0, 10, valid.MinLen(1), valid.MaxLen(20))
//	}
//
//	err := valid.Check(ctx, &in, (*Signup).Valid)
//
// The method expression (*Signup).Valid is a [Rule] of Signup, so it nests:
// valid.Field(c, &order.Buyer, (*Signup).Valid). A rule of your own is a
// function too, and says what it wants:
//
//	func vatNumber(v *string, c *valid.C) { c.Want(len(*v) == 11, "vat") }
//
// Field and List infer the types of the rules given to them; inside another rule
// a generic one is spelled out: valid.Set(valid.Trim[string]).
//
// Names. No rule names a field. The address &in.Email finds the struct field
// (by address and type, only when something failed), and its tag gives the
// name: a json tag becomes a JSON Pointer ("#/email"), a path, query, header
// or form tag becomes the place and name of a parameter. Tags never carry rules.
//
// Order. The rules of one field run in turn and stop at its first failure,
// other fields go on; at most 100 violations are kept, one inside [First].
// Rules that need I/O are made by [Later]: they run when everything else
// passed, and an error of theirs is an outage (status 503), never a violation
// and never a pass.
//
// Two runs. [Describe] runs the same rule dry, once per way of every [C.If],
// and returns the JSON Schema of what would be accepted. A field is required
// exactly when the zero value fails its rules.
//
// Reading. [ReadJSON] and [Decode] fill only json-tagged members and refuse
// duplicate, unknown and wrongly spelled names, broken UTF-8, numbers that would be rounded,
// null where nothing can hold it, trailing data, and more bytes, levels or
// elements than [Limits] says.
//
// Answers. Everything refused is an [*Error]. It carries codes and arguments
// and resolves texts per language at the edge ([Messages]). No submitted value
// is ever part of it; a submitted name is only where it is the place, a plain
// map key or an unknown member that looks like a name. Functions of this package
// may be called concurrently; a [C] belongs to one run and must not be kept.
package valid

import (
	"context"
	"fmt"
	"sync"
)

// maxViolations bounds an [Error], so that a long list of bad elements costs
// neither memory nor a long answer.
const maxViolations = 100

// A Rule checks *v and reports to c. It may also change *v (Trim, Default).
// Rules run dry in [Describe], on zero values and with an empty context, so
// they do no I/O of their own: that is what [Later] is for.
type Rule[T any] func(v *T, c *C)

// A C is one run of a rule: where it is, what it found. It is made by [Check]
// and [Describe], belongs to one goroutine and ends with the run.
type C struct {
	ctx   context.Context
	stack []segment
	found []Violation
	jobs  []job
	texts []string // the texts Text converted
	keys  []string // of the map entries met
	max   int      // violations wanted at most
	fault error    // a rule that cannot work: reported instead of violations
	stop  bool     // the running field needs no further rule
	first bool     // inside First
	probe bool     // only whether something fails is asked, not where
	dry   *describer
}

var runs = sync.Pool{New: func() any {
	return &C{stack: make([]segment, 0, 8)}
}}

// Check runs rule on v. It returns nil, an [*Error] with what was found, an
// error with status 503 when a [Later] rule could not decide, or a plain error
// when a rule is unusable (a Later without its function).
func Check[T any](ctx context.Context, v *T, rule Rule[T]) error {
	if v == nil || rule == nil {
		return fmt.Errorf("valid: Check of %T needs a value and a rule", v)
	}
	c := runs.Get().(*C)
	c.ctx, c.max = ctx, maxViolations
	c.stack = append(c.stack, segment{at: v, index: segSame})
	rule(v, c)
	err := c.finish()
	c.release()
	return err
}

// finish runs the queued rules if everything else passed and sums up.
func (c *C) finish() error {
	if c.fault == nil && len(c.found) == 0 && len(c.jobs) > 0 {
		c.runJobs()
	}
	if c.fault != nil {
		return c.fault
	}
	if len(c.found) == 0 {
		return nil
	}
	e := &Error{Violations: append([]Violation(nil), c.found...)}
	e.Capped = len(c.found) >= maxViolations
	return e.For(c.ctx, c.stack[0].at)
}

// release forgets every pointer and gives c back.
func (c *C) release() {
	clear(c.stack[:cap(c.stack)])
	c.stack = c.stack[:0]
	c.ctx = nil
	if len(c.found)+len(c.jobs)+len(c.texts)+len(c.keys) > 0 {
		clear(c.found)
		clear(c.jobs)
		clear(c.texts)
		clear(c.keys)
		c.found, c.jobs, c.texts, c.keys = c.found[:0], c.jobs[:0], c.texts[:0], c.keys[:0]
	}
	c.fault, c.stop, c.first = nil, false, false
	if cap(c.stack)+cap(c.texts)+cap(c.keys) < 1024 {
		runs.Put(c)
	}
}

// Field runs rules on v, a pointer to a field of the value the surrounding
// rule was given (fields of embedded and of plainly nested structs included).
// It stops at the first failure. A pointer from elsewhere panics when its name
// is needed.
func Field[T any](c *C, v *T, rules ...Rule[T]) {
	if c.dry != nil {
		describeField(c, v, rules)
		return
	}
	n := len(c.found)
	if n >= c.max {
		return
	}
	c.stack = append(c.stack, segment{at: v, index: segField})
	for _, rule := range rules {
		rule(v, c)
		if c.stop || len(c.found) > n {
			break
		}
	}
	c.stop = false
	c.stack = c.stack[:len(c.stack)-1]
}

// Text is [Field] for a named string type: rules made by a constructor, like
// MaxLen(80), are rules of string, and a type S of your own takes them here.
func Text[S ~string](c *C, v *S, rules ...Rule[string]) {
	Field(c, v, func(v *S, c *C) {
		c.texts = append(c.texts, string(*v)) // kept until the end: a Later may hold on to it
		s := &c.texts[len(c.texts)-1]
		each(c, s, rules)
		*v = S(*s)
	})
}

// each runs rules on v at the place c is at, up to the first failure.
func each[T any](c *C, v *T, rules []Rule[T]) {
	n := len(c.found)
	for _, rule := range rules {
		rule(v, c)
		if c.stop || len(c.found) > n {
			return
		}
	}
}

// inside runs rules at a place below the current one and comes back. A stop
// (Optional) asked for in there ends there.
func inside[T any](c *C, s segment, v *T, rules []Rule[T]) {
	s.at = v
	c.stack = append(c.stack, s)
	each(c, v, rules)
	c.stop = false
	c.stack = c.stack[:len(c.stack)-1]
}

// Context returns the context given to [Check]; in a dry run an empty one.
func (c *C) Context() context.Context { return c.ctx }

// If returns cond. In a dry run it answers true and false in turn, so that
// both branches are described: use it where a rule depends on other values.
//
//	if c.If(in.Kind == "company") {
//		valid.Field(c, &in.VAT, valid.Required, vatNumber)
//	}
func (c *C) If(cond bool) bool {
	if c.dry != nil {
		return c.dry.decide()
	}
	return cond
}

// Want reports a violation of the current field unless ok. The code names what
// is wrong ("vat"); args are bounds from the rule, never what was submitted.
func (c *C) Want(ok bool, code string, args ...any) {
	if c.dry != nil {
		c.dry.custom(code)
	} else if !ok {
		c.fail(code, append([]any(nil), args...)...)
	}
}

// Assert reports a violation of field unless ok, for rules over several
// fields: c.Assert(&in.To, in.To >= in.From, "before_from"). The field is a
// pointer as in [Field]; nil means the current value as a whole.
func (c *C) Assert(field any, ok bool, code string, args ...any) {
	if c.dry != nil {
		c.dry.customAt(c, field, code)
		return
	}
	if ok || len(c.found) >= c.max {
		return
	}
	if field != nil {
		c.stack = append(c.stack, segment{at: field, index: segField})
		defer func() { c.stack = c.stack[:len(c.stack)-1] }()
	}
	c.fail(code, append([]any(nil), args...)...)
}

// fail records a violation at the current place.
func (c *C) fail(code string, args ...any) {
	if len(c.found) >= c.max {
		return
	}
	v := Violation{Code: code, Args: args}
	if !c.probe {
		v.Pointer, v.In, v.Name = c.place(c.stack)
	}
	c.found = append(c.found, v)
}

// broken records a rule that can never decide. It wins over every violation.
func (c *C) broken(format string, args ...any) {
	c.fault = fmt.Errorf("valid: "+format, args...)
	if c.dry != nil {
		panic(c.fault.Error())
	}
	c.stop = true
}

// First makes rule stop at its first violation.
func First[T any](rule Rule[T]) Rule[T] {
	return func(v *T, c *C) {
		most, first := c.max, c.first
		c.max, c.first = min(most, len(c.found)+1), true
		rule(v, c)
		c.max, c.first = most, first
	}
}

// As replaces the code of whatever rule reports, and with it the message:
// valid.As("taken", valid.Unique(q)).
func As[T any](code string, rule Rule[T]) Rule[T] {
	return func(v *T, c *C) {
		if c.dry != nil {
			c.dry.renamed(code, func() { rule(v, c) })
			return
		}
		n, m := len(c.found), len(c.jobs)
		rule(v, c)
		for i := range c.found[n:] {
			c.found[n+i].Code = code
		}
		for i := range c.jobs[m:] {
			c.jobs[m+i].code = code
		}
	}
}
