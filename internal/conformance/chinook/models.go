// Package chinook is a digital media store as a real application would hold it:
// the eleven tables of the Chinook data set as models, served as an API.
package chinook

import (
	"time"

	"github.com/glueful/glueful-go/model"
)

// Artist is who recorded albums.
type Artist struct {
	ID     int64   `db:"id,pk"`
	Name   *string `db:"name"`
	Albums model.Many[Album]
}

// Genre is a kind of music.
type Genre struct {
	ID     int64   `db:"id,pk"`
	Name   *string `db:"name"`
	Tracks model.Many[Track]
}

// MediaType is a file format.
type MediaType struct {
	ID   int64   `db:"id,pk"`
	Name *string `db:"name"`
}

// Playlist is a list of tracks.
type Playlist struct {
	ID      int64   `db:"id,pk"`
	Name    *string `db:"name"`
	Entries model.Many[PlaylistTrack]
}

// Album is a record of an artist.
type Album struct {
	ID       int64  `db:"id,pk"`
	Title    string `db:"title"`
	ArtistID int64  `db:"artist_id"`
	Artist   model.One[Artist]
	Tracks   model.Many[Track]
}

// Track is one piece of an album.
type Track struct {
	ID           int64   `db:"id,pk"`
	Name         string  `db:"name"`
	AlbumID      *int64  `db:"album_id"`
	MediaTypeID  int64   `db:"media_type_id"`
	GenreID      *int64  `db:"genre_id"`
	Composer     *string `db:"composer"`
	Milliseconds int64   `db:"milliseconds"`
	Bytes        *int64  `db:"bytes"`
	UnitPrice    string  `db:"unit_price"`
	Album        model.One[Album]
	MediaType    model.One[MediaType]
	Genre        model.One[Genre]
	Lines        model.Many[InvoiceLine]
}

// PlaylistTrack puts a track on a playlist; the two make its key.
type PlaylistTrack struct {
	PlaylistID int64 `db:"playlist_id,pk"`
	TrackID    int64 `db:"track_id,pk"`
	Playlist   model.One[Playlist]
	Track      model.One[Track]
}

// Employee works for the store and reports to another.
type Employee struct {
	ID         int64      `db:"id,pk"`
	LastName   string     `db:"last_name"`
	FirstName  string     `db:"first_name"`
	Title      *string    `db:"title"`
	ReportsTo  *int64     `db:"reports_to"`
	BirthDate  *time.Time `db:"birth_date"`
	HireDate   *time.Time `db:"hire_date"`
	Address    *string    `db:"address"`
	City       *string    `db:"city"`
	State      *string    `db:"state"`
	Country    *string    `db:"country"`
	PostalCode *string    `db:"postal_code"`
	Phone      *string    `db:"phone"`
	Fax        *string    `db:"fax"`
	Email      *string    `db:"email"`
	Manager    model.One[Employee]
	Reports    model.Many[Employee]
	Customers  model.Many[Customer]
}

// Customer buys.
type Customer struct {
	ID           int64   `db:"id,pk"`
	FirstName    string  `db:"first_name"`
	LastName     string  `db:"last_name"`
	Company      *string `db:"company"`
	Address      *string `db:"address"`
	City         *string `db:"city"`
	State        *string `db:"state"`
	Country      *string `db:"country"`
	PostalCode   *string `db:"postal_code"`
	Phone        *string `db:"phone"`
	Fax          *string `db:"fax"`
	Email        string  `db:"email"`
	SupportRepID *int64  `db:"support_rep_id"`
	SupportRep   model.One[Employee]
	Invoices     model.Many[Invoice]
}

// Invoice is one purchase.
type Invoice struct {
	ID                int64     `db:"id,pk"`
	CustomerID        int64     `db:"customer_id"`
	InvoiceDate       time.Time `db:"invoice_date"`
	BillingAddress    *string   `db:"billing_address"`
	BillingCity       *string   `db:"billing_city"`
	BillingState      *string   `db:"billing_state"`
	BillingCountry    *string   `db:"billing_country"`
	BillingPostalCode *string   `db:"billing_postal_code"`
	Total             string    `db:"total"`
	Customer          model.One[Customer]
	Lines             model.Many[InvoiceLine]
}

// InvoiceLine is one track of an invoice.
type InvoiceLine struct {
	ID        int64  `db:"id,pk"`
	InvoiceID int64  `db:"invoice_id"`
	TrackID   int64  `db:"track_id"`
	UnitPrice string `db:"unit_price"`
	Quantity  int64  `db:"quantity"`
	Invoice   model.One[Invoice]
	Track     model.One[Track]
}

// The tables, and the probes that name their columns.
var (
	Artists        = model.Of[Artist]("artists")
	Genres         = model.Of[Genre]("genres")
	MediaTypes     = model.Of[MediaType]("media_types")
	Playlists      = model.Of[Playlist]("playlists")
	Albums         = model.Of[Album]("albums")
	Tracks         = model.Of[Track]("tracks")
	PlaylistTracks = model.Of[PlaylistTrack]("playlist_tracks")
	Employees      = model.Of[Employee]("employees")
	Customers      = model.Of[Customer]("customers")
	Invoices       = model.Of[Invoice]("invoices")
	InvoiceLines   = model.Of[InvoiceLine]("invoice_lines")

	Ar = Artists.Probe()
	Ge = Genres.Probe()
	Mt = MediaTypes.Probe()
	Pl = Playlists.Probe()
	Al = Albums.Probe()
	Tr = Tracks.Probe()
	Pt = PlaylistTracks.Probe()
	Em = Employees.Probe()
	Cu = Customers.Probe()
	In = Invoices.Probe()
	Li = InvoiceLines.Probe()

	_ = model.HasMany(&Ar.Albums, &Al.ArtistID)
	_ = model.BelongsTo(&Al.Artist, &Al.ArtistID)
	_ = model.HasMany(&Al.Tracks, &Tr.AlbumID)
	_ = model.BelongsTo(&Tr.Album, &Tr.AlbumID)
	_ = model.BelongsTo(&Tr.MediaType, &Tr.MediaTypeID)
	_ = model.BelongsTo(&Tr.Genre, &Tr.GenreID)
	_ = model.HasMany(&Tr.Lines, &Li.TrackID)
	_ = model.HasMany(&Ge.Tracks, &Tr.GenreID)
	_ = model.HasMany(&Pl.Entries, &Pt.PlaylistID)
	_ = model.BelongsTo(&Pt.Playlist, &Pt.PlaylistID)
	_ = model.BelongsTo(&Pt.Track, &Pt.TrackID)
	_ = model.BelongsTo(&Em.Manager, &Em.ReportsTo)
	_ = model.HasMany(&Em.Reports, &Em.ReportsTo)
	_ = model.HasMany(&Em.Customers, &Cu.SupportRepID)
	_ = model.BelongsTo(&Cu.SupportRep, &Cu.SupportRepID)
	_ = model.HasMany(&Cu.Invoices, &In.CustomerID)
	_ = model.BelongsTo(&In.Customer, &In.CustomerID)
	_ = model.HasMany(&In.Lines, &Li.InvoiceID)
	_ = model.BelongsTo(&Li.Invoice, &Li.InvoiceID)
	_ = model.BelongsTo(&Li.Track, &Li.TrackID)
)
