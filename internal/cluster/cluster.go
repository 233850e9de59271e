// Package cluster starts a throw-away PostgreSQL from the binaries on this
// machine and takes it away again.
//
//	c, err := cluster.Start(ctx, cluster.Options{})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	db, err := sql.Open("postgres", c.DSN())
//
// A cluster lives in a temporary folder, listens on a random port of 127.0.0.1
// and on no socket, asks for a random password by SCRAM, and uses the C locale
// with UTF-8, so that it sorts alike everywhere. PostgreSQL refuses to run as
// root: a caller that is root runs it as the user postgres, nobody or daemon,
// whichever exists first. Environment variables that steer PostgreSQL are not
// handed on.
//
// The server dies with its caller. A small shell waits at the other end of a
// pipe; when the caller is gone, even by kill -9, it stops the server and
// removes the folder.
//
// Files are not forced to disk (fsync and full_page_writes are off) because the
// cluster need not outlive the machine. What was committed still survives
// [Cluster.Kill] and an [Immediate] stop, since only processes die there.
// Settings that are given win over these.
//
// The methods of a Cluster may be called concurrently. It needs a Unix system;
// elsewhere [Start] answers with an error.
package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// patience bounds what has no context of its own: stopping and starting again.
const patience = time.Minute

// Options say how a cluster is made. The zero value is a good cluster.
type Options struct {
	Bin      string            // folder of initdb and postgres; "" means the one that [Find] names
	Settings map[string]string // PostgreSQL settings by name, such as "max_connections": "300"
}

// A Mode says how [Cluster.Stop] ends the server.
type Mode int

const (
	Fast      Mode = iota // roll back what is open, then stop cleanly
	Immediate             // drop everything; the next start recovers from the log
	Smart                 // wait for every client to leave, for a minute at most
)

// A Cluster is one throw-away PostgreSQL server with its folder. Make it with
// [Start], and end it with [Cluster.Close].
type Cluster struct {
	bin, dir, password string
	settings           []string // "-c", "name=value", ...
	port               int
	guard              *guard

	mu     sync.Mutex
	server *exec.Cmd     // guarded by mu; nil while none runs
	gone   chan struct{} // guarded by mu; closed when server has ended
}

// Start makes a cluster and returns when it accepts connections. The context
// bounds the start alone, not the life of the server. The error is
// [ErrNoBinaries] if this machine has no PostgreSQL server to run.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Bin == "" {
		bin, err := Find()
		if err != nil {
			return nil, err
		}
		o.Bin = bin
	}
	dir, err := tempDir()
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	g, err := watch(dir)
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("cluster: guard: %w", err)
	}
	c := &Cluster{bin: o.Bin, dir: dir, password: rand.Text(), settings: flags(o.Settings), guard: g}
	if err := c.create(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// create fills the folder and starts the server, on another port as long as
// somebody else takes the chosen one first.
func (c *Cluster) create(ctx context.Context) error {
	if err := c.initdb(ctx); err != nil {
		return err
	}
	for try := 1; ; try++ {
		port, err := freePort()
		if err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
		c.port = port
		err = c.start(ctx)
		if err == nil || try == 5 || !strings.Contains(err.Error(), "could not bind") {
			return err
		}
	}
}

// DSN is the address of the cluster's database postgres for its superuser, in
// the form of a URL, with the password and sslmode=disable.
func (c *Cluster) DSN() string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Stop ends the server and keeps its data for [Cluster.Restart]. Stopping a
// server that does not run is no error.
func (c *Cluster) Stop(mode Mode) error { return c.end(mode.signal()) }

// Kill ends the server's main process by SIGKILL, as a machine short of memory
// does. Its backends end when they notice. The data stays for [Cluster.Restart].
func (c *Cluster) Kill() error { return c.end(os.Kill) }

// Restart stops the server, if it runs, and starts it again with the same data,
// port and password.
func (c *Cluster) Restart(mode Mode) error {
	if err := c.Stop(mode); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.start(ctx)
}

// Close stops the server at once and removes its folder. A cluster that is
// closed cannot be started again; closing it twice is no error.
func (c *Cluster) Close() error {
	err := c.end(Immediate.signal())
	return errors.Join(err, c.guard.Close())
}

// initdb writes the data folder.
func (c *Cluster) initdb(ctx context.Context) error {
	pw := filepath.Join(c.dir, "password")
	if err := os.WriteFile(pw, []byte(c.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	defer os.Remove(pw)
	if err := own(pw); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	cmd := c.command(ctx, "initdb", "-D", c.data(), "-U", "postgres", "-A", "scram-sha-256",
		"--pwfile", pw, "--locale=C", "-E", "UTF8", "--no-sync")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("cluster: initdb: %w\n%s", errors.Join(ctx.Err(), err), out)
	}
	return nil
}

// start runs the server and waits until it says that it is ready.
func (c *Cluster) start(ctx context.Context) error {
	for {
		err := c.launch(ctx)
		// Backends of a killed server hold its shared memory until they notice.
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "pre-existing shared memory") {
			return err
		}
		pause(ctx)
	}
}

func (c *Cluster) launch(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return errors.New("cluster: the server already runs")
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	defer log.Close()
	args := []string{"-D", c.data(), "-p", strconv.Itoa(c.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off"}
	// The context bounds the start alone, so it is not the command's own.
	cmd := c.command(context.Background(), "postgres", append(args, c.settings...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	c.guard.follow(cmd.Process.Pid)
	gone := make(chan struct{})
	go func() { // ends with the server
		cmd.Wait()
		c.guard.follow(0)
		close(gone)
	}()
	if err := c.ready(ctx, cmd.Process.Pid, gone); err != nil {
		cmd.Process.Kill()
		<-gone
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("cluster: start: %w\n%s", err, text)
	}
	c.server, c.gone = cmd, gone
	return nil
}

// ready polls the server's own pid file: its eighth line says how it is, and
// this needs no driver.
func (c *Cluster) ready(ctx context.Context, pid int, gone <-chan struct{}) error {
	for {
		text, _ := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
		lines := strings.Split(string(text), "\n")
		if len(lines) > 7 && lines[0] == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready" {
			return nil
		}
		select {
		case <-gone:
			return errors.New("the server ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// end sends the signal and waits; a server that does not obey is killed.
func (c *Cluster) end(sig os.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	// An error means that it has ended by itself, which the wait below shows.
	_ = c.server.Process.Signal(sig)
	var err error
	select {
	case <-c.gone:
	case <-time.After(patience):
		err = fmt.Errorf("cluster: the server did not stop in %v and was killed", patience)
		c.server.Process.Kill()
		<-c.gone
	}
	c.server = nil
	return err
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// command prepares one of PostgreSQL's programs with a clean environment.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "HOME=" + c.dir, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = server()
	cmd.WaitDelay = time.Second // for children of a cancelled initdb
	return cmd
}

// flags turns settings into arguments, in a steady order.
func flags(settings map[string]string) []string {
	var args []string
	for name, value := range settings {
		args = append(args, name+"="+value)
	}
	slices.Sort(args)
	out := make([]string, 0, 2*len(args))
	for _, a := range args {
		out = append(out, "-c", a)
	}
	return out
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// pause waits a moment, or less if ctx ends.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}
