package errs_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/glueful/glueful-go/errs"
)

var cat = errs.Catalog{Type: "https://api.example.com/problems/"}

var ErrQuota = cat.New(http.StatusTooManyRequests, "quota_exceeded", "Monthly quota used up")

// A whole handler: what it returns becomes the answer.
func Example() {
	h := &errs.Handler{}
	mux := http.NewServeMux()
	mux.Handle("GET /reports/{id}", h.Func(func(w http.ResponseWriter, r *http.Request) error {
		return ErrQuota.Detailf("%d of %d used", 100, 100).Set("limit", 100).Retry(90 * time.Second)
	}))
	srv := h.Recover(mux)

	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("GET", "/reports/7", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"), "retry after", w.Header().Get("Retry-After"))
	fmt.Println(w.Body)
	// Output:
	// 429 application/problem+json retry after 90
	// {"type":"https://api.example.com/problems/quota_exceeded","title":"Monthly quota used up","status":429,"code":"quota_exceeded","detail":"100 of 100 used","limit":100}
}

// A catalogue lists itself, for documentation and OpenAPI.
func ExampleCatalog_All() {
	for _, e := range cat.All() {
		fmt.Println(e.HTTPStatus(), e.ErrorCode(), "-", e.PublicMessage())
	}
	// Output: 429 quota_exceeded - Monthly quota used up
}

// The cause is there for the program and the log, not for the client.
func ExampleError_Wrap() {
	err := errs.NotFound.Wrap(sql.ErrNoRows)
	fmt.Println(errors.Is(err, errs.NotFound), errors.Is(err, sql.ErrNoRows))

	w := httptest.NewRecorder()
	errs.Write(w, httptest.NewRequest("GET", "/", nil), err)
	fmt.Println(w.Body)
	// Output:
	// true true
	// {"title":"Not Found","status":404,"code":"not_found"}
}

// A TeapotError renders itself.
type TeapotError struct{}

func (TeapotError) Error() string { return "teapot" }

func (TeapotError) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprint(w, "short and stout")
}

// An error that is an http.Handler is a custom renderer; a mapper gives one to
// errors of other packages.
func ExampleHandler_Map() {
	h := &errs.Handler{
		Map: []func(error) error{
			func(err error) error {
				if errors.Is(err, http.ErrNoCookie) {
					return TeapotError{}
				}
				return nil
			},
			errs.Std, errs.SQL,
		},
		Quiet: func(err error, status int) bool { return true },
	}
	w := httptest.NewRecorder()
	h.Write(w, httptest.NewRequest("GET", "/", nil), http.ErrNoCookie)
	fmt.Println(w.Code, w.Body)
	// Output: 418 short and stout
}

// The don't-report list is a function.
func ExampleHandler_Quiet() {
	h := &errs.Handler{
		Quiet: func(err error, status int) bool {
			return status < 500 || errors.Is(err, sql.ErrConnDone)
		},
	}
	w := httptest.NewRecorder()
	h.Write(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("list: %w", sql.ErrConnDone))
	fmt.Println(w.Body)
	// Output: {"title":"Service Unavailable","status":503,"code":"unavailable"}
}
