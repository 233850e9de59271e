package glueful_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	glueful "github.com/glueful/glueful-go"
)

// grouper is what the isolation check needs of a Mux; the leaky one below is the
// planted fault.
type grouper interface {
	group(prefix string, names ...string) grouper
	handle(pattern string)
	serve(path string) []string
}

// tag returns a middleware that adds its name to the X-Chain header.
func tag(name string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("X-Chain", name)
			next.ServeHTTP(w, r)
		})
	}
}

func tags(names []string) []func(http.Handler) http.Handler {
	var list []func(http.Handler) http.Handler
	for _, n := range names {
		list = append(list, tag(n))
	}
	return list
}

func chain(h http.Handler, path string) []string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Header()["X-Chain"]
}

type ours struct{ *glueful.Mux }

func (o ours) group(prefix string, names ...string) grouper {
	return ours{o.Group(prefix, tags(names)...)}
}
func (o ours) handle(pattern string) {
	o.Handle(pattern, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
}
func (o ours) serve(path string) []string { return chain(o.Mux, path) }

// leaky appends to its parent's slice, as a group that forgets to clone does.
type leaky struct {
	mux    *http.ServeMux
	prefix string
	chain  []func(http.Handler) http.Handler
}

func (l *leaky) group(prefix string, names ...string) grouper {
	return &leaky{l.mux, l.prefix + prefix, append(l.chain, tags(names)...)}
}
func (l *leaky) handle(pattern string) {
	mws := l.chain
	method, path, _ := strings.Cut(pattern, " ")
	l.mux.HandleFunc(method+" "+l.prefix+path, func(w http.ResponseWriter, r *http.Request) {
		h := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for _, mw := range slices.Backward(mws) {
			h = mw(h)
		}
		h.ServeHTTP(w, r)
	})
}
func (l *leaky) serve(path string) []string { return chain(l.mux, path) }

// leaks builds, below each of four levels of groups with the given numbers of
// middlewares, a route, then a younger sibling group with another middleware and
// a route of its own, and reports the first route whose chain is not exactly that
// of its ancestors.
func leaks(root grouper, counts [4]int) error {
	want := map[string][]string{}
	g, prefix := root, ""
	var above []string
	for depth, n := range counts {
		parent, parentChain, parentPrefix := g, above, prefix
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("%d.%d", depth, i))
		}
		prefix += fmt.Sprintf("/g%d", depth)
		g = parent.group(fmt.Sprintf("/g%d", depth), names...)
		above = append(slices.Clone(above), names...)
		for s := range 2 {
			name := fmt.Sprintf("s%d%d", depth, s)
			parent.group("/"+name, name).handle("GET /x")
			want[parentPrefix+"/"+name+"/x"] = append(slices.Clone(parentChain), name)
		}
		g.handle("GET /x")
		want[prefix+"/x"] = above
	}
	for path, names := range want {
		if got := root.serve(path); !slices.Equal(got, names) {
			return fmt.Errorf("%v: %s ran %v, want %v", counts, path, got, names)
		}
	}
	return nil
}

func TestGroup_neverSharesMiddleware(t *testing.T) {
	const most = 9
	last := most
	if testing.Short() || raceEnabled {
		last = 3 // depths 1 to 3 stay exhaustive
	}
	caught := 0
	for a := range most + 1 {
		for b := range most + 1 {
			for c := range most + 1 {
				for d := range last + 1 {
					counts := [4]int{a, b, c, d}
					if err := leaks(ours{quiet()}, counts); err != nil {
						t.Fatal(err)
					}
					if d == 0 && leaks(&leaky{mux: http.NewServeMux()}, counts) != nil {
						caught++
					}
				}
			}
		}
	}
	if caught == 0 {
		t.Error("the check did not notice a group that shares its parent's slice")
	}
}
