package history

import (
	"fmt"
	"testing"

	"tickwire/feed"
)

// BenchmarkAdd is the cost of a trade in order, the rings full.
func BenchmarkAdd(b *testing.B) {
	for _, tc := range []struct {
		name string
		step int64 // microseconds of event time between trades
	}{{"same second", 0}, {"1000 a second", 1000}, {"every trade a new second", 1_000_000}} {
		b.Run(tc.name, func(b *testing.B) {
			h, feed := full(), newOrderly(tc.step)
			for b.Loop() {
				h.Add(feed.next())
			}
		})
	}
}

// BenchmarkAddInTurn is the cost of a trade when so many symbols have one in turn
// that nothing of the symbol is in the processor's cache.
func BenchmarkAddInTurn(b *testing.B) {
	for _, symbols := range []int{500, 2000} {
		b.Run(fmt.Sprintf("%d symbols", symbols), func(b *testing.B) {
			all, feed := make([]History, symbols), newOrderly(1000)
			for range defaults.Trades {
				tick, seq := feed.next()
				for i := range all {
					all[i].Add(tick, seq)
				}
			}
			for i := 0; b.Loop(); i++ {
				all[i%symbols].Add(feed.next())
			}
		})
	}
}

// BenchmarkAddLate is the cost of a trade two minutes late, its bars being there.
func BenchmarkAddLate(b *testing.B) {
	h, feed := full(), newOrderly(0)
	feed.tick.Time -= 2 * lengths[Minute]
	for b.Loop() {
		h.Add(feed.next())
	}
}

// BenchmarkReading is what a reader costs that comes after every trade.
func BenchmarkReading(b *testing.B) {
	h, feed := full(), newOrderly(1000)
	var text []byte
	b.Run("changed bars of 1h", func(b *testing.B) {
		for b.Loop() {
			before := h.Version()
			h.Add(feed.next())
			for bar := range h.Changed(Hour, before) {
				text = bar.AppendClose(text[:0])
			}
		}
	})
	b.Run("day", func(b *testing.B) {
		for b.Loop() {
			h.Add(feed.next())
			if d, ok := h.Day(); ok {
				text = d.AppendClose(text[:0])
			}
		}
	})
	b.Run("day of a new minute", func(b *testing.B) {
		for b.Loop() {
			feed.tick.Time += lengths[Minute]
			h.Add(feed.next())
			if d, ok := h.Day(); ok {
				text = d.AppendClose(text[:0])
			}
		}
	})
	b.Run("text of a day", func(b *testing.B) {
		d, _ := h.Day()
		for b.Loop() {
			text = d.AppendPercent(d.AppendChange(d.AppendVWAP(d.AppendVolume(d.AppendHigh(text[:0])))))
		}
	})
}

// orderly is a feed of trades whose event time only rises.
type orderly struct {
	tick   feed.Tick
	seq    int64
	step   int64
	prices []feed.Number
	sizes  []feed.Number
}

func newOrderly(step int64) *orderly {
	o := &orderly{seq: 1 << 20, tick: feed.Tick{Symbol: []byte("BTC-USD"), Time: fullUntil, Side: feed.Buy}, step: step}
	for i := range 1024 {
		o.prices = append(o.prices, feed.Number(fmt.Sprintf("%d.%02d000000", 61000+i*7%100, i*31%100)))
		o.sizes = append(o.sizes, feed.Number(fmt.Sprintf("0.%08d", i*7919%1_000_000)))
	}
	return o
}

func (o *orderly) next() (*feed.Tick, int64) {
	o.seq++
	o.tick.Time += o.step
	o.tick.Price, o.tick.Size = o.prices[o.seq%1024], o.sizes[o.seq%1024]
	return &o.tick, o.seq
}

// fullUntil is the event time at which full ends.
const fullUntil = int64(1_723_161_600_000_000)

// full is a History whose rings all are full.
func full() *History {
	h := &History{}
	start := fullUntil - 200*lengths[Hour]
	tick := feed.Tick{Symbol: []byte("BTC-USD"), Price: feed.Number("61000.00000000"), Size: feed.Number("0.01000000")}
	for i := int64(0); i < 200*60; i++ {
		tick.Time = start + i*lengths[Minute]
		h.Add(&tick, i)
	}
	for i := int64(0); i < 400; i++ {
		tick.Time = fullUntil - (400-i)*lengths[Second]
		h.Add(&tick, 200*60+i)
	}
	return h
}
