package fanout

import (
	"slices"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Subscriber is one client's half in the fan-out. Its exported methods may be
// called from anywhere; everything else belongs to its shard's goroutine.
type Subscriber struct {
	shard   *shard
	out     Outbox
	deflate bool          // the client takes compressed messages
	ended   chan struct{} // closed when the shard has let go of it

	watchlist watchlist
	lanes     []*lane       // by number; nil where one was given back
	waiting   waitingLine   // what is pending, longest first
	lined     bool          // waiting is kept, see measure
	reply     []byte        // the answer to the request under way, nil: none
	replied   chan struct{} // told when it is with the outbox

	place     int // in shard.subs
	blocked   bool
	warn      bool // it was blocked for long and is to be told
	gone      bool
	touched   bool      // in shard.touched
	sent      time.Time // of the last frame
	blockedAt time.Time
	unwatched time.Time // since when the watchlist has had no terms
	conflated uint64    // ticks that were replaced before they were sent
}

// Attach begins: the first frame that the outbox is given is hello. Who attaches
// calls Detach when the connection has ended.
func (s *Subscriber) Attach(hello []byte) {
	if !s.shard.post(func() { s.shard.attach(s, hello) }) {
		close(s.ended)
		s.out.Shut(ServerEnds)
	}
}

// Do carries out a checked request and returns when its answer is with the
// outbox: before that, the caller reads no further request of this client. So
// an answer waits in the place of one, however slowly the client reads. It
// returns at once when the subscriber has ended.
func (s *Subscriber) Do(r wire.Request) {
	s.ask(func() []byte { return wire.Marshal(s.carryOut(r)) })
}

// Refuse answers a request that ParseRequest did not accept; like Do.
func (s *Subscriber) Refuse(e *wire.Error) {
	s.ask(func() []byte { return wire.Marshal(e) })
}

func (s *Subscriber) ask(answer func() []byte) {
	replied := make(chan struct{})
	s.shard.post(func() {
		if !s.detached() {
			s.reply, s.replied = answer(), replied
			s.shard.touch(s)
		}
	})
	select {
	case <-replied:
	case <-s.ended:
	}
}

// Writable tells that the outbox can take the next frame; see Blocked.
func (s *Subscriber) Writable() { s.shard.writable(s) }

// Detach ends the subscription of everything and lets go of the outbox. The
// first reason counts. It does not wait.
func (s *Subscriber) Detach(why Reason) {
	s.shard.post(func() { s.shard.detach(s, why) })
}

func (s *Subscriber) detached() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (s *Subscriber) carryOut(r wire.Request) any {
	switch r.Op {
	case wire.OpSubscribe:
		return s.subscribe(r)
	case wire.OpUnsubscribe:
		return s.unsubscribe(r)
	case wire.OpList:
		return s.list(r)
	default:
		return wire.Pong{Type: wire.TypePong, ID: r.ID, Time: time.Now().UnixMicro()}
	}
}

func (s *Subscriber) subscribe(r wire.Request) any {
	n, ok := s.laneOf(r.Rate)
	if !ok {
		return wire.Error{Type: wire.TypeError, ID: r.ID, Code: wire.BadRequest, Message: "too many different rates: use one of those in use, or unsubscribe first"}
	}
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel, Rate: r.Rate}
	names := s.parts()[0]
	names.entries = slices.Grow(names.entries, min(len(r.Symbols), 1<<10)) // as many as asked for, and no spare room
	verdicts(&ack, r.Symbols, func(term string) wire.Code { return s.addTerm(term, n) })
	s.dismissLanes()
	s.measure()
	return ack
}

func (s *Subscriber) unsubscribe(r wire.Request) any {
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel}
	verdicts(&ack, r.Symbols, s.removeTerm)
	s.dismissLanes()
	s.measure()
	if s.watchlist.terms() == 0 {
		s.unwatched = time.Now()
	}
	return ack
}

