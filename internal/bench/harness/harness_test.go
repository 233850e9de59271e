package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// A test binary is also the server child of its Service tables.
func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		os.Exit(Main(rooms, nil, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

var sink []byte

func work(bytes int) func(int) error {
	return func(n int) error {
		for range n {
			sink = make([]byte, bytes)
		}
		return nil
	}
}

func burn(rounds int) func() (http.Handler, error) {
	return func() (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x := 1
			for i := range rounds {
				x = x*31 + i
			}
			fmt.Fprintf(w, "ok %t", x != 0)
		}), nil
	}
}

var rooms = map[string]func() []Table{
	"cpu": func() []Table {
		return []Table{{Name: "cpu", Base: "large", Rows: []Row{
			{Name: "small", Run: work(1 << 8), Targets: []Target{{Against: "large", AtMost: 0.5}, {What: Allocs, AtMost: 1}, {What: Bytes, Against: "large", AtMost: 0}}},
			{Name: "large", Run: work(1 << 14), Targets: []Target{{What: Bytes, AtMost: 1 << 14}}},
		}}}
	},
	"missed": func() []Table {
		return []Table{{Name: "missed", Rows: []Row{
			{Name: "small", Run: work(1 << 8)},
			{Name: "large", Run: work(1 << 14), Targets: []Target{{Against: "small", AtMost: 1}, {What: Allocs}}},
		}}}
	},
	"value": func() []Table {
		return []Table{{Name: "value", Kind: Value, Unit: "B/key", Rows: []Row{
			{Name: "ours", Measure: func() (float64, error) { return 32, nil }, Targets: []Target{{AtMost: 34}}},
		}}}
	},
	"service": func() []Table {
		return []Table{{Name: "service", Kind: Service, Request: Request{Path: "/x", Answer: "ok"}, Rows: []Row{
			{Name: "light", Handler: burn(1)},
			{Name: "heavy", Handler: burn(300_000), Targets: []Target{{Against: "light", AtMost: 1}}},
		}}}
	},
}

func run(t *testing.T, args ...string) (int, Report, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := Main(rooms, append(args, "-json", "-runs", "1"), &out, &errOut)
	var r Report
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, &out)
		}
	}
	return code, r, errOut.String()
}

func TestMain_cpu(t *testing.T) {
	code, r, msg := run(t, "-room", "cpu", "-check")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, msg)
	}
	small := r.Results[0].Rows[0]
	if small.Allocs != 1 || small.Bytes != 256 || len(small.Verdicts) != 3 || small.Ratio >= 0.5 {
		t.Errorf("small: %+v", small)
	}
}

func TestMain_missedTarget(t *testing.T) {
	code, r, msg := run(t, "-room", "missed", "-check")
	if code != 1 || strings.Count(msg, "\n") != 2 || len(r.Failures()) != 2 {
		t.Errorf("exit %d, want 1: %s", code, msg)
	}
	if code, _, _ := run(t, "-room", "missed"); code != 0 {
		t.Errorf("without -check exit %d, want 0", code)
	}
}

func TestMain_value(t *testing.T) {
	code, r, msg := run(t, "-room", "value", "-check")
	if code != 0 || r.Results[0].Rows[0].Verdicts[0].Got != 32 {
		t.Errorf("exit %d: %s: %+v", code, msg, r)
	}
}

func TestMain_service(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	code, r, msg := run(t, "-room", "service", "-check")
	if code != 1 || r.Results[0].Rows[1].Ratio < 2 {
		t.Errorf("exit %d, want the heavy server to be found heavier: %s: %+v", code, msg, r)
	}
}

func TestMain_usage(t *testing.T) {
	for _, args := range [][]string{{"-room", "nowhere"}, {"-what"}, {"left", "over"}, {"-runs", "0"}} {
		var out, errOut bytes.Buffer
		if code := Main(rooms, args, &out, &errOut); code != 2 || errOut.Len() == 0 {
			t.Errorf("%q: exit %d, %q", args, code, &errOut)
		}
	}
}

func TestTable_refused(t *testing.T) {
	ok := func(int) error { return nil }
	for claim, table := range map[string]Table{
		"no rows":                 {},
		"unknown base":            {Base: "x", Rows: []Row{{Name: "a", Run: ok}}},
		"two rows of one name":    {Rows: []Row{{Name: "a", Run: ok}, {Name: "a", Run: ok}}},
		"nothing to run":          {Rows: []Row{{Name: "a"}}},
		"target against nobody":   {Rows: []Row{{Name: "a", Run: ok, Targets: []Target{{Against: "b", AtMost: 1}}}}},
		"absolute time":           {Rows: []Row{{Name: "a", Run: ok, Targets: []Target{{AtMost: 1}}}}},
		"unknown figure":          {Rows: []Row{{Name: "a", Run: ok, Targets: []Target{{What: "rss"}}}}},
		"a row that fails":        {Rows: []Row{{Name: "a", Run: func(int) error { return errors.New("no") }}}},
		"a check that fails":      {Rows: []Row{{Name: "a", Run: ok, Check: func() error { return errors.New("no") }}}},
		"a table that won't open": {Open: func(*Table) (func(), error) { return nil, errors.New("no") }},
	} {
		if _, err := Run(table, 1); err == nil {
			t.Errorf("%s: no error", claim)
		}
	}
}

func TestPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	var table Table
	s, err := Postgres(&table)
	if err != nil {
		t.Skip(err)
	}
	defer s.Close()
	if len(table.Notes) != 1 || !strings.Contains(table.Notes[0], "fsync=") {
		t.Errorf("notes %q", table.Notes)
	}
}
