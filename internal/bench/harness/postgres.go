package harness

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	_ "github.com/lib/pq"

	"github.com/glueful/glueful-go/internal/cluster"
)

// A Server is the PostgreSQL that a table measures against.
type Server struct {
	DSN string // URL with sslmode spelled out

	cluster *cluster.Cluster // nil if GLUEFUL_BENCH_DSN named one
}

// Postgres starts a throw-away PostgreSQL for t, or takes the one that
// GLUEFUL_BENCH_DSN names, and notes its version and the settings that matter.
// It works in the server's default database: make a schema of your own, and
// drop it if the server is to be used again.
func Postgres(t *Table) (*Server, error) {
	s := &Server{DSN: os.Getenv("GLUEFUL_BENCH_DSN")}
	if s.DSN == "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c, err := cluster.Start(ctx, cluster.Options{})
		if err != nil {
			return nil, err
		}
		s.cluster, s.DSN = c, c.DSN()
	}
	if err := s.note(t); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

func (s *Server) note(t *Table) error {
	db, err := sql.Open("postgres", s.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	line := ""
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "wal_level", "jit"} {
		var value string
		if err := db.QueryRow("SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		line += fmt.Sprintf(" %s=%s", name, value)
	}
	t.Notes = append(t.Notes, "PostgreSQL:"+line)
	return nil
}

// Close ends the server if it was started here.
func (s *Server) Close() { _ = s.end() }

func (s *Server) end() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Close()
}
