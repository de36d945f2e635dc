package fanout

import (
	"time"

	"tickwire/feed"
	"tickwire/feed/history"
)

// Stats is what the fan-out has done since it began, all shards together.
type Stats struct {
	Symbols     int
	Subscribers int
	Shards      int
	Pulses      uint64
	PulseTime   time.Duration // spent in pulses
	Frames      uint64        // messages given to outboxes
	Updates     uint64        // in those messages
	Text        uint64        // bytes of those updates, before compression
	Bytes       uint64        // of all frames, as they went out
	Heartbeats  uint64
	Conflated   uint64 // ticks that a subscriber got only as part of a later update
	Gaps        uint64 // told: trades or bars that a client was too far behind for
	Replayed    uint64 // trades that came from the archive
	// What became of ticks that are no symbol's newest value.
	Repeated, Astray, Refused uint64
	// Ended counts connections by the reason they ended for.
	Ended map[Reason]uint64
}

// Stats adds up the counters of the shards.
func (h *Hub) Stats() Stats {
	s := Stats{
		Symbols: h.book.symbols.Len(), Shards: len(h.shards),
		Repeated: h.applied[Repeated].Load(), Astray: h.applied[Astray].Load(), Refused: h.applied[Refused].Load(),
		Ended: make(map[Reason]uint64, reasons),
	}
	for _, sh := range h.shards {
		s.Subscribers += int(sh.subscribers.Load())
		s.Pulses += sh.pulses.Load()
		s.PulseTime += time.Duration(sh.pulseNanos.Load())
		s.Frames += sh.frames.Load()
		s.Updates += sh.updates.Load()
		s.Text += sh.texts.Load()
		s.Bytes += sh.bytes.Load()
		s.Heartbeats += sh.heartbeats.Load()
		s.Conflated += sh.conflated.Load()
		s.Gaps += sh.gaps.Load()
		s.Replayed += sh.replayed.Load()
		for r := range sh.ended {
			s.Ended[Reason(r)] += sh.ended[r].Load()
		}
	}
	return s
}

// OddTrades counts trades that are not in all bars.
type OddTrades struct {
	Late  [history.Intervals]uint64 // too late for the bars of an interval
	Ahead uint64                    // their event time was too far ahead to count in any
}

// OddTrades looks through all symbols.
func (h *Hub) OddTrades() (odd OddTrades) {
	for id := range feed.SymbolID(h.book.symbols.Len()) {
		h.book.slot(id).addOdd(&odd)
	}
	return odd
}

// Plus is s and o together, of hubs that serve the same symbols.
func (s Stats) Plus(o Stats) Stats {
	s.Symbols = max(s.Symbols, o.Symbols)
	s.Subscribers += o.Subscribers
	s.Shards += o.Shards
	s.Pulses += o.Pulses
	s.PulseTime += o.PulseTime
	s.Frames += o.Frames
	s.Updates += o.Updates
	s.Text += o.Text
	s.Bytes += o.Bytes
	s.Heartbeats += o.Heartbeats
	s.Conflated += o.Conflated
	s.Gaps += o.Gaps
	s.Replayed += o.Replayed
	s.Repeated += o.Repeated
	s.Astray += o.Astray
	s.Refused += o.Refused
	ended := make(map[Reason]uint64, reasons)
	for r := range reasons {
		ended[r] = s.Ended[r] + o.Ended[r]
	}
	s.Ended = ended
	return s
}
