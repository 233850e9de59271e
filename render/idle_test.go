package render_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueful/glueful-go/render"
)

// pipeListener accepts connections inside the process, so that their number is
// not that of file descriptors.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// dial asks for events and reads the header of the answer.
func (l *pipeListener) dial(t *testing.T) *bufio.Reader {
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close() })
	l.conns <- server
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		t.Error(err)
	}
	r := bufio.NewReaderSize(client, 512)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Error(err)
			return r
		}
		if line == "\r\n" {
			return r
		}
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// idle opens n streams of h and returns what each of them keeps in memory.
func idle(t *testing.T, n int, h http.Handler, configure func(*http.Server)) (bytes uint64, streams []*bufio.Reader, srv *http.Server) {
	l := newPipeListener()
	srv = &http.Server{Handler: h}
	if configure != nil {
		configure(srv)
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	first := l.dial(t)
	before := inUse()
	streams = make([]*bufio.Reader, n, n+1)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 100 { // at a time
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				streams[i] = l.dial(t)
			}
		})
	}
	wg.Wait()
	bytes = (inUse() - before) / uint64(n)
	return bytes, append(streams, first), srv
}

// TestStream_stuckClient holds that a client that takes no bytes, without
// closing its connection, does not keep a stream for ever.
func TestStream_stuckClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		l := newPipeListener()
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ended <- render.Stream[int]{Events: newFeed().events}.Respond(w, r)
		})}
		go srv.Serve(l)
		l.dial(t) // and never reads again
		start := time.Now()
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the stream ended with %v", err)
		}
		if took := time.Since(start); took < 30*time.Second || took > time.Minute {
			t.Errorf("it was given up after %v", took)
		}
		srv.Close()
	})
}

// TestStream_idle opens many streams, measures what one of them costs beyond a
// handler of net/http that only waits, sends each an event and ends them all.
func TestStream_idle(t *testing.T) {
	n := 500
	if os.Getenv("GLUEFUL_LONG") == "1" {
		n = 10_000
	}
	bare, _, srv := idle(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}), nil)
	srv.Close()

	closing, shut := context.WithCancel(t.Context())
	f := newFeed()
	ours, streams, srv := idle(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := (render.Stream[int]{Events: f.events, Heartbeat: -1}).Respond(w, r); err != nil && r.Context().Err() == nil {
			t.Errorf("Respond: %v", err)
		}
	}), func(s *http.Server) {
		s.BaseContext = func(net.Listener) context.Context { return render.Until(context.Background(), closing) }
		s.RegisterOnShutdown(shut)
	})
	t.Logf("%d streams: %d bytes each, %d with net/http alone", n, ours, bare)
	if !raceEnabled && ours > bare+12<<10 {
		t.Errorf("an idle stream keeps %d bytes, %d more than net/http", ours, ours-bare)
	}

	n = len(streams)
	var wg sync.WaitGroup
	got, ends := make([]error, n), make([]error, n)
	told := make(chan struct{})
	var first sync.WaitGroup
	first.Add(n)
	for i, r := range streams {
		wg.Go(func() {
			for got[i] == nil {
				var line string
				if line, got[i] = r.ReadString('\n'); strings.HasPrefix(line, "data: 1") {
					break
				}
			}
			first.Done()
			<-told
			rest, err := io.ReadAll(r)
			if ends[i] = err; err == nil && !strings.HasSuffix(string(rest), "0\r\n\r\n") {
				ends[i] = errors.New("the end of the body is missing")
			}
		})
	}
	f.publish(1)
	first.Wait()
	close(told)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	wg.Wait()
	faults := 0
	for i := range streams {
		if err := errors.Join(got[i], ends[i]); err != nil {
			if faults++; faults == 1 {
				t.Errorf("stream %d: %v", i, err)
			}
		}
	}
	if faults > 0 {
		t.Errorf("%d of %d streams did not see the event and the end", faults, n)
	}
}

func TestAppend_allocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	b := book{ID: 1, Title: "t", Pages: 3}
	b.Reviews = many[review]{list: []review{{1, "a"}, {2, "b"}}, loaded: true}
	b.Author = one[author]{item: &author{ID: 1}, loaded: true}
	list := []book{b, b, b}
	sel := render.With(t.Context(), render.Select([]string{"title", "reviews.stars", "author"}))
	var buf []byte
	for name, ctx := range map[string]context.Context{"all": t.Context(), "some": sel} {
		n := testing.AllocsPerRun(100, func() {
			var err error
			if buf, err = render.Append(ctx, buf[:0], &list); err != nil {
				t.Fatal(err)
			}
		})
		// the summary of each book is computed, and only if it is asked for
		if want := map[string]float64{"all": 0, "some": 0}[name]; n > want {
			t.Errorf("%s: %v allocations, want %v", name, n, want)
		}
	}
}

func TestAppend_longList(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	list := make([]book, 2000)
	for i := range list {
		list[i] = book{ID: int64(i), Title: "a title of some length", Pages: 3}
	}
	reviewed := book{Reviews: many[review]{list: make([]review, 2000), loaded: true}}
	for name, f := range map[string]func() ([]byte, error){
		"list":     func() ([]byte, error) { return render.Append(t.Context(), nil, &list) },
		"relation": func() ([]byte, error) { return render.Append(t.Context(), nil, &reviewed) },
	} {
		n := testing.AllocsPerRun(10, func() {
			if b, err := f(); err != nil || len(b) < 30_000 {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
		})
		if n > 10 {
			t.Errorf("%s: the buffer moved about %v times, want few", name, n)
		}
	}
}
