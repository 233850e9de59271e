package harness

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// Main is the command: it measures the rooms named by -room, prints what it
// found, and returns the exit code: 0, 1 if -check is set and a target was
// missed, 2 if something could not be measured.
func Main(rooms map[string]func() []Table, args []string, stdout, stderr io.Writer) int {
	if name := os.Getenv(serveEnv); name != "" {
		return serveRow(rooms, name, stderr)
	}
	names := slices.Sorted(maps.Keys(rooms))
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	room := f.String("room", "", "comma-separated `rooms` to measure, of "+strings.Join(names, ", ")+" (default all)")
	only := f.String("table", "", "measure only tables whose name contains this `text`")
	asJSON := f.Bool("json", false, "print one JSON document instead of tables")
	check := f.Bool("check", false, "exit with 1 when a target is missed")
	runs := f.Int("runs", 3, "`times` each table is measured; the median counts")
	list := f.Bool("list", false, "print the names of the tables and stop")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if *room != "" {
		names = strings.Split(*room, ",")
	}
	if f.NArg() > 0 || *runs < 1 {
		fmt.Fprintf(stderr, "bench: unread arguments %q or no runs\n", f.Args())
		return 2
	}
	report := environment(*runs)
	for _, name := range names {
		tables, ok := rooms[name]
		if !ok {
			fmt.Fprintf(stderr, "bench: no room %q; there are %s\n", name, strings.Join(slices.Sorted(maps.Keys(rooms)), ", "))
			return 2
		}
		for _, t := range tables() {
			switch {
			case !strings.Contains(t.Name, *only):
				continue
			case *list:
				fmt.Fprintln(stdout, t.Name)
				continue
			}
			res, err := Run(t, *runs)
			if err != nil {
				fmt.Fprintln(stderr, err)
				return 2
			}
			report.Results = append(report.Results, res)
			if !*asJSON {
				printTable(stdout, res)
			}
		}
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		_ = e.Encode(report)
	} else if !*list {
		fmt.Fprintf(stdout, "%s, %s, %d CPUs, median of %d runs\n", report.Go, report.System, report.CPUs, report.Runs)
	}
	missed := report.Failures()
	for _, m := range missed {
		fmt.Fprintln(stderr, "missed:", m)
	}
	if *check && len(missed) > 0 {
		return 1
	}
	return 0
}

// serveRow is the server process of one row of a Service table.
func serveRow(rooms map[string]func() []Table, name string, stderr io.Writer) int {
	table, row, _ := strings.Cut(name, "\t")
	for _, tables := range rooms {
		for _, t := range tables() {
			if i := t.row(row); t.Name == table && i >= 0 {
				if err := serveChild(t.Rows[i]); err != nil {
					fmt.Fprintln(stderr, "bench:", err)
					return 2
				}
				return 0
			}
		}
	}
	fmt.Fprintf(stderr, "bench: no row %q in table %q\n", row, table)
	return 2
}

func printTable(w io.Writer, r Result) {
	fmt.Fprintf(w, "%s  (%s)\n", r.Table, r.Kind)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "  %s\n", n)
	}
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(tw, "  row\t%s\tx %s\tallocs\tB/op\ttarget\tgot\tverdict\n", r.Unit, r.Base)
	for _, row := range r.Rows {
		fmt.Fprintf(tw, "  %s\t%s\t%.2f\t%s\t%s", row.Row, figure(row.Figure), row.Ratio, count(row.Allocs), count(row.Bytes))
		for i, v := range row.Verdicts {
			if i > 0 {
				fmt.Fprint(tw, "\n  \t\t\t\t")
			}
			verdict := "ok"
			if !v.OK {
				verdict = "MISSED"
			}
			fmt.Fprintf(tw, "\t%s\t%s\t%s", v.Target, figure(v.Got), verdict)
		}
		fmt.Fprintln(tw)
	}
	_ = tw.Flush()
	fmt.Fprintln(w)
}

func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func count(n int64) string {
	if n < 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
