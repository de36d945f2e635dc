package feed

import (
	"math/bits"

	"github.com/shopspring/decimal"
)

// Sum adds up Numbers exactly, without allocating while the total fits in 128
// bits; beyond that it goes on as a decimal.Decimal. The zero Sum is 0. It is
// for totals that only grow, such as the traded volume of a symbol: it takes
// no negative Number.
//
// A trade's size must be added to the volume on the path of every tick, where
// decimal.Decimal would allocate three times; a property test holds the two to
// the same totals.
type Sum struct {
	hi, lo uint64           // the total times ten to the power of places
	places uint8            // as many as the finest addend had
	big    *decimal.Decimal // the total, once it outgrew hi and lo
}

// Add adds a valid Number that is not negative; the empty one adds nothing.
func (s *Sum) Add(n Number) {
	if hi, lo, places, ok := coefficient(n); ok && s.big == nil && s.addFixed(hi, lo, places) {
		return
	}
	if d, err := n.Decimal(); err == nil {
		s.addDecimal(d)
	}
}

// AddUnits is Add of the Number that has these Units, which are not negative.
func (s *Sum) AddUnits(units int64, places uint8) {
	if s.big != nil || !s.addFixed(0, uint64(units), places) {
		s.addDecimal(decimal.New(units, -int32(places)))
	}
}

func (s *Sum) addDecimal(d decimal.Decimal) {
	total := s.Decimal().Add(d)
	s.big = &total
}

// addFixed adds a coefficient in 128 bits, or reports false and leaves s as it
// was.
func (s *Sum) addFixed(hi, lo uint64, places uint8) bool {
	ok := true
	thi, tlo, tplaces := s.hi, s.lo, s.places
	for ; ok && places < tplaces; places++ {
		hi, lo, ok = timesTenPlus(hi, lo, 0)
	}
	for ; ok && tplaces < places; tplaces++ {
		thi, tlo, ok = timesTenPlus(thi, tlo, 0)
	}
	tlo, carry := bits.Add64(tlo, lo, 0)
	thi, carry = bits.Add64(thi, hi, carry)
	if !ok || carry != 0 {
		return false
	}
	s.hi, s.lo, s.places = thi, tlo, tplaces
	return true
}

// coefficient is n without its point, and how many digits were behind that.
func coefficient(n Number) (hi, lo uint64, places uint8, ok bool) {
	point := len(n) - 1
	ok = true
	for i, c := range n {
		switch {
		case c == '.':
			point = i
		case i < 19: // what fits in 64 bits for certain, as nearly all sizes do
			lo = lo*10 + uint64(c-'0')
		case ok:
			hi, lo, ok = timesTenPlus(hi, lo, uint64(c-'0'))
		}
	}
	return hi, lo, uint8(max(0, len(n)-1-point)), ok
}

// timesTenPlus is (hi, lo) * 10 + digit, and whether it fits.
func timesTenPlus(hi, lo, digit uint64) (uint64, uint64, bool) {
	over, hi10 := bits.Mul64(hi, 10)
	carry, lo10 := bits.Mul64(lo, 10)
	lo10, c := bits.Add64(lo10, digit, 0)
	hi10, c2 := bits.Add64(hi10, carry, c)
	return hi10, lo10, over == 0 && c2 == 0
}

// Append appends the total as a Number with as many places as the finest
// addend had.
func (s *Sum) Append(dst []byte) []byte {
	if s.big != nil {
		return AppendNumber(dst, *s.big)
	}
	var text [41]byte // 39 digits of 128 bits, a point, one to spare
	i := len(text)
	hi, lo := s.hi, s.lo
	for place := 0; hi != 0 || lo != 0 || place <= int(s.places); place++ {
		if place == int(s.places) && place != 0 {
			i--
			text[i] = '.'
		}
		var digit uint64
		hi, digit = hi/10, hi%10
		lo, digit = bits.Div64(digit, lo, 10)
		i--
		text[i] = byte('0' + digit)
	}
	return append(dst, text[i:]...)
}

// Decimal is the total for arithmetic.
func (s *Sum) Decimal() decimal.Decimal {
	if s.big != nil {
		return *s.big
	}
	d, _ := decimal.NewFromString(string(s.Append(nil))) // its own digits
	return d
}
