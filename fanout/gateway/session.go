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
	"tickwire/fanout/gateway/access"
	"tickwire/fanout/wire"
)

// session is one WebSocket connection: it reads the client's requests and is
// the outbox of the client's subscriber.
type session struct {
	gateway *Gateway
	socket  *socket
	conn    *gws.Conn
	id      uint64 // its name in hello
	caller
	first    *access.Grant      // with which it began: whatever replaces it has its subject and delay
	sub      *fanout.Subscriber // nil: it waits for a token, see auth.go
	deadline *time.Timer        // for that
	expiry   *expiry            // of the token; nil: it does not expire
	flood    flood
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
		ReadMaxPayloadSize: g.config.Limits.Message,
		ReadBufferSize:     readBuffer,
		HandshakeTimeout:   g.config.Limits.Handshake,
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
		g.refuse(w, &draining)
		return
	}
	if !g.upgrade(w, r) {
		g.metrics.turnedAway.WithLabelValues(whyHandshake).Inc()
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
	session.caller = callerOf(r)
	session.flood = newFlood(g.config.Limits)
	s.session, s.screen.deflate = session, agreed.deflate
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
func (events) OnPing(c *gws.Conn, payload []byte) { sessionOf(c).ping(payload) }
func (events) OnPong(c *gws.Conn, _ []byte)       { sessionOf(c).allow() }

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
	s.id = rand.Uint64()
	hello := s.gateway.hello(s.caller, connName(s.id))
	if s.grant == nil {
		s.tell(hello)
		s.await()
		return
	}
	s.begin(hello)
}

// connName is a connection's name.
func connName(id uint64) string { return strconv.FormatUint(id, 36) }

// hello greets a new client; one that has no grant yet is told the limits of all.
func (g *Gateway) hello(c caller, conn string) wire.Hello {
	hub, terms := g.hub, 0
	if c.grant != nil {
		hub, terms = c.hub, c.terms()
	}
	policy := hub.Policy()
	limits := policy.Limits(g.config.Limits.Message)
	if terms > 0 {
		limits.Terms = terms
	}
	return wire.Hello{
		Type: wire.TypeHello, V: wire.Version, Conn: conn, Node: g.config.Node,
		HeartbeatMS: policy.Heartbeat.Milliseconds(), Limits: limits, Channels: wire.Channels(), State: hub.Feed().State,
		Operator: c.operator,
	}
}

// begin makes the session a subscriber, which gets first as its first message.
func (s *session) begin(first any) {
	s.first = s.grant
	s.sub = s.hub.NewSubscriber(s, s.encoding)
	s.writable = s.sub.Writable
	s.sub.Attach(wire.Marshal(first))
	s.watchExpiry()
}

// tell sends a message to a client that is no subscriber yet.
func (s *session) tell(message any) { s.conn.WriteMessage(gws.OpcodeText, wire.Marshal(message)) }

// allow reports whether the client may send one more message.
func (s *session) allow() bool {
	if s.flood.allow() {
		return true
	}
	if s.flood.tooLong() {
		s.Shut(fanout.Flooded)
	}
	return false
}

func (s *session) ping(payload []byte) {
	if s.allow() {
		s.conn.WritePong(payload)
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
	allowed := s.allow()
	if s.closed.Load() {
		return
	}
	apart(func() { s.request(m.Bytes(), allowed) })
}

func (s *session) request(text []byte, allowed bool) {
	request, refusal := wire.ParseRequest(text)
	if limit := s.gateway.hub.Policy().Terms; refusal == nil && len(request.Symbols) > limit {
		refusal = &wire.Error{Type: wire.TypeError, ID: request.ID, Code: wire.TooManySymbols,
			Message: fmt.Sprintf("a connection may have %d symbols and patterns", limit)}
	}
	if !allowed {
		limits := s.gateway.config.Limits
		refusal = &wire.Error{Type: wire.TypeError, ID: request.ID, Code: wire.TooManyRequests, Retry: true,
			Message: fmt.Sprintf("a connection may send %g messages a second, and %d at once", limits.Requests, limits.Burst)}
	}
	switch {
	case refusal != nil:
		s.refuse(refusal)
	case request.Op == wire.OpAuth:
		s.authenticate(request)
	case s.sub == nil:
		s.refuse(&wire.Error{Type: wire.TypeError, ID: request.ID, Code: wire.Unauthorized, Message: "send op auth with a token first"})
	default:
		s.carryOut(request)
	}
}

func (s *session) carryOut(request wire.Request) {
	within, refusal := s.within(&request)
	if refusal != nil {
		s.refuse(refusal)
		return
	}
	s.sub.DoWithin(request, within)
}

func (s *session) refuse(e *wire.Error) {
	s.gateway.metrics.refused.WithLabelValues(string(e.Code)).Inc()
	if s.sub == nil {
		s.tell(e)
		return
	}
	s.sub.Refuse(e)
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
func (s *session) Shut(why fanout.Reason) { s.shut(why, why.Text()) }

func (s *session) shut(why fanout.Reason, text string) {
	if s.closed.Swap(true) {
		return
	}
	s.blame(why)
	s.gateway.sessions.Go(func() { s.farewell(why, text) })
}

// fail is Shut for the reader itself, which reads no more.
func (s *session) fail(why fanout.Reason) {
	if s.closed.Swap(true) {
		return
	}
	s.blame(why)
	s.farewell(why, why.Text())
}

func (s *session) farewell(why fanout.Reason, text string) {
	s.socket.hurry()
	s.conn.WriteClose(why.Code(), []byte(text[:min(len(text), maxCloseText)]))
}

// maxCloseText is what a close frame has room for beside its code, RFC 6455
// section 5.5.
const maxCloseText = 123

// blame notes why the connection ends. The first reason counts.
func (s *session) blame(why fanout.Reason) { s.why.CompareAndSwap(0, int32(why)+1) }

func (s *session) close(err error) {
	s.closed.Store(true)
	why := s.reason(err)
	if s.expiry != nil {
		s.expiry.stop()
	}
	if s.sub != nil {
		s.sub.Detach(why)
		return
	}
	if s.deadline != nil {
		s.deadline.Stop()
	}
	s.gateway.lobby.leave(s)
	s.gateway.hub.CountEnd(why)
}

// reason is why the connection ended, by what was asked for here or else by
// what gws met.
func (s *session) reason(err error) fanout.Reason {
	if why := s.why.Load(); why != 0 {
		return fanout.Reason(why - 1)
	}
	var left *gws.CloseError
	var network net.Error
	switch {
	case errors.As(err, &left), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fanout.ClientLeft
	case errors.Is(err, errStuffed):
		return fanout.Slow
	case errors.As(err, &network):
		return fanout.ClientLeft
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
