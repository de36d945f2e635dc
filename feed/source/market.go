package source

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tickwire/feed"
)

// Bounds and the default of a MarketConfig.
const (
	DefaultSymbols = 500
	MaxSymbols     = 100_000
	MaxRate        = 10_000_000
)

// MarketConfig says what market to make up.
type MarketConfig struct {
	// Symbols is how many there are, up to MaxSymbols. Default: DefaultSymbols.
	// Their names do not depend on Seed.
	Symbols int

	// Rate is ticks a second over all symbols, up to MaxRate. Ticks are made
	// for planned moments, so a slow Put does not lower the rate: after a stall
	// up to one second of ticks is caught up, and what lies further back is
	// never made. Default: 0, as fast as Put takes them.
	Rate int

	// Seed and Symbols decide every tick but its time.
	Seed uint64

	// Now is read for the time of each tick. Default: time.Now.
	Now func() time.Time
}

// Validate reports the first thing wrong with c, or nil.
func (c *MarketConfig) Validate() error {
	switch {
	case c.Symbols < 0 || c.Symbols > MaxSymbols:
		return fmt.Errorf("market of %d symbols: give 1 to %d", c.Symbols, MaxSymbols)
	case c.Rate < 0 || c.Rate > MaxRate:
		return fmt.Errorf("market of %d ticks a second: give 0 (as fast as it goes) to %d", c.Rate, MaxRate)
	}
	return nil
}

// How the market behaves, in ticks.
const (
	openingStream = 1 // the two sequences drawn from one seed
	walkStream    = 2

	activityExponent = 1.4 // Zipf: the k-th symbol ticks as 1/(k+activityOffset)^activityExponent
	activityOffset   = 5
	tradeOneIn       = 4  // ticks is a trade, the others are quotes
	quietness        = 20 // a quiet symbol ticks this many times less than its rank says

	burstEvery   = 6000 // ticks between two bursts, on average
	burstLength  = 4000 // ticks, at most
	burstMembers = 8    // symbols, at most
	burstHeat    = 3    // how much more they move
)

// Market is a synthetic market. Each symbol opens with a trade and a quote; when
// all have, quotes and trades come with Zipf's activity, and now and then a
// burst takes half of all ticks for a handful of symbols. Prices are exact, a
// bid is below its ask, and a trade is at the bid or the ask that was last said.
type Market struct {
	rate        int
	now         func() time.Time
	random      *rand.Rand
	activity    *rand.Zipf
	instruments []instrument
	opened      int // instruments that have ticked
	burst       burst

	tick feed.Tick
	text []byte // the digits of tick
}

// burst is a run of ticks of which its members get half.
type burst struct {
	members [burstMembers]int
	count   int
	left    int // ticks until it is over
}

// NewMarket lists the symbols and their opening prices.
func NewMarket(c MarketConfig) (*Market, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Symbols == 0 {
		c.Symbols = DefaultSymbols
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	opening := rand.New(rand.NewPCG(c.Seed, openingStream))
	walk := rand.New(rand.NewPCG(c.Seed, walkStream))
	m := &Market{
		rate:        c.Rate,
		now:         c.Now,
		random:      walk,
		activity:    rand.NewZipf(walk, activityExponent, activityOffset, uint64(c.Symbols-1)),
		instruments: make([]instrument, c.Symbols),
		text:        make([]byte, 0, 256),
	}
	for rank, l := range listings(c.Symbols, opening) {
		m.instruments[rank] = newInstrument(l.symbol, l.price, rank, opening)
	}
	return m, nil
}

// Run makes ticks until ctx is done or put fails, and returns that error. A
// second Run goes on where the first ended; two at a time are not allowed.
func (m *Market) Run(ctx context.Context, put Put) error {
	plan := newSchedule()
	for n := 0; ; n++ {
		if err := m.await(ctx, plan, n); err != nil {
			return err
		}
		if err := put(ctx, m.next()); err != nil {
			return err
		}
	}
}

// await returns when the n-th tick of a run is due.
func (m *Market) await(ctx context.Context, plan *schedule, n int) error {
	if m.rate == 0 {
		return ctx.Err()
	}
	seconds, rest := time.Duration(n/m.rate), time.Duration(n%m.rate)
	return plan.wait(ctx, seconds*time.Second+rest*time.Second/time.Duration(m.rate))
}

// next makes a tick that is good until the next one.
func (m *Market) next() *feed.Tick {
	m.text = m.text[:0]
	m.tick = feed.Tick{Time: m.stamp()}
	if m.opened < len(m.instruments) {
		in := &m.instruments[m.opened]
		m.opened++
		m.quote(in)
		m.trade(in)
		return &m.tick
	}
	in, heat := m.draw()
	if m.random.IntN(tradeOneIn) == 0 {
		m.trade(in)
	} else {
		in.move(m.random, heat)
		m.quote(in)
	}
	return &m.tick
}

// stamp is the time now, but never before that of the tick before.
func (m *Market) stamp() int64 {
	return max(m.tick.Time, m.now().UnixMicro())
}

// draw picks the instrument that ticks next and says how hot it runs.
func (m *Market) draw() (in *instrument, heat float64) {
	if m.burst.left == 0 && m.random.IntN(burstEvery) == 0 {
		m.startBurst()
	}
	if m.burst.left > 0 {
		m.burst.left--
		if m.random.Uint64()&1 == 0 {
			return &m.instruments[m.burst.members[m.random.IntN(m.burst.count)]], burstHeat
		}
	}
	for {
		in := &m.instruments[m.activity.Uint64()]
		if !in.quiet || m.random.IntN(quietness) == 0 {
			return in, 1
		}
	}
}

// startBurst picks its members whatever their activity, so that sleepers wake.
func (m *Market) startBurst() {
	m.burst.left = 1 + m.random.IntN(burstLength)
	m.burst.count = 1 + m.random.IntN(burstMembers)
	for i := range m.burst.count {
		m.burst.members[i] = m.random.IntN(len(m.instruments))
	}
}

func (m *Market) quote(in *instrument) {
	m.tick.Symbol = in.symbol
	m.tick.Bid = m.number(in.bid*in.increment, in.pricePlaces)
	m.tick.BidSize = m.number(in.bidLots*in.lot, in.sizePlaces)
	m.tick.Ask = m.number(in.ask*in.increment, in.pricePlaces)
	m.tick.AskSize = m.number(in.askLots*in.lot, in.sizePlaces)
}

func (m *Market) trade(in *instrument) {
	price, size, side := in.trade(m.random)
	m.tick.Symbol = in.symbol
	m.tick.Price = m.number(price*in.increment, in.pricePlaces)
	m.tick.Size = m.number(size*in.lot, in.sizePlaces)
	m.tick.Side = side
}

func (m *Market) number(units uint64, places int) feed.Number {
	start := len(m.text)
	m.text = appendUnits(m.text, units, places)
	return feed.Number(m.text[start:])
}
