package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

const newUsage = `usage: glueful new [flags] name

Writes an application into the new folder name: a bookshop on one SQLite file,
or on PostgreSQL when DATABASE_URL says so.

flags:
  -serve           also build it, make and fill the database, and run it
  -addr HOST:PORT  where -serve listens (default 127.0.0.1:8080)
  -in DIR          the folder to make it in (default the current one)
  -module PATH     the module path (default the name)
  -replace DIR     use the checkout of glueful-go in DIR
  -version V       use the release V of glueful-go
  -n               list what would be written and exit with 3
`

//go:embed all:_app
var app embed.FS

// newFlags are what the user asked for.
type newFlags struct {
	serve            bool
	addr, in, module string
	replace, version string
	dry              bool
}

func runNew(ctx context.Context, env environment, args []string) error {
	var f newFlags
	fs := flag.NewFlagSet("new", flag.ContinueOnError)
	fs.BoolVar(&f.serve, "serve", false, "")
	fs.StringVar(&f.addr, "addr", "", "")
	fs.StringVar(&f.in, "in", ".", "")
	fs.StringVar(&f.module, "module", "", "")
	fs.StringVar(&f.replace, "replace", "", "")
	fs.StringVar(&f.version, "version", "", "")
	fs.BoolVar(&f.dry, "n", false, "")
	words, err := parseFlags(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(env.stdout, newUsage)
		return err
	}
	if err != nil {
		return err
	}
	name, err := f.check(words)
	if err != nil {
		return err
	}
	p, err := f.plan(name)
	if err != nil {
		return err
	}
	return f.carryOut(ctx, env, p)
}

// check refuses calls that say too little, too much or two things at once.
func (f *newFlags) check(words []string) (name string, err error) {
	switch {
	case len(words) == 0:
		return "", usagef("new wants a name: glueful new shop")
	case len(words) > 1:
		return "", usagef("new wants one name, not %d: %s", len(words), quoteList(words, 5))
	case f.replace != "" && f.version != "":
		return "", usagef("-replace and -version exclude each other")
	case f.dry && f.serve:
		return "", usagef("-n and -serve exclude each other")
	case f.addr != "" && !f.serve:
		return "", usagef("-addr says where -serve listens; without it nothing does")
	case f.version != "" && !isVersion(f.version):
		return "", usagef("-version %q: want a release like v1.2.3", f.version)
	}
	if f.addr == "" {
		f.addr = "127.0.0.1:8080"
	}
	if err := checkAddr(f.addr); err != nil {
		return "", err
	}
	if err := checkName(words[0]); err != nil {
		return "", err
	}
	if f.module == "" {
		f.module = words[0]
	}
	if f.module == modulePath || strings.HasPrefix(f.module, modulePath+"/") {
		return "", usagef("-module %s: that is the framework's own path", f.module)
	}
	return words[0], checkModule(f.module)
}

// plan reads the template and completes it.
func (f *newFlags) plan(name string) (*plan, error) {
	parent, err := filepath.Abs(f.in)
	if err != nil {
		return nil, err
	}
	p := &plan{parent: parent, name: name}
	if err := p.check(); err != nil {
		return nil, err
	}
	from := origin{version: f.version}
	if f.version == "" {
		if from, err = findOrigin(f.replace); err != nil {
			return nil, err
		}
	}
	err = fs.WalkDir(app, "_app", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := app.ReadFile(path)
		if err != nil {
			return err
		}
		target := strings.TrimPrefix(path, "_app/")
		if target == "go.mod.txt" {
			text, err := from.goMod(string(data), f.module, filepath.Join(parent, name))
			p.files = append(p.files, file{"go.mod", []byte(text)})
			return err
		}
		p.files = append(p.files, file{strings.TrimSuffix(target, ".txt"), f.rename(data, target, name)})
		return nil
	})
	return p, err
}

// rename puts the app's own module path and name in the place of "shop".
func (f *newFlags) rename(data []byte, path, name string) []byte {
	switch filepath.Ext(path) {
	case ".go":
		return bytes.ReplaceAll(data, []byte(`"shop/`), []byte(`"`+f.module+`/`))
	case ".md", ".example":
		return bytes.ReplaceAll(data, []byte("shop.db"), []byte(name+".db"))
	}
	return data
}

func (f *newFlags) carryOut(ctx context.Context, env environment, p *plan) error {
	p.list(env.stdout)
	if f.dry {
		return errPending
	}
	if err := p.apply(); err != nil {
		return err
	}
	dir := filepath.Join(f.in, p.name)
	if f.serve {
		return serveApp(ctx, env, dir, f.addr)
	}
	fmt.Fprintf(env.stdout, "\nnext:\n  cd %s && go run . -seed\n", dir)
	return nil
}
