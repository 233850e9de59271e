package factory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/glueful/glueful-go/model"
)

// A Seeder fills some tables.
type Seeder struct {
	Name  string   // what it is asked for by
	Needs []string // seeders that run before it
	// Run gets a transaction of its own: a seeder that fails leaves nothing.
	Run func(ctx context.Context, db model.DB) error
}

// Seeds are the seeders of an app.
type Seeds []Seeder

// SeedOptions says how seeders run.
type SeedOptions struct {
	// Env is what the app runs as. Only "development", "local" and "test" may
	// be filled with made-up rows; anything else, "" included, needs Force.
	Env   string
	Force bool
	// Only names the seeders to run; those they need run as well. nil means all.
	Only []string
	// Progress is told what runs, nil is silent. On a terminal the line of the
	// seeder at work is overwritten when it is done.
	Progress io.Writer
}

// ErrProduction is the refusal to fill a database that may be a real one.
var ErrProduction = errors.New("factory: not a development or test environment: seeding it needs Force")

// Run runs seeders, each after those it needs and otherwise in their order.
// Unknown names and circles are errors before anything runs.
func (s Seeds) Run(ctx context.Context, db *model.Pool, o SeedOptions) error {
	if !o.Force && !slices.Contains([]string{"development", "local", "test"}, o.Env) {
		return fmt.Errorf("%w (environment %q)", ErrProduction, o.Env)
	}
	order, err := s.order(o.Only)
	if err != nil {
		return err
	}
	p := progress{w: o.Progress, of: len(order)}
	for _, x := range order {
		p.begin(x.Name)
		err := db.Tx(ctx, func(db model.DB) error { return x.Run(ctx, db) })
		p.end(x.Name, err)
		if err != nil {
			return fmt.Errorf("factory: seeder %s: %w", x.Name, err)
		}
	}
	return nil
}

// order sorts the seeders that only asks for, and what they need.
func (s Seeds) order(only []string) ([]Seeder, error) {
	byName := map[string]Seeder{}
	for _, x := range s {
		if _, twice := byName[x.Name]; twice || x.Name == "" || x.Run == nil {
			return nil, fmt.Errorf("factory: seeder %q: need a name of its own and a Run", x.Name)
		}
		byName[x.Name] = x
	}
	if only == nil {
		for _, x := range s {
			only = append(only, x.Name)
		}
	}
	var out []Seeder
	state := map[string]int{} // 1 while its needs are looked at, 2 when it is in out
	var add func(name string, via []string) error
	add = func(name string, via []string) error {
		x, known := byName[name]
		via = append(slices.Clip(via), name)
		switch {
		case !known:
			return fmt.Errorf("factory: there is no seeder %q (%s)", name, strings.Join(via, " needs "))
		case state[name] == 1:
			return fmt.Errorf("factory: seeders in a circle: %s", strings.Join(via, " needs "))
		case state[name] == 2:
			return nil
		}
		state[name] = 1
		for _, need := range x.Needs {
			if err := add(need, via); err != nil {
				return err
			}
		}
		state[name] = 2
		out = append(out, x)
		return nil
	}
	for _, name := range only {
		if err := add(name, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// progress writes a line for each seeder.
type progress struct {
	w     io.Writer
	n, of int
	start time.Time
}

func (p *progress) begin(name string) {
	p.n++
	p.start = time.Now()
	if p.w != nil && terminal(p.w) {
		fmt.Fprintf(p.w, "[%d/%d] %s ...", p.n, p.of, name)
	}
}

func (p *progress) end(name string, err error) {
	if p.w == nil {
		return
	}
	back := ""
	if terminal(p.w) {
		back = "\r\x1b[K"
	}
	if err != nil {
		fmt.Fprintf(p.w, "%s[%d/%d] %s failed\n", back, p.n, p.of, name)
		return
	}
	fmt.Fprintf(p.w, "%s[%d/%d] %s %v\n", back, p.n, p.of, name, time.Since(p.start).Round(time.Millisecond))
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
