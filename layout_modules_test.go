package glueful_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// language is the go line of every module: x/crypto and x/time ask for it.
const language = "1.26.0"

// direct are the modules that the root may require, and why.
var direct = map[string]string{
	"github.com/lib/pq":        "PostgreSQL",
	"golang.org/x/time":        "waiting for one bucket's tokens",
	"golang.org/x/crypto":      "password hashing",
	"github.com/google/go-cmp": "tests",
}

// indirect are those that come along: argon2 needs x/sys.
var indirect = []string{"golang.org/x/sys"}

// A modFile is what the go command says of a go.mod or go.work.
type modFile struct {
	Module  struct{ Path string }
	Go      string
	Require []struct {
		Path     string
		Indirect bool
	}
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
	Exclude           []struct{ Path string }
	Tool              []struct{ Path string }
	Use               []struct{ DiskPath string }
	Toolchain, Ignore any
}

// readMod parses the text by the go command; kind is mod or work.
func readMod(t *testing.T, kind, text string) (m modFile) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "go."+kind)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", kind, "edit", "-json", file).Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		t.Fatalf("go %s edit: %v", kind, err)
	}
	return m
}

// rootFaults says what is wrong with the root's go.mod.
func rootFaults(m modFile) (faults []string) {
	for _, r := range m.Require {
		if _, ok := direct[r.Path]; !ok && !(r.Indirect && slices.Contains(indirect, r.Path)) {
			faults = append(faults, r.Path+" is none of our requirements")
		}
	}
	if len(m.Replace)+len(m.Exclude)+len(m.Tool) > 0 || m.Toolchain != nil {
		faults = append(faults, "replace, exclude, tool and toolchain lines do not belong here")
	}
	if m.Module.Path != home || m.Go != language {
		faults = append(faults, fmt.Sprintf("module %s with go %s, want %s with go %s", m.Module.Path, m.Go, home, language))
	}
	return faults
}

func TestRequirements(t *testing.T) {
	for _, fault := range rootFaults(readMod(t, "mod", tracked(t)["go.mod"])) {
		t.Error(fault)
	}
	good := "module " + home + "\n\ngo " + language + "\n"
	for name, planted := range map[string]string{
		"another requirement": good + "require github.com/stretchr/testify v1.10.0\n",
		"another indirect":    good + "require golang.org/x/net v0.40.0 // indirect\n",
		"direct x/sys":        good + "require golang.org/x/sys v0.30.0\n",
		"replace":             good + "replace github.com/lib/pq => ../pq\n",
		"tool":                good + "tool honnef.co/go/tools/cmd/staticcheck\n",
		"older language":      "module " + home + "\n\ngo 1.25.0\n",
	} {
		if got := rootFaults(readMod(t, "mod", planted)); len(got) != 1 {
			t.Errorf("planted %s: found %q, want one fault", name, got)
		}
	}
}

// moduleFaults says what is wrong with the go.mod of a nested module in dir.
func moduleFaults(dir string, m modFile) (faults []string) {
	if want := home + "/" + dir; m.Module.Path != want || m.Go != language {
		faults = append(faults, fmt.Sprintf("%s: module %s with go %s, want %s with go %s", dir, m.Module.Path, m.Go, want, language))
	}
	replaced := map[string]bool{}
	for _, r := range m.Replace {
		rel, ours := strings.CutPrefix(r.Old.Path+"/", home+"/")
		if !ours || path.Join(dir, r.New.Path) != path.Clean(rel) {
			faults = append(faults, fmt.Sprintf("%s: replaces %s by %s", dir, r.Old.Path, r.New.Path))
		}
		replaced[r.Old.Path] = true
	}
	for _, r := range m.Require {
		if (r.Path == home || strings.HasPrefix(r.Path, home+"/")) && !replaced[r.Path] {
			faults = append(faults, fmt.Sprintf("%s: requires %s without a replace", dir, r.Path))
		}
	}
	if under(dir, "ext") && !replaced[home] {
		faults = append(faults, dir+": does not replace the root")
	}
	return faults
}

