package glueful_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// home is the module path in front of every room.
const home = "github.com/glueful/glueful-go"

// A room is what the house rules say about one folder.
type room struct {
	imports string // rooms and modules beyond std that its code may import; "*" is every room
	names   int    // exported package-level names; 0 means 40
	lines   int    // lines of code, without tests, blank lines and comments; 0 means 1500
}

// rooms are all folders of the root module that hold Go, but for the shared
// suites (*test) and the internal folders of a room. A folder below a room may
// import the room and its other folders; a test may also import lib/pq and
// go-cmp. Only the root's own tests, commands and tests below internal may
// import what is internal: an island that did would not survive being copied.
var rooms = map[string]room{
	".": {imports: "errs valid render project", names: 60, lines: 3500},

	"errs":           {names: 30},
	"valid":          {names: 60, lines: 4300},
	"render":         {lines: 2600},
	"render/patch":   {},
	"project":        {names: 30, lines: 2500},
	"model":          {names: 90, lines: 7200},
	"model/factory":  {},
	"model/migrate":  {},
	"model/postgres": {imports: "github.com/lib/pq"},

	"limit":              {imports: "golang.org/x/time/rate", names: 30, lines: 2200},
	"limit/sqlstore":     {},
	"cachehttp":          {names: 30, lines: 2500},
	"cachehttp/purge":    {},
	"cachehttp/sqlstore": {},
	"cachehttp/tagged":   {},
	"hook":               {},
	"hook/outbox":        {imports: "queue"},
	"queue":              {},

	"auth":          {},
	"auth/apikey":   {},
	"auth/jwt":      {},
	"auth/otp":      {},
	"auth/password": {imports: "golang.org/x/crypto/argon2 golang.org/x/crypto/bcrypt"},
	"auth/session":  {},

	"async":  {},
	"config": {},
	"health": {},

	"gluefultest": {imports: "."},
	"openapi":     {imports: ". render valid"},
	"ops":         {imports: "*"},

	"cmd/glueful":      {imports: "internal", lines: 6000},
	"internal/check":   {imports: "internal/cluster"},
	"internal/cluster": {},
	"internal/wire":    {},
}

// nested are the folders below internal that are modules of their own; every
// folder below ext is one too.
var nested = []string{"internal/bench", "internal/conformance", "internal/tools"}

// others are the top-level folders that need not hold Go.
var others = []string{".ci", "cmd", "doc", "ext", "internal", "schema", "testdata"}

const (
	maxFile = 700 // lines of any Go file
	maxFunc = 80  // lines of a function outside tests
)

// A tree is the text of files by slash-separated path.
type tree map[string]string

// A source is one parsed Go file.
type source struct {
	path, dir string
	text      string
	test      bool // a _test.go file
	set       *token.FileSet
	file      *ast.File
}

