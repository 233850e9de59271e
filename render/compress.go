package render

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// compressFrom is the smallest body, in bytes, that is compressed.
const compressFrom = 1024

// Compress answers with gzip where the client takes it (RFC 9110, 12.5.3): text,
// JSON and XML of 1 KiB and more. It leaves alone what is small, encoded
// already, partial, marked no-transform, or flushed before it is long enough,
// which streams are. A strong ETag gets the suffix -gzip, as the bytes are
// others, and loses it again in If-Match and If-None-Match of a request, so
// that handlers inside never see it. Its place is outside of a cache.
//
// Compression shows in its length what repeats: do not put a secret and text of
// an attacker's choice into one body.
func Compress(next http.Handler) http.Handler { return compressor{next} }

type compressor struct{ next http.Handler }

// Unwrap returns the handler inside.
func (c compressor) Unwrap() http.Handler { return c.next }

func (c compressor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z := &gzipWriter{ResponseWriter: w, head: r.Method == http.MethodHead}
	z.wanted = quality(r.Header["Accept-Encoding"], "gzip") > 0
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if v := r.Header.Get(name); strings.Contains(v, tagSuffix) {
			r.Header.Set(name, strings.ReplaceAll(v, tagSuffix, `"`))
			z.tagged = true
		}
	}
	whole := false
	defer func() { z.close(whole) }()
	c.next.ServeHTTP(z, r)
	whole = true
}

const tagSuffix = `-gzip"`

var gzips = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // a valid level
	return z
}}

// A gzipWriter holds the first bytes back until it is clear whether the body is
// worth compressing.
type gzipWriter struct {
	http.ResponseWriter
	wanted bool // the client takes gzip
	head   bool
	tagged bool // the request named a tag of ours

	status int    // what the handler asked for; 0 is nothing yet
	held   []byte // while undecided
	sent   bool   // the header is on its way
	zip    *gzip.Writer
}

// Unwrap returns the writer inside, for [http.ResponseController].
func (z *gzipWriter) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// Status returns the status of the answer, 0 before there is one.
func (z *gzipWriter) Status() int { return z.status }

func (z *gzipWriter) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		z.ResponseWriter.WriteHeader(status)
		return
	}
	if z.status != 0 {
		return
	}
	z.status = status
	n, err := strconv.Atoi(z.Header().Get("Content-Length"))
	switch {
	case !z.fits() || err == nil && n < compressFrom:
		z.plain()
	case err == nil:
		z.encode()
	}
}

// fits reports whether the answer may be compressed, apart from its length.
func (z *gzipWriter) fits() bool {
	h := z.Header()
	if !z.wanted || z.status < 200 || z.status == 204 || z.status == 206 || z.status == 304 || h.Get("Content-Encoding") != "" ||
		h.Get("Content-Range") != "" || strings.Contains(h.Get("Cache-Control"), "no-transform") {
		return false
	}
	media, _, _ := strings.Cut(strings.ToLower(h.Get("Content-Type")), ";")
	media = strings.TrimSpace(media)
	return media != mediaEvents && (strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json") ||
		strings.HasSuffix(media, "xml") || media == mediaLines || media == "application/javascript")
}

func (z *gzipWriter) encode() {
	h := z.Header()
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	z.tag()
	z.send()
	if !z.head {
		z.zip = gzips.Get().(*gzip.Writer)
		z.zip.Reset(z.ResponseWriter)
	}
}

// tag marks a strong ETag as that of the compressed form.
func (z *gzipWriter) tag() {
	if tag := z.Header().Get("ETag"); strings.HasPrefix(tag, `"`) && len(tag) > 1 {
		z.Header().Set("ETag", tag[:len(tag)-1]+tagSuffix)
	}
}

func (z *gzipWriter) plain() {
	if z.status == http.StatusNotModified && z.tagged {
		z.tag()
	}
	z.send()
}

// send sends the header, with what it depends on in it.
func (z *gzipWriter) send() {
	z.sent = true
	vary := strings.ToLower(strings.Join(z.Header()["Vary"], ","))
	if !strings.Contains(vary, "accept-encoding") && !strings.Contains(vary, "*") {
		z.Header().Add("Vary", "Accept-Encoding")
	}
	z.ResponseWriter.WriteHeader(z.status)
}

func (z *gzipWriter) Write(p []byte) (int, error) {
	if z.status == 0 {
		z.WriteHeader(http.StatusOK)
	}
	if !z.sent && len(z.held)+len(p) < compressFrom {
		z.held = append(z.held, p...)
		return len(p), nil
	}
	if !z.sent {
		z.encode()
		if _, err := z.body().Write(z.held); err != nil {
			return 0, err
		}
		z.held = nil
	}
	return z.body().Write(p)
}

func (z *gzipWriter) body() io.Writer {
	if z.zip != nil {
		return z.zip
	}
	return z.ResponseWriter
}

// FlushError sends what there is; see [http.ResponseController].
func (z *gzipWriter) FlushError() error {
	if z.status == 0 {
		z.WriteHeader(http.StatusOK)
	}
	err := z.release()
	if z.zip != nil && err == nil {
		err = z.zip.Flush()
	}
	if err != nil {
		return err
	}
	return http.NewResponseController(z.ResponseWriter).Flush()
}

// release sends a body that stayed too short.
func (z *gzipWriter) release() error {
	if z.sent || z.status == 0 {
		return nil
	}
	z.plain()
	_, err := z.ResponseWriter.Write(z.held)
	z.held = nil
	return err
}

// close ends the body; a broken one is left without its end.
func (z *gzipWriter) close(whole bool) {
	if !whole {
		return
	}
	_ = z.release() // the client is gone, and the server knows
	if z.zip != nil {
		_ = z.zip.Close()
		z.zip.Reset(io.Discard)
		gzips.Put(z.zip)
	}
}
