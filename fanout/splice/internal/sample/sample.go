// Package sample makes frames of ticker updates as a node sends them, for
// training the code and for tests.
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
	clock := int64(start)
	market, err := source.NewMarket(source.MarketConfig{Symbols: symbols, Seed: seed, Now: func() time.Time {
		clock += int64(n.random.ExpFloat64() * tickMicros)
		return time.UnixMicro(clock)
	}})
	if err != nil {
		panic(err) // the constants above are wrong
	}
	var frames []Frame
	ticks, pulse := 0, int64(0)
	enough := errors.New("enough frames")
	err = market.Run(context.Background(), func(_ context.Context, t *feed.Tick) error {
		n.Take(t)
		ticks++
		switch {
		case ticks == warmUp:
			n.age()
			pulse = clock
		case ticks > warmUp && clock >= pulse+pulseMicros:
			pulse = clock
			frames = append(frames, n.Frame(size))
		}
		if len(frames) == count {
			return enough
		}
		return nil
	})
	if err != enough {
		panic(err) // a market without an end has ended
	}
	return frames
}

// Take makes a tick its symbol's newest.
func (n *Node) Take(t *feed.Tick) {
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

	hash := fnv.New32a()
	hash.Write(t.Symbol)
	offset := &n.offsets[hash.Sum32()%partitions]
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
}

// Symbols is how many have ticked.
func (n *Node) Symbols() int { return len(n.recent) }

// age makes the node one that has been up for long.
func (n *Node) age() {
	for _, s := range n.recent {
		s.Ordinal = s.Ordinal*uptime + n.random.Uint64N(uptime)
		s.volume.Add(feed.AppendNumber(nil, s.volume.Decimal().Mul(decimal.NewFromInt(uptime))))
	}
}

// Frame is of size symbols at random among those that ticked within the last
// pulse, or, if those are fewer, of those that ticked last.
func (n *Node) Frame(size int) Frame {
	since := len(n.recent)
	for since > 0 && (n.recent[since-1].Time > n.now-pulseMicros || len(n.recent)-since < size) {
		since--
	}
	picked := slices.Clone(n.recent[since:])
	n.random.Shuffle(len(picked), func(i, j int) { picked[i], picked[j] = picked[j], picked[i] })
	picked = picked[:min(size, len(picked))]
	slices.SortFunc(picked, func(a, b *state) int {
		return cmp.Or(cmp.Compare(a.suffix, b.suffix), cmp.Compare(a.Symbol, b.Symbol))
	})
	frame := make(Frame, 0, len(picked))
	for _, s := range picked {
		u := s.Update
		u.Volume = s.volume.Append(nil)
		frame = append(frame, wire.AppendUpdate(nil, &u))
	}
	return frame
}
