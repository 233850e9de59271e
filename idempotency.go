package glueful

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/glueful/glueful-go/errs"
)

// Idempotency lets a client repeat a request that changes something without the
// change happening twice (draft-ietf-httpapi-idempotency-key-header-07). The
// client sends a key of its own, Idempotency-Key: "8e03978e-40d5-43dd-bc93"; a
// repetition with the same key gets the recorded answer, byte for byte, with the
// header Idempotency-Replayed: true.
//
// The effect and the record of the answer are one transaction: the handler does
// its writes through [Tx], so that after a crash at any moment either both are
// there or neither. Writes elsewhere (another database, a mail) may repeat.
//
//	once := &glueful.Idempotency{DB: db.SQL(), Dialect: "postgres", Caller: accountID}
//	api.With(once.Handler).Handle("POST /orders", glueful.Do(shop.order))
//
// Answered with problems: 400 for a key that is missing where Required or not a
// string of 1 to 255 characters; 409 while the first request runs; 422 for a key
// that was used with another request; 503 when the database cannot say. Only
// answers below 400 are recorded; after any other the key is free again and the
// handler's writes are rolled back. GET, HEAD and OPTIONS pass through.
//
// On SQLite, whose pool has one writer, the handler must not write around Tx
// while it holds it.
type Idempotency struct {
	// DB holds the table of [Schema] and whatever the handler changes.
	DB *sql.DB
	// Dialect is "postgres" or "sqlite".
	Dialect string
	// Caller names the account the key belongs to; keys of different callers
	// never meet. It must not be nil; a request for which it returns "" is
	// answered 401.
	Caller func(*http.Request) string

	// Required answers 400 to a request without a key.
	Required bool
	// TTL is how long answers are kept; 0 means 24 hours.
	TTL time.Duration
	// Lease is how long a request that died holds its key. It must be longer than
	// a request can take; 0 means two minutes.
	Lease time.Duration
	// MaxAnswer is the largest answer recorded, in bytes; 0 means 1 MiB. A larger
	// one is an error, 500, and nothing has happened.
	MaxAnswer int
}

var (
	errKeyMissing   = own.New(http.StatusBadRequest, "idempotency_key_missing", "Idempotency-Key is missing")
	errKeyMalformed = own.New(http.StatusBadRequest, "idempotency_key_malformed", "Idempotency-Key is not a string in double quotes, 1 to 255 characters")
	errKeyRunning   = own.New(http.StatusConflict, "idempotency_key_in_progress", "A request with this Idempotency-Key is being processed")
	errKeyReused    = own.New(http.StatusUnprocessableEntity, "idempotency_key_reused", "This Idempotency-Key was used with another request")
)

//go:embed schema
var schema embed.FS

// Schema returns the migrations of the tables this package uses, for
// model/migrate or any other tool, for the dialect "postgres" or "sqlite".
func Schema(dialect string) fs.FS {
	sub, err := fs.Sub(schema, "schema/"+dialect)
	if _, missing := fs.Stat(schema, "schema/"+dialect); err != nil || missing != nil {
		panic(fmt.Sprintf("glueful: no schema for dialect %q", dialect))
	}
	return sub
}

type txKey struct{}

// Tx returns the transaction in which a handler behind [Idempotency] makes its
// changes; nil elsewhere, and for a request without a key. It is committed when
// the handler has answered below 400: the handler never ends it.
func Tx(ctx context.Context) *sql.Tx {
	tx, _ := ctx.Value(txKey{}).(*sql.Tx)
	return tx
}

// Handler returns next with the keys of its requests looked after. It panics when
// a field it needs is missing.
func (i *Idempotency) Handler(next http.Handler) http.Handler {
	if i.DB == nil || i.Caller == nil || i.Dialect != "postgres" && i.Dialect != "sqlite" {
		panic("glueful: Idempotency at " + caller() + ` wants DB, Caller, and the Dialect "postgres" or "sqlite"`)
	}
	return &onceHandler{i: i, s: statementsFor(i.Dialect), next: next}
}

// Sweep deletes up to n expired records and returns how many there were. Call it
// now and then; expired records are otherwise only reused by their own key.
func (i *Idempotency) Sweep(ctx context.Context, n int) (int64, error) {
	res, err := i.DB.ExecContext(ctx, statementsFor(i.Dialect).sweep, n)
	if err != nil {
		return 0, fmt.Errorf("glueful: idempotency: sweep: %w", err)
	}
	return res.RowsAffected()
}

type onceHandler struct {
	i    *Idempotency
	s    *idempotencySQL
	next http.Handler
}

// Unwrap and Refusals are for the route table.
func (h *onceHandler) Unwrap() http.Handler { return h.next }

func (h *onceHandler) Refusals() []error {
	return []error{errKeyMissing, errKeyMalformed, errKeyRunning, errKeyReused, errs.Unauthorized, errs.Unavailable}
}

func (h *onceHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		h.next.ServeHTTP(w, r)
		return
	}
	key, err := idempotencyKey(r.Header["Idempotency-Key"])
	if errors.Is(err, errKeyMissing) && !h.i.Required {
		h.next.ServeHTTP(w, r)
		return
	}
	if err == nil {
		err = h.once(w, r, key)
	}
	if err != nil {
		fail(w, r, err)
	}
}

