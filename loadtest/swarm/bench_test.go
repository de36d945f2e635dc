package swarm

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"tickwire/fanout/splice"
	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/loadtest/verify"
)

// serverFrame is an unmasked frame.
func serverFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// tape is a subscriber's frames of 20 updates, plain and as the server compresses
// them, of ticks that are in the truth.
type tape struct {
	truth          *verify.Truth
	ids            []int32
	plain, deflate [][]byte // the first is the snapshot
}

func record(tb testing.TB, frames int) *tape {
	tb.Helper()
	const listed = 20
	names := symbolNames(listed)
	table, err := splice.Ticker(wire.DataFoot, wire.TickerHead, wire.SnapshotHead)
	if err != nil {
		tb.Fatal(err)
	}
	t := &tape{truth: verify.NewTruth(names, time.Hour)}
	for i := range names {
		t.ids = append(t.ids, int32(i))
	}
	start := time.Now().UnixMicro()
	for f := range frames {
		head, kind := wire.TickerHead, 0
		if f == 0 {
			head, kind = wire.SnapshotHead, 1
		}
		text, segments := []byte(head), []*splice.Segment{}
		for i, name := range names {
			at := start + int64(f*listed+i)
			price := feed.Number(fmt.Sprintf("%d.%02d", 67000+(f*7+i)%500, (f+i*3)%100))
			tick := &feed.Tick{Symbol: []byte(name), Time: at, Price: price, Size: feed.Number("0.5"), Bid: price, Ask: price}
			t.truth.Publish(int32(i), tick, at)
			u := wire.Update{Symbol: name, Seq: int64(1000 + f*listed + i), Ordinal: uint64(f + 1), Time: at, Price: price, Size: tick.Size, Bid: price, Ask: price,
				Volume: feed.Number(fmt.Sprintf("%d.%d", (f+1)/2, (f+1)%2*5))}
			row := wire.AppendUpdate(nil, &u)
			if i > 0 {
				text = append(text, ',')
			}
			text = append(text, row...)
			s := new(splice.Segment)
			if !table.Encode(s, row) {
				tb.Fatalf("it cannot be spliced: %s", row)
			}
			segments = append(segments, s)
		}
		t.plain = append(t.plain, serverFrame(finBit|opText, append(text, wire.DataFoot...)))
		t.deflate = append(t.deflate, serverFrame(finBit|rsv1Bit|opText, table.AppendFrame(nil, kind, segments)))
	}
	return t
}

// BenchmarkFrame is what a seat does with a frame of 20 updates once it has read
// it: cut, inflate, and hold it to the truth.
func BenchmarkFrame(b *testing.B) {
	t := record(b, 1000)
	for _, kind := range []struct {
		name   string
		frames [][]byte
	}{{"plain", t.plain}, {"deflate", t.deflate}} {
		b.Run(kind.name, func(b *testing.B) {
			s, err := New(Config{URL: "ws://127.0.0.1:1/v1/ws", Truth: t.truth, Symbols: symbolNames(20)})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			seat, received := s.seats[0], time.Now().UnixMicro()
			m := newMember(s.cohorts[Steady], nil)
			m.deflate, m.quiet = true, time.Hour
			m.fresh, m.socket, m.next = since(), &socket{}, again
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%len(kind.frames) == 0 {
					m.watch = t.truth.Watch("one", wire.Ticker, t.ids)
					m.watch.Connect("", false)
				}
				frame := kind.frames[i%len(kind.frames)]
				if used := seat.take(m, frame, received); used != len(frame) {
					b.Fatalf("took %d of %d bytes: %v", used, len(frame), m.end)
				}
			}
			m.socket = nil
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*20), "ns/update")
			b.ReportMetric(float64(len(kind.frames[1])), "B/frame")
			if l := s.Stats()[Steady].Ledger; l.Broken() > 0 || l.Updates == 0 {
				b.Errorf("got %+v, want updates and no violation", l)
			}
		})
	}
}

// BenchmarkInflate is the inflating of such a frame alone.
func BenchmarkInflate(b *testing.B) {
	t := record(b, 100)
	var i inflater
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		f, _, _, _ := cut(t.deflate[n%len(t.deflate)], buffer)
		if _, err := i.inflate(f.payload, buffer); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubscribers is the CPU time of this process, the kernel's included, for
// a frame from the socket to the ledger: 1,000 subscribers of 20 symbols of
// 2,000, against a server in a process of its own that ticks all symbols at
// once. Subscribers per core are those that get 10 frames a second each.
func BenchmarkSubscribers(b *testing.B) {
	const symbols, members = 2000, 1000
	if os.Getenv(serverEnv) != "" {
		serveOrders(b, symbols)
		return
	}
	for _, compression := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "deflate"}[compression], func(b *testing.B) {
			server := startServer(b)
			truth, names := verify.Learn(time.Minute), symbolNames(symbols)
			for _, name := range names {
				truth.ID([]byte(name))
			}
			s, err := New(Config{URL: server.url, Truth: truth, Symbols: names, Compression: compression})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			grow(b, s, Steady, members, twenty(symbols))
			until(b, "all have their snapshots", func() bool { return s.Stats()[Steady].Ledger.Snapshots == 20*members })
			before, cpu := s.Stats()[Steady].Ledger, cpuTime()
			for rounds := uint64(1); b.Loop(); rounds++ {
				server.round()
				until(b, "all have all of it", func() bool {
					l := s.Stats()[Steady].Ledger
					return l.Updates+l.Conflated-before.Updates-before.Conflated >= 20*members*rounds
				})
			}
			cpu = cpuTime() - cpu
			l := s.Stats()[Steady].Ledger
			frames := float64(l.Frames - before.Frames)
			b.ReportMetric(float64(cpu.Nanoseconds())/frames, "cpu-ns/frame")
			b.ReportMetric(float64(cpu.Nanoseconds())/float64(l.Updates-before.Updates), "cpu-ns/update")
			b.ReportMetric(float64(l.Updates-before.Updates)/frames, "updates/frame")
			b.ReportMetric(float64(time.Second)/(float64(cpu)/frames)/10, "subscribers/core")
			b.ReportMetric(0, "ns/op") // is the server's too
			if l.Broken() > 0 {
				b.Errorf("%d violations: %+v", l.Broken(), l.Violations[0])
			}
		})
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
