package fanout

import (
	"time"

	"tickwire/fanout/wire"
)

// Policy is what a subscriber may do and what is done with it. The zero value
// of a field means its default.
type Policy struct {
	// Heartbeat is the interval within which a subscriber hears something; a
	// heartbeat message goes out after half of it in silence. Default: 5 s.
	Heartbeat time.Duration
	// Idle is how long a subscriber may be without any subscription before it
	// is shut with Idle. Default: 30 s.
	Idle time.Duration
	// Stall is how long a client may take no byte of what is on its way before
	// it is evicted with Slow. Default: 30 s.
	Stall time.Duration
	// MaxFrame bounds the text of a data message, in bytes before compression.
	// A single update may exceed it. Default: 64 KiB.
	MaxFrame int
	// Terms bounds the symbols and patterns of a subscriber. A pattern counts
	// as one, whatever it covers. Default: 10,000.
	Terms int
	// Rates bounds the different rates that a subscriber uses at one time.
	// Default: 8.
	Rates int

	// Lagging is from when on a node that is behind the end of the topic says
	// that its feed is lagging. Default: 2 s.
	Lagging time.Duration
	// Down is from when on a node that has no connection to a partition says
	// that its feed is down. Default: 5 s.
	Down time.Duration
	// FeedStale is the age of the newest tick of all from which on the feed is
	// stale, SymbolStale that of a symbol's newest tick from which on the symbol
	// is. Default: 10 s and 1 min.
	FeedStale, SymbolStale time.Duration
}

func (p Policy) withDefaults() Policy {
	for _, d := range []struct {
		set    *time.Duration
		unless time.Duration
	}{{&p.Lagging, 2 * time.Second}, {&p.Down, 5 * time.Second}, {&p.FeedStale, 10 * time.Second}, {&p.SymbolStale, time.Minute}} {
		if *d.set <= 0 {
			*d.set = d.unless
		}
	}
	if p.Heartbeat <= 0 {
		p.Heartbeat = 5 * time.Second
	}
	if p.Idle <= 0 {
		p.Idle = 30 * time.Second
	}
	if p.Stall <= 0 {
		p.Stall = 30 * time.Second
	}
	if p.MaxFrame <= 0 {
		p.MaxFrame = 64 << 10
	}
	if p.Terms <= 0 {
		p.Terms = 10_000
	}
	if p.Rates <= 0 || p.Rates > 255 {
		p.Rates = 8
	}
	return p
}

// Limits is the policy as a client sees it in hello.
func (p Policy) Limits(messageBytes int) wire.Limits {
	return wire.Limits{MessageBytes: messageBytes, Terms: p.Terms, Rates: p.Rates, IdleMS: p.Idle.Milliseconds()}
}

// sweepEvery is how often a shard looks at all its subscribers: often enough
// that a heartbeat is late by an eighth of its interval at most.
func (p Policy) sweepEvery() time.Duration { return p.Heartbeat / 8 }