// workFaults says what is wrong with ext/go.work for these extensions.
func workFaults(extensions []string, w modFile) (faults []string) {
	var used []string
	for _, u := range w.Use {
		used = append(used, path.Join("ext", filepath.ToSlash(u.DiskPath)))
	}
	want := append([]string{"."}, extensions...)
	slices.Sort(used)
	slices.Sort(want)
	if !slices.Equal(used, want) {
		faults = append(faults, fmt.Sprintf("ext/go.work uses %q, want %q", used, want))
	}
	if w.Go != language || len(w.Replace) > 0 {
		faults = append(faults, fmt.Sprintf("ext/go.work says go %s and replaces %d modules, want %s and none", w.Go, len(w.Replace), language))
	}
	return faults
}

func TestModules(t *testing.T) {
	files := tracked(t)
	var extensions []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		dir := path.Dir(name)
		if path.Base(name) != "go.mod" || dir == "." || slices.Contains(strings.Split(dir, "/"), "testdata") {
			continue
		}
		if !inModule(dir) {
			t.Errorf("%s: a nested module outside ext; see the list in layout_test.go", dir)
		}
		if under(dir, "ext") {
			extensions = append(extensions, dir)
		}
		for _, fault := range moduleFaults(dir, readMod(t, "mod", files[name])) {
			t.Error(fault)
		}
	}
	for name := range files {
		if parts := strings.Split(name, "/"); parts[0] == "ext" && len(parts) > 2 && files["ext/"+parts[1]+"/go.mod"] == "" {
			t.Errorf("%s: every folder below ext is a module, and this one is none", name)
		}
	}
	if work, ok := files["ext/go.work"]; ok || len(extensions) > 0 {
		for _, fault := range workFaults(extensions, readMod(t, "work", work)) {
			t.Error(fault)
		}
	}
	plantedModules(t)
}

func plantedModules(t *testing.T) {
	head := "module " + home + "/ext/x\n\ngo " + language + "\n"
	up := "replace " + home + " => ../..\n"
	for name, planted := range map[string]string{
		"no replace":           head,
		"replace elsewhere":    head + "replace " + home + " => ../../../other\n",
		"replace of a library": head + up + "replace github.com/lib/pq => ../pq\n",
		"requires a neighbour": head + up + "require " + home + "/ext/y v0.0.0\n",
		"older language":       strings.Replace(head, language, "1.25.0", 1) + up,
		"another path":         strings.Replace(head, "ext/x", "ext/y", 1) + up,
	} {
		if got := moduleFaults("ext/x", readMod(t, "mod", planted)); len(got) != 1 {
			t.Errorf("planted %s: found %q, want one fault", name, got)
		}
	}
	for name, planted := range map[string]string{
		"forgotten module": "go " + language + "\nuse ..\n",
		"unknown module":   "go " + language + "\nuse (\n..\n./x\n./y\n)\n",
		"older language":   "go 1.25.0\nuse (\n..\n./x\n)\n",
	} {
		if got := workFaults([]string{"ext/x"}, readMod(t, "work", planted)); len(got) != 1 {
			t.Errorf("planted %s: found %q, want one fault", name, got)
		}
	}
}

