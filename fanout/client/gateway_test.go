package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/client"
	"tickwire/fanout/gateway"
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// market makes ticks and knows, without the Book, where each symbol ends.
type market struct {
	random *rand.Rand
	offset int64
	ends   map[string]wire.Update
}

func newMarket(t *testing.T) *market {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return &market{random: rand.New(rand.NewPCG(seed, 0)), ends: map[string]wire.Update{}}
}

// tick gives the next tick of a random symbol to the hub.
func (m *market) tick(hub *fanout.Hub) {
	m.offset++
	symbol := fmt.Sprintf("%s-%d", []string{"A", "B"}[m.random.IntN(2)], m.random.IntN(10))
	number := func() feed.Number {
		return feed.Number(fmt.Sprintf("%d.%02d0", m.random.IntN(1000), m.random.IntN(100)))
	}
	u := m.ends[symbol]
	u.Symbol, u.Seq, u.Time, u.Ordinal = symbol, m.offset, m.offset+1e15, u.Ordinal+1
	tick := feed.Tick{Symbol: []byte(symbol), Time: u.Time}
	if m.random.IntN(2) == 0 {
		u.Price, u.Size = number(), feed.Number("1")
		tick.Price, tick.Size = u.Price, u.Size
	} else {
		u.Bid, u.Ask = number(), number()
		tick.Bid, tick.Ask = u.Bid, u.Ask
	}
	m.ends[symbol] = u
	hub.Apply(&tick, feed.Position{Offset: m.offset})
}

// settled waits until every symbol under the prefix has come to its end.
type settled struct {
	prefix string
	done   chan struct{}

	mu   sync.Mutex
	last map[string]wire.Update
	ends map[string]wire.Update // nil: not known yet
}

func (s *settled) take(updates []wire.Update, _ bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range updates {
		u.Price, u.Size, u.Bid, u.Ask = copied(u.Price), copied(u.Size), copied(u.Bid), copied(u.Ask)
		s.last[u.Symbol] = u
	}
	s.look()
}

func copied(n feed.Number) feed.Number { return append(feed.Number{}, n...) }

func (s *settled) expect(ends map[string]wire.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = ends
	s.look()
}

func (s *settled) look() {
	for symbol, end := range s.ends {
		if strings.HasPrefix(symbol, s.prefix) && s.last[symbol].Seq != end.Seq {
			return
		}
	}
	if s.ends != nil && s.done != nil {
		close(s.done)
		s.done = nil
	}
}

func TestTheGatewayEndsWithTheValuesOfTheMarket(t *testing.T) {
	hub := fanout.New(fanout.Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := newMarket(t)
	for range 100 {
		m.tick(hub)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		if err := gateway.New(gateway.Config{Hub: hub, Node: "n"}).Run(ctx, ln); err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	type watcher struct {
		*settled
		*client.Client
		done chan struct{}
	}
	var watchers []watcher
	for _, sub := range []struct {
		prefix string
		client.Subscription
		plain bool
	}{
		{"", client.Subscription{Symbols: []string{"*"}}, false},
		{"A-", client.Subscription{Symbols: []string{"A-*"}, Rate: 20}, true},
		{"B-1", client.Subscription{Symbols: []string{"B-1"}, Rate: 100}, false},
	} {
		done := make(chan struct{})
		s := &settled{prefix: sub.prefix, last: map[string]wire.Update{}, done: done}
		c, err := client.New(client.Config{URL: "ws://" + ln.Addr().String() + "/v1/ws", OnUpdates: s.take, NoCompression: sub.plain,
			Subscriptions: []client.Subscription{sub.Subscription}, OnFault: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := c.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		watchers = append(watchers, watcher{s, c, done})
	}
	for range 20000 {
		m.tick(hub)
	}
	for _, w := range watchers {
		w.expect(m.ends)
		select {
		case <-w.done:
		case <-time.After(3 * time.Minute): // rather than hang
			t.Fatalf("%q: the last values did not come", w.prefix)
		}
	}
	for _, w := range watchers {
		for symbol, got := range w.last {
			end := m.ends[symbol]
			got.Volume = nil // the hub's own sum
			if fmt.Sprint(got) != fmt.Sprint(end) {
				t.Errorf("%s: got %s, want %s", symbol, wire.AppendUpdate(nil, &got), wire.AppendUpdate(nil, &end))
			}
		}
		stats := w.Stats()
		if stats.Violations() != 0 || stats.Undecodable != 0 || stats.Unknown != 0 {
			t.Errorf("%q: got %+v, want no violation and nothing unknown", w.prefix, stats)
		}
	}
}

func TestOverTLSWithItsVerdicts(t *testing.T) {
	hub := fanout.New(fanout.Config{})
	for offset, symbol := range []string{"A-1", "A-2"} {
		hub.Apply(&feed.Tick{Symbol: []byte(symbol), Time: 1, Price: feed.Number("1")}, feed.Position{Offset: int64(offset)})
	}
	lent := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	lent.Close()
	roots := x509.NewCertPool()
	roots.AddCert(lent.Certificate())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	var server sync.WaitGroup
	defer server.Wait()
	defer stop()
	server.Go(func() {
		g := gateway.New(gateway.Config{Hub: hub, TLS: &tls.Config{Certificates: lent.TLS.Certificates, NextProtos: []string{"http/1.1"}}})
		if err := g.Run(serving, ln); err != nil {
			t.Errorf("gateway: %v", err)
		}
	})
	connected := make(chan struct{}, 1)
	c, err := client.New(client.Config{
		URL:           "wss://" + ln.Addr().String() + "/v1/ws",
		TLS:           &tls.Config{RootCAs: roots},
		Subscriptions: []client.Subscription{{Symbols: []string{"A-1"}, Rate: 4}},
		OnUpdates: func([]wire.Update, bool) {
			select {
			case connected <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	<-connected // the first snapshot
	ack, err := c.Subscribe(t.Context(), client.Subscription{Symbols: []string{"A-2", "NONE"}, Rate: 4})
	if want := "[A-2] [{NONE unknown_symbol}]"; err != nil || fmt.Sprint(ack.Symbols, ack.Denied) != want {
		t.Errorf("Subscribe: got %v %v, %v, want %s", ack.Symbols, ack.Denied, err, want)
	}
	list, err := c.List(t.Context())
	if want := "[{ticker [A-1 A-2] 4 false}]"; err != nil || fmt.Sprint(list) != want {
		t.Errorf("List: got %v, %v, want %s", list, err, want)
	}
	if _, err := c.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	ack, err = c.Unsubscribe(t.Context(), client.Subscription{Symbols: []string{"A-1"}})
	if want := "[A-1] []"; err != nil || fmt.Sprint(ack.Symbols, ack.Denied) != want {
		t.Errorf("Unsubscribe: got %v %v, %v, want %s", ack.Symbols, ack.Denied, err, want)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
