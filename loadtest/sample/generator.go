package sample

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tickwire/loadtest/report"
)

// beat is how often the generator asks whether it comes in time.
const beat = time.Millisecond

// Generator watches this process while it makes the load. Its goroutine sets
// itself a time every millisecond and notes how late it comes: as late can any
// reader come to a socket that has something, and what it measures there is
// then not the server's latency.
//
// Begin and Read are for one goroutine at a time.
type Generator struct {
	registry *prometheus.Registry
	stop     chan struct{}
	done     chan struct{}

	mu    sync.Mutex
	lag   *hdrhistogram.Histogram // microseconds
	seats *hdrhistogram.Histogram // microseconds, what readers waited for their turn

	began   time.Time
	cpu     float64 // at Begin
	waits   histogram
	pauses  histogram
	highest report.Generator
}

// StartGenerator begins to watch. Stop ends it.
func StartGenerator() (*Generator, error) {
	g := &Generator{
		registry: prometheus.NewRegistry(),
		stop:     make(chan struct{}),
		done:     make(chan struct{}),
		lag:      newHistogram(),
		seats:    newHistogram(),
	}
	g.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := g.Begin(); err != nil {
		return nil, err
	}
	go g.watch()
	return g, nil
}

// Stop ends the goroutine and waits for it.
func (g *Generator) Stop() {
	close(g.stop)
	<-g.done
}

func (g *Generator) watch() {
	defer close(g.done)
	next := time.Now().Add(beat)
	timer := time.NewTimer(beat)
	defer timer.Stop()
	for {
		select {
		case <-g.stop:
			return
		case <-timer.C:
		}
		now := time.Now()
		g.note(now.Sub(next))
		for ; !next.After(now); next = next.Add(beat) {
		}
		timer.Reset(time.Until(next))
	}
}

// note records a beat that came so late, and those that it ran over: they would
// have been late as well.
func (g *Generator) note(late time.Duration) {
	us := min(max(late.Microseconds(), 0), Longest)
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.lag.RecordCorrectedValue(us, beat.Microseconds()) // in range
}

// Waited records how long a reader that had something to read waited for its
// turn. Safe for concurrent use.
func (g *Generator) Waited(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	record(g.seats, d.Microseconds())
}

// Begin forgets what was seen before, for the next part of a run.
func (g *Generator) Begin() error {
	g.mu.Lock()
	g.lag.Reset()
	g.seats.Reset()
	g.mu.Unlock()
	now, err := gather(g.registry)
	if err != nil {
		return fmt.Errorf("the generator's own metrics: %w", err)
	}
	g.began, g.cpu, g.highest = time.Now(), now.sum(cpuSeconds), report.Generator{}
	g.waits, g.pauses = readHistogram(schedWaits), readHistogram(gcPauses)
	return nil
}

// Read takes a reading of memory; call it about once a second.
func (g *Generator) Read() error {
	now, err := gather(g.registry)
	if err != nil {
		return fmt.Errorf("the generator's own metrics: %w", err)
	}
	h := &g.highest
	h.RSSBytes = max(h.RSSBytes, uint64(now.sum(rssBytes)))
	h.HeapBytes = max(h.HeapBytes, uint64(now.sum(heapBytes)))
	h.CPUSeconds = now.sum(cpuSeconds) - g.cpu
	h.Cores = ratio(h.CPUSeconds, time.Since(g.began).Seconds())
	return nil
}

// Report is how the generator did since Begin, and whether what it measured
// meanwhile can be believed; the publisher is nil when somebody else published.
// See [Judge] for the rules.
func (g *Generator) Report(measured report.Latency, publisher *report.Publisher) (report.Generator, error) {
	if err := g.Read(); err != nil {
		return report.Generator{}, err
	}
	r := g.highest
	g.mu.Lock()
	r.LagMS = float64(g.lag.ValueAtPercentile(99)) / 1e3
	r.SeatMS = float64(g.seats.ValueAtPercentile(99)) / 1e3
	r.MaxLagMS = float64(max(g.lag.Max(), g.seats.Max())) / 1e3
	g.mu.Unlock()
	waits, pauses := readHistogram(schedWaits).since(g.waits), readHistogram(gcPauses).since(g.pauses)
	r.WaitMS, r.GCMaxMS = 1e3*waits.quantile(0.99), 1e3*pauses.quantile(1)
	r.Why = Judge(r, measured, publisher, runtime.GOMAXPROCS(0))
	r.Valid = len(r.Why) == 0
	return r, nil
}
