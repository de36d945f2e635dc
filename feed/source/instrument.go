package source

import (
	"math"
	"math/rand/v2"

	"tickwire/feed"
)

// instrument is one symbol of a Market. Its prices are whole numbers of its
// price increment and its sizes whole numbers of its lot; only the fair value,
// which nobody sees, is a float.
type instrument struct {
	symbol      []byte
	pricePlaces int
	increment   uint64 // price increment, in units of the last of pricePlaces
	sizePlaces  int
	lot         uint64 // in units of the last of sizePlaces
	quiet       bool

	fair, anchor  float64 // in increments; fair wanders about the anchor
	volatility    float64 // of one move, as a part of fair, in ordinary times
	mood          mood
	spread, usual float64 // in increments; the spread returns to the usual one

	bid, ask         uint64 // in increments; 0 < bid < ask
	bidLots, askLots uint64 // at least 1
}

// mood is a regime of volatility. It lasts for a few hundred moves.
type mood float64

// How much more than ordinary an instrument moves.
const (
	calm     mood = 0.4
	ordinary mood = 1
	wild     mood = 4
)

const (
	moodLength  = 400  // moves, on average
	pull        = 1e-7 // of the way back to the anchor, per move
	roaming     = 20   // fair stays within anchor/roaming and anchor*roaming
	widest      = 10   // usual spreads
	minAnchor   = 2000 // increments, so that a bid is never near 0
	smallestMin = 1    // increments in a spread
)

// newInstrument is the rank-th most active symbol, about to open at price.
func newInstrument(symbol string, price float64, rank int, random *rand.Rand) instrument {
	magnitude := int(math.Floor(math.Log10(price)))
	in := instrument{
		symbol:      []byte(symbol),
		pricePlaces: max(2, 4-magnitude),
		increment:   1,
		sizePlaces:  min(8, max(0, magnitude+1)),
		lot:         1,
		quiet:       rank >= 20 && rank%7 == 3,
		mood:        ordinary,
	}
	if random.IntN(8) == 0 {
		in.increment = 5
	}
	if magnitude < -2 {
		in.lot = 100
	}
	in.anchor = max(minAnchor, price*math.Pow10(in.pricePlaces)/float64(in.increment))
	in.fair = in.anchor
	in.volatility = 1e-5 * math.Sqrt(min(1000, 1+float64(rank)))
	in.usual = 1 + in.anchor*2e-6*min(50, 1+float64(rank)/20)
	in.spread = in.usual
	in.move(random, 1)
	return in
}

// move makes the next quote. heat is how much more than by itself the
// instrument moves.
func (in *instrument) move(random *rand.Rand, heat float64) {
	if random.IntN(moodLength) == 0 {
		in.mood = [...]mood{calm, ordinary, wild}[random.IntN(3)]
	}
	agitation := float64(in.mood) * heat
	in.fair += in.fair*in.volatility*agitation*random.NormFloat64() + pull*(in.anchor-in.fair)
	in.fair = min(max(in.fair, in.anchor/roaming), in.anchor*roaming)
	in.spread += 0.1*(in.usual*math.Sqrt(agitation)-in.spread) + 0.2*in.usual*random.NormFloat64()
	in.spread = min(max(in.spread, smallestMin), in.usual*widest)
	in.bid = uint64(in.fair - in.spread/2)
	in.ask = in.bid + uint64(in.spread)
	in.bidLots, in.askLots = lots(random), lots(random)
}

// trade draws an order that hits the bid or the ask as it stands.
func (in *instrument) trade(random *rand.Rand) (price, size uint64, side feed.Side) {
	if random.Uint64()&1 == 0 {
		return in.ask, 1 + random.Uint64N(in.askLots), feed.Buy
	}
	return in.bid, 1 + random.Uint64N(in.bidLots), feed.Sell
}

// lots draws a size: mostly small, each doubling half as likely as the last.
func lots(random *rand.Rand) uint64 {
	bits := random.Uint64()
	doublings := 0
	for doublings < 12 && bits&1 == 1 {
		bits >>= 1
		doublings++
	}
	return (1 + bits>>32%1000) << doublings
}

// appendUnits appends units / 10^places exactly, with all places.
func appendUnits(dst []byte, units uint64, places int) []byte {
	var text [40]byte
	i := len(text)
	for n := 0; units > 0 || n <= places; n++ {
		if n == places && places > 0 {
			i--
			text[i] = '.'
		}
		i--
		text[i] = byte('0' + units%10)
		units /= 10
	}
	return append(dst, text[i:]...)
}
