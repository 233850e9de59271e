package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// tests runs the tests of the root, where go test keeps all cores busy, and then
// those of the nested modules, which have a package or two each, side by side.
func (c *checker) tests(ctx context.Context) {
	var nested []module
	for _, m := range c.modules {
		switch {
		case m.dir == bench || !hasTests(m) || ctx.Err() != nil:
		case m.dir == ".":
			c.stage("test .", func() error { c.test(ctx, m); return nil })
		default:
			nested = append(nested, m)
		}
	}
	if len(nested) < 2 {
		for _, m := range nested {
			c.stage("test "+m.dir, func() error { c.test(ctx, m); return nil })
		}
		return
	}
	// Side by side they would compile the same libraries at the same time.
	c.stage("compile nested modules", func() error {
		for _, m := range nested {
			race := fmt.Sprintf("-race=%v", c.race)
			// What does not compile fails below, with its words.
			_, _ = output(ctx, filepath.Join(c.dir, m.dir), nil, "go", "list", race, "-export", "-deps", "-test", "./...")
		}
		return nil
	})
	var jobs []func()
	for _, m := range nested {
		jobs = append(jobs, func() { c.stage("test "+m.dir, func() error { c.test(ctx, m, "-p=1"); return nil }) })
	}
	parallel(runtime.GOMAXPROCS(0), jobs)
}

func hasTests(m module) bool {
	for _, name := range m.files {
		if strings.HasSuffix(name, "_test.go") {
			return true
		}
	}
	return false
}

// test runs the tests of one module, and then those that the race detector made
// skip, without it.
func (c *checker) test(ctx context.Context, m module, flags ...string) {
	// Vetting has had its own stage.
	args := append(flags, "-json", "-shuffle=on", "-vet=off", "-timeout=10m")
	if c.long {
		args[len(args)-1] = "-timeout=3h"
	}
	if !c.race {
		c.goTest(ctx, m, &stream{}, append(args, "./...")...)
		return
	}
	first := &stream{race: map[string]bool{}}
	c.goTest(ctx, m, first, slices.Concat(args, []string{"-race", "./..."})...)
	if len(first.race) == 0 {
		return
	}
	var tops, pkgs []string
	for key := range first.race {
		pkg, name, _ := strings.Cut(key, " ")
		top, _, _ := strings.Cut(name, "/")
		pkgs, tops = append(pkgs, pkg), append(tops, top)
	}
	slices.Sort(pkgs)
	args = append(args, "-run=^("+strings.Join(tops, "|")+")$")
	c.goTest(ctx, m, &stream{only: first.race}, append(args, slices.Compact(pkgs)...)...)
}

// goTest runs one go test and counts what it says.
func (c *checker) goTest(ctx context.Context, m module, s *stream, args ...string) {
	env := append(chinook(), c.env...)
	if c.long {
		env = append(env, "GLUEFUL_LONG=1")
	}
	cmd := prepare(ctx, filepath.Join(c.dir, m.dir), env, "go", append([]string{"test"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.fail("test "+m.dir, err.Error())
		return
	}
	rest := c.read(s, out)
	if err := cmd.Wait(); err != nil && s.failed == 0 {
		c.fail("test "+m.dir, fmt.Sprintf("%s\n%s\n%v", strings.TrimSpace(stderr.String()), rest, err))
	}
}

// An event is one line of go test -json; see go doc test2json and go help
// buildjson.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build events
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string // of a package's fail event
}

// A stream is the events of one go test.
type stream struct {
	packages map[string]*running
	builds   map[string]*strings.Builder // what the compiler said, by import path
	only     map[string]bool             // tests to count, as "package test"; nil means all
	race     map[string]bool             // gathers tests that skip under the race detector; nil counts them as skips
	failed   int
}

// A running is what is known of one package while its tests run.
type running struct {
	output                  map[string]*strings.Builder // by test; "" is the package's own
	failures                []string
	passed, failed, skipped int
}

// read counts the events of one go test -json and reports each package as it
// ends. What is no event is returned.
func (c *checker) read(s *stream, from io.Reader) (rest string) {
	s.packages, s.builds = map[string]*running{}, map[string]*strings.Builder{}
	var other strings.Builder
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case json.Unmarshal(line, &e) != nil || e.Action == "":
			other.Write(line)
		case e.Action == "build-output":
			add(s.builds, e.ImportPath, e.Output)
		case e.Package != "":
			if s.packages[e.Package] == nil {
				s.packages[e.Package] = &running{output: map[string]*strings.Builder{}}
			}
			c.event(s, s.packages[e.Package], e)
		}
		if err != nil {
			return other.String()
		}
	}
}

