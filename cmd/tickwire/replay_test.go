package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	kafkatest "tickwire/deploy/kafka"
	"tickwire/fanout/client"
	"tickwire/fanout/wire"
	"tickwire/feed/broker"
	"tickwire/feed/kafka"
)

// The recordings go through publish, the topic and serve, each a process of
// its own, to clients with different watchlists and rates. When it is quiet,
// every client must have exactly what the recordings say.

func TestReplayReachesEveryClientThroughTheEmbeddedBroker(t *testing.T) {
	files := recordings(t)
	b, err := broker.Start(t.Context(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	replayReachesEveryClient(t, b.Addr(), files)
}

func TestReplayReachesEveryClientThroughARealKafka(t *testing.T) {
	files := recordings(t)
	replayReachesEveryClient(t, kafkatest.MustStart(t).Addr(), files)
}

// maxHeap bounds the server's memory while a client never reads.
const maxHeap = 64 << 20

func replayReachesEveryClient(t *testing.T, brokers string, files []string) {
	want := outcomes(t, files)
	cluster := kafka.Cluster{Brokers: []string{brokers}}
	if err := cluster.CreateTopic(t.Context(), "ticks", 8, 1, nil); err != nil {
		t.Fatal(err)
	}
	server := start(t, "serve", "--brokers", brokers, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--stall", "1h") // who never reads is there to the end
	addr := server.says(`^dashboard http://(\S+)/`)
	admin := server.says(`^admin +http://(\S+)/`)
	until(t, "the server is ready", func() bool { _, ok := get("http://" + admin + "/readyz"); return ok })

	deaf := neverRead(t, addr)
	defer deaf.Close()
	watchers := watchAll(t, addr)
	publisher := start(t, append([]string{"publish", "--brokers", brokers, "--source", "replay", "--speed", "0"}, files...)...)
	heap := 0.0
	until(t, "the recordings are published", func() bool {
		heap = max(heap, number(t, metric(t, admin, "go_memstats_heap_inuse_bytes")))
		select {
		case <-publisher.ended:
			return true
		default:
			return false
		}
	})
	if publisher.err != nil {
		t.Fatalf("publish: %v", publisher.err)
	}
	for _, w := range watchers {
		until(t, w.name+" has every symbol's last tick", func() bool { return w.complete(want) })
		w.compare(want)
	}
	if heap > maxHeap {
		t.Errorf("the server's heap took %.0f MiB, want at most %d", heap/(1<<20), maxHeap>>20)
	}
	if got := number(t, metric(t, admin, "tickwire_subscribers")); got != float64(len(watchers)+1) {
		t.Errorf("subscribers at the end: got %v, want %d: all, and the one that never reads", got, len(watchers)+1)
	}
	t.Logf("server: heap at most %.0f MiB, %s updates in %s frames, %s ticks conflated", heap/(1<<20),
		metric(t, admin, "tickwire_updates_total"), metric(t, admin, "tickwire_frames_total"), metric(t, admin, "tickwire_conflated_ticks_total"))
	server.interrupt()
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// watcher is a client and the last update of every symbol it watches.
type watcher struct {
	t     *testing.T
	name  string
	terms []string

	mu     sync.Mutex
	last   map[string]wire.Update
	faults []error
}

// watchAll starts 50 clients that differ in watchlist, rate and compression.
// They end with the test. Symbols are not there yet, hence the stars.
func watchAll(t *testing.T, addr string) []*watcher {
	lists := [][]string{{"*"}, {"BTC-*"}, {"ETH-USDT*"}, {"BTC-USDT*", "BTC-USD-PERP*"}, {"ETH-USDT-PERP*", "BTC-USDT-PERP*", "X-*"}}
	rates := []float64{0, 0, 1, 10, 100}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	var all []*watcher
	for i := range 50 {
		terms, rate := lists[i%len(lists)], rates[i/len(lists)%len(rates)]
		w := &watcher{t: t, name: fmt.Sprintf("client %d (%v at rate %v)", i, terms, rate), terms: terms, last: make(map[string]wire.Update)}
		c, err := client.New(client.Config{
			URL: "ws://" + addr + "/v1/ws", Subscriptions: []client.Subscription{{Symbols: terms, Rate: rate}},
			OnUpdates: w.take, OnFault: w.fault, NoCompression: i%2 == 0,
		})
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := c.Run(ctx); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
			if s := c.Stats(); s.Connections != 1 || s.Undecodable != 0 || s.Violations() != 0 {
				t.Errorf("%s: got %+v, want one connection and nothing wrong", w.name, s)
			}
		})
		all = append(all, w)
	}
	return all
}

func (w *watcher) take(updates []wire.Update, _ bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range updates {
		u.Price, u.Size, u.Bid, u.Ask, u.Volume = clone(u.Price), clone(u.Size), clone(u.Bid), clone(u.Ask), clone(u.Volume)
		w.last[u.Symbol] = u
	}
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

func (w *watcher) fault(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, err)
}

func (w *watcher) covers(symbol string) bool {
	for _, term := range w.terms {
		if strings.HasPrefix(symbol, strings.TrimSuffix(term, "*")) {
			return true
		}
	}
	return false
}

// complete reports whether the ordinals account for every recorded tick.
func (w *watcher) complete(want map[string]*outcome) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for symbol, o := range want {
		if w.covers(symbol) && w.last[symbol].Ordinal != o.ordinal {
			return false
		}
	}
	return true
}

func (w *watcher) compare(want map[string]*outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for symbol, o := range want {
		u, has := w.last[symbol]
		if has != w.covers(symbol) {
			w.t.Errorf("%s: has %s: %v", w.name, symbol, has)
			continue
		}
		if !has {
			continue
		}
		volume, err := decimal.NewFromString(string(u.Volume))
		if err != nil || !volume.Equal(o.volume) {
			w.t.Errorf("%s, %s: volume %s, want %s", w.name, symbol, u.Volume, o.volume)
		}
		got := [...]string{string(u.Price), string(u.Size), string(u.Bid), string(u.Ask)}
		if got != [...]string{o.price, o.size, o.bid, o.ask} {
			w.t.Errorf("%s, %s: ends with %v, want %+v", w.name, symbol, got, o)
		}
	}
	for _, err := range w.faults {
		w.t.Errorf("%s: %v", w.name, err)
	}
}

// neverRead subscribes to everything and then reads nothing, with as little
// room in its socket as can be had.
func neverRead(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	subscribe := `{"op":"subscribe","channel":"ticker","symbols":["*"]}`
	fmt.Fprintf(conn, "GET /v1/ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	conn.Write(append([]byte{0x81, 0x80 | byte(len(subscribe)), 0, 0, 0, 0}, subscribe...))
	return conn
}
