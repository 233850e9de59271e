//go:build unix

package cluster

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq"
)

// child is the environment variable that makes this test binary a caller that
// starts a cluster, says where it is, and waits to be killed.
const child = "GLUEFUL_CLUSTER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" {
		os.Exit(m.Run())
	}
	c, err := Start(context.Background(), Options{})
	if err != nil {
		os.Stdout.WriteString("error " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString(c.dir + " " + c.DSN() + "\n")
	select {}
}

func start(t *testing.T, o Options) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: starting a server takes seconds")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := Start(ctx, o)
	if errors.Is(err, ErrNoBinaries) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func connect(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func scan(t *testing.T, db *sql.DB, query string) (s string) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func TestCluster(t *testing.T) {
	c := start(t, Options{Settings: map[string]string{"max_connections": "37", "synchronous_commit": "on"}})
	db := connect(t, c.DSN())

	t.Run("settings and defaults hold", func(t *testing.T) {
		for query, want := range map[string]string{
			"SHOW max_connections":         "37",
			"SHOW fsync":                   "off",
			"SHOW listen_addresses":        "127.0.0.1",
			"SHOW unix_socket_directories": "",
			"SHOW password_encryption":     "scram-sha-256",
			"SHOW server_encoding":         "UTF8",
			"SELECT datcollate FROM pg_database WHERE datname='postgres'":              "C",
			"SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules":      "scram-sha-256",
			"SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE oid=10":    "true",
			"SELECT string_agg(s, '' ORDER BY s) FROM unnest(ARRAY['a','B','ä']) t(s)": "Baä",
		} {
			if got := scan(t, db, query); got != want {
				t.Errorf("%s = %q, want %q", query, got, want)
			}
		}
	})
	t.Run("a wrong password is refused", func(t *testing.T) {
		u, err := url.Parse(c.DSN())
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword("postgres", "wrong")
		err = connect(t, u.String()).Ping()
		if err == nil || !strings.Contains(err.Error(), "password authentication failed") {
			t.Errorf("Ping with a wrong password: %v", err)
		}
	})
	t.Run("the folder is closed to others", func(t *testing.T) {
		info, err := os.Stat(c.dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("mode %v, error %v", info.Mode(), err)
		}
		if _, err := os.Stat(filepath.Join(c.dir, "password")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the password file stays: %v", err)
		}
	})
	scan(t, db, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); SELECT 'made'")
	for name, restart := range map[string]func() error{
		"a restart keeps the data":                func() error { return c.Restart(Fast) },
		"a restart after a crash keeps the data":  func() error { return c.Restart(Immediate) },
		"a killed server starts again":            func() error { return errors.Join(c.Kill(), c.Restart(Fast)) },
		"a stopped server starts again":           func() error { return errors.Join(c.Stop(Fast), c.Stop(Fast), c.Restart(Fast)) },
		"a smart stop waits for nobody but users": func() error { db.Close(); return c.Restart(Smart) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := restart(); err != nil {
				t.Fatal(err)
			}
			if got := scan(t, connect(t, c.DSN()), "SELECT sum(n) FROM kept"); got != "1" {
				t.Errorf("kept = %s, want 1", got)
			}
		})
	}
}

func TestCluster_close(t *testing.T) {
	c := start(t, Options{})
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
	if err := connect(t, c.DSN()).Ping(); err == nil {
		t.Error("the server still answers")
	}
	if err := c.Restart(Fast); err == nil {
		t.Error("a closed cluster starts again")
	}
}

// TestCluster_caller kills the caller by SIGKILL: the server and its folder go
// with it.
func TestCluster_caller(t *testing.T) {
	start(t, Options{}).Close() // skips as the others do
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	dir, dsn, ok := strings.Cut(strings.TrimSpace(line), " ")
	if err != nil || !ok || dir == "error" {
		t.Fatalf("the child said %q: %v", line, err)
	}
	db := connect(t, dsn)
	if err := db.Ping(); err != nil {
		t.Fatalf("before the kill: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	gone := func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist) && db.Ping() != nil
	}
	for end := time.Now().Add(20 * time.Second); !gone(); {
		if time.Now().After(end) {
			t.Fatal("20 s after its caller was killed the server or its folder is still there")
		}
		pause(t.Context())
	}
}

func TestStart_refusals(t *testing.T) {
	t.Run("a setting that does not exist", func(t *testing.T) {
		start(t, Options{}).Close()
		_, err := Start(t.Context(), Options{Settings: map[string]string{"no_such_setting": "1"}})
		if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("error %v does not name the setting", err)
		}
		left, err := filepath.Glob(filepath.Join(os.TempDir(), "glueful-pg-*", "log"))
		for _, log := range left {
			text, _ := os.ReadFile(log)
			if strings.Contains(string(text), "no_such_setting") {
				t.Errorf("a failed start leaves %s: %v", log, err)
			}
		}
	})
	t.Run("a folder without binaries", func(t *testing.T) {
		if _, err := Start(t.Context(), Options{Bin: t.TempDir()}); err == nil {
			t.Error("started from an empty folder")
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Start(ctx, Options{}); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrNoBinaries) {
			t.Errorf("Start = %v, want %v", err, context.Canceled)
		}
	})
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"pg/9.6/bin", "pg/15/bin", "pg/16/bin"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"pg/9.6/bin/initdb", "pg/9.6/bin/postgres", "pg/15/bin/initdb", "pg/15/bin/postgres", "pg/16/bin/initdb"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("the highest complete version wins", func(t *testing.T) {
		got, err := highest([]string{filepath.Join(root, "pg/*/bin")})
		if want := filepath.Join(root, "pg/15/bin"); got != want || err != nil {
			t.Errorf("highest = %q, %v, want %q", got, err, want)
		}
	})
	t.Run("nothing found", func(t *testing.T) {
		if _, err := highest([]string{filepath.Join(root, "none*")}); !errors.Is(err, ErrNoBinaries) {
			t.Errorf("error %v, want ErrNoBinaries", err)
		}
	})
	t.Run("the PATH comes first", func(t *testing.T) {
		want := filepath.Join(root, "pg/9.6/bin")
		t.Setenv("PATH", want)
		if got, err := Find(); got != want || err != nil {
			t.Errorf("Find = %q, %v, want %q", got, err, want)
		}
	})
}
