package fanout

import (
	"time"

	"tickwire/fanout/wire"
)

func (s *Subscriber) carryOut(r wire.Request) any {
	switch r.Op {
	case wire.OpSubscribe:
		return s.subscribe(r)
	case wire.OpUnsubscribe:
		return s.unsubscribe(r)
	case wire.OpList:
		return s.list(r)
	default:
		return s.pong(r)
	}
}

func (s *Subscriber) pong(r wire.Request) wire.Pong {
	_, heard, _ := s.shard.fresh.of(s.shard.now)
	return wire.Pong{Type: wire.TypePong, ID: r.ID, Time: time.Now().UnixMicro(), LagMS: heard.Behind.Milliseconds(), Conflated: s.conflatedTicks(), Bytes: s.bytes}
}

func (s *Subscriber) subscribe(r wire.Request) any {
	position, err := parsePosition(r.Position)
	if r.Position != "" && err != nil {
		return wire.Error{Type: wire.TypeError, ID: r.ID, Code: wire.BadRequest, Message: "position must be one that an ack of this server had"}
	}
	if r.BytesPerS != nil {
		s.setBudget(*r.BytesPerS)
	}
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel, Stamps: r.Stamps, BytesPerS: s.bytesPerS()}
	if r.SetsBudgetOnly() {
		return ack
	}
	c := channelOf(r.Channel, r.Stamps)
	if most := c.maxRate(); most > 0 && (r.Rate == 0 || r.Rate > most) {
		r.Rate = most
	}
	ack.Rate = r.Rate
	v := s.shard.view(c)
	n, ok := s.laneOf(v, r.Rate)
	if !ok {
		return wire.Error{Type: wire.TypeError, ID: r.ID, Code: wire.BadRequest, Message: "too many different rates: use one of those in use, or unsubscribe first"}
	}
	s.beginResume(c, r.Since, position)
	room := min(len(r.Symbols), 1<<10)
	verdicts(&ack, r.Symbols, func(term string) wire.Code {
		code := s.addTerm(v, term, n, room)
		if code == "" {
			s.removeFromTwin(c, term)
		}
		return code
	})
	if c.trades() {
		ack.Position = s.resume.position(&s.shard.book.intakes).position()
	}
	s.dismissLanes()
	s.measure()
	return ack
}

// removeFromTwin ends the subscription of a term with stamps when it has been
// subscribed without, and the other way round.
func (s *Subscriber) removeFromTwin(c channel, term string) {
	if twin := s.shard.views[c.twin()]; twin != nil && c.twin() != c {
		s.removeTerm(twin, term)
	}
}

func (s *Subscriber) unsubscribe(r wire.Request) any {
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel}
	c := channelOf(r.Channel, false)
	verdicts(&ack, r.Symbols, func(term string) wire.Code {
		code := wire.NotSubscribed
		for _, one := range []channel{c, c.twin()} {
			if v := s.shard.views[one]; v != nil && s.removeTerm(v, term) == "" {
				code = ""
			}
		}
		return code
	})
	s.dismissLanes()
	s.measure()
	if s.watchlist.terms() == 0 {
		s.unwatched = time.Now()
	}
	return ack
}

func (s *Subscriber) list(r wire.Request) any {
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Subscriptions: []wire.Subscription{}, BytesPerS: s.bytesPerS()}
	for n, l := range s.lanes {
		if l == nil {
			continue
		}
		if terms := s.watchlist.termsOf(uint8(n), s.shard.book.symbols); terms != nil {
			c := l.view.channel
			ack.Subscriptions = append(ack.Subscriptions, wire.Subscription{Channel: c.String(), Symbols: terms, Rate: l.rate, Stamps: c.stamped()})
		}
	}
	return ack
}

// dismissLanes gives back the lanes that no term has any more. One that stayed
// would count as idle, and have every tick wake the shard.
func (s *Subscriber) dismissLanes() {
	for n, l := range s.lanes {
		if l != nil && !s.watchlist.usesLane(uint8(n)) {
			s.shard.dismiss(l)
			s.lanes[n] = nil
		}
	}
}

// laneOf is the number of the lane for a rate in a channel, an old or a new one.
func (s *Subscriber) laneOf(v *view, rate float64) (uint8, bool) {
	vacant, used := -1, 0
	for n, l := range s.lanes {
		switch {
		case l == nil:
			vacant = n
		case l.view == v && l.rate == rate:
			return uint8(n), true
		case l.view == v:
			used++
		}
	}
	if used == s.shard.policy.Rates {
		return 0, false
	}
	if vacant < 0 {
		vacant = len(s.lanes)
		s.lanes = append(s.lanes, nil)
	}
	s.lanes[vacant] = newLane(s, v, rate)
	s.shard.idle.Add(1)
	s.unschedule()
	return uint8(vacant), true
}
