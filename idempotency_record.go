package glueful

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// idempotencySQL are the statements in the words of one database. Times are
// milliseconds since 1970 by the clock of the database.
type idempotencySQL struct{ claim, look, record, release, sweep string }

func statementsFor(dialect string) *idempotencySQL {
	now, mark := "(extract(epoch from clock_timestamp()) * 1000)::bigint", "$"
	if dialect == "sqlite" {
		now, mark = "cast(unixepoch('subsec') * 1000 as integer)", "?"
	}
	say := strings.NewReplacer("NOW", now, "$", mark).Replace
	return &idempotencySQL{
		claim: say(`INSERT INTO idempotency_keys AS k (id, fingerprint, token, leased_till, expires_at)
			VALUES ($1, $2, $3, NOW + $4, NOW + $5)
			ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, token = excluded.token,
				leased_till = excluded.leased_till, expires_at = excluded.expires_at, status = NULL, header = NULL, body = NULL
			WHERE k.expires_at <= NOW OR k.status IS NULL AND k.leased_till <= NOW AND k.fingerprint = excluded.fingerprint`),
		look:    say(`SELECT fingerprint, status, header, body FROM idempotency_keys WHERE id = $1`),
		record:  say(`UPDATE idempotency_keys SET status = $3, header = $4, body = $5 WHERE id = $1 AND token = $2 AND status IS NULL`),
		release: say(`DELETE FROM idempotency_keys WHERE id = $1 AND token = $2 AND status IS NULL`),
		sweep:   say(`DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE expires_at <= NOW LIMIT $1)`),
	}
}

// recorder holds an answer back until it is known to count.
type recorder struct {
	http.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
	most   int
	over   bool
}

func (c *recorder) Header() http.Header         { return c.header }
func (c *recorder) Status() int                 { return c.status }
func (c *recorder) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// FlushError refuses: what is recorded is not sent in parts.
func (c *recorder) FlushError() error { return http.ErrNotSupported }

// Hijack refuses for the same reason.
func (c *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

func (c *recorder) WriteHeader(status int) {
	if c.status == 0 && status >= 200 {
		c.status = status
	}
}

func (c *recorder) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if c.over = c.over || c.body.Len()+len(p) > c.most; c.over {
		return 0, fmt.Errorf("glueful: idempotency: the answer is longer than %d bytes", c.most)
	}
	return c.body.Write(p)
}

// headerBytes is the header as it goes over the wire, without what stood there
// before the handler ran (the request's id, its limits, its origin): that belongs
// to the request, and a repetition has its own.
func (c *recorder) headerBytes() []byte {
	var b bytes.Buffer
	except := map[string]bool{"X-Request-Id": true, "Date": true}
	for name, values := range c.ResponseWriter.Header() {
		except[name] = except[name] || slices.Equal(values, c.header[name])
	}
	_ = c.header.WriteSubset(&b, except)
	return b.Bytes()
}

func (c *recorder) send(w http.ResponseWriter) error {
	clear(w.Header())
	maps.Copy(w.Header(), c.header)
	w.WriteHeader(c.status)
	_, err := w.Write(c.body.Bytes())
	return err
}

// record is what the table holds of a key.
type record struct {
	fingerprint []byte
	status      int // 0 while the request runs
	header      []byte
	body        []byte
}

// replay answers what was answered the first time.
func (o *record) replay(w http.ResponseWriter) error {
	lines, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(o.header, '\r', '\n')))).ReadMIMEHeader()
	if err != nil {
		return fmt.Errorf("glueful: idempotency: the recorded header cannot be read: %w", err)
	}
	h := w.Header()
	for name, values := range lines {
		h[name] = values
	}
	h.Set("Idempotency-Replayed", "true")
	w.WriteHeader(o.status)
	_, err = w.Write(o.body)
	return err
}
