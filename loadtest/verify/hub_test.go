package verify

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// client is a subscriber of a real hub, without a socket. What it is sent goes to
// a Watch when it reads.
type client struct {
	watch    *Watch
	mu       sync.Mutex
	ledger   Ledger
	kinds    map[Message]int
	unread   [][]byte
	slow     bool
	inFlight bool

	channel string
	symbols []string
	rate    float64
	node    int
	sub     *fanout.Subscriber
	life    int // connections so far: what an old one still sends is nobody's
}

// line is one connection of a client.
type line struct {
	*client
	life int
}

func (o line) TryFrame(frame []byte) fanout.Outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.life != o.client.life {
		return fanout.Gone
	}
	for event := range bytes.SplitSeq(frame, []byte("\n\n")) {
		if _, text, ok := bytes.Cut(event, []byte("data: ")); ok {
			o.unread = append(o.unread, bytes.Clone(text))
		}
	}
	if o.slow {
		o.inFlight = true
		return fanout.Blocked
	}
	o.take()
	return fanout.Sent
}

func (o line) Progress() time.Time { return time.Now() }
func (o line) Shut(fanout.Reason)  {}

// take has the Watch take what was sent.
func (c *client) take() {
	for _, text := range c.unread {
		c.kinds[c.watch.Take(text, time.Now().UnixMicro(), &c.ledger)]++
	}
	c.unread = c.unread[:0]
}

// read takes what is in flight.
func (c *client) read() {
	c.mu.Lock()
	c.take()
	was := c.inFlight
	c.inFlight = false
	c.mu.Unlock()
	if was {
		c.sub.Writable()
	}
}

// connect subscribes at a node, going on where the client is if it is resumed.
func (c *client) connect(nodes []*fanout.Hub, node int, resumed bool) {
	c.mu.Lock()
	c.life++
	c.node, c.unread, c.inFlight = node, nil, false
	request := wire.Request{Op: wire.OpSubscribe, ID: wire.ID("1"), Channel: c.channel, Symbols: c.symbols, Rate: c.rate}
	if resumed {
		request.Since = make(map[string]int64)
		for i := range c.watch.views {
			if v := &c.watch.views[i]; v.is(told) {
				request.Since[c.watch.truth.symbols.Name(symbolID(v))] = v.seq
			}
		}
	}
	c.watch.Connect(fmt.Sprint("node-", node), resumed)
	slow := c.slow
	c.slow = false // so that the answer comes
	c.sub = nodes[node].NewSubscriber(line{c, c.life}, fanout.Events)
	c.mu.Unlock()
	c.sub.Attach(wire.Marshal(wire.Hello{Type: wire.TypeHello}))
	c.sub.Do(request)
	c.mu.Lock()
	c.slow = slow
	c.mu.Unlock()
}

// tape makes ticks of all shapes that a feed may have.
type tape struct {
	random  *rand.Rand
	names   []string
	offsets [3]int64
	last    map[string]int64
}

func (m *tape) next() (symbol int, t *feed.Tick, at feed.Position) {
	symbol = min(m.random.IntN(len(m.names)), m.random.IntN(len(m.names)))
	name := m.names[symbol]
	m.last[name] = max(m.last[name]+1, time.Now().UnixMicro())
	t = &feed.Tick{Symbol: []byte(name), Time: m.last[name]}
	price := feed.Number(fmt.Sprintf("%d.%02d", 100+m.random.IntN(9), m.random.IntN(100)))
	switch m.random.IntN(8) {
	case 0, 1:
		t.Price, t.Size, t.Side = price, feed.Number(fmt.Sprintf("0.%03d", m.random.IntN(1000))), feed.Buy
	case 2:
		t.Price, t.Size = price, feed.Number(fmt.Sprintf("%d", m.random.IntN(50)))
	case 3:
		t.Price = price // no size
	case 4:
		t.Bid = price
	case 5:
		t.Ask = price
	default:
		t.Bid, t.Ask = price, append(feed.Number("1"), price...)
	}
	return symbol, t, m.position(symbol)
}

func (m *tape) position(symbol int) feed.Position {
	p := symbol % len(m.offsets)
	m.offsets[p] += int64(1 + m.random.IntN(2))
	return feed.Position{Partition: int32(p), Offset: m.offsets[p]}
}

// The server is right here, so whatever is found is a false alarm.
func TestARealServerIsNotAccused(t *testing.T) {
	gaps := uint64(0)
	for _, learns := range []bool{false, true} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("learns %v seed %d", learns, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { gaps += hearOut(t, seed, learns) })
			})
		}
	}
	if gaps == 0 {
		t.Error("no client was told a gap: this test has lost its point")
	}
}

