package verify

import (
	"slices"
	"sync"

	"tickwire/fanout/wire"
)

// learned is the past of a symbol that nobody entered: what the first client that
// was told a seq was told of it. A tick's index is its ordinal, less the first one
// that was told.
type learned struct {
	keep   int64
	prints *fingerprints

	mu     sync.Mutex // a leaf; protects what follows
	ticker sightings
	trades sightings
	lives  lives

	settled  bool
	last     int64 // seq of the settled value
	conflict bool  // it is not what was told of its seq
}

// sighting is what was first told of one seq.
type sighting struct {
	seq, time   int64
	sum         amount
	index       int32
	counted     bool // index and sum are known
	side        byte
	deal, quote pairPrint

	node  int32 // of who told it first, and what its ordinal was there
	count int64
}

// pairPrint is the fingerprint of a pair of values, and whether both are there.
type pairPrint struct {
	of    uint32
	whole bool
}

func printOf(of uint32, pair []byte) pairPrint {
	return pairPrint{of, len(pair) > 0 && pair[0] != '"' && pair[len(pair)-1] != '"'}
}

// differs reports whether two nodes cannot both be right: a node that began in
// the midst may not know a value that another one does.
func (now *pairPrint) differs(first pairPrint, sameLife bool) (differs, unsure bool) {
	switch {
	case now.of == first.of:
		return false, false
	case sameLife || now.whole && first.whole:
		return true, false
	}
	return false, true
}

// sightings are in the order of their seqs.
type sightings struct {
	all     []sighting
	dropped bool // there were earlier ones
}

// find is the place of a seq, or where it belongs.
func (s *sightings) find(seq int64) (i int, found bool) {
	for i = len(s.all); i > 0 && i > len(s.all)-4; i-- { // nearly all are among the newest
		if at := s.all[i-1].seq; at == seq {
			return i - 1, true
		} else if at < seq {
			return i, false
		}
	}
	return slices.BinarySearchFunc(s.all, seq, func(at sighting, seq int64) int {
		switch {
		case at.seq < seq:
			return -1
		case at.seq > seq:
			return 1
		}
		return 0
	})
}

// insert puts a sighting in its place, and drops those that are older than the
// newest by more than keep once they are half of all.
func (s *sightings) insert(i int, one sighting, keep int64) {
	s.all = slices.Insert(s.all, i, one)
	newest := s.all[len(s.all)-1].time
	if half := len(s.all) / 2; half >= chunkEntries && s.all[half].time < newest-keep {
		s.all = s.all[:copy(s.all, s.all[half:])]
		s.dropped = true
	}
}

func (p *learned) update(c *claim, v *view) (d verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.seq = c.seq
	i, found := p.ticker.find(c.seq)
	if !found && i == 0 && p.ticker.dropped {
		d.unchecked = true
		return d
	}
	one := sighting{seq: c.seq, time: c.time, deal: printOf(c.deal, c.element.deal), quote: printOf(c.quote, c.element.quote), node: c.node, count: c.count}
	if found {
		p.agree(&p.ticker.all[i], &one, &d)
		one = p.ticker.all[i]
	}
	if !one.counted {
		p.place(&one, c, v)
	}
	if one.counted {
		d.matched, d.index = true, one.index
		p.lives.counts(c, v, &d, one.sum, true)
		p.between(i, found, &one, &d)
	} else {
		d.unchecked = true
	}
	if found {
		p.ticker.all[i] = one
	} else {
		p.ticker.insert(i, one, p.keep)
	}
	return d
}

// agree holds what is told of a seq to what was told of it first.
func (p *learned) agree(first, now *sighting, d *verdict) {
	same := first.node == now.node && first.count == now.count
	dealt, unsure := now.deal.differs(first.deal, same)
	quoted, also := now.quote.differs(first.quote, same)
	switch {
	case first.time != now.time:
		d.breaks(Value, "t is %d, another client was told %d", now.time, first.time)
	case dealt || first.side != now.side:
		d.breaks(Value, "price, size or side are not what another client was told")
	case quoted:
		d.breaks(Value, "b and a are not what another client was told")
	case unsure || also:
		d.unchecked = true
		first.learn(now)
	}
}

