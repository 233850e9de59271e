package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glueful/glueful-go/internal/cluster"
)

// A peer is a program that tests of one room talk to.
type peer struct {
	name  string
	room  string   // whose tests use it; the peer counts only while the room exists
	needs []string // programs on the PATH, or patterns of absolute paths; all of them
	// packages by package manager; a manager that is not named cannot install it.
	packages map[string]string
}

// postgresql is apart from the table because no test runs without it.
var postgresql = peer{
	name: "PostgreSQL",
	packages: map[string]string{
		"apt-get": "postgresql", "dnf": "postgresql-server", "apk": "postgresql", "brew": "postgresql@17",
	},
}

// table are the other peers. Add a line here when a test begins to use one.
var table = []peer{
	{
		name: "C compiler", room: ".", needs: []string{"cc"}, // of the race detector
		packages: map[string]string{"apt-get": "gcc libc6-dev", "dnf": "gcc", "apk": "gcc musl-dev"},
	},
	{
		name: "Varnish", room: "cachehttp/purge",
		needs:    []string{"varnishd", "cc", "/usr/lib*/*/varnish/vmods/libvmod_xkey.so"},
		packages: map[string]string{"apt-get": "varnish varnish-modules gcc libc6-dev"},
	},
}

// missing names the first need that this machine does not meet, or "".
func (p peer) missing() string {
	for _, need := range p.needs {
		found := false
		if filepath.IsAbs(need) {
			hits, err := filepath.Glob(need)
			found = err == nil && len(hits) > 0
		} else {
			_, err := exec.LookPath(need)
			found = err == nil
		}
		if !found {
			return need
		}
	}
	return ""
}

// peers looks for every peer of the table, installs them all when CI=true, and
// settles whether the race detector can be used.
func (c *checker) peers(ctx context.Context) error {
	var absent []peer
	for _, p := range table {
		if !c.uses(p) {
			continue
		}
		if p.missing() == "" {
			c.say("     %s found", p.name)
		} else {
			absent = append(absent, p)
		}
	}
	if c.ci && len(absent) > 0 {
		if err := c.install(ctx, absent...); err != nil {
			c.fail("peers", err.Error())
		}
	}
	for _, p := range absent {
		switch need := p.missing(); {
		case need == "":
			c.say("     %s installed", p.name)
		case c.ci:
			c.fail("peer "+p.name, need+" is missing")
		default:
			c.skip("peer "+p.name, fmt.Sprintf("%s is missing; tests of %s that talk to it are left out%s", need, p.room, hint(p)))
		}
	}
	// go list refuses -race where the platform or cgo does not allow it.
	_, err := output(ctx, c.dir, nil, "go", "list", "-race", "errors")
	if cc, e := output(ctx, c.dir, nil, "go", "env", "CC"); err == nil && e == nil {
		_, err = exec.LookPath(strings.Fields(cc + " cc")[0])
	}
	c.race = err == nil
	if c.race {
		return nil
	}
	if c.ci {
		c.fail("race detector", err.Error())
	} else {
		c.note("tests ran without -race: %s", lastLine(err.Error()))
	}
	return nil
}

// uses reports whether a room of the tree needs the peer.
func (c *checker) uses(p peer) bool {
	return slices.ContainsFunc(c.files, func(name string) bool { return within(name, p.room) })
}

// postgres settles GLUEFUL_TEST_DSN for the tests and returns what ends the
// server it started.
func (c *checker) postgres(ctx context.Context) (stop func() error, err error) {
	nothing := func() error { return nil }
	if os.Getenv("GLUEFUL_TEST_DSN") != "" {
		c.say("     PostgreSQL from GLUEFUL_TEST_DSN")
		return nothing, nil
	}
	if _, err := cluster.Find(); errors.Is(err, cluster.ErrNoBinaries) {
		if err := c.bring(ctx); err != nil {
			return nil, err
		}
	}
	server, err := cluster.Start(ctx, cluster.Options{Settings: map[string]string{"max_connections": "300"}})
	if err != nil {
		return nil, err
	}
	c.say("     PostgreSQL from a throw-away cluster")
	c.env = append(c.env, "GLUEFUL_TEST_DSN="+server.DSN())
	return server.Close, nil
}

// bring installs PostgreSQL if that is wanted.
func (c *checker) bring(ctx context.Context) error {
	line, err := installLine(postgresql)
	if err != nil {
		return fmt.Errorf("PostgreSQL is missing: install its server, or set GLUEFUL_TEST_DSN, and run this again")
	}
	if !c.ci && !c.yes && !ask(fmt.Sprintf("PostgreSQL is missing. Run %q?", line)) {
		return fmt.Errorf("PostgreSQL is missing: type \"go run ./internal/check -y\", which runs %q, or set GLUEFUL_TEST_DSN", line)
	}
	return c.install(ctx, postgresql)
}
