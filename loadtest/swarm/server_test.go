package swarm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/gateway"
	"tickwire/feed"
	"tickwire/loadtest/verify"
)

const patience = 2 * time.Minute // for anything to happen; only a failure takes that long

// market is a real server, and what it was given.
type market struct {
	tb     testing.TB
	hub    *fanout.Hub
	url    string
	names  []string
	truth  *verify.Truth
	stop   func()
	narrow bool // its sockets are full soon
	offset int64
	last   int64 // planned time
}

// openMarket serves so many symbols until the test ends.
func openMarket(tb testing.TB, symbols int, c gateway.Config, hub fanout.Config) *market {
	tb.Helper()
	return opened(tb, &market{tb: tb}, symbols, c, hub)
}

// openNarrow is openMarket with sockets that are full soon.
func openNarrow(tb testing.TB, symbols int, hub fanout.Config) *market {
	tb.Helper()
	return opened(tb, &market{tb: tb, narrow: true}, symbols, gateway.Config{}, hub)
}

func opened(tb testing.TB, m *market, symbols int, c gateway.Config, hub fanout.Config) *market {
	tb.Helper()
	m.names = symbolNames(symbols)
	m.truth = verify.NewTruth(m.names, time.Hour)
	m.serve("127.0.0.1:0", c, hub)
	return m
}

// serve serves from the moment on at which all symbols have a value: before that a
// member would be denied them.
func (m *market) serve(address string, c gateway.Config, hub fanout.Config) {
	m.tb.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		m.tb.Fatal(err)
	}
	if m.narrow {
		ln = narrowListener{ln}
	}
	m.hub = fanout.New(hub)
	m.round()
	c.Hub = m.hub
	c.Limits.Connections = 1 << 20
	c.Log = slog.New(slog.DiscardHandler)
	scheme := "ws"
	if c.TLS != nil {
		scheme = "wss"
	}
	m.url = scheme + "://" + ln.Addr().String() + "/v1/ws"
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- gateway.New(c).Run(ctx, ln) }()
	m.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			m.tb.Errorf("Run: %v", err)
		}
	})
	m.tb.Cleanup(m.stop)
}

type narrowListener struct{ net.Listener }

func (l narrowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(narrowBuffer)
	}
	return conn, err
}

// tick trades symbol i at the next microsecond.
func (m *market) tick(i int) {
	m.last = max(m.last+1, time.Now().UnixMicro())
	cents := 6_700_000 + m.offset%100_000
	price := feed.Number(strconv.FormatInt(cents/100, 10) + "." + fmt.Sprintf("%02d", cents%100))
	t := &feed.Tick{Symbol: []byte(m.names[i]), Time: m.last, Price: price, Size: feed.Number("0.0123"), Bid: price, Ask: price, Received: time.Now().UnixMicro()}
	m.truth.Publish(int32(i), t, m.last)
	m.hub.Apply(t, feed.Position{Offset: m.offset})
	m.offset++
}

func (m *market) round() {
	for i := range m.names {
		m.tick(i)
	}
}

// run ticks round and round until stop.
func (m *market) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			m.tick(i % len(m.names))
			if i%10 == 9 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	return func() { cancel(); loop.Wait() }
}

// swarm makes one for the market, which ends with the test.
func (m *market) swarm(c Config) *Swarm {
	m.tb.Helper()
	c.URL, c.Truth, c.Symbols = m.url, m.truth, m.names
	s, err := New(c)
	if err != nil {
		m.tb.Fatal(err)
	}
	m.tb.Cleanup(s.Close)
	return s
}

// five is a watchlist of five symbols.
func (m *market) five(i int) (ids []int32) {
	for k := range 5 {
		ids = append(ids, int32((5*i+k)%len(m.names)))
	}
	return ids
}

func grow(tb testing.TB, s *Swarm, c Cohort, n int, watchlists func(int) []int32) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Grow(ctx, c, n, watchlists, 0); err != nil {
		tb.Fatalf("%s: %v", c, err)
	}
}

func until(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain until %s", what)
		}
	}
}

// settled is Settle with patience, then Finish.
func settled(tb testing.TB, s *Swarm) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if missing := s.Settle(ctx); len(missing) != 0 {
		tb.Errorf("members lack something at the end: %v", missing)
	}
	s.Finish()
}

// clean fails for every violation.
func clean(tb testing.TB, s *Swarm) {
	tb.Helper()
	for name, stats := range s.Stats() {
		if stats.Ledger.Broken() > 0 {
			tb.Errorf("%s: %d violations: %+v", name, stats.Ledger.Broken(), stats.Ledger.Violations)
		}
	}
}

// identity is the certificate of servers in tests, and the clients' trust in it.
var identity = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "example.com"}
})