func hearOut(t *testing.T, seed uint64, learns bool) (gaps uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	m := &tape{random: random, last: make(map[string]int64)}
	for i := range 12 {
		m.names = append(m.names, fmt.Sprintf("LOAD-%05d", i))
	}
	truth := NewTruth(m.names, time.Hour)
	if learns {
		truth = Learn(time.Hour)
	}
	var nodes []*fanout.Hub
	for range 3 {
		h := fanout.New(fanout.Config{Shards: 2, Symbols: 100, History: history.Limits{Trades: 8}, Policy: fanout.Policy{Idle: time.Hour}})
		defer h.Close()
		nodes = append(nodes, h)
	}
	for range 50 { // node 0 has had ticks from before
		_, tick, at := m.next()
		nodes[0].Apply(tick, at)
	}
	time.Sleep(time.Millisecond)
	published := 0
	publish := func(symbol int, tick *feed.Tick, at feed.Position) {
		if !learns {
			truth.Publish(int32(symbol), tick, time.Now().UnixMicro())
		}
		nodes[0].Apply(tick, at)
		nodes[1].Apply(tick, at)
		if published > 300 { // node 2 begins in the midst
			nodes[2].Apply(tick, at)
		}
		published++
	}
	for symbol, name := range m.names {
		publish(symbol, &feed.Tick{Symbol: []byte(name), Time: time.Now().UnixMicro(), Price: feed.Number("1.0"), Size: feed.Number("2"),
			Bid: feed.Number("0.9"), Ask: feed.Number("1.1")}, m.position(symbol))
		m.last[name] = time.Now().UnixMicro()
	}
	clients := crowd(truth, m.names)
	for i, c := range clients {
		c.connect(nodes, i%2, false)
	}
	for range 3000 {
		publish(m.next())
		c := clients[random.IntN(len(clients))]
		switch random.IntN(40) {
		case 0:
			c.connect(nodes, random.IntN(2), false)
		case 1:
			if published > 1500 {
				c.connect(nodes, random.IntN(3), true)
			}
		case 2, 3, 4:
			time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
		case 5, 6, 7, 8, 9:
			c.read()
		default:
			synctest.Wait()
		}
	}
	return settle(t, truth, nodes[0], m.names, clients, learns)
}

// crowd is clients of all kinds.
func crowd(truth *Truth, names []string) (all []*client) {
	for i := range 16 {
		c := &client{channel: wire.Ticker, symbols: names[i%5 : i%5+6], kinds: make(map[Message]int), slow: i%3 == 0}
		c.ledger.Share = float64(i%2) / 3
		if i%4 == 1 {
			c.rate = 5
		}
		if i%4 == 2 {
			c.channel = wire.Trades
		}
		var ids []int32
		for _, name := range c.symbols {
			id, _ := truth.ID([]byte(name))
			ids = append(ids, id)
		}
		if i%7 == 0 {
			c.symbols, ids = []string{"*"}, nil
		}
		c.watch = truth.Watch(fmt.Sprint("client-", i), c.channel, ids)
		all = append(all, c)
	}
	return all
}

// settle waits until all is quiet and looks at what was found.
func settle(t *testing.T, truth *Truth, node *fanout.Hub, names []string, clients []*client, learns bool) (gaps uint64) {
	for _, c := range clients {
		c.mu.Lock()
		c.slow = false
		c.mu.Unlock()
		if c.node == 2 { // which may not have all symbols
			c.connect([]*fanout.Hub{node}, 0, true)
		}
	}
	for range 100 {
		for _, c := range clients {
			c.read()
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
	}
	if learns {
		settleByServer(truth, node, names)
		for _, name := range names {
			if id, _ := truth.ID([]byte(name)); !truth.learn(id).settled {
				t.Errorf("%s was not settled", name)
			}
		}
	}
	var sum Ledger
	kinds := make(map[Message]int)
	for _, c := range clients {
		c.mu.Lock()
		if !c.watch.Complete() {
			t.Errorf("%s is not complete", c.watch.client)
		}
		c.watch.Finish(&c.ledger)
		sum.Add(&c.ledger)
		for kind, n := range c.kinds {
			kinds[kind] += n
		}
		c.mu.Unlock()
	}
	for i, v := range sum.Violations {
		if i < 10 {
			t.Errorf("%+v", v)
		}
	}
	if sum.Broken() > 0 || kinds[Broken] > 0 || sum.Reach() != 1 {
		t.Errorf("found %d violations, reach %v (%d of %d), want none and 1", sum.Broken(), sum.Reach(), sum.Accounted, sum.Expected)
	}
	if kinds[Ticker] == 0 || kinds[Snapshot] == 0 || kinds[Trades] == 0 || sum.Conflated == 0 || sum.Decoded == 0 {
		t.Errorf("messages %v, %d conflated, %d decoded: want some of each", kinds, sum.Conflated, sum.Decoded)
	}
	if sum.Unchecked*4 > sum.Updates+sum.Snapshots {
		t.Errorf("%d of %d values were not checked, want a quarter at most", sum.Unchecked, sum.Updates+sum.Snapshots)
	}
	return sum.Gaps
}

// settleByServer enters what a client that asks now is told.
func settleByServer(truth *Truth, node *fanout.Hub, names []string) {
	c := &client{channel: wire.Ticker, symbols: names, slow: true, watch: truth.Watch("", wire.Ticker, []int32{}), kinds: make(map[Message]int)}
	c.life = 1
	c.sub = node.NewSubscriber(line{c, 1}, fanout.Events)
	c.sub.Attach(wire.Marshal(wire.Hello{Type: wire.TypeHello}))
	go c.sub.Do(wire.Request{Op: wire.OpSubscribe, ID: wire.ID("1"), Channel: wire.Ticker, Symbols: names})
	for range 10 {
		synctest.Wait()
		c.mu.Lock()
		for _, text := range c.unread {
			if m, _ := wire.Parse(text); m != nil {
				if data, ok := m.(*wire.Data); ok {
					for i := range data.Data {
						id, _ := truth.ID([]byte(data.Data[i].Symbol))
						truth.Settle(id, &data.Data[i])
					}
				}
			}
		}
		was := c.inFlight
		c.unread, c.inFlight = nil, false
		c.mu.Unlock()
		if was {
			c.sub.Writable()
		}
	}
}
