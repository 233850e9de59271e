package valid

import (
	"context"
	"slices"
)

// A job is a Later rule waiting for the cheap ones.
type job struct {
	stack []segment
	code  string
	first bool // inside First
	run   func(context.Context) (bool, error)
}

// Later makes a rule that needs I/O. It runs after every other rule of the
// whole value passed, in the order met; f reports whether *v is good. An error
// from f means that nothing is known: [Check] then returns an error with status
// 503 that wraps it. Without f the rule is unusable: [Describe] panics, Check
// returns a plain error.
func Later[T any](code string, f func(ctx context.Context, v *T) (ok bool, err error)) Rule[T] {
	return func(v *T, c *C) {
		switch {
		case f == nil:
			c.broken("rule %q has no function to ask", code)
		case c.dry != nil:
			c.dry.custom(code)
		case !c.probe && len(c.found) == 0:
			run := func(ctx context.Context) (bool, error) { return f(ctx, v) }
			c.jobs = append(c.jobs, job{slices.Clone(c.stack), code, c.first, run})
		}
	}
}

// Unique is a [Later] rule with code "unique": has must not find the value.
func Unique[T any](has func(ctx context.Context, v T) (found bool, err error)) Rule[T] {
	return asks("unique", has, false)
}

// Exists is a [Later] rule with code "exists": has must find the value.
func Exists[T any](has func(ctx context.Context, v T) (found bool, err error)) Rule[T] {
	return asks("exists", has, true)
}

func asks[T any](code string, has func(context.Context, T) (bool, error), want bool) Rule[T] {
	if has == nil {
		return Later[T](code, nil)
	}
	return Later(code, func(ctx context.Context, v *T) (bool, error) {
		found, err := has(ctx, *v)
		return found == want, err
	})
}

func (c *C) runJobs() {
	first := false // a rule inside First has failed
	for _, j := range c.jobs {
		if len(c.found) >= c.max {
			return
		}
		if j.first && first {
			continue
		}
		ok, err := j.run(c.ctx)
		if err == nil {
			err = c.ctx.Err() // an answer after the deadline is no answer
		}
		if err != nil {
			c.fault = &outage{j.code, err}
			return
		}
		if !ok {
			v := Violation{Code: j.code}
			v.Pointer, v.In, v.Name = c.place(j.stack)
			c.found = append(c.found, v)
			first = first || j.first
		}
	}
}
