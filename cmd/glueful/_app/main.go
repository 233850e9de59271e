// Command shop serves a bookshop's catalogue as a JSON API.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"shop/bookshop"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
	"github.com/glueful/glueful-go/render"
)

func main() {
	seed := flag.Bool("seed", false, "fill an empty database with a few books")
	flag.Parse()
	if err := run(context.Background(), environment(os.Getenv), *seed); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// env is what the app takes from its environment; .env.example explains it.
type env struct {
	addr        string
	databaseURL string
}

func environment(getenv func(string) string) env {
	e := env{addr: getenv("ADDR"), databaseURL: getenv("DATABASE_URL")}
	if e.addr == "" {
		e.addr = "127.0.0.1:8080"
	}
	if e.databaseURL == "" {
		e.databaseURL = "shop.db"
	}
	return e
}

func run(ctx context.Context, e env, seed bool) error {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	tuneMemory()

	db, err := open(ctx, e.databaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := bookshop.Migrate(ctx, db); err != nil {
		return err
	}
	if seed {
		if err := bookshop.Seed(ctx, db); err != nil {
			return err
		}
	}

	var m glueful.Mux
	bookshop.New(db).Routes(&m)
	server := &glueful.Server{
		Addr:    e.addr,
		Handler: render.Compress(&m),
		// A client gets 5 s for its header, 30 s for its body and 60 s to take
		// the answer; running requests get 15 s once the process is told to stop.
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		Grace:             15 * time.Second,
		Started:           func(a net.Addr) { slog.Info("listening", "url", "http://"+a.String()) },
	}
	return server.Run(ctx)
}

// open opens PostgreSQL for a postgres:// URL and otherwise the SQLite file of
// that name.
func open(ctx context.Context, url string) (*model.Pool, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return postgres.Open(ctx, url)
	}
	return sqlite.Open(ctx, url)
}

// tuneMemory trades memory for time: a small service has a heap of a few MiB and
// would collect it all the time. The limit keeps the trade safe; GOGC and
// GOMEMLIMIT in the environment win.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(512 << 20)
	}
}
