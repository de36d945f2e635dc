//go:build linux

package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// BenchmarkFrame measures what one frame of 20 updates costs its server, from
// the tick to the kernel.
//
//	spliced    ours: every symbol ticks, every subscriber gets one compressed frame
//	nosocket   the same with outboxes that drop the frames: all but the write
//	raw        ours, to clients without permessage-deflate
//	write      write(2) of as many bytes as a spliced frame has, and nothing else
//	gws, gorilla, coder
//	           a message of the same text, compressed, through that library;
//	           neither the ticks nor their text are in the figure
func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{500, 5000} {
		if n > 500 && testing.Short() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkFrame(b, n) })
	}
}

func benchmarkFrame(b *testing.B, n int) {
	bench := &frameBench{b: b, n: n, pulses: max(4, 10_000/n), clients: startClients(b), stream: newStream(b), lists: make([][]int, n)}
	for i := range bench.lists {
		bench.lists[i] = watchlist(i)
	}
	names := []string{"spliced", "nosocket", "raw", "write", "gws", "gorilla", "coder"}
	all := make(map[string]figures)
	for _, name := range names {
		all[name] = figures{}
	}
	for range *rounds {
		for _, name := range names {
			bench.turn(name, all[name])
			if name == "spliced" {
				bench.frameBytes = int(median(all[name]["B/frame"]))
			}
		}
	}
	for _, name := range names {
		report(b, name, all[name].medians())
	}
	const unit = "us/frame"
	report(b, "ratios", map[string]float64{
		"spliced/write":   ratio(all["spliced"], all["write"], unit),
		"raw/write":       ratio(all["raw"], all["write"], unit),
		"gws/spliced":     ratio(all["gws"], all["spliced"], unit),
		"gorilla/spliced": ratio(all["gorilla"], all["spliced"], unit),
		"coder/spliced":   ratio(all["coder"], all["spliced"], unit),
	})
}

type frameBench struct {
	b          *testing.B
	n          int // subscribers
	pulses     int // in a turn, each a frame to every subscriber
	clients    *clients
	stream     *stream
	lists      [][]int
	frameBytes int // of a spliced frame
}

func (f *frameBench) turn(name string, to figures) {
	switch name {
	case "spliced":
		f.ours(to, true, true)
	case "nosocket":
		f.ours(to, true, false)
	case "raw":
		f.ours(to, false, true)
	default:
		f.theirs(name, to)
	}
}

// ours measures pulses that the shards begin when every symbol has ticked.
func (f *frameBench) ours(to figures, deflate, sockets bool) {
	s := startTickwire(f.b, f.stream)
	defer s.stop()
	gates := newGates(s.hub, f.stream)
	defer gates.open()
	var arrived tally
	if sockets {
		arrived = s.dial(f.clients, f.n, deflate, 0)
		defer f.clients.hangUp()
	} else {
		s.fill(f.stream, f.n)
	}
	var ticking, pulsing time.Duration
	pulse := func() {
		gates.shut()
		before := s.hub.Stats().Frames
		t0 := spent(f.b)
		for place := range symbols {
			s.hub.Apply(f.stream.tick(place))
		}
		t1 := spent(f.b)
		gates.pass()
		if sockets {
			arrived = f.clients.await(arrived.Frames + int64(f.n))
		} else {
			s.awaitFrames(before + uint64(f.n+shards)) // the gates' too
		}
		ticking, pulsing = ticking+t1-t0, pulsing+spent(f.b)-t1
	}
	pulse() // warms up
	runtime.GC()
	ticking, pulsing = 0, 0
	first, before := arrived, s.hub.Stats()
	for range f.pulses {
		pulse()
	}
	after := s.hub.Stats()
	frames := float64(after.Frames-before.Frames) - float64(f.pulses*shards) // the gates'
	to.add("us/frame", micros(ticking+pulsing)/frames)
	to.add("us-of-ticks/frame", micros(ticking)/frames)
	to.add("updates/frame", (float64(after.Updates-before.Updates)-float64(f.pulses*shards))/frames)
	to.add("frames/pulse", frames/float64(f.pulses))
	if sockets {
		to.add("B/frame", float64(arrived.Bytes-first.Bytes)/float64(arrived.Frames-first.Frames))
	}
}

// theirs measures messages of the same text to the same watchlists.
func (f *frameBench) theirs(name string, to figures) {
	p := peers[name](f.b, true)
	defer p.stop()
	f.clients.do(order{Do: "dial", Addr: p.addr, Clients: f.n, Deflate: true})
	defer f.clients.hangUp()
	senders := p.await(f.n)
	message := func(updates [][]byte, i int, dst []byte) []byte { return appendMessage(dst, updates, f.lists[i]) }
	if name == "write" {
		frame := unread(f.frameBytes)
		message = func([][]byte, int, []byte) []byte { return frame }
	}
	var sending time.Duration
	var arrived tally
	pulse := func() {
		updates := f.updates()
		start := spent(f.b)
		f.sendAll(senders, func(i int, dst []byte) []byte { return message(updates, i, dst) })
		sending += spent(f.b) - start
		arrived = f.clients.await(arrived.Frames + int64(f.n))
	}
	pulse()
	runtime.GC()
	sending = 0
	first := arrived
	for range f.pulses {
		pulse()
	}
	to.add("us/frame", micros(sending)/float64(f.n*f.pulses))
	to.add("B/frame", float64(arrived.Bytes-first.Bytes)/float64(arrived.Frames-first.Frames))
}

// updates are the texts of one tick of every symbol.
func (f *frameBench) updates() [][]byte {
	updates := make([][]byte, symbols)
	for place := range updates {
		t, at := f.stream.tick(place)
		updates[place] = appendUpdate(nil, t, at)
	}
	return updates
}

// sendAll sends each its message, with as many goroutines as ours has shards.
func (f *frameBench) sendAll(senders []sender, message func(i int, dst []byte) []byte) {
	var sending sync.WaitGroup
	for part := range shards {
		sending.Go(func() {
			var buf []byte
			for i := part; i < len(senders); i += shards {
				buf = message(i, buf[:0])
				if err := senders[i].send(buf); err != nil {
					f.b.Errorf("send: %v", err)
					return
				}
			}
		})
	}
	sending.Wait()
}

// unread is a frame of that many bytes, of text that says nothing.
func unread(size int) []byte {
	const header = 4
	frame := bytes.Repeat([]byte("x"), size)
	frame[0], frame[1] = 0x81, 126
	binary.BigEndian.PutUint16(frame[2:], uint16(size-header))
	return frame
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
