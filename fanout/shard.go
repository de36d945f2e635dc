package fanout

import (
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// shard is one goroutine and the subscribers that belong to it. Other
// goroutines reach it through the dirty set and the inbox, both bounded: the
// one by the number of symbols, the other by one request and one Writable a
// connection. Everything below "the loop's own" is touched by the loop alone.
type shard struct {
	bit    uint64 // in slot.interest
	book   *Book
	policy Policy
	lag    func() time.Duration

	dirty dirtySet
	woken atomic.Bool
	wake  chan struct{}
	inbox inbox

	counters

	// The loop's own.
	subs     []*Subscriber
	patterns map[*Subscriber]struct{} // those that have patterns
	interest interest
	segments []segment // by symbol
	known    int       // symbols that patterns have been matched with
	due      dueList
	touched  []*Subscriber
	frame    []byte // the frame under assembly
	now      time.Time
	swept    time.Time
}

// segment is a symbol's update as this shard last encoded it: what any frame
// takes until the symbol is dirty again.
type segment struct {
	text    []byte
	at      feed.Position
	ordinal uint64
}

// inbox is what the loop shall do next.
type inbox struct {
	mu       sync.Mutex // protects what follows; held for an append or a swap
	requests []func()
	writable []*Subscriber
	closed   bool
}

// counters are written by the loop and read by anyone.
type counters struct {
	pulses, pulseNanos, frames, updates, bytes, conflated, heartbeats atomic.Uint64
	subscribers                                                       atomic.Int64
	ended                                                             [reasons]atomic.Uint64
}

func newShard(n int, book *Book, policy Policy, lag func() time.Duration) *shard {
	return &shard{
		bit: 1 << n, book: book, policy: policy, lag: lag,
		dirty: newDirtySet(book.symbols.Limit()), wake: make(chan struct{}, 1),
		patterns: make(map[*Subscriber]struct{}),
	}
}

// mark notes that a symbol has a newer value. Any goroutine may call it.
func (sh *shard) mark(id feed.SymbolID) {
	if sh.dirty.add(uint32(id)) {
		sh.rouse()
	}
}

// rouse makes the loop run once more.
func (sh *shard) rouse() {
	if sh.woken.Load() || sh.woken.Swap(true) {
		return
	}
	select {
	case sh.wake <- struct{}{}:
	default:
	}
}

// post has the loop carry out request, or reports false: the loop has ended.
func (sh *shard) post(request func()) bool {
	sh.inbox.mu.Lock()
	open := !sh.inbox.closed
	if open {
		sh.inbox.requests = append(sh.inbox.requests, request)
	}
	sh.inbox.mu.Unlock()
	sh.rouse()
	return open
}

func (sh *shard) writable(s *Subscriber) {
	sh.inbox.mu.Lock()
	if !sh.inbox.closed {
		sh.inbox.writable = append(sh.inbox.writable, s)
	}
	sh.inbox.mu.Unlock()
	sh.rouse()
}

// run pulses whenever there is something to do, until stop is closed.
func (sh *shard) run(stop <-chan struct{}) {
	defer sh.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-sh.wake:
		case <-timer.C:
		case <-stop:
			return
		}
		sh.woken.Store(false)
		sh.pulse()
		timer.Reset(sh.untilNext())
	}
}

// pulse is one round: all that was asked, all that changed, all that is due.
func (sh *shard) pulse() {
	sh.now = time.Now()
	sh.takeInbox()
	sh.takeSymbols()
	sh.takeDirty()
	for l := sh.due.popDue(sh.now); l != nil; l = sh.due.popDue(sh.now) {
		sh.touch(l.sub)
	}
	for i, s := range sh.touched {
		s.touched = false
		sh.touched[i] = nil
		sh.flush(s)
	}
	sh.touched = sh.touched[:0]
	if sh.now.Sub(sh.swept) >= sh.policy.sweepEvery() {
		sh.sweep()
	}
	sh.pulses.Add(1)
	sh.pulseNanos.Add(uint64(time.Since(sh.now)))
}

