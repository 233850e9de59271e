package render_test

import (
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/render"
)

type address struct {
	City string
	Zip  string
}

type audited struct {
	ID      int64
	First   string
	Last    string
	Notes   string
	Public  bool
	At      time.Time
	Home    address
	Tags    []string
	Scores  map[string]int
	Until   *time.Time
	Reviews many[review]
	hidden  int
}

func TestAudit(t *testing.T) {
	good := func(x *audited, o *render.Object) {
		render.Field(o, "id", &x.ID)
		if o.Wants("name", &x.First, &x.Last) {
			o.Str("name", x.First+" "+x.Last)
		}
		if o.When(x.Public, &x.Public) {
			render.Field(o, "at", &x.At)
		} else {
			render.Field(o, "tags", &x.Tags)
		}
		if o.Wants("city", &x.Home) {
			o.Str("city", x.Home.City)
		}
		render.Many(o, "reviews", &x.Reviews, (*review).View)
		render.Field(o, "until", &x.Until)
		render.Field(o, "scores", &x.Scores)
	}
	if err := render.Audit(good); err != nil {
		t.Errorf("a view that names all it reads: %v", err)
	}
	if err := render.Audit((*book).View); err != nil {
		t.Error(err)
	}
	tests := []struct {
		name string
		view render.View[audited]
		want string
	}{
		{"a value that is read", func(x *audited, o *render.Object) { o.Str("name", x.First) }, `"name" of audited reads First`},
		{"a missing input", func(x *audited, o *render.Object) {
			if o.Wants("name", &x.First) {
				o.Str("name", x.First+x.Last)
			}
		}, `"name" of audited reads Last`},
		{"a condition", func(x *audited, o *render.Object) {
			if o.When(x.Public) {
				render.Field(o, "id", &x.ID)
			}
		}, `"id" of audited reads Public`},
		{"behind a condition that does not hold", func(x *audited, o *render.Object) {
			if o.When(false) {
				o.Str("notes", x.Notes)
			}
		}, `"notes" of audited reads Notes`},
		{"a nested field", func(x *audited, o *render.Object) { o.Str("city", x.Home.City) }, `"city" of audited reads Home.City`},
		{"a list", func(x *audited, o *render.Object) { o.Int("n", int64(len(x.Tags))) }, `"n" of audited reads Tags`},
		{"a map", func(x *audited, o *render.Object) { o.Int("n", int64(len(x.Scores))) }, `"n" of audited reads Scores`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := render.Audit(tt.view)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one that says %s", err, tt.want)
			}
		})
	}
	_ = audited{}.hidden
}
