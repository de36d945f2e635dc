package fanout

import (
	"tickwire/feed"
)

// view is one channel in one shard: who watches which symbol there, and the
// updates as they were last encoded.
type view struct {
	shard    *shard
	channel  channel
	interest interest
	segments []segment // by symbol, of a channel of newest values

	logs   []encodedLog // by symbol, of a channel that tells everything
	reread []*segment   // encoded for the frame of one subscriber
	spare  []*segment   // for the next ones
}

// view is the shard's view of a channel, made when the first subscription asks
// for it.
func (sh *shard) view(c channel) *view {
	v := sh.views[c]
	if v == nil {
		v = &view{shard: sh, channel: c, interest: interest{rosters: make(map[string]*roster)}}
		sh.views[c] = v
		sh.active = append(sh.active, v)
	}
	return v
}

// begin is called before somebody becomes interested in a symbol. The first one
// in this shard says so in the slot, which is read after that: see slot.interest.
// It is read when the first frame asks for it, so that a client of everything
// does not have the shard encode everything at once.
func (v *view) begin(id feed.SymbolID) {
	if !v.interest.of(id).none() {
		return
	}
	v.shard.book.slot(id).interest.Or(v.shard.bit)
	if v.channel.tellsAll() {
		for int(id) >= len(v.logs) {
			v.logs = append(v.logs, encodedLog{})
		}
		v.spare = append(v.spare, v.logs[id].entries...)
		v.logs[id] = encodedLog{base: v.shard.book.slot(id).logVersion(v.channel)}
		return
	}
	for int(id) >= len(v.segments) {
		v.segments = append(v.segments, segment{})
	}
	v.segments[id].stale = true
}

// cease is called after somebody has ceased to be interested in a symbol.
func (v *view) cease(id feed.SymbolID) {
	for _, other := range v.shard.active {
		if !other.interest.of(id).none() {
			return
		}
	}
	v.shard.book.slot(id).interest.And(^v.shard.bit)
}

// changed encodes a symbol that changed, once, and marks it for its subscribers.
func (v *view) changed(id feed.SymbolID) {
	who := v.interest.of(id)
	if who.none() {
		return
	}
	if v.channel.tellsAll() {
		v.changedLog(id, who)
		return
	}
	seg := &v.segments[id]
	was, ordinal := seg.at, seg.ordinal
	if !seg.stale {
		v.encode(id)
		if seg.ordinal == ordinal {
			return // it was encoded with this tick before this mark was seen
		}
		if ordinal != 0 && !seg.at.SameLog(was) {
			who.renew()
		}
	} // else everybody waits for a snapshot
	ticks := seg.ordinal - ordinal
	if !v.channel.counted() {
		ticks = 0
	}
	if conflated := who.mark(ticks); conflated > 0 {
		v.shard.conflated.Add(conflated)
	}
}

func (v *view) encode(id feed.SymbolID) {
	seg := &v.segments[id]
	seg.form, seg.stale = unknown, false
	name := v.shard.book.symbols.Name(id)
	if slot := v.shard.book.slot(id); v.channel == stats {
		slot.readDay(name, seg)
	} else {
		seg.text, seg.at, seg.ordinal = slot.read(seg.text[:0], name, v.channel.stamped())
	}
}

// open says what a client gets first of a symbol that it did not watch: what it
// needs to take the updates from there on.
func (v *view) open(p *part, at uint32) {
	if p.log != nil {
		v.openLog(p, at)
		return
	}
	if resume := p.sub.resume; resume != nil {
		id := p.symbol(at)
		if seg := v.segment(p, at); seg.ordinal > 0 && resume.has(v.shard.book.symbols.Name(id), seg.at) {
			return
		}
	}
	p.renew(at)
}

// newPart is a part of this view for s.
func (v *view) newPart(s *Subscriber) *part {
	p := &part{sub: s, view: v, lined: s.lined && !v.channel.tellsAll()}
	if v.channel.tellsAll() {
		p.log = new(cursors)
	}
	return p
}

// segment is the update of a symbol of p.
func (v *view) segment(p *part, at uint32) *segment {
	id := p.symbol(at)
	seg := &v.segments[id]
	if seg.stale {
		v.encode(id)
	}
	return seg
}

func (v *view) watchName(names *part, at uint32) {
	id := names.entries[at].id
	v.begin(id)
	v.interest.addNamed(id, names, at)
}

func (v *view) unwatchName(names *part, at uint32) {
	id := names.entries[at].id
	v.interest.removeNamed(id, names, at)
	v.cease(id)
}

// join makes p a member of the roster of a prefix, which is made if it is not
// there. Symbols that appear later come to it with a pulse.
func (v *view) join(p *part, prefix string) {
	v.shard.takeSymbols()
	r := v.interest.rosters[prefix]
	if r == nil {
		r = &roster{prefix: prefix}
		v.interest.rosters[prefix] = r
		for id := range feed.SymbolID(v.shard.known) {
			if r.matches(v.shard.book.symbols.Name(id)) {
				v.enlist(r, id)
			}
		}
	}
	p.roster, p.member = r, len(r.members)
	r.members = append(r.members, p)
}

// enlist puts a symbol on a roster, and so on the watchlists of its members.
func (v *view) enlist(r *roster, id feed.SymbolID) {
	v.begin(id)
	at := v.interest.enlist(r, id)
	for _, p := range r.members {
		p.claim(id, at)
		p.sub.measure()
		v.shard.touch(p.sub)
	}
}

// leave undoes join. The last member takes the roster along.
func (v *view) leave(p *part) {
	r := p.roster
	if r.leave(p); len(r.members) > 0 {
		return
	}
	v.interest.disband(r)
	for _, id := range r.symbols {
		v.cease(id)
	}
}
