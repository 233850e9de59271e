package glueful

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/glueful/glueful-go/errs"
)

// Files serves the files of fsys by the rest of the path behind the pattern's
// wildcard {path...}, for GET and HEAD, with ranges and Last-Modified:
//
//	m.Handle("GET /static/{path...}", glueful.Files(assets))
//
// Folders are not listed, and names with an element that begins with a dot are
// not served: both are 404, as what does not exist. Nothing outside of fsys can be
// reached; for a folder of the disk use the FS of an [os.Root], which does not
// follow links out of it. Files panics when given os.DirFS, which does.
//
// Handle panics when the pattern does not end with {path...}; on another router
// every answer is then 404.
func Files(fsys fs.FS) http.Handler {
	if fsys == nil || fmt.Sprintf("%T", fsys) == "os.dirFS" {
		panic("glueful: Files at " + caller() + ": want an embed.FS or (*os.Root).FS(); os.DirFS follows links out of its folder")
	}
	return fileHandler{Func(func(w http.ResponseWriter, r *http.Request) error {
		name := r.PathValue("path")
		if !servable(name) {
			return errs.NotFound
		}
		f, err := fsys.Open(name)
		if err != nil {
			return errs.NotFound.Wrap(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return errs.NotFound.Wrap(err)
		}
		content, ok := f.(io.ReadSeeker)
		if !ok {
			return fmt.Errorf("glueful: files of %T cannot seek", fsys)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if mime.TypeByExtension(path.Ext(name)) == "" {
			w.Header().Set("Content-Type", "application/octet-stream") // never guessed from the content
		}
		http.ServeContent(w, r, name, info.ModTime(), content)
		return nil
	})}
}

type fileHandler struct{ http.Handler }

func (fileHandler) prepare(pattern string) error {
	if !strings.HasSuffix(pattern, "{path...}") {
		return errors.New("Files wants a pattern that ends with {path...}")
	}
	return nil
}

// servable reports whether a name is a clean path below the root without hidden
// elements and without what only Windows takes for a separator or a device.
func servable(name string) bool {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
		return false
	}
	for elem := range strings.SplitSeq(name, "/") {
		if elem[0] == '.' {
			return false
		}
	}
	return true
}

// Attachment returns the value of a Content-Disposition header that has the
// browser store the answer under the name (RFC 6266, RFC 8187). Folders in the
// name are dropped; characters that could end the value or the line are replaced
// in the plain form and percent-encoded in the extended one.
func Attachment(name string) string {
	name = strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "_")
	plain := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%' || c == ';' {
			return '_'
		}
		return c
	}, name)
	if strings.Trim(plain, ". ") == "" {
		plain = "download"
	}
	value := `attachment; filename="` + plain + `"`
	if plain == name || strings.Trim(name, ". ") == "" {
		return value
	}
	var b strings.Builder
	for i := range len(name) {
		if c := name[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return value + "; filename*=UTF-8''" + b.String()
}