// tracked reads the tracked files: an app that was generated in the clone is
// not ours.
func tracked(t *testing.T) tree {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil || len(out) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("git ls-files: %v", err)
		}
		t.Skip("the layout is that of a git checkout, and this is none")
	}
	files := tree{}
	for name := range strings.SplitSeq(strings.Trim(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	return files
}

// sources parses the Go files that the go command sees: not what is data, and
// not the templates of generated apps.
func (f tree) sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	for _, name := range slices.Sorted(maps.Keys(f)) {
		hidden := func(part string) bool { return part == "testdata" || part[0] == '_' || part[0] == '.' }
		if path.Ext(name) != ".go" || slices.ContainsFunc(strings.Split(name, "/"), hidden) {
			continue
		}
		s := &source{path: name, dir: path.Dir(name), text: f[name], test: strings.HasSuffix(name, "_test.go"), set: token.NewFileSet()}
		var err error
		if s.file, err = parser.ParseFile(s.set, name, s.text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// inModule reports whether dir lies in a nested module.
func inModule(dir string) bool {
	return strings.HasPrefix(dir, "ext/") || slices.ContainsFunc(nested, func(m string) bool { return under(dir, m) })
}

func under(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

// topRoom is the top-level room of a folder: model of model/postgres.
func topRoom(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// isSuite reports whether dir holds a shared test suite.
func isSuite(dir string) bool { return strings.HasSuffix(dir, "test") }

// A rule finds what breaks it. Each of the planted trees breaks it once.
type rule struct {
	name    string
	find    func([]*source) []string
	planted []tree
}

// oneFile is a tree of one file.
func oneFile(path, text string) tree { return tree{path: text} }

var rules = []rule{
	{"no unknown folder", unknownFolders, []tree{
		oneFile("surprise/surprise.go", "package surprise"),
		oneFile("errs/surprise/surprise.go", "package surprise"),
		oneFile("surprise/surprisetest/surprise.go", "package surprisetest"),
		oneFile("internal/surprise/surprise.go", "package surprise"),
	}},
	{"imports as the table allows", wrongImports, []tree{
		oneFile("errs/another_room.go", "package errs\nimport _ \""+home+"/model\""),
		oneFile("errs/the_root.go", "package errs\nimport _ \""+home+"\""),
		oneFile("errs/internal.go", "package errs\nimport _ \""+home+"/internal/cluster\""),
		oneFile("errs/another_room_test.go", "package errs\nimport _ \""+home+"/valid\""),
		oneFile("model/a_driver.go", "package model\nimport _ \"github.com/lib/pq\""),
		oneFile("errs/unsafe.go", "package errs\nimport _ \"unsafe\""),
		oneFile("ext/redis/unsafe.go", "package redis\nimport _ \"unsafe\""),
		oneFile("errs/testing.go", "package errs\nimport _ \"testing\""),
		oneFile("limit/the_suite.go", "package limit\nimport _ \""+home+"/limit/limittest\""),
		oneFile("ext/redis/another_extension.go", "package redis\nimport _ \""+home+"/ext/sqlite\""),
		oneFile("ext/redis/internal_test.go", "package redis\nimport _ \""+home+"/internal/cluster\""),
	}},
	{"one package comment each", packageComments, []tree{
		oneFile("errs/none.go", "package errs"),
		{"errs/a.go": "// Package errs is one.\npackage errs", "errs/b.go": "// Package errs is two.\npackage errs"},
	}},
	{"short files", longFiles, []tree{oneFile("errs/a_test.go", "package errs"+strings.Repeat("\n", maxFile+1))}},
	{"short functions", longFuncs, []tree{oneFile("errs/a.go", "package errs\nfunc f() {"+strings.Repeat("\n", maxFunc)+"}")}},
	{"few exported names", manyNames, []tree{oneFile("errs/a.go", "package errs\nvar "+letters(31)+" int")}},
	{"small rooms", bigRooms, []tree{{
		"errs/a.go":     "package errs" + strings.Repeat("\nvar _ int", 1500),
		"errs/sub/b.go": "package sub" + strings.Repeat("\n// why\n", 1500),
	}}},
	{"every exported name documented", undocumented, []tree{
		oneFile("errs/a.go", "package errs\nfunc F() {}"),
		oneFile("errs/a.go", "package errs\n// T is a type.\ntype T int\nfunc (t *T) M() {}"),
		oneFile("errs/a.go", "package errs\nconst (\n\tA = 1 // is one\n\tB = 2\n)"),
		oneFile("errs/a.go", "package errs\n// Both are types.\ntype (\n\t// T is a type.\n\tT int\n\tU int\n)"),
	}},
	{"nothing postponed", postponed, []tree{oneFile("errs/a.go", "package errs\n// TO"+"DO: later")}},
	{"no linkname", linknames, []tree{oneFile("errs/a.go", "package errs\n//go:"+"linkname f runtime.f")}},
}

func TestLayout(t *testing.T) {
	all := tracked(t).sources(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, fault := range r.find(all) {
				t.Error(fault)
			}
			for _, p := range r.planted {
				if got := r.find(p.sources(t)); len(got) != 1 {
					t.Errorf("planted %v: found %d faults %q, want 1", slices.Sorted(maps.Keys(p)), len(got), got)
				}
			}
		})
	}
}

// packages groups files by folder, in order.
func packages(all []*source) (dirs []string, by map[string][]*source) {
	by = map[string][]*source{}
	for _, s := range all {
		by[s.dir] = append(by[s.dir], s)
	}
	return slices.Sorted(maps.Keys(by)), by
}

func unknownFolders(all []*source) (faults []string) {
	dirs, _ := packages(all)
	for _, dir := range dirs {
		_, known := rooms[dir]
		_, ours := rooms[topRoom(dir)]
		part := ours && (isSuite(dir) || strings.Contains(dir, "/internal/"))
		if !known && !part && !inModule(dir) && !under(dir, "cmd/glueful") {
			faults = append(faults, dir+": no room of this name; see the table in layout_test.go")
		}
	}
	return faults
}

func wrongImports(all []*source) (faults []string) {
	for _, s := range all {
		for _, spec := range s.file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has accepted it
			}
			if why := s.refuses(p); why != "" {
				faults = append(faults, fmt.Sprintf("%s: imports %s: %s", s.set.Position(spec.Pos()), p, why))
			}
		}
	}
	return faults
}

// refuses says why the file must not import p, or "".
func (s *source) refuses(p string) string {
	to, ours := strings.CutPrefix(p, home+"/")
	if p == home {
		to, ours = ".", true
	}
	first, _, _ := strings.Cut(p, "/")
	switch {
	case p == "unsafe":
		return "nothing here needs it"
	case (p == "testing" || strings.HasPrefix(p, "testing/")) && !s.test && !isSuite(s.dir) && !inModule(s.dir):
		return "it belongs in tests and *test folders"
	case !ours && !strings.Contains(first, "."):
		return "" // std
	case ours && isSuite(to) && !s.test && !isSuite(s.dir):
		return "a suite belongs in tests"
	case inModule(s.dir):
		if ours && under(s.dir, "ext") && (topRoom(to) == "internal" || topRoom(to) == "ext" && !under(s.dir, to) && !under(to, s.dir)) {
			return "an extension imports rooms alone"
		}
		return ""
	case s.allows(p, to, ours):
		return ""
	default:
		return "the table in layout_test.go does not allow it"
	}
}

// allows asks the table.
func (s *source) allows(p, to string, ours bool) bool {
	list := strings.Fields(rooms[s.dir].imports)
	if under(s.dir, "cmd/glueful") {
		list = strings.Fields(rooms["cmd/glueful"].imports)
	}
	if !ours {
		driver := p == "github.com/lib/pq" || p == "github.com/google/go-cmp/cmp"
		return slices.Contains(list, p) || driver && s.test
	}
	if topRoom(to) == "internal" {
		return slices.Contains(list, to) || slices.Contains(list, "internal") || s.test && (s.dir == "." || topRoom(s.dir) == "internal")
	}
	same := topRoom(to) == topRoom(s.dir)
	return same || slices.Contains(list, "*") || slices.Contains(list, to) || s.test && (s.dir == "." || slices.Contains(list, "."))
}

func packageComments(all []*source) (faults []string) {
	dirs, by := packages(all)
	for _, dir := range dirs {
		var with []string
		code := false
		for _, s := range by[dir] {
			if s.test {
				continue
			}
			code = true
			if s.file.Doc != nil {
				with = append(with, path.Base(s.path))
			}
		}
		if code && len(with) != 1 {
			faults = append(faults, fmt.Sprintf("%s: want one package comment, found %d %v", dir, len(with), with))
		}
	}
	return faults
}

func longFiles(all []*source) (faults []string) {
	for _, s := range all {
		if n := strings.Count(s.text, "\n"); n > maxFile {
			faults = append(faults, fmt.Sprintf("%s: %d lines, want at most %d", s.path, n, maxFile))
		}
	}
	return faults
}

func longFuncs(all []*source) (faults []string) {
	for _, s := range all {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || s.test {
				continue
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > maxFunc {
				faults = append(faults, fmt.Sprintf("%s: %s has %d lines, want at most %d", s.path, f.Name.Name, n, maxFunc))
			}
		}
	}
	return faults
}

// letters is a list of n exported names.
func letters(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "A" + strconv.Itoa(i)
	}
	return strings.Join(list, ", ")
}