func add(m map[string]*strings.Builder, key, text string) {
	if m[key] == nil {
		m[key] = &strings.Builder{}
	}
	m[key].WriteString(text)
}

func (p *running) take(test string) string {
	b := p.output[test]
	delete(p.output, test)
	if b == nil {
		return ""
	}
	return b.String()
}

// event counts one event of package p.
func (c *checker) event(s *stream, p *running, e event) {
	switch {
	case e.Action == "output":
		add(p.output, e.Test, e.Output)
		if c.verbose {
			c.print(e.Output)
		}
	case e.Action != "pass" && e.Action != "fail" && e.Action != "skip":
	case e.Test == "":
		c.finish(s, p, e)
	case s.only != nil && !s.only[e.Package+" "+e.Test] && e.Action != "fail":
	default:
		c.ended(s, p, e)
	}
}

// ended counts a test.
func (c *checker) ended(s *stream, p *running, e event) {
	name, text := short(e.Package)+" "+e.Test, p.take(e.Test)
	why := reason(text)
	switch {
	case e.Action == "pass":
		p.passed++
		c.pass(1)
	case e.Action == "skip" && s.race != nil && racy.MatchString(why):
		s.race[e.Package+" "+e.Test] = true
	case e.Action == "skip":
		p.skipped++
		c.skip(name, cmp.Or(why, "no reason given"))
	case why == "" && p.child(e.Test):
		// It failed because a part of it did, which has been told.
	default:
		p.failed++
		s.failed++
		p.failures = append(p.failures, e.Test)
		c.fail(name, text)
	}
}

// child reports whether a part of the test has failed.
func (p *running) child(test string) bool {
	return slices.ContainsFunc(p.failures, func(f string) bool { return strings.HasPrefix(f, test+"/") })
}

// racy is the reason of a test that the race detector disturbs.
var racy = regexp.MustCompile(`(?i)\brace\b`)

var seed = regexp.MustCompile(`-test\.shuffle \d+`)

// finish reports a package that has ended. One that failed without a failing
// test did not build, panicked outside a test or ran out of time.
func (c *checker) finish(s *stream, p *running, e event) {
	name, text := short(e.Package), p.take("")
	if e.Action == "fail" && p.failed == 0 {
		if b := s.builds[e.FailedBuild]; b != nil {
			text = b.String() + text
		}
		for _, b := range p.output { // of tests that never ended
			text += b.String()
		}
		s.failed++
		c.fail(name, text)
		return
	}
	if e.Action == "skip" || p.passed+p.failed+p.skipped == 0 {
		return // no tests
	}
	word, order := "ok  ", ""
	if e.Action == "fail" {
		word, order = "FAIL", seed.FindString(text)
	}
	c.say("%s %s: %d passed, %d failed, %d skipped (%.1f s) %s", word, name, p.passed, p.failed, p.skipped, e.Elapsed, order)
}

// short cuts the module path off a package's path.
func short(pkg string) string {
	if pkg == root {
		return "."
	}
	return strings.TrimPrefix(pkg, root+"/")
}

// noise are the lines that the testing package writes around a test's own.
var noise = regexp.MustCompile(`^\s*(===|---) [A-Z]+`)

// place is the file and line in front of a logged text.
var place = regexp.MustCompile(`^\s*\S+\.go:\d+: `)

// reason is what a test said itself, in one line.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !noise.MatchString(line) {
			said = append(said, place.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(said, " ")
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)

// fuzz runs each fuzz target for half a minute.
func (c *checker) fuzz(ctx context.Context) {
	c.stage("fuzz", func() error {
		for _, m := range c.modules {
			if m.dir != bench {
				c.fuzzModule(ctx, m)
			}
		}
		return nil
	})
}

func (c *checker) fuzzModule(ctx context.Context, m module) {
	for _, name := range m.files {
		if !strings.HasSuffix(name, "_test.go") || ctx.Err() != nil {
			continue
		}
		src, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil {
			c.fail("fuzz "+name, err.Error())
			continue
		}
		for _, f := range fuzzFunc.FindAllSubmatch(src, -1) {
			dir, err := filepath.Rel(m.dir, path.Dir(name))
			if err != nil {
				c.fail("fuzz "+name, err.Error())
				continue
			}
			begin := time.Now()
			c.check(ctx, m, fmt.Sprintf("fuzz %s %s in", dir, f[1]), "go", "test", "-run=^$",
				"-fuzz=^"+string(f[1])+"$", "-fuzztime=30s", "./"+filepath.ToSlash(dir))
			c.say("     fuzz %s %s (%.0f s)", path.Dir(name), f[1], time.Since(begin).Seconds())
		}
	}
}
