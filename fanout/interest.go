package fanout

import (
	"slices"
	"strings"

	"tickwire/feed"
)

// interest is who watches what in one view: for every symbol the subscribers
// that named it, and the rosters that it is on.
type interest struct {
	symbols []symbolInterest
	rosters map[string]*roster // by prefix
}

type symbolInterest struct {
	named   []watch
	rosters []place
}

// watch is the place of a symbol among the names of one subscriber.
type watch struct {
	part *part
	at   uint32
}

// place is where a symbol stands on a roster.
type place struct {
	roster *roster
	at     uint32
}

// roster is the symbols of one pattern, shared by all subscribers of the view
// that asked for it: each of them keeps a bit a symbol and nothing else.
type roster struct {
	prefix  string
	symbols []feed.SymbolID // rising, as symbols come
	members []*part
}

// find is the place of a symbol on the roster.
func (r *roster) find(id feed.SymbolID) (uint32, bool) {
	at, ok := slices.BinarySearch(r.symbols, id)
	return uint32(at), ok
}

func (in *interest) of(id feed.SymbolID) *symbolInterest {
	for int(id) >= len(in.symbols) {
		in.symbols = append(in.symbols, symbolInterest{})
	}
	return &in.symbols[id]
}

// mark tells every watcher that the symbol has had that many more ticks, and
// returns how many of those were conflated, of all watchers.
func (s *symbolInterest) mark(ticks uint64) (conflated uint64) {
	for _, w := range s.named {
		conflated += w.part.mark(w.at, ticks)
	}
	for _, on := range s.rosters {
		for _, p := range on.roster.members {
			conflated += p.mark(on.at, ticks)
		}
	}
	return conflated
}

// renew has every watcher get a snapshot of a symbol whose offsets begin anew.
func (s *symbolInterest) renew() {
	for _, w := range s.named {
		w.part.renew(w.at)
	}
	for _, on := range s.rosters {
		for _, p := range on.roster.members {
			if !p.hidden.has(on.at) {
				p.renew(on.at)
			}
		}
	}
}

func (s *symbolInterest) none() bool { return len(s.named) == 0 && len(s.rosters) == 0 }

// addNamed notes that the entry at of p watches id.
func (in *interest) addNamed(id feed.SymbolID, p *part, at uint32) {
	s := in.of(id)
	p.entries[at].watch = uint32(len(s.named))
	s.named = append(s.named, watch{p, at})
}

// removeNamed undoes addNamed. The last watch takes the freed place, so the
// order of the list means nothing.
func (in *interest) removeNamed(id feed.SymbolID, p *part, at uint32) {
	s := in.of(id)
	i, last := p.entries[at].watch, len(s.named)-1
	moved := s.named[last]
	s.named[i] = moved
	moved.part.entries[moved.at].watch = i
	s.named[last] = watch{}
	s.named = s.named[:last]
}

// enlist puts a symbol on a roster.
func (in *interest) enlist(r *roster, id feed.SymbolID) (at uint32) {
	at = uint32(len(r.symbols))
	r.symbols = append(r.symbols, id)
	s := in.of(id)
	s.rosters = append(s.rosters, place{r, at})
	return at
}

// disband removes a roster that has no members any more.
func (in *interest) disband(r *roster) {
	delete(in.rosters, r.prefix)
	for _, id := range r.symbols {
		s := in.of(id)
		s.rosters = slices.DeleteFunc(s.rosters, func(p place) bool { return p.roster == r })
	}
}

// leave ends p's membership.
func (r *roster) leave(p *part) {
	i, last := p.member, len(r.members)-1
	r.members[i] = r.members[last]
	r.members[i].member = i
	r.members[last] = nil
	r.members = r.members[:last]
}

// matches reports whether symbol belongs on the roster.
func (r *roster) matches(symbol string) bool { return strings.HasPrefix(symbol, r.prefix) }
