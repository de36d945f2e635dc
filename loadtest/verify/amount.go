package verify

import (
	"math"
	"math/bits"

	"github.com/shopspring/decimal"

	"tickwire/feed"
)

// amount is an exact decimal that fits in 64 bits without its point.
type amount struct {
	units  int64
	places uint8
}

// amountOf is the amount of a plain decimal, 0 of the empty text, and whether it
// fits.
func amountOf(text []byte) (a amount, ok bool) {
	if len(text) == 0 {
		return amount{}, true
	}
	a.units, a.places, ok = feed.Number(text).Units()
	return a, ok
}

// at is how many units a has at more places, and whether that fits.
func (a amount) at(places uint8) (units int64, ok bool) {
	if places == a.places || a.units == 0 {
		return a.units, true
	}
	if int(places-a.places) >= len(powers) {
		return 0, false
	}
	size := uint64(a.units)
	if a.units < 0 {
		size = -size
	}
	hi, lo := bits.Mul64(size, powers[places-a.places])
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if a.units < 0 {
		return -int64(lo), true
	}
	return int64(lo), true
}

// less is a - b, and whether it fits.
func (a amount) less(b amount) (amount, bool) {
	places := max(a.places, b.places)
	x, ok := a.at(places)
	y, also := b.at(places)
	d := x - y
	return amount{d, places}, ok && also && (x^y)&(x^d) >= 0
}

// plus is a + b, and whether it fits.
func (a amount) plus(b amount) (amount, bool) {
	if b.units == math.MinInt64 {
		return amount{}, false
	}
	return a.less(amount{-b.units, b.places})
}

// equals compares exactly, whether or not the two fit in the same units.
func (a amount) equals(b amount) bool {
	if d, ok := a.less(b); ok {
		return d.units == 0
	}
	return a.decimal().Equal(b.decimal())
}

func (a amount) decimal() decimal.Decimal { return decimal.New(a.units, -int32(a.places)) }

// powers are those of ten that 64 bits hold.
var powers = func() (p [19]uint64) {
	p[0] = 1
	for i := range p[1:] {
		p[i+1] = 10 * p[i]
	}
	return p
}()
