package fanout

import "time"

// budget is a bucket of bytes that fills with the bytes a second that a client
// has allowed itself. A frame may overdraw it; then nothing is sent until it is
// full again to nothing, and the symbols that change meanwhile are conflated as
// for a client that does not read.
type budget struct {
	perSecond int
	tokens    float64 // what may be sent now; below 0 it is overdrawn
	at        time.Time
	lane      *lane // in the due list while it is overdrawn
}

// leastFrame is the room, in bytes of text, that a frame has under any budget.
const leastFrame = 1 << 10

func (s *Subscriber) bytesPerS() int {
	if s.budget == nil {
		return 0
	}
	return s.budget.perSecond
}

// setBudget sets the bytes a second of all that s is sent; 0: no bound.
func (s *Subscriber) setBudget(perSecond int) {
	if s.budget != nil {
		s.shard.due.remove(s.budget.lane)
	}
	s.budget, s.broke = nil, false
	if perSecond > 0 {
		s.budget = &budget{perSecond: perSecond, at: s.shard.now, lane: &lane{sub: s, due: -1, budget: true}}
	}
	s.measure()
	s.shard.touch(s)
}

// pay takes what was sent out of the budget.
func (s *Subscriber) pay(bytes int) {
	b := s.budget
	if b == nil {
		return
	}
	perSecond := float64(b.perSecond)
	now := s.shard.now
	b.tokens = min(perSecond, b.tokens+now.Sub(b.at).Seconds()*perSecond) - float64(bytes)
	b.at = now
	if b.tokens < 0 {
		s.broke = true
		s.shard.due.remove(b.lane)
		b.lane.next = now.Sub(s.shard.began) + time.Duration(-b.tokens/perSecond*float64(time.Second))
		s.shard.due.push(b.lane)
	}
}

// maxFrame bounds the text of a data message to s: that of the policy, and about
// what its budget allows in a second.
func (s *Subscriber) maxFrame() int {
	most := s.shard.policy.MaxFrame
	if s.budget != nil {
		most = min(most, max(s.budget.perSecond, leastFrame))
	}
	return most
}
