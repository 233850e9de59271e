package glueful

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/glueful/glueful-go/render"
)

// A Server runs a handler with limits on everything a client can draw out, and
// stops without dropping a request. The zero value of each field is a safe
// default; do not change fields after Run was called.
type Server struct {
	// Addr is the address to listen on, host:port. Empty means 127.0.0.1:8080.
	// A listener handed down by the service manager (LISTEN_FDS) goes first, to
	// the first server that runs.
	Addr string

	// Handler answers the requests; it must not be nil.
	Handler http.Handler

	ReadHeaderTimeout time.Duration // for the whole header; 0 means 5 s
	ReadTimeout       time.Duration // for header and body; 0 means 30 s
	WriteTimeout      time.Duration // from the end of the header to the end of the answer; 0 means 60 s; streams lift it
	IdleTimeout       time.Duration // between requests of a connection; 0 means 2 min
	MaxHeaderBytes    int           // request line and header; 0 means 32 KiB, at least 5 KiB

	// Lame is how long the server goes on accepting after it was told to stop, so
	// that a balancer sees the failing readiness probe first. 0 means not at all.
	Lame time.Duration
	// Grace is how long running requests may take to finish after that; 0 means 15 s.
	Grace time.Duration

	// HTTP2 serves HTTP/2 without TLS to clients that know beforehand (h2c). Only
	// behind a proxy that speaks it.
	HTTP2 bool

	// Log receives the server's own words; nil means slog.Default().
	Log *slog.Logger

	// Started, when not nil, is called once with the address the server listens on.
	Started func(net.Addr)
}

// ErrForced is returned by Run when a second signal, or the end of the grace
// period, cut running requests off.
var ErrForced = errors.New("glueful: stopped before all requests had finished")

// Serve runs the handler on addr with the defaults of [Server] until ctx ends or
// the process receives SIGINT or SIGTERM.
func Serve(ctx context.Context, addr string, h http.Handler) error {
	return (&Server{Addr: addr, Handler: h}).Run(ctx)
}

// Run listens and serves until ctx ends or the process receives SIGINT or
// SIGTERM; then it tells streams to end ([Draining]), accepts for another Lame,
// and waits up to Grace for running requests. A second signal ends it at once.
//
// It returns nil after a clean stop, [ErrForced] after a forced one, and
// otherwise says why it could not listen, naming the process that has the port
// where the system tells.
func (s *Server) Run(ctx context.Context) error {
	if s.Handler == nil {
		return errors.New("glueful: server without a handler")
	}
	ln, err := s.listen()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	return s.serve(ctx, ln, signals)
}

func (s *Server) serve(ctx context.Context, ln net.Listener, signals <-chan os.Signal) error {
	closing, drain := context.WithCancel(context.Background())
	defer drain()
	srv := s.server(closing)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	if s.Started != nil {
		s.Started(ln.Addr())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("glueful: serve: %w", err)
	case <-ctx.Done():
	case <-signals:
	}
	drain()
	if s.Lame > 0 {
		select {
		case <-time.After(s.Lame):
		case <-signals:
			return s.force(srv)
		}
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(s.Grace, 15*time.Second))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- srv.Shutdown(grace) }()
	select {
	case err := <-done:
		if err != nil {
			return s.force(srv)
		}
		return nil
	case <-signals:
		return s.force(srv)
	}
}

func (s *Server) force(srv *http.Server) error {
	if err := srv.Close(); err != nil {
		return fmt.Errorf("%w: %w", ErrForced, err)
	}
	return ErrForced
}

// slop is what net/http reads of a header beyond its MaxHeaderBytes.
const slop = 4 << 10

func (s *Server) server(closing context.Context) *http.Server {
	logger := s.Log
	if logger == nil {
		logger = slog.Default()
	}
	srv := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: cmp.Or(s.ReadHeaderTimeout, 5*time.Second),
		ReadTimeout:       cmp.Or(s.ReadTimeout, 30*time.Second),
		WriteTimeout:      cmp.Or(s.WriteTimeout, 60*time.Second),
		IdleTimeout:       cmp.Or(s.IdleTimeout, 2*time.Minute),
		MaxHeaderBytes:    max(cmp.Or(s.MaxHeaderBytes, 32<<10)-slop, 1<<10),
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context {
			return render.Until(context.WithValue(context.Background(), drainKey{}, closing.Done()), closing)
		},
	}
	if s.HTTP2 {
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true)
		srv.Protocols.SetUnencryptedHTTP2(true)
	}
	return srv
}

type drainKey struct{}

// Draining returns a channel that is closed when the server that runs the
// request has been told to stop. It is nil, and so never ready, elsewhere.
func Draining(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(drainKey{}).(<-chan struct{})
	return c
}

// listen takes the listener that was handed down, or opens one.
func (s *Server) listen() (net.Listener, error) {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) && os.Getenv("LISTEN_FDS") != "" {
		if n := os.Getenv("LISTEN_FDS"); n != "1" {
			return nil, fmt.Errorf("glueful: %s listeners were handed down (LISTEN_FDS); want 1", n)
		}
		// The descriptor is spent: another server of this process, or a child,
		// must not take it for a listener again.
		os.Unsetenv("LISTEN_PID")
		os.Unsetenv("LISTEN_FDS")
		const first = 3 // SD_LISTEN_FDS_START of sd_listen_fds(3)
		f := os.NewFile(first, "LISTEN_FD_3")
		defer f.Close()
		ln, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("glueful: the listener handed down (LISTEN_FDS): %w", err)
		}
		return ln, nil
	}
	addr := cmp.Or(s.Addr, "127.0.0.1:8080")
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("glueful: %s is in use%s; stop it or choose another address: %w", addr, portOwner(addr), err)
	}
	if err != nil {
		return nil, fmt.Errorf("glueful: listen on %s: %w", addr, err)
	}
	return ln, nil
}
