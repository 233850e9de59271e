package harness

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// A Report is everything one invocation found.
type Report struct {
	Go      string   `json:"go"`
	System  string   `json:"system"`
	CPUs    int      `json:"cpus"`
	Runs    int      `json:"runs"`
	Results []Result `json:"results"`
}

// A Result is a measured table.
type Result struct {
	Table string      `json:"table"`
	Kind  string      `json:"kind"`
	Unit  string      `json:"unit"`
	Base  string      `json:"base"`
	Notes []string    `json:"notes,omitempty"`
	Rows  []RowResult `json:"rows"`
}

// A RowResult is a measured row.
type RowResult struct {
	Row      string    `json:"row"`
	Figure   float64   `json:"figure"` // median of the runs
	Ratio    float64   `json:"ratio"`  // to the base, median of the runs
	Allocs   int64     `json:"allocs"` // -1: not counted
	Bytes    int64     `json:"bytes"`  // -1: not counted
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// A Verdict holds one target against what was found.
type Verdict struct {
	Target string  `json:"target"`
	AtMost float64 `json:"at_most"`
	Got    float64 `json:"got"`
	OK     bool    `json:"ok"`
}

// Run measures the table runs times.
func Run(t Table, runs int) (res Result, err error) {
	if t.Open != nil {
		closer, err := t.Open(&t)
		if err != nil {
			return res, fmt.Errorf("bench: %s: %w", t.Name, err)
		}
		if closer != nil {
			defer closer()
		}
	}
	if err := t.validate(); err != nil {
		return res, err
	}
	for _, r := range t.Rows {
		if err := t.check(r); err != nil {
			return res, fmt.Errorf("bench: %s: %s: %w", t.Name, r.Name, err)
		}
	}
	samples := make([]sample, runs)
	for i := range samples {
		if t.Kind == Service {
			samples[i], err = measureService(&t)
		} else {
			samples[i], err = measure(&t)
		}
		if err != nil {
			return res, fmt.Errorf("bench: %s: %w", t.Name, err)
		}
	}
	return t.judge(samples)
}

func (t *Table) check(r Row) error {
	if r.Check != nil {
		return r.Check()
	}
	if r.Run != nil {
		return r.Run(1)
	}
	return nil
}

// judge turns samples into figures and verdicts.
func (t *Table) judge(samples []sample) (Result, error) {
	res := Result{Table: t.Name, Kind: t.Kind.String(), Unit: "ns", Base: t.Base, Notes: t.Notes}
	if t.Kind == Value {
		res.Unit = t.Unit
	}
	base := t.row(t.Base)
	for i, r := range t.Rows {
		row := RowResult{Row: r.Name, Allocs: -1, Bytes: -1, Ratio: ratio(samples, i, base)}
		var figures []float64
		for _, s := range samples {
			figures = append(figures, s[i])
		}
		row.Figure = median(figures)
		if t.Kind <= Wall {
			var err error
			if row.Allocs, row.Bytes, err = memory(r.Run); err != nil {
				return res, fmt.Errorf("bench: %s: %s: %w", t.Name, r.Name, err)
			}
		}
		res.Rows = append(res.Rows, row)
	}
	for i, r := range t.Rows {
		for _, g := range r.Targets {
			v := Verdict{Target: g.String(), AtMost: g.AtMost, Got: t.got(g, i, res.Rows, samples)}
			v.OK = v.Got <= v.AtMost
			res.Rows[i].Verdicts = append(res.Rows[i].Verdicts, v)
		}
	}
	return res, nil
}

// got returns the figure that a target limits.
func (t *Table) got(g Target, i int, rows []RowResult, samples []sample) float64 {
	against := t.row(g.Against)
	var mine, other int64
	switch g.what() {
	case Time:
		if against < 0 {
			return rows[i].Figure
		}
		return ratio(samples, i, against)
	case Allocs:
		mine = rows[i].Allocs
		if against >= 0 {
			other = rows[against].Allocs
		}
	case Bytes:
		mine = rows[i].Bytes
		if against >= 0 {
			other = rows[against].Bytes
		}
	}
	return float64(mine - other)
}

// ratio is the median over the runs of row i's figure divided by row j's.
func ratio(samples []sample, i, j int) float64 {
	var v []float64
	for _, s := range samples {
		if s[j] == 0 {
			return 0
		}
		v = append(v, s[i]/s[j])
	}
	return median(v)
}

// Failures lists the targets that were missed.
func (r *Report) Failures() []string {
	var out []string
	for _, t := range r.Results {
		for _, row := range t.Rows {
			for _, v := range row.Verdicts {
				if !v.OK {
					out = append(out, fmt.Sprintf("%s: %s: %s, got %.2f", t.Table, row.Row, v.Target, v.Got))
				}
			}
		}
	}
	return out
}

func environment(runs int) Report {
	return Report{Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH + load(), CPUs: runtime.NumCPU(), Runs: runs}
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg") // Linux only; elsewhere nothing is said
	f := strings.Fields(string(b))
	if err != nil || len(f) < 3 {
		return ""
	}
	return ", load " + strings.Join(f[:3], " ")
}
