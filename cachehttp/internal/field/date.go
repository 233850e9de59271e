package field

import (
	"strings"
	"time"
)

// Date reads an HTTP-date in any of its three formats (RFC 9110, section
// 5.6.7) with names matched case-insensitively (RFC 9111, section 4.2).
// Digits and separators must be exact and the zone GMT. now places the
// two-digit year of the RFC 850 format.
func Date(s string, now time.Time) (time.Time, bool) {
	if weekday, rest, ok := strings.Cut(s, ", "); ok {
		if len(weekday) == 3 {
			return fixdate(weekday, rest)
		}
		return rfc850(weekday, rest, now)
	}
	return asctime(s)
}

var (
	days   = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	months = "janfebmaraprmayjunjulaugsepoctnovdec"
)

// fixdate reads "06 Nov 1994 08:49:37 GMT".
func fixdate(weekday, s string) (time.Time, bool) {
	if !isDay(weekday, true) || len(s) != 24 || s[2] != ' ' || s[6] != ' ' || s[11] != ' ' {
		return time.Time{}, false
	}
	return build(s[7:11], s[3:6], s[:2], s[12:20], s[20:], " gmt")
}

// rfc850 reads "06-Nov-94 08:49:37 GMT".
func rfc850(weekday, s string, now time.Time) (time.Time, bool) {
	if !isDay(weekday, false) || len(s) != 22 || s[2] != '-' || s[6] != '-' || s[9] != ' ' {
		return time.Time{}, false
	}
	year, ok := digits(s[7:9])
	if !ok {
		return time.Time{}, false
	}
	// A year that seems more than 50 years ahead lies in the past.
	year += now.Year() / 100 * 100
	if year > now.Year()+50 {
		year -= 100
	} else if year <= now.Year()-50 {
		year += 100
	}
	text := string([]byte{byte('0' + year/1000%10), byte('0' + year/100%10), s[7], s[8]})
	return build(text, s[3:6], s[:2], s[10:18], s[18:], " gmt")
}

// asctime reads "Sun Nov  6 08:49:37 1994".
func asctime(s string) (time.Time, bool) {
	if len(s) != 24 || !isDay(s[:3], true) || s[3] != ' ' || s[7] != ' ' || s[10] != ' ' || s[19] != ' ' {
		return time.Time{}, false
	}
	day := s[8:10]
	if day[0] == ' ' {
		day = "0" + day[1:]
	}
	return build(s[20:], s[4:7], day, s[11:19], "", "")
}

func isDay(s string, short bool) bool {
	for _, day := range days {
		if short {
			day = day[:3]
		}
		if strings.EqualFold(s, day) {
			return true
		}
	}
	return false
}

func build(year, month, day, clock, zone, wantZone string) (t time.Time, ok bool) {
	m := strings.Index(months, strings.ToLower(month))
	y, ok1 := digits(year)
	d, ok2 := digits(day)
	h, ok3 := digits(clock[:2])
	min, ok4 := digits(clock[3:5])
	sec, ok5 := digits(clock[6:])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || clock[2] != ':' || clock[5] != ':' ||
		m < 0 || m%3 != 0 || h > 23 || min > 59 || sec > 60 || !strings.EqualFold(zone, wantZone) {
		return t, false
	}
	t = time.Date(y, time.Month(m/3+1), d, h, min, sec, 0, time.UTC)
	return t, time.Date(y, time.Month(m/3+1), d, 0, 0, 0, 0, time.UTC).Day() == d && d > 0
}

func digits(s string) (n int, ok bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}
