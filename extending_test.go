package glueful_test

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/limittest"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// What follows up to TestExtending is shown, word for word, in doc/extending.md.

// ISBN is a rule for every type whose kind is string.
func ISBN[S ~string](v *S, c *valid.C) {
	sum := 0
	for i, r := range string(*v) {
		sum += int(r-'0') * (1 + 2*(i%2))
	}
	c.Want(len(*v) == 13 && sum%10 == 0, "isbn")
}

// Prefix makes a rule of its argument.
func Prefix(p string) valid.Rule[string] {
	return func(v *string, c *valid.C) { c.Want(strings.HasPrefix(*v, p), "prefix", p) }
}

// Free makes a rule that asks somebody: a false is a violation, an error is 503.
func Free(taken func(ctx context.Context, name string) (bool, error)) valid.Rule[string] {
	return valid.Later("taken", func(ctx context.Context, v *string) (bool, error) {
		t, err := taken(ctx, *v)
		return !t, err
	})
}

var messages = valid.Messages{"de": {"isbn": "ist keine ISBN", "prefix": "muss mit {0} beginnen"}}

type Price struct {
	Cents    int64
	Currency string
}

// View writes what stands in two columns as one member.
func (p *Price) View(o *render.Object) {
	render.Field(o, "cents", &p.Cents)
	render.Field(o, "currency", &p.Currency)
}

// Stamps adds the members that every view here ends with.
func Stamps(o *render.Object, created, updated *time.Time) {
	render.Field(o, "created_at", created)
	if o.When(!updated.Equal(*created), updated, created) {
		render.Field(o, "updated_at", updated)
	}
}

// SlowLog is a store that names the calls of another one that took long.
type SlowLog struct {
	limit.Store
	Log  *slog.Logger
	Over time.Duration
}

func (s *SlowLog) Take(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	start := time.Now()
	answers, err := s.Store.Take(ctx, asks)
	if took := time.Since(start); took > s.Over {
		s.Log.WarnContext(ctx, "limits are slow", "took", took, "asks", len(asks), "error", err)
	}
	return answers, err
}

func TestSlowLog(t *testing.T) {
	limittest.Run(t, func(*testing.T) limit.Store {
		return &SlowLog{Store: new(limit.Memory), Log: slog.New(slog.DiscardHandler), Over: time.Second}
	})
}

// A Token guards routes with one shared token. The zero value refuses everybody.
type Token struct {
	Secret string
	Deny   func(http.ResponseWriter, *http.Request, error) // nil means plain text
}

// Handler is the middleware.
func (t *Token) Handler(next http.Handler) http.Handler { return &guarded{t, next} }

type guarded struct {
	token *Token
	next  http.Handler
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := r.Header.Get("Authorization")
	if s := g.token.Secret; s != "" && subtle.ConstantTimeCompare([]byte(given), []byte("Bearer "+s)) == 1 {
		g.next.ServeHTTP(w, r)
		return
	}
	if g.token.Deny == nil {
		http.Error(w, errs.Unauthorized.PublicMessage(), http.StatusUnauthorized)
		return
	}
	g.token.Deny(w, r, errs.Unauthorized)
}

// What the route table learns. Each of these is optional.
func (g *guarded) Unwrap() http.Handler { return g.next }
func (g *guarded) Guard() string        { return "token" }
func (g *guarded) Provides() []string   { return []string{"caller"} }
func (g *guarded) Refusals() []error    { return []error{errs.Unauthorized} }

// Audited needs somebody to write down, so it stands inside of what knows one.
func Audited(next http.Handler) http.Handler { return &audited{next} }

type audited struct{ http.Handler }

func (audited) Needs() []string { return []string{"caller"} }

var kinds = errs.Catalog{Type: "https://api.example.com/problems/"}

// ErrQuota is one kind of refusal; ErrQuota.Detailf(...) is an occurrence of it.
var ErrQuota = kinds.New(http.StatusPaymentRequired, "quota_used_up", "The quota is used up")

// Closed is an error of a package that imports nothing of ours.
type Closed struct{ Until time.Time }

