package limitbench

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/internal/cluster"
	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/sqlstore"
)

const (
	clients = 16
	span    = 2 * time.Second
)

// postgres takes one key from 16 connections. pgbench runs the very statement,
// as PostgreSQL says it was prepared.
func postgres() harness.Table {
	t := harness.Table{Name: "limit: PostgreSQL, one key, 16 connections", Kind: harness.Value, Unit: "µs/take", Base: "pgbench"}
	t.Open = func(t *harness.Table) (func(), error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		// The promise is about commits that reach the disk.
		pg, err := cluster.Start(ctx, cluster.Options{Settings: map[string]string{"fsync": "on", "full_page_writes": "on", "max_connections": "100"}})
		if err != nil {
			return nil, err
		}
		closer := func() { _ = pg.Close() }
		if err := fillRows(ctx, t, pg.DSN()); err != nil {
			closer()
			return nil, err
		}
		t.Notes = append(t.Notes, "fsync=on, synchronous_commit=on; client and server share the machine's processors")
		return closer, nil
	}
	return t
}

var ask = limit.Ask{Key: []byte("0123456789abcdef"), Every: time.Microsecond, Max: 1 << 40, Cost: 1}

func fillRows(ctx context.Context, t *harness.Table, dsn string) error {
	stores := map[string]*sqlstore.Store{}
	for _, schema := range []string{"fast", "logged"} {
		db, err := sql.Open("postgres", dsn+"&search_path="+schema)
		if err != nil {
			return err
		}
		db.SetMaxIdleConns(clients)
		db.SetMaxOpenConns(clients)
		b, err := fs.ReadFile(sqlstore.Schema("postgres"), "0001_limit.up.sql")
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, "CREATE SCHEMA "+schema+";"+string(b)); err != nil {
			return err
		}
		stores[schema] = &sqlstore.Store{DB: db, Dialect: "postgres"}
	}
	if _, err := stores["logged"].DB.ExecContext(ctx, "ALTER TABLE limit_rate SET LOGGED"); err != nil {
		return err
	}
	script, err := statement(ctx, dsn)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	measure := func(s *sqlstore.Store) func() (float64, error) {
		return func() (float64, error) { return takes(s) }
	}
	check := func(s *sqlstore.Store) func() error {
		return func() error {
			as, err := s.Take(ctx, []limit.Ask{ask})
			if err != nil || !as[0].OK {
				return fmt.Errorf("answers %v, %v", as, err)
			}
			return nil
		}
	}
	t.Rows = []harness.Row{
		{Name: "pgbench", Measure: func() (float64, error) { return pgbench(dsn, script) }, Check: func() error { return nil }},
		{Name: "glueful", Measure: measure(stores["fast"]), Check: check(stores["fast"]), Targets: []harness.Target{
			{Against: "pgbench", AtMost: 1 / 0.7}, {Against: "glueful, logged table", AtMost: 1.0 / 8}}},
		{Name: "glueful, logged table", Measure: measure(stores["logged"]), Check: check(stores["logged"])},
	}
	return nil
}

// statement writes a pgbench script with the statement that a take prepares.
func statement(ctx context.Context, dsn string) (string, error) {
	db, err := sql.Open("postgres", dsn+"&search_path=fast")
	if err != nil {
		return "", err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // prepared statements are a connection's own
	s := &sqlstore.Store{DB: db, Dialect: "postgres"}
	if _, err := s.Take(ctx, []limit.Ask{ask}); err != nil {
		return "", err
	}
	var text string
	if err := db.QueryRowContext(ctx, "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%limit_rate%'").Scan(&text); err != nil {
		return "", err
	}
	text = strings.NewReplacer("$1", ":key", "$2", ":cost", "$3", ":most").Replace(strings.TrimSpace(text))
	return text + ";\n", nil
}

// takes returns microseconds a take with all clients at work.
func takes(s *sqlstore.Store) (float64, error) {
	ctx := context.Background()
	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for time.Since(start) < span {
				as, err := s.Take(ctx, []limit.Ask{ask})
				if err == nil && !as[0].OK {
					err = errRefused
				}
				if err != nil {
					errs <- err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	close(errs)
	return float64(time.Since(start).Microseconds()) / float64(max(1, n.Load())), <-errs
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

func pgbench(dsn, script string) (float64, error) {
	dir, err := os.MkdirTemp("", "limitbench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "take.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return 0, err
	}
	cost, most := int64(ask.Every)*ask.Cost, int64(ask.Every)*ask.Max
	cmd := exec.Command("pgbench", "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(int(span.Seconds())),
		"-D", `key=\x`+hex.EncodeToString(ask.Key), "-D", fmt.Sprint("cost=", cost), "-D", fmt.Sprint("most=", most), "-f", file, dsn+"&options=-csearch_path%3Dfast")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	m := tps.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said no rate: %s", out)
	}
	rate, err := strconv.ParseFloat(string(m[1]), 64)
	return 1e6 / rate, err
}
