package verify

import (
	"fmt"
	"sort"
	"sync"

	"tickwire/feed"
)

// published is the past of a symbol whose ticks were entered. A tick's index is
// its place among all of them.
type published struct {
	prints *fingerprints

	mu     sync.Mutex // a leaf; protects what follows
	chunks [][]entry  // the ticks that are kept, all full but the last
	first  int        // index of the first of them
	total  int        // how many ticks there were
	lives  lives

	price, size, bid, ask []byte // the newest, as the server's Book has them
	flags                 flags  // of what is known
	sum                   amount // of the sizes
	overflown             bool   // it does not fit
}

// entry is one tick, with what the server must say when it is the last.
type entry struct {
	when  int64  // its time and flags
	sum   int64  // of the sizes so far, in units of published.sum
	deal  uint32 // fingerprint of price and size
	quote uint32 // of bid and ask
	seq   uint32 // the low half, if somebody was told it
	late  int32  // when it was handed over less its time
}

// flags are what is known of an entry beside its values.
type flags uint8

const (
	traded    flags = 1 << iota // the tick has a price
	sized                       // and a size
	quoted                      // it has a bid or an ask
	twoSided                    // both
	dealKnown                   // a price and a size were published, now or before
	bothKnown                   // a bid and an ask were
	bought                      // side of the aggressor
	sold

	flagBits = 8
)

const (
	chunkEntries = 256
	toldSeq      = 1 << 62  // in entry.when, far above any time
	lateUnknown  = -1 << 31 // in entry.late
	timeMask     = feed.MaxTime << flagBits
)

func (e *entry) time() int64     { return e.when & timeMask >> flagBits }
func (e *entry) is(f flags) bool { return flags(e.when)&f != 0 }
func (e *entry) told() bool      { return e.when&toldSeq != 0 }

// sent is when it was handed over; 0: it is not known.
func (e *entry) sent() int64 {
	if e.late == lateUnknown {
		return 0
	}
	return e.time() + int64(e.late)
}

func (p *published) at(i int) *entry {
	i -= p.first
	return &p.chunks[i/chunkEntries][i%chunkEntries]
}

// add enters a tick. Ticks that are older than it by more than keep are dropped,
// a chunk at a time.
func (p *published) add(t *feed.Tick, sent, keep int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total > 0 && t.Time <= p.at(p.total-1).time() {
		panic("verify: " + string(t.Symbol) + ": a tick that is not later than the one before")
	}
	f := p.merge(t)
	e := entry{when: t.Time<<flagBits | int64(f), sum: p.sum.units, late: lateUnknown,
		deal: p.prints.deal(p.price, p.size), quote: p.prints.quote(p.bid, p.ask)}
	if late := sent - t.Time; sent != 0 && late == int64(int32(late)) {
		e.late = int32(late)
	}
	last := len(p.chunks) - 1
	if last < 0 || len(p.chunks[last]) == chunkEntries {
		p.forget(t.Time - keep)
		var chunk []entry
		if last >= 0 {
			chunk = make([]entry, 0, chunkEntries)
		}
		p.chunks = append(p.chunks, chunk)
		last = len(p.chunks) - 1
	}
	p.chunks[last] = append(p.chunks[last], e)
	p.total++
}

// forget drops the chunks that end before a time.
func (p *published) forget(before int64) {
	n := 0
	for n < len(p.chunks)-1 && p.chunks[n][chunkEntries-1].time() < before {
		n++
	}
	if n > 0 {
		p.chunks = append(p.chunks[:0], p.chunks[n:]...)
		clear(p.chunks[len(p.chunks):cap(p.chunks)])
		p.first += n * chunkEntries
	}
}