func (e *Closed) Error() string         { return "shop: closed until " + e.Until.String() } // for the log
func (e *Closed) HTTPStatus() int       { return http.StatusServiceUnavailable }
func (e *Closed) ErrorCode() string     { return "closed" }
func (e *Closed) PublicMessage() string { return "The shop is closed" } // for the client
func (e *Closed) HTTPHeader() http.Header {
	return http.Header{"Retry-After": {e.Until.UTC().Format(http.TimeFormat)}}
}

// Answers also knows the errors of a library, and asks the usual mappers after.
var Answers = errs.Handler{Map: []func(error) error{fromLibrary, errs.Std, errs.SQL}}

func fromLibrary(err error) error {
	if strings.HasSuffix(err.Error(), "no such object") {
		return errs.NotFound.Wrap(err)
	}
	return nil
}

func TestExtending(t *testing.T) {
	t.Run("rules describe themselves and speak", func(t *testing.T) {
		type input struct {
			Code string `json:"code"`
			Name string `json:"name"`
		}
		rule := func(in *input, c *valid.C) {
			valid.Field(c, &in.Code, ISBN)
			valid.Field(c, &in.Name, Prefix("x-"), Free(func(_ context.Context, name string) (bool, error) { return name == "x-old", nil }))
		}
		check := func(in input) string {
			err := valid.Check(messages.Context(t.Context()), &in, rule)
			e, ok := err.(*valid.Error)
			if !ok {
				return ""
			}
			text, _ := json.Marshal(e.DetailsIn("de"))
			return string(text)
		}
		if got := check(input{"9780306406157", "x-new"}); got != "" {
			t.Errorf("a good input: %s", got)
		}
		for in, want := range map[input]string{
			{"9780306406158", "x-new"}: "ist keine ISBN", {"9780306406157", "new"}: "muss mit x- beginnen", {"9780306406157", "x-old"}: `"taken"`,
		} {
			if got := check(in); !strings.Contains(got, want) {
				t.Errorf("%v: %s, want %s", in, got, want)
			}
		}
	})
	t.Run("parts of views name what they read", func(t *testing.T) {
		type item struct {
			Price            Price
			Created, Updated time.Time
		}
		view := func(x *item, o *render.Object) {
			render.Item(o, "price", &x.Price, (*Price).View)
			Stamps(o, &x.Created, &x.Updated)
		}
		if err := render.Audit(view); err != nil {
			t.Error(err)
		}
	})
	t.Run("middleware tells the route table", func(t *testing.T) {
		var m glueful.Mux
		token := &Token{Secret: "s", Deny: errs.Write}
		m.Log = slog.New(slog.DiscardHandler)
		m.With(token.Handler, Audited).Handle("GET /a", http.NotFoundHandler())
		for r := range m.Routes() {
			if len(r.Guards) != 1 || r.Guards[0] != "token" || len(r.Errors) != 1 {
				t.Errorf("%+v", r)
			}
		}
		for r := range m.Unguarded() {
			t.Errorf("%s counts as open", r.Pattern)
		}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
		if w.Code != 401 {
			t.Errorf("without a token: %d", w.Code)
		}
		defer func() {
			if recover() == nil {
				t.Error("a middleware that needs what comes later was taken")
			}
		}()
		m.With(Audited, token.Handler).Handle("GET /b", http.NotFoundHandler())
	})
	t.Run("errors answer", func(t *testing.T) {
		for err, want := range map[error]string{
			ErrQuota.Detailf("Ask for more."):     `402 {"type":"https://api.example.com/problems/quota_used_up"`,
			&Closed{time.Unix(0, 0)}:              `503 {"title":"The shop is closed","status":503,"code":"closed"`,
			os.ErrInvalid:                         `500 {"title":"Internal Server Error"`,
			foreignError("store: no such object"): `404 {"title":"Not Found"`,
		} {
			w := httptest.NewRecorder()
			h := errs.Handler{Map: Answers.Map, Log: slog.New(slog.DiscardHandler)}
			h.Write(w, httptest.NewRequest("GET", "/", nil), err)
			if got := http.StatusText(w.Code); got == "" || !strings.HasPrefix(strings.TrimSpace(itoa(w.Code)+" "+w.Body.String()), want) {
				t.Errorf("%v: %d %s, want %s", err, w.Code, w.Body, want)
			}
		}
	})
}

type foreignError string

