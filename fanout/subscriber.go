package fanout

import (
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Subscriber is one client's half in the fan-out. Its exported methods may be
// called from anywhere; everything else belongs to its shard's goroutine.
type Subscriber struct {
	shard *shard
	out   Outbox
	ended chan struct{} // closed when the shard has let go of it

	watchlist watchlist
	lanes     []*lane // by number; nil where one was given back
	fresh     bitset  // entries that need a snapshot before anything else
	reply     []byte  // the answer to the request under way, nil: none
	replied   chan struct{}

	place     int // in shard.subs
	blocked   bool
	gone      bool
	touched   bool      // in shard.touched
	sent      time.Time // of the last frame
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
	s.shard.post(func() {
		if !s.detached() {
			s.reply = answer()
			s.shard.flush(s)
		}
	})
	select {
	case <-s.replied:
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
	verdicts(&ack, r.Symbols, func(term string) wire.Code { return s.addTerm(term, n) })
	return ack
}

func (s *Subscriber) unsubscribe(r wire.Request) any {
	ack := wire.Ack{Type: wire.TypeAck, ID: r.ID, Op: r.Op, Channel: r.Channel}
	verdicts(&ack, r.Symbols, s.removeTerm)
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

// laneOf is the number of the lane for a rate, an old or a new one.
func (s *Subscriber) laneOf(rate float64) (uint8, bool) {
	vacant := -1
	for n, l := range s.lanes {
		switch {
		case l != nil && l.rate == rate:
			return uint8(n), true
		case l == nil || !s.watchlist.usesLane(uint8(n)):
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
	if old := s.lanes[vacant]; old != nil {
		s.shard.due.remove(old)
	}
	s.lanes[vacant] = newLane(s, rate)
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
	i, watched := s.watchlist.index[id]
	if !watched || s.watchlist.entries[i].name == 0 {
		if s.watchlist.terms() >= s.shard.policy.Terms {
			return wire.TooManySymbols
		}
		s.watchlist.named++
	}
	if !watched {
		s.watch(entry{id: id, lane: lane, name: lane + 1})
		return ""
	}
	s.watchlist.entries[i].name = lane + 1
	s.settle(i)
	return ""
}

func (s *Subscriber) addPattern(prefix string, lane uint8) wire.Code {
	if at := s.watchlist.findPattern(prefix); at >= 0 {
		s.watchlist.patterns[at].lane = lane
	} else {
		if s.watchlist.terms() >= s.shard.policy.Terms {
			return wire.TooManySymbols
		}
		s.watchlist.patterns = append(s.watchlist.patterns, pattern{prefix, lane})
		s.shard.patterns[s] = struct{}{}
	}
	// Symbols beyond known are the shard's next pulse's business.
	for id := range feed.SymbolID(s.shard.known) {
		s.cover(id)
	}
	return ""
}

// cover watches id if a pattern asks for it, at the pattern's lane.
func (s *Subscriber) cover(id feed.SymbolID) {
	p, ok := s.watchlist.covering(s.shard.book.symbols.Name(id))
	if !ok {
		return
	}
	if i, watched := s.watchlist.index[id]; watched {
		s.settle(i)
		return
	}
	s.watch(entry{id: id, lane: p.lane})
}

func (s *Subscriber) removeTerm(term string) wire.Code {
	if prefix, ok := wire.Pattern(term); ok {
		return s.removePattern(prefix)
	}
	id, ok := s.shard.book.symbols.Lookup(term)
	i, watched := s.watchlist.index[id]
	if !ok || !watched || s.watchlist.entries[i].name == 0 {
		return wire.NotSubscribed
	}
	s.watchlist.entries[i].name = 0
	s.watchlist.named--
	s.settle(i)
	return ""
}

func (s *Subscriber) removePattern(prefix string) wire.Code {
	at := s.watchlist.findPattern(prefix)
	if at < 0 {
		return wire.NotSubscribed
	}
	s.watchlist.patterns = append(s.watchlist.patterns[:at], s.watchlist.patterns[at+1:]...)
	if len(s.watchlist.patterns) == 0 {
		delete(s.shard.patterns, s)
	}
	for _, i := range s.watchlist.index {
		s.settle(i)
	}
	return ""
}

// settle gives entry i the lane that its terms now ask for, or ends it when
// none does. What is pending stays pending.
func (s *Subscriber) settle(i uint32) {
	e := &s.watchlist.entries[i]
	lane := e.name - 1
	if e.name == 0 {
		p, ok := s.watchlist.covering(s.shard.book.symbols.Name(e.id))
		if !ok {
			s.unwatch(i)
			return
		}
		lane = p.lane
	}
	if lane != e.lane && s.lanes[e.lane].pending.clear(i) {
		s.lanes[lane].pending.set(i)
	}
	e.lane = lane
}

func (s *Subscriber) watch(e entry) {
	i := s.watchlist.insert(e)
	s.fresh.set(i)
	s.shard.watch(s, i)
}

func (s *Subscriber) unwatch(i uint32) {
	e := s.watchlist.entries[i]
	s.fresh.clear(i)
	s.lanes[e.lane].pending.clear(i)
	s.shard.unwatch(s, i)
	s.watchlist.delete(i)
}

// mark notes that entry i has had that many more ticks. Unless a snapshot is
// coming anyway, all of them but one are conflated: this update stands for
// them; and if the entry was pending, all are.
func (s *Subscriber) mark(i uint32, ticks uint64) {
	if s.fresh.has(i) {
		return
	}
	if !s.lanes[s.watchlist.entries[i].lane].pending.set(i) {
		ticks--
	}
	s.conflated += ticks
	s.shard.conflated.Add(ticks)
}
