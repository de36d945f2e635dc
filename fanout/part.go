package fanout

import (
	"slices"

	"tickwire/feed"
)

// part is a piece of a watchlist in one view: either all names, each with its
// lane, or the symbols of one pattern. A symbol's place in it does not change.
//
// A mark looks at the first fields and, for most, at nothing else: there are
// many more marks than frames, and each of another client is a cache miss.
type part struct {
	sub       *Subscriber
	scheduled bool   // the subscriber has one lane and will be flushed without further ado
	special   bool   // fresh or hidden may have members
	lined     bool   // the subscriber keeps the line of what waits
	conflated uint64 // ticks that were replaced before they were sent
	pending   bitset // changed since the last frame

	fresh  bitset // needs a snapshot before anything else; see renew
	hidden bitset // another part holds the symbol; see hide

	number uint16
	lane   uint8 // of a pattern
	view   *view
	log    *cursors // in a channel that tells everything; nil: newest values
	roster *roster  // of a pattern; nil: these are the names
	member int      // place in roster.members

	entries []entry                  // of names
	free    []uint32                 // places in entries to use again
	index   map[feed.SymbolID]uint32 // places of entries, once there are many
}

// entry is one symbol that was asked for by name.
type entry struct {
	id    feed.SymbolID
	watch uint32 // place in the view's interest
	lane  uint8
	live  bool
}

func (p *part) symbol(at uint32) feed.SymbolID {
	if p.roster != nil {
		return p.roster.symbols[at]
	}
	return p.entries[at].id
}

// size is how many symbols p has, those that it hides included.
func (p *part) size() int {
	if p.roster != nil {
		return len(p.roster.symbols)
	}
	return len(p.entries) - len(p.free)
}

func (p *part) laneOf(at uint32) uint8 {
	if p.roster != nil {
		return p.lane
	}
	return p.entries[at].lane
}

// usesLane reports whether any term of p has this lane.
func (p *part) usesLane(lane uint8) bool {
	if p.roster != nil {
		return p.lane == lane
	}
	return slices.ContainsFunc(p.entries, func(e entry) bool { return e.live && e.lane == lane })
}

// find is the place of a symbol in p, whether p holds or hides it.
func (p *part) find(id feed.SymbolID) (uint32, bool) {
	if p.roster != nil {
		return p.roster.find(id)
	}
	return p.name(id)
}

// scanned is up to how many names are looked through one by one: a map of 20
// takes more memory than they do.
const scanned = 64

// name is the place of a symbol among the names.
func (p *part) name(id feed.SymbolID) (uint32, bool) {
	if p.index != nil {
		at, ok := p.index[id]
		return at, ok
	}
	at := slices.IndexFunc(p.entries, func(e entry) bool { return e.live && e.id == id })
	return uint32(at), at >= 0
}

// put makes an entry for a name.
func (p *part) put(e entry) (at uint32) {
	if last := len(p.free) - 1; last >= 0 {
		at, p.free = p.free[last], p.free[:last]
		p.entries[at] = e
	} else {
		at = uint32(len(p.entries))
		p.entries = append(p.entries, e)
	}
	if p.index == nil && len(p.entries) > scanned {
		p.index = make(map[feed.SymbolID]uint32, 2*scanned)
		for at, e := range p.entries {
			if e.live {
				p.index[e.id] = uint32(at)
			}
		}
	}
	if p.index != nil {
		p.index[e.id] = at
	}
	return at
}

// drop makes the place of an entry free.
func (p *part) drop(at uint32) {
	if p.index != nil {
		delete(p.index, p.entries[at].id)
	}
	p.entries[at] = entry{}
	p.free = append(p.free, at)
}

// rivals reports whether a symbol of both can only be held by one: they are of
// one channel, with stamps or without.
func (p *part) rivals(q *part) bool {
	return q != nil && q != p && (q.view == p.view || q.view.channel == p.view.channel.twin())
}

// beats reports whether p holds a symbol that both p and q have.
func (p *part) beats(q *part) bool {
	return p.roster == nil || q.roster != nil && len(p.roster.prefix) > len(q.roster.prefix)
}

// mark notes that a symbol has had that many more ticks. Unless a snapshot is
// coming anyway, all of them but one are conflated: this update stands for
// them; and if the symbol was pending, all are. It returns how many are.
func (p *part) mark(at uint32, ticks uint64) (conflated uint64) {
	if p.special && p.passes(at) {
		return 0
	}
	if !p.pending.set(at) {
		if p.lined {
			p.sub.waiting.join(p, at)
		}
		ticks = max(ticks, 1) - 1
	}
	p.conflated += ticks
	if !p.scheduled {
		p.scheduled = len(p.sub.lanes) == 1
		p.sub.shard.schedule(p.sub.lanes[p.laneOf(at)])
	}
	return ticks
}

// passes reports whether a symbol that has changed is not to be marked: another
// part holds it, or its snapshot is still to come.
func (p *part) passes(at uint32) bool {
	switch {
	case p.hidden.has(at):
		return true
	case p.fresh.has(at):
		p.sub.shard.touch(p.sub)
		return true
	}
	p.special = !p.hidden.empty() || !p.fresh.empty()
	return false
}

// renew has the client get a snapshot of a symbol before anything else.
func (p *part) renew(at uint32) {
	p.fresh.set(at)
	p.special = true
}

// hide leaves a symbol to another part.
func (p *part) hide(at uint32) {
	p.hidden.set(at)
	p.special = true
}

// claim is called when p has come to have a symbol: either p holds it from now
// on, with what was due to the client by the part that held it before, or p
// hides it. What the client gets first of a symbol that nobody held is for the
// view to say.
func (p *part) claim(id feed.SymbolID, at uint32) {
	p.sub.watchSymbol(id)
	for _, q := range p.sub.watchlist.parts {
		if !p.rivals(q) {
			continue
		}
		from, has := q.find(id)
		if !has || q.hidden.has(from) {
			continue
		}
		if q.beats(p) {
			p.hide(at)
			return
		}
		q.hide(from)
		q.hand(from, p, at)
		return
	}
	p.view.open(p, at)
}

// release is called when p is about to lose a symbol: if p holds it, the best
// of the other parts that have it does so from now on.
func (p *part) release(id feed.SymbolID, at uint32) {
	if p.hidden.clear(at) {
		return
	}
	var heir *part
	var to uint32
	for _, q := range p.sub.watchlist.parts {
		if !p.rivals(q) {
			continue
		}
		if at, has := q.find(id); has && (heir == nil || q.beats(heir)) {
			heir, to = q, at
		}
	}
	if heir != nil {
		heir.hidden.clear(to)
		p.hand(at, heir, to)
	}
	p.fresh.clear(at)
	p.pending.clear(at)
}

// hand passes what is due to the client to the same symbol in another part.
func (p *part) hand(at uint32, q *part, to uint32) {
	if p.log != nil {
		q.log.set(to, p.log.of(at))
		p.log.set(at, cursor{})
		p.pending.set(at) // of what has come, q's view may not see a change
		p.sub.shard.touch(p.sub)
	}
	if p.fresh.clear(at) {
		q.renew(to)
	}
	if p.pending.clear(at) && !q.pending.set(to) {
		p.sub.join(q, to)
	}
}
