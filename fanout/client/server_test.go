package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"go.uber.org/goleak"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server whose every connection follows a script. It is reached
// through memory, so that a test can have its own time.
type server struct {
	t      *testing.T
	script func(n int, p *peer) // of connection n, from 1; it ends with the connection open
	answer http.HandlerFunc     // in place of a WebSocket; may be nil
	refuse func(n int) int      // the HTTP status that connection n is refused with; 0: none. May be nil
	conns  chan net.Conn
	closed chan struct{}
	dials  atomic.Int64
	http   *http.Server
	peers  sync.WaitGroup
}

func newServer(t *testing.T, script func(n int, p *peer), answer http.HandlerFunc) *server {
	s := &server{t: t, script: script, answer: answer, conns: make(chan net.Conn), closed: make(chan struct{})}
	s.http = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	go s.http.Serve(s)
	return s
}

// Accept, Close and Addr make a server its own net.Listener.
func (s *server) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *server) Close() error   { return nil }
func (s *server) Addr() net.Addr { return &net.TCPAddr{} }

func (s *server) stop() {
	close(s.closed)
	s.http.Close()
	s.peers.Wait()
}

func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.dials.Add(1)
	near, far := net.Pipe()
	select {
	case s.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	if s.refuse != nil {
		if status := s.refuse(int(s.dials.Load())); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	p := &peer{t: s.t, requests: make(chan wire.Request, 16), ended: make(chan struct{}), header: r.Header}
	conn, err := gws.NewUpgrader(p, &gws.ServerOption{
		SubProtocols:      []string{wire.Subprotocol},
		PermessageDeflate: gws.PermessageDeflate{Enabled: true, PoolSize: 1},
	}).Upgrade(w, r)
	if err != nil {
		s.t.Errorf("upgrade: %v", err)
		return
	}
	p.conn = conn
	s.peers.Go(conn.ReadLoop)
	s.peers.Go(func() { s.script(int(s.dials.Load()), p) })
}

// peer is the server's end of one connection.
type peer struct {
	gws.BuiltinEventHandler
	t        *testing.T
	conn     *gws.Conn
	header   http.Header // of the handshake
	requests chan wire.Request
	ended    chan struct{}
	code     uint16 // that the client closed with; after ended
}

func (p *peer) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	if m.Data.Len() > messageBytes {
		p.t.Errorf("the client sent %d bytes, more than the limit", m.Data.Len())
	}
	r, refusal := wire.ParseRequest(m.Bytes())
	if refusal != nil && r.Op != wire.OpAuth {
		p.t.Errorf("the client sent %s: %s", m.Bytes(), refusal.Message)
		return
	}
	p.requests <- r
}

func (p *peer) OnClose(_ *gws.Conn, err error) {
	var closed *gws.CloseError
	if errors.As(err, &closed) {
		p.code = closed.Code
	}
	close(p.ended)
}

// hear waits for the next request; the script is over when there is none.
func (p *peer) hear() wire.Request {
	select {
	case r := <-p.requests:
		return r
	case <-p.ended:
		runtime.Goexit()
		panic("unreachable")
	}
}

func (p *peer) say(message any)   { p.sayText(string(wire.Marshal(message))) }
func (p *peer) sayText(s string)  { p.conn.WriteString(s) }
func (p *peer) close(code uint16) { p.conn.WriteClose(code, []byte("because")) }
func (p *peer) grant(denied ...wire.Denied) wire.Request {
	r := p.hear()
	p.ack(r, denied...)
	return r
}

func (p *peer) ack(r wire.Request, denied ...wire.Denied) { p.ackAt("", r, denied...) }

// grantAt is grant with the position in the ack.
func (p *peer) grantAt(position string) wire.Request {
	r := p.hear()
	p.ackAt(position, r)
	return r
}

func (p *peer) ackAt(position string, r wire.Request, denied ...wire.Denied) {
	a := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel, Symbols: r.Symbols, Denied: denied, Rate: r.Rate, Stamps: r.Stamps, Position: position}
	if r.BytesPerS != nil {
		a.BytesPerS = *r.BytesPerS
	}
	p.say(a)
}

// dribble sends a message of a megabyte, that many bytes a second.
func (p *peer) dribble(rate int) {
	const length = 1 << 20
	frame := binary.BigEndian.AppendUint64([]byte{0x81, 127}, length) // RFC 6455 section 5.2
	frame = append(frame, bytes.Repeat([]byte{' '}, length)...)
	for len(frame) > 0 {
		n, err := p.conn.NetConn().Write(frame[:min(rate, len(frame))])
		if err != nil {
			return
		}
		frame = frame[n:]
		time.Sleep(time.Second)
	}
}

const heartbeatMS = 5000

func (p *peer) hello() { p.helloOf(wire.Live) }

// messageBytes is how long a request may be.
const messageBytes = 1024

