package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// A manager is a system's package manager.
type manager struct {
	program string
	refresh []string // arguments that bring its lists up to date; nil means it does so itself
	install []string // arguments in front of the packages
	asRoot  bool     // whether it wants root, as all but Homebrew do
}

var managers = []manager{
	{"apt-get", []string{"update", "-q"}, []string{"install", "-q", "-y", "--no-install-recommends"}, true},
	{"dnf", nil, []string{"install", "-y"}, true},
	{"apk", nil, []string{"add", "--no-cache"}, true},
	{"brew", nil, []string{"install"}, false},
}

// system is the manager of this machine.
func system() (manager, error) {
	for _, m := range managers {
		// Apple's macOS once had an apt of its own, and Linux may have a brew beside its own.
		if _, err := exec.LookPath(m.program); err == nil && (m.program == "brew") == (runtime.GOOS == "darwin") {
			return m, nil
		}
	}
	return manager{}, errors.New("no package manager that check knows (apt-get, dnf, apk, brew)")
}

// line is the command for the arguments, with sudo in front where it is needed.
func (m manager) line(args ...string) []string {
	line := append([]string{m.program}, args...)
	if m.asRoot && os.Geteuid() != 0 {
		line = append([]string{"sudo"}, line...)
	}
	return line
}

// installLine is what a person types to install the peer.
func installLine(p peer) (string, error) {
	m, err := system()
	if err != nil {
		return "", err
	}
	if p.packages[m.program] == "" {
		return "", fmt.Errorf("%s has no package of %s that check knows", m.program, p.name)
	}
	return strings.Join(m.line("install", p.packages[m.program]), " "), nil
}

// hint is the end of a sentence that says how to install the peer, if that is
// known.
func hint(p peer) string {
	line, err := installLine(p)
	if err != nil {
		return ""
	}
	return "; to install it: " + line
}

// install installs the peers by the system's package manager, and removes the
// database clusters that Debian makes and starts on the way.
func (c *checker) install(ctx context.Context, peers ...peer) error {
	m, err := system()
	if err != nil {
		return err
	}
	args := slices.Clone(m.install)
	for _, p := range peers {
		args = append(args, strings.Fields(p.packages[m.program])...)
	}
	if len(args) == len(m.install) {
		return fmt.Errorf("%s has no package that check knows for what is missing", m.program)
	}
	before := debianClusters(ctx)
	if m.refresh != nil {
		if err := c.system(ctx, m.line(m.refresh...)); err != nil {
			// An old list may still do.
			c.say("     %v", err)
		}
	}
	err = c.system(ctx, m.line(args...))
	for _, name := range debianClusters(ctx) {
		if !slices.Contains(before, name) {
			drop := append(m.line()[:len(m.line())-1], "pg_dropcluster", "--stop")
			err = errors.Join(err, c.system(ctx, append(drop, strings.Fields(name)...)))
		}
	}
	return err
}

// system runs a command that changes the machine, and says so.
func (c *checker) system(ctx context.Context, line []string) error {
	text := strings.Join(line, " ")
	c.say("     %s", text)
	// Not prepare: sudo may ask for a password, which only a terminal's
	// foreground may read.
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if terminal() {
		cmd.Stdin = os.Stdin
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", text, err, bytes.TrimSpace(out))
	}
	return nil
}

// debianClusters are the clusters that Debian's tools manage, each as "15 main".
func debianClusters(ctx context.Context) (names []string) {
	out, err := output(ctx, "/", nil, "pg_lsclusters", "-h")
	if err != nil {
		return nil // no Debian, or no PostgreSQL yet
	}
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) > 1 {
			names = append(names, f[0]+" "+f[1])
		}
	}
	return names
}

// terminal reports whether standard input is a person. The null device is a
// character device too, and no person.
func terminal() bool {
	in, err := os.Stdin.Stat()
	if err != nil || in.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && !os.SameFile(in, null)
}

// ask asks on the terminal; without one the answer is no.
func ask(question string) bool {
	if !terminal() {
		return false
	}
	fmt.Fprintf(os.Stderr, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
