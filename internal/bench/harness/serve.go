package harness

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	serveEnv     = "GLUEFUL_BENCH_SERVE" // "table\trow": be that server
	serveConns   = 16
	serveRounds  = 9
	serveBlock   = 120 * time.Millisecond // of server CPU
	serveWarmUp  = 2000                   // requests
	servePattern = "/usage"
)

// serveChild is the whole life of a server child: it serves row on one port and
// tells its CPU time on another, until its parent closes the pipe.
func serveChild(r Row) error {
	h, err := r.Handler()
	if err != nil {
		return err
	}
	main, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	side, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	usage := http.NewServeMux()
	usage.HandleFunc(servePattern, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, int64(cpuTime()))
	})
	go http.Serve(side, usage)
	go http.Serve(main, h)
	fmt.Printf("%s %s\n", main.Addr(), side.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A child is a running server.
type child struct {
	cmd        *exec.Cmd
	stdin      io.Closer
	main, side string
	conns      []*clientConn
	ops        int
}

func startChild(t *Table, r Row) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(exe)}
	c.cmd.Env = append(os.Environ(), serveEnv+"="+t.Name+"\t"+r.Name)
	c.cmd.Stderr = os.Stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := fmt.Fscanln(out, &c.main, &c.side); err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not start: %w", err), c.stop())
	}
	for range serveConns {
		nc, err := net.Dial("tcp", c.main)
		if err != nil {
			return nil, errors.Join(err, c.stop())
		}
		c.conns = append(c.conns, &clientConn{nc, bufio.NewReaderSize(nc, 64<<10)})
	}
	return c, nil
}

func (c *child) stop() error {
	for _, cc := range c.conns {
		_ = cc.Close()
	}
	_ = c.stdin.Close()
	return c.cmd.Wait()
}

// usage asks the child for its CPU time.
func (c *child) usage(ctx context.Context) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+c.side+servePattern, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return time.Duration(n), err
}

// block sends n requests over all connections and returns the child's CPU time.
func (c *child) block(ctx context.Context, req Request, wire []byte, n int) (time.Duration, error) {
	before, err := c.usage(ctx)
	if err != nil {
		return 0, err
	}
	var left atomic.Int64
	left.Store(int64(n))
	fail := make([]error, len(c.conns))
	var wg sync.WaitGroup
	for i, cc := range c.conns {
		wg.Go(func() {
			for left.Add(-1) >= 0 && fail[i] == nil {
				fail[i] = cc.ask(req, wire)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(fail...); err != nil {
		return 0, err
	}
	after, err := c.usage(ctx)
	return after - before, err
}

type clientConn struct {
	net.Conn
	r *bufio.Reader
}

// ask sends one request and reads its answer.
func (c *clientConn) ask(req Request, wire []byte) error {
	if _, err := c.Write(wire); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if req.Answer == "" {
		_, err = io.Copy(io.Discard, resp.Body)
	} else {
		var b []byte
		if b, err = io.ReadAll(resp.Body); err == nil && !strings.Contains(string(b), req.Answer) {
			err = fmt.Errorf("answered %.200q, want it to contain %q", b, req.Answer)
		}
	}
	if err == nil && resp.StatusCode != req.Status {
		err = fmt.Errorf("answered %d, want %d", resp.StatusCode, req.Status)
	}
	return err
}

// wire returns the request as it goes over the connection.
func (r Request) wire() ([]byte, error) {
	req, err := http.NewRequest(r.Method, "http://bench"+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "bench")
	var b strings.Builder
	err = req.Write(&b)
	return []byte(b.String()), err
}

// measureService runs a Service table once: all servers up, taking turns.
func measureService(t *Table) (out sample, err error) {
	ctx := context.Background()
	req := t.Request
	if req.Method == "" {
		req.Method = "GET"
	}
	if req.Status == 0 {
		req.Status = http.StatusOK
	}
	wire, err := req.wire()
	if err != nil {
		return nil, err
	}
	quiet := req
	quiet.Answer = "" // looked at while warming up only
	children := make([]*child, len(t.Rows))
	for i, r := range t.Rows {
		c, err := startChild(t, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		defer func() { err = errors.Join(err, c.stop()) }()
		used, err := c.block(ctx, req, wire, serveWarmUp)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		c.ops = max(serveConns, int(serveWarmUp*float64(serveBlock)/float64(max(used, 1))))
		children[i] = c
	}
	all := make([][]float64, len(t.Rows))
	for round := range serveRounds {
		for k := range children {
			i := (k + round) % len(children)
			used, err := children[i].block(ctx, quiet, wire, children[i].ops)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Rows[i].Name, err)
			}
			all[i] = append(all[i], float64(used)/float64(children[i].ops))
		}
	}
	out = make(sample, len(t.Rows))
	for i := range all {
		out[i] = quantile(all[i], 0.25)
	}
	return out, nil
}
