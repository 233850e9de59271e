package wirebench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	echomw "github.com/labstack/echo/v4/middleware"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/errs"
	"github.com/glueful/glueful-go/render"
	"github.com/glueful/glueful-go/valid"
)

func itoa(n int) string { return strconv.Itoa(n) }

type book struct {
	ID    string `json:"id"`
	Title string `json:"title" binding:"required,max=200"`
	Pages int    `json:"pages" binding:"min=1"`
}

// shelf keeps the books of one contender.
type shelf struct {
	mu    sync.Mutex
	books []book
}

func (s *shelf) add(title string, pages int) book {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := book{strconv.Itoa(len(s.books) + 1), title, pages}
	s.books = append(s.books, b)
	return b
}

func (s *shelf) find(id string) (book, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.books {
		if b.ID == id {
			return b, true
		}
	}
	return book{}, false
}

const secret = "wire-secret"

type newBook struct {
	Title string `json:"title"`
	Pages int    `json:"pages"`
}

func (in *newBook) Valid(c *valid.C) {
	valid.Field(c, &in.Title, valid.Required, valid.MaxLen(200))
	valid.Field(c, &in.Pages, valid.Min(1))
}

func ours() http.Handler {
	s, m := &shelf{}, &glueful.Mux{Log: silent}
	m.Handle("POST /books", glueful.Do(func(_ context.Context, in newBook) (render.Created[book], error) {
		b := s.add(in.Title, in.Pages)
		return render.Created[book]{At: "/books/" + b.ID, Body: b}, nil
	}))
	m.Handle("GET /books/{id}", glueful.Do(func(_ context.Context, in glueful.ByID[string]) (book, error) {
		b, ok := s.find(in.ID)
		if !ok {
			return b, errs.NotFound
		}
		return b, nil
	}))
	m.Handle("GET /panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(secret) }))
	return m
}

// decode is the handler body that net/http and chi share in their examples.
func decode(s *shelf) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in newBook
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if in.Title == "" || in.Pages < 1 {
			http.Error(w, "title and pages are required", http.StatusUnprocessableEntity)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(s.add(in.Title, in.Pages))
	}
}

func show(w http.ResponseWriter, s *shelf, id string) {
	b, ok := s.find(id)
	if !ok {
		http.Error(w, "no such book", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(b)
}

func std() http.Handler {
	s, mux := &shelf{}, http.NewServeMux()
	mux.HandleFunc("POST /books", decode(s))
	mux.HandleFunc("GET /books/{id}", func(w http.ResponseWriter, r *http.Request) { show(w, s, r.PathValue("id")) })
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic(secret) })
	return mux
}

func chiRouter() http.Handler {
	s, r := &shelf{}, chi.NewRouter()
	middleware.DefaultLogger = middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: nopLogger{}, NoColor: true})
	r.Use(middleware.Logger, middleware.Recoverer)
	r.Post("/books", decode(s))
	r.Get("/books/{id}", func(w http.ResponseWriter, r *http.Request) { show(w, s, chi.URLParam(r, "id")) })
	r.Get("/panic", func(http.ResponseWriter, *http.Request) { panic(secret) })
	return r
}

type nopLogger struct{}

func (nopLogger) Print(...any) {}

func ginEngine() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter, gin.DefaultErrorWriter = io.Discard, io.Discard
	s, r := &shelf{}, gin.Default()
	r.POST("/books", func(c *gin.Context) {
		var in book
		if err := c.ShouldBindJSON(&in); err != nil {
			c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
			return
		}
		c.JSON(http.StatusCreated, s.add(in.Title, in.Pages))
	})
	r.GET("/books/:id", func(c *gin.Context) {
		b, ok := s.find(c.Param("id"))
		if !ok {
			c.JSON(http.StatusNotFound, gin.H{"error": "no such book"})
			return
		}
		c.JSON(http.StatusOK, b)
	})
	r.GET("/panic", func(*gin.Context) { panic(secret) })
	return r
}

func echoServer() http.Handler {
	s, e := &shelf{}, echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(echomw.Recover())
	e.POST("/books", func(c echo.Context) error {
		var in newBook
		if err := c.Bind(&in); err != nil {
			return err
		}
		if in.Title == "" || in.Pages < 1 {
			return echo.NewHTTPError(http.StatusUnprocessableEntity, "title and pages are required")
		}
		return c.JSON(http.StatusCreated, s.add(in.Title, in.Pages))
	})
	e.GET("/books/:id", func(c echo.Context) error {
		b, ok := s.find(c.Param("id"))
		if !ok {
			return echo.NewHTTPError(http.StatusNotFound, "no such book")
		}
		return c.JSON(http.StatusOK, b)
	})
	e.GET("/panic", func(echo.Context) error { panic(secret) })
	return e
}

func humaAPI() http.Handler {
	s, mux := &shelf{}, http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Books", "1.0.0"))
	type out struct{ Body book }
	huma.Register(api, huma.Operation{OperationID: "create", Method: http.MethodPost, Path: "/books", DefaultStatus: http.StatusCreated},
		func(_ context.Context, in *struct {
			Body struct {
				Title string `json:"title" minLength:"1" maxLength:"200"`
				Pages int    `json:"pages" minimum:"1"`
			}
		}) (*out, error) {
			return &out{s.add(in.Body.Title, in.Body.Pages)}, nil
		})
	huma.Get(api, "/books/{id}", func(_ context.Context, in *struct {
		ID string `path:"id"`
	}) (*out, error) {
		b, ok := s.find(in.ID)
		if !ok {
			return nil, huma.Error404NotFound(fmt.Sprintf("no book %s", in.ID))
		}
		return &out{b}, nil
	})
	huma.Get(api, "/panic", func(context.Context, *struct{}) (*out, error) { panic(secret) })
	return mux
}
