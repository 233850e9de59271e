package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// tests runs the tests of each module, one module after the other: go test
// itself keeps all cores busy, and a test that measures waits should not share
// them with another module's compiler.
func (c *checker) tests(ctx context.Context) {
	for _, m := range c.modules {
		if m.dir == bench || !hasTests(m) || ctx.Err() != nil {
			continue
		}
		c.stage("test "+m.dir, func() error { c.test(ctx, m); return nil })
	}
}

func hasTests(m module) bool {
	for _, name := range m.files {
		if strings.HasSuffix(name, "_test.go") {
			return true
		}
	}
	return false
}

func (c *checker) test(ctx context.Context, m module) {
	// Vetting has had its own stage.
	args := []string{"test", "-json", "-shuffle=on", "-vet=off", "-timeout=10m"}
	env := append(chinook(), c.env...)
	if c.long {
		args[len(args)-1] = "-timeout=3h"
		env = append(env, "GLUEFUL_LONG=1")
	}
	if c.race {
		args = append(args, "-race")
	}
	cmd := prepare(ctx, filepath.Join(c.dir, m.dir), env, "go", append(args, "./...")...)
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
	before := c.failed
	rest := c.read(out)
	if err := cmd.Wait(); err != nil && c.failed == before {
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

// A running is what is known of one package while its tests run.
type running struct {
	output                  map[string]*strings.Builder // by test; "" is the package's own
	passed, failed, skipped int
}

// read counts the events of one go test -json and reports each package as it
// ends. What is no event is returned.
func (c *checker) read(from io.Reader) (rest string) {
	packages := map[string]*running{}
	builds := map[string]*strings.Builder{}
	var other strings.Builder
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case json.Unmarshal(line, &e) != nil || e.Action == "":
			other.Write(line)
		case e.Action == "build-output":
			add(builds, e.ImportPath, e.Output)
		case e.Package != "":
			p := packages[e.Package]
			if p == nil {
				p = &running{output: map[string]*strings.Builder{}}
				packages[e.Package] = p
			}
			c.event(p, e, builds)
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
func (c *checker) event(p *running, e event, builds map[string]*strings.Builder) {
	name := short(e.Package)
	if e.Test != "" {
		name += " " + e.Test
	}
	switch e.Action {
	case "output":
		add(p.output, e.Test, e.Output)
		if c.verbose {
			fmt.Fprint(c.out, e.Output)
		}
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.finish(p, e, builds)
			return
		}
		text := p.take(e.Test)
		switch e.Action {
		case "pass":
			p.passed++
			c.pass(1)
		case "fail":
			p.failed++
			c.fail(name, text)
		case "skip":
			p.skipped++
			c.skip(name, reason(text))
		}
	}
}

// finish reports a package that has ended. One that failed without a failing
// test did not build, panicked outside a test or ran out of time.
func (c *checker) finish(p *running, e event, builds map[string]*strings.Builder) {
	name, text := short(e.Package), p.take("")
	if e.Action == "fail" && p.failed == 0 {
		if b := builds[e.FailedBuild]; b != nil {
			text = b.String() + text
		}
		for _, b := range p.output { // of tests that never ended
			text += b.String()
		}
		c.fail(name, text)
		return
	}
	if e.Action == "skip" || p.passed+p.failed+p.skipped == 0 {
		return // no tests
	}
	if e.Action == "fail" {
		c.say("     %s ended with: %s", name, strings.TrimSpace(text)) // names the shuffle seed
	}
	word := "ok  "
	if e.Action == "fail" {
		word = "FAIL"
	}
	c.say("%s %s: %d passed, %d failed, %d skipped (%.1f s)", word, name, p.passed, p.failed, p.skipped, e.Elapsed)
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

// reason is what a skipped test said.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !noise.MatchString(line) {
			said = append(said, place.ReplaceAllString(line, ""))
		}
	}
	if len(said) == 0 {
		return "no reason given"
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
