// Package sample makes frames of ticker updates, trades and bars as a node sends
// them, for training the codes and for tests.
package sample

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/source"
)

// What the node and its topic are like.
const (
	symbols     = 500
	partitions  = 8
	tickMicros  = 200 // between two ticks, on average
	pulseMicros = 100_000
	warmUp      = 40_000 // ticks
	uptime      = 37     // times the warm-up that the node is taken to have been up
	start       = 1_732_242_000_000_000
)

// Frame is the updates of one frame, sorted as a watchlist is: by what follows
// the first dash, and then by symbol.
type Frame [][]byte

// Node follows a stream of ticks and forms frames of it.
type Node struct {
	random  *rand.Rand
	offsets [partitions]int64
	states  map[string]*state
	recent  []*state // in the order of their last ticks
	now     int64
}

// state is what a node knows of one symbol.
type state struct {
	wire.Update
	suffix string
	volume feed.Sum
}

// NewNode has seen no tick yet.
func NewNode(seed uint64) *Node {
	n := &Node{random: rand.New(rand.NewPCG(seed, 3)), states: make(map[string]*state)}
	for i := range n.offsets {
		n.offsets[i] = n.random.Int64N(90_000_000)
	}
	return n
}

// Market makes count frames of size updates each out of a synthetic market. The
// same arguments make the same frames.
func Market(seed uint64, size, count int) []Frame {
	n := NewNode(seed)
	var frames []Frame
	run(seed, n.random, tickMicros, n.Take, func(pulse int) bool {
		if pulse == 0 {
			n.age()
			return true
		}
		frames = append(frames, n.Frame(size))
		return len(frames) < count
	})
	return frames
}

// run shows take the ticks of a synthetic market, one in micros on average, and
// calls each once a pulse when the market is warm, for as long as it says so.
func run(seed uint64, random *rand.Rand, micros float64, take func(*feed.Tick), each func(pulse int) bool) {
	clock := int64(start)
	market, err := source.NewMarket(source.MarketConfig{Symbols: symbols, Seed: seed, Now: func() time.Time {
		clock += int64(random.ExpFloat64() * micros)
		return time.UnixMicro(clock)
	}})
	if err != nil {
		panic(err) // the constants above are wrong
	}
	ticks, pulses, last := 0, 0, int64(0)
	enough := errors.New("enough pulses")
	err = market.Run(context.Background(), func(_ context.Context, t *feed.Tick) error {
		take(t)
		ticks++
		if ticks < warmUp || ticks > warmUp && clock < last+pulseMicros {
			return nil
		}
		last = clock
		if !each(pulses) {
			return enough
		}
		pulses++
		return nil
	})
	if err != enough {
		panic(err) // a market without an end has ended
	}
}

// Take makes a tick its symbol's newest.
func (n *Node) Take(t *feed.Tick) { n.take(t) }

func (n *Node) take(t *feed.Tick) *state {
	s := n.states[string(t.Symbol)]
	if s == nil {
		_, suffix, _ := bytes.Cut(t.Symbol, []byte("-"))
		s = &state{Update: wire.Update{Symbol: string(t.Symbol)}, suffix: string(suffix)}
		n.states[s.Symbol] = s
	} else {
		i := slices.Index(n.recent, s)
		n.recent = slices.Delete(n.recent, i, i+1)
	}
	n.recent = append(n.recent, s)

	offset := &n.offsets[hash(t.Symbol)%partitions]
	*offset++
	n.now = t.Time
	s.Seq, s.Time = *offset, t.Time
	s.Ordinal++
	for _, v := range []struct{ to, from *feed.Number }{{&s.Price, &t.Price}, {&s.Size, &t.Size}, {&s.Bid, &t.Bid}, {&s.Ask, &t.Ask}} {
		if len(*v.from) > 0 {
			*v.to = append((*v.to)[:0], *v.from...)
		}
	}
	s.volume.Add(t.Size)
	return s
}

func hash(symbol []byte) uint32 {
	h := fnv.New32a()
	h.Write(symbol)
	return h.Sum32()
}

// age makes the node one that has been up for long.
func (n *Node) age() {
	for _, s := range n.recent {
		s.Ordinal = s.Ordinal*uptime + n.random.Uint64N(uptime)
		s.volume.Add(feed.AppendNumber(nil, s.volume.Decimal().Mul(decimal.NewFromInt(uptime))))
	}
}

// Frame is of size symbols at random among those that ticked within the last
// pulse, or, if those are fewer, of those that ticked last. It is nil when there
// are not so many.
func (n *Node) Frame(size int) Frame {
	if len(n.recent) < size {
		return nil
	}
	since := len(n.recent)
	for since > 0 && (n.recent[since-1].Time > n.now-pulseMicros || len(n.recent)-since < size) {
		since--
	}
	picked := slices.Clone(n.recent[since:])
	n.shuffle(picked)
	picked = picked[:min(size, len(picked))]
	slices.SortFunc(picked, compare)
	frame := make(Frame, 0, len(picked))
	for _, s := range picked {
		u := s.Update
		u.Volume = s.volume.Append(nil)
		frame = append(frame, wire.AppendUpdate(nil, &u))
	}
	return frame
}

func (n *Node) shuffle(states []*state) {
	n.random.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
}

// compare is the order of a watchlist.
func compare(a, b *state) int {
	return cmp.Or(cmp.Compare(a.suffix, b.suffix), cmp.Compare(a.Symbol, b.Symbol))
}
