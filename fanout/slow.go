package fanout

import (
	"slices"
	"time"

	"tickwire/fanout/wire"
)

// What is done with a client that takes less than there is:
//
//  1. While its socket is full nothing is sent: its symbols stay pending, one bit
//     each, and newer ticks replace older ones. Its memory does not grow, and
//     nobody waits for it.
//  2. When it reads again it gets the newest values at once. If they are more
//     than Policy.MaxFrame, those that waited longest go first.
//  3. If it had been blocked for a third of Policy.Stall it is told so, by a
//     notice.
//  4. When it has taken no byte for Policy.Stall it is evicted, with Slow.

// block notes that the outbox cannot take a frame.
func (s *Subscriber) block(now time.Time) {
	s.blocked, s.blockedAt = true, now
}

// unblock notes that it can again, and remembers to say so if it took long.
func (s *Subscriber) unblock(now time.Time) {
	s.blocked = false
	s.warn = now.Sub(s.blockedAt) >= s.shard.policy.Stall/3
}

// notice is what a client that was blocked for long is told.
func (p Policy) notice() []byte {
	return wire.Marshal(wire.Notice{Type: wire.TypeNotice, Code: wire.NoticeSlow, InMS: p.Stall.Milliseconds()})
}

// stalled reports whether a blocked client has taken nothing for too long.
func (s *Subscriber) stalled(now time.Time) bool {
	return s.blocked && now.Sub(s.out.Progress()) >= s.shard.policy.Stall
}

// waitingLine is what is pending at a subscriber in the order in which it became
// so. It is only looked at when a frame must be cut. What is no longer pending
// may still stand in it, and is passed over.
type waitingLine []waiter

type waiter struct {
	part uint16 // its number
	at   uint32
}

// maxText is the longest text that an update can have: a symbol, three integers,
// four Numbers and a total, with what stands around them.
const maxText = 384

// measure finds out whether a frame of s may have to be cut. While all of its
// watchlist fits into one the line is not kept, which most clients never need.
func (s *Subscriber) measure() {
	symbols := 0
	for _, p := range s.watchlist.parts {
		if p != nil && p.log == nil {
			symbols += p.size()
		}
	}
	was := s.lined
	if s.lined = symbols*maxText > s.maxFrame(); s.lined == was {
		return
	}
	for _, p := range s.watchlist.parts {
		if p == nil || p.log != nil {
			continue
		}
		if p.lined = s.lined; s.lined {
			p.pending.visit(func(at uint32) { s.waiting.join(p, at) })
		}
	}
}

// join notes that a symbol of p has become pending.
func (s *Subscriber) join(p *part, at uint32) {
	if s.lined && p.log == nil {
		s.waiting.join(p, at)
	}
}

// join appends a symbol that has become pending.
func (w *waitingLine) join(p *part, at uint32) {
	if len(*w) == cap(*w) {
		w.tidy(p.sub.watchlist.parts)
	}
	*w = append(*w, waiter{p.number, at})
}

// tidy removes what is not pending and what stands twice, so that the line
// never has more room than twice the watchlist.
func (w *waitingLine) tidy(parts []*part) {
	kept := (*w)[:0]
	for _, one := range *w {
		if p := parts[one.part]; p != nil && p.log == nil && p.pending.clear(one.at) { // the first time
			kept = append(kept, one)
		}
	}
	for _, one := range kept {
		parts[one.part].pending.set(one.at)
	}
	*w = kept
}

// forget ends the wait of all symbols of a view.
func (w *waitingLine) forget(parts []*part, v *view) {
	others := slices.ContainsFunc(parts, func(p *part) bool { return p != nil && p.view != v && p.log == nil })
	if !others {
		w.empty()
		return
	}
	*w = slices.DeleteFunc(*w, func(one waiter) bool { return parts[one.part] == nil || parts[one.part].view == v })
}

// keptLine is the room that a line that has become empty keeps.
const keptLine = 256

// empty ends the wait of all.
func (w *waitingLine) empty() {
	if *w = (*w)[:0]; cap(*w) > keptLine {
		*w = nil
	}
}
