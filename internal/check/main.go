// Command check runs every test of every module in this repository, and brings
// what they need.
//
//	go run ./internal/check [-long] [-v] [-y] [module ...]
//
// Modules are named by their folders, "." for the root; none means all.
//
// PostgreSQL comes from the first of these that there is: the server named by
// GLUEFUL_TEST_DSN; a throw-away cluster made from binaries on this machine,
// which ends with the command; the system's package manager, after a question
// on a terminal, or unasked with -y or CI=true. Other peers and the C compiler
// of the race detector stand in one table (peers.go): each is used when found,
// and is one named skip otherwise. CI=true installs all of them, and fails
// without them.
//
// Each module is checked alone (GOWORK=off): gofmt over the tracked files,
// go vet, staticcheck, go mod tidy -diff, govulncheck, and the tests with the
// race detector in shuffled order. GOVULNDB names another vulnerability
// database; without one that answers, govulncheck is one skip. The benchmarks
// are built and vetted, not run. The extensions are vetted once more together,
// through their workspace. With -long the tests see GLUEFUL_LONG=1, and then
// each fuzz target runs for half a minute.
//
// Every check of a module and every test counts as one. A package that does not
// build is a failure. Skips are printed with their reasons, failures with their
// output, and the last line is exactly "N passed, N failed, N skipped". The exit
// code is 0 without a failure, 1 with one, and 2 for a wrong flag.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// root is the module path of the repository.
const root = "github.com/glueful/glueful-go"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line and the environment say.
type options struct {
	long, verbose, yes bool
	ci                 bool
	only               []string // folders of modules; none means all
}

// command is the whole program but for its exit.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{ci: os.Getenv("CI") == "true"}
	set := flag.NewFlagSet("check", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/check [-long] [-v] [-y] [module ...]")
		set.PrintDefaults()
	}
	set.BoolVar(&o.long, "long", false, "also run chaos, soak and fuzz tests")
	set.BoolVar(&o.verbose, "v", false, "print everything the tests print")
	set.BoolVar(&o.yes, "y", false, "install what is missing without asking")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	o.only = set.Args()
	c := &checker{options: o, report: report{out: stdout, start: time.Now()}}
	if err := c.run(ctx); err != nil {
		c.fail("check", err.Error())
	}
	return c.close()
}

// A checker is one run of the command.
type checker struct {
	options
	report
	dir     string   // the root of the repository
	modules []module // those to check
	files   []string // the tracked files, relative to dir, with slashes
	env     []string // additions to the environment of every command
	race    bool
	bin     string // folder of the built tools
}

// run does everything in order. An error is what keeps it from going on.
func (c *checker) run(ctx context.Context) error {
	var err error
	if c.dir, err = output(ctx, "", c.env, "go", "list", "-m", "-f", "{{.Dir}}", root); err != nil {
		return fmt.Errorf("run this inside a clone of %s: %w", root, err)
	}
	if err := c.toolchain(ctx); err != nil {
		return err
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	var stop func() error
	if err := c.stage("postgresql", func() error { stop, err = c.postgres(ctx); return err }); err != nil {
		return err
	}
	defer func() {
		if err := stop(); err != nil {
			c.fail("postgresql", err.Error())
		}
	}()
	if err := c.stage("peers", func() error { return c.peers(ctx) }); err != nil {
		return err
	}
	if c.bin, err = os.MkdirTemp("", "glueful-check-"); err != nil {
		return err
	}
	defer os.RemoveAll(c.bin)
	c.static(ctx)
	c.tests(ctx)
	if c.long {
		c.fuzz(ctx)
	}
	return ctx.Err()
}

// oldest is the first toolchain without known vulnerabilities that we reach.
const oldest = "go1.26.6"

func (c *checker) toolchain(ctx context.Context) error {
	have, err := output(ctx, c.dir, nil, "go", "env", "GOVERSION")
	if err != nil {
		return err
	}
	if older(have, oldest) {
		return fmt.Errorf("%s has known vulnerabilities: install %s or later", have, oldest)
	}
	c.say("%s on %s/%s, %d cores", have, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	return nil
}

// chinook makes the folder of the Chinook files absolute: tests run elsewhere.
func chinook() []string {
	dir := os.Getenv("GLUEFUL_CHINOOK")
	if dir == "" || filepath.IsAbs(dir) {
		return nil
	}
	if abs, err := filepath.Abs(dir); err == nil {
		return []string{"GLUEFUL_CHINOOK=" + abs}
	}
	return nil
}

// lastLine is the end of what a failed command printed, for a one-line error.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
