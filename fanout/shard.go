package fanout

import (
	"sync"
	"sync/atomic"
	"time"

	"tickwire/feed"
)

// shard is one goroutine and the subscribers that belong to it. Other
// goroutines reach it through the dirty set and the inbox, both bounded: the
// one by the number of symbols, the other by one request and one Writable a
// connection, and a census now and then. Everything below "the loop's own" is touched by the loop alone.
type shard struct {
	bit     uint64 // in slot.interest
	book    *Book
	policy  Policy
	fresh   *freshness
	archive Archive                    // nil: none
	markAll func(feed.SymbolID, *slot) // in every shard that has an interest

	dirty dirtySet
	woken atomic.Bool
	wake  chan struct{}
	idle  atomic.Int64 // lanes that may send at once; while there is none, a tick can wait for the next that is due
	inbox inbox

	counters

	// The loop's own.
	subs     []*Subscriber
	views    [channels]*view
	active   []*view // those of views that there are
	known    int     // symbols that rosters have been matched with
	arriving bool    // who watches the symbol that is being enlisted subscribed before it was there
	feed     condition
	states   []state // by symbol: what its watchers were told last
	events   int     // subscribers that take events
	sure     marks   // before the pulse took what is dirty, if there are any: ticks up to there are pending where they are not sent
	due      dueList
	touched  []*Subscriber // to be flushed at the end of the pulse
	spare    []*Subscriber // room for the next ones
	assembly assembly
	now      time.Time
	swept    time.Time
	began    time.Time
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
	pulses, pulseNanos, frames, updates, texts, bytes, conflated, heartbeats, gaps, replayed atomic.Uint64
	subscribers                                                                              atomic.Int64
	ended                                                                                    [reasons]atomic.Uint64
}

func newShard(n int, book *Book, policy Policy, fresh *freshness) *shard {
	return &shard{
		bit: 1 << n, book: book, policy: policy, fresh: fresh, feed: condition{state: live},
		dirty: newDirtySet(book.symbols.Limit()), wake: make(chan struct{}, 1), due: newDueList(), began: time.Now(),
	}
}

// mark notes that a symbol has a newer value. Any goroutine may call it.
func (sh *shard) mark(id feed.SymbolID) {
	if sh.dirty.add(uint32(id)) && sh.idle.Load() > 0 {
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

func (sh *shard) attach(s *Subscriber, hello []byte) {
	s.place = len(sh.subs)
	sh.subs = append(sh.subs, s)
	sh.subscribers.Add(1)
	if s.encoding == Events {
		sh.events++
	}
	s.attached, s.unwatched = sh.now, sh.now
	s.told = sh.feed.state
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
	if s.encoding == Events {
		sh.events--
	}
	s.clear()
	if s.budget != nil {
		sh.due.remove(s.budget.lane)
	}
	for _, l := range s.lanes {
		if l != nil {
			sh.dismiss(l)
		}
	}
	last := len(sh.subs) - 1
	sh.subs[s.place] = sh.subs[last]
	sh.subs[s.place].place = s.place
	sh.subs[last] = nil
	sh.subs = sh.subs[:last]
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
