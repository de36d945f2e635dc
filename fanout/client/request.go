package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lxzan/gws"

	"tickwire/fanout/wire"
)

// Subscribe adds symbols and patterns, or changes their rate and stamps, from
// now on and for every connection to come. It may be called before Run, and
// from any goroutine but that of a callback.
//
// The ack has the server's verdict on every term. When there is no connection
// to ask, or it ends before the answer, the ack is the zero Ack without an
// error, and the verdicts of the next connection go to OnDenied. Denied terms
// are asked for again by the next connection too. After an error of ctx the
// terms stay wanted; after a *RefusedError they are as they were.
func (c *Client) Subscribe(ctx context.Context, s Subscription) (wire.Ack, error) {
	if err := s.check(); err != nil {
		return wire.Ack{}, fmt.Errorf("subscribe: %w", err)
	}
	return c.change(ctx, "subscribe", s.request())
}

// Unsubscribe takes symbols and patterns of a channel back, as they were
// subscribed, whatever their rate. What Subscribe says of the ack holds here too.
func (c *Client) Unsubscribe(ctx context.Context, s Subscription) (wire.Ack, error) {
	if err := s.check(); err != nil {
		return wire.Ack{}, fmt.Errorf("unsubscribe: %w", err)
	}
	return c.change(ctx, "unsubscribe", wire.Request{Op: wire.OpUnsubscribe, Channel: s.channel(), Symbols: s.Symbols})
}

// SetBudget changes Config.BytesPerS, from now on and for every connection to
// come; 0 takes the budget back. What Subscribe says of the ack holds here too.
func (c *Client) SetBudget(ctx context.Context, bytesPerS int) (wire.Ack, error) {
	if err := checkBudget(bytesPerS); err != nil {
		return wire.Ack{}, fmt.Errorf("set budget: %w", err)
	}
	return c.change(ctx, "set budget", wire.Request{Op: wire.OpSubscribe, BytesPerS: &bytesPerS})
}

// List asks the server what it has subscribed.
func (c *Client) List(ctx context.Context) ([]wire.Subscription, error) {
	message, _, err := c.inquire(ctx, wire.Request{Op: wire.OpList})
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	ack, ok := message.(*wire.Ack)
	if !ok {
		return nil, fmt.Errorf("list: unexpected answer %T", message)
	}
	return ack.Subscriptions, nil
}

// Ping measures the time to the server and back, behind what is on its way.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	_, took, err := c.inquire(ctx, wire.Request{Op: wire.OpPing})
	if err != nil {
		return 0, fmt.Errorf("ping: %w", err)
	}
	return took, nil
}

// Time asks the server for the time of its clock, in microseconds since 1970. It
// is of a moment between the call and the return.
func (c *Client) Time(ctx context.Context) (int64, error) {
	answer, _, err := c.inquire(ctx, wire.Request{Op: wire.OpPing})
	if err != nil {
		return 0, fmt.Errorf("time: %w", err)
	}
	pong, ok := answer.(*wire.Pong)
	if !ok {
		return 0, fmt.Errorf("time: unexpected answer %T", answer)
	}
	return pong.Time, nil
}

