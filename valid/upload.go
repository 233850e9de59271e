package valid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// An Upload says what an uploaded file must be. Its method Rule is the rule:
//
//	valid.Field(c, &in.Avatar, valid.Upload{MaxBytes: 1 << 20, Types: []string{"image/png"}}.Rule)
//
// The type is found in the content (at most 512 bytes), never in the file name
// or the header the client sent; SVG is text and never an image. A file that
// cannot be read is an outage, as with [Later]. A nil file passes: put
// [Required] before it.
type Upload struct {
	MaxBytes int64    // 0 means 1 MiB
	Types    []string // media types without parameters; none means any

	// These bound an image in pixels, read from its head without decoding it;
	// 0 means no bound. Once one is set the file must be an image of a format
	// the program registered (import _ "image/png").
	MaxWidth, MaxHeight int
	MinWidth, MinHeight int
	Ratio               float64 // width by height of an image, to within 0.01; 0 means any
}

// Rule is the rule. Its codes are "file_size", "file_type" and "file_pixels".
func (u Upload) Rule(v **multipart.FileHeader, c *C) {
	limit := cmp.Or(u.MaxBytes, 1<<20)
	if c.dry != nil {
		c.dry.custom("file_size")
	} else if *v == nil {
		return
	} else if (*v).Size > limit {
		c.fail("file_size", limit)
		return
	}
	if len(u.Types) > 0 {
		Later("file_type", u.typed)(v, c)
	}
	if u.MaxWidth+u.MaxHeight+u.MinWidth+u.MinHeight > 0 || u.Ratio > 0 {
		Later("file_pixels", u.sized)(v, c)
	}
}

func (u Upload) typed(_ context.Context, v **multipart.FileHeader) (ok bool, err error) {
	err = reading(*v, func(r io.Reader) error {
		head := make([]byte, 512)
		n, err := io.ReadFull(r, head)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = nil
		}
		media, _, _ := strings.Cut(http.DetectContentType(head[:n]), ";")
		ok = slices.Contains(u.Types, media)
		return err
	})
	return ok, err
}

func (u Upload) sized(_ context.Context, v **multipart.FileHeader) (ok bool, err error) {
	err = reading(*v, func(r io.Reader) error {
		m, _, err := image.DecodeConfig(r)
		ok = err == nil && m.Width >= u.MinWidth && m.Height >= u.MinHeight &&
			(u.MaxWidth == 0 || m.Width <= u.MaxWidth) && (u.MaxHeight == 0 || m.Height <= u.MaxHeight) &&
			(u.Ratio == 0 || math.Abs(float64(m.Width)/float64(m.Height)-u.Ratio) <= 0.01)
		return nil // what is no image is the client's fault
	})
	return ok, err
}

func reading(h *multipart.FileHeader, read func(io.Reader) error) error {
	f, err := h.Open()
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	return errors.Join(read(f), f.Close())
}
