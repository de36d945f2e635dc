package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout/wire"
)

const (
	closeNormal   = 1000
	closeProtocol = 1002
)

// session is one connection: it gets what gws reads and delivers it. All but
// ask and the goroutines that ask for what is wanted and show a fresh token runs
// in Run's goroutine.
type session struct {
	client *Client
	socket *socket
	conn   *gws.Conn
	hello  *wire.Hello // nil until it came
	since  time.Time   // of hello

	pending atomic.Pointer[call] // the request that waits for its answer
	over    context.Context      // ends with the connection, and has the cause
	finish  context.CancelCauseFunc
	asking  sync.WaitGroup

	renewing atomic.Bool // the token, one at a time
	faults   chan error  // of asking, for the reader to tell; room for one
}

func newSession(c *Client, socket *socket) *session {
	s := &session{client: c, socket: socket, faults: make(chan error, 1)}
	c.ledger.reconnect()
	s.over, s.finish = context.WithCancelCause(context.Background())
	return s
}

// end lets go of everything and tells how long it was and why it is over.
func (s *session) end() (lasted time.Duration, why error) {
	s.client.session.CompareAndSwap(s, nil)
	s.asking.Wait()
	s.handed()
	if s.hello != nil {
		lasted = time.Since(s.since)
	}
	return lasted, context.Cause(s.over)
}

// fail ends the connection for a reason that is not the network's. It may be
// called from anywhere; the first cause counts.
func (s *session) fail(cause error) {
	s.finish(cause)
	s.socket.leave()
	s.conn.WriteClose(closeProtocol, nil)
}

// OnOpen, OnClose, OnPing, OnPong and OnMessage make a session a gws.Event.
func (s *session) OnOpen(conn *gws.Conn) { s.conn = conn }

// OnClose: see OnOpen.
func (s *session) OnClose(_ *gws.Conn, err error) { s.finish(s.explain(err)) }

func (s *session) explain(err error) error {
	var closed *gws.CloseError
	failure := s.socket.failure()
	switch {
	case errors.As(err, &closed):
		return &CloseError{Code: closed.Code, Reason: string(closed.Reason)}
	case errors.Is(failure, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server took no request for %v", patience)
	case failure != nil:
		return fmt.Errorf("the connection broke: %w", failure)
	case errors.Is(err, os.ErrDeadlineExceeded) && s.hello == nil:
		return errors.New("the server said no hello in time")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the server fell silent for %v", silenceOf(s.hello))
	}
	return fmt.Errorf("the connection broke: %w", err)
}

// OnPing: see OnOpen.
func (s *session) OnPing(_ *gws.Conn, payload []byte) { s.conn.WritePong(payload) }

// OnPong: see OnOpen.
func (s *session) OnPong(*gws.Conn, []byte) {}

// OnMessage: see OnOpen.
func (s *session) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	if s.over.Err() != nil {
		return
	}
	defer s.socket.alive() // the time that a callback took is not the server's
	s.handed()
	n := &s.client.counters
	n.messages.Add(1)
	message, err := parse(m)
	switch {
	case s.hello == nil:
		s.greet(message)
	case err != nil:
		n.undecodable.Add(1)
		s.client.config.OnFault(fmt.Errorf("passed over: %w", err))
	case message == nil:
		n.unknown.Add(1)
	default:
		s.deliver(message)
	}
}

func parse(m *gws.Message) (any, error) {
	if m.Opcode != gws.OpcodeText {
		return nil, errors.New("a binary message")
	}
	return wire.Parse(m.Bytes())
}

// greet takes the first message, which must be hello.
func (s *session) greet(message any) {
	hello, ok := message.(*wire.Hello)
	switch {
	case !ok:
		s.fail(errors.New("the server did not begin with hello"))
		return
	case hello.V != wire.Version:
		s.fail(&VersionError{hello.V})
		return
	}
	s.hello, s.since = hello, time.Now()
	s.client.counters.connections.Add(1)
	s.socket.allow(silenceOf(hello))
	s.client.config.OnState(State{Phase: Connected, Conn: hello.Conn, Node: hello.Node})
	s.feed(hello.State, 0)
	s.asking.Go(s.askForAll)
}

// silenceOf is how long the server may send nothing. It sends something in
// every half of its heartbeat interval.
func silenceOf(hello *wire.Hello) time.Duration {
	interval := time.Duration(hello.HeartbeatMS) * time.Millisecond
	if interval <= 0 || interval > time.Hour {
		interval = 5 * time.Second
	}
	return interval * 5 / 2
}

func (s *session) deliver(message any) {
	config := &s.client.config
	switch m := message.(type) {
	case *wire.Data:
		s.updates(m)
	case *wire.TradesMessage:
		s.trades(m)
	case *wire.StatsMessage:
		s.client.counters.statistics.Add(uint64(len(m.Data)))
		config.OnStats(m.Data, m.Type == wire.TypeSnapshot)
	case *wire.BarsMessage:
		s.bars(m)
	case *wire.Gap:
		if s.client.ledger.skip(m) {
			s.gap(m)
		}
	case *wire.Status:
		s.status(m)
	case *wire.Notice:
		config.OnNotice(*m)
		if m.Code == noticeExpires && config.Token != nil && s.renewing.CompareAndSwap(false, true) {
			s.asking.Go(s.renew)
		}
	case *wire.Heartbeat:
		s.client.counters.heartbeats.Add(1)
		s.feed(m.State, m.AgeMS)
		config.OnHeartbeat(*m)
	case *wire.Ack:
		s.client.ledger.begin(m)
		s.answer(m.ID, m)
	case *wire.Pong:
		s.answer(m.ID, m)
	case *wire.Error:
		s.answer(m.ID, m)
	}
}

// answer gives an answer to who waits for it.
func (s *session) answer(id wire.ID, message any) {
	refused, isError := message.(*wire.Error)
	waiting := s.pending.Load()
	mine := waiting != nil && bytes.Equal(waiting.id, id) && s.pending.CompareAndSwap(waiting, nil)
	if mine && isError {
		refused.Message = conceal(refused.Message, waiting.token)
	}
	if mine {
		waiting.answer <- message
	}
	if mine && !waiting.unattended {
		return
	}
	if isError {
		s.client.config.OnFault(refusedBy(refused))
	}
	if ack, ok := message.(*wire.Ack); ok && mine && len(ack.Denied) > 0 {
		s.client.config.OnDenied(ack.Denied)
	}
}
