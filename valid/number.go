package valid

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
)

// number reads a number into any of the numeric kinds, exactly or not at all.
func (d *decoder) number(p *plan, v reflect.Value) bool {
	from := d.pos
	s, whole, ok := d.num()
	if !ok {
		return false
	}
	b := d.data[s.from:s.to]
	code := ""
	switch p.op {
	case opInt:
		var n int64
		if n, code = parseInt(b, whole); code == "" && v.OverflowInt(n) {
			code = "range"
		}
		v.SetInt(n)
	case opUint:
		neg, n, c := parseWhole(b, whole)
		if code = c; code == "" && (neg && n > 0 || v.OverflowUint(n)) {
			code = "range"
		}
		v.SetUint(n)
	case opFloat:
		var f float64
		f, code = parseFloat(b, p.typ.Bits())
		v.SetFloat(f)
	case opNumber:
		if _, e := decimal(b); e > maxNumber || e < -maxNumber {
			code = "range"
		} else {
			v.Set(reflect.ValueOf(json.Number(b)))
		}
	}
	if code == "" {
		return true
	}
	if code == "type" {
		return d.wrongAt(from, code, p.want)
	}
	return d.wrongAt(from, code)
}

func parseInt(b []byte, whole bool) (int64, string) {
	neg, n, code := parseWhole(b, whole)
	switch {
	case code != "":
		return 0, code
	case neg && n <= 1<<63:
		return -int64(n), ""
	case n > math.MaxInt64:
		return 0, "range"
	}
	return int64(n), ""
}

// parseWhole reads a whole number, in any of the spellings of JSON (10, 10.0,
// 1e1). The code is "type" if it has a fraction, "range" if it is too large.
func parseWhole(b []byte, whole bool) (neg bool, n uint64, code string) {
	neg = b[0] == '-'
	zeros := 0
	digits := b
	if whole {
		if neg {
			digits = b[1:]
		}
	} else {
		var e int
		if digits, e = decimal(b); len(digits) == 0 {
			return neg, 0, ""
		}
		if zeros = e - len(digits); zeros < 0 {
			return neg, 0, "type"
		}
	}
	if len(digits)+zeros > 20 {
		return neg, 0, "range"
	}
	for i := range len(digits) + zeros {
		c := byte('0')
		if i < len(digits) {
			c = digits[i]
		}
		if n > math.MaxUint64/10 || n*10 > math.MaxUint64-uint64(c-'0') {
			return neg, 0, "range"
		}
		n = n*10 + uint64(c-'0')
	}
	return neg, n, ""
}

// parseFloat reads a float of 32 or 64 bits. The code is "range" if it is too
// large or vanishes, "precision" if it would be rounded.
func parseFloat(b []byte, bits int) (float64, string) {
	f, err := strconv.ParseFloat(string(b), bits)
	if err != nil {
		return 0, "range"
	}
	if len(b) <= 7 || len(b) <= 15 && bits == 64 { // too few digits to lose any, unless tiny
		if bytes.IndexByte(b, '-') <= 0 {
			return f, ""
		}
	}
	digits, e := decimal(b)
	if len(digits) == 0 {
		return f, ""
	}
	if f == 0 {
		return 0, "range"
	}
	var buf [maxNumber + 16]byte
	again, e2 := decimal(strconv.AppendFloat(buf[:0], f, 'e', len(digits)-1, bits))
	if e != e2 || !bytes.Equal(digits, again) {
		return 0, "precision"
	}
	return f, ""
}

// decimal returns the significant digits of a number and the exponent e of
// 0.digits x 10^e; no digits stand for zero. It overwrites nothing unless a
// point lies between the digits. An exponent beyond a million is cut there.
func decimal(b []byte) (digits []byte, e int) {
	if b[0] == '-' {
		b = b[1:]
	}
	mantissa := b
	if i := bytes.IndexAny(b, "eE"); i >= 0 {
		mantissa = b[:i]
		n, err := strconv.Atoi(string(b[i+1:]))
		if err != nil || n > 1e6 || n < -1e6 {
			if n = 1e6; b[i+1] == '-' {
				n = -1e6
			}
		}
		e = n
	}
	digits = mantissa
	if i := bytes.IndexByte(mantissa, '.'); i >= 0 {
		e += i
		digits = append(append(make([]byte, 0, len(mantissa)), mantissa[:i]...), mantissa[i+1:]...)
	} else {
		e += len(mantissa)
	}
	n := len(digits)
	digits = bytes.TrimLeft(digits, "0")
	e -= n - len(digits)
	return bytes.TrimRight(digits, "0"), e
}
