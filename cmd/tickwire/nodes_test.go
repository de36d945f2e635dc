package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"tickwire/deploy/needs"
	"tickwire/fanout/client"
	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/broker"
	"tickwire/feed/kafka"
)

// TestAClientGoesOnAtAnotherNode has our two clients follow the trades of a topic
// through a junction that cuts their connection and leads the next one to the
// other of two nodes, again and again, while trades go on: a few, which the
// node's rings hold, or more than these, which it must read from Kafka again; and
// symbols appear that the client's pattern stands for. The first cuts come before
// there is any trade. Each client must get every trade once and in order.
func TestAClientGoesOnAtAnotherNode(t *testing.T) {
	p := newPair(t)
	for _, one := range []struct {
		name   string
		follow func(t *testing.T, url string, f *follower)
	}{
		{"the Go client", followInGo},
		{"the TypeScript client", followInTypeScript},
	} {
		t.Run(one.name, func(t *testing.T) {
			j := newJunction(t)
			f := &follower{trades: make(map[string][]string)}
			p.topic.begin()
			before := p.replayed()
			defer f.compare(t, p.topic) // also when it waited in vain
			j.lead(p.nodes[0])
			one.follow(t, "ws://"+j.ln.Addr().String()+"/v1/ws", f)
			met := f.met()
			j.lead(p.nodes[1])
			until(t, "the client is at the other node", func() bool { return f.met() > met })
			j.lead("") // without a trade so far
			p.appear()
			p.publish(followed * 5)
			met = f.met()
			j.lead(p.nodes[0])
			until(t, "the client is back", func() bool { return f.met() > met })
			until(t, "the client has the first trades", func() bool { return f.has() >= p.topic.has() })
			for i, away := range []int{followed * 5, followed * 1500, followed * 1500, followed * 5} {
				met := f.met()
				p.publish(followed * 20)
				j.lead("") // in the middle of them
				p.appear()
				p.publish(away)
				j.lead(p.nodes[(i+1)%2])
				p.publish(followed * 20)
				until(t, "the client is at the other node", func() bool { return f.met() > met })
				if i%2 == 1 {
					until(t, "the client has all trades", func() bool { return f.has() >= p.topic.has() })
				}
			}
			until(t, "the client has all trades", func() bool { return f.has() >= p.topic.has() })
			if after := p.replayed(); after == before {
				t.Error("no trade was read from Kafka again: the nodes' rings held them all")
			}
		})
	}
}

const followed = 12 // symbols, from the beginning

func followedSymbol(i int) string { return fmt.Sprintf("R-%02d", i) }

// followedTerms cover all of them, some by name and some by a pattern.
func followedTerms() []string {
	terms := []string{"R-1*"}
	for i := range 10 {
		terms = append(terms, followedSymbol(i))
	}
	return terms
}

// pair is a topic, two nodes that serve it, and who writes to it.
type pair struct {
	t        *testing.T
	producer *kafka.Producer
	topic    *topicTrades
	nodes    []string // addresses
	admins   []string
	symbols  []string // of the next trades
	put      int
}

// appear has the next trades also be of a new symbol of the pattern, in place of
// the one that appeared before.
func (p *pair) appear() { p.symbols = append(p.symbols[:followed], fmt.Sprintf("R-1-%d", p.put)) }

