//go:build linux

package bench

import (
	"runtime"
	"testing"
	"time"
)

// level is a load on a server: 2,000 symbols, of which each subscriber watches
// 20; the ticks are of symbols drawn at random.
type level struct {
	name        string
	subscribers int
	ticks       int     // a second
	rate        float64 // frames a second of each subscriber; 0: a frame for each tick
}

var levels = []level{
	{name: "A", subscribers: 1000, ticks: 2_000},
	{name: "B", subscribers: 1000, ticks: 20_000, rate: 10},
	{name: "D", subscribers: 5000, ticks: 20_000, rate: 10},
}

// BenchmarkLevels measures servers at a steady load.
//
// At A every tick goes to every subscriber of its symbol at once, by ours or by
// write(2) of as many bytes. At B and D each subscriber gets at most ten frames
// a second, each with the newest values of what changed: ours by the rate that
// the clients ask for; gws with the conflation that its user would write for it,
// see conflator. kept-up tells how many of the wanted frames went out.
func BenchmarkLevels(b *testing.B) {
	for _, l := range levels {
		if l.subscribers > 1000 && testing.Short() {
			continue
		}
		b.Run(l.name, func(b *testing.B) { benchmarkLevel(b, l) })
	}
}

func benchmarkLevel(b *testing.B, l level) {
	bench := &levelBench{b: b, level: l, clients: startClients(b), stream: newStream(b)}
	turns := bench.turns()
	all := make(map[string]figures)
	for range *rounds {
		for _, t := range turns {
			if all[t.name] == nil {
				all[t.name] = figures{}
			}
			t.measure(all[t.name])
		}
	}
	for _, t := range turns {
		report(b, t.name, all[t.name].medians())
	}
	const unit = "CPU-s/Mupdate"
	ratios := make(map[string]float64)
	for _, t := range turns[1:] {
		ratios[turns[0].name+"/"+t.name] = ratio(all[turns[0].name], all[t.name], unit)
	}
	report(b, "ratios", ratios)
}

type levelBench struct {
	b          *testing.B
	level      level
	clients    *clients
	stream     *stream
	frameBytes int // of ours
}

// turn is one server under the load.
type turn struct {
	name    string
	measure func(to figures)
}

func (l *levelBench) turns() []turn {
	ours := func(deflate bool) func(figures) { return func(to figures) { l.ours(to, deflate) } }
	if l.level.rate == 0 {
		return []turn{{"tickwire", ours(true)}, {"write", l.writes}}
	}
	gws := func(deflate bool) func(figures) { return func(to figures) { l.conflated(to, deflate) } }
	return []turn{
		{"tickwire-deflate", ours(true)}, {"gws-plain", gws(false)},
		{"tickwire-plain", ours(false)}, {"gws-deflate", gws(true)},
	}
}

func (l *levelBench) ours(to figures, deflate bool) {
	s := startTickwire(l.b, l.stream)
	defer s.stop()
	s.dial(l.clients, l.level.subscribers, deflate, l.level.rate)
	defer l.clients.hangUp()
	l.window(to, func() int { return int(s.hub.Stats().Updates) }, func() {
		_, t, at := l.stream.any()
		s.hub.Apply(t, at)
	})
	l.frameBytes = int(median(to["B/frame"]))
}

// writes sends each tick to each subscriber of its symbol, by write(2) alone.
func (l *levelBench) writes(to figures) {
	p := startBare(l.b, true)
	defer p.stop()
	l.clients.do(order{Do: "dial", Addr: p.addr, Clients: l.level.subscribers})
	defer l.clients.hangUp()
	watchers := make([][]sender, symbols)
	for i, s := range p.await(l.level.subscribers) {
		for _, place := range watchlist(i) {
			watchers[place] = append(watchers[place], s)
		}
	}
	frame, sent := unread(l.frameBytes), 0
	l.window(to, func() int { return sent }, func() {
		place, _, _ := l.stream.any()
		for _, s := range watchers[place] {
			if err := s.send(frame); err != nil {
				l.b.Fatal(err)
			}
			sent++
		}
	})
}

func (l *levelBench) conflated(to figures, deflate bool) {
	p := startGws(l.b, deflate)
	defer p.stop()
	l.clients.do(order{Do: "dial", Addr: p.addr, Clients: l.level.subscribers, Deflate: deflate})
	defer l.clients.hangUp()
	c := newConflator(p.await(l.level.subscribers), time.Duration(float64(time.Second)/l.level.rate))
	defer c.stop()
	l.window(to, c.updates, func() { c.apply(l.stream.any()) })
}

// window has ticks come at the level's pace, and measures when the server has
// found its stride.
func (l *levelBench) window(to figures, updates func() int, tick func()) {
	const warmUp = time.Second / 2
	runtime.GC()
	pace := newPacer(l.level.ticks, tick)
	pace.run(warmUp)
	pace.next = time.Now() // what the warm-up has left undone is not measured
	first, cpu, began, before := l.clients.tally(), spent(l.b), time.Now(), updates()
	pace.run(time.Duration(*seconds * float64(time.Second)))
	cpu = spent(l.b) - cpu
	took, sent := time.Since(began).Seconds(), updates()-before
	last := l.clients.tally()
	frames := float64(last.Frames - first.Frames)
	to.add("CPU-s/Mupdate", micros(cpu)/float64(sent))
	to.add("us/frame", micros(cpu)/frames)
	to.add("B/update", float64(last.Bytes-first.Bytes)/float64(sent))
	to.add("B/frame", float64(last.Bytes-first.Bytes)/frames)
	to.add("updates/frame", float64(sent)/frames)
	to.add("frames/s", frames/took)
	to.add("kept-up", frames/took/l.level.wanted())
}

// wanted is how many frames a second go out if the server keeps up.
func (l *level) wanted() float64 {
	if l.rate > 0 {
		return l.rate * float64(l.subscribers)
	}
	return float64(l.ticks) * float64(l.subscribers) * watched / symbols
}

// pacer calls tick for planned moments: what a pause has delayed is caught up.
type pacer struct {
	tick  func()
	every time.Duration
	next  time.Time
}

func newPacer(perSecond int, tick func()) *pacer {
	return &pacer{tick: tick, every: time.Second / time.Duration(perSecond), next: time.Now()}
}

// run returns when all ticks planned for the next d are done.
func (p *pacer) run(d time.Duration) {
	const nap = 500 * time.Microsecond // sleeping for less costs more than the ticks
	for end := p.next.Add(d); p.next.Before(end); {
		if early := time.Until(p.next); early > 0 {
			time.Sleep(max(early, nap))
		}
		p.tick()
		p.next = p.next.Add(p.every)
	}
}
