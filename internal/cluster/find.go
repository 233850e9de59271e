package cluster

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// ErrNoBinaries says that no PostgreSQL server was found on this machine.
var ErrNoBinaries = errors.New("cluster: no PostgreSQL server on this machine (initdb and postgres)")

// places are where systems put PostgreSQL's server programs off the PATH:
// Debian, PGDG's RPMs, Alpine, Homebrew three times, Postgres.app.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// Find names the folder that holds initdb and postgres: the one on the PATH,
// else the highest version in the places where systems put them. The error is
// [ErrNoBinaries].
func Find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil && complete(filepath.Dir(path)) {
		return filepath.Abs(filepath.Dir(path))
	}
	return highest(places)
}

func highest(patterns []string) (string, error) {
	best, version := "", -1.0
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		for _, dir := range found {
			if v := versionOf(dir); v > version && complete(dir) {
				best, version = dir, v
			}
		}
	}
	if best == "" {
		return "", ErrNoBinaries
	}
	return best, nil
}

// complete reports whether dir holds both programs.
func complete(dir string) bool {
	return !slices.ContainsFunc([]string{"initdb", "postgres"}, func(name string) bool {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		info, err := os.Stat(filepath.Join(dir, name))
		return err != nil || info.IsDir()
	})
}

var number = regexp.MustCompile(`\d+(\.\d+)?`)

// versionOf reads the last number in a folder's path; none counts as 0.
func versionOf(dir string) float64 {
	all := number.FindAllString(dir, -1)
	if len(all) == 0 {
		return 0
	}
	v, err := strconv.ParseFloat(all[len(all)-1], 64)
	if err != nil {
		return 0
	}
	return v
}
