package valid

// The grammars of RFC 3339 section 5.6.

// two reads two digits, -1 if there are none.
func two(s string) int {
	if len(s) < 2 || !is(s[0], digit) || !is(s[1], digit) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	century, year, month, day := two(s), two(s[2:]), two(s[5:]), two(s[8:])
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year != 0 || century%4 == 0) {
		days = 29
	}
	return day <= days
}

func isTime(s string) bool {
	if len(s) < 9 || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, minute, second := two(s), two(s[3:]), two(s[6:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return false
	}
	i := 8
	if s[i] == '.' {
		for i++; i < len(s) && is(s[i], digit); i++ {
		}
		if i == 9 || i == len(s) {
			return false
		}
	}
	offset, ok := timeOffset(s[i:])
	const day = 24 * 60
	return ok && (second < 60 || (hour*60+minute-offset+2*day)%day == day-1)
}

// timeOffset reads "Z" or an offset, in minutes.
func timeOffset(s string) (minutes int, ok bool) {
	if len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, m := two(s[1:]), two(s[4:])
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, false
	}
	if s[0] == '-' {
		return -h*60 - m, true
	}
	return h*60 + m, true
}

func isDateTime(s string) bool {
	return len(s) >= 20 && s[10]|0x20 == 't' && isDate(s[:10]) && isTime(s[11:])
}