// learn takes over what a node knows that the first one did not. What then is of
// two nodes is of none.
func (first *sighting) learn(now *sighting) {
	if !now.deal.whole && !now.quote.whole {
		return
	}
	if now.deal.whole {
		first.deal = now.deal
	}
	if now.quote.whole {
		first.quote = now.quote
	}
	first.node, first.count = now.node, now.count
	if first.deal != now.deal || first.quote != now.quote {
		first.node = -1
	}
}

// place gives a sighting its index and sum, by how its node counts if the client
// has been told that already. The very first sighting is at index 0, without
// volume.
func (p *learned) place(one *sighting, c *claim, v *view) {
	if len(p.lives) == 0 {
		one.counted = true
		p.lives = append(p.lives, life{node: c.node, count: c.count, volume: c.volume, silent: !c.countable})
		return
	}
	if !v.goesOn() {
		return // the node may have begun anew, and count otherwise than before
	}
	l := p.lives.of(c.node, v.count-int64(v.index))
	if l == nil {
		return
	}
	index := c.count - l.count
	sum, ok := c.volume.less(l.volume)
	if ok && c.countable && !l.silent && index == int64(int32(index)) {
		one.index, one.sum, one.counted = int32(index), sum, true
	}
}

// between holds the index of a sighting to those beside it: a later seq is a
// later tick.
func (p *learned) between(i int, found bool, one *sighting, d *verdict) {
	before, after := i-1, i
	if found {
		after++
	}
	if before >= 0 && p.ticker.all[before].counted && p.ticker.all[before].index >= one.index ||
		after < len(p.ticker.all) && p.ticker.all[after].counted && p.ticker.all[after].index <= one.index {
		d.breaks(GapUnsaid, "the ordinal leaves no room for ticks that another client was told")
	}
}

func (p *learned) trade(c *claim, v *view) (d verdict) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.seq = c.seq
	if v.is(here) && c.seq <= v.seq {
		d.breaks(Order, "the trade was told after a later one, or again")
		d.back = true
		return d
	}
	i, found := p.trades.find(c.seq)
	if v.is(here) {
		from, last := p.trades.find(v.seq)
		if last {
			from++
		}
		if d.skipped = int64(i - from); d.skipped > 0 && !v.is(holed) {
			d.breaks(GapUnsaid, "at least %d trades before this one were left out", d.skipped)
		}
	}
	one := sighting{seq: c.seq, time: c.time, deal: printOf(c.deal, c.element.deal)}
	if len(c.side) > 0 {
		one.side = c.side[0]
	}
	switch {
	case found:
		p.agree(&p.trades.all[i], &one, &d)
	case i == 0 && p.trades.dropped:
		d.unchecked = true
	default:
		p.trades.insert(i, one, p.keep)
	}
	return d
}

// settle enters the last value, as the server tells it in the end.
func (p *learned) settle(u *wire.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settled, p.last = true, u.Seq
	if i, found := p.ticker.find(u.Seq); found {
		first := &p.ticker.all[i]
		deal, quote := pairOf(u.Price, betweenDeal, u.Size), pairOf(u.Bid, betweenQuote, u.Ask)
		now := sighting{time: u.Time, deal: printOf(p.prints.of(deal), deal), quote: printOf(p.prints.of(quote), quote)}
		dealt, _ := now.deal.differs(first.deal, false)
		quoted, _ := now.quote.differs(first.quote, false)
		p.conflict = first.time != now.time || dealt || quoted
	}
}

func (p *learned) end(v *view, trades bool) (end ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch end.seq = p.last; {
	case !p.settled || trades:
	case !v.is(told) || v.seq < p.last:
		end.missing = 1
		if i, found := p.ticker.find(p.last); found && v.is(matched) && p.ticker.all[i].counted {
			end.missing = max(1, int64(p.ticker.all[i].index)-int64(v.index))
		}
		end.wrong = "the server itself says that there is a later value"
	case v.seq == p.last && p.conflict:
		end.wrong = "the server itself says another value of this seq"
	}
	return end
}
