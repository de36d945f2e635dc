package fanout

import (
	"tickwire/fanout/wire"
	"tickwire/feed"
)

// addTerm subscribes one name or pattern, or says why not. room is how many
// names there may be in the request, so that none is spare.
func (s *Subscriber) addTerm(v *view, term string, lane uint8, room int) wire.Code {
	if !wire.ValidTerm(term) {
		return wire.BadSymbol
	}
	if prefix, ok := wire.Pattern(term); ok {
		return s.addPattern(v, prefix, lane)
	}
	id, ok := s.shard.book.symbols.Lookup(term)
	if !ok {
		return wire.UnknownSymbol
	}
	names := s.watchlist.names(v)
	if names != nil {
		if at, named := names.name(id); named {
			names.entries[at].lane = lane
			return ""
		}
	}
	if s.watchlist.terms() >= s.most() {
		return wire.TooManySymbols
	}
	if names == nil {
		names = s.watchlist.add(v.newPart(s))
		names.entries = make([]entry, 0, room)
	}
	at := names.put(entry{id: id, lane: lane, live: true})
	v.watchName(names, at)
	names.claim(id, at)
	return ""
}

func (s *Subscriber) addPattern(v *view, prefix string, lane uint8) wire.Code {
	if p := s.watchlist.pattern(v, prefix); p != nil {
		p.lane = lane
		return ""
	}
	if s.watchlist.terms() >= s.most() {
		return wire.TooManySymbols
	}
	p := v.newPart(s)
	p.lane = lane
	v.join(p, prefix)
	s.watchlist.add(p)
	if p.log != nil {
		p.log.from = s.resume.arrivals(&s.shard.book.intakes)
	}
	for at, id := range p.roster.symbols {
		p.claim(id, uint32(at))
	}
	return ""
}

// removeTerm undoes addTerm.
func (s *Subscriber) removeTerm(v *view, term string) wire.Code {
	if prefix, ok := wire.Pattern(term); ok {
		p := s.watchlist.pattern(v, prefix)
		if p == nil {
			return wire.NotSubscribed
		}
		s.removePattern(p)
		return ""
	}
	names := s.watchlist.names(v)
	id, ok := s.shard.book.symbols.Lookup(term)
	if names == nil || !ok {
		return wire.NotSubscribed
	}
	at, named := names.name(id)
	if !named {
		return wire.NotSubscribed
	}
	s.removeName(names, id, at)
	return ""
}

func (s *Subscriber) removeName(names *part, id feed.SymbolID, at uint32) {
	names.release(id, at)
	names.view.unwatchName(names, at)
	names.drop(at)
	if names.size() == 0 {
		s.endPart(names)
	}
}

func (s *Subscriber) removePattern(p *part) {
	for at, id := range p.roster.symbols {
		p.release(id, uint32(at))
	}
	s.endPart(p)
	p.view.leave(p)
}

// clear ends every subscription.
func (s *Subscriber) clear() {
	for _, p := range s.watchlist.parts {
		switch {
		case p == nil:
		case p.roster != nil:
			p.view.leave(p)
		default:
			for at, e := range p.entries {
				if e.live {
					p.view.unwatchName(p, uint32(at))
				}
			}
		}
	}
	s.watchlist = watchlist{}
}

// endPart lets go of a part that has no symbols any more.
func (s *Subscriber) endPart(p *part) {
	s.conflated += p.conflated
	s.watchlist.parts[p.number] = nil
}
