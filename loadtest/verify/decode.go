package verify

import (
	"bytes"
	"fmt"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// takeParsed takes a message through wire.Parse, data from the n-th element on.
func (w *Watch) takeParsed(text []byte, n int, received int64, l *Ledger) Message {
	m, err := wire.Parse(text)
	if err != nil {
		w.unreadable(text, err, l)
		return Broken
	}
	return w.takeMessage(m, n, received, l)
}

// unreadable tells that a message is none.
func (w *Watch) unreadable(text []byte, err error, l *Ledger) {
	l.violate(Violation{Kind: Value, Client: w.client, What: fmt.Sprintf("%v: %.100q", err, text)})
}

// takeMessage takes a message that was parsed, data from the n-th element on.
func (w *Watch) takeMessage(m any, n int, received int64, l *Ledger) Message {
	kind := kindOfParsed(m)
	switch m := m.(type) {
	case *wire.Data:
		if w.trades {
			return Other
		}
		for i := range m.Data[min(n, len(m.Data)):] {
			e := elementOf(&m.Data[n+i])
			w.take(kind, &e, received, l)
		}
	case *wire.TradesMessage:
		if !w.trades || kind != Trades {
			return Other
		}
		for i := range m.Data[min(n, len(m.Data)):] {
			e := elementOfTrade(&m.Data[n+i])
			w.take(kind, &e, received, l)
		}
	case *wire.Gap:
		w.takeGap(m, l)
	case *wire.Heartbeat:
		l.Heartbeats++
	case *wire.Ack:
		if m.Op == wire.OpSubscribe {
			w.begin()
		}
	}
	return kind
}

// elementOf is an update as scan would have read it.
func elementOf(u *wire.Update) element {
	return element{
		symbol: []byte(u.Symbol), seq: u.Seq, count: int64(u.Ordinal), time: u.Time, deal: pairOf(u.Price, betweenDeal, u.Size),
		quote: pairOf(u.Bid, betweenQuote, u.Ask), volume: u.Volume, received: u.Received,
	}
}

// elementOfTrade is a trade likewise.
func elementOfTrade(t *wire.Trade) element {
	return element{
		symbol: []byte(t.Symbol), seq: t.Seq, time: t.Time, deal: pairOf(t.Price, betweenDeal, t.Size), side: []byte(t.Side), received: t.Received,
	}
}

func pairOf(a feed.Number, between string, b feed.Number) []byte {
	return append(append(append([]byte{}, a...), between...), b...)
}

// takeDecoded takes a message through wire.Parse, and holds what scan reads of it
// to that.
func (w *Watch) takeDecoded(kind Message, s scan, received int64, l *Ledger) Message {
	m, err := wire.Parse(s.b)
	if err != nil {
		w.unreadable(s.b, err, l)
		return Broken
	}
	parsed := w.takeMessage(m, 0, received, l)
	if !s.data(kind) || bytes.IndexByte(s.b, '\\') >= 0 {
		return parsed
	}
	var want []element
	switch m := m.(type) {
	case *wire.Data:
		for i := range m.Data {
			want = append(want, elementOf(&m.Data[i]))
		}
	case *wire.TradesMessage:
		for i := range m.Data {
			want = append(want, elementOfTrade(&m.Data[i]))
		}
	}
	for i := range want {
		var e element
		if !s.element(kind, &e) {
			return parsed
		}
		if what := e.differs(&want[i]); what != "" {
			l.violate(Violation{Kind: Value, Client: w.client, Symbol: string(e.symbol), Seq: e.seq, What: what})
		}
		if more, ok := s.next(); !ok || !more {
			return parsed
		}
	}
	return parsed
}

// differs says how an element is not as another one, "" if it is. Volumes are
// compared as exact decimals too.
func (e *element) differs(want *element) string {
	if !bytes.Equal(e.symbol, want.symbol) || e.seq != want.seq || e.count != want.count || e.time != want.time || e.received != want.received ||
		!bytes.Equal(e.deal, want.deal) || !bytes.Equal(e.quote, want.quote) || !bytes.Equal(e.volume, want.volume) || !bytes.Equal(e.side, want.side) {
		return fmt.Sprintf("read as %v, decoded as %v", e, want)
	}
	if a, ok := amountOf(e.volume); ok && len(e.volume) > 0 {
		if d, err := feed.Number(want.volume).Decimal(); err != nil || !d.Equal(a.decimal()) {
			return fmt.Sprintf("v is read as %s, decoded as %s", a.decimal(), want.volume)
		}
	}
	return ""
}
