package render_test

import (
	"net/http/httptest"
	"testing"

	"github.com/glueful/glueful-go/render"
)

func TestWrapped(t *testing.T) {
	type took struct {
		MS int `json:"took_ms"`
	}
	r := review{Stars: 1, Text: "x"}
	tests := []struct {
		name string
		out  responder
		want string
	}{
		{"an item", render.Wrapped[review]{Body: r}, `{"data":{"stars":1,"text":"x"}}`},
		{"a nil list is empty", render.Wrapped[[]review]{}, `{"data":[]}`},
		{"meta of a struct", render.Wrapped[review]{Body: r, Meta: took{3}}, `{"data":{"stars":1,"text":"x"},"meta":{"took_ms":3}}`},
		{"meta of a view", render.Wrapped[[]review]{Meta: &r}, `{"data":[],"meta":{"stars":1,"text":"x"}}`},
		{"members beside", render.Wrapped[review]{Body: r, Beside: map[string]any{"ok": true}}, `{"data":{"stars":1,"text":"x"},"ok":true}`},
		{"nothing to add", render.Wrapped[review]{Body: r, Beside: struct{}{}}, `{"data":{"stars":1,"text":"x"}}`},
		{"a page keeps its own", render.Wrapped[render.Page[review]]{Body: render.Page[review]{Size: 1}, Meta: took{3}, Beside: took{4}},
			`{"data":[],"meta":{"size":1,"more":false,"took_ms":3},"links":{"self":"/"},"took_ms":4}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := get(t, "/", nil, tt.out.Respond).Body.String(); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
	t.Run("a selection narrows the data and leaves the envelope", func(t *testing.T) {
		ctx := render.With(t.Context(), render.Select([]string{"stars"}))
		page := render.Page[review]{Items: []review{r}, Size: 1}
		for want, out := range map[string]responder{
			`{"data":[{"stars":1}],"meta":{"size":1,"more":false},"links":{"self":"/"}}`: page,
			`{"data":{"stars":1},"meta":{"took_ms":3},"text":"beside"}`: render.Wrapped[review]{Body: r, Meta: took{3}, Beside: struct {
				Text string `json:"text"`
			}{"beside"}},
		} {
			if got := get(t, "/", ctx, out.Respond).Body.String(); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		}
	})
	t.Run("a list is no members", func(t *testing.T) {
		w := httptest.NewRecorder()
		err := render.Wrapped[review]{Meta: []int{1}}.Respond(w, httptest.NewRequest("GET", "/", nil))
		if err == nil || w.Body.Len() > 0 {
			t.Errorf("got %v, %s", err, w.Body)
		}
	})
}
