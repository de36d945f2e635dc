package history

import (
	"iter"
	"sort"

	"tickwire/feed"
)

// Trade is one trade. It is a value that is made when it is asked for: a copy is
// good for ever.
type Trade struct {
	Seq      int64  // offset of its tick
	Ordinal  uint64 // how many trades this symbol has had on this node, this one included
	Time     int64  // event time, microseconds since 1970
	Received int64  // when this node read it; 0: not known
	Side     feed.Side
	price    digits
	size     digits
}

// Price is the price as the venue wrote it. It points into t.
func (t *Trade) Price() feed.Number { return t.price.number() }

// Size is the size as the venue wrote it, empty if it did not. It points into t.
func (t *Trade) Size() feed.Number { return t.size.number() }

// digits holds a Number in place.
type digits struct {
	n    uint8
	text [feed.MaxNumber]byte
}

func (d *digits) set(n feed.Number) { d.n = uint8(copy(d.text[:], n)) }

func (d *digits) setUnits(units int64, places uint8) {
	d.n = uint8(len(appendUnits(d.text[:0], units, places)))
}

func (d *digits) number() feed.Number { return d.text[:d.n] }

// packed is how a trade is held. What comes in is written to memory that was
// last touched hundreds of ticks ago, so it is as small as can be. A Number is
// held in units: of nearly all the text follows from these.
type packed struct {
	seq, time, received int64
	price, size         int64 // 0 if they do not fit
	places, sizePlaces  uint8 // of the price and the size
	side                feed.Side
	sized               bool // there is a size
	fits                bool // the price and the size are in units
	odd                 bool // the text is kept, see oddTrades
}

// set makes p the trade of a tick, and reports whether it is odd.
func (p *packed) set(t *feed.Tick, seq int64) (odd bool) {
	price, places, fits := t.Price.Units()
	size, sizePlaces, sizeFits := t.Size.Units()
	p.seq, p.time, p.received, p.side = seq, t.Time, t.Received, t.Side
	p.price, p.places, p.size, p.sizePlaces = price, places, size, sizePlaces
	p.sized = len(t.Size) != 0
	fits = fits && (sizeFits || len(t.Size) == 0)
	odd = !fits || price == 0 && t.Price[0] == '-'
	p.fits, p.odd = fits, odd
	return odd
}

// oddTrades are the Numbers of the trades in the ring whose text does not follow
// from units, by ordinal: those of more than 64 bits, and a price of -0.
type oddTrades map[uint64]*numbers

// numbers are the texts of a price and a size.
type numbers struct{ price, size digits }

// deal is a trade on its way into the bars.
type deal struct {
	*packed
	exact *numbers // there if it does not fit
}

// deal is the i-th oldest trade in the ring.
func (h *History) deal(i int) deal {
	d := deal{packed: h.trades.at(i)}
	if !d.fits {
		d.exact = h.odd[h.ordinalAt(i)]
	}
	return d
}

// keepTrade puts the trade into the ring.
func (h *History) keepTrade(t *feed.Tick, seq int64) {
	if seq <= h.last {
		h.anew = h.ordinal
	}
	h.last = seq
	h.ordinal++
	limit := h.Limits.trades()
	if len(h.odd) != 0 {
		delete(h.odd, h.ordinal-uint64(limit))
	}
	if h.trades.push(limit).set(t, seq) {
		h.keepOdd(t)
	}
}

func (h *History) keepOdd(t *feed.Tick) {
	if h.odd == nil {
		h.odd = make(oddTrades)
	}
	n := new(numbers)
	n.price.set(t.Price)
	n.size.set(t.Size)
	h.odd[h.ordinal] = n
}

// ordinalAt is that of the i-th oldest trade.
func (h *History) ordinalAt(i int) uint64 { return h.ordinal - uint64(h.trades.n-1-i) }

// trade is the i-th oldest.
func (h *History) trade(i int) Trade {
	p := h.trades.at(i)
	t := Trade{Seq: p.seq, Ordinal: h.ordinalAt(i), Time: p.time, Received: p.received, Side: p.side}
	if p.odd {
		n := h.odd[t.Ordinal]
		t.price, t.size = n.price, n.size
		return t
	}
	t.price.setUnits(p.price, p.places)
	if p.sized {
		t.size.setUnits(p.size, p.sizePlaces)
	}
	return t
}

// Ordinal is that of the last trade: how many there have been. 0: none.
func (h *History) Ordinal() uint64 { return h.ordinal }

// Oldest is the oldest trade that is held, and whether there is one.
func (h *History) Oldest() (Trade, bool) {
	if h.trades.n == 0 {
		return Trade{}, false
	}
	return h.trade(0), true
}

// Trades are the trades held whose ordinal is above after, oldest first.
func (h *History) Trades(after uint64) iter.Seq[Trade] {
	return func(yield func(Trade) bool) { h.eachTrade(h.behind(after), yield) }
}

func (h *History) eachTrade(first int, yield func(Trade) bool) {
	for ; first < h.trades.n && yield(h.trade(first)); first++ {
	}
}

// behind is the place in the ring of the first trade whose ordinal is above
// after.
func (h *History) behind(after uint64) int {
	if after >= h.ordinal {
		return h.trades.n
	}
	return max(0, h.trades.n-int(min(h.ordinal-after, uint64(h.trades.n))))
}

// After is the first trade held whose seq is above seq, and whether there is
// one. Where seq has fallen, because the log began anew or the symbol moved to
// another partition, only the trades since are looked at.
func (h *History) After(seq int64) (Trade, bool) {
	first := h.behind(h.anew)
	i := first + sort.Search(h.trades.n-first, func(i int) bool { return h.trades.at(first+i).seq > seq })
	if i == h.trades.n {
		return Trade{}, false
	}
	return h.trade(i), true
}
