package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A plan is a new folder and what goes into it, in the order it is listed. It is
// complete before anything is written, and appears under its name in one step.
type plan struct {
	parent string // an existing folder
	name   string // of the new one
	files  []file
}

type file struct {
	name string // slash-separated, below the new folder
	data []byte
}

// check refuses a target that exists, unless it is an empty folder.
func (p *plan) check() error {
	info, err := os.Stat(p.parent)
	if err != nil {
		return fmt.Errorf("the folder %s cannot be used: %w", p.parent, cause(err))
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", p.parent)
	}
	target := filepath.Join(p.parent, p.name)
	info, err = os.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s cannot be looked at: %w", target, cause(err))
	}
	if !info.IsDir() {
		return fmt.Errorf("%s exists and is not a folder; choose another name or remove it", target)
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", target, cause(err))
	}
	if len(entries) > 0 {
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return fmt.Errorf("%s exists and holds %s; choose another name or empty it", target, quoteList(names, 3))
	}
	return nil
}

// list prints a line per file.
func (p *plan) list(w io.Writer) {
	for _, f := range p.files {
		fmt.Fprintf(w, "  create  %s\n", path.Join(p.name, f.name))
	}
}

// apply writes everything into a hidden folder beside the target and renames it.
// Nothing can be written outside of that folder, and after an error it is gone.
func (p *plan) apply() (err error) {
	work, err := os.MkdirTemp(p.parent, "."+p.name+".new-*")
	if err != nil {
		return fmt.Errorf("cannot write in %s: %w", p.parent, cause(err))
	}
	defer func() {
		if err != nil {
			os.RemoveAll(work)
		}
	}()
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	if err := p.write(work); err != nil {
		return err
	}
	target := filepath.Join(p.parent, p.name)
	// An empty folder may stand there; Remove fails on anything else.
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is in the way: %w", target, cause(err))
	}
	if err := os.Rename(work, target); err != nil {
		return fmt.Errorf("cannot make %s: %w", target, cause(err))
	}
	return nil
}

func (p *plan) write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range p.files {
		if err := root.MkdirAll(path.Dir(f.name), 0o755); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.name, cause(err))
		}
		if err := root.WriteFile(f.name, f.data, 0o644); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.name, cause(err))
		}
	}
	return nil
}

// cause drops the operation and path of a PathError, which the sentence around it
// says already.
func cause(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
