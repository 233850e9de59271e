// Package gluefultest makes tests of an API read like the API.
//
//	book := gluefultest.Post[Book](t, &m, "/v1/books", NewBook{Title: "Emma", Pages: 474})
//	same := gluefultest.Get[Book](t, &m, "/v1/books/1")
//	gluefultest.Refused(t, &m, "POST", "/v1/books", NewBook{}, 422).At("#/title", "required")
//
// Each call goes through a real server and a real connection. A call that does
// not end as it says ends the test, with the answer in the message. Members of an
// answer that Out does not have are an error: a test sees all that a client sees.
package gluefultest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Get asks for path, wants a 2xx status and returns the body.
func Get[Out any](t testing.TB, h http.Handler, path string, header ...string) Out {
	t.Helper()
	return call[Out](t, h, http.MethodGet, path, nil, header)
}

// Post sends in as JSON, wants a 2xx status and returns the body.
func Post[Out any](t testing.TB, h http.Handler, path string, in any, header ...string) Out {
	t.Helper()
	return call[Out](t, h, http.MethodPost, path, in, header)
}

// Put is Post with the method PUT.
func Put[Out any](t testing.TB, h http.Handler, path string, in any, header ...string) Out {
	t.Helper()
	return call[Out](t, h, http.MethodPut, path, in, header)
}

// Patch is Post with the method PATCH.
func Patch[Out any](t testing.TB, h http.Handler, path string, in any, header ...string) Out {
	t.Helper()
	return call[Out](t, h, http.MethodPatch, path, in, header)
}

// Delete asks to delete path and wants a 2xx status.
func Delete(t testing.TB, h http.Handler, path string, header ...string) {
	t.Helper()
	call[json.RawMessage](t, h, http.MethodDelete, path, nil, header)
}

// Refused makes a call that is to be refused with the status, checks that the
// answer is a problem document (RFC 9457), and returns it. in is sent as JSON; a
// string or []byte is sent as it is, and nil sends nothing.
func Refused(t testing.TB, h http.Handler, method, path string, in any, status int, header ...string) Problem {
	t.Helper()
	resp, body := send(t, h, method, path, in, header)
	p := Problem{t: t}
	switch {
	case resp.StatusCode != status:
		t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, body)
	case resp.Header.Get("Content-Type") != "application/problem+json":
		t.Fatalf("%s %s: content type %q, want a problem: %s", method, path, resp.Header.Get("Content-Type"), body)
	case method == http.MethodHead:
		return p
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Status != status {
		t.Fatalf("%s %s: no problem with status %d: %v: %s", method, path, status, err, body)
	}
	return p
}

// Problem is a refusal as the client sees it.
type Problem struct {
	Type, Title, Detail, Code string
	Status                    int
	RequestID                 string `json:"request_id"`
	Errors                    []Fault

	t testing.TB
}

// Fault is one thing that is wrong with the input: in the member of the body that
// Pointer names, or in the parameter Name of the path, query or header.
type Fault struct {
	Pointer, In, Name, Code, Detail string
}

// At wants a fault with the code at the place, a JSON Pointer like "#/title" or a
// parameter like "query:page", and returns p.
func (p Problem) At(place, code string) Problem {
	p.t.Helper()
	for _, f := range p.Errors {
		at := f.Pointer
		if f.In != "" {
			at = f.In + ":" + f.Name
		}
		if at == place && f.Code == code {
			return p
		}
	}
	p.t.Fatalf("no fault %q at %s in %+v", code, place, p.Errors)
	return p
}

func call[Out any](t testing.TB, h http.Handler, method, path string, in any, header []string) Out {
	t.Helper()
	var out Out
	resp, body := send(t, h, method, path, in, header)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		t.Fatalf("%s %s: %d: %s", method, path, resp.StatusCode, body)
	}
	if len(body) == 0 {
		return out
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, body)
	}
	return out
}

func send(t testing.TB, h http.Handler, method, path string, in any, header []string) (*http.Response, []byte) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, payload(t, in))
	if err != nil {
		t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if strings.EqualFold(header[i], "Content-Type") {
			req.Header.Del("Content-Type")
		}
		req.Header.Add(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: the answer is cut: %v", method, path, err)
	}
	return resp, body
}

func payload(t testing.TB, in any) io.Reader {
	t.Helper()
	switch v := in.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(v)
	case []byte:
		return bytes.NewReader(v)
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b)
}
