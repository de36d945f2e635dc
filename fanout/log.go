package fanout

import (
	"cmp"
	"slices"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// A channel that tells everything, trades or bars, has no value that stands for
// the others. What there is to tell stands in the slot, in rings that all
// subscribers share; a subscriber has a cursor a symbol and nothing else. So
// there is no queue here either: one that falls behind by more than a ring
// holds is told what it missed by a gap.

// cursor is up to where a subscriber has been told.
type cursor struct {
	version uint64 // of the last trade, or of the last change of a bar
	last    int64  // seq of the last trade, or start of the last bar; -1: none
	torn    bool   // what is between last and the next entry is not held here
}

// cursors are those of a part, by place.
type cursors struct {
	by   []cursor
	turn uint32 // the place that is first the next time, after a frame that had no room for all
	from marks  // where the symbols to come begin; nil: with their first trade here, none is missing before it
}

func (c *cursors) of(at uint32) cursor {
	if int(at) < len(c.by) {
		return c.by[at]
	}
	return cursor{}
}

func (c *cursors) set(at uint32, to cursor) {
	for int(at) >= len(c.by) {
		c.by = append(c.by, cursor{})
	}
	c.by[at] = to
}

// encodedLog is what a view has lately encoded of a symbol: all that came after
// base, in the order of its versions.
type encodedLog struct {
	base    uint64
	entries []*segment
}

// keptEncoded is how much of a log stays encoded after a pulse, for subscribers
// with a rate or behind. One that is farther behind has its own encoded.
const keptEncoded = 64

// head is the version of the last entry.
func (l *encodedLog) head() uint64 {
	if n := len(l.entries); n > 0 {
		return l.entries[n-1].ordinal
	}
	return l.base
}

// changedLog encodes what has come of a symbol and marks it for its subscribers.
func (v *view) changedLog(id feed.SymbolID, who *symbolInterest) {
	l := &v.logs[id]
	head, had := l.head(), len(l.entries)
	lost := v.readLog(id, head, func() *segment {
		seg := v.spareSegment()
		l.entries = append(l.entries, seg)
		return seg
	})
	if len(l.entries) == had {
		return
	}
	if lost > head { // a burst longer than the ring
		v.spare = append(v.spare, l.entries[:had]...)
		l.base, l.entries, had = lost, append(l.entries[:0], l.entries[had:]...), 0
	}
	if !v.channel.trades() {
		v.supersede(l, had)
	}
	v.trim(l)
	who.mark(0)
}

// supersede puts the bars that were read behind the had others in the order of
// their versions, and lets go of what they were before.
func (v *view) supersede(l *encodedLog, had int) {
	read := l.entries[had:]
	slices.SortFunc(read, func(a, b *segment) int { return cmp.Compare(a.ordinal, b.ordinal) })
	kept := l.entries[:0]
	for i, old := range l.entries {
		if i < had && slices.ContainsFunc(read, func(seg *segment) bool { return seg.at.Offset == old.at.Offset }) {
			v.spare = append(v.spare, old)
		} else {
			kept = append(kept, old)
		}
	}
	l.entries = kept
}

// readLog reads what a symbol has after a version into segments that next
// gives. It returns up to which version the ring has lost what there was.
func (v *view) readLog(id feed.SymbolID, after uint64, next func() *segment) (lost uint64) {
	book := v.shard.book
	return book.slot(id).logAfter(v.channel, book.symbols.Name(id), after, next)
}

// spareSegment is a segment to use, an old one if there is one.
func (v *view) spareSegment() *segment {
	last := len(v.spare) - 1
	if last < 0 {
		return new(segment)
	}
	seg := v.spare[last]
	v.spare = v.spare[:last]
	seg.form = unknown
	return seg
}

// trim keeps no more than what subscribers may still ask for.
func (v *view) trim(l *encodedLog) {
	extra := len(l.entries) - keptEncoded
	if extra <= 0 {
		return
	}
	l.base = l.entries[extra-1].ordinal
	v.spare = append(v.spare, l.entries[:extra]...)
	l.entries = append(l.entries[:0], l.entries[extra:]...)
}

// after is what a symbol has after a version, and up to which version it is
// lost. It is good until the next frame.
func (v *view) after(id feed.SymbolID, version uint64) (entries []*segment, lost uint64) {
	l := &v.logs[id]
	if version >= l.base {
		i := 0
		for i < len(l.entries) && l.entries[i].ordinal <= version {
			i++
		}
		return l.entries[i:], 0
	}
	had := len(v.reread)
	lost = v.readLog(id, version, func() *segment {
		seg := v.spareSegment()
		v.reread = append(v.reread, seg)
		return seg
	})
	if lost > l.base && version > 0 {
		return l.entries, l.base // which reaches farther back than the ring
	}
	entries = v.reread[had:]
	slices.SortFunc(entries, func(a, b *segment) int { return cmp.Compare(a.ordinal, b.ordinal) })
	return entries, lost
}

// beginFrame makes room for what one frame has encoded for itself.
func (v *view) beginFrame(s *Subscriber) {
	v.shard.assembly.begin(s.maxFrame())
	v.spare = append(v.spare, v.reread...)
	v.reread = v.reread[:0]
}

// openLog says what a client gets first of a symbol that it did not watch: of
// bars the newest, as a snapshot; of trades those that came after where its
// subscription begins, see resume. Of a symbol that has appeared since it
// subscribed a pattern, and of one without a bar so far, it gets all there is: it
// was there first.
func (v *view) openLog(p *part, at uint32) {
	if !v.channel.trades() {
		if slot := v.shard.book.slot(p.symbol(at)); v.shard.arriving || slot.logVersion(v.channel) == 0 {
			v.tellAll(p, at)
		} else {
			p.renew(at)
		}
		return
	}
	slot := v.shard.book.slot(p.symbol(at))
	if slot.empty() { // its first tick is on its way there, and comes after what this node has; of what partition it will tell
		v.tellAll(p, at)
		p.log.by[at].torn = v.lacks(p)
		return
	}
	position, head := slot.lastTrade()
	since, known := v.beginsAt(p, at, position)
	if !known {
		v.tellAll(p, at)
		return
	}
	if since >= position.Offset {
		p.log.set(at, cursor{version: head, last: since})
		return
	}
	version, held := v.shard.book.tradeUpTo(slot, since)
	p.log.set(at, cursor{version: version, last: since, torn: !held})
	if !held && head > 0 && !v.shard.arriving { // nobody waits for one that arrives
		p.sub.misses(p, at, since)
	}
	p.pending.set(at)
	v.shard.touch(p.sub)
}

// beginsAt is up to where the client of p has the trades of a symbol that stands
// at a position now.
func (v *view) beginsAt(p *part, at uint32, now feed.Position) (since int64, known bool) {
	if v.shard.arriving { // to whoever has the pattern: it is not of the request that is being carried out
		return p.log.from.next(int(now.Partition)) - 1, p.log.from != nil
	}
	return p.sub.resume.begin(v.shard.book.symbols.Name(p.symbol(at)), now)
}

// lacks reports whether something may be missing before the first trade here of a
// symbol that comes to p.
func (v *view) lacks(p *part) bool {
	if v.shard.arriving {
		return p.log.from != nil
	}
	return p.sub.resume.arrivals(&v.shard.book.intakes) != nil
}

// tellAll has a client get everything of a symbol from its first entry on.
func (v *view) tellAll(p *part, at uint32) {
	p.log.set(at, cursor{last: -1})
	p.pending.set(at)
	v.shard.touch(p.sub)
}

// tell sends s what has come in a channel that tells everything, as much as a
// frame takes. The symbol that found no room in it is the first in the next one.
func (sh *shard) tell(s *Subscriber, v *view) {
	if !v.channel.trades() && sh.snapshotBars(s, v) {
		return
	}
	v.beginFrame(s)
	t := telling{sh: sh, s: s}
	for _, p := range s.watchlist.parts {
		if p == nil || p.view != v || p.pending.empty() {
			continue
		}
		t.p = p
		from := p.log.turn
		p.log.turn = 0
		p.pending.drain(func(at uint32) bool { return at >= from && t.symbol(at) })
		p.pending.drain(func(at uint32) bool { return at < from && t.symbol(at) })
	}
	if t.full {
		sh.touch(s) // for the rest
	}
	s.resend(&t.left)
	sh.advance(s)
	sh.sendData(s, v, false)
}

// telling is a turn through the symbols of a view.
type telling struct {
	sh   *shard
	s    *Subscriber
	p    *part
	full bool      // the frame has no room
	left [256]bool // by lane: it had no room for some
}

// symbol adds what a symbol has to the frame, and reports whether that was all.
func (t *telling) symbol(at uint32) (all bool) {
	n := t.p.laneOf(at)
	l := t.s.lanes[n]
	if t.full || l.due >= 0 {
		t.left[n] = t.left[n] || t.full
		return false
	}
	v, id, cur := t.p.view, t.p.symbol(at), t.p.log.of(at)
	entries, lost := v.after(id, cur.version)
	if len(entries) == 0 {
		return true
	}
	if gap := v.gap(id, cur, entries[0], lost); gap != nil {
		if len(t.sh.assembly.segments) > 0 {
			return t.stop(at) // the gap must come first, in a message of its own
		}
		t.sh.gaps.Add(1)
		t.sh.send(t.s, wire.Marshal(gap))
		if !t.s.solvent() {
			t.p.log.set(at, cursor{version: entries[0].ordinal - 1, last: entries[0].at.Offset - 1})
			return t.stop(at)
		}
	}
	for _, seg := range entries {
		if t.sh.assembly.full(seg) && seg.ordinal != cur.version { // those of one version go together
			t.p.log.set(at, cur)
			return t.stop(at)
		}
		t.sh.assembly.add(seg)
		cur = cursor{version: seg.ordinal, last: seg.at.Offset}
		l.sends = true
	}
	t.p.log.set(at, cur)
	return true
}

func (t *telling) stop(at uint32) (all bool) {
	t.full, t.left[t.p.laneOf(at)], t.p.log.turn = true, true, at
	return false
}

// gap is what a subscriber is to be told before an entry, or nil.
func (v *view) gap(id feed.SymbolID, cur cursor, next *segment, lost uint64) *wire.Gap {
	gap := wire.Gap{Type: wire.TypeGap, Channel: v.channel.String(), Symbol: v.shard.book.symbols.Name(id), From: cur.last + 1, To: next.at.Offset - 1}
	if step := v.channel.step(); step > 0 {
		gap.From, gap.To = cur.last+step, next.at.Offset-step
	}
	anew := v.channel.trades() && next.at.Offset <= cur.last // seqs have fallen
	missing := (cur.torn || lost > cur.version) && gap.From <= gap.To
	if !anew && !missing {
		return nil
	}
	return &gap
}

// snapshotBars sends the newest bar of the symbols that need one.
func (sh *shard) snapshotBars(s *Subscriber, v *view) bool {
	v.beginFrame(s)
	full := false
	for _, p := range s.watchlist.parts {
		if p == nil || p.view != v {
			continue
		}
		p.fresh.drain(func(at uint32) bool {
			if full {
				return false
			}
			seg := v.spareSegment()
			v.reread = append(v.reread, seg)
			id := p.symbol(at)
			if !sh.book.slot(id).newestBar(v.channel, sh.book.symbols.Name(id), seg) {
				return false // no bar yet
			}
			if full = sh.assembly.full(seg); full {
				return false
			}
			p.log.set(at, cursor{version: seg.ordinal, last: seg.at.Offset})
			p.pending.clear(at)
			sh.assembly.add(seg)
			return true
		})
	}
	sent := sh.sendData(s, v, true)
	if sent {
		sh.touch(s)
	}
	return sent
}
