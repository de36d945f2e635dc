package fanout

import (
	"tickwire/fanout/wire"
)

// Within is how far a client may go with one request. Who knows what its token
// grants has judged the request before; the zero value adds nothing.
type Within struct {
	Denied []wire.Denied // verdicts on symbols that the request no longer has
	Terms  int           // most symbols and patterns; 0: as many as the policy
	// Alone says that the client has no other subscription, and never will, as
	// with a stream of events that asks for one channel. The event of the ack then
	// has an id, the position of its trades: who is cut off before the first trade
	// can resume.
	Alone bool
}

// DoWithin is Do with the verdicts that were passed before it, which the ack
// names too.
func (s *Subscriber) DoWithin(r wire.Request, w Within) {
	var missed []*missed
	s.ask(func() []byte {
		s.granted = w.Terms
		answer := s.carryOut(r)
		missed = s.endResume()
		if ack, ok := answer.(wire.Ack); ok {
			ack.Denied = append(w.Denied, ack.Denied...)
			answer = ack
			if w.Alone {
				s.begins = ack.Position
			}
		}
		return wire.Marshal(answer)
	})
	if len(missed) > 0 {
		s.replayAll(missed)
	}
}

// Answer gives the client a message that answers a request of its own that
// others have carried out; like Do.
func (s *Subscriber) Answer(message any) {
	s.ask(func() []byte { return wire.Marshal(message) })
}

// Notify tells the client what may happen to its connection, when its socket
// takes it. A later notice takes the place of one that is still waiting.
func (s *Subscriber) Notify(n wire.Notice) {
	s.shard.post(func() { s.shard.notify(s, n) })
}

func (sh *shard) notify(s *Subscriber, n wire.Notice) {
	s.notice = &n
	sh.touch(s)
}

// most is how many symbols and patterns the client may have.
func (s *Subscriber) most() int {
	if s.granted > 0 {
		return min(s.granted, s.shard.policy.Terms)
	}
	return s.shard.policy.Terms
}

// CountEnd counts a connection that ended before it had a subscriber.
func (h *Hub) CountEnd(why Reason) { h.shards[0].ended[why].Add(1) }
