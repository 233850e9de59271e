package valid_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/valid"
)

var catalogue = valid.Messages{
	"de":    {"required": "fehlt", "max_len": "hat mehr als {0} Zeichen", "email.email": "ist keine E-Mail-Adresse", "signup.name.required": "Bitte Namen angeben"},
	"pt-br": {"between": "deve ficar entre {0} e {1}", "one_of": "deve ser: {*}"},
	"en":    {"url": "is no link"},
}

// messages returns what the six failures of badSignup say in a language.
func messages(t *testing.T, ctx context.Context, accept string) map[string]string {
	t.Helper()
	e, ok := errors.AsType[*valid.Error](valid.Check(ctx, badSignup(), (*signup).Valid))
	if !ok {
		t.Fatal("badSignup passed")
	}
	m := map[string]string{}
	for _, v := range e.DetailsIn(accept).([]valid.Violation) {
		m[v.Pointer] = v.Message
	}
	for _, v := range e.Violations {
		if v.Message != "" {
			t.Errorf("DetailsIn changed the error: %+v", v)
		}
	}
	return m
}

func TestMessages(t *testing.T) {
	ctx := catalogue.Context(context.Background())
	for _, c := range []struct{ accept, pointer, want string }{
		{"", "#/name", "is required"},
		{"", "#/age", "must be from 18 to 120"},
		{"de", "#/name", "Bitte Namen angeben"},
		{"de", "#/email", "ist keine E-Mail-Adresse"},
		{"de", "#/tags/1", "hat mehr als 20 Zeichen"},
		{"de", "#/password", "must have at least 8 characters"},
		{"de-AT-1996", "#/tags/1", "hat mehr als 20 Zeichen"},
		{"DE", "#/tags/1", "hat mehr als 20 Zeichen"},
		{"fr, de;q=0.5", "#/tags/1", "hat mehr als 20 Zeichen"},
		{"de;q=0, pt-BR;q=0.1", "#/age", "deve ficar entre 18 e 120"},
		{"pt", "#/age", "must be from 18 to 120"},
		{"pt-BR;q=0.9, de;q=0.8", "#/age", "deve ficar entre 18 e 120"},
		{"de;q=0.8, pt-BR;q=0.9", "#/age", "deve ficar entre 18 e 120"},
		{"en, de;q=0.9", "#/website", "is no link"},
		{"fr", "#/website", "is no link"},
		{"*", "#/name", "is required"},
		{"de;q=2", "#/tags/1", "hat mehr als 20 Zeichen"},
		{";;;,,,q=,de;x=1;q=0.5", "#/tags/1", "hat mehr als 20 Zeichen"},
		{strings.Repeat("x,", 5000) + "de", "#/tags/1", "must have at most 20 characters"},
	} {
		if got := messages(t, ctx, c.accept)[c.pointer]; got != c.want {
			t.Errorf("%.40q %s: got %q, want %q", c.accept, c.pointer, got, c.want)
		}
	}
	t.Run("without a catalogue English is spoken", func(t *testing.T) {
		is(t, "text", messages(t, context.Background(), "de")["#/name"], "is required")
	})
	t.Run("a middleware gives the catalogue to reading too", func(t *testing.T) {
		var err error
		h := valid.Messages{"de": {"syntax": "kein JSON"}}.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err = valid.ReadJSON(w, r, new(signup), valid.Limits{})
		}))
		r := httptest.NewRequest("POST", "/", strings.NewReader("{a"))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(httptest.NewRecorder(), r)
		e, _ := errors.AsType[*valid.Error](err)
		is(t, "text", e.DetailsIn("de").([]valid.Violation)[0].Message, "kein JSON")
	})
	t.Run("an error of one's own making too", func(t *testing.T) {
		e := (&valid.Error{Violations: []valid.Violation{{In: "query", Name: "name", Code: "required"}}}).For(ctx, goodSignup())
		is(t, "text", e.DetailsIn("de").([]valid.Violation)[0].Message, "Bitte Namen angeben")
	})
	t.Run("a code of one's own has a text", func(t *testing.T) {
		err := valid.Check(context.Background(), &address{}, func(a *address, c *valid.C) { c.Assert(&a.Zip, false, "vat") })
		e, _ := errors.AsType[*valid.Error](err)
		b, _ := json.Marshal(e.ErrorDetails())
		is(t, "details", string(b), `[{"pointer":"#/zip","code":"vat","detail":"is not acceptable (vat)"}]`)
	})
}

