package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A report prints what happens and counts it. Its methods may be called
// concurrently.
type report struct {
	out   io.Writer
	start time.Time

	mu                      sync.Mutex
	passed, failed, skipped int      // guarded by mu
	failures, skips, notes  []string // guarded by mu; one line each
}

// say prints a line of progress with the time since the start.
func (r *report) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line(strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// print passes on what a test printed.
func (r *report) print(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprint(r.out, text)
}

// line prints one line; the caller holds mu.
func (r *report) line(text string) {
	d := time.Since(r.start).Round(time.Second)
	fmt.Fprintf(r.out, "[%02d:%02d] %s\n", int(d.Minutes()), int(d.Seconds())%60, text)
}

// pass counts what went well without a word.
func (r *report) pass(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed += n
}

// fail counts a failure, prints its details at once and its name again at the end.
func (r *report) fail(name, details string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed++
	r.failures = append(r.failures, name)
	r.line("FAIL " + name)
	if details = strings.TrimRight(details, "\n"); details != "" {
		fmt.Fprintf(r.out, "\t%s\n", strings.ReplaceAll(details, "\n", "\n\t"))
	}
}

// skip counts what was left out, with the reason.
func (r *report) skip(name, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped++
	r.skips = append(r.skips, name+": "+reason)
}

// note keeps a line for the summary that is neither good nor bad.
func (r *report) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// stage runs f and says how long it took.
func (r *report) stage(name string, f func() error) error {
	begin := time.Now()
	err := f()
	r.say("%s: %.1f s", name, time.Since(begin).Seconds())
	return err
}

// close prints the summary and returns the exit code.
func (r *report) close() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(r.out)
	for _, s := range r.skips {
		fmt.Fprintln(r.out, "skip", s)
	}
	for _, s := range r.notes {
		fmt.Fprintln(r.out, "note", s)
	}
	for _, s := range r.failures {
		fmt.Fprintln(r.out, "FAIL", s)
	}
	fmt.Fprintf(r.out, "time %v\n", time.Since(r.start).Round(time.Second))
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	if r.failed > 0 {
		return 1
	}
	return 0
}
