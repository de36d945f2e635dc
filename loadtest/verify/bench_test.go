package verify

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// frames are what one client of 20 symbols is told: a snapshot, and then frames of
// all of them.
func frames(truth *Truth, names []string, n int) (texts [][]byte) {
	s := newScript(truth, wire.Ticker, 0)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		var us []wire.Update
		for _, name := range names {
			price := feed.Number(fmt.Sprintf("%d.%02d", 60000+r.IntN(9999), r.IntN(100)))
			s.publish(&feed.Tick{Symbol: []byte(name), Price: price, Size: feed.Number(fmt.Sprintf("0.%04d", r.IntN(9999))), Bid: price, Ask: price})
			us = append(us, s.last[name])
		}
		head := wire.TickerHead
		if i == 0 {
			head = wire.SnapshotHead
		}
		texts = append(texts, []byte(data(head, us)))
	}
	return texts
}

// bench has clients take the same frames, one after the other as a swarm's do.
func bench(b *testing.B, truth *Truth, symbols, clients int, share float64) {
	var names []string
	var ids []int32
	for i := range symbols {
		names = append(names, fmt.Sprintf("LOAD-%05d", i))
		id, _ := truth.ID([]byte(names[i]))
		ids = append(ids, id)
	}
	texts := frames(truth, names, 200)
	watches := make([]*Watch, clients)
	again := func() {
		for i := range watches {
			watches[i] = truth.Watch("client", wire.Ticker, ids)
			watches[i].Connect("node", false)
		}
	}
	l := Ledger{Share: share}
	updates := 0
	b.ReportAllocs()
	n, who := len(texts), clients
	for b.Loop() {
		if who == clients {
			if who, n = 0, n+1; n >= len(texts) {
				b.StopTimer()
				again()
				n = 0
				b.StartTimer()
			}
		}
		watches[who].Take(texts[n], 1, &l)
		who++
		updates += symbols
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(updates), "ns/update")
	if l.Broken() != 0 || l.Unchecked != 0 {
		b.Errorf("violations: %+v, unchecked %d", l.Violations[:min(3, len(l.Violations))], l.Unchecked)
	}
}

func manyNames() (names []string) {
	for i := range 1000 {
		names = append(names, fmt.Sprintf("LOAD-%05d", i))
	}
	return names
}

func BenchmarkTake(b *testing.B) {
	for _, symbols := range []int{1, 20} {
		b.Run(fmt.Sprintf("published/%d symbols", symbols), func(b *testing.B) {
			bench(b, NewTruth(manyNames(), time.Hour), symbols, 1000, 0)
		})
	}
	b.Run("learned/20 symbols", func(b *testing.B) { bench(b, Learn(time.Hour), 20, 1000, 0) })
	b.Run("decoded/20 symbols", func(b *testing.B) { bench(b, NewTruth(manyNames(), time.Hour), 20, 1000, 1) })
}

func BenchmarkPublish(b *testing.B) {
	truth := NewTruth([]string{btc}, time.Second)
	tick := feed.Tick{Symbol: []byte(btc), Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Side: feed.Buy}
	b.ReportAllocs()
	for b.Loop() {
		tick.Time++
		truth.Publish(0, &tick, tick.Time)
	}
}
