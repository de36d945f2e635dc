package client

import (
	"sync/atomic"

	"tickwire/fanout/wire"
)

// Stats are counts since the client was made.
type Stats struct {
	Connections uint64 // that got as far as hello
	Messages    uint64 // of any kind
	Bytes       uint64 // from the network, as they were compressed
	Updates     uint64 // in snapshots and messages of ticker
	Conflated   uint64 // ticks that came only as part of a later update
	Trades      uint64
	Gaps        uint64 // holes in the trades of a symbol
	Statistics  uint64 // in snapshots and messages of stats
	Bars        uint64 // in snapshots and messages of bars
	Heartbeats  uint64
	Undecodable uint64 // messages that are not of the protocol
	Unknown     uint64 // messages of a type that this client does not know, passed over

	// Promises that the server broke; each was told as an OrderError.
	OrderViolations    uint64 // updates whose seq or ordinal did not rise; not delivered
	SnapshotViolations uint64 // updates that came before a snapshot of their symbol
	TradeViolations    uint64 // trades whose seq did not rise; not delivered
}

// Violations are those of every kind.
func (s Stats) Violations() uint64 {
	return s.OrderViolations + s.SnapshotViolations + s.TradeViolations
}

type counters struct {
	connections, messages, bytes                                   atomic.Uint64
	updates, conflated, trades, gaps, statistics, bars, heartbeats atomic.Uint64
	undecodable, unknown                                           atomic.Uint64
	orderViolations, snapshotViolations, tradeViolations           atomic.Uint64
}

// broke counts a broken promise by its kind.
func (n *counters) broke(e *OrderError) {
	switch {
	case e.NoSnapshot:
		n.snapshotViolations.Add(1)
	case e.Channel == wire.Trades:
		n.tradeViolations.Add(1)
	default:
		n.orderViolations.Add(1)
	}
}

// Stats may be called at any time.
func (c *Client) Stats() Stats {
	n := &c.counters
	return Stats{
		Connections: n.connections.Load(),
		Messages:    n.messages.Load(),
		Bytes:       n.bytes.Load(),
		Updates:     n.updates.Load(),
		Conflated:   n.conflated.Load(),
		Trades:      n.trades.Load(),
		Gaps:        n.gaps.Load(),
		Statistics:  n.statistics.Load(),
		Bars:        n.bars.Load(),
		Heartbeats:  n.heartbeats.Load(),
		Undecodable: n.undecodable.Load(),
		Unknown:     n.unknown.Load(),

		OrderViolations:    n.orderViolations.Load(),
		SnapshotViolations: n.snapshotViolations.Load(),
		TradeViolations:    n.tradeViolations.Load(),
	}
}
