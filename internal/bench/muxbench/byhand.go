package muxbench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// state is what the two halves of the layer written by hand share: the writer
// that knows its status, and the pattern for the log.
type state struct {
	http.ResponseWriter
	context.Context
	status  int
	bytes   int64
	pattern string
	id      [1]string
}

func (s *state) WriteHeader(status int) { s.status = status; s.ResponseWriter.WriteHeader(status) }
func (s *state) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.bytes += int64(n)
	return n, err
}

type stateKey struct{}

func (s *state) Value(key any) any {
	if _, ok := key.(stateKey); ok {
		return s
	}
	return s.Context.Value(key)
}

// outer and inner are the base layer as one would write it for a single service
// that wants it as cheap as possible: the physical limit.
func outer(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		s := &state{ResponseWriter: w}
		s.id[0] = newID()
		w.Header()["X-Request-Id"] = s.id[:]
		defer func() {
			if p := recover(); p != nil {
				silent.Error("panic", "value", p, "stack", string(debug.Stack()))
				http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			}
			silent.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("id", s.id[0]), slog.String("method", r.Method),
				slog.String("route", s.pattern), slog.Int("status", s.status), slog.Int64("bytes", s.bytes),
				slog.Duration("took", time.Since(start)))
		}()
		mux.ServeHTTP(s, r)
	})
}

func newID() string {
	const digits = "0123456789abcdef"
	var b [32]byte
	hi, lo := mathrand.Uint64(), mathrand.Uint64()
	for i := range 16 {
		b[i], b[16+i] = digits[hi>>(4*i)&15], digits[lo>>(4*i)&15]
	}
	return string(b[:])
}

func inner(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := w.(*state)
		s.pattern = r.Pattern
		ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
		defer cancel()
		s.Context = ctx
		r = r.WithContext(s)
		if r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(s.ResponseWriter, r.Body, 1<<20)
		}
		next.ServeHTTP(w, r)
	})
}

// plainFive is what most codebases have: a middleware for each concern.
func plainFive(next http.Handler) http.Handler {
	for _, mw := range []func(http.Handler) http.Handler{limitBody, deadline, accessLog, requestID, recoverer} {
		next = mw(next)
	}
	return next
}

func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				silent.Error("panic", "value", p, "stack", string(debug.Stack()))
				http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

type idKey struct{}

func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [16]byte
		rand.Read(b[:])
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *recorder) WriteHeader(status int) { c.status = status; c.ResponseWriter.WriteHeader(status) }
func (c *recorder) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}
func (c *recorder) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, c := time.Now(), &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(c, r)
		id, _ := r.Context().Value(idKey{}).(string)
		silent.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("id", id), slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", c.status), slog.Int64("bytes", c.bytes),
			slog.Duration("took", time.Since(start)))
	})
}

func deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		}
		next.ServeHTTP(w, r)
	})
}

// appendInt writes a number without a detour.
func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }
