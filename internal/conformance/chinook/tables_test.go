package chinook

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/glueful/glueful-go/model"
)

func strs(list ...string) []*string {
	out := make([]*string, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func ints(list ...int64) []*int64 {
	out := make([]*int64, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// The tables, as random predicates see them.
var artists, albums, tracks, genres, employees, customers, invoices, invoiceLines source

func init() {
	artists = source{"artists", []func(*rand.Rand) pred{
		column(&Ar.ID, "id", false, number, 1, 22, 90, 150, 275),
		column(&Ar.Name, "name", true, maybe, strs("AC/DC", "Iron Maiden", "O'Brien", "Zeca Pagodinho", "")...),
	}, []func(*rand.Rand, int) pred{related(&Ar.Albums, "id", func() *source { return &albums }, "artist_id")}}
	albums = source{"albums", []func(*rand.Rand) pred{
		column(&Al.ID, "id", false, number, 1, 50, 141, 300),
		column(&Al.Title, "title", false, text, "Big Ones", "Let There Be Rock", "a", ""),
		words(&Al.Title, "title", "The ", "o", "%", "[", "'", "Live"),
		column(&Al.ArtistID, "artist_id", false, number, 1, 22, 90),
	}, []func(*rand.Rand, int) pred{
		related(&Al.Artist, "artist_id", func() *source { return &artists }, "id"),
		related(&Al.Tracks, "id", func() *source { return &tracks }, "album_id"),
	}}
	tracks = source{"tracks", []func(*rand.Rand) pred{
		column(&Tr.ID, "id", false, number, 1, 17, 2000, 3503),
		column(&Tr.Name, "name", false, text, "Balls to the Wall", "Zero", "m"),
		words(&Tr.Name, "name", "Love", "(", "e", "_", "'s", "é"),
		column(&Tr.AlbumID, "album_id", true, maybeInt, ints(1, 23, 141, 250)...),
		column(&Tr.GenreID, "genre_id", true, maybeInt, ints(1, 2, 7, 25)...),
		column(&Tr.Composer, "composer", true, maybe, strs("AC/DC", "U2", "Steve Harris", "")...),
		column(&Tr.Milliseconds, "milliseconds", false, number, 100_000, 250_000, 343_719, 1_000_000),
		column(&Tr.Bytes, "bytes", true, maybeInt, ints(5_000_000, 11_170_334, 100_000_000)...),
		column(&Tr.UnitPrice, "unit_price", false, bare, "0.99", "1.99"),
	}, []func(*rand.Rand, int) pred{
		related(&Tr.Album, "album_id", func() *source { return &albums }, "id"),
		related(&Tr.Genre, "genre_id", func() *source { return &genres }, "id"),
		related(&Tr.Lines, "id", func() *source { return &invoiceLines }, "track_id"),
	}}
	genres = source{"genres", []func(*rand.Rand) pred{
		column(&Ge.ID, "id", false, number, 1, 9, 25),
		column(&Ge.Name, "name", true, maybe, strs("Rock", "Jazz", "TV Shows", "none")...),
	}, []func(*rand.Rand, int) pred{related(&Ge.Tracks, "id", func() *source { return &tracks }, "genre_id")}}
	employees = source{"employees", []func(*rand.Rand) pred{
		column(&Em.ID, "id", false, number, 1, 3, 8),
		column(&Em.ReportsTo, "reports_to", true, maybeInt, ints(1, 2, 6)...),
		column(&Em.City, "city", true, maybe, strs("Calgary", "Edmonton", "Lethbridge")...),
		words(&Em.LastName, "last_name", "a", "son", "K"),
	}, []func(*rand.Rand, int) pred{
		related(&Em.Manager, "reports_to", func() *source { return &employees }, "id"),
		related(&Em.Reports, "id", func() *source { return &employees }, "reports_to"),
		related(&Em.Customers, "id", func() *source { return &customers }, "support_rep_id"),
	}}
	customers = source{"customers", []func(*rand.Rand) pred{
		column(&Cu.ID, "id", false, number, 1, 30, 59),
		column(&Cu.Country, "country", true, maybe, strs("USA", "Brazil", "Germany")...),
		column(&Cu.Company, "company", true, maybe, strs("Google Inc.", "JetBrains s.r.o.")...),
		words(&Cu.Email, "email", "@gmail", ".com", "ü", "h"),
	}, []func(*rand.Rand, int) pred{
		related(&Cu.SupportRep, "support_rep_id", func() *source { return &employees }, "id"),
		related(&Cu.Invoices, "id", func() *source { return &invoices }, "customer_id"),
	}}
	invoices = source{"invoices", []func(*rand.Rand) pred{
		column(&In.ID, "id", false, number, 1, 200, 412),
		column(&In.CustomerID, "customer_id", false, number, 2, 17, 59),
		column(&In.BillingState, "billing_state", true, maybe, strs("CA", "SP", "WA")...),
		column(&In.Total, "total", false, bare, "0.99", "5.94", "13.86"),
	}, []func(*rand.Rand, int) pred{
		related(&In.Customer, "customer_id", func() *source { return &customers }, "id"),
		related(&In.Lines, "id", func() *source { return &invoiceLines }, "invoice_id"),
	}}
	invoiceLines = source{"invoice_lines", []func(*rand.Rand) pred{
		column(&Li.ID, "id", false, number, 1, 1000, 2240),
		column(&Li.TrackID, "track_id", false, number, 2, 500, 3500),
		column(&Li.UnitPrice, "unit_price", false, bare, "0.99", "1.99"),
	}, []func(*rand.Rand, int) pred{
		related(&Li.Invoice, "invoice_id", func() *source { return &invoices }, "id"),
		related(&Li.Track, "track_id", func() *source { return &tracks }, "id"),
	}}
}

var chains = []chain{
	over(Artists, &artists, &Ar.ID, func(x *Artist) int64 { return x.ID },
		toMany(&Ar.Albums, func(x *Artist) *model.Many[Album] { return &x.Albums }, "albums", "artist_id", &Al.ID, func(x *Album) int64 { return x.ID }),
		ordering{&Ar.Name, "name"}),
	over(Albums, &albums, &Al.ID, func(x *Album) int64 { return x.ID },
		toMany(&Al.Tracks, func(x *Album) *model.Many[Track] { return &x.Tracks }, "tracks", "album_id", &Tr.ID, func(x *Track) int64 { return x.ID }),
		ordering{&Al.Title, "title"}, ordering{&Al.ArtistID, "artist_id"}),
	over(Tracks, &tracks, &Tr.ID, func(x *Track) int64 { return x.ID }, nil,
		ordering{&Tr.Name, "name"}, ordering{&Tr.Composer, "composer"}, ordering{&Tr.Bytes, "bytes"}, ordering{&Tr.GenreID, "genre_id"}),
	over(Employees, &employees, &Em.ID, func(x *Employee) int64 { return x.ID },
		toMany(&Em.Reports, func(x *Employee) *model.Many[Employee] { return &x.Reports }, "employees", "reports_to", &Em.ID, func(x *Employee) int64 { return x.ID }),
		ordering{&Em.ReportsTo, "reports_to"}, ordering{&Em.LastName, "last_name"}, ordering{&Em.HireDate, "hire_date"}),
	over(Customers, &customers, &Cu.ID, func(x *Customer) int64 { return x.ID },
		toMany(&Cu.Invoices, func(x *Customer) *model.Many[Invoice] { return &x.Invoices }, "invoices", "customer_id", &In.ID, func(x *Invoice) int64 { return x.ID }),
		ordering{&Cu.Company, "company"}, ordering{&Cu.LastName, "last_name"}),
	over(Invoices, &invoices, &In.ID, func(x *Invoice) int64 { return x.ID },
		toMany(&In.Lines, func(x *Invoice) *model.Many[InvoiceLine] { return &x.Lines }, "invoice_lines", "invoice_id", &Li.ID, func(x *InvoiceLine) int64 { return x.ID }),
		ordering{&In.Total, "total"}, ordering{&In.InvoiceDate, "invoice_date"}, ordering{&In.BillingState, "billing_state"}),
	over(InvoiceLines, &invoiceLines, &Li.ID, func(x *InvoiceLine) int64 { return x.ID }, nil,
		ordering{&Li.TrackID, "track_id"}, ordering{&Li.UnitPrice, "unit_price"}),
}

// TestChains runs random queries through model and as SQL that was written in
// another way: IN for EXISTS, replace for LIKE, literals for parameters.
func TestChains(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes 20,000 statements of one goroutine take minutes")
	}
	rounds := 10_000
	if testing.Short() {
		rounds = 300
	}
	each(t, func(t *testing.T, db *model.Pool) {
		seed := uint64(1)
		if os.Getenv("GLUEFUL_LONG") == "1" {
			seed = rand.Uint64()
		}
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range rounds {
			if err := chains[i%len(chains)](t.Context(), db, r); err != nil {
				t.Fatalf("chain %d of seed %d: %v", i, seed, err)
			}
		}
		// The comparison notices a row too many.
		if err := same([]int64{1, 2}, nil, db, "SELECT id FROM genres WHERE id <= 3 ORDER BY id"); err == nil || !strings.Contains(err.Error(), "want [1 2 3]") {
			t.Errorf("a missing row was not noticed: %v", err)
		}
		if testing.Verbose() {
			fmt.Println(rounds, "chains agree")
		}
	})
}
