package glueful_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/valid"
)

// portrait is a form with a file. A violation names the field by its form tag.
type portrait struct {
	Name string                `form:"name"`
	File *multipart.FileHeader `form:"file"`
}

func (in *portrait) Valid(c *valid.C) {
	valid.Field(c, &in.Name, valid.Trim, valid.Required, valid.MaxLen(100))
	valid.Field(c, &in.File, valid.Required, valid.Upload{MaxBytes: 64 << 10, Types: []string{"image/png"}}.Rule)
}

// Forms and files are read by net/http; the rules are those of JSON, and so are
// the refusals. The body is already bounded by the Mux.
func ExampleFunc_upload() {
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	upload := m.Group("/portraits")
	upload.MaxBody = 128 << 10
	upload.Handle("POST /{$}", glueful.Func(func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseMultipartForm(64 << 10); err != nil {
			return err
		}
		defer r.MultipartForm.RemoveAll()
		in := portrait{Name: r.PostFormValue("name")}
		if files := r.MultipartForm.File["file"]; len(files) == 1 {
			in.File = files[0]
		}
		if err := valid.Check(r.Context(), &in, (*portrait).Valid); err != nil {
			return err
		}
		w.WriteHeader(http.StatusCreated)
		return nil
	}))

	send := func(name, content string) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		form.WriteField("name", name)
		file, _ := form.CreateFormFile("file", "a.png")
		file.Write([]byte(content))
		form.Close()
		r := httptest.NewRequest("POST", "/portraits/", &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		fmt.Println(w.Code, bytes.Contains(w.Body.Bytes(), []byte(`"name":"name"`)), bytes.Contains(w.Body.Bytes(), []byte(`"file_type"`)))
	}
	send("Ada", "\x89PNG\r\n\x1a\n")
	send(" ", "\x89PNG\r\n\x1a\n")
	send("Ada", "<script>") // the name of the file says image/png, its content does not
	send("Ada", string(make([]byte, 256<<10)))
	// Output:
	// 201 false false
	// 422 true false
	// 422 false true
	// 413 false false
}
