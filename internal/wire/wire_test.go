package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestProbe_notices asks an API that does everything the easy way: the probe must
// find fault with most of it, and with each kind of fault.
func TestProbe_notices(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /books", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct {
			Title string
			Pages int
		}
		if err := json.Unmarshal(body, &in); err != nil {
			http.Error(w, err.Error()+" in "+string(body), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, `{"id":7}`)
	})
	mux.HandleFunc("GET /books/7", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"id":7}`) })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("wire-secret") })
	srv := httptest.NewUnstartedServer(mux)
	srv.Start()
	defer srv.Close()
	checks, err := Target{Base: srv.URL, Books: "/books", Panic: "/panic"}.Probe()
	if err != nil {
		t.Fatal(err)
	}
	if len(checks) != 20 || len(Names()) != 20 {
		t.Fatalf("%d questions, want 20", len(checks))
	}
	if n := Passed(checks); n > 4 {
		t.Errorf("a careless API passed %d of 20:", n)
		for _, c := range checks {
			t.Logf("%s: %s", c.Name, c.Seen)
		}
	}
	dead := httptest.NewServer(nil)
	dead.Close()
	if _, err := (Target{Base: dead.URL, Books: "/books"}).Probe(); err == nil {
		t.Error("an API that is not there was probed")
	}
}
