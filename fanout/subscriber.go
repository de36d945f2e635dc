package fanout

import (
	"time"

	"tickwire/fanout/wire"
)

// Subscriber is one client's half in the fan-out. Its exported methods may be
// called from anywhere; everything else belongs to its shard's goroutine.
type Subscriber struct {
	shard    *shard
	out      Outbox
	encoding Encoding
	ended    chan struct{} // closed when the shard has let go of it

	watchlist watchlist
	lanes     []*lane       // by number; nil where one was given back
	waiting   waitingLine   // what is pending, longest first
	lined     bool          // waiting is kept, see measure
	reply     []byte        // the answer to the request under way, nil: none
	begins    string        // id of the event of reply; empty: none
	replied   chan struct{} // told when it is with the outbox

	place     int // in shard.subs
	blocked   bool
	broke     bool    // the budget is spent
	warn      bool    // it was blocked for long and is to be told
	turn      channel // whose turn it is to be flushed first
	told      state   // of the feed, as the client knows it
	gone      bool
	touched   bool      // in shard.touched
	sent      time.Time // of the last frame
	blockedAt time.Time
	attached  time.Time
	unwatched time.Time    // since when the watchlist has had no terms
	granted   int          // terms that its token grants; 0: as many as the policy
	notice    *wire.Notice // to be told, see Notify; nil: nothing
	conflated uint64       // of parts that have ended, see conflatedTicks
	bytes     uint64       // given to the outbox
	budget    *budget      // nil: none
	restate   *bitset      // symbols whose state is to be told; nil: none
	stream    marks        // all that it has from before, see ResumeFrom; nil: nothing
	resume    *resume      // where what is being subscribed begins; nil: with now
	parked    int          // cursors that wait for a replay
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
//
// Trades that the client missed and that the archive still has are sent after
// the answer, before it returns.
func (s *Subscriber) Do(r wire.Request) { s.DoWithin(r, Within{}) }

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

// unschedule has the next mark of every part look at its lane again.
func (s *Subscriber) unschedule() {
	for _, p := range s.watchlist.parts {
		if p != nil {
			p.scheduled = false
		}
	}
}

// conflatedTicks is how many ticks were replaced before they were sent.
func (s *Subscriber) conflatedTicks() uint64 {
	ticks := s.conflated
	for _, p := range s.watchlist.parts {
		if p != nil {
			ticks += p.conflated
		}
	}
	return ticks
}
