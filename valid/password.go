package valid

import (
	"math"
	"slices"
	"strings"
)

// Password wants a text that takes about 2^bits guesses, by a simple and
// cautious count: common passwords and words cost as many bits as their list is
// long, a character that repeats, continues a sequence (abc, 321) or a row of
// keys (qwer) costs one bit, any other what its kinds allow. 36 is a fair limit
// behind a rate limit, 60 without one. Combine it with MinLen and MaxLen: no
// mix of character kinds is demanded (NIST SP 800-63B section 3.1.1.2).
func Password(bits int) Rule[string] {
	return func(v *string, c *C) {
		if c.dry != nil {
			c.dry.custom("password")
		} else if !(strength(*v) >= float64(bits)) {
			c.fail("password")
		}
	}
}

// strength counts the bits of s. Only the first 128 characters are looked at.
func strength(s string) float64 {
	low := []rune(unleet.Replace(strings.ToLower(s)))
	raw := []rune(s)
	raw, low = raw[:min(len(raw), 128)], low[:min(len(low), 128)]
	if len(raw) != len(low) {
		low = raw
	}
	each := math.Log2(alphabet(raw))
	bits := 0.0
	for i := 0; i < len(low); {
		n := max(1, commonAt(low[i:]))
		spelled := 0.0
		for j := i; j < i+n; j++ {
			if j > 0 && follows(raw[j-1], raw[j]) {
				spelled++
			} else {
				spelled += each
			}
		}
		if n > 1 { // a word of the list, and a bit for how it is written
			spelled = min(spelled, math.Log2(float64(len(common)))+1)
		}
		bits += spelled
		i += n
	}
	return bits
}

// alphabet is the size of the set that the kinds of characters in s suggest.
func alphabet(s []rune) float64 {
	size := map[rune]float64{}
	for _, r := range s {
		switch {
		case 'a' <= r && r <= 'z':
			size['a'] = 26
		case 'A' <= r && r <= 'Z':
			size['A'] = 26
		case '0' <= r && r <= '9':
			size['0'] = 10
		case r < 0x80:
			size['!'] = 33
		default:
			size['x'] = 100
		}
	}
	sum := 1.0
	for _, n := range size {
		sum += n
	}
	return sum
}

// follows reports whether b is guessed once a is known.
func follows(a, b rune) bool {
	if d := a - b; d >= -1 && d <= 1 {
		return true
	}
	for _, row := range []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp", "1234567890"} {
		i, j := strings.IndexRune(row, a|0x20), strings.IndexRune(row, b|0x20)
		if i >= 0 && j >= 0 && (i-j == 1 || j-i == 1) {
			return true
		}
	}
	return false
}

// commonAt returns the length of the longest common word s begins with.
func commonAt(s []rune) int {
	for n := min(len(s), longest); n >= 4; n-- {
		if _, ok := slices.BinarySearch(common, string(s[:n])); ok {
			return n
		}
	}
	return 0
}

// unleet undoes the usual substitutions, one character for one.
var unleet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i", "|", "i", "+", "t")

const longest = 9

// common are words that passwords are made of, spelled as unleet leaves them.
var common = func() []string {
	list := strings.Fields(`
access account admin adobe alex amanda andrew angel anna apple april arsenal ashley august austin autumn
azerty babygirl bailey banana barcelona baseball basket batman beach berlin bitch blink blue bond boston brandon buster
butterfly changeme charlie cheese chelsea chocolate chris company computer cookie corvette daniel dave david december
default dragon diamond donald eagle elvis email england family february ferrari flower football forever france frank
freedom friend fuckyou gandalf garfield george ginger girl google guest guitar hannah harley hello heather hockey
hottie house hunter iceman iloveyou india internet jack jackson january jason jasmine jennifer jessica jesus john
jordan joshua july june justin killer king kitty lady letmein liverpool login london love lovely maggie manager march
marina martin master matrix matthew member mercedes merlin michael michelle mickey monday monkey monster morgan
mother mustang naruto nicole ninja november october office orange paris pass passport passw password patrick peanut
pepper person phoenix please pokemon prince princess private purple qazwsx qwer qwerty rachel ranger root robert
rock samantha samsung sarah saturday school secret september server service shadow silver smokey snoopy soccer
sophie spring spider starwars steven stupid success summer sunday sunshine superman sweet system taylor teacher test
thomas thunder tigger tiger trustno trinity united user victoria vienna welcome whatever william windows winner
winter wizard xbox yamaha yankees yellow zaqi zxcv zxcvbn`)
	slices.Sort(list)
	return list
}()