// merge takes over what a tick says, as the Book does: what it does not say stays.
func (p *published) merge(t *feed.Tick) flags {
	f := p.flags
	for _, m := range [...]struct {
		from feed.Number
		to   *[]byte
		said flags
	}{{t.Price, &p.price, traded}, {t.Size, &p.size, sized}, {t.Bid, &p.bid, quoted}, {t.Ask, &p.ask, quoted}} {
		if len(m.from) > 0 {
			*m.to = append((*m.to)[:0], m.from...)
			f |= m.said
		}
	}
	if len(t.Bid) > 0 && len(t.Ask) > 0 {
		f |= twoSided
	}
	if len(p.price) > 0 && len(p.size) > 0 {
		f |= dealKnown
	}
	if len(p.bid) > 0 && len(p.ask) > 0 {
		f |= bothKnown
	}
	p.flags = f & (dealKnown | bothKnown)
	p.count(t.Size)
	switch t.Side {
	case feed.Buy:
		f |= bought
	case feed.Sell:
		f |= sold
	}
	return f
}

// count adds a size to the sum. Where it has more places than any before, the
// sums that are kept are brought to as many.
func (p *published) count(size feed.Number) {
	a, ok := amountOf(size)
	sum, also := p.sum.plus(a)
	if !ok || !also || p.overflown {
		p.overflown = true
		return
	}
	if sum.places != p.sum.places {
		for i := p.first; i < p.total; i++ {
			e := p.at(i)
			if e.sum, ok = (amount{e.sum, p.sum.places}).at(sum.places); !ok {
				p.overflown = true
				return
			}
		}
	}
	p.sum = sum
}

// find is the index of the tick of a time. guess is where it is likely to be.
func (p *published) find(time int64, guess int) (i int, found bool) {
	if guess >= p.first && guess < p.total && p.at(guess).time() == time {
		return guess, true
	}
	i = p.first + sort.Search(p.total-p.first, func(i int) bool { return p.at(p.first+i).time() >= time })
	return i, i < p.total && p.at(i).time() == time
}

func (p *published) update(c *claim, v *view) (d verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	guess := -1
	if v.goesOn() {
		guess = int(v.index) + int(c.count-v.count)
	} else if l := p.lives.last(c.node); l != nil {
		guess = int(c.count - l.count)
	}
	e := p.locate(c, v, guess, &d)
	if e == nil {
		return d
	}
	if v.is(matched) && (v.is(here) || v.is(resumed)) && !c.snapshot && d.index <= v.index || c.snapshot && v.goesOn() && d.index < v.index {
		d.breaks(Order, "the tick of %d was told after a later one", c.time)
		d.back = true
		return d
	}
	if next := int(v.index) + 1; v.goesOn() && next >= p.first && next < int(d.index) {
		d.oldest = p.at(next).time()
	}
	p.seqOf(e, c, &d)
	p.state(e, c, &d)
	p.lives.counts(c, v, &d, amount{e.sum, p.sum.places}, !p.overflown)
	return d
}

// locate finds the tick of a claim and begins the verdict; nil: it is not there.
func (p *published) locate(c *claim, v *view, guess int, d *verdict) *entry {
	d.seq = c.seq
	i, found := p.find(c.time, guess)
	if !found {
		// What lies before the ticks that are kept may have been, unless this
		// connection has told of later ones.
		old := i == p.first && !(v.goesOn() && int(v.index) >= p.first)
		if d.unchecked = old; !old {
			d.breaks(Value, "no tick of time %d was published", c.time)
		}
		return nil
	}
	e := p.at(i)
	d.matched, d.index = true, int32(i)
	d.sent = e.sent()
	return e
}

// sent is when the tick of a time was handed over; 0: it is not known.
func (p *published) sent(time int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, found := p.find(time, p.total-1); found {
		return p.at(i).sent()
	}
	return 0
}

// seqOf holds the seq to what others were told, or learns it.
func (p *published) seqOf(e *entry, c *claim, d *verdict) {
	if !e.told() {
		e.when |= toldSeq
		e.seq = uint32(c.seq)
		return
	}
	if d.seq = c.seq&^(1<<32-1) | int64(e.seq); d.seq != c.seq {
		d.breaks(Value, "another client was told seq %d of this tick", d.seq)
	}
}

// state holds price, size, bid and ask to what was published up to the tick.
func (p *published) state(e *entry, c *claim, d *verdict) {
	if c.deal != e.deal {
		p.differs(c, d, e.is(dealKnown), traded, sized, c.deal == p.prints.noDeal, "p and z", c.element.deal)
	}
	if c.quote != e.quote {
		p.differs(c, d, e.is(bothKnown), quoted, twoSided, c.quote == p.prints.noQuote, "b and a", c.element.quote)
	}
}

