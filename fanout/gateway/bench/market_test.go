//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/source"
)

// What everybody is measured with.
const (
	symbols    = 2000
	watched    = 20 // symbols of each subscriber
	marketSeed = 7
	firstSeq   = 1_234_567_890
)

// drawTicks makes one full tick of every symbol, a trade with a quote, always in
// the same order of symbols. Another seed makes other values.
func drawTicks(seed uint64) ([]feed.Tick, error) {
	m, err := source.NewMarket(source.MarketConfig{Symbols: symbols, Seed: seed})
	if err != nil {
		return nil, err
	}
	ticks := make([]feed.Tick, 0, symbols)
	enough := errors.New("one tick of every symbol")
	err = m.Run(context.Background(), func(_ context.Context, t *feed.Tick) error {
		ticks = append(ticks, clone(t))
		if len(ticks) == symbols {
			return enough
		}
		return nil
	})
	if err != enough {
		return nil, fmt.Errorf("market: %w", err)
	}
	return ticks, nil
}

func mustTicks(tb testing.TB, seed uint64) []feed.Tick {
	tb.Helper()
	ticks, err := drawTicks(seed)
	if err != nil {
		tb.Fatal(err)
	}
	return ticks
}

func clone(t *feed.Tick) feed.Tick {
	c := *t
	c.Symbol = slices.Clone(t.Symbol)
	for _, n := range []*feed.Number{&c.Price, &c.Size, &c.Bid, &c.BidSize, &c.Ask, &c.AskSize} {
		*n = slices.Clone(*n)
	}
	return c
}

// watchlist is what subscriber i watches, as places in the order of ticks.
func watchlist(i int) []int {
	return rand.New(rand.NewPCG(marketSeed, uint64(i))).Perm(symbols)[:watched]
}

// stream is ticks without an end, as a feed hands them to the fan-out.
type stream struct {
	pool   [][]feed.Tick // each has one tick of every symbol
	random *rand.Rand
	seq    int64
}

func newStream(tb testing.TB) *stream {
	s := &stream{random: rand.New(rand.NewPCG(marketSeed, 0)), seq: firstSeq}
	for seed := range uint64(8) {
		s.pool = append(s.pool, mustTicks(tb, marketSeed+seed))
	}
	return s
}

// tick is the next tick of the symbol at that place.
func (s *stream) tick(place int) (*feed.Tick, feed.Position) {
	s.seq++
	t := &s.pool[int(s.seq/symbols)%len(s.pool)][place]
	t.Time = time.Now().UnixMicro()
	return t, feed.Position{Offset: s.seq}
}

// any is the next tick of a symbol drawn at random.
func (s *stream) any() (place int, t *feed.Tick, at feed.Position) {
	place = s.random.IntN(symbols)
	t, at = s.tick(place)
	return place, t, at
}

// appendUpdate is what every server but ours makes of a tick: the same text.
func appendUpdate(dst []byte, t *feed.Tick, at feed.Position) []byte {
	return wire.AppendUpdate(dst, &wire.Update{Symbol: string(t.Symbol), Seq: at.Offset, Ordinal: uint64(at.Offset-firstSeq)/symbols + 1, Time: t.Time,
		Price: t.Price, Size: t.Size, Bid: t.Bid, Ask: t.Ask, Volume: t.Size})
}

// appendMessage puts the updates of a watchlist into one message.
func appendMessage(dst []byte, updates [][]byte, list []int) []byte {
	dst = append(dst, wire.TickerHead...)
	for i, place := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, updates[place]...)
	}
	return append(dst, wire.DataFoot...)
}
