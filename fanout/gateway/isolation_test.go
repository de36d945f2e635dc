package gateway

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
)

// run ticks random symbols at an even rate until stop is called. A tick that
// comes late keeps its planned time, so that lateness counts.
func (m *bigMarket) run(perSecond int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() {
		planned := time.Now()
		for ctx.Err() == nil {
			pause(time.Until(planned))
			m.tick(rand.IntN(m.symbols), planned)
			planned = planned.Add(time.Second / time.Duration(perSecond))
		}
	})
	return func() {
		cancel()
		loop.Wait()
	}
}

// turn is how long one side of a comparison is measured before the other.
const turn = time.Second

// inTurns measures the ages of a group's updates without a disturbance and with
// it, again and again in turns. It reports medians over the turns, and of the
// quietest turn of each side, which says most when the machine has other work.
func inTurns(b *testing.B, clients *swarm, group string, disturb func() (end func())) {
	var without, with []ages
	measure := func() ages {
		time.Sleep(turn / 4) // what the change itself did
		clients.do(order{Do: "ages", Group: group})
		time.Sleep(turn)
		return clients.do(order{Do: "ages", Group: group}).Ages
	}
	for b.Loop() {
		without = append(without, measure())
		end := disturb()
		with = append(with, measure())
		end()
	}
	report := func(name string, of func(ages) time.Duration) (median, quietest float64) {
		before, after := sorted(without, of), sorted(with, of)
		middle := len(before) / 2
		b.ReportMetric(before[middle], name+"-without-us")
		b.ReportMetric(after[middle], name+"-with-us")
		return after[middle] / before[middle], after[0] / before[0]
	}
	report("p50", func(a ages) time.Duration { return a.P50 })
	report("max", func(a ages) time.Duration { return a.Max })
	median, quietest := report("p99", func(a ages) time.Duration { return a.P99 })
	b.ReportMetric(median, "p99-ratio")
	b.ReportMetric(quietest, "p99-ratio-quietest")
	b.ReportMetric(0, "ns/op") // says nothing here
}

// sorted is one figure of all turns, in microseconds.
func sorted(turns []ages, of func(ages) time.Duration) []float64 {
	all := make([]float64, len(turns))
	for i, a := range turns {
		all[i] = float64(of(a).Microseconds())
	}
	slices.Sort(all)
	return all
}

// BenchmarkIsolation is the latency of 1,800 clients, without and with 200 others
// that have subscribed to everything and do not read. For a figure that means
// something: -benchtime 10x, on a quiet machine.
func BenchmarkIsolation(b *testing.B) {
	const symbols, healthy, stalled, rate = 2000, 1800, 200, 500
	m := openMarket(b, serveOn(b, listenNarrow(b, false), Config{}, fanout.Config{}), symbols)
	clients := startSwarm(b)
	join := order{Do: "join", Group: "healthy", Addr: m.addr, Members: healthy, Listed: 20, Symbols: symbols, Seed: 1}
	clients.do(join)
	defer m.run(rate)()
	inTurns(b, clients, "healthy", func() (end func()) {
		clients.do(order{Do: "join", Group: "stalled", Addr: m.addr, Members: stalled, Deaf: true, Narrow: true})
		untilBlocked(b, stalled)
		return func() {
			if got := drains(); got != stalled {
				b.Errorf("at the end of the turn %d clients are blocked, want %d", got, stalled)
			}
			clients.do(order{Do: "leave", Group: "stalled"})
		}
	})
}

func untilBlocked(tb testing.TB, clients int) {
	for end := time.Now().Add(patience); drains() != clients; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain: %d clients are blocked, want %d", drains(), clients)
		}
	}
}

// TestMemoryStaysFlatWhileClientsStall: a client that does not read holds what
// it held when it stopped, whatever passes by.
func TestMemoryStaysFlatWhileClientsStall(t *testing.T) {
	if raced() {
		t.Skip("the race detector's memory would be counted")
	}
	const symbols, healthy, stalled = 500, 180, 20
	m := openMarket(t, serveOn(t, listenNarrow(t, false), Config{}, fanout.Config{History: shortHistory, Policy: fanout.Policy{Stall: time.Hour}}), symbols)
	clients := startSwarm(t)
	clients.do(order{Do: "join", Group: "healthy", Addr: m.addr, Members: healthy, Listed: 20, Symbols: symbols, Seed: 1})
	clients.do(order{Do: "join", Group: "stalled", Addr: m.addr, Members: stalled, Deaf: true, Narrow: true})
	for drains() < stalled {
		m.round()
	}
	phase := func() (heap int, updates uint64) {
		for range 100 {
			m.round()
			time.Sleep(2 * time.Millisecond)
		}
		m.settle(stalled)
		return inUse().heap, m.hub.Stats().Updates
	}
	phase() // buffers grow to what they need
	middle, before := phase()
	for range 3 {
		phase()
	}
	end, after := phase()
	t.Logf("heap: %d in the middle, %d at the end, %d updates later", middle, end, after-before)
	const slack = 64 << 10 // of the runtime and of net/http, not of 150 MB of ticks
	if end > middle+slack {
		t.Errorf("the heap grew from %d to %d bytes while %d clients did not read", middle, end, stalled)
	}
	if got := drains(); got != stalled {
		t.Errorf("at the end %d clients are blocked, want %d: this test shows nothing", got, stalled)
	}
}
