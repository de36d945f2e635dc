package history

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// Figures are what the trades of some time come to: the first, highest, lowest
// and last price, the volume and the turnover. They are a value: a copy is good
// for ever. The prices are meaningless when Count is 0.
type Figures struct {
	amounts
	exact *exact // instead of the amounts, once they do not fit; it does not change
}

// amounts are Figures that fit, in units of a last place. They hold no pointer,
// so that the garbage collector has nothing to look for in a ring of bars.
type amounts struct {
	count                  uint64
	open, high, low, close int64
	volume                 wide
	turnover               wide  // sum of price times size, at places + sizePlaces
	places                 uint8 // of the prices; these two stay true of an exact
	sizePlaces             uint8 // of the volume
	big                    bool  // there is an exact
}

// add counts d, or reports false, the values being what they were. opens and
// closes tell whether it is the first, or the last, by event time so far.
func (a *amounts) add(d *packed, opens, closes bool) bool {
	price, size := d.price, d.size
	if a.count == 0 {
		a.places, a.sizePlaces = d.places, d.sizePlaces
	}
	if d.places != a.places || d.sizePlaces != a.sizePlaces {
		var ok bool
		if price, size, ok = a.align(d); !ok {
			return false
		}
	}
	volume, fits := a.volume.plus(widen(size))
	turnover, fits2 := a.turnover.plus(product(price, size))
	if !fits || !fits2 {
		return false
	}
	a.volume, a.turnover = volume, turnover
	if opens {
		a.open = price
	}
	if closes {
		a.close = price
	}
	if a.count == 0 {
		a.high, a.low = price, price
	}
	a.high, a.low = max(a.high, price), min(a.low, price)
	a.count++
	return true
}

// align gives a and d the places of the finer of the two, and returns the price
// and the size of d at these.
func (a *amounts) align(d *packed) (price, size int64, ok bool) {
	if !a.scale(max(a.places, d.places), max(a.sizePlaces, d.sizePlaces)) {
		return 0, 0, false
	}
	price, size = d.price, d.size
	ok = scale(&price, powers[a.places-d.places]) && scale(&size, powers[a.sizePlaces-d.sizePlaces])
	return price, size, ok
}

// scale gives a that many places, no fewer than it has, or reports false and
// leaves it as it was.
func (a *amounts) scale(places, sizePlaces uint8) bool {
	if a.places == places && a.sizePlaces == sizePlaces {
		return true
	}
	b := *a
	price, size := powers[places-a.places], powers[sizePlaces-a.sizePlaces]
	fits := [...]bool{
		scale(&b.open, price), scale(&b.high, price), scale(&b.low, price), scale(&b.close, price),
		b.volume.scale(size), b.turnover.scale(price), b.turnover.scale(size),
	}
	b.places, b.sizePlaces = places, sizePlaces
	if slices.Contains(fits[:], false) {
		return false
	}
	*a = b
	return true
}

// merge adds b, whose trades are all later, or reports false, the values being
// what they were.
func (a *amounts) merge(b *amounts) bool {
	switch {
	case b.count == 0:
		return true
	case a.big || b.big:
		return false
	case a.count == 0:
		*a = *b
		return true
	}
	if a.places != b.places || a.sizePlaces != b.sizePlaces {
		places, sizePlaces := max(a.places, b.places), max(a.sizePlaces, b.sizePlaces)
		finer := *b
		if b = &finer; !a.scale(places, sizePlaces) || !b.scale(places, sizePlaces) {
			return false
		}
	}
	volume, fits := a.volume.plus(b.volume)
	turnover, fits2 := a.turnover.plus(b.turnover)
	if !fits || !fits2 {
		return false
	}
	a.volume, a.turnover = volume, turnover
	a.high, a.low, a.close = max(a.high, b.high), min(a.low, b.low), b.close
	a.count += b.count
	return true
}

// Count is how many trades there were.
func (f *Figures) Count() uint64 { return f.count }

// AppendOpen appends the first price.
func (f *Figures) AppendOpen(dst []byte) []byte {
	if f.big {
		return appendDecimal(dst, f.exact.open, f.places)
	}
	return appendUnits(dst, f.open, f.places)
}

// AppendHigh appends the highest price.
func (f *Figures) AppendHigh(dst []byte) []byte {
	if f.big {
		return appendDecimal(dst, f.exact.high, f.places)
	}
	return appendUnits(dst, f.high, f.places)
}

// AppendLow appends the lowest price.
func (f *Figures) AppendLow(dst []byte) []byte {
	if f.big {
		return appendDecimal(dst, f.exact.low, f.places)
	}
	return appendUnits(dst, f.low, f.places)
}

// AppendClose appends the last price.
func (f *Figures) AppendClose(dst []byte) []byte {
	if f.big {
		return appendDecimal(dst, f.exact.close, f.places)
	}
	return appendUnits(dst, f.close, f.places)
}

// AppendVolume appends the sum of the sizes.
func (f *Figures) AppendVolume(dst []byte) []byte {
	switch units := int64(f.volume.lo); {
	case f.big:
		return appendDecimal(dst, f.exact.volume, f.sizePlaces)
	case f.volume == widen(units):
		return appendUnits(dst, units, f.sizePlaces)
	}
	return appendDecimal(dst, f.volume.decimal(f.sizePlaces), f.sizePlaces)
}

// AppendVWAP appends the mean price weighted by size, rounded half away from
// zero to two more places than the prices have. It appends nothing when there
// was no volume.
func (f *Figures) AppendVWAP(dst []byte) []byte {
	e := f.decimals()
	if e.volume.IsZero() {
		return dst
	}
	places := f.places + 2
	return appendDecimal(dst, e.turnover.DivRound(e.volume, int32(places)), places)
}

// AppendChange appends the last price less the first.
func (f *Figures) AppendChange(dst []byte) []byte {
	e := f.decimals()
	return appendDecimal(dst, e.close.Sub(e.open), f.places)
}

// AppendPercent appends the change in percent of the first price, rounded half
// away from zero to four places. It appends nothing when that price is 0.
func (f *Figures) AppendPercent(dst []byte) []byte {
	e := f.decimals()
	if e.open.IsZero() {
		return dst
	}
	return appendDecimal(dst, e.close.Sub(e.open).Shift(2).DivRound(e.open, 4), 4)
}

func appendDecimal(dst []byte, d decimal.Decimal, places uint8) []byte {
	return append(dst, d.StringFixed(int32(places))...)
}

// appendUnits appends units of that many places.
func appendUnits(dst []byte, units int64, places uint8) []byte {
	if units < 0 {
		dst = append(dst, '-')
	}
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], magnitude(units), 10)
	whole := len(text) - int(places)
	if whole > 0 {
		dst = append(dst, text[:whole]...)
		text = text[whole:]
	} else {
		dst = append(dst, '0')
	}
	if places == 0 {
		return dst
	}
	dst = append(dst, '.')
	for ; whole < 0; whole++ {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}
