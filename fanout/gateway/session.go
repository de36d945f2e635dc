package gateway

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout"
	"tickwire/fanout/wire"
)

// session is one WebSocket connection: it reads the client's requests and is
// the outbox of the client's subscriber.
type session struct {
	gateway  *Gateway
	socket   *socket
	conn     *gws.Conn
	sub      *fanout.Subscriber
	encoding fanout.Encoding
	writable func() // sub.Writable
	closed   atomic.Bool
	why      atomic.Int32 // the reason it was shut for, plus one
}

// handshake is what gws takes as fixed for an Upgrader and clients differ in.
type handshake struct {
	named  bool // the client named the subprotocol; it is optional
	window bool // see agreement
}

// upgradersOf makes an Upgrader for each kind of handshake.
func (g *Gateway) upgradersOf() map[handshake]*gws.Upgrader {
	all := make(map[handshake]*gws.Upgrader)
	for _, window := range []bool{false, true} {
		bits := 0 // gws's default
		if window {
			bits = windowBits
		}
		all[handshake{false, window}] = g.upgrader(bits)
		all[handshake{true, window}] = g.upgrader(bits, wire.Subprotocol)
	}
	return all
}

func (g *Gateway) upgrader(bits int, subprotocols ...string) *gws.Upgrader {
	return gws.NewUpgrader(events{}, &gws.ServerOption{
		SubProtocols:       subprotocols,
		ReadMaxPayloadSize: g.config.Message,
		ReadBufferSize:     readBuffer,
		HandshakeTimeout:   g.config.Handshake,
		CheckUtf8Enabled:   true,
		// Without context takeover on either side: frames are made by splicing,
		// each on its own. gws compresses nothing, hence the threshold and the
		// smallest pool; it inflates what clients send.
		PermessageDeflate: gws.PermessageDeflate{Enabled: true, PoolSize: 1, Threshold: math.MaxInt, ServerMaxWindowBits: bits},
		NewSession:        func() gws.SessionStorage { return &session{gateway: g} },
	})
}

// readBuffer is enough for most requests; longer ones are read past it.
const readBuffer = 256

// serveSocket makes a WebSocket connection of a request, RFC 6455 section 4.2.
func (g *Gateway) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !headerHas(r, "Connection", "upgrade") || !headerHas(r, "Upgrade", "websocket") || r.Header.Get("Sec-WebSocket-Version") != "13" {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, "this is a WebSocket endpoint (version 13): connect with ws:// or wss://", http.StatusUpgradeRequired)
		return
	}
	if !g.sessions.enter() {
		http.Error(w, "the server ends", http.StatusServiceUnavailable)
		return
	}
	if !g.upgrade(w, r) {
		g.metrics.handshakeFailures.Inc()
		g.sessions.Done()
	}
}

// upgrade takes the connection over and leaves it to a goroutine that has
// entered the sessions. It reports false when it answered with an error.
func (g *Gateway) upgrade(w http.ResponseWriter, r *http.Request) bool {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "WebSocket needs HTTP/1.1", http.StatusHTTPVersionNotSupported)
		return false
	}
	box, ok := beneath(conn)
	if !ok {
		conn.Close() // not one of Run's
		return false
	}
	s := &socket{Conn: conn, box: box, in: conn}
	if conn == net.Conn(box) {
		s.in = box.Conn
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		s.early, _ = buffered.Reader.Peek(n)
		s.early = slices.Clone(s.early)
	}
	if err := box.enclose(&g.sessions.WaitGroup); err != nil {
		conn.Close()
		return false
	}
	agreed := agree(r)
	kind := handshake{headerHas(r, "Sec-WebSocket-Protocol", wire.Subprotocol), agreed.window}
	ws, err := g.upgraders[kind].UpgradeFromConn(s, bufio.NewReaderSize(s, readBuffer), r)
	if err != nil { // the client has been told
		s.linger()
		return false
	}
	session := ws.Session().(*session)
	session.socket, session.conn = s, ws
	if agreed.deflate {
		session.encoding = fanout.Deflate
	}
	go func() {
		defer g.sessions.Done()
		ws.ReadLoop()
		s.linger()
	}()
	return true
}

// headerHas reports whether one of the header's comma-separated values is
// want, in any case.
func headerHas(r *http.Request, header, want string) bool {
	for _, line := range r.Header.Values(header) {
		for value := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(value), want) {
				return true
			}
		}
	}
	return false
}

// events gives what gws reports to the session it is about.
type events struct{}

