package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// BenchmarkProfiling has the fan-out do the same work without and with the
// profiler, in turns, and reports the ratio of the CPU time that the process
// took: the median of all turns. A turn with the profiler has its start, its end
// and pushes every half second, thirty times as many as in production, and the
// server that takes them: it is an upper bound. -benchtime 20x makes twenty turns.
func BenchmarkProfiling(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	market := newBenchMarket(b)
	defer market.hub.Close()
	off := func() time.Duration { return cpuOf(func() { market.turn(b) }) }
	on := func() time.Duration {
		return cpuOf(func() {
			p := testProfiler(server.URL, "n", io.Discard)
			p.every, p.log = 500*time.Millisecond, slog.New(slog.DiscardHandler)
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- p.run(ctx) }()
			market.turn(b)
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
		})
	}
	var ratios []float64
	var without time.Duration
	turns := 0
	for b.Loop() {
		var with, bare time.Duration
		if turns++; turns%2 == 0 { // whoever is first must not always be the same
			with, bare = on(), off()
		} else {
			bare, with = off(), on()
		}
		ratios = append(ratios, with.Seconds()/bare.Seconds())
		without += bare
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "on/off")
	b.ReportMetric(ratios[0], "least")
	b.ReportMetric(ratios[len(ratios)-1], "most")
	b.ReportMetric(float64(without.Nanoseconds())/float64(turns*benchPasses*benchSubscribers*benchWatched), "cpu-ns/update-off")
}

const (
	benchSymbols     = 4000
	benchSubscribers = 400
	benchWatched     = 500 // symbols each
	benchPasses      = 100 // of a turn: each ticks every symbol once
)

// benchMarket is a fan-out with subscribers whose sockets take everything.
type benchMarket struct {
	hub     *fanout.Hub
	ticks   []feed.Tick
	offset  int64
	updates uint64 // that are out when all is quiet
}

func newBenchMarket(b *testing.B) *benchMarket {
	m := &benchMarket{hub: fanout.New(fanout.Config{}), ticks: make([]feed.Tick, benchSymbols)}
	names := make([]string, benchSymbols)
	for i := range m.ticks {
		names[i] = fmt.Sprintf("SYMBOL-%d", i)
		m.ticks[i] = feed.Tick{Symbol: []byte(names[i]), Price: feed.Number("67123.45"), Size: feed.Number("0.0123"), Bid: feed.Number("67123.44"), Ask: feed.Number("67123.46")}
	}
	m.pass()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range benchSubscribers {
		s := m.hub.NewSubscriber(benchOutbox{}, fanout.Encoding(i%2)) // Plain or Deflate
		s.Attach(wire.Marshal(wire.Hello{Type: wire.TypeHello, V: wire.Version}))
		var watched []string
		for _, n := range r.Perm(benchSymbols)[:benchWatched] {
			watched = append(watched, names[n])
		}
		s.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: watched})
	}
	m.settle(b)
	return m
}

// turn is work of a fixed size: every pass sends every subscriber every symbol
// that it watches, so nothing is conflated.
func (m *benchMarket) turn(b *testing.B) {
	for range benchPasses {
		m.pass()
		m.settle(b)
	}
}

func (m *benchMarket) pass() {
	for i := range m.ticks {
		m.offset++
		m.ticks[i].Time = 1_732_242_000_000_000 + m.offset
		m.hub.Apply(&m.ticks[i], feed.Position{Offset: m.offset})
	}
}

// settle waits until all updates of the last pass are out.
func (m *benchMarket) settle(b *testing.B) {
	m.updates += benchSubscribers * benchWatched
	for end := time.Now().Add(patience); m.hub.Stats().Updates < m.updates; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("got %d updates, want %d", m.hub.Stats().Updates, m.updates)
		}
	}
}

type benchOutbox struct{}

func (benchOutbox) TryFrame([]byte) fanout.Outcome { return fanout.Sent }
func (benchOutbox) Progress() time.Time            { return time.Now() }
func (benchOutbox) Shut(fanout.Reason)             {}

// cpuOf is the CPU time, of the system too, that this process takes for f.
func cpuOf(f func()) time.Duration {
	before := cpuTime()
	f()
	return cpuTime() - before
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
