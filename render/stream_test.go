package render_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueful/glueful-go/render"
)

// serve runs a server whose handler answers with out, and returns its URL.
func serve(t *testing.T, configure func(*http.Server), out func(*http.Request) interface {
	Respond(http.ResponseWriter, *http.Request) error
}) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := out(r).Respond(w, r); err != nil && w.Header().Get("Content-Type") == "" {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	if configure != nil {
		configure(srv.Config)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

type responder = interface {
	Respond(http.ResponseWriter, *http.Request) error
}

func open(t *testing.T, url string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// rows yields n reviews and then the fault, if there is one.
func rows(n int, fault error) iter.Seq2[*review, error] {
	return func(yield func(*review, error) bool) {
		for i := range n {
			if !yield(&review{Stars: i}, nil) {
				return
			}
		}
		if fault != nil {
			yield(nil, fault)
		}
	}
}

func TestStream_lines(t *testing.T) {
	srv := serve(t, nil, func(*http.Request) responder { return render.Rows(rows(3, nil)) })
	res := open(t, srv.URL)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"stars":0,"text":""}` + "\n" + `{"stars":1,"text":""}` + "\n" + `{"stars":2,"text":""}` + "\n"
	if got := string(body); got != want || res.Header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("got %s as %s", got, res.Header.Get("Content-Type"))
	}
}

func TestStream_selection(t *testing.T) {
	srv := serve(t, nil, func(r *http.Request) responder {
		*r = *r.WithContext(render.With(r.Context(), render.Select([]string{"stars"})))
		return render.Rows(rows(2, nil))
	})
	body, _ := io.ReadAll(open(t, srv.URL).Body)
	if got, want := string(body), "{\"stars\":0}\n{\"stars\":1}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStream_errors(t *testing.T) {
	fault := errors.New("the database went away")
	t.Run("an error before the first bytes is a clean answer", func(t *testing.T) {
		w := httptest.NewRecorder()
		err := render.Rows(rows(3, fault)).Respond(w, httptest.NewRequest("GET", "/", nil))
		if !errors.Is(err, fault) || w.Body.Len() > 0 || w.Flushed {
			t.Errorf("got %v after %q", err, w.Body)
		}
	})
	for _, media := range []string{"application/jsonl", "text/event-stream"} {
		for _, n := range []int{1, 5000} {
			t.Run(fmt.Sprintf("a late error breaks the connection: %d as %s", n, media), func(t *testing.T) {
				seen := make(chan struct{})
				srv := serve(t, nil, func(*http.Request) responder {
					return render.Stream[*review]{Events: func(context.Context, string) iter.Seq2[render.Event[*review], error] {
						return func(yield func(render.Event[*review], error) bool) {
							for i := range n {
								if !yield(render.Event[*review]{Data: &review{Stars: i}}, nil) {
									return
								}
							}
							<-seen
							yield(render.Event[*review]{}, fault)
						}
					}}
				})
				res := open(t, srv.URL, "Accept", media)
				if _, err := res.Body.Read(make([]byte, 1)); err != nil {
					t.Fatalf("nothing came before the fault: %v", err)
				}
				close(seen)
				if n, err := io.Copy(io.Discard, res.Body); err == nil {
					t.Errorf("the cut list looks whole after %d bytes", n)
				}
			})
		}
	}
}

// TestStream_http2 holds for HTTP/2 what the others hold for HTTP/1.1: a late
// error is no clean end, and neither timeouts nor the deadline of an earlier
// write end a silent stream.
func TestStream_http2(t *testing.T) {
	seen := make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		render.Stream[int]{Heartbeat: 50 * time.Millisecond, Events: func(context.Context, string) iter.Seq2[render.Event[int], error] {
			return func(yield func(render.Event[int], error) bool) {
				<-seen
				yield(render.Event[int]{}, errors.New("lost"))
			}
		}}.Respond(w, r)
	}))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Fatalf("the protocol is %s", res.Proto)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, 6)); err != nil {
		t.Fatalf("the timeouts cut the stream: %v", err)
	}
	close(seen)
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the cut list looks whole")
	}
}

func TestStream_notAcceptable(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html, application/xml;q=0.5")
	err := render.Rows(rows(1, nil)).Respond(httptest.NewRecorder(), r)
	var status interface{ HTTPStatus() int }
	if !errors.As(err, &status) || status.HTTPStatus() != 406 {
		t.Errorf("got %v", err)
	}
}

// feed is a log that keeps everything, as a source to resume from.
type feed struct {
	mu   sync.Mutex
	n    int
	more chan struct{}
}

func newFeed() *feed { return &feed{more: make(chan struct{})} }

func (f *feed) publish(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n += n
	close(f.more)
	f.more = make(chan struct{})
}

func (f *feed) state() (int, chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n, f.more
}

func (f *feed) events(ctx context.Context, after string) iter.Seq2[render.Event[int], error] {
	return func(yield func(render.Event[int], error) bool) {
		at := 0
		if after != "" {
			n, err := strconv.Atoi(after)
			if err != nil {
				yield(render.Event[int]{}, err)
				return
			}
			at = n
		}
		for {
			n, more := f.state()
			for at < n {
				at++
				if !yield(render.Event[int]{ID: strconv.Itoa(at), Name: "tick", Data: at}, nil) {
					return
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-more:
			}
		}
	}
}

// readEvents reads until n events came or the stream ends, and returns the last ID.
func readEvents(t *testing.T, body io.Reader, n int) (ids []string) {
	t.Helper()
	lines := bufio.NewScanner(body)
	for len(ids) < n && lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestStream_resume(t *testing.T) {
	f := newFeed()
	srv := serve(t, nil, func(*http.Request) responder { return render.Stream[int]{Events: f.events} })
	const total = 500
	go func() {
		for range total / 10 {
			f.publish(10)
		}
	}()
	last, got := "", 0
	for cut := 1; got < total; cut++ {
		ctx, hangUp := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		req.Header.Set("Accept", "text/event-stream")
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range readEvents(t, res.Body, min(7*cut, total-got)) {
			got++
			if id != strconv.Itoa(got) {
				t.Fatalf("event %s after %d", id, got-1)
			}
			last = id
		}
		hangUp()
		res.Body.Close()
	}
}

func TestStream_wire(t *testing.T) {
	f := newFeed()
	f.publish(1)
	srv := serve(t, nil, func(*http.Request) responder {
		return render.Stream[int]{Events: f.events, Heartbeat: 30 * time.Millisecond, Retry: time.Second}
	})
	res := open(t, srv.URL, "Accept", "text/event-stream, application/jsonl;q=0.5")
	want := "retry: 1000\n\nid: 1\nevent: tick\ndata: 1\n\n:\n\n:\n\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("Content-Type %s", ct)
	}
}

func TestStream_badNames(t *testing.T) {
	for _, ev := range []render.Event[int]{{ID: "1\nevent: fake"}, {Name: "a\rb"}, {ID: "\x00"}} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", "text/event-stream")
		w := httptest.NewRecorder()
		err := render.Stream[int]{Events: func(context.Context, string) iter.Seq2[render.Event[int], error] {
			return func(yield func(render.Event[int], error) bool) { yield(ev, nil) }
		}}.Respond(w, r)
		if err == nil || w.Body.Len() > 0 {
			t.Errorf("%+q: sent %q, %v", []string{ev.ID, ev.Name}, w.Body, err)
		}
	}
}

func TestStream_timeouts(t *testing.T) {
	f := newFeed()
	srv := serve(t, func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond },
		func(*http.Request) responder {
			return render.Stream[int]{Events: f.events, Heartbeat: 50 * time.Millisecond}
		})
	res := open(t, srv.URL, "Accept", "text/event-stream")
	beats := make([]byte, len(":\n\n")*8) // four times as long as the server's timeouts
	if _, err := io.ReadFull(res.Body, beats); err != nil {
		t.Fatalf("the server's timeouts cut the stream: %v", err)
	}
	f.publish(1)
	if ids := readEvents(t, res.Body, 1); len(ids) != 1 {
		t.Error("no event after the timeouts")
	}
}

func TestUntil(t *testing.T) {
	closing, shut := context.WithCancel(t.Context())
	f := newFeed()
	f.publish(1)
	srv := serve(t, func(s *http.Server) {
		s.BaseContext = func(net.Listener) context.Context { return render.Until(context.Background(), closing) }
		s.RegisterOnShutdown(shut)
	}, func(*http.Request) responder { return render.Stream[int]{Events: f.events} })
	const each = 20
	type end struct {
		media string
		err   error
	}
	ends := make(chan end, 2*each)
	for range each {
		for _, media := range []string{"text/event-stream", "application/jsonl"} {
			res := open(t, srv.URL, "Accept", media)
			go func() {
				_, err := io.Copy(io.Discard, res.Body)
				ends <- end{media, err}
			}()
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.Config.Shutdown(ctx); err != nil {
		t.Fatalf("Shutdown: %v", err)
	}
	for range 2 * each {
		e := <-ends
		if whole := e.err == nil; whole != (e.media == "text/event-stream") {
			t.Errorf("%s ended with %v", e.media, e.err)
		}
	}
}

func TestDeferred(t *testing.T) {
	wait := func(ctx context.Context) (*review, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := []struct {
		name string
		wait func(context.Context) (*review, error)
		want int
		body string
	}{
		{"a value is the answer", func(context.Context) (*review, error) { return &review{Stars: 1}, nil }, 200, `{"stars":1,"text":""}`},
		{"no value in time is no content", wait, 204, ""},
		{"an early nil is no content", func(context.Context) (*review, error) { return nil, nil }, 204, ""},
		{"a failure is one", func(context.Context) (*review, error) { return nil, errors.New("lost") }, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			err := render.Deferred[review]{Wait: tt.wait, Timeout: 5 * time.Millisecond}.Respond(w, r)
			if tt.want == 0 {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil || w.Code != tt.want || w.Body.String() != tt.body {
				t.Errorf("got %d %s, %v", w.Code, w.Body, err)
			}
		})
	}
	t.Run("the client may want a shorter wait", func(t *testing.T) {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Prefer", "respond-async, wait=0")
		if err := (render.Deferred[review]{Wait: wait, Timeout: time.Hour}).Respond(w, r); err != nil || w.Code != 204 {
			t.Errorf("got %d, %v", w.Code, err)
		}
	})
	t.Run("shutdown ends the wait", func(t *testing.T) {
		closing, shut := context.WithCancel(t.Context())
		shut()
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r = r.WithContext(render.Until(r.Context(), closing))
		if err := (render.Deferred[review]{Wait: wait, Timeout: time.Hour}).Respond(w, r); err != nil || w.Code != 204 {
			t.Errorf("got %d, %v", w.Code, err)
		}
	})
	t.Run("the request's own deadline ends the wait", func(t *testing.T) {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
		defer cancel()
		if err := (render.Deferred[review]{Wait: wait}).Respond(w, r.WithContext(ctx)); err != nil || w.Code != 204 {
			t.Errorf("got %d, %v", w.Code, err)
		}
	})
	t.Run("a client that is gone is an error", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
		if err := (render.Deferred[review]{Wait: wait}).Respond(httptest.NewRecorder(), r); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
