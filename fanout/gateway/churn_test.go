package gateway

import (
	"testing"
	"time"

	"tickwire/fanout"
)

// BenchmarkChurn is the latency of 1,000 clients, without and with 2,000
// connects and disconnects a second beside them: each connects, subscribes to
// 20 symbols, waits for its snapshot and leaves. The visitors are a process of
// their own. For a figure that means something: -benchtime 10x, on a quiet
// machine.
func BenchmarkChurn(b *testing.B) {
	const symbols, healthy, rate, visits = 2000, 1000, 500, 2000
	m := openMarket(b, serveOn(b, listenNarrow(b, false), Config{}, fanout.Config{}), symbols)
	clients, visitors := startSwarm(b), startSwarm(b)
	clients.do(order{Do: "join", Group: "healthy", Addr: m.addr, Members: healthy, Listed: 20, Symbols: symbols, Seed: 1})
	defer m.run(rate)()
	done, took := 0, time.Duration(0)
	inTurns(b, clients, "healthy", func() (end func()) {
		start := time.Now()
		visitors.do(order{Do: "churn", Addr: m.addr, Listed: 20, Symbols: symbols, Seed: 2, Rate: visits})
		return func() {
			done += visitors.do(order{Do: "calm"}).Done
			took += time.Since(start)
		}
	})
	b.ReportMetric(float64(done)/took.Seconds(), "visits/s")
}

// TestVisitorsLeaveNothingBehind: after many short visits the server has the
// subscribers and the memory it had before.
func TestVisitorsLeaveNothingBehind(t *testing.T) {
	const symbols = 200
	m := openMarket(t, serveOn(t, listenNarrow(t, false), Config{}, fanout.Config{History: shortHistory}), symbols)
	clients := startSwarm(t)
	clients.do(order{Do: "join", Group: "healthy", Addr: m.addr, Members: 20, Listed: 20, Symbols: symbols, Seed: 1})
	stop := m.run(500)
	visit := func(visits int) int {
		clients.do(order{Do: "churn", Addr: m.addr, Listed: 20, Symbols: symbols, Seed: 2, Rate: 500})
		until(t, "there were enough visits", func() bool { return clients.do(order{Do: "visits"}).Done >= visits })
		done := clients.do(order{Do: "calm"}).Done
		until(t, "the visitors are gone", func() bool { return m.hub.Stats().Subscribers == 20 })
		return done
	}
	visit(100)
	before := inUse()
	visits := visit(800)
	after := inUse()
	stop()
	t.Logf("%d visits: heap %d before, %d after", visits, before.heap, after.heap)
	const slack = 256 << 10 // a visitor costs 5 KiB: 800 of them, were a fifteenth of each kept
	if !raced() && after.heap > before.heap+slack {
		t.Errorf("the heap grew from %d to %d bytes in %d visits", before.heap, after.heap, visits)
	}
}
