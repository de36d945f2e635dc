package client

import "sync/atomic"

// Stats are counts since the client was made.
type Stats struct {
	Connections     uint64 // that got as far as hello
	Messages        uint64 // of any kind
	Updates         uint64 // in snapshots and ticker messages
	Bytes           uint64 // from the network, as they were compressed
	Conflated       uint64 // ticks that came only as part of a later update
	Heartbeats      uint64
	OrderViolations uint64 // see OrderError
	Undecodable     uint64 // messages that are not of the protocol
	Unknown         uint64 // messages of a type that this client does not know, passed over
}

type counters struct {
	connections, messages, updates, bytes, conflated, heartbeats, violations, undecodable, unknown atomic.Uint64
}

// Stats may be called at any time.
func (c *Client) Stats() Stats {
	n := &c.counters
	return Stats{
		Connections:     n.connections.Load(),
		Messages:        n.messages.Load(),
		Updates:         n.updates.Load(),
		Bytes:           n.bytes.Load(),
		Conflated:       n.conflated.Load(),
		Heartbeats:      n.heartbeats.Load(),
		OrderViolations: n.violations.Load(),
		Undecodable:     n.undecodable.Load(),
		Unknown:         n.unknown.Load(),
	}
}