func (e foreignError) Error() string { return string(e) }

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// TestExtending_doc holds the blocks of doc/extending.md against this file and
// the modules they come from.
func TestExtending_doc(t *testing.T) {
	doc := read(t, "doc/extending.md")
	sources := map[string]string{
		"go":   read(t, "extending_test.go"),
		"text": read(t, "ext/sqlite/go.mod") + read(t, "ext/go.work"),
	}
	if faults := strayBlocks(doc, sources); len(faults) > 0 {
		t.Errorf("blocks that stand nowhere else: %q", faults)
	}
	if n := strings.Count(doc, "```go\n"); n < 5 {
		t.Errorf("%d blocks of Go, want 5 or more", n)
	}
	for _, plant := range []string{"```go\nfunc " + "Missing() {}\n```\n", "```text\nreplace nothing => .\n```\n", "```sh\nls\n```\n"} {
		if len(strayBlocks(doc+plant, sources)) != 1 {
			t.Errorf("not caught: %s", plant)
		}
	}
}

// strayBlocks returns the parts of the blocks, cut at empty lines, that no source
// of their kind holds.
func strayBlocks(doc string, sources map[string]string) (stray []string) {
	for _, m := range regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(doc, -1) {
		for part := range strings.SplitSeq(m[2], "\n\n") {
			if !strings.Contains(sources[m[1]], strings.Trim(part, "\n")) || sources[m[1]] == "" {
				stray = append(stray, part)
			}
		}
	}
	return stray
}

// TestDoc_names looks up every name of ours that the pages cite.
func TestDoc_names(t *testing.T) {
	known := exportedNames(t)
	for _, page := range []string{"doc/from-php.md", "doc/extending.md"} {
		text := read(t, page)
		if stray := strayNames(text, known); len(stray) > 0 {
			t.Errorf("%s cites what does not exist: %q", page, stray)
		}
		if stray := strayNames(text+"`valid.Nothing` `model.Query.Nowhere`", known); len(stray) != 2 {
			t.Errorf("%s: two planted names, found %q", page, stray)
		}
	}
	if text := read(t, "doc/from-php.md"); strings.Count(text, "`") < 300 {
		t.Error("doc/from-php.md cites hardly anything")
	}
}

var cited = regexp.MustCompile("`(\\w+(?:/\\w+)*)\\.([A-Z]\\w*(?:\\.[A-Z]\\w*)?)")

func strayNames(text string, known map[string]bool) (stray []string) {
	for _, m := range cited.FindAllStringSubmatch(text, -1) {
		if name := m[1] + "." + m[2]; !known[name] && known[m[1]] {
			stray = append(stray, name)
		} else if !known[m[1]] && m[1] != "http" && m[1] != "slog" {
			stray = append(stray, m[1])
		}
	}
	return stray
}

// exportedNames are the rooms, their exported names, methods and fields, each
// under the room's path and under its last element.
func exportedNames(t *testing.T) map[string]bool {
	known := map[string]bool{}
	dirs, by := packages(tracked(t).sources(t))
	for _, dir := range append(dirs, "ext/sqlite") {
		short := path.Base(dir)
		if dir == "." {
			short = "glueful"
		}
		add := func(name string) {
			if short != "sqlstore" { // there are two
				known[short+"."+name], known[short] = true, true
			}
			known[dir+"."+name], known[dir] = true, true
		}
		files := by[dir]
		if dir == "ext/sqlite" {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(dir, "sqlite.go"), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = []*source{{dir: dir, set: set, file: file}}
		}
		for _, s := range files {
			if !s.test {
				for _, d := range s.file.Decls {
					declared(d, add)
				}
			}
		}
	}
	return known
}

func declared(d ast.Decl, add func(string)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			add(d.Name.Name)
			return
		}
		if r := receiverName(d.Recv.List[0].Type); r != "" {
			add(r + "." + d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					add(n.Name)
				}
			case *ast.TypeSpec:
				add(spec.Name.Name)
				var list *ast.FieldList
				switch x := spec.Type.(type) {
				case *ast.StructType:
					list = x.Fields
				case *ast.InterfaceType:
					list = x.Methods
				default:
					continue
				}
				for _, f := range list.List {
					for _, n := range f.Names {
						add(spec.Name.Name + "." + n.Name)
					}
				}
			}
		}
	}
}

func receiverName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
