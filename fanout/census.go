package fanout

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"tickwire/feed"
)

// Census is what a look at every subscriber and every symbol tells.
type Census struct {
	Subscribers [encodings]int // by Encoding
	Terms       int            // names and patterns that they have subscribed
	Watched     int            // symbols that one of them watches at least
	Ticks       uint64         // that became the newest value of their symbol
	Slowest     []Straggler    // those that are furthest behind first
}

// Straggler is a subscriber that takes less than there is: its outbox is blocked, or
// ticks were conflated for it. The latter is also what a rate or a budget does.
type Straggler struct {
	Outbox    Outbox
	Attached  time.Time
	Blocked   time.Duration // since when its outbox has been blocked; 0: it is not
	Pending   int           // symbols of which it is still to be told something, of all its channels
	Conflated uint64        // ticks that it got only as part of a later update
	Bytes     uint64        // that its outbox was given
}

// Census looks at everything there is, once. Each shard does so between two
// pulses, which takes about as long as a sweep: ask once a second at most. Of
// the slowest it names so many.
func (h *Hub) Census(slowest int) Census {
	var all Census
	counted := make(chan Census, len(h.shards))
	asked := 0
	for _, sh := range h.shards {
		if sh.post(func() { counted <- sh.census(slowest) }) { // else it has ended, and has nobody
			asked++
		}
	}
	for id := range feed.SymbolID(h.book.symbols.Len()) {
		slot := h.book.slot(id)
		all.Ticks += slot.ticks()
		if slot.interest.Load() != 0 {
			all.Watched++
		}
	}
	for range asked {
		all = all.Plus(<-counted, slowest)
	}
	return all
}

// Plus is c and o together, with so many of the slowest of both. Ticks and
// watched symbols are c's or o's, whichever are more: hubs share their symbols.
func (c Census) Plus(o Census, slowest int) Census {
	for e := range c.Subscribers {
		c.Subscribers[e] += o.Subscribers[e]
	}
	c.Terms += o.Terms
	c.Watched, c.Ticks = max(c.Watched, o.Watched), max(c.Ticks, o.Ticks)
	c.Slowest = append(slices.Clip(c.Slowest), o.Slowest...)
	slices.SortStableFunc(c.Slowest, func(a, b Straggler) int {
		return cmp.Or(cmp.Compare(b.Blocked, a.Blocked), cmp.Compare(b.Conflated, a.Conflated))
	})
	c.Slowest = c.Slowest[:min(len(c.Slowest), slowest)]
	return c
}

func (sh *shard) census(slowest int) (c Census) {
	worst := make([]*Subscriber, 0, slowest+1)
	for _, s := range sh.subs {
		c.Subscribers[s.encoding]++
		c.Terms += s.watchlist.terms()
		if s.gone || !s.blocked && s.conflatedTicks() == 0 || slowest <= 0 {
			continue
		}
		if len(worst) == slowest && s.behind(worst[slowest-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(worst, s, (*Subscriber).behind)
		worst = slices.Insert(worst, at, s)
		worst = worst[:min(len(worst), slowest)]
	}
	for _, s := range worst {
		c.Slowest = append(c.Slowest, s.straggler(sh.now))
	}
	return c
}

// behind is negative if s comes before o among the slowest: the longer blocked
// first, then who had more ticks conflated.
func (s *Subscriber) behind(o *Subscriber) int {
	switch {
	case s.blocked && o.blocked:
		return s.blockedAt.Compare(o.blockedAt)
	case s.blocked:
		return -1
	case o.blocked:
		return 1
	}
	return cmp.Compare(o.conflatedTicks(), s.conflatedTicks())
}

func (s *Subscriber) straggler(now time.Time) Straggler {
	one := Straggler{Outbox: s.out, Attached: s.attached, Conflated: s.conflatedTicks(), Bytes: s.bytes}
	if s.blocked {
		one.Blocked = max(1, now.Sub(s.blockedAt))
	}
	for _, p := range s.watchlist.parts {
		if p != nil {
			one.Pending += p.pending.countWith(&p.fresh)
		}
	}
	return one
}

// countWith is how many members b and o have together.
func (b *bitset) countWith(o *bitset) int {
	n := bits.OnesCount64(b.first | o.first)
	long, short := b.more, o.more
	if len(long) < len(short) {
		long, short = short, long
	}
	for i, word := range long {
		if i < len(short) {
			word |= short[i]
		}
		n += bits.OnesCount64(word)
	}
	return n
}
