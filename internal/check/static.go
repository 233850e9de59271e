package main

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// static runs everything that needs no test. Vetting comes first, one module
// after the other: it compiles what all the others read, and two modules at
// once would compile the rooms they share twice.
func (c *checker) static(ctx context.Context) {
	var tools, vuln error
	c.stage("gofmt", func() error { c.gofmt(); return nil })
	c.stage("vet", func() error { c.vet(ctx); return nil })
	c.stage("tools", func() error { tools = c.tools(ctx); return nil })
	if tools != nil {
		c.fail("tools", tools.Error())
		return
	}
	vuln = c.vulndb(ctx)
	var jobs []func()
	for _, m := range c.modules {
		jobs = append(jobs, func() { c.check(ctx, m, "tidy", "go", "mod", "tidy", "-diff") })
		if len(m.files) == 0 {
			continue
		}
		jobs = append(jobs, func() { c.check(ctx, m, "staticcheck", filepath.Join(c.bin, "staticcheck"), "./...") })
		if vuln == nil {
			jobs = append(jobs, func() { c.govulncheck(ctx, m) })
		}
		if m.dir == bench {
			jobs = append(jobs, func() { c.check(ctx, m, "build", "go", "build", "-o", os.DevNull, "./...") })
		}
	}
	c.stage("tidy, staticcheck, govulncheck", func() error { parallel(runtime.GOMAXPROCS(0), jobs); return nil })
	if vuln != nil {
		c.skip("govulncheck", vuln.Error())
	}
}

// check runs one command over one module and counts it.
func (c *checker) check(ctx context.Context, m module, what, name string, args ...string) {
	c.checkEnv(ctx, m.dir, nil, what+" "+m.dir, name, args...)
}

func (c *checker) checkEnv(ctx context.Context, dir string, env []string, label, name string, args ...string) {
	begin := time.Now()
	cmd := prepare(ctx, filepath.Join(c.dir, dir), append(env, c.env...), name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.fail(label, fmt.Sprintf("%s\n%v", strings.TrimSpace(string(out)), err))
		return
	}
	c.pass(1)
	if c.verbose {
		c.say("ok   %s (%.1f s)", label, time.Since(begin).Seconds())
	}
}

// vet vets each module alone, then all extensions through their workspace.
func (c *checker) vet(ctx context.Context) {
	for _, m := range c.modules {
		if len(m.files) > 0 {
			c.check(ctx, m, "vet", "go", "vet", "./...")
		}
	}
	for _, name := range c.files {
		if name == "ext/go.work" && len(c.only) == 0 {
			env := []string{"GOWORK=" + filepath.Join(c.dir, "ext", "go.work")}
			c.checkEnv(ctx, "ext", env, "vet work", "go", "vet", "work")
		}
	}
}

// gofmt compares each tracked Go file with its formatted form.
func (c *checker) gofmt() {
	for _, m := range c.modules {
		var bad []string
		for _, name := range m.files {
			if err := formatted(filepath.Join(c.dir, name)); err != nil {
				bad = append(bad, fmt.Sprintf("%s: %v", name, err))
			}
		}
		if len(bad) > 0 {
			c.fail("gofmt "+m.dir, strings.Join(bad, "\n"))
		} else if len(m.files) > 0 {
			c.pass(1)
		}
	}
}

func formatted(file string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if strings.Contains(filepath.ToSlash(file), "/testdata/") {
		return nil // what tools must cope with
	}
	want, err := format.Source(src)
	if err == nil && !bytes.Equal(src, want) {
		err = fmt.Errorf("run gofmt -w")
	}
	return err
}

// tools builds staticcheck and govulncheck at the versions that their module
// pins.
func (c *checker) tools(ctx context.Context) error {
	_, err := output(ctx, filepath.Join(c.dir, "internal", "tools"), nil, "go", "build", "-o", c.bin+string(filepath.Separator), "tool")
	return err
}

// govulncheck looks for known vulnerabilities that the module's code reaches.
// That x/crypto has one in a package we do not use is no fault of ours, so
// whole modules are not asked for.
func (c *checker) govulncheck(ctx context.Context, m module) {
	args := []string{"./..."}
	if db := os.Getenv("GOVULNDB"); db != "" {
		args = []string{"-db", db, "./..."}
	}
	c.check(ctx, m, "govulncheck", filepath.Join(c.bin, "govulncheck"), args...)
}

// vulndb says why govulncheck cannot run, or nil. A database that GOVULNDB
// names is taken at its word: govulncheck fails if it does not answer.
func (c *checker) vulndb(ctx context.Context) error {
	if os.Getenv("GOVULNDB") != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://vuln.go.dev/index/db.json", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("https://vuln.go.dev does not answer; GOVULNDB may name another database")
}

// parallel runs the jobs on n workers and waits for all.
func parallel(n int, jobs []func()) {
	queue := make(chan func(), len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for j := range queue {
				j()
			}
		})
	}
	all.Wait()
}
