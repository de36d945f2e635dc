//go:build linux

package bench

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// shards is also how many goroutines write in the other servers.
const shards = 2

// server is ours, as the binary runs it but for the feed.
type server struct {
	hub  *fanout.Hub
	addr string
	stop func()
}

func startTickwire(tb testing.TB, s *stream) *server {
	tb.Helper()
	hub := fanout.New(fanout.Config{Symbols: 2 * symbols, Shards: shards, Policy: fanout.Policy{Heartbeat: time.Hour}})
	for place := range symbols {
		hub.Apply(s.tick(place)) // nobody can subscribe to a symbol without a tick
	}
	ln := listen(tb)
	g := gateway.New(gateway.Config{Hub: hub, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, ln) }()
	return &server{hub: hub, addr: ln.Addr().String(), stop: func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("gateway: %v", err)
		}
	}}
}

// dial connects n clients and returns when all have their snapshots.
func (s *server) dial(c *clients, n int, deflate bool, rate float64) tally {
	c.do(order{Do: "dial", Addr: s.addr, Clients: n, Deflate: deflate, Ours: true, Rate: rate})
	const hello, ack, snapshot = 1, 1, 1
	return c.await(int64(n) * (hello + ack + snapshot))
}

// gateSymbol is what gates watch.
const gateSymbol = "GATE"

// gate is a subscriber that holds its shard in the middle of a pulse when its
// symbol ticks: so that all others can tick before the next pulse begins, and
// that pulse finds everything changed.
type gate struct {
	sub     *fanout.Subscriber
	entered chan struct{}
	pass    chan struct{}
	opened  chan struct{} // closed when it holds nobody any more
}

// TryFrame lets everything pass but updates, each of which waits for pass.
func (g *gate) TryFrame(frame []byte) fanout.Outcome {
	if bytes.Contains(frame, []byte(wire.TickerHead)) {
		for _, step := range []chan struct{}{g.entered, g.pass} {
			select {
			case step <- struct{}{}:
			case <-g.opened:
			}
		}
	}
	return fanout.Sent
}

func (g *gate) Progress() time.Time { return time.Now() }
func (g *gate) Shut(fanout.Reason)  {}

// gates are one gate in each shard of a hub.
type gates struct {
	hub    *fanout.Hub
	stream *stream
	each   [shards]*gate
}

// newGates puts the gates in, open. The hub must not have subscribers yet, as it
// gives the next one to the shard that has the fewest.
func newGates(hub *fanout.Hub, s *stream) *gates {
	g := &gates{hub: hub, stream: s}
	g.tick()
	for i := range g.each {
		each := &gate{entered: make(chan struct{}), pass: make(chan struct{}), opened: make(chan struct{})}
		each.sub = hub.NewSubscriber(each, fanout.Plain)
		each.sub.Attach(nil)
		each.sub.Do(wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker, Symbols: []string{gateSymbol}})
		g.each[i] = each
	}
	return g
}

func (g *gates) tick() {
	g.stream.seq++
	g.hub.Apply(&feed.Tick{Symbol: []byte(gateSymbol), Time: time.Now().UnixMicro(), Price: feed.Number("1")}, feed.Position{Offset: g.stream.seq})
}

// shut returns when all shards are held.
func (g *gates) shut() {
	g.tick()
	for _, each := range g.each {
		<-each.entered
	}
}

// pass lets the shards go on.
func (g *gates) pass() {
	for _, each := range g.each {
		<-each.pass
	}
}

// open lets the shards go for good.
func (g *gates) open() {
	for _, each := range g.each {
		close(each.opened)
	}
}

// sink is an outbox without a socket.
type sink struct{}

func (sink) TryFrame([]byte) fanout.Outcome { return fanout.Sent }
func (sink) Progress() time.Time            { return time.Now() }
func (sink) Shut(fanout.Reason)             {}

// fill subscribes n sinks to the watchlists.
func (s *server) fill(st *stream, n int) {
	const atATime = 64
	places := make(chan int)
	var filling sync.WaitGroup
	for range atATime {
		filling.Go(func() {
			for i := range places {
				sub := s.hub.NewSubscriber(sink{}, fanout.Deflate)
				sub.Attach(nil)
				r := wire.Request{Op: wire.OpSubscribe, Channel: wire.Ticker}
				for _, place := range watchlist(i) {
					r.Symbols = append(r.Symbols, string(st.pool[0][place].Symbol))
				}
				sub.Do(r)
			}
		})
	}
	for i := range n {
		places <- i
	}
	close(places)
	filling.Wait()
}

// awaitFrames returns when the hub has sent that many.
func (s *server) awaitFrames(frames uint64) {
	for s.hub.Stats().Frames < frames {
		time.Sleep(time.Millisecond)
	}
}
