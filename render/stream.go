package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The media types of a stream.
const (
	mediaLines  = "application/jsonl"
	mediaNDJSON = "application/x-ndjson"
	mediaEvents = "text/event-stream"
)

var streamMedia = []string{mediaLines, mediaNDJSON, mediaEvents}

// A Stream is an answer of many values, sent as they come: one JSON value a
// line, or server-sent events if the client prefers text/event-stream. The
// write timeout of the server does not end it, only a client that takes no
// bytes for 30 seconds does. It needs a ResponseWriter that can flush.
//
// An error before the first bytes are sent is returned as that of any other
// answer. A later one is returned too, after the connection has been broken, so
// that a list that was cut never looks whole.
type Stream[T any] struct {
	// Events returns what came after the event with ID after; empty means from
	// the start. A client that lost its connection sends the ID in the header
	// Last-Event-ID, so it is input to check. The context ends when the client
	// is gone or the server shuts down (see [Until]); the sequence must then
	// end soon. Events yields an error to fail.
	Events func(ctx context.Context, after string) iter.Seq2[Event[T], error]

	Heartbeat time.Duration // of a silent stream; 0 is 15 seconds, below 0 is none
	Retry     time.Duration // how long a client waits before it comes back; 0 leaves it to the client

	finite bool // Events does not heed the context: its end is its end
}

// An Event is one value of a [Stream]. Only Data is sent to a client that reads
// lines.
type Event[T any] struct {
	ID   string // the place in the stream, without line breaks; empty keeps the last one
	Name string // the type of event; empty is "message"
	Data T
}

// Rows makes a stream of a finite sequence, such as the rows of a query.
func Rows[T any](seq iter.Seq2[T, error]) Stream[T] {
	return Stream[T]{Heartbeat: -1, finite: true, Events: func(context.Context, string) iter.Seq2[Event[T], error] {
		return func(yield func(Event[T], error) bool) {
			for x, err := range seq {
				if !yield(Event[T]{Data: x}, err) {
					return
				}
			}
		}
	}}
}

type shutdownKey struct{}

// Until returns a context that tells the streams of its requests to end when
// shutdown ends, while all other requests go on. It belongs in a server's
// BaseContext:
//
//	closing, shut := context.WithCancel(context.Background())
//	srv.BaseContext = func(net.Listener) context.Context { return render.Until(ctx, closing) }
//	srv.RegisterOnShutdown(shut)
func Until(ctx, shutdown context.Context) context.Context {
	return context.WithValue(ctx, shutdownKey{}, shutdown)
}

var errShutdown = errors.New("render: the server is shutting down")

// openEnded returns a context that ends with the request or at shutdown, and
// lifts the server's timeouts from the request.
func openEnded(w http.ResponseWriter, r *http.Request) (context.Context, *http.ResponseController, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(r.Context())
	stop := func() bool { return true }
	if shutdown, ok := ctx.Value(shutdownKey{}).(context.Context); ok {
		stop = context.AfterFunc(shutdown, func() { cancel(errShutdown) })
	}
	rc := http.NewResponseController(w)
	// A writer without deadlines has none to lift. The read timeout would end
	// the request's context while it waits.
	_ = rc.SetReadDeadline(time.Time{})
	_ = rc.SetWriteDeadline(time.Time{})
	return ctx, rc, func() { stop(); cancel(nil) }
}

// Describe describes the answer; the shape is that of the data of an event.
func (Stream[T]) Describe() Result {
	res := describeBody[T](http.StatusOK)
	res.Kind, res.Media = "stream", slices.Clone(streamMedia)
	return res
}

// Respond writes the answer; it returns when the stream ends.
func (s Stream[T]) Respond(w http.ResponseWriter, r *http.Request) error {
	if err := acceptable(r, streamMedia...); err != nil {
		return err
	}
	media := cmp.Or(choose(r.Header["Accept"], streamMedia...), mediaLines)
	ctx, rc, done := openEnded(w, r)
	defer done()
	p := &pipe{w: w, rc: rc, media: media, events: media == mediaEvents, beat: s.Heartbeat, hangUp: done}
	if s.Heartbeat == 0 {
		p.beat = 15 * time.Second
	}
	if r.Method == http.MethodHead {
		p.begin()
		return nil
	}
	p.start(s.Retry)
	err := s.run(ctx, p, r.Header.Get("Last-Event-ID"))
	if context.Cause(ctx) == errShutdown && !s.finite {
		err = errShutdown // whatever the sequence made of it
		if p.events {
			err = nil // the client comes back with the ID of its last event
		}
	}
	return p.end(err)
}

// run sends the events until there are no more, or one fails.
func (s Stream[T]) run(ctx context.Context, p *pipe, after string) (err error) {
	whole := false
	defer func() {
		if !whole {
			p.stop() // a panic in the sequence; the server breaks the connection
		}
	}()
	sel := selectionOf(ctx)
	for ev, fault := range s.Events(ctx, after) {
		if fault == nil {
			fault = p.send(func(e *encoder) { ev.write(e, ctx, p.events, sel) })
		}
		if fault != nil {
			whole = true
			return fault
		}
	}
	whole = true
	return nil
}

// write appends the event in its wire form.
func (ev *Event[T]) write(e *encoder, ctx context.Context, events bool, sel *Selection) {
	e.ctx = ctx
	if !events {
		e.value(&ev.Data, sel)
		e.buf = append(e.buf, '\n')
		return
	}
	if strings.ContainsAny(ev.ID, "\r\n\x00") || strings.ContainsAny(ev.Name, "\r\n") {
		e.fail(fmt.Errorf("event %q of type %q has a line break in its name", ev.ID, ev.Name))
		return
	}
	if ev.ID != "" {
		e.buf = append(append(append(e.buf, "id: "...), ev.ID...), '\n')
	}
	if ev.Name != "" {
		e.buf = append(append(append(e.buf, "event: "...), ev.Name...), '\n')
	}
	e.buf = append(e.buf, "data: "...)
	e.value(&ev.Data, sel)
	e.buf = append(e.buf, "\n\n"...)
}

func appendRetry(b []byte, d time.Duration) []byte {
	return append(strconv.AppendInt(append(b, "retry: "...), d.Milliseconds(), 10), "\n\n"...)
}
