package verify

import (
	"bytes"
	"cmp"
	"fmt"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Take takes one whole message of the server, uncompressed, and says of what
// kind it is. text is the caller's again when it returns. A Share of the messages
// of the Ledger is decoded in full beside, and must say the same.
func (w *Watch) Take(text []byte, received int64, l *Ledger) Message {
	l.Frames++
	l.TextBytes += uint64(len(text))
	kind, s := kindOf(text)
	switch kind {
	case Ticker, Snapshot, Trades:
		return w.takeData(kind, s, received, l)
	case Heartbeat:
		l.Heartbeats++
		return kind
	case Ack, Gap, Broken:
		return w.takeParsed(text, 0, received, l)
	}
	return kind
}

// takeData reads a data message as the server writes it; from where it is
// written otherwise on, it is parsed.
func (w *Watch) takeData(kind Message, s scan, received int64, l *Ledger) Message {
	if l.decodes() {
		return w.takeDecoded(kind, s, received, l)
	}
	if (kind == Trades) != w.trades || !s.data(kind) || bytes.IndexByte(s.b, '\\') >= 0 {
		return w.takeParsed(s.b, 0, received, l)
	}
	var e element
	for n := 0; ; n++ {
		if !s.element(kind, &e) {
			return w.takeParsed(s.b, n, received, l)
		}
		end := s
		more, ok := end.next()
		if !ok {
			return w.takeParsed(s.b, n, received, l)
		}
		w.take(kind, &e, received, l)
		if !more {
			return kind
		}
		s = end
	}
}

// element reads an element of a message of a kind.
func (s *scan) element(kind Message, e *element) bool {
	if kind == Trades {
		return s.trade(e)
	}
	return s.update(e)
}

// take holds one element to the truth.
func (w *Watch) take(kind Message, e *element, received int64, l *Ledger) {
	v := w.view(e.symbol)
	if kind == Snapshot {
		l.Snapshots++
	} else {
		l.Updates++
	}
	switch {
	case v == nil:
		l.violate(Violation{Kind: Value, Client: w.client, Symbol: string(e.symbol), Seq: e.seq, What: "nobody asked for this symbol"})
	case kind == Trades:
		w.takeTrade(v, e, received, l)
	default:
		w.takeUpdate(v, e, kind == Snapshot, received, l)
	}
}

// takeUpdate takes a value of ticker.
func (w *Watch) takeUpdate(v *view, e *element, snapshot bool, received int64, l *Ledger) {
	c := claim{element: e, node: w.node, snapshot: snapshot}
	if !snapshot && !w.inOrder(v, &c, l) {
		return
	}
	c.deal = w.truth.prints.of(e.deal)
	c.quote = w.truth.prints.of(e.quote)
	c.volume, c.countable = amountOf(e.volume)
	d := w.truth.update(v, &c)
	w.judge(v, e, &d, l)
	if d.back {
		return
	}
	said := e.count - v.count
	switch {
	case d.matched && v.is(matched):
		went := int64(d.index) - int64(v.index)
		if !v.is(here) {
			said = went // a snapshot stands for all that was missed
		}
		account(l, went, said)
	case v.is(here):
		account(l, said, said)
	default:
		account(l, 1, 1)
	}
	if !snapshot {
		if v.is(here) && said > 0 {
			l.Conflated += uint64(said - 1)
		}
		w.sample(e, &d, received, l)
	}
	if !c.miscounted {
		v.count = e.count
	} else if d.matched && v.is(matched) { // what it should have been
		v.count += int64(d.index) - int64(v.index)
	}
	w.advance(v, e, &d)
}

// account counts how many ticks an element had to tell of, and how many it did.
func account(l *Ledger, went, said int64) {
	if went > 0 {
		l.Expected += uint64(went)
		l.Accounted += uint64(max(0, min(went, said)))
	}
}

// inOrder reports whether an update may follow what the client was told before.
func (w *Watch) inOrder(v *view, c *claim, l *Ledger) bool {
	e := c.element
	switch {
	case !v.is(here) && !v.is(resumed):
		w.violate(v, e, Order, "an update before a snapshot of its symbol", l)
		return true // and from there on it counts
	case e.seq <= v.seq:
		w.violate(v, e, Order, "seq does not rise", l)
	case v.is(here) && e.count <= v.count:
		w.violate(v, e, Order, fmt.Sprintf("ordinal %d after %d", e.count, v.count), l)
		c.miscounted = true
		return true
	default:
		return true
	}
	return false
}

// takeTrade takes an element of trades.
func (w *Watch) takeTrade(v *view, e *element, received int64, l *Ledger) {
	if v.is(here) && e.seq <= v.seq {
		w.violate(v, e, Order, "seq does not rise", l)
		return
	}
	c := claim{element: e, node: w.node, deal: w.truth.prints.of(e.deal)}
	d := w.truth.trade(v, &c)
	w.judge(v, e, &d, l)
	if d.back {
		return
	}
	said := int64(1)
	if v.is(holed) {
		said += d.skipped
	}
	account(l, 1+d.skipped, said)
	w.sample(e, &d, received, l)
	v.clear(holed)
	if !d.matched && d.kind != "" { // it may stand in the place of one that is
		v.set(holed)
	}
	w.advance(v, e, &d)
}

// takeGap takes note that trades are missing.
func (w *Watch) takeGap(g *wire.Gap, l *Ledger) {
	l.Gaps++
	v := w.view([]byte(g.Symbol))
	if !w.trades || g.Channel != wire.Trades {
		return
	}
	if v == nil {
		l.violate(Violation{Kind: Value, Client: w.client, Symbol: g.Symbol, Seq: g.To, What: "a gap of a symbol that nobody asked for"})
		return
	}
	v.set(holed)
	if g.To < g.From || g.To > v.seq { // seqs go on behind it, or anew
		v.seq = g.To
	}
}

// judge tells what is wrong, if something is.
func (w *Watch) judge(v *view, e *element, d *verdict, l *Ledger) {
	if d.unchecked {
		l.Unchecked++
	}
	if d.kind != "" {
		w.violate(v, e, d.kind, d.what, l)
	}
}

func (w *Watch) violate(v *view, e *element, kind, what string, l *Ledger) {
	before := int64(0)
	if v.is(told) {
		before = v.seq
	}
	l.violate(Violation{Kind: kind, Client: w.client, Symbol: string(e.symbol), Before: before, Seq: e.seq, What: what})
}

// sample tells the latency of an element that is of a tick that was.
func (w *Watch) sample(e *element, d *verdict, received int64, l *Ledger) {
	if l.Sampler != nil && d.kind != Value {
		l.Sampler.Sample(e.time, cmp.Or(d.oldest, e.time), d.sent, received)
	}
}

// advance makes an element what the client was told last.
func (w *Watch) advance(v *view, e *element, d *verdict) {
	v.seq = d.seq
	v.set(told | here)
	v.clear(resumed)
	if d.matched {
		v.match(d.index)
	} else if !w.trades {
		v.clear(matched)
	}
}

func symbolID(v *view) feed.SymbolID { return feed.SymbolID(v.id()) }
