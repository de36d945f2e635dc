package fanout

import (
	"fmt"
	"testing"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// taker is an Outbox that takes everything and remembers nothing but the size.
type taker struct{ frames, bytes, compressed int }

func (o *taker) TryFrame(frame []byte) Outcome {
	o.frames++
	o.bytes += len(frame)
	if frame[0] == deflatedText {
		o.compressed++
	}
	return Sent
}

func (o *taker) Progress() time.Time { return time.Time{} }
func (o *taker) Shut(Reason)         {}

// handDriven is a hub of one shard whose loop is the test: nothing happens but
// in pulse.
type handDriven struct {
	*Hub
	shard  *shard
	offset int64
}

func driveByHand(symbols int) *handDriven {
	h := &Hub{book: newBook(feed.NewSymbols(symbols)), policy: Policy{Heartbeat: time.Hour}.withDefaults(), stop: make(chan struct{})} // without sweeps
	h.book.limits = fullAtOnce
	h.shards = []*shard{newShard(0, h.book, h.policy, newFreshness(h.book, h.policy, Config{}))}
	d := &handDriven{Hub: h, shard: h.shards[0]}
	d.shard.pulse()
	for i := range symbols {
		d.trade(symbolName(i))
	}
	d.shard.pulse()
	return d
}

func symbolName(i int) string { return fmt.Sprintf("SYM%04d-USD", i) }

// trade applies a trade with a price of its own, and a quote around it.
func (d *handDriven) trade(symbol string) {
	var price, bid, ask [12]byte
	copy(price[:], "67000.000000")
	for i, n := len(price)-1, d.offset; n > 0 && i > 5; i, n = i-1, n/10 {
		price[i] = byte('0' + n%10)
	}
	bid, ask = price, price
	bid[4], ask[4] = '1', '2'
	var name [feed.MaxSymbol]byte
	d.Apply(&feed.Tick{
		Symbol: name[:copy(name[:], symbol)], Time: 1732242000123456 + d.offset,
		Price: price[:], Size: []byte("0.0123"), Bid: bid[:], Ask: ask[:],
	}, feed.Position{Offset: d.offset})
	d.offset++
}

// watch attaches a client of these symbols and gives it its snapshots.
func (d *handDriven) watch(tb testing.TB, deflate bool, symbols ...string) *taker {
	out := new(taker)
	encoding := Plain
	if deflate {
		encoding = Deflate
	}
	s := d.NewSubscriber(out, encoding)
	s.Attach([]byte(`{}`))
	d.shard.pulse()
	ack := s.carryOut(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: symbols}).(wire.Ack)
	if len(ack.Denied) != 0 {
		tb.Fatalf("denied: %v", ack.Denied)
	}
	d.shard.touch(s)
	d.shard.pulse()
	if out.frames < 2 { // hello and a snapshot
		tb.Fatalf("frames after the subscription: got %d, want 2 or more", out.frames)
	}
	return out
}

func TestAPulseDoesNotAllocate(t *testing.T) {
	const symbols, clients, listed = 200, 50, 20
	for _, tc := range []struct {
		scenario string
		deflate  bool
	}{{"compressed", true}, {"raw", false}} {
		t.Run(tc.scenario, func(t *testing.T) {
			d := driveByHand(symbols)
			names := make([]string, symbols)
			for i := range names {
				names[i] = symbolName(i)
			}
			var takers []*taker
			for c := range clients {
				from := c * 3
				takers = append(takers, d.watch(t, tc.deflate, names[from:from+listed]...))
			}
			round := func() {
				for _, name := range names {
					d.trade(name)
				}
				d.shard.pulse()
			}
			round() // buffers grow to what they need
			before := *takers[0]
			const rounds = 50
			if got := testing.AllocsPerRun(rounds, round); got != 0 {
				t.Errorf("allocations per pulse of %d frames: got %v, want 0", clients, got)
			}
			after := *takers[0]
			if got := after.frames - before.frames; got != rounds+1 { // AllocsPerRun warms up once
				t.Errorf("frames of a client: got %d, want %d", got, rounds+1)
			}
			if got := after.compressed - before.compressed; (got > 0) != tc.deflate {
				t.Errorf("compressed frames: got %d, client takes them: %v", got, tc.deflate)
			}
		})
	}
}

// TestATickTouchesNobodyElse counts what a tick makes a shard do while others
// watch other symbols.
func TestATickTouchesNobodyElse(t *testing.T) {
	const ticks = 100
	for _, others := range []int{0, 100, 1000} {
		d := driveByHand(100)
		mine := d.watch(t, true, symbolName(0))
		var takers []*taker
		for i := range others {
			takers = append(takers, d.watch(t, true, symbolName(1+i%99)))
		}
		frames := make([]int, others)
		for i, o := range takers {
			frames[i] = o.frames
		}
		before, mineBefore := d.Stats(), mine.frames
		for range ticks {
			d.trade(symbolName(0))
			if dirty := d.shard.dirty.lower[0].Load(); dirty != 1 {
				t.Fatalf("%d others: dirty symbols: got %b, want the one that ticked", others, dirty)
			}
			d.shard.pulse()
		}
		after := d.Stats()
		if got := after.Frames - before.Frames; got != ticks || mine.frames-mineBefore != ticks {
			t.Errorf("%d others: frames: got %d, %d of them mine; want %d", others, got, mine.frames-mineBefore, ticks)
		}
		if got := after.Updates - before.Updates; got != ticks {
			t.Errorf("%d others: updates: got %d, want %d", others, got, ticks)
		}
		for i, o := range takers {
			if o.frames != frames[i] {
				t.Errorf("%d others: number %d got %d frames", others, i, o.frames-frames[i])
			}
		}
		if got := cap(d.shard.touched); others > 0 && got >= others {
			t.Errorf("%d others: up to %d subscribers were touched in one pulse, want 1", others, got)
		}
	}
}

// BenchmarkTickBesideOthers is a tick with its pulse, by the number of
// subscribers that watch other symbols: the figures should be the same.
func BenchmarkTickBesideOthers(b *testing.B) {
	const symbols = 2000
	for _, others := range []int{0, 1_000, 10_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			d := driveByHand(symbols)
			d.watch(b, true, symbolName(0))
			for i := range others {
				d.watch(b, true, symbolName(1+i%(symbols-1)))
			}
			name := symbolName(0)
			d.shard.swept = d.shard.now.Add(time.Hour) // heartbeats are not a tick's cost
			b.ReportAllocs()
			for b.Loop() {
				d.trade(name)
				d.shard.pulse()
			}
		})
	}
}

// BenchmarkPulse is a pulse with a frame for each client.
func BenchmarkPulse(b *testing.B) {
	const symbols, clients, listed = 2000, 500, 20
	for _, deflate := range []bool{false, true} {
		b.Run(fmt.Sprintf("deflate=%v", deflate), func(b *testing.B) {
			d := driveByHand(symbols)
			names := make([]string, symbols)
			for i := range names {
				names[i] = symbolName(i)
			}
			for c := range clients {
				from := c * 7 % (symbols - listed)
				d.watch(b, deflate, names[from:from+listed]...)
			}
			round := func() {
				for _, name := range names {
					d.trade(name)
				}
				d.shard.pulse()
			}
			round() // buffers grow to what they need
			frames := d.Stats().Frames
			b.ReportAllocs()
			for b.Loop() {
				round()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(d.Stats().Frames-frames), "ns/frame")
		})
	}
}