func manyNames(all []*source) (faults []string) {
	dirs, by := packages(all)
	for _, dir := range dirs {
		names := map[string]bool{}
		for _, s := range by[dir] {
			for _, n := range s.exported() {
				if !n.method {
					names[n.name] = true
				}
			}
		}
		if limit := cmp.Or(rooms[dir].names, 40); len(names) > limit {
			faults = append(faults, fmt.Sprintf("%s: %d exported names, want at most %d", dir, len(names), limit))
		}
	}
	return faults
}

// bigRooms counts the code of each folder: what has to be understood, not what
// explains it.
func bigRooms(all []*source) (faults []string) {
	lines := map[string]int{}
	for _, s := range all {
		if s.test || isSuite(s.dir) || inModule(s.dir) {
			continue
		}
		for line := range strings.Lines(s.text) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				lines[s.dir]++
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(lines)) {
		if limit := cmp.Or(rooms[dir].lines, 1500); lines[dir] > limit {
			faults = append(faults, fmt.Sprintf("%s: %d lines of code, want at most %d", dir, lines[dir], limit))
		}
	}
	return faults
}

func undocumented(all []*source) (faults []string) {
	for _, s := range all {
		for _, n := range s.exported() {
			if !n.documented {
				faults = append(faults, fmt.Sprintf("%s: %s has no comment", s.set.Position(n.pos), n.name))
			}
		}
	}
	return faults
}