// untilNext is how long the loop may sleep if nobody wakes it.
func (sh *shard) untilNext() time.Duration {
	next := sh.swept.Add(sh.policy.sweepEvery())
	if len(sh.due) > 0 && sh.due[0].next.Before(next) {
		next = sh.due[0].next
	}
	return max(0, time.Until(next))
}

func (sh *shard) takeInbox() {
	sh.inbox.mu.Lock()
	requests, writable := sh.inbox.requests, sh.inbox.writable
	sh.inbox.requests, sh.inbox.writable = nil, nil
	sh.inbox.mu.Unlock()
	for _, s := range writable {
		s.blocked = false
		sh.touch(s)
	}
	for _, request := range requests {
		request()
	}
}

// takeSymbols matches symbols that are new with the patterns.
func (sh *shard) takeSymbols() {
	n := sh.book.symbols.Len()
	for id := sh.known; id < n; id++ {
		for s := range sh.patterns {
			s.cover(feed.SymbolID(id))
			sh.touch(s)
		}
	}
	sh.known = n
}

// takeDirty encodes what changed, once, and marks it for its subscribers.
func (sh *shard) takeDirty() {
	sh.dirty.take(func(i uint32) {
		id := feed.SymbolID(i)
		watches := sh.interest.of(id)
		if len(watches) == 0 {
			return
		}
		seg := &sh.segments[id]
		was, ordinal := seg.at, seg.ordinal
		sh.encode(id)
		if seg.ordinal == ordinal {
			return // it was encoded with this tick before this mark was seen
		}
		anew := ordinal != 0 && !seg.at.SameLog(was)
		for _, w := range watches {
			if anew {
				w.sub.fresh.set(w.entry)
			}
			w.sub.mark(w.entry, seg.ordinal-ordinal)
			sh.touch(w.sub)
		}
	})
}

func (sh *shard) encode(id feed.SymbolID) {
	seg := &sh.segments[id]
	seg.text, seg.at, seg.ordinal = sh.book.slot(id).read(seg.text[:0], sh.book.symbols.Name(id))
}

// touch has s flushed at the end of this pulse.
func (sh *shard) touch(s *Subscriber) {
	if !s.touched && !s.gone {
		s.touched = true
		sh.touched = append(sh.touched, s)
	}
}

// watch begins the interest in the symbol of entry i of s. The first one in
// this shard says so in the slot and reads it after that: see slot.interest.
func (sh *shard) watch(s *Subscriber, i uint32) {
	id := s.watchlist.entries[i].id
	if !sh.interest.add(id, s, i) {
		return
	}
	for int(id) >= len(sh.segments) {
		sh.segments = append(sh.segments, segment{})
	}
	sh.book.slot(id).interest.Or(sh.bit)
	sh.encode(id)
}

func (sh *shard) unwatch(s *Subscriber, i uint32) {
	id := s.watchlist.entries[i].id
	if sh.interest.remove(id, s, i) {
		sh.book.slot(id).interest.And(^sh.bit)
	}
}

// flush gives s the frames that it can take now: the answer to its request,
// snapshots, updates.
func (sh *shard) flush(s *Subscriber) {
	for !s.blocked && !s.gone {
		switch {
		case s.reply != nil:
			sh.send(s, s.reply)
			s.reply = nil
			s.replied <- struct{}{} // room for the one that waits
		case sh.snapshot(s):
		case sh.update(s):
		default:
			return
		}
	}
	if s.gone && s.reply != nil { // nobody will read it: let the one that waits go on
		s.reply = nil
		s.replied <- struct{}{}
	}
}

// snapshot sends the values of all fresh entries that have one.
func (sh *shard) snapshot(s *Subscriber) bool {
	sh.frame = append(sh.frame[:0], wire.SnapshotHead...)
	n := sh.appendSegments(s, s.fresh, func(i uint32) {
		s.lanes[s.watchlist.entries[i].lane].pending.clear(i) // this is its newest value
	})
	return n > 0 && sh.sendData(s, n)
}