// inquire asks what changes nothing, and measures how long the answer took.
func (c *Client) inquire(ctx context.Context, r wire.Request) (answer any, took time.Duration, err error) {
	release, err := c.await(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer release()
	began := time.Now()
	answer, err = c.session.Load().ask(ctx, r, false)
	return answer, time.Since(began), err
}

// await waits for the turn.
func (c *Client) await(ctx context.Context) (release func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// change carries out what a request changes, part by part.
func (c *Client) change(ctx context.Context, what string, r wire.Request) (wire.Ack, error) {
	release, err := c.await(ctx)
	if err != nil {
		return wire.Ack{}, fmt.Errorf("%s: %w", what, err)
	}
	defer release()
	s := c.session.Load()
	var whole wire.Ack
	for _, part := range split(r.Symbols, s.room(), sizeOf) {
		r.Symbols = part
		undo := c.note(r)
		message, err := s.ask(ctx, r, false)
		c.forget(r)
		if refused := (*RefusedError)(nil); errors.As(err, &refused) {
			undo()
		}
		if errors.Is(err, ErrNotConnected) {
			s, whole = nil, wire.Ack{} // and go on noting
			continue
		}
		if err != nil {
			return whole, fmt.Errorf("%s: %w", what, err)
		}
		if ack, ok := message.(*wire.Ack); ok {
			whole = join(whole, ack)
		}
	}
	return whole, nil
}

func (c *Client) note(r wire.Request) (undo func()) {
	switch {
	case r.SetsBudgetOnly():
		return c.wanted.spend(*r.BytesPerS)
	case r.Op == wire.OpSubscribe:
		return c.wanted.add(lane{r.Channel, r.Rate, r.Stamps}, r.Symbols)
	}
	c.wanted.remove(r.Channel, r.Symbols)
	return func() {} // what is not wanted is not wanted, whatever the server says
}

// forget lets go of what was unsubscribed. Nothing of it comes behind the
// server's answer.
func (c *Client) forget(r wire.Request) {
	if r.Op == wire.OpUnsubscribe {
		c.ledger.forget(r.Channel, r.Symbols, c.wanted.covers)
	}
}

func join(whole wire.Ack, part *wire.Ack) wire.Ack {
	symbols, denied := whole.Symbols, whole.Denied
	whole = *part
	whole.Symbols = append(symbols, part.Symbols...)
	whole.Denied = append(denied, part.Denied...)
	return whole
}

// askForAll subscribes on a new connection what is wanted. It is the session's
// goroutine beside the reader, so that the server's answers are read meanwhile;
// it ends with the last answer or with the session.
func (s *session) askForAll() {
	release, err := s.client.await(s.over)
	if err != nil {
		return
	}
	defer release()
	s.client.session.Store(s) // from here on others may ask, when it is their turn
	for _, r := range resumption(&s.client.wanted, s.client.ledger, s.room()) {
		if !s.insist(r) {
			return
		}
	}
}

// answerTime is how long a server may leave open what the session asks for by
// itself. Beyond it a connection that looks well would deliver nothing.
const answerTime = 30 * time.Second

// insist asks on the session's own behalf, and ends a session that does not
// answer.
func (s *session) insist(r wire.Request) (ok bool) {
	ctx, cancel := context.WithTimeout(s.over, answerTime)
	defer cancel()
	if _, err := s.ask(ctx, r, true); errors.Is(err, context.DeadlineExceeded) {
		s.fail(fmt.Errorf("the server did not answer %s in %v", r.Op, answerTime))
	}
	return s.over.Err() == nil
}

// call is a request that waits for its answer.
type call struct {
	id         wire.ID
	answer     chan any // room for one
	token      string   // that was shown; not to be told
	unattended bool     // the answer is for a callback too
}

// ask sends a request and waits for its answer: an *Ack or a *Pong. A nil
// session is not connected. The caller holds the turn.
func (s *session) ask(ctx context.Context, r wire.Request, unattended bool) (any, error) {
	if s == nil || s.over.Err() != nil {
		return nil, ErrNotConnected
	}
	r.ID = strconv.AppendUint(nil, s.client.requests.Add(1), 10)
	waiting := &call{id: r.ID, token: r.Token, answer: make(chan any, 1), unattended: unattended}
	s.pending.Store(waiting)
	defer s.pending.CompareAndSwap(waiting, nil)
	s.conn.WriteMessage(gws.OpcodeText, wire.Marshal(r)) // if it fails the session ends
	var err error
	select {
	case message := <-waiting.answer:
		return answered(message)
	case <-s.over.Done():
		err = ErrNotConnected
	case <-ctx.Done():
		err = ctx.Err()
	}
	select {
	case message := <-waiting.answer: // it came before the end
		return answered(message)
	default:
		return nil, err
	}
}

func answered(message any) (any, error) {
	if refused, ok := message.(*wire.Error); ok {
		return nil, refusedBy(refused)
	}
	return message, nil
}

// Sizes of requests.
const (
	defaultRoom = 64 << 10 // of a message, unless hello says otherwise
	envelope    = 256      // of a request without its symbols
)

// room is how many bytes of symbols and of where to go on one request may hold.
func (s *session) room() int {
	if s == nil || s.hello.Limits.MessageBytes <= envelope {
		return defaultRoom - envelope
	}
	return s.hello.Limits.MessageBytes - envelope
}

// split cuts symbols into parts that fit into room, one at the least.
func split(symbols []string, room int, sizeOf func(symbol string) int) [][]string {
	var parts [][]string
	start, size := 0, 0
	for i, symbol := range symbols {
		n := sizeOf(symbol)
		if size+n > room && i > start {
			parts = append(parts, symbols[start:i])
			start, size = i, 0
		}
		size += n
	}
	return append(parts, symbols[start:])
}

// sizeOf is how many bytes a symbol takes in a list as JSON.
func sizeOf(symbol string) int { return len(wire.Marshal(symbol)) + len(",") }
