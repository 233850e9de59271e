package render_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/render"
)

func TestCompress(t *testing.T) {
	long := strings.Repeat(`{"a":1},`, 500)
	answer := func(body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			io.WriteString(w, body)
		}
	}
	length := strconv.Itoa(len(long))
	tests := []struct {
		name, accept string
		h            http.HandlerFunc
		zipped       bool
	}{
		{"a long body", "gzip", answer(long), true},
		{"a long body of known length", "br, gzip;q=0.5", answer(long, "Content-Length", length), true},
		{"anything is gzip, too", "*", answer(long), true},
		{"a problem", "gzip", answer(long, "Content-Type", "application/problem+json; charset=utf-8"), true},
		{"a handler that sets Vary", "gzip", answer(long, "Vary", "Accept"), true},
		{"a handler that knows", "", answer(long, "Vary", "Accept-Encoding"), false},
		{"a short body", "gzip", answer("{}"), false},
		{"a short body of known length", "gzip", answer("{}", "Content-Length", "2"), false},
		{"no gzip wanted", "gzip;q=0, *", answer(long), false},
		{"no wish", "", answer(long), false},
		{"a weight that is no number", "gzip;q=x", answer(long), false},
		{"an image", "gzip", answer(long, "Content-Type", "image/png"), false},
		{"events", "gzip", answer(long, "Content-Type", "text/event-stream"), false},
		{"already encoded", "gzip", answer(long, "Content-Encoding", "br"), false},
		{"a part", "gzip", answer(long, "Content-Range", "bytes 0-3999/9000"), false},
		{"not to be transformed", "gzip", answer(long, "Cache-Control", "no-transform"), false},
		{"flushed early", "gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, long[:10])
			http.NewResponseController(w).Flush()
			io.WriteString(w, long[10:])
		}, false},
		{"flushed late", "gzip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, long[:2000])
			http.NewResponseController(w).Flush()
			io.WriteString(w, long[2000:])
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(render.Compress(tt.h))
			defer srv.Close()
			res := open(t, srv.URL, "Accept-Encoding", tt.accept)
			if got := res.Header.Get("Content-Encoding") == "gzip"; got != tt.zipped {
				t.Fatalf("compressed: %t, want %t", got, tt.zipped)
			}
			if vary := strings.Join(res.Header.Values("Vary"), ","); strings.Count(vary, "Accept-Encoding") != 1 {
				t.Errorf("Vary: %q", res.Header.Values("Vary"))
			}
			var body io.Reader = res.Body
			if tt.zipped {
				z, err := gzip.NewReader(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			got, err := io.ReadAll(body)
			if want := long; err != nil || len(got) > 2 && string(got) != want {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			head, err := http.NewRequest("HEAD", srv.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			head.Header.Set("Accept-Encoding", tt.accept)
			if res, err := http.DefaultClient.Do(head); err != nil {
				t.Error(err)
			} else if res.Body.Close(); res.Header.Get("Content-Encoding") == "gzip" && !tt.zipped {
				t.Error("HEAD promises gzip")
			}
		})
	}
}

func TestCompress_status(t *testing.T) {
	for _, status := range []int{204, 304} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		render.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
		})).ServeHTTP(w, r)
		if w.Code != status || w.Header().Get("Content-Encoding") != "" || w.Body.Len() > 0 {
			t.Errorf("%d: got %d %q", status, w.Code, w.Header())
		}
	}
}

func TestCompress_etag(t *testing.T) {
	var inside string
	h := render.Compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside = r.Header.Get("If-None-Match")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", "application/json")
		if inside == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, strings.Repeat("[]", 1000))
	}))
	ask := func(tag string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("If-None-Match", tag)
		h.ServeHTTP(w, r)
		return w
	}
	first := ask("").Header().Get("ETag")
	if first != `"v1-gzip"` {
		t.Errorf("ETag %s", first)
	}
	if w := ask(first); w.Code != 304 || inside != `"v1"` || w.Header().Get("ETag") != first {
		t.Errorf("got %d, the handler saw %s, ETag %s", w.Code, inside, w.Header().Get("ETag"))
	}
	if w := ask(`"v1"`); w.Code != 304 || w.Header().Get("ETag") != `"v1"` {
		t.Errorf("a tag of the plain form came back as %s", w.Header().Get("ETag"))
	}
}

func TestCompress_broken(t *testing.T) {
	srv := httptest.NewServer(render.Compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.Repeat("[]", 100_000))
		panic(http.ErrAbortHandler)
	})))
	defer srv.Close()
	res, err := http.Get(srv.URL)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("the broken body looks whole")
	}
}

func TestCompress_streams(t *testing.T) {
	f := newFeed()
	f.publish(1)
	srv := httptest.NewServer(render.Compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		render.Stream[int]{Events: f.events}.Respond(w, r)
	})))
	defer srv.CloseClientConnections()
	for _, media := range []string{"text/event-stream", "application/jsonl"} {
		res := open(t, srv.URL, "Accept", media, "Accept-Encoding", "gzip")
		if enc := res.Header.Get("Content-Encoding"); enc != "" {
			t.Errorf("%s is encoded as %s", media, enc)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 2)); err != nil {
			t.Errorf("%s: %v", media, err)
		}
	}
}