// idempotencyKey reads the header as a structured-field string (RFC 9651).
func idempotencyKey(lines []string) (string, error) {
	if len(lines) == 0 {
		return "", errKeyMissing
	}
	s := lines[0]
	if len(lines) > 1 || len(s) < 3 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", errKeyMalformed
	}
	s = s[1 : len(s)-1]
	key := make([]byte, 0, len(s))
	for j := 0; j < len(s); j++ {
		c := s[j]
		if c == '\\' {
			if j++; j == len(s) || s[j] != '"' && s[j] != '\\' {
				return "", errKeyMalformed
			}
			c = s[j]
		} else if c == '"' || c < ' ' || c > '~' {
			return "", errKeyMalformed
		}
		key = append(key, c)
	}
	if len(key) > 255 {
		return "", errKeyMalformed
	}
	return string(key), nil
}

// claim is one request's hold on its key.
type claim struct {
	id, fingerprint, token []byte
}

// newClaim binds the key to the caller, and the request to its content.
func newClaim(w http.ResponseWriter, r *http.Request, caller, key string) (*claim, error) {
	most := cmp.Or(bodyLimits(r).Bytes, defaultMaxBody) // a router of another kind has no limit of its own
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := &claim{
		id:          digest([]byte(caller), []byte(key)),
		fingerprint: digest([]byte(r.Method), []byte(r.URL.RequestURI()), []byte(r.Header.Get("Content-Type")), body),
		token:       make([]byte, 16),
	}
	rand.Read(c.token)
	return c, nil
}

// digest hashes the parts with their lengths, so that no two lists collide.
func digest(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		binary.Write(h, binary.BigEndian, uint64(len(p)))
		h.Write(p)
	}
	return h.Sum(nil)
}

// once claims the key and runs the handler, or answers what is known of the key.
func (h *onceHandler) once(w http.ResponseWriter, r *http.Request, key string) error {
	who := h.i.Caller(r)
	if who == "" {
		return errs.Unauthorized
	}
	r = r.Clone(r.Context())
	c, err := newClaim(w, r, who, key)
	if err != nil {
		return err
	}
	old, err := h.claim(r.Context(), c)
	if err != nil {
		h.release(r.Context(), c) // the answer may have been lost, and the key be ours
		return errs.Unavailable.Wrap(fmt.Errorf("glueful: idempotency: %w", err)).Retry(time.Second)
	}
	switch {
	case old == nil:
		return h.run(w, r, c)
	case !bytes.Equal(old.fingerprint, c.fingerprint):
		return errKeyReused
	case old.status == 0:
		return errKeyRunning.Retry(time.Second)
	}
	return old.replay(w)
}

// claim returns nil when the key is ours now, otherwise what holds it.
func (h *onceHandler) claim(ctx context.Context, c *claim) (*record, error) {
	lease := cmp.Or(h.i.Lease, 2*time.Minute).Milliseconds()
	ttl := cmp.Or(h.i.TTL, 24*time.Hour).Milliseconds()
	for range 3 { // the holder may vanish between the two statements
		res, err := h.i.DB.ExecContext(ctx, h.s.claim, c.id, c.fingerprint, c.token, lease, ttl)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return nil, err
		}
		old := new(record)
		var status sql.NullInt64
		err = h.i.DB.QueryRowContext(ctx, h.s.look, c.id).Scan(&old.fingerprint, &status, &old.header, &old.body)
		if err == nil {
			old.status = int(status.Int64)
			return old, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
	}
	return nil, errors.New("the key keeps changing hands")
}

// run calls the handler in a transaction that also takes the record.
func (h *onceHandler) run(w http.ResponseWriter, r *http.Request, c *claim) (err error) {
	ctx := r.Context()
	tx, err := h.i.DB.BeginTx(ctx, nil)
	if err != nil {
		h.release(ctx, c)
		return errs.Unavailable.Wrap(fmt.Errorf("glueful: idempotency: %w", err)).Retry(time.Second)
	}
	rec := &recorder{ResponseWriter: w, header: w.Header().Clone(), most: cmp.Or(h.i.MaxAnswer, 1<<20)}
	over := false // the key is settled
	undo := func() {
		if !over {
			tx.Rollback()
			h.release(ctx, c)
		}
		over = true
	}
	defer undo()
	h.next.ServeHTTP(rec, r.WithContext(context.WithValue(ctx, txKey{}, tx)))
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	if rec.over {
		return fmt.Errorf("glueful: idempotency: the answer is longer than %d bytes", rec.most)
	}
	if rec.status >= 400 {
		undo()
		return rec.send(w)
	}
	res, err := tx.ExecContext(ctx, h.s.record, c.id, c.token, rec.status, rec.headerBytes(), rec.body.Bytes())
	if err == nil {
		if n, _ := res.RowsAffected(); n != 1 { // the lease ran out and another request has the key
			return errKeyRunning.Retry(time.Second)
		}
		// Should the outcome be unknown, release waits for the row as long as the
		// transaction lives, and then frees the key only if it was rolled back.
		err = tx.Commit()
	}
	if err != nil {
		return commitError(err)
	}
	over = true
	return rec.send(w)
}

// commitError is that of the handler's changes when they break a deferred
// constraint (class 23); trying again would not help.
func commitError(err error) error {
	wrapped := fmt.Errorf("glueful: idempotency: %w", err)
	if state, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok && strings.HasPrefix(state.SQLState(), "23") {
		return wrapped
	}
	return errs.Unavailable.Wrap(wrapped).Retry(time.Second)
}

// release frees the key after a request that changed nothing, also when its
// client is gone.
func (h *onceHandler) release(ctx context.Context, c *claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// If this fails the lease ends the claim.
	_, _ = h.i.DB.ExecContext(ctx, h.s.release, c.id, c.token)
}
