package history

import "github.com/shopspring/decimal"

// exact are the values of Figures whose amounts do not fit.
type exact struct {
	open, high, low, close, volume, turnover decimal.Decimal
}

// decimals are the values of f.
func (f *Figures) decimals() exact {
	if f.big {
		return *f.exact
	}
	price := func(units int64) decimal.Decimal { return decimal.New(units, -int32(f.places)) }
	return exact{
		open: price(f.open), high: price(f.high), low: price(f.low), close: price(f.close),
		volume: f.volume.decimal(f.sizePlaces), turnover: f.turnover.decimal(f.places + f.sizePlaces),
	}
}

// become makes e the values of f.
func (f *Figures) become(e exact) { f.exact, f.big = &e, true }

// addExact counts d. opens and closes are as in amounts.add.
func (f *Figures) addExact(d *deal, opens, closes bool) {
	price, size := d.decimals()
	e := f.decimals()
	if f.count == 0 {
		e.high, e.low = price, price
	}
	if opens {
		e.open = price
	}
	if closes {
		e.close = price
	}
	e.high, e.low = decimal.Max(e.high, price), decimal.Min(e.low, price)
	e.volume = e.volume.Add(size)
	e.turnover = e.turnover.Add(price.Mul(size))
	f.count++
	f.places, f.sizePlaces = max(f.places, places(price)), max(f.sizePlaces, places(size))
	f.become(e)
}

// mergeExact adds g, whose trades are all later.
func (f *Figures) mergeExact(g *Figures) {
	if f.count == 0 {
		*f = *g
		return
	}
	e, later := f.decimals(), g.decimals()
	e.high, e.low = decimal.Max(e.high, later.high), decimal.Min(e.low, later.low)
	e.close = later.close
	e.volume = e.volume.Add(later.volume)
	e.turnover = e.turnover.Add(later.turnover)
	f.count += g.count
	f.places, f.sizePlaces = max(f.places, g.places), max(f.sizePlaces, g.sizePlaces)
	f.become(e)
}

// decimals are the price and the size of d, the size 0 if it has none.
func (d *deal) decimals() (price, size decimal.Decimal) {
	if d.fits {
		return decimal.New(d.price, -int32(d.places)), decimal.New(d.size, -int32(d.sizePlaces))
	}
	price, _ = d.exact.price.number().Decimal() // of a valid tick
	if d.sized {
		size, _ = d.exact.size.number().Decimal()
	}
	return price, size
}

// places is how many digits d has behind its point.
func places(d decimal.Decimal) uint8 { return uint8(max(0, -d.Exponent())) }
