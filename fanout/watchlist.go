package fanout

import (
	"strings"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// watchlist is a subscriber's symbols. Where they come from are its terms: the
// names that were asked for, and the patterns. A name beats a pattern, a longer
// pattern beats a shorter one; the winner's lane is the symbol's.
type watchlist struct {
	entries  []entry
	free     []uint32                 // places in entries to use again
	index    map[feed.SymbolID]uint32 // symbol to place
	patterns []pattern
	named    int // entries that were asked for by name
}

// entry is one watched symbol. Its place in entries does not change while it
// is watched: the pending bits and the interest lists go by it.
type entry struct {
	id   feed.SymbolID
	at   uint32 // place in the shard's interest list
	lane uint8
	name uint8 // the lane of the name that was asked for, plus one; 0: only patterns cover it
}

type pattern struct {
	prefix string
	lane   uint8
}

// terms is how many names and patterns there are.
func (w *watchlist) terms() int { return w.named + len(w.patterns) }

// findPattern is the place of the pattern with this prefix, or -1.
func (w *watchlist) findPattern(prefix string) int {
	for i, p := range w.patterns {
		if p.prefix == prefix {
			return i
		}
	}
	return -1
}

// covering is the longest pattern that symbol matches.
func (w *watchlist) covering(symbol string) (longest pattern, ok bool) {
	for _, p := range w.patterns {
		if strings.HasPrefix(symbol, p.prefix) && (!ok || len(p.prefix) > len(longest.prefix)) {
			longest, ok = p, true
		}
	}
	return longest, ok
}

// insert makes an entry for a symbol that has none.
func (w *watchlist) insert(e entry) uint32 {
	if w.index == nil {
		w.index = make(map[feed.SymbolID]uint32)
	}
	i := uint32(len(w.entries))
	if last := len(w.free) - 1; last >= 0 {
		i, w.free = w.free[last], w.free[:last]
		w.entries[i] = e
	} else {
		w.entries = append(w.entries, e)
	}
	w.index[e.id] = i
	return i
}

func (w *watchlist) delete(i uint32) {
	delete(w.index, w.entries[i].id)
	w.free = append(w.free, i)
}

// usesLane reports whether any term has this lane.
func (w *watchlist) usesLane(lane uint8) bool {
	for _, p := range w.patterns {
		if p.lane == lane {
			return true
		}
	}
	for _, i := range w.index {
		if w.entries[i].name == lane+1 {
			return true
		}
	}
	return false
}

// termsOf are the names and patterns of one lane, as they were asked for.
func (w *watchlist) termsOf(lane uint8, symbols *feed.Symbols) []string {
	var terms []string
	for i, e := range w.entries {
		if at, live := w.index[e.id]; live && at == uint32(i) && e.name == lane+1 {
			terms = append(terms, symbols.Name(e.id))
		}
	}
	for _, p := range w.patterns {
		if p.lane == lane {
			terms = append(terms, p.prefix+"*")
		}
	}
	return terms
}

// verdicts sorts the terms of a request into an ack, each by its verdict.
func verdicts(ack *wire.Ack, terms []string, judge func(term string) wire.Code) {
	ack.Symbols = make([]string, 0, len(terms))
	for _, term := range terms {
		if code := judge(term); code != "" {
			ack.Denied = append(ack.Denied, wire.Denied{Symbol: term, Code: code})
		} else {
			ack.Symbols = append(ack.Symbols, term)
		}
	}
}
