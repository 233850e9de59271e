package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"
)

// bench is built and vetted; its figures need a quiet machine.
const bench = "internal/bench"

// A module is one go.mod among the tracked files.
type module struct {
	dir   string   // relative to the root of the repository, "." for the root
	files []string // its Go files, relative to the root of the repository
}

// find reads the tracked files and the modules among them.
func (c *checker) find(ctx context.Context) error {
	list, err := output(ctx, c.dir, nil, "git", "ls-files", "-z")
	if err != nil {
		return fmt.Errorf("the tracked files come from git: %w", err)
	}
	for _, name := range strings.Split(strings.Trim(list, "\x00"), "\x00") {
		// A file that was removed but not yet committed is still listed.
		if _, err := os.Stat(path.Join(c.dir, name)); err == nil {
			c.files = append(c.files, name)
		}
	}
	all := modules(c.files)
	for _, want := range c.only {
		if !slices.ContainsFunc(all, func(m module) bool { return m.dir == path.Clean(want) }) {
			return fmt.Errorf("no module in %q", want)
		}
	}
	for _, m := range all {
		if len(c.only) == 0 || slices.ContainsFunc(c.only, func(s string) bool { return path.Clean(s) == m.dir }) {
			c.modules = append(c.modules, m)
		}
	}
	return nil
}

// modules sorts the Go files into the modules among the files, the root first.
// Modules below testdata are data.
func modules(files []string) []module {
	var out []module
	for _, name := range files {
		if path.Base(name) == "go.mod" && !slices.Contains(strings.Split(name, "/"), "testdata") {
			out = append(out, module{dir: path.Dir(name)})
		}
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.dir, b.dir) })
	for _, name := range files {
		if path.Ext(name) != ".go" {
			continue
		}
		owner := -1
		for i, m := range out {
			if within(name, m.dir) && (owner < 0 || len(m.dir) > len(out[owner].dir)) {
				owner = i
			}
		}
		if owner >= 0 {
			out[owner].files = append(out[owner].files, name)
		}
	}
	return out
}

func within(name, dir string) bool { return dir == "." || strings.HasPrefix(name, dir+"/") }

// older reports whether toolchain a was released before b. A development
// version, which go/version cannot place, counts as new.
func older(a, b string) bool {
	a, _, _ = strings.Cut(a, " ") // "go1.26.6 X:experiment"
	return version.IsValid(a) && version.Compare(a, b) < 0
}

// prepare makes a command of ours: in a folder of the repository, and outside
// any workspace unless env says otherwise.
func prepare(ctx context.Context, dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	cmd.WaitDelay = 10 * time.Second
	together(cmd)
	return cmd
}

// output runs a command and returns what it printed, trimmed.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := prepare(ctx, dir, env, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", errors.Join(fmt.Errorf("%s %s: %w", name, args[0], err), errors.New(lastLine(stderr.String())))
	}
	return strings.TrimSpace(stdout.String()), nil
}
