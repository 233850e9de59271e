package chinook

import (
	"context"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/project"
	"github.com/glueful/glueful-go/render"
)

// Routes serves a list and a show of every table.
func Routes(m *glueful.Mux, db *model.Pool) {
	resource(m, db, "/artists", Artists)
	resource(m, db, "/genres", Genres)
	resource(m, db, "/media-types", MediaTypes)
	resource(m, db, "/playlists", Playlists)
	resource(m, db, "/albums", Albums)
	resource(m, db, "/tracks", Tracks)
	resource(m, db, "/employees", Employees)
	resource(m, db, "/customers", Customers)
	resource(m, db, "/invoices", Invoices)
	resource(m, db, "/invoice-lines", InvoiceLines)
	m.Handle("GET /playlist-tracks", glueful.Do(list(db, PlaylistTracks)))
	m.Handle("GET /playlist-tracks/{playlist}/{track}", glueful.Do(func(ctx context.Context, in entry) (PlaylistTrack, error) {
		return PlaylistTracks.Where(model.Eq(&Pt.PlaylistID, in.Playlist), model.Eq(&Pt.TrackID, in.Track)).One(ctx, db)
	}, model.ErrNotFound))
}

// entry is the composite key of a playlist's track.
type entry struct {
	Playlist int64 `path:"playlist"`
	Track    int64 `path:"track"`
}

func resource[T any](m *glueful.Mux, db *model.Pool, path string, table *model.Model[T]) {
	m.Handle("GET "+path, glueful.Do(list(db, table)))
	m.Handle("GET "+path+"/{id}", glueful.Do(func(ctx context.Context, in glueful.ByID[int64]) (T, error) {
		return table.For(&in).Find(ctx, db, in.ID)
	}, model.ErrNotFound))
}

func list[T any](db *model.Pool, table *model.Model[T]) func(context.Context, project.Query) (render.Page[T], error) {
	return func(ctx context.Context, q project.Query) (render.Page[T], error) {
		page, err := table.For(&q).Page(ctx, db)
		return render.Page[T](page), err
	}
}
