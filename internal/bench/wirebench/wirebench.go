// Package wirebench asks the twenty questions of internal/wire of the same small
// API, written in the shortest form each framework's documentation shows:
//
//   - net/http: https://pkg.go.dev/net/http#ServeMux, encoding/json Decoder;
//   - chi: https://github.com/go-chi/chi#examples, with its Logger and Recoverer;
//   - gin: https://gin-gonic.com/en/docs/binding/binding-and-validation/, gin.Default;
//   - echo: https://echo.labstack.com/docs/binding, with its Recover;
//   - huma: https://huma.rocks/tutorial/your-first-api/, on a ServeMux.
//
// A careful author can lift any of them; the figure is what a newcomer ships.
package wirebench

import (
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/internal/wire"
)

// contenders make the API: POST /books, GET /books/{id}, GET /panic.
var contenders = []struct {
	name string
	make func() http.Handler
}{
	{"glueful", ours},
	{"net/http", std},
	{"chi", chiRouter},
	{"gin", ginEngine},
	{"echo", echoServer},
	{"huma", humaAPI},
}

// Tables has one table: how many of the questions are answered wrongly.
func Tables() []harness.Table {
	t := harness.Table{Name: "wire: questions failed, of 20", Kind: harness.Value, Unit: "failed", Base: "net/http"}
	for _, c := range contenders {
		row := harness.Row{Name: c.name, Measure: func() (float64, error) {
			checks, err := Ask(c.make())
			return float64(len(checks) - wire.Passed(checks)), err
		}}
		if c.name == "glueful" {
			row.Targets = []harness.Target{{AtMost: 0}}
		}
		t.Rows = append(t.Rows, row)
	}
	return []harness.Table{t}
}

// Ask serves the handler on loopback and asks the questions.
func Ask(h http.Handler) ([]wire.Check, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go srv.Serve(ln)
	defer srv.Close()
	return wire.Target{Base: "http://" + ln.Addr().String(), Books: "/books", Panic: "/panic"}.Probe()
}

// Markdown is the whole result as a table for the documentation.
func Markdown() (string, error) {
	var b strings.Builder
	b.WriteString("| question |")
	results := make([][]wire.Check, len(contenders))
	for i, c := range contenders {
		checks, err := Ask(c.make())
		if err != nil {
			return "", err
		}
		results[i] = checks
		b.WriteString(" " + c.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(contenders)) + "\n")
	for q, name := range wire.Names() {
		b.WriteString("| " + name + " |")
		for i := range contenders {
			if results[i][q].Seen == "" {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" - |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("| **total** |")
	for i := range contenders {
		b.WriteString(" **" + itoa(wire.Passed(results[i])) + "** |")
	}
	return b.String() + "\n", nil
}

var silent = slog.New(slog.DiscardHandler)
