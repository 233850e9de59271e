package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

const modulePath = "github.com/glueful/glueful-go"

// origin says where the framework comes from: a released version, or a checkout
// on this machine.
type origin struct {
	version  string // "" for a checkout
	checkout string // its absolute path
}

// findOrigin asks the build information. A main module without a checksum was
// built from source that lies around here, whatever version it claims.
func findOrigin(replace string) (origin, error) {
	if replace != "" {
		dir, err := filepath.Abs(replace)
		if err != nil {
			return origin{}, err
		}
		if !isCheckout(dir) {
			return origin{}, usagef("-replace %s: no checkout of %s there", replace, modulePath)
		}
		return origin{checkout: dir}, nil
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == modulePath && info.Main.Sum != "" {
		return origin{version: info.Main.Version}, nil
	}
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			if isCheckout(dir) {
				return origin{checkout: dir}, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if _, source, _, ok := runtime.Caller(0); ok {
		if dir := filepath.Dir(filepath.Dir(filepath.Dir(source))); filepath.IsAbs(dir) && isCheckout(dir) {
			return origin{checkout: dir}, nil
		}
	}
	return origin{}, fmt.Errorf("no checkout of %s found above this folder; say where it is with -replace", modulePath)
}

func isCheckout(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	return strings.TrimSpace(string(line)) == "module "+modulePath
}

// goMod completes the template's go.mod: the module's name, and where the
// framework comes from. The path of a replacement is relative when the app lies
// inside the checkout, so that the whole can be moved.
func (o origin) goMod(template, module, appDir string) (string, error) {
	text := strings.Replace(template, "module shop\n", "module "+module+"\n", 1)
	if o.version != "" {
		return strings.ReplaceAll(text, "v0.0.0", o.version), nil
	}
	to := o.checkout
	real := resolved(appDir)
	if rel, err := filepath.Rel(resolved(o.checkout), real); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		up, err := filepath.Rel(real, resolved(o.checkout))
		if err != nil {
			return "", err
		}
		to = up
	}
	to = filepath.ToSlash(to)
	quoted := func(p string) string {
		if strings.ContainsAny(p, " \t'\"`()[]{},") {
			return fmt.Sprintf("%q", p)
		}
		return p
	}
	return text + fmt.Sprintf("\nreplace (\n\t%s => %s\n\t%s/ext/sqlite => %s\n)\n",
		modulePath, quoted(to), modulePath, quoted(to+"/ext/sqlite")), nil
}

// resolved follows symbolic links of the part of the path that exists.
func resolved(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		p = abs
	}
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return filepath.Join(resolvedParent(filepath.Dir(p)), filepath.Base(p))
}

func resolvedParent(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return p
}
