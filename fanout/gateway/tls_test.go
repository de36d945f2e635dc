package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tickwire/fanout"
	"tickwire/fanout/wire"
	"tickwire/feed/history"
)

// identity is the certificate of servers in tests, and the clients' trust in it.
var identity = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "example.com"}
})

// shortHistory is full after one trade, so that what grows is something else.
var shortHistory = history.Limits{Trades: 1, Bars: [history.Intervals]int{1, 1, 1, 1}}

// serveOn serves on ln until the test ends.
func serveOn(tb testing.TB, ln net.Listener, c Config, hub fanout.Config) *server {
	tb.Helper()
	if c.Limits.Connections == 0 {
		c.Limits.Connections = 1 << 20 // as many as the test wants
	}
	c.Hub = fanout.New(hub)
	s := &server{Gateway: New(c), hub: c.Hub, addr: ln.Addr().String()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, ln) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	tb.Cleanup(s.stop)
	return s
}

// serveNarrow is a server whose sockets are full soon.
func serveNarrow(tb testing.TB, secure bool, policy fanout.Policy) *server {
	tb.Helper()
	var c Config
	if secure {
		c.TLS, _ = identity()
	}
	return serveOn(tb, listenNarrow(tb, true), c, fanout.Config{Shards: 2, Policy: policy})
}

// dialPeer connects through a narrow socket, under TLS if secure.
func dialPeer(t *testing.T, addr string, secure bool) *peer {
	t.Helper()
	conn, err := dialNarrow(addr)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		_, trust := identity()
		conn = tls.Client(conn, trust)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	p := &peer{t, conn, bufio.NewReader(conn)}
	fmt.Fprintf(conn, "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	answer, err := http.ReadResponse(p.r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: got %v, %v", answer, err)
	}
	return p
}

func TestTLSRecordsLandInTheOutbox(t *testing.T) {
	s := serveNarrow(t, true, fanout.Policy{})
	p := s.stall(t, true)
	if first, payload, err := p.frame(); first != textFrame || err != nil {
		t.Errorf("the first frame: got %#x %q, %v", first, payload, err)
	}
}

// TestASlowReaderUnderTLS gets whole frames, pongs between them, rising seqs,
// and in the end the newest value of everything.
func TestASlowReaderUnderTLS(t *testing.T) {
	s := serveNarrow(t, true, fanout.Policy{})
	p := s.stall(t, true)
	offset := int64(1 << 20)
	const pings = 5
	for i := range pings {
		p.send(pingFrame, fmt.Append(nil, "ping ", i))
	}
	final := s.round(offset)
	newest, fresh, pongs, blockings := make(map[string]int64), 0, 0, 0
	for fresh < stallSymbols || pongs < pings {
		if drains() > 0 {
			blockings++
		}
		first, payload, err := p.frame()
		switch {
		case err != nil:
			t.Fatalf("with %d of %d symbols fresh, %d pongs: %v", fresh, stallSymbols, pongs, err)
		case first == pongFrame:
			if want := fmt.Sprint("ping ", pongs); string(payload) != want {
				t.Errorf("pong: got %q, want %q", payload, want)
			}
			pongs++
			continue
		}
		m, err := wire.Parse(payload)
		if err != nil {
			t.Fatalf("%v: %s", err, payload)
		}
		data, ok := m.(*wire.Data)
		if !ok {
			continue
		}
		for _, u := range data.Data {
			if before, known := newest[u.Symbol]; known && u.Seq <= before {
				t.Errorf("%s: seq %d after %d", u.Symbol, u.Seq, before)
			}
			newest[u.Symbol] = u.Seq
			if u.Seq >= final-stallSymbols {
				fresh++
			}
		}
	}
	if blockings == 0 {
		t.Error("it was never blocked: this test shows nothing")
	}
	until(t, "no goroutine of the blockage is left", func() bool { return drains() == 0 })
}

// TestABlockedTLSClientCostsNoMoreThanAPlainOne but what TLS costs an idle
// client anyway, and the overhead of records.
func TestABlockedTLSClientCostsNoMoreThanAPlainOne(t *testing.T) {
	if raced() {
		t.Skip("the race detector's memory would be counted")
	}
	const clients = 200
	plainIdle, plain := costOfBlockage(t, clients, false)
	secureIdle, secure := costOfBlockage(t, clients, true)
	t.Logf("bytes a connection, both ends: plain %+v idle, %+v blocked; TLS %+v idle, %+v blocked", plainIdle, plain, secureIdle, secure)
	// A remainder is up to a frame, wherever in it the socket was full, and of TLS
	// a record's header, type and tag more (RFC 8446, section 5.2).
	const overhead = 4 << 10
	if got, want := secure.heap-plain.heap, secureIdle.heap-plainIdle.heap+overhead; got > want {
		t.Errorf("blocked, TLS takes %d bytes of heap a connection more than plain; want at most %d, what it takes idle a frame and a record's overhead", got, want)
	}
	// The runtime begins stacks with the mean of what it has seen, so two runs
	// differ; but one goroutine it is.
	const stack = 8 << 10
	for what, more := range map[string]int{"plain": plain.stacks - plainIdle.stacks, "TLS": secure.stacks - secureIdle.stacks} {
		if more > stack {
			t.Errorf("%s: to be blocked takes %d bytes of stack, want one goroutine's, at most %d", what, more, stack)
		}
	}
}

// costOfBlockage is what a connection costs when it has subscribed, and then
// when it is blocked.
func costOfBlockage(t *testing.T, clients int, secure bool) (idle, blocked memory) {
	s := serveNarrow(t, secure, fanout.Policy{Stall: patience}) // on a busy machine it takes long until all are blocked
	offset := s.round(0)
	var terms []string
	for i := range 20 {
		terms = append(terms, fmt.Sprintf("\"SYMBOL-%d\"", i))
	}
	subscribe := fmt.Sprintf(`{"op":"subscribe","channel":"ticker","symbols":[%s]}`, strings.Join(terms, ","))
	base := inUse()
	for range clients {
		p := dialPeer(t, s.addr, secure)
		p.text(subscribe)
		message[wire.Data](p)
	}
	idle = inUse().since(base, clients)
	until(t, "all are blocked", func() bool {
		offset = s.round(offset)
		return drains() == clients
	})
	blocked = inUse().since(base, clients)
	s.stop()
	return idle, blocked
}
