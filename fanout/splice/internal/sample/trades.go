package sample

import (
	"math/rand/v2"
	"slices"

	"github.com/shopspring/decimal"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Tape follows a stream of ticks and forms frames of its trades.
type Tape struct {
	node  *Node
	fresh map[*state][]wire.Trade // since the last frame
	count int
}

// NewTape has seen no tick yet.
func NewTape(seed uint64) *Tape {
	return &Tape{node: NewNode(seed), fresh: make(map[*state][]wire.Trade)}
}

// Take notes the tick if it is a trade with a size.
func (t *Tape) Take(tick *feed.Tick) {
	s := t.node.take(tick)
	if len(tick.Size) == 0 {
		return
	}
	trade := wire.Trade{Symbol: s.Symbol, Seq: s.Seq, Time: s.Time, Price: slices.Clone(tick.Price), Size: slices.Clone(tick.Size)}
	if tick.Side != feed.NoSide {
		trade.Side = string(tick.Side)
	}
	t.fresh[s] = append(t.fresh[s], trade)
	t.count++
}

// Frame is size trades of some symbols, of each all since the last frame, but
// for the last symbol, whose later ones have no room. It is nil when there have
// not been so many; else all are forgotten.
func (t *Tape) Frame(size int) Frame {
	if t.count < size {
		return nil
	}
	var traded []*state
	for s := range t.fresh {
		traded = append(traded, s)
	}
	slices.SortFunc(traded, compare)
	t.node.shuffle(traded)
	picked := 0
	for room := size; room > 0; picked++ {
		s := traded[picked]
		t.fresh[s] = t.fresh[s][:min(len(t.fresh[s]), room)]
		room -= len(t.fresh[s])
	}
	slices.SortFunc(traded[:picked], compare)
	frame := make(Frame, 0, size)
	for _, s := range traded[:picked] {
		for i := range t.fresh[s] {
			frame = append(frame, wire.AppendTrade(nil, &t.fresh[s][i]))
		}
	}
	t.forget()
	return frame
}

func (t *Tape) forget() {
	clear(t.fresh)
	t.count = 0
}

// Trades makes count frames of size trades each, as Market makes updates.
func Trades(seed uint64, size, count int) []Frame {
	t := NewTape(seed)
	orders := &orders{random: t.node.random, take: t.Take}
	var frames []Frame
	run(seed, t.node.random, tickMicros, orders.add, func(pulse int) bool {
		if pulse == 0 {
			t.forget()
		}
		if f := t.Frame(size); f != nil {
			frames = append(frames, f)
		}
		return len(frames) < count
	})
	return frames
}

// orders makes the market's trades more like real ones: it takes each for an
// order that is filled by several others at once, and tells time and places as
// venues do.
type orders struct {
	random *rand.Rand
	take   func(*feed.Tick)
}

// What orders are like. Of the trades in recordings of a large venue, seven in
// ten have the time of the one before.
const (
	fillsMore  = 0.6  // of the fills another follows
	levelsOff  = 0.25 // of those are at the next price
	mostFills  = 40
	paddedTo   = 8 // places
	venueKinds = 3
)

func (o *orders) add(t *feed.Tick) {
	fill := *t
	venue := hash(t.Symbol) / partitions % venueKinds
	if venue > 0 {
		fill.Time -= fill.Time % 1000
	}
	if len(t.Size) == 0 {
		o.take(&fill)
		return
	}
	price, step := exact(t.Price), decimal.New(1, exact(t.Price).Exponent())
	if t.Side == feed.Sell {
		step = step.Neg()
	}
	for n := 1; ; n++ {
		if venue == venueKinds-1 {
			fill.Price = feed.Number(price.StringFixed(paddedTo))
			fill.Size = feed.Number(exact(fill.Size).StringFixed(paddedTo))
		} else {
			fill.Price = feed.AppendNumber(nil, price)
		}
		o.take(&fill)
		if n == mostFills || o.random.Float64() > fillsMore {
			return
		}
		if o.random.Float64() < levelsOff {
			price = price.Add(step.Mul(decimal.NewFromInt(1 + o.random.Int64N(3))))
		}
		size := exact(t.Size)
		part := decimal.NewFromInt(1 + o.random.Int64N(100)).Div(decimal.NewFromInt(50))
		fill.Size = feed.AppendNumber(nil, size.Mul(part).Truncate(-size.Exponent()))
	}
}

func exact(n feed.Number) decimal.Decimal {
	d, err := n.Decimal()
	if err != nil {
		panic(err) // ticks are valid
	}
	return d
}