func (events) OnOpen(c *gws.Conn)                 { apart(sessionOf(c).open) }
func (events) OnClose(c *gws.Conn, err error)     { sessionOf(c).close(err) }
func (events) OnPing(c *gws.Conn, payload []byte) { c.WritePong(payload) }
func (events) OnPong(*gws.Conn, []byte)           {}

func (events) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	sessionOf(c).message(m)
}

func sessionOf(c *gws.Conn) *session { return c.Session().(*session) }

// apart runs do on a goroutine of its own and waits for it. What takes a deep
// stack, such as JSON, is done so: the reader would keep that stack for as long
// as the connection lives.
func apart(do func()) {
	var one sync.WaitGroup
	one.Go(do)
	one.Wait()
}

func (s *session) open() {
	g := s.gateway
	s.sub = g.hub.NewSubscriber(s, s.encoding)
	s.writable = s.sub.Writable
	s.sub.Attach(wire.Marshal(g.hello()))
}

// hello greets a new client.
func (g *Gateway) hello() wire.Hello {
	policy := g.hub.Policy()
	return wire.Hello{
		Type: wire.TypeHello, V: wire.Version, Conn: strconv.FormatUint(rand.Uint64(), 36), Node: g.config.Node,
		HeartbeatMS: policy.Heartbeat.Milliseconds(), Limits: policy.Limits(g.config.Message),
		Channels: wire.Channels(), State: g.hub.Feed().State,
	}
}

func (s *session) message(m *gws.Message) {
	if s.closed.Load() {
		return
	}
	if m.Opcode != gws.OpcodeText {
		s.Shut(fanout.Binary)
		return
	}
	apart(func() { s.request(m.Bytes()) })
}

func (s *session) request(text []byte) {
	request, refusal := wire.ParseRequest(text)
	if limit := s.gateway.hub.Policy().Terms; refusal == nil && len(request.Symbols) > limit {
		refusal = &wire.Error{Type: wire.TypeError, ID: request.ID, Code: wire.TooManySymbols,
			Message: fmt.Sprintf("a connection may have %d symbols and patterns", limit)}
	}
	if refusal != nil {
		s.gateway.metrics.refused.WithLabelValues(string(refusal.Code)).Inc()
		s.sub.Refuse(refusal)
		return
	}
	s.sub.Do(request)
}

// TryFrame: see fanout.Outbox.
func (s *session) TryFrame(frame []byte) fanout.Outcome {
	switch {
	case s.closed.Load() || s.socket.writeFrame(frame) != nil:
		return fanout.Gone
	case s.socket.box.await(s.writable):
		return fanout.Blocked
	}
	return fanout.Sent
}

// Progress: see fanout.Outbox.
func (s *session) Progress() time.Time { return time.Unix(0, s.socket.box.progress.Load()) }

// Shut says why and closes, in a goroutine of its own that ends with the
// farewell.
func (s *session) Shut(why fanout.Reason) {
	if s.closed.Swap(true) {
		return
	}
	s.why.Store(int32(why) + 1)
	s.gateway.sessions.Go(func() {
		s.socket.hurry()
		s.conn.WriteClose(why.Code(), []byte(why.Text()))
	})
}

func (s *session) close(err error) {
	s.closed.Store(true)
	s.sub.Detach(s.reason(err))
}

// reason is why the connection ended, by what was asked for here or else by
// what gws met.
func (s *session) reason(err error) fanout.Reason {
	if why := s.why.Load(); why != 0 {
		return fanout.Reason(why - 1)
	}
	var left *gws.CloseError
	var network net.Error
	var status interface{ Uint16() uint16 } // gws's own close codes
	switch {
	case errors.As(err, &left), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fanout.ClientLeft
	case errors.Is(err, errStuffed):
		return fanout.Slow
	case errors.As(err, &network):
		return fanout.ClientLeft
	case errors.Is(err, gws.ErrTextEncoding):
		return fanout.NotUTF8
	case errors.As(err, &status) && status.Uint16() == wire.CloseTooBig:
		return fanout.TooBig
	}
	return fanout.BadProtocol
}

// Len, Load, Delete, Store and Range make a session the gws.SessionStorage of
// its own connection, which spares each connection a map and the lookup.
func (s *session) Len() int                               { return 0 }
func (s *session) Load(string) (any, bool)                { return nil, false }
func (s *session) Delete(string)                          {}
func (s *session) Store(string, any)                      {}
func (s *session) Range(func(key string, value any) bool) {}
