package swarm

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout/client"
	"tickwire/fanout/wire"
	"tickwire/loadtest/verify"
)

// whole is a member that is a client of package client. What that delivers is
// written down again as the server's messages were, for its Watch to take.
type whole struct {
	cohort *cohort
	name   string
	growth *growth // of Run's goroutine
	phase  phase   // likewise
	been   bool    // likewise: connected before
	sent   int64   // likewise: the stamp of the message whose updates are next
	text   []byte  // likewise
	stop   context.CancelFunc

	conn     atomic.Pointer[tap] // the newest connection
	received atomic.Int64        // when it was read from last
	cut      atomic.Bool         // it was cut on purpose

	mu       sync.Mutex // protects what follows
	watch    *verify.Watch
	open     bool
	finished bool
}

// addWhole makes one more member and has it connect.
func (c *cohort) addWhole(g *growth) error {
	s := c.swarm
	ctx, stop := context.WithCancel(s.ctx)
	c.mu.Lock()
	number := c.made
	c.made++
	c.mu.Unlock()
	w := &whole{cohort: c, name: c.nameOf(number), growth: g, stop: stop}
	w.watch = s.config.Truth.Watch(w.name, s.config.Channel, c.listed(number))
	one, err := client.New(w.config(c.names(number)))
	if err != nil {
		stop()
		return err
	}
	c.mu.Lock()
	c.members = append(c.members, w)
	c.mu.Unlock()
	s.work.Go(func() { w.run(ctx, one) })
	if c.name == Flap {
		s.work.Go(func() { w.flap(ctx) })
	}
	return nil
}

func (w *whole) run(ctx context.Context, c *client.Client) {
	defer w.stop()
	err := c.Run(ctx)
	w.tried(errors.Join(err, ctx.Err()))
	if err == nil {
		w.enter(absent)
		return
	}
	w.cohort.fail(err)
	w.closed()
	w.enter(lost)
}

func (w *whole) config(names []string) client.Config {
	config := &w.cohort.swarm.config
	backoff := config.Backoff
	if w.cohort.name == Flap { // who is cut off again and again would wait longer and longer
		backoff.Max = backoff.Min
	}
	return client.Config{
		URL: config.URL, TLS: config.TLS, Token: config.Token, NoCompression: !config.Compression,
		Handshake: config.Handshake, ReadLimit: config.MaxMessage, Backoff: backoff, Dial: w.dial,
		Subscriptions: []client.Subscription{{Channel: config.Channel, Symbols: names, Rate: config.Rate, Stamps: true}},
		OnState:       w.state, OnDenied: w.cohort.deny, OnFault: w.fault,
		OnSent: func(at int64) { w.sent = at }, OnUpdates: w.updates, OnTrades: w.trades,
		OnGap:       func(g wire.Gap) { w.take(wire.Marshal(g)) },
		OnHeartbeat: func(h wire.Heartbeat) { w.take(wire.Marshal(h)) },
		OnNotice:    func(n wire.Notice) { w.cohort.count(func(s *Stats) { tell(s.Notices, n.Code) }) },
	}
}

// state follows the connection.
func (w *whole) state(s client.State) {
	switch s.Phase {
	case client.Connecting:
		w.cut.Store(false)
		w.enter(connecting)
	case client.Connected:
		w.connected(s.Node)
	case client.Waiting:
		w.closed()
		w.enter(waiting)
		if !w.cut.Load() {
			w.failed(s.Err)
		}
	}
}

func (w *whole) connected(node string) {
	began := w.conn.Load().began
	w.cohort.count(func(s *Stats) {
		s.Connections++
		if w.been {
			s.Reconnects++
		}
		w.cohort.connect.note(since() - began)
	})
	w.mu.Lock()
	w.watch.Connect(node, w.been)
	w.open = true
	w.mu.Unlock()
	w.been = true
	w.enter(open)
	w.tried(nil)
}

func (w *whole) closed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = false
}

func (w *whole) failed(why error) {
	w.tried(why)
	if closed := (*client.CloseError)(nil); errors.As(why, &closed) {
		w.cohort.count(func(s *Stats) { tell(s.Evicted, evicted(closed)) })
		return
	}
	w.cohort.fail(why)
}