func TestError(t *testing.T) {
	err := valid.Check(context.Background(), badSignup(), (*signup).Valid)
	e, _ := errors.AsType[*valid.Error](err)
	is(t, "Error", err.Error(), "valid: refused: #/name required, #/email email, #/password min_len, #/age between, #/tags/1 max_len, #/website url")
	is(t, "status", strconv.Itoa(e.HTTPStatus())+" "+e.ErrorCode()+" "+e.PublicMessage(), "422 invalid The request has invalid values.")
	if e.HTTPHeader() != nil {
		t.Errorf("got headers %v", e.HTTPHeader())
	}
	b, _ := json.Marshal(e.ErrorDetails().([]valid.Violation)[3:4])
	is(t, "details", string(b), `[{"pointer":"#/age","code":"between","args":[18,120],"detail":"must be from 18 to 120"}]`)
	for _, c := range []struct {
		e    valid.Error
		want string
	}{
		{valid.Error{Status: 400}, "400 malformed_body The body is not well-formed."},
		{valid.Error{Status: 400, Violations: []valid.Violation{{In: "query", Name: "page", Code: "type"}}}, "400 bad_parameters The request has bad parameters."},
		{valid.Error{Status: 413}, "413 body_too_large The body is too large."},
		{valid.Error{Status: 415}, "415 unsupported_media_type The body must be JSON in UTF-8."},
	} {
		is(t, "status", strconv.Itoa(c.e.HTTPStatus())+" "+c.e.ErrorCode()+" "+c.e.PublicMessage(), c.want)
	}
}

// TestEveryCodeHasText reads the codes out of the source.
func TestEveryCodeHasText(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	raises := regexp.MustCompile(`^(fail|syntax|refuse|wrong|wrongAt|format|Want|asks|custom|code|size|bounds|at)$`)
	codes := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			for _, arg := range call.Args {
				lit, ok := arg.(*ast.BasicLit)
				if ok && lit.Kind == token.STRING && raises.MatchString(name) {
					code, _ := strconv.Unquote(lit.Value)
					if regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(code) {
						codes[code] = true
					}
					break
				}
			}
			return true
		})
	}
	if len(codes) < 50 {
		t.Fatalf("found only %d codes", len(codes))
	}
	for code := range codes {
		e := valid.Error{Violations: []valid.Violation{{Pointer: "#", Code: code}}}
		if text := e.ErrorDetails().([]valid.Violation)[0].Message; strings.HasPrefix(text, "is not acceptable (") {
			t.Errorf("code %q has no text", code)
		}
	}
}

func FuzzAcceptLanguage(f *testing.F) {
	f.Add("de-AT;q=0.5, en;q=0.1, *")
	f.Add("pt-br;q=1.0")
	f.Fuzz(func(t *testing.T, accept string) {
		m := messages(t, catalogue.Context(context.Background()), accept)
		if len(m) != 6 || m["#/name"] != "is required" && m["#/name"] != "Bitte Namen angeben" {
			t.Errorf("%q: %v", accept, m)
		}
	})
}

// FuzzPointer reads the pointer of a map entry back, by RFC 6901 section 4.
func FuzzPointer(f *testing.F) {
	f.Add("a/b~c")
	f.Add("k.e-y_1")
	f.Fuzz(func(t *testing.T, key string) {
		m := map[string]int{key: 1}
		e, _ := errors.AsType[*valid.Error](valid.Check(t.Context(), &m, valid.Entries(nil, valid.Max(0))))
		if got := e.Violations[0].Pointer; got != "#" && got != "#/"+key || len(e.Violations) != 1 {
			t.Errorf("%q: %q", key, got)
		}
	})
}