func (s *Subscriber) list(r wire.Request) any {
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Subscriptions: []wire.Subscription{}}
	for n, l := range s.lanes {
		if l == nil {
			continue
		}
		if terms := s.watchlist.termsOf(uint8(n), s.shard.book.symbols); terms != nil {
			ack.Subscriptions = append(ack.Subscriptions, wire.Subscription{Channel: wire.Ticker, Symbols: terms, Rate: l.rate})
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

// laneOf is the number of the lane for a rate, an old or a new one.
func (s *Subscriber) laneOf(rate float64) (uint8, bool) {
	vacant := -1
	for n, l := range s.lanes {
		switch {
		case l != nil && l.rate == rate:
			return uint8(n), true
		case l == nil:
			vacant = n
		}
	}
	if vacant < 0 {
		if len(s.lanes) == s.shard.policy.Rates {
			return 0, false
		}
		vacant = len(s.lanes)
		s.lanes = append(s.lanes, nil)
	}
	s.lanes[vacant] = newLane(s, rate)
	s.shard.idle.Add(1)
	s.unschedule()
	return uint8(vacant), true
}

// addTerm subscribes one name or pattern, or says why not.
func (s *Subscriber) addTerm(term string, lane uint8) wire.Code {
	if !wire.ValidTerm(term) {
		return wire.BadSymbol
	}
	if prefix, ok := wire.Pattern(term); ok {
		return s.addPattern(prefix, lane)
	}
	id, ok := s.shard.book.symbols.Lookup(term)
	if !ok {
		return wire.UnknownSymbol
	}
	names := s.parts()[0]
	if at, named := s.watchlist.name(id); named {
		names.entries[at].lane = lane
		return ""
	}
	if s.watchlist.terms() >= s.shard.policy.Terms {
		return wire.TooManySymbols
	}
	at := names.put(entry{id: id, lane: lane, live: true})
	s.watchlist.index(id, at)
	s.shard.watchName(names, at)
	names.claim(id, at)
	return ""
}

func (s *Subscriber) addPattern(prefix string, lane uint8) wire.Code {
	if p := s.watchlist.pattern(prefix); p != nil {
		p.lane = lane
		return ""
	}
	if s.watchlist.terms() >= s.shard.policy.Terms {
		return wire.TooManySymbols
	}
	p := &part{sub: s, lane: lane, number: s.number()}
	s.watchlist.parts[p.number] = p
	s.shard.join(p, prefix)
	for at, id := range p.roster.symbols {
		p.claim(id, uint32(at))
	}
	return ""
}

// parts are the parts of the watchlist, the names among them.
func (s *Subscriber) parts() []*part {
	if s.watchlist.parts == nil {
		s.watchlist.parts = []*part{{sub: s}}
	}
	return s.watchlist.parts
}

// number is a free place among the parts.
func (s *Subscriber) number() uint16 {
	for n, p := range s.parts() {
		if p == nil {
			return uint16(n)
		}
	}
	s.watchlist.parts = append(s.watchlist.parts, nil)
	return uint16(len(s.watchlist.parts) - 1)
}

func (s *Subscriber) removeTerm(term string) wire.Code {
	if prefix, ok := wire.Pattern(term); ok {
		p := s.watchlist.pattern(prefix)
		if p == nil {
			return wire.NotSubscribed
		}
		s.removePattern(p)
		return ""
	}
	id, ok := s.shard.book.symbols.Lookup(term)
	at, named := s.watchlist.name(id)
	if !ok || !named {
		return wire.NotSubscribed
	}
	s.removeName(id, at)
	return ""
}

func (s *Subscriber) removeName(id feed.SymbolID, at uint32) {
	names := s.watchlist.parts[0]
	names.release(id, at)
	s.shard.unwatchName(names, at)
	delete(s.watchlist.names, id)
	names.drop(at)
}

func (s *Subscriber) removePattern(p *part) {
	for at, id := range p.roster.symbols {
		p.release(id, uint32(at))
	}
	s.watchlist.parts[p.number] = nil
	s.shard.leave(p)
}

// clear ends every subscription.
func (s *Subscriber) clear() {
	for _, p := range s.watchlist.patterns() {
		if p != nil {
			s.shard.leave(p)
		}
	}
	if len(s.watchlist.parts) > 0 {
		for at, e := range s.watchlist.parts[0].entries {
			if e.live {
				s.shard.unwatchName(s.watchlist.parts[0], uint32(at))
			}
		}
	}
	s.watchlist = watchlist{}
}

// unschedule has the next mark of every part look at its lane again.
func (s *Subscriber) unschedule() {
	for _, p := range s.watchlist.parts {
		if p != nil {
			p.scheduled = false
		}
	}
}
