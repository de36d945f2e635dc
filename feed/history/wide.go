package history

import (
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// wide is a whole number in 128 bits, two's complement.
type wide struct {
	hi int64
	lo uint64
}

func widen(v int64) wide { return wide{v >> 63, uint64(v)} }

// product is v * w, which always fits.
func product(v, w int64) wide {
	hi, lo := bits.Mul64(magnitude(v), magnitude(w))
	p := wide{int64(hi), lo}
	if v^w < 0 {
		return p.negated()
	}
	return p
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func (w wide) negated() wide {
	lo, borrow := bits.Sub64(0, w.lo, 0)
	return wide{-w.hi - int64(borrow), lo}
}

// plus is w + v, and whether it fits.
func (w wide) plus(v wide) (wide, bool) {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	hi := w.hi + v.hi + int64(carry)
	return wide{hi, lo}, (w.hi^hi)&(v.hi^hi) >= 0
}

// scale makes w m times what it was, and reports whether that fits.
func (w *wide) scale(m uint64) bool {
	u := *w
	if w.hi < 0 {
		u = w.negated()
	}
	over, hi := bits.Mul64(uint64(u.hi), m)
	carry, lo := bits.Mul64(u.lo, m)
	hi, c := bits.Add64(hi, carry, 0)
	p := wide{int64(hi), lo}
	fits := over == 0 && c == 0 && p.hi >= 0
	if w.hi < 0 {
		p = p.negated()
	}
	*w = p
	return fits
}

// scale makes v m times what it was, and reports whether that fits.
func scale(v *int64, m uint64) bool {
	hi, lo := bits.Mul64(magnitude(*v), m)
	p := int64(lo)
	fits := hi == 0 && p >= 0
	if *v < 0 {
		p = -p
	}
	*v = p
	return fits
}

// decimal is w with that many places.
func (w wide) decimal(places uint8) decimal.Decimal {
	v := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return decimal.NewFromBigInt(v.Or(v, new(big.Int).SetUint64(w.lo)), -int32(places))
}

// powers are those of ten that 64 bits hold.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := range p[1:] {
		p[i+1] = 10 * p[i]
	}
	return p
}()
