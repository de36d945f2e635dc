package publish

import (
	"math/rand/v2"

	"tickwire/feed"
)

// instrument is one symbol whose price wanders. Prices are whole numbers of its
// price increment and sizes of its lot, so what is published is exact.
type instrument struct {
	id     int32
	symbol []byte
	last   int64 // time of its last tick, microseconds

	places, sizePlaces uint8
	step               int64 // price increment, in units of the last place
	bid, ask           int64 // in increments
	spread             int64
	anchor             int64 // the bid wanders about it
}

// How prices wander: as venues list them, an instrument has a price of four to
// seven digits, of which a move changes the last one or two.
const (
	minAnchor  = 2_000
	anchorSpan = 500_000
	maxMove    = 4    // increments
	maxSpread  = 12   // increments
	maxLots    = 5000 // of a trade or a quote
)

func newInstrument(id int32, name string, random *rand.Rand) instrument {
	in := instrument{id: id, symbol: []byte(name), places: uint8(2 + random.IntN(4)), sizePlaces: uint8(random.IntN(6)), step: 1}
	if random.IntN(8) == 0 {
		in.step = 5
	}
	in.anchor = minAnchor + random.Int64N(anchorSpan)
	in.bid, in.spread = in.anchor, 1+random.Int64N(maxSpread)
	in.ask = in.bid + in.spread
	return in
}

// move makes the next quote. The farther the price is off the anchor, the more
// it tends back, and it stays above half of it.
func (in *instrument) move(random *rand.Rand) {
	step := random.Int64N(2*maxMove+1) - maxMove
	if off := in.bid - in.anchor; off > in.anchor/2 || off < -in.anchor/2 {
		step = -sign(off) * maxMove
	}
	in.bid += step
	in.spread = min(max(1, in.spread+random.Int64N(3)-1), maxSpread)
	in.ask = in.bid + in.spread
}

func sign(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}

// draft builds one tick in memory of its own.
type draft struct {
	tick feed.Tick
	text []byte
}

// begin makes d a tick of an instrument that says nothing yet. The next begin
// takes its memory.
func (d *draft) begin(in *instrument) {
	d.text = d.text[:0]
	d.tick = feed.Tick{Symbol: in.symbol}
}

func (d *draft) quote(in *instrument, random *rand.Rand) {
	d.tick.Bid = d.number(in.bid*in.step, in.places)
	d.tick.BidSize = d.number(1+random.Int64N(maxLots), in.sizePlaces)
	d.tick.Ask = d.number(in.ask*in.step, in.places)
	d.tick.AskSize = d.number(1+random.Int64N(maxLots), in.sizePlaces)
}

// trade is an order that takes the bid or the ask.
func (d *draft) trade(in *instrument, random *rand.Rand) {
	price := in.ask
	d.tick.Side = feed.Buy
	if random.Uint64()&1 == 0 {
		price, d.tick.Side = in.bid, feed.Sell
	}
	d.tick.Price = d.number(price*in.step, in.places)
	d.tick.Size = d.number(1+random.Int64N(maxLots), in.sizePlaces)
}

func (d *draft) number(units int64, places uint8) feed.Number {
	var sum feed.Sum
	sum.AddUnits(units, places)
	from := len(d.text)
	d.text = sum.Append(d.text)
	return feed.Number(d.text[from:])
}