// differs judges a pair of values that is not as it was published. It may be so
// on a node that has had ticks from before the first one, while that one and the
// later ones did not say both values, or on one that began in the midst.
func (p *published) differs(c *claim, d *verdict, known bool, some, both flags, empty bool, names string, text []byte) {
	began := int(d.index) - int(c.count) + 1 // the index of the node's first tick
	excused := began < 0 && !known
	if began > 0 {
		any, whole := p.said(max(began, p.first), int(d.index), some, both)
		excused = !whole && (any || empty || began < p.first)
	}
	if excused {
		d.unchecked = true
		return
	}
	d.breaks(Value, "%s are not as they were published up to this tick: %s", names, apart(text))
}

// said looks for the flags in a part of the past.
func (p *published) said(from, to int, some, both flags) (any, whole bool) {
	for i := to; i >= from && !whole; i-- {
		e := p.at(i)
		any, whole = any || e.is(some), e.is(both)
	}
	return any, whole
}

func (p *published) trade(c *claim, v *view) (d verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	guess := -1
	if v.is(matched) {
		guess = p.nextTrade(int(v.index))
	}
	e := p.locate(c, v, guess, &d)
	switch {
	case e == nil:
		return d
	case !e.is(traded):
		d.matched = false
		d.breaks(Value, "the tick of %d is no trade", c.time)
		return d
	case v.goesOn() && d.index <= v.index:
		d.breaks(Order, "the trade of %d was told after a later one, or again", c.time)
		d.back = true
		return d
	}
	p.seqOf(e, c, &d)
	p.dealOf(e, c, &d)
	if v.is(matched) {
		d.skipped = p.trades(int(v.index)+1, int(d.index))
		if d.skipped > 0 && !v.is(holed) {
			d.breaks(GapUnsaid, "%d trades before this one were left out", d.skipped)
		}
	}
	return d
}

// dealOf holds the price, size and side of a trade to the tick.
func (p *published) dealOf(e *entry, c *claim, d *verdict) {
	var side feed.Side
	switch {
	case e.is(bought):
		side = feed.Buy
	case e.is(sold):
		side = feed.Sell
	}
	if len(c.side) == 0 != (side == feed.NoSide) || len(c.side) > 0 && feed.Side(c.side[0]) != side {
		d.breaks(Value, "d is not as it was published: %q", c.side)
	}
	switch {
	case !e.is(sized): // its fingerprint has the size of an earlier one
		d.unchecked = true
	case c.deal != e.deal:
		d.breaks(Value, "p and z are not as they were published: %s", apart(c.element.deal))
	}
}

// nextTrade is the index of the first trade behind i.
func (p *published) nextTrade(i int) int {
	for i = max(i+1, p.first); i < p.total && !p.at(i).is(traded); i++ {
	}
	return i
}

// trades is how many there are, of what is kept, from one index up to but not
// including another.
func (p *published) trades(from, to int) (n int64) {
	for i := max(from, p.first); i < to; i++ {
		if p.at(i).is(traded) {
			n++
		}
	}
	return n
}

// begin is the index of the newest tick, -1 if there is none.
func (p *published) begin() int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int32(p.total - 1)
}

func (p *published) end(v *view, trades bool) (end ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, last := 0, p.total-1
	if v.is(matched) {
		from = int(v.index) + 1
	} else if trades {
		return end // nobody knows where its trades begin
	}
	end.missing = int64(p.total - from)
	if trades {
		end.missing = p.trades(from, p.total)
		for last >= p.first && !p.at(last).is(traded) {
			last--
		}
	}
	if end.missing > 0 && last >= p.first {
		e := p.at(last)
		if e.told() {
			end.seq = v.seq&^(1<<32-1) | int64(e.seq)
		}
		end.wrong = fmt.Sprintf("the last one published is of time %d, %d behind", e.time(), end.missing)
	}
	return end
}
