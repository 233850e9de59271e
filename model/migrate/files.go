package migrate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/glueful/glueful-go/model"
)

// script is the content of a file.
type script struct {
	text  string // "" if there is no such file
	plain bool   // runs without a transaction
}

var (
	fileName   = regexp.MustCompile(`^([0-9]{1,18})_([A-Za-z0-9_-]+)\.(up|down)\.sql$`)
	sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
)

// read returns the migrations of all sources, in order. Whatever it cannot
// make sense of is an error that names the file.
func (s Set) read(d model.Dialect) ([]Migration, error) {
	var all []Migration
	seen := map[string]bool{}
	for _, src := range s {
		if !sourceName.MatchString(src.Name) || seen[src.Name] {
			return nil, fmt.Errorf("migrate: source name %q: need lower-case letters and digits, each name once", src.Name)
		}
		seen[src.Name] = true
		if src.Files == nil {
			return nil, fmt.Errorf("migrate: source %s has no files", src.Name)
		}
		list, err := src.read(d)
		if err != nil {
			return nil, fmt.Errorf("migrate: source %s: %w", src.Name, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

func (s Source) read(d model.Dialect) ([]Migration, error) {
	dir, err := s.folder(d)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(s.Files, dir)
	if err != nil {
		return nil, err
	}
	byNumber := map[int64]*Migration{}
	for _, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".sql" {
			continue
		}
		if err := s.add(byNumber, dir, e.Name()); err != nil {
			return nil, err
		}
	}
	var list []Migration
	for _, m := range byNumber {
		if m.up.text == "" {
			return nil, fmt.Errorf("%04d_%s.down.sql has no up file", m.Number, m.Name)
		}
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b Migration) int { return cmp.Compare(a.Number, b.Number) })
	return list, nil
}

// folder returns where the files of a dialect lie.
func (s Source) folder(d model.Dialect) (string, error) {
	entries, err := fs.ReadDir(s.Files, ".")
	if err != nil {
		return "", err
	}
	var own, other, here bool
	for _, e := range entries {
		switch {
		case e.IsDir() && e.Name() == string(d):
			own = true
		case e.IsDir() && (e.Name() == string(model.Postgres) || e.Name() == string(model.SQLite)):
			other = true
		case path.Ext(e.Name()) == ".sql":
			here = true
		}
	}
	switch {
	case (own || other) && here:
		return "", fmt.Errorf("files lie beside the folders of the dialects: move them in")
	case own:
		return string(d), nil
	case other:
		return "", fmt.Errorf("there is no folder %s", d)
	}
	return ".", nil
}

// add reads one file into its migration.
func (s Source) add(byNumber map[int64]*Migration, dir, name string) error {
	part := fileName.FindStringSubmatch(name)
	if part == nil {
		return fmt.Errorf("%s: a migration is called like 0001_books.up.sql or 0001_books.down.sql", name)
	}
	number, err := strconv.ParseInt(part[1], 10, 64)
	if err != nil || number == 0 {
		return fmt.Errorf("%s: numbers start at 1", name)
	}
	data, err := fs.ReadFile(s.Files, path.Join(dir, name))
	if err != nil {
		return err // names the file
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return fmt.Errorf("%s: not UTF-8 text", name)
	}
	// A checkout that turns line ends around has not changed the migration.
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("%s: empty", name)
	}
	m := byNumber[number]
	if m == nil {
		m = &Migration{Source: s.Name, Number: number, Name: part[2]}
		byNumber[number] = m
	}
	if m.Name != part[2] {
		return fmt.Errorf("%s: number %d is also that of %s", name, number, m.Name)
	}
	first, _, _ := strings.Cut(text, "\n")
	sc := script{text: text, plain: strings.TrimSpace(first) == "-- migrate: no transaction"}
	if part[3] == "down" {
		m.down = sc
		return nil
	}
	if m.up.text != "" {
		return fmt.Errorf("%s: there are two files of number %d", name, number)
	}
	sum := sha256.Sum256([]byte(text))
	m.up, m.sum = sc, hex.EncodeToString(sum[:])
	return nil
}