// fault is what the client found wrong. What it did not deliver for that is
// violations that the Watch does not see.
func (w *whole) fault(err error) {
	broken := (*client.OrderError)(nil)
	switch {
	case errors.As(err, &broken) && broken.NoSnapshot: // it was delivered
	case errors.As(err, &broken):
		t := &w.cohort.shared
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ledger.Order++
		if len(t.ledger.Violations) < verify.MaxViolations {
			t.ledger.Violations = append(t.ledger.Violations, verify.Violation{Kind: verify.Order, Client: w.name,
				Symbol: broken.Symbol, Before: broken.SeqBefore, Seq: broken.Seq, What: broken.Error()})
		}
	default:
		w.cohort.fail(err)
	}
}

func (w *whole) updates(updates []wire.Update, snapshot bool) {
	w.text = append(w.text[:0], wire.Head(wire.Ticker, snapshot, w.sent)...)
	for i := range updates {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.text = wire.AppendUpdate(w.text, &updates[i])
		if !snapshot {
			w.hop(updates[i].Symbol, updates[i].Time, updates[i].Received)
		}
	}
	if snapshot {
		w.snapshot()
	}
	w.take(append(w.text, wire.DataFoot...))
}

func (w *whole) trades(trades []wire.Trade) {
	w.text = append(w.text[:0], wire.Head(wire.Trades, false, w.sent)...)
	for i := range trades {
		if i > 0 {
			w.text = append(w.text, ',')
		}
		w.text = wire.AppendTrade(w.text, &trades[i])
		w.hop(trades[i].Symbol, trades[i].Time, trades[i].Received)
	}
	w.take(append(w.text, wire.DataFoot...))
}

func (w *whole) hop(symbol string, planned, node int64) {
	if hops := w.cohort.swarm.config.Hops; hops != nil && node != 0 && w.sent != 0 {
		hops.Hop(planned, w.cohort.swarm.config.Truth.Sent(symbol, planned), node, w.sent, w.received.Load())
	}
}

// snapshot notes the first one of a connection.
func (w *whole) snapshot() {
	conn := w.conn.Load()
	if conn.seen {
		return
	}
	conn.seen = true
	w.cohort.mu.Lock()
	defer w.cohort.mu.Unlock()
	w.cohort.first.note(since() - conn.began)
}

func (w *whole) take(text []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.finished {
		return
	}
	t := &w.cohort.shared
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ledger.Sampler == nil && w.cohort.swarm.config.Sampler != nil {
		t.ledger.Sampler = w.cohort.swarm.config.Sampler(w.cohort.name)
	}
	w.watch.Take(text, w.received.Load(), &t.ledger)
}

// flap cuts the connection now and then.
func (w *whole) flap(ctx context.Context) {
	s := w.cohort.swarm
	for {
		sleep(ctx, s.config.FlapEvery/2+rand.N(s.config.FlapEvery))
		if ctx.Err() != nil {
			return
		}
		if w.cutOff() {
			w.conn.Load().Close()
			w.cohort.count(func(s *Stats) { s.Cuts++ })
		}
	}
}

// cutOff reports whether the connection is to be cut, which then counts as done:
// Settle, which forbids it, must not take the member for one that stays.
func (w *whole) cutOff() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open && !w.cohort.swarm.calm.Load() && w.cut.CompareAndSwap(false, true)
}

func (w *whole) enter(p phase) { w.phase = w.cohort.move(w.phase, p) }

func (w *whole) tried(err error) {
	if w.growth != nil {
		w.growth.tried(err)
		w.growth = nil
	}
}

func (w *whole) leave() { w.stop() }

func (w *whole) complete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open && !w.cut.Load() && w.watch.Complete()
}

func (w *whole) finish(t *tally) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.finished {
		w.finished = true
		t.end(w.watch, w.open)
	}
}

// tap is a connection that tells what was read, and when.
type tap struct {
	net.Conn
	whole *whole
	began time.Duration
	seen  bool // a snapshot: of Run's goroutine
}

func (w *whole) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	began := since()
	conn, err := w.cohort.swarm.target.dial(ctx, false)
	if err != nil {
		return nil, err
	}
	t := &tap{Conn: conn, whole: w, began: began}
	w.conn.Store(t)
	return t, nil
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.whole.received.Store(time.Now().UnixMicro())
	tally := &t.whole.cohort.shared
	tally.mu.Lock()
	defer tally.mu.Unlock()
	tally.bytes += uint64(n)
	return n, err
}

// CloseWrite ends one direction, as the client does when it leaves.
func (t *tap) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
