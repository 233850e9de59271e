package factory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A Fake makes up the values of one row. The same seed, row and order of
// calls give the same values on every machine.
// One goroutine may use it at a time.
type Fake struct {
	rand  *rand.Rand
	n     uint64 // row of the factory, from 1
	index int    // row of this Make or Create, from 0
}

func newFake(seed, n uint64, index int) *Fake {
	return &Fake{rand.New(rand.NewPCG(seed, n)), n, index}
}

// N returns the number of the row among all that the factory has made, from
// 1: what makes a value unique.
func (f *Fake) N() int { return int(f.n) }

// Index returns the number of the row in its Make or Create, from 0.
func (f *Fake) Index() int { return f.index }

// Rand returns the row's source of chance, for what has no method here.
func (f *Fake) Rand() *rand.Rand { return f.rand }

// Int returns a number from lo to hi, both included; hi below lo panics.
func (f *Fake) Int(lo, hi int) int { return lo + int(f.rand.Int64N(int64(hi-lo)+1)) }

// Chance reports true in percent of 100 rows.
func (f *Fake) Chance(percent int) bool { return f.rand.IntN(100) < percent }

// Pick returns one of the choices; none panics.
func Pick[V any](f *Fake, choices ...V) V { return choices[f.rand.IntN(len(choices))] }

// FirstName returns a given name.
func (f *Fake) FirstName() string { return Pick(f, firstNames...) }

// LastName returns a family name.
func (f *Fake) LastName() string { return Pick(f, lastNames...) }

// Name returns a given and a family name.
func (f *Fake) Name() string { return f.FirstName() + " " + f.LastName() }

// Email returns an address that no other row of the factory gets, in a domain
// that no mail reaches (RFC 2606).
func (f *Fake) Email() string {
	return fmt.Sprintf("%s.%s.%d@example.com", ascii(f.FirstName()), ascii(f.LastName()), f.n)
}

// Word returns one word in lower case.
func (f *Fake) Word() string { return Pick(f, words...) }

// Sentence returns 4 to 10 words with a capital and a full stop.
func (f *Fake) Sentence() string {
	list := make([]string, f.Int(4, 10))
	for i := range list {
		list[i] = f.Word()
	}
	list[0] = strings.ToUpper(list[0][:1]) + list[0][1:]
	return strings.Join(list, " ") + "."
}

// Paragraph returns 3 to 6 sentences.
func (f *Fake) Paragraph() string {
	list := make([]string, f.Int(3, 6))
	for i := range list {
		list[i] = f.Sentence()
	}
	return strings.Join(list, " ")
}

// Slug returns two words and a number that no other row of the factory gets.
func (f *Fake) Slug() string { return fmt.Sprintf("%s-%s-%d", f.Word(), f.Word(), f.n) }

// UUID returns a random UUID (RFC 9562, version 4) in lower case.
func (f *Fake) UUID() string {
	hi, lo := f.rand.Uint64(), f.rand.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(0xc<<60) | 0x8<<60
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xffff, lo>>48, lo&0xffffffffffff)
}

// Time returns a moment in [from, to), in UTC and whole seconds; to has to be
// at least a second after from. It never reads the clock.
func (f *Fake) Time(from, to time.Time) time.Time {
	seconds := int64(to.Sub(from) / time.Second)
	return from.Add(time.Duration(f.rand.Int64N(seconds)) * time.Second).UTC().Truncate(time.Second)
}

// ascii lowers a name to the letters of a mail address.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

var (
	firstNames = strings.Fields(`Ada Alan Amina Aoife Barbara Björn Carlos Chidi Chiara Dorothy Edsger Elena
		Fatima Grace Hedy Ines Ivan Jamal Jürgen Katherine Kenji Leila Linus Maria Mei Niklaus Noor Olga Pedro
		Priya Radia Rosa Samir Sofia Tariq Tove Uma Vint Wei Yuki Zora Zoë`)
	lastNames = strings.Fields(`Abe Adeyemi Andersen Berg Castro Chen Costa Dijkstra Dubois Engström Fischer
		García Haddad Hopper Ibrahim Ivanova Jensen Johnson Kaya Khan Kowalski Lamarr Larsen Lovelace Mbeki
		Moreau Nakamura Novák Okafor Olsen Patel Perlman Quispe Rossi Sato Silva Singh Smith Tanaka Turing
		Vaughan Weber Yılmaz Zhang`)
	words = strings.Fields(`able ample amber ancient apple arrow autumn basin beacon birch blank bold border
		branch brave bridge bright brook calm canal candle canvas carbon cedar chalk circle clear cliff cloud
		coast copper coral cotton crisp dawn deep delta distant drift dune early east ember engine evening
		fabric falcon fern field flint forest fresh garden gentle glass golden grain granite green harbor
		hazel heavy hidden hollow honest iron island ivory jade kind lantern late leaf level light linen
		little lively lunar maple marble meadow mellow metal mild mirror misty morning moss narrow native
		noble north oak ocean olive open orbit paper pebble pine plain plum polar proud quick quiet rapid
		raven river robin rough round salt sand shadow sharp silent silver simple slate slow small smooth
		solar south spring stable steady steel still stone storm summer sunny swift tall tender thin tidal
		timber tiny velvet violet warm wave west whole wide willow wind winter wise wooden yellow young`)
)
