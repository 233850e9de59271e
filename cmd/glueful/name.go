package main

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// reserved are names that Go, its tools or Windows keep for themselves.
var reserved = strings.Fields(`
	all builtin cmd go internal main std test testdata tool vendor work
	archive bufio bytes cmp compress container context crypto database debug embed encoding errors
	expvar flag fmt hash html image index io iter log maps math mime net os path plugin reflect
	regexp runtime slices sort strconv strings structs sync syscall testing text time unicode unique
	unsafe uuid weak
	con prn aux nul com0 com1 com2 com3 com4 com5 com6 com7 com8 com9
	lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9`)

// checkName refuses what cannot be a folder, a module path and a package's
// parent on every system. The rule is narrow on purpose: letters, digits, dash
// and underscore, beginning with a letter.
func checkName(name string) error {
	const want = "want lower-case letters, digits, - and _, beginning with a letter, at most 64"
	switch {
	case name == "":
		return usagef("the name is empty; %s", want)
	case len(name) > 64:
		return usagef("the name has %d characters; %s", len(name), want)
	case strings.ContainsAny(name, `/\`):
		return usagef("the name %q is a path; give a plain name, and the folder with -in", name)
	}
	for i := range len(name) {
		c := name[i]
		if c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '_') {
			continue
		}
		return usagef("the name %q does not fit; %s", name, want)
	}
	if token.IsKeyword(name) || slices.Contains(reserved, name) {
		return usagef("the name %q is reserved; choose another", name)
	}
	return nil
}

// checkModule refuses a module path that Go would, as far as that can be said
// without its tools: elements of letters, digits, and -._~, none of them special.
func checkModule(path string) error {
	if len(path) > 255 {
		return usagef("the module path has %d characters; at most 255", len(path))
	}
	for i, elem := range strings.Split(path, "/") {
		bad := strings.IndexFunc(elem, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~", r))
		}) >= 0
		stem, _, _ := strings.Cut(strings.ToLower(elem), ".")
		if bad || elem == "" || elem[0] == '.' || elem[0] == '-' && i == 0 || strings.HasSuffix(elem, ".") ||
			slices.Contains(reserved, stem) && (i == 0 && !strings.Contains(elem, ".") || len(stem) < 5 && isDevice(stem)) {
			return usagef("%q is no module path Go would take: element %q", path, elem)
		}
	}
	return nil
}

// isVersion reports whether go.mod would take v as it is: v1.2.3, perhaps with
// a pre-release or build part.
func isVersion(v string) bool { return versionForm.MatchString(v) }

var versionForm = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func isDevice(s string) bool {
	return slices.Contains([]string{"con", "prn", "aux", "nul"}, s) ||
		len(s) == 4 && (strings.HasPrefix(s, "com") || strings.HasPrefix(s, "lpt")) && s[3] >= '0' && s[3] <= '9'
}

// quoteList writes names as a list for a sentence.
func quoteList(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