func newPair(t *testing.T) *pair {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Config{Topics: []broker.Topic{{Name: "ticks", Partitions: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	cluster := kafka.Cluster{Brokers: []string{b.Addr()}}
	p := &pair{t: t, topic: &topicTrades{trades: make(map[string][]string)}}
	if p.producer, err = kafka.NewProducer(kafka.ProducerConfig{Cluster: cluster, Topic: "ticks"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.producer.Close() })
	reader, err := kafka.NewConsumer(kafka.ConsumerConfig{Cluster: cluster, Topic: "ticks", Sink: p.topic})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var reading sync.WaitGroup
	reading.Go(func() {
		if err := reader.Run(ctx); err != nil {
			t.Errorf("reading the topic: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); reading.Wait() })
	for i := range followed {
		p.symbols = append(p.symbols, followedSymbol(i))
	}
	p.publish(followed)
	for range 2 {
		node := start(t, "serve", "--brokers", b.Addr(), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
		admin := node.says(`^admin +http://(\S+)/`)
		until(t, "a node is ready", func() bool { _, ok := get("http://" + admin + "/readyz"); return ok })
		p.admins = append(p.admins, admin)
		p.nodes = append(p.nodes, node.says(`^dashboard http://(\S+)/`))
	}
	return p
}

// publish writes trades of all symbols in turn, and returns when they have been
// read, also by the nodes: one that is still reading could tell a client that
// comes a gap.
func (p *pair) publish(n int) {
	p.t.Helper()
	for range n {
		tick := feed.Tick{Symbol: []byte(p.symbols[p.put%len(p.symbols)]), Time: time.Now().UnixMicro(),
			Price: feed.Number(fmt.Sprint(p.put, ".25")), Size: feed.Number("1"), Side: feed.Buy}
		if err := p.producer.Put(p.t.Context(), &tick); err != nil {
			p.t.Fatal(err)
		}
		p.put++
	}
	if err := p.producer.Flush(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	until(p.t, "the topic is read", func() bool { return p.topic.read() == p.put })
	for _, node := range p.nodes {
		until(p.t, "a node has read the topic", func() bool {
			page, _ := get("http://" + node + "/v1/snapshot")
			var values struct{ Data []update }
			read := 0
			if json.Unmarshal([]byte(page), &values) == nil {
				for _, u := range values.Data {
					read += int(u.N)
				}
			}
			return read == p.put
		})
	}
}

// replayed is how many trades the nodes have read from Kafka again.
func (p *pair) replayed() (n float64) {
	p.t.Helper()
	for _, admin := range p.admins {
		n += number(p.t, metric(p.t, admin, "tickwire_replayed_trades_total"))
	}
	return n
}

// topicTrades are what a plain reader finds in the topic.
type topicTrades struct {
	mu     sync.Mutex // protects what follows
	trades map[string][]string
	all    int
}

// Apply makes it a feed.Sink.
func (r *topicTrades) Apply(t *feed.Tick, at feed.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := trade{S: string(t.Symbol), Q: at.Offset, T: t.Time, P: string(t.Price), Z: string(t.Size), D: string(rune(t.Side))}
	r.trades[one.S] = append(r.trades[one.S], one.String())
	r.all++
}

// begin forgets what was read so far.
func (r *topicTrades) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.trades)
}

func (r *topicTrades) read() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

func (r *topicTrades) has() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, _ := hashOfTrades(r.trades)
	return n
}

// follower is what a client has got.
type follower struct {
	mu     sync.Mutex // protects what follows
	trades map[string][]string
	n      int
	hellos int
	faults []string
}

func (f *follower) take(t trade) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trades[t.S] = append(f.trades[t.S], t.String())
	f.n++
}

func (f *follower) meet() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hellos++
}

func (f *follower) fault(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

func (f *follower) has() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

// met is how many times a node has greeted it.
func (f *follower) met() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hellos
}

func (f *follower) compare(t *testing.T, want *topicTrades) {
	f.mu.Lock()
	defer f.mu.Unlock()
	want.mu.Lock()
	defer want.mu.Unlock()
	for _, fault := range f.faults {
		t.Errorf("fault: %s", fault)
	}
	n, got := hashOfTrades(f.trades)
	if m, hash := hashOfTrades(want.trades); got != hash {
		t.Errorf("trades: got %d with the hash %s, want %d with %s", n, got, m, hash)
		for _, symbol := range slices.Sorted(maps.Keys(want.trades)) {
			if got, want := f.trades[symbol], want.trades[symbol]; !slices.Equal(got, want) {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Errorf("%s: of %d, want %d; from the %dth on got %v, want %v", symbol, len(got), len(want), i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
			}
		}
	}
	t.Logf("%d trades over %d connections", n, f.hellos)
}

func followInGo(t *testing.T, url string, f *follower) {
	t.Helper()
	c, err := client.New(client.Config{
		URL:     url,
		Backoff: client.Backoff{Min: 10 * time.Millisecond, Max: 50 * time.Millisecond},
		OnTrades: func(trades []wire.Trade) {
			for _, one := range trades {
				f.take(trade{one.Symbol, one.Seq, one.Time, string(one.Price), string(one.Size), one.Side})
			}
		},
		OnGap:   func(gap wire.Gap) { f.fault("%+v", gap) },
		OnFault: func(err error) { f.fault("%v", err) },
		OnState: func(s client.State) {
			if s.Phase == client.Connected {
				f.meet()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.Run(ctx); err != nil {
			f.fault("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	until(t, "the client is connected", func() bool { return f.met() > 0 })
	ack, err := c.Subscribe(t.Context(), client.Subscription{Channel: wire.Trades, Symbols: followedTerms()})
	if err != nil || len(ack.Symbols) != len(followedTerms()) {
		t.Fatalf("subscribe: got %+v (%v), want all granted", ack, err)
	}
}

// followInTypeScript runs the client in Node.
func followInTypeScript(t *testing.T, url string, f *follower) {
	t.Helper()
	needs.Have(t, "browser", findBuilt("build/feed/index.js", "node_modules/undici"))
	acked, granted := make(chan struct{}), 0 // by several acks
	out := byLine(func(line string) {
		var said struct {
			Kind    string
			Granted int
			trade
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			f.fault("%v: %s", err, line)
		}
		switch said.Kind {
		case "trade":
			f.take(said.trade)
		case "connected":
			f.meet()
		case "ack":
			if granted += said.Granted; granted == len(followedTerms()) { // the first time
				close(acked)
			}
		default:
			f.fault("%s", line)
		}
	})
	node := startScript(t, interpreter{program: "node"}, "follow.mjs", map[string]any{"url": url, "terms": followedTerms()}, out)
	select {
	case <-acked:
	case <-node.ended:
		t.Fatalf("it ended: %v: %s", node.err, node.stderr.text())
	case <-time.After(patience):
		t.Fatal("waited in vain for the ack")
	}
}

// junction is a relay of connections to where it leads at the time.
type junction struct {
	ln     net.Listener
	relays sync.WaitGroup

	mu    sync.Mutex // protects what follows
	to    string     // "": nowhere, who comes is sent away
	conns map[net.Conn]bool
}

func newJunction(t *testing.T) *junction {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	j := &junction{ln: ln, conns: make(map[net.Conn]bool)}
	j.relays.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			j.relays.Go(func() { j.relay(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		j.lead("")
		j.relays.Wait()
	})
	return j
}

// lead cuts all connections; those to come are relayed to addr.
func (j *junction) lead(addr string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.to = addr
	for conn := range j.conns {
		conn.Close()
	}
	clear(j.conns)
}

// relay copies both ways until either end is closed.
func (j *junction) relay(client net.Conn) {
	defer client.Close()
	j.mu.Lock()
	to := j.to
	j.mu.Unlock()
	if to == "" {
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	j.mu.Lock()
	if j.to != to {
		j.mu.Unlock()
		return
	}
	j.conns[client], j.conns[server] = true, true
	j.mu.Unlock()
	var up sync.WaitGroup
	up.Go(func() {
		io.Copy(server, client)
		server.Close()
	})
	io.Copy(client, server)
	client.Close()
	up.Wait()
}