func linknames(all []*source) (faults []string) {
	for _, s := range all {
		if strings.Contains(s.text, "\n//go:"+"linkname ") {
			faults = append(faults, s.path+": go:"+"linkname")
		}
	}
	return faults
}

var later = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

func postponed(all []*source) (faults []string) {
	for _, s := range all {
		if at := later.FindStringIndex(s.text); at != nil {
			line := 1 + strings.Count(s.text[:at[0]], "\n")
			faults = append(faults, fmt.Sprintf("%s:%d: %s", s.path, line, s.text[at[0]:at[1]]))
		}
	}
	return faults
}

// An export is one exported declaration.
type export struct {
	name       string
	pos        token.Pos
	method     bool
	documented bool
}

// exported lists the exported names of a library's file and the exported
// methods of its exported types.
func (s *source) exported() (names []export) {
	if s.test || s.file.Name.Name == "main" {
		return nil
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
				full := d.Name.Name
				if d.Recv != nil {
					full = receiver(d) + "." + full
				}
				names = append(names, export{full, d.Pos(), d.Recv != nil, d.Doc != nil})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, specNames(d, spec)...)
			}
		}
	}
	return names
}

// specNames are the exported names of one type, const or var. One comment may
// speak for a group of constants or variables, but not for a group of types.
func specNames(d *ast.GenDecl, spec ast.Spec) (names []export) {
	group := d.Doc != nil && (len(d.Specs) == 1 || d.Tok != token.TYPE)
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() {
			names = append(names, export{spec.Name.Name, spec.Pos(), false, group || spec.Doc != nil || spec.Comment != nil})
		}
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			if n.IsExported() {
				names = append(names, export{n.Name, n.Pos(), false, group || spec.Doc != nil || spec.Comment != nil})
			}
		}
	}
	return names
}

// receiver is the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestLayout_folders(t *testing.T) {
	for name := range tracked(t) {
		dir, _, below := strings.Cut(name, "/")
		_, known := rooms[dir]
		if below && !known && !slices.Contains(others, dir) {
			t.Errorf("%s: no folder of this name; see the table in layout_test.go", name)
		}
		if bytes.ContainsAny([]byte(name), "\\:*?\"<>| ") {
			t.Errorf("%s: a name that some system cannot write", name)
		}
	}
}
