package fanout

import (
	"slices"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// watchlist is a subscriber's symbols. Where they come from are its terms: the
// names that were asked for, and the patterns. Each symbol is held by one part:
// a name beats a pattern, a longer pattern a shorter one. The others hide it.
type watchlist struct {
	parts []*part                  // by number: the names first, then patterns; nil where one ended
	names map[feed.SymbolID]uint32 // place of a name in parts[0], once there are many
}

// part is a piece of a watchlist: either all names, each with its lane, or the
// symbols of one pattern. A symbol's place in it does not change.
//
// A mark looks at the first fields and, for most, at nothing else: there are
// many more marks than frames, and each of another client is a cache miss.
type part struct {
	sub       *Subscriber
	scheduled bool   // the subscriber has one lane and will be flushed without further ado
	pending   bitset // changed since the last frame
	fresh     bitset // needs a snapshot before anything else
	hidden    bitset // another part holds the symbol

	number uint16
	lane   uint8   // of a pattern
	roster *roster // of a pattern; nil: these are the names
	member int     // place in roster.members

	entries []entry  // of names
	free    []uint32 // places in entries to use again
}

// entry is one symbol that was asked for by name.
type entry struct {
	id    feed.SymbolID
	watch uint32 // place in the shard's interest
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

// find is the place of a symbol in p, whether p holds or hides it.
func (p *part) find(id feed.SymbolID) (uint32, bool) {
	if p.roster != nil {
		return p.roster.find(id)
	}
	return p.sub.watchlist.name(id)
}

// beats reports whether p holds a symbol that both p and q have.
func (p *part) beats(q *part) bool {
	return p.roster == nil || q.roster != nil && len(p.roster.prefix) > len(q.roster.prefix)
}

// mark notes that a symbol has had that many more ticks. Unless a snapshot is
// coming anyway, all of them but one are conflated: this update stands for
// them; and if the symbol was pending, all are.
func (p *part) mark(at uint32, ticks uint64) {
	if p.hidden.has(at) {
		return
	}
	if p.fresh.has(at) {
		p.sub.shard.touch(p.sub)
		return
	}
	if !p.pending.set(at) {
		p.sub.join(p, at)
		ticks--
	}
	if ticks > 0 {
		p.sub.conflated += ticks
		p.sub.shard.conflated.Add(ticks)
	}
	if !p.scheduled {
		p.scheduled = len(p.sub.lanes) == 1
		p.sub.shard.schedule(p.sub.lanes[p.laneOf(at)])
	}
}

// claim is called when p has come to have a symbol: either p holds it from now
// on, with what was due to the client by the part that held it before, or p
// hides it. A symbol that nobody held is fresh.
func (p *part) claim(id feed.SymbolID, at uint32) {
	for _, q := range p.sub.watchlist.parts {
		if q == nil || q == p {
			continue
		}
		from, has := q.find(id)
		if !has || q.hidden.has(from) {
			continue
		}
		if q.beats(p) {
			p.hidden.set(at)
			return
		}
		q.hidden.set(from)
		q.hand(from, p, at)
		return
	}
	p.fresh.set(at)
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
		if q == nil || q == p {
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
	if p.fresh.clear(at) {
		q.fresh.set(to)
	}
	if p.pending.clear(at) && !q.pending.set(to) {
		p.sub.join(q, to)
	}
}

// put makes an entry for a name.
func (p *part) put(e entry) (at uint32) {
	if last := len(p.free) - 1; last >= 0 {
		at, p.free = p.free[last], p.free[:last]
		p.entries[at] = e
		return at
	}
	p.entries = append(p.entries, e)
	return uint32(len(p.entries) - 1)
}

// drop makes the place of an entry free.
func (p *part) drop(at uint32) {
	p.entries[at] = entry{}
	p.free = append(p.free, at)
}

// terms is how many names and patterns there are.
func (w *watchlist) terms() int {
	if len(w.parts) == 0 {
		return 0
	}
	n := len(w.parts[0].entries) - len(w.parts[0].free)
	for _, p := range w.patterns() {
		if p != nil {
			n++
		}
	}
	return n
}

func (w *watchlist) patterns() []*part {
	if len(w.parts) == 0 {
		return nil
	}
	return w.parts[1:]
}

// scanned is up to how many names are looked through one by one: a map of 20
// takes more memory than they do.
const scanned = 64

// name is the place of a symbol among the names.
func (w *watchlist) name(id feed.SymbolID) (uint32, bool) {
	if w.names != nil || len(w.parts) == 0 {
		at, ok := w.names[id]
		return at, ok
	}
	at := slices.IndexFunc(w.parts[0].entries, func(e entry) bool { return e.live && e.id == id })
	return uint32(at), at >= 0
}

// index has the map keep a name that was put, once there are many.
func (w *watchlist) index(id feed.SymbolID, at uint32) {
	entries := w.parts[0].entries
	if w.names == nil && len(entries) > scanned {
		w.names = make(map[feed.SymbolID]uint32, 2*scanned)
		for at, e := range entries {
			if e.live {
				w.names[e.id] = uint32(at)
			}
		}
	}
	if w.names != nil {
		w.names[id] = at
	}
}

// pattern is the part of a pattern, or nil.
func (w *watchlist) pattern(prefix string) *part {
	for _, p := range w.patterns() {
		if p != nil && p.roster.prefix == prefix {
			return p
		}
	}
	return nil
}

// usesLane reports whether any term has this lane.
func (w *watchlist) usesLane(lane uint8) bool {
	for _, p := range w.patterns() {
		if p != nil && p.lane == lane {
			return true
		}
	}
	if len(w.parts) == 0 {
		return false
	}
	return slices.ContainsFunc(w.parts[0].entries, func(e entry) bool { return e.live && e.lane == lane })
}

// termsOf are the names and patterns of one lane, as they were asked for.
func (w *watchlist) termsOf(lane uint8, symbols *feed.Symbols) []string {
	var terms []string
	if len(w.parts) > 0 {
		for _, e := range w.parts[0].entries {
			if e.live && e.lane == lane {
				terms = append(terms, symbols.Name(e.id))
			}
		}
	}
	for _, p := range w.patterns() {
		if p != nil && p.lane == lane {
			terms = append(terms, p.roster.prefix+"*")
		}
	}
	return terms
}

// verdicts carries out the terms of a request and notes in the ack how each
// went, in the order of the request. They are carried out in the order in which
// updates compress best, since it is the order in which they will stand in
// frames.
func verdicts(ack *wire.Ack, terms []string, judge func(term string) wire.Code) {
	ordered := slices.Clone(terms)
	slices.SortFunc(ordered, table.Compare)
	codes := make(map[string]wire.Code, len(terms))
	for _, term := range slices.Compact(ordered) {
		codes[term] = judge(term)
	}
	ack.Symbols = make([]string, 0, len(terms))
	for _, term := range terms {
		if code := codes[term]; code != "" {
			ack.Denied = append(ack.Denied, wire.Denied{Symbol: term, Code: code})
		} else {
			ack.Symbols = append(ack.Symbols, term)
		}
	}
}
