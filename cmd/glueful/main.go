// Command glueful makes applications.
//
//	glueful new [flags] name
//
// Flags may stand before and after the name; one that is not known is an error.
// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a dry run that found something to
// write. A command that failed or was used wrongly has written nothing, unless it
// says that what it wrote is there (new -serve, when the app does not start).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const usage = `usage: glueful <command> [flags] [arguments]

commands:
  new     write a new application
  help    print this text, or that of a command: glueful help new

exit codes: 0 done, 1 failed, 2 wrong usage, 3 a dry run found something to write
`

// The exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitPending = 3
)

// command is one word after glueful.
type command struct {
	name string
	help string
	run  func(ctx context.Context, env environment, args []string) error
}

var commands = []command{
	{"new", newUsage, runNew},
}

// environment is what a command sees of the process.
type environment struct {
	stdout, stderr io.Writer
}

// usageError is a mistake in the call; the text goes out with a hint.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// errPending ends a dry run that found something to write.
var errPending = errors.New("a dry run: nothing was written")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	code := run(ctx, environment{os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// stopSignals are those that end a command, in good order: also the end of the
// terminal, unless that is ignored (nohup).
func stopSignals() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

// run finds the command and turns its error into an exit code.
func run(ctx context.Context, env environment, args []string) int {
	err := dispatch(ctx, env, args)
	var wrong usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errPending):
		return exitPending
	case errors.As(err, &wrong):
		fmt.Fprintf(env.stderr, "glueful: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(env.stderr, "glueful: %v\n", err)
	return exitFailed
}

func dispatch(ctx context.Context, env environment, args []string) error {
	if len(args) == 0 {
		return usagef("no command\n%s", strings.TrimSuffix(usage, "\n"))
	}
	name, rest := args[0], args[1:]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		return help(env, rest)
	}
	if strings.HasPrefix(name, "-") {
		return usagef("flag %s before the command; write: glueful <command> %s", name, name)
	}
	for _, c := range commands {
		if c.name == name {
			return c.run(ctx, env, rest)
		}
	}
	return usagef("unknown command %q%s; glueful help lists them", name, nearest(name))
}

func help(env environment, args []string) error {
	if len(args) == 0 {
		io.WriteString(env.stdout, usage)
		return nil
	}
	for _, c := range commands {
		if c.name == args[0] {
			io.WriteString(env.stdout, c.help)
			return nil
		}
	}
	return usagef("no help for %q%s", args[0], nearest(args[0]))
}

// nearest suggests the command that is at most two edits away.
func nearest(name string) string {
	best, least := "", 3
	for _, c := range commands {
		if d := distance(name, c.name); d < least {
			best, least = c.name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the edit distance of two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