// update sends the values of all pending entries whose lane may send now, and
// has the others wait in the due list.
func (sh *shard) update(s *Subscriber) bool {
	sh.frame = append(sh.frame[:0], wire.TickerHead...)
	n := 0
	for _, l := range s.lanes {
		if l == nil || l.pending.empty() {
			continue
		}
		if l.next.After(sh.now) {
			sh.due.push(l)
			continue
		}
		if n > 0 {
			sh.frame = append(sh.frame, ',')
		}
		n += sh.appendSegments(s, l.pending, nil)
		l.next = sh.now.Add(l.every)
	}
	return n > 0 && sh.sendData(s, n)
}

// appendSegments appends the segments of the given entries to the frame and
// takes them from the set. An entry whose symbol has had no tick yet stays.
func (sh *shard) appendSegments(s *Subscriber, entries bitset, then func(i uint32)) (n int) {
	entries.drain(func(i uint32) bool {
		seg := &sh.segments[s.watchlist.entries[i].id]
		if seg.ordinal == 0 {
			return false
		}
		if n > 0 {
			sh.frame = append(sh.frame, ',')
		}
		sh.frame = append(sh.frame, seg.text...)
		if then != nil {
			then(i)
		}
		n++
		return true
	})
	return n
}

func (sh *shard) sendData(s *Subscriber, updates int) bool {
	sh.frame = append(sh.frame, wire.DataFoot...)
	sh.updates.Add(uint64(updates))
	sh.send(s, sh.frame)
	return true
}

func (sh *shard) send(s *Subscriber, message []byte) {
	switch s.out.TryFrame(message) {
	case Blocked:
		s.blocked = true
	case Gone:
		s.gone = true
		return
	}
	s.sent = sh.now
	sh.frames.Add(1)
	sh.bytes.Add(uint64(len(message)))
}

// sweep looks after the subscribers that nothing happened to.
func (sh *shard) sweep() {
	sh.swept = sh.now
	beat := wire.Heartbeat{Type: wire.TypeHeartbeat, Time: sh.now.UnixMicro(), LagMS: sh.lag().Milliseconds()}
	for i := len(sh.subs) - 1; i >= 0; i-- { // backwards, as shut takes from the end
		s := sh.subs[i]
		if s.watchlist.terms() == 0 && sh.now.Sub(s.unwatched) >= sh.policy.Idle {
			sh.shut(s, Idle)
			continue
		}
		if !s.blocked && !s.gone && sh.now.Sub(s.sent) >= sh.policy.Heartbeat/2 {
			beat.Conflated = s.conflated
			sh.heartbeats.Add(1)
			sh.send(s, wire.Marshal(beat))
		}
	}
}

func (sh *shard) attach(s *Subscriber, hello []byte) {
	s.place = len(sh.subs)
	sh.subs = append(sh.subs, s)
	sh.subscribers.Add(1)
	s.unwatched = sh.now
	sh.send(s, hello)
}

// shut ends the connection of s for a reason.
func (sh *shard) shut(s *Subscriber, why Reason) {
	if s.detached() {
		return
	}
	s.out.Shut(why)
	sh.detach(s, why)
}

// detach lets go of s and of its watchlist.
func (sh *shard) detach(s *Subscriber, why Reason) {
	if s.detached() {
		return
	}
	close(s.ended)
	s.gone = true
	sh.ended[why].Add(1)
	sh.subscribers.Add(-1)
	for _, i := range s.watchlist.index {
		sh.unwatch(s, i)
	}
	for _, l := range s.lanes {
		if l != nil {
			sh.due.remove(l)
		}
	}
	last := len(sh.subs) - 1
	sh.subs[s.place] = sh.subs[last]
	sh.subs[s.place].place = s.place
	sh.subs[last] = nil
	sh.subs = sh.subs[:last]
	delete(sh.patterns, s)
}

// end lets go of everyone that is left.
func (sh *shard) end() {
	sh.inbox.mu.Lock()
	sh.inbox.closed = true
	sh.inbox.mu.Unlock()
	sh.takeInbox()
	for len(sh.subs) > 0 {
		sh.shut(sh.subs[len(sh.subs)-1], ServerEnds)
	}
}
