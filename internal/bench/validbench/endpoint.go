package validbench

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

// account is the answer to a signup.
type account struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

func created(in *signup) account { return account{7, in.Name, in.Email} }

func endpoint() harness.Table {
	return harness.Table{
		Name: "valid: signup endpoint",
		Kind: harness.Service,
		Base: "ServeMux, go-playground",
		Request: harness.Request{
			Method: "POST", Path: "/signup", Body: body, Status: http.StatusCreated, Answer: `"id":7`,
			Header: http.Header{"Content-Type": {"application/json"}},
		},
		Notes: []string{"the ServeMux rows read, check and answer in one plain handler and differ in reading and checking only",
			"glueful.Do, huma and echo bring their own reading and answering; none has a middleware"},
		Rows: []harness.Row{
			{Name: "ServeMux, glueful", Handler: plain(func(w http.ResponseWriter, r *http.Request, in *signup) error {
				if err := valid.ReadJSON(w, r, in, valid.Limits{}); err != nil {
					return err
				}
				return valid.Check(r.Context(), in, (*signup).Valid)
			}), Targets: []harness.Target{{Against: "ServeMux, go-playground", AtMost: 0.88}}},
			{Name: "ServeMux, hand-written ifs", Handler: plain(unmarshal(byHand))},
			{Name: "ServeMux, go-playground", Handler: plain(unmarshal(func(in *signup) error { return playground.Struct(in) }))},
			{Name: "ServeMux, ozzo", Handler: plain(unmarshal((*signup).Validate))},
			{Name: "ServeMux, glueful.Do", Handler: typed},
			{Name: "huma on ServeMux", Handler: humaServer},
			{Name: "echo, go-playground", Handler: echoServer},
		},
	}
}

// unmarshal is how most handlers read: the whole body, json.Unmarshal, a check.
func unmarshal(check func(*signup) error) func(http.ResponseWriter, *http.Request, *signup) error {
	return func(w http.ResponseWriter, r *http.Request, in *signup) error {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, in); err != nil {
			return err
		}
		return check(in)
	}
}

// plain is a handler on a bare ServeMux around one way to read and check.
func plain(read func(http.ResponseWriter, *http.Request, *signup) error) func() (http.Handler, error) {
	return func() (http.Handler, error) {
		mux := http.NewServeMux()
		mux.HandleFunc("POST /signup", func(w http.ResponseWriter, r *http.Request) {
			var in signup
			if err := read(w, r, &in); err != nil {
				errs.Write(w, r, err)
				return
			}
			out, err := json.Marshal(created(&in))
			if err != nil {
				errs.Write(w, r, err)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(out)
		})
		return mux, nil
	}
}

func typed() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("POST /signup", glueful.Do(func(ctx context.Context, in signup) (render.Created[account], error) {
		return render.Created[account]{At: "/accounts/7", Body: created(&in)}, nil
	}))
	return mux, nil
}

func humaServer() (http.Handler, error) {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Bench", "1.0.0"))
	type input struct{ Body signup }
	type output struct{ Body account }
	huma.Register(api, huma.Operation{Method: http.MethodPost, Path: "/signup", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *input) (*output, error) { return &output{created(&in.Body)}, nil })
	return mux, nil
}

// checker is the Validator of echo's documentation.
type checker struct{ validator *validator.Validate }

func (c *checker) Validate(v any) error {
	if err := c.validator.Struct(v); err != nil {
		return echo.ErrBadRequest.WithInternal(err)
	}
	return nil
}

func echoServer() (http.Handler, error) {
	e := echo.New()
	e.Validator = &checker{playground}
	e.POST("/signup", func(c echo.Context) error {
		in := new(signup)
		if err := c.Bind(in); err != nil {
			return echo.NewHTTPError(http.StatusBadRequest, err.Error())
		}
		if err := c.Validate(in); err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, created(in))
	})
	return e, nil
}
