package fanout

import (
	"slices"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// watchlist is a subscriber's symbols. Where they come from are its terms: the
// names that were asked for, and the patterns. Each symbol of a channel is held
// by one part: a name beats a pattern, a longer pattern a shorter one. The
// others hide it. That holds across a channel with stamps and without.
type watchlist struct {
	parts []*part // by number; nil where one ended
}

// names is the part with the names of a view, or nil.
func (w *watchlist) names(v *view) *part {
	for _, p := range w.parts {
		if p != nil && p.view == v && p.roster == nil {
			return p
		}
	}
	return nil
}

// pattern is the part of a pattern of a view, or nil.
func (w *watchlist) pattern(v *view, prefix string) *part {
	for _, p := range w.parts {
		if p != nil && p.view == v && p.roster != nil && p.roster.prefix == prefix {
			return p
		}
	}
	return nil
}

// has reports whether there is a part of the view.
func (w *watchlist) has(v *view) bool {
	return slices.ContainsFunc(w.parts, func(p *part) bool { return p != nil && p.view == v })
}

// add gives p a number.
func (w *watchlist) add(p *part) *part {
	for n, old := range w.parts {
		if old == nil {
			p.number = uint16(n)
			w.parts[n] = p
			return p
		}
	}
	p.number = uint16(len(w.parts))
	w.parts = append(w.parts, p)
	return p
}

// terms is how many names and patterns there are.
func (w *watchlist) terms() int {
	n := 0
	for _, p := range w.parts {
		switch {
		case p == nil:
		case p.roster != nil:
			n++
		default:
			n += p.size()
		}
	}
	return n
}

// usesLane reports whether any term has this lane.
func (w *watchlist) usesLane(lane uint8) bool {
	return slices.ContainsFunc(w.parts, func(p *part) bool { return p != nil && p.usesLane(lane) })
}

// termsOf are the names and patterns of one lane, as they were asked for.
func (w *watchlist) termsOf(lane uint8, symbols *feed.Symbols) []string {
	var terms []string
	for _, p := range w.parts {
		switch {
		case p == nil:
		case p.roster != nil && p.lane == lane:
			terms = append(terms, p.roster.prefix+"*")
		default:
			for _, e := range p.entries {
				if e.live && e.lane == lane {
					terms = append(terms, symbols.Name(e.id))
				}
			}
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