// helloOf says hello with the state of the feed.
func (p *peer) helloOf(state wire.State) {
	p.say(wire.Hello{Type: wire.TypeHello, V: wire.Version, Conn: "c", Node: "node-1", HeartbeatMS: heartbeatMS,
		Limits: wire.Limits{MessageBytes: messageBytes, Terms: 100, Rates: 8, IdleMS: 30000}, Channels: wire.Channels(), State: state})
}

// obey says hello, grants everything and answers until the client is gone.
func (p *peer) obey() {
	p.hello()
	for {
		p.grant()
	}
}

func (p *peer) snapshot(updates ...wire.Update) {
	p.say(wire.Data{Type: wire.TypeSnapshot, Channel: wire.Ticker, Data: updates})
}

func (p *peer) ticker(updates ...wire.Update) {
	p.say(wire.Data{Type: wire.TypeTicker, Data: updates})
}

func (p *peer) trades(trades ...wire.Trade) {
	p.say(wire.TradesMessage{Type: wire.Trades, Data: trades})
}

func (p *peer) gap(symbol string, from, to int64) {
	p.say(wire.Gap{Type: wire.TypeGap, Channel: wire.Trades, Symbol: symbol, From: from, To: to})
}

func trade(symbol string, seq int64) wire.Trade {
	return wire.Trade{Symbol: symbol, Seq: seq, Time: 1, Price: feed.Number("1.50")}
}

func at(symbol string, seq int64, ordinal uint64) wire.Update {
	return wire.Update{Symbol: symbol, Seq: seq, Ordinal: ordinal, Time: 1, Price: feed.Number("1.50")}
}

// witness keeps what a client told, in order. Read it when Run has returned, or
// when nothing moves.
type witness struct {
	mu     sync.Mutex
	told   []string
	states []State
}

func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, fmt.Sprintf(format, args...))
}

func (w *witness) hook(c Config) Config {
	c.OnState = func(s State) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.states = append(w.states, s)
	}
	if c.OnUpdates != nil {
		return c // a test's own callback
	}
	c.OnUpdates = func(updates []wire.Update, snapshot bool) {
		kind := "ticker"
		if snapshot {
			kind = "snapshot"
		}
		for _, u := range updates {
			w.note("%s %s q=%d n=%d p=%s", kind, u.Symbol, u.Seq, u.Ordinal, u.Price)
		}
	}
	c.OnTrades = func(trades []wire.Trade) {
		for _, t := range trades {
			w.note("trade %s q=%d p=%s", t.Symbol, t.Seq, t.Price)
		}
	}
	c.OnGap = func(g wire.Gap) { w.note("gap %s %d to %d", g.Symbol, g.From, g.To) }
	c.OnStats = func(stats []wire.Stat, snapshot bool) {
		for _, s := range stats {
			w.note("stats %s q=%d o=%s, of a snapshot: %v", s.Symbol, s.Seq, s.Open, snapshot)
		}
	}
	c.OnBars = func(channel string, bars []wire.Bar, snapshot bool) {
		for _, b := range bars {
			w.note("%s %s t=%d q=%d, of a snapshot: %v", channel, b.Symbol, b.Start, b.Seq, snapshot)
		}
	}
	c.OnSent = func(sent int64) { w.note("sent %d", sent) }
	c.OnStatus = func(s wire.Status) { w.note("status %s%s %s %d ms", s.Scope, s.Symbol, s.State, s.AgeMS) }
	c.OnNotice = func(n wire.Notice) { w.note("notice %s %d ms", n.Code, n.InMS) }
	c.OnHeartbeat = func(h wire.Heartbeat) { w.note("heartbeat %d", h.Conflated) }
	c.OnDenied = func(d []wire.Denied) { w.note("denied %v", d) }
	c.OnFault = func(err error) { w.note("fault %v", err) }
	return c
}

func (w *witness) waits() []State {
	w.mu.Lock()
	defer w.mu.Unlock()
	var waits []State
	for _, s := range w.states {
		if s.Phase == Waiting {
			waits = append(waits, s)
		}
	}
	return waits
}

// rig is a client under test and its server.
type rig struct {
	*witness
	server *server
	client *Client
	cancel context.CancelFunc
	err    chan error
}

// launch runs a client against a script, in a bubble of its own time.
func launch(t *testing.T, c Config, script func(n int, p *peer)) *rig {
	t.Helper()
	return launchAt(t, c, newServer(t, script, nil))
}

func launchAt(t *testing.T, c Config, s *server) *rig {
	t.Helper()
	r := &rig{witness: &witness{}, server: s, err: make(chan error, 1)}
	c.URL, c.Dial = "ws://server/v1/ws", r.server.dial
	client, err := New(r.hook(c))
	if err != nil {
		t.Fatal(err)
	}
	r.client = client
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(t.Context())
	go func() { r.err <- client.Run(ctx) }()
	return r
}

// end ends the client and the server, and returns what Run returned.
func (r *rig) end() error {
	r.cancel()
	err := <-r.err
	r.server.stop()
	return err
}
