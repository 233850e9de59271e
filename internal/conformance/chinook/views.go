package chinook

import "github.com/glueful/glueful-go/render"

// View shows every column, and what was loaded.
func (x *Artist) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Many(o, "albums", &x.Albums, (*Album).View)
}

// View shows every column, and what was loaded.
func (x *Genre) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Many(o, "tracks", &x.Tracks, (*Track).View)
}

// View shows every column, and what was loaded.
func (x *MediaType) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
}

// View shows every column, and what was loaded.
func (x *Playlist) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Many(o, "entries", &x.Entries, (*PlaylistTrack).View)
}

// View shows every column, and what was loaded.
func (x *Album) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "title", &x.Title)
	render.Field(o, "artist_id", &x.ArtistID)
	render.One(o, "artist", &x.Artist, (*Artist).View)
	render.Many(o, "tracks", &x.Tracks, (*Track).View)
}

// View shows every column, and what was loaded.
func (x *Track) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "name", &x.Name)
	render.Field(o, "album_id", &x.AlbumID)
	render.Field(o, "media_type_id", &x.MediaTypeID)
	render.Field(o, "genre_id", &x.GenreID)
	render.Field(o, "composer", &x.Composer)
	render.Field(o, "milliseconds", &x.Milliseconds)
	render.Field(o, "bytes", &x.Bytes)
	render.Field(o, "unit_price", &x.UnitPrice)
	render.One(o, "album", &x.Album, (*Album).View)
	render.One(o, "media_type", &x.MediaType, (*MediaType).View)
	render.One(o, "genre", &x.Genre, (*Genre).View)
	render.Many(o, "lines", &x.Lines, (*InvoiceLine).View)
}

// View shows every column, and what was loaded.
func (x *PlaylistTrack) View(o *render.Object) {
	render.Field(o, "playlist_id", &x.PlaylistID)
	render.Field(o, "track_id", &x.TrackID)
	render.One(o, "playlist", &x.Playlist, (*Playlist).View)
	render.One(o, "track", &x.Track, (*Track).View)
}

// View shows every column, and what was loaded.
func (x *Employee) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "last_name", &x.LastName)
	render.Field(o, "first_name", &x.FirstName)
	render.Field(o, "title", &x.Title)
	render.Field(o, "reports_to", &x.ReportsTo)
	render.Field(o, "birth_date", &x.BirthDate)
	render.Field(o, "hire_date", &x.HireDate)
	render.Field(o, "address", &x.Address)
	render.Field(o, "city", &x.City)
	render.Field(o, "state", &x.State)
	render.Field(o, "country", &x.Country)
	render.Field(o, "postal_code", &x.PostalCode)
	render.Field(o, "phone", &x.Phone)
	render.Field(o, "fax", &x.Fax)
	render.Field(o, "email", &x.Email)
	render.One(o, "manager", &x.Manager, (*Employee).View)
	render.Many(o, "reports", &x.Reports, (*Employee).View)
	render.Many(o, "customers", &x.Customers, (*Customer).View)
}

// View shows every column, and what was loaded.
func (x *Customer) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "first_name", &x.FirstName)
	render.Field(o, "last_name", &x.LastName)
	render.Field(o, "company", &x.Company)
	render.Field(o, "address", &x.Address)
	render.Field(o, "city", &x.City)
	render.Field(o, "state", &x.State)
	render.Field(o, "country", &x.Country)
	render.Field(o, "postal_code", &x.PostalCode)
	render.Field(o, "phone", &x.Phone)
	render.Field(o, "fax", &x.Fax)
	render.Field(o, "email", &x.Email)
	render.Field(o, "support_rep_id", &x.SupportRepID)
	render.One(o, "support_rep", &x.SupportRep, (*Employee).View)
	render.Many(o, "invoices", &x.Invoices, (*Invoice).View)
}

// View shows every column, and what was loaded.
func (x *Invoice) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "customer_id", &x.CustomerID)
	render.Field(o, "invoice_date", &x.InvoiceDate)
	render.Field(o, "billing_address", &x.BillingAddress)
	render.Field(o, "billing_city", &x.BillingCity)
	render.Field(o, "billing_state", &x.BillingState)
	render.Field(o, "billing_country", &x.BillingCountry)
	render.Field(o, "billing_postal_code", &x.BillingPostalCode)
	render.Field(o, "total", &x.Total)
	render.One(o, "customer", &x.Customer, (*Customer).View)
	render.Many(o, "lines", &x.Lines, (*InvoiceLine).View)
}

// View shows every column, and what was loaded.
func (x *InvoiceLine) View(o *render.Object) {
	render.Field(o, "id", &x.ID)
	render.Field(o, "invoice_id", &x.InvoiceID)
	render.Field(o, "track_id", &x.TrackID)
	render.Field(o, "unit_price", &x.UnitPrice)
	render.Field(o, "quantity", &x.Quantity)
	render.One(o, "invoice", &x.Invoice, (*Invoice).View)
	render.One(o, "track", &x.Track, (*Track).View)
}