// TestCopy keeps the promise that a room can be copied: each island with its
// folders, and with the islands that those import, becomes a module of its own,
// where its tests run without network, database or the rest of this repository.
func TestCopy(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: every island is compiled once more")
	}
	files := tracked(t)
	for _, island := range islands(files) {
		t.Run(island[0], func(t *testing.T) {
			t.Parallel()
			if fault := settle(t, files, island); fault != "" {
				t.Error(fault)
			}
		})
	}
	mods := tree{"go.mod": files["go.mod"], "go.sum": files["go.sum"]}
	for want, planted := range map[string]tree{
		"module lookup disabled": {"a/a.go": "package a\nimport _ \"" + home + "/errs\"", "a/a_test.go": works},
		"0 tests passed":         {"a/a.go": "package a"},
		"--- FAIL: TestA":        {"a/a_test.go": strings.Replace(works, "{}", "{ t.Fail() }", 1)},
		"go vet":                 {"a/a.go": "package a\nfunc f() { return; f() }", "a/a_test.go": works},
	} {
		t.Run("planted: "+want, func(t *testing.T) {
			t.Parallel()
			maps.Copy(planted, mods)
			if got := settle(t, planted, []string{"a"}); !strings.Contains(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

const works = "package a\nimport \"testing\"\nfunc TestA(t *testing.T) {}"

// islands are the rooms that reach neither the root nor what is internal, each
// with the rooms that its folders import.
func islands(files tree) (all [][]string) {
	for _, top := range slices.Sorted(maps.Keys(rooms)) {
		there := slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(name string) bool {
			return under(name, top) && path.Ext(name) == ".go"
		})
		if set := closure([]string{top}); there && topRoom(top) == top && !slices.Contains(set, ".") {
			all = append(all, set)
		}
	}
	return all
}

// closure adds the rooms that the table lets these and their folders import.
func closure(set []string) []string {
	for i := 0; i < len(set); i++ {
		for dir, r := range rooms {
			if !under(dir, set[i]) {
				continue
			}
			for _, to := range strings.Fields(strings.ReplaceAll(r.imports, "*", ".")) {
				if strings.Contains(topRoom(to), ".") && to != "." {
					continue // a module
				}
				if !slices.Contains(set, topRoom(to)) {
					set = append(set, topRoom(to))
				}
			}
		}
	}
	return set
}

// settle copies the rooms into an empty module and runs their tests there. It
// returns what went wrong, or "".
func settle(t *testing.T, files tree, set []string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		switch top := topRoom(name); {
		case name == "go.mod":
			text = strings.Replace(text, home, "island.example", 1)
		case name == "go.sum":
		case !slices.Contains(set, top) || top == name:
			continue
		case path.Ext(name) == ".go":
			text = moved(text, set)
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := alone(dir, "vet", "./...").CombinedOutput(); err != nil {
		return fmt.Sprintf("go vet: %v\n%s", err, out)
	}
	out, err := alone(dir, "test", "-short", "-json", "./...").CombinedOutput()
	if ran, text := outcome(out); err != nil || ran == 0 {
		return fmt.Sprintf("go test: %v, %d tests passed\n%s", err, ran, text)
	}
	return ""
}

// moved changes the import paths of the rooms, and nothing else.
func moved(text string, set []string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return text // data that only looks like Go
	}
	for _, spec := range slices.Backward(file.Imports) {
		p, err := strconv.Unquote(spec.Path.Value)
		to, ours := strings.CutPrefix(p, home+"/")
		if err == nil && ours && slices.Contains(set, topRoom(to)) {
			from, end := int(spec.Path.Pos())-1, int(spec.Path.End())-1
			text = text[:from] + strconv.Quote("island.example/"+to) + text[end:]
		}
	}
	return text
}

// alone is a go command that sees the folder, the module cache and nothing that
// our tests are steered by. Without paths in its objects, the build cache knows
// an island again in its next folder.
func alone(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name != "CI" && !strings.HasPrefix(name, "GLUEFUL_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "GOFLAGS=-mod=mod -trimpath", "GOPROXY=off", "GOWORK=off", "PWD="+dir)
	return cmd
}

// outcome counts the tests that passed in the output of go test -json, and
// puts the text together again.
func outcome(out []byte) (ran int, text string) {
	var b strings.Builder
	events := json.NewDecoder(bytes.NewReader(out))
	for {
		var e struct{ Action, Test, Output string }
		switch err := events.Decode(&e); {
		case err == io.EOF:
			return ran, b.String()
		case err != nil: // the go command itself had something to say
			return ran, b.String() + string(out)
		}
		if e.Action == "pass" && e.Test != "" {
			ran++
		}
		b.WriteString(e.Output)
	}
}
