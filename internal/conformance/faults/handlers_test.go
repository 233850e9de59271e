package faults

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// broken is the application with a handler that does what the header X-Fault
// says, a deadline of a second, and, if PLANT is set, the error texts in its
// answers, so that there is something to catch.
func broken(source map[string]string) error {
	main, shop := source["main.go"], source["bookshop/shop.go"]
	for _, err := range []error{
		once(&main, "\tvar m glueful.Mux\n", "\tm := glueful.Mux{Timeout: time.Second}\n\tif os.Getenv(\"PLANT\") != \"\" {\n\t\tm.Error = (&errs.Handler{Debug: true}).Write\n\t}\n"),
		once(&main, "\t\"github.com/glueful/glueful-go/model\"\n", "\t\"github.com/glueful/glueful-go/errs\"\n\t\"github.com/glueful/glueful-go/model\"\n"),
		once(&shop, "m.Group(\"/v1\", glueful.SecurityHeaders)", "m.Group(\"/v1\", glueful.SecurityHeaders, faulty)"),
	} {
		if err != nil {
			return err
		}
	}
	source["main.go"], source["bookshop/shop.go"] = main, shop
	n := 0
	for file, text := range source {
		var out strings.Builder
		for line := range strings.Lines(text) {
			out.WriteString(line)
			if strings.HasPrefix(line, "func (s *Shop) ") && strings.Contains(line, "(ctx context.Context, ") && strings.HasSuffix(line, "{\n") {
				out.WriteString("\ttrip(ctx)\n")
				n++
			}
		}
		source[file] = out.String()
	}
	if n != 16 { // the handlers of 15 routes, and review
		return fmt.Errorf("%d functions with a context, want 16", n)
	}
	source["bookshop/faulty.go"] = `package bookshop

import (
	"context"
	"errors"
	"net/http"
)

type faultKey struct{}

func faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Fault") == "middleware" {
			panic("hush: password=` + secretBody + `")
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), faultKey{}, r.Header.Get("X-Fault"))))
	})
}

func trip(ctx context.Context) {
	switch ctx.Value(faultKey{}) {
	case "text":
		panic("hush: password=` + secretBody + `")
	case "error":
		panic(errors.New("pq: relation \"hush\" does not exist"))
	case "nil":
		var s *Shop
		_ = s.db.Dialect()
	case "index":
		_ = []string{}[len("hush")]
	case "status":
		panic(notFound{})
	case "wait":
		<-ctx.Done()
	}
}

// notFound has a status, which is no reason for a panic to be one.
type notFound struct{}

func (notFound) Error() string        { return "hush" }
func (notFound) HTTPStatus() int      { return 404 }
func (notFound) PublicMessage() string { return "hush" }
`
	return nil
}

var faulty = sync.OnceValues(func() (string, error) { return generate("faulty", broken) })

func TestPanics(t *testing.T) {
	db := open(t)
	bin, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	met := 0
	for _, kind := range []string{"middleware", "text", "error", "nil", "index", "status"} {
		for _, r := range walk() {
			r.header = http.Header{"X-Fault": {kind}}
			x := a.ask(r)
			a.check(x, 500)
			if x.status == 500 {
				met++
			}
		}
	}
	if met != 90 {
		t.Errorf("%d panics, want 90", met)
	}
	a.settle()
	for _, l := range a.requests(met) {
		if !strings.Contains(l.text, `"stack"`) || !strings.Contains(l.text, "panic") {
			t.Errorf("a panic without its stack: %s", l.text)
		}
	}
	for _, r := range walk() {
		a.check(a.ask(r), lax...)
	}
}

func TestTimeouts(t *testing.T) {
	db := open(t)
	bin, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db)
	db.fill(t)
	met := 0
	all504 := func(t *testing.T, all []answer) {
		for _, x := range all {
			if strings.Contains(x.text, `"outcome_unknown"`) { // a write that may have been made
				a.check(x, 503)
			} else {
				a.check(x, 504)
			}
			if x.status >= 500 {
				met++
			}
		}
	}
	t.Run("the handler waits", func(t *testing.T) {
		a.t = t
		var all []answer
		var wg sync.WaitGroup
		var mu sync.Mutex
		for _, r := range walk() {
			r.header = http.Header{"X-Fault": {"wait"}}
			wg.Go(func() {
				x := a.ask(r)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, x)
			})
		}
		wg.Wait()
		all504(t, all)
	})
	t.Run("the tables are locked", func(t *testing.T) {
		a.t = t
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.Exec("LOCK TABLE authors, books, reviews"); err != nil {
			t.Fatal(err)
		}
		all504(t, together(a, func(<-chan struct{}) {}))
	})
	a.t = t
	if met != 30 {
		t.Errorf("%d timeouts, want 30", met)
	}
	a.settle()
	a.check(a.ask(walk()[0]), 200)
	t.Run("the server cancels the statement", func(t *testing.T) {
		plain, err := plain()
		if err != nil {
			t.Fatal(err)
		}
		impatient := *db
		impatient.url += "&statement_timeout=300"
		a := start(t, plain, &impatient)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.Exec("LOCK TABLE authors, books, reviews"); err != nil {
			t.Fatal(err)
		}
		for _, x := range together(a, func(<-chan struct{}) {}) {
			a.check(x, 504)
		}
		a.settle()
	})
}

// TestJudge_application proves that the walk catches an application that leaks:
// this one writes the chain of causes into its answers.
func TestJudge_application(t *testing.T) {
	db := open(t)
	bin, err := faulty()
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, bin, db, "PLANT=1")
	db.exec(t, "DROP TABLE reviews, books, authors")
	caught := 0
	for _, r := range walk() {
		if x := a.ask(r); x.status == 500 && len(judge(x)) > 1 {
			caught++
		}
	}
	if caught != 15 {
		t.Errorf("%d of 15 leaks caught", caught)
	}
}
