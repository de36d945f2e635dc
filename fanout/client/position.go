package client

import (
	"cmp"
	"math"
	"slices"

	"tickwire/fanout/wire"
)

// positions are where the subscriptions of trades begin, as acks told: it stands
// for the symbols of which no trade has come yet. They are of terms that are
// wanted, and belong to a ledger.
type positions struct {
	connection int // counts them
	told       int // counts positions as they come
	by         map[string]position
}

// position is that of one term.
type position struct {
	text       string
	age        int // a higher one is of later
	connection int // that told it
}

// begin notes the ack of a subscription. The newest ack of a term counts, since
// the server says in it where it begins to tell this connection: after a
// resumption that is the position that it was given, until nothing is missed of
// before. But within a connection the first counts: what comes later changes a
// rate, or asks by another term for symbols that are told already.
func (p *positions) begin(terms []string, text string) {
	fresh := position{text: text, age: p.told, connection: p.connection}
	p.told++
	for _, term := range terms {
		old, known := p.by[term]
		if known && old.connection == p.connection {
			continue
		}
		to := fresh
		if pattern, covered := p.covering(term, p.connection); covered {
			to = pattern
		} else if known && old.text == text {
			to.age = old.age
		}
		p.by[term] = to
	}
}

// covering is the position of a pattern which stands for all that a term does, as
// it was told by a connection or a later one; the oldest.
func (p *positions) covering(term string, connection int) (of position, covered bool) {
	for i := range len(term) + 1 {
		one, known := p.by[term[:i]+"*"]
		if known && one.connection >= connection && (!covered || one.age < of.age) {
			of, covered = one, true
		}
	}
	return of, covered
}

// position is where a term is to begin on a new connection. One that was not
// acked may stand for symbols that were told as those of a pattern.
func (l *ledger) position(term string, or position) position {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one, known := l.positions.by[term]; known {
		return one
	}
	if one, covered := l.positions.covering(term, 0); covered {
		return one
	}
	return or
}

// resumedPositions is how many requests a subscription is asked for in at the
// most because its terms begin at different positions.
const resumedPositions = 8

// byPosition divides terms of a subscription by where they are to begin, the
// oldest first; of those that are complete it need not be said. Where there would
// be too many, the oldest is said for several: what came between the one and the
// other is then told too.
func (l *ledger) byPosition(channel string, terms []string, complete func(term string) bool) (all []begun) {
	if channel != wire.Trades {
		return []begun{{from: position{age: math.MaxInt}, terms: terms}}
	}
	at := map[string]int{}
	for _, term := range terms {
		from := position{age: math.MaxInt} // nothing to be said
		if !complete(term) {
			from = l.position(term, from)
		}
		i, known := at[from.text]
		if !known {
			i = len(all)
			at[from.text] = i
			all = append(all, begun{from: from})
		}
		all[i].terms = append(all[i].terms, term)
		all[i].from.age = min(all[i].from.age, from.age)
	}
	slices.SortStableFunc(all, func(a, b begun) int { return cmp.Compare(a.from.age, b.from.age) })
	said := len(all)
	if _, unsaid := at[""]; unsaid {
		said-- // the last
	}
	for ; said > resumedPositions; said-- {
		all[0].terms = append(all[0].terms, all[1].terms...)
		all = slices.Delete(all, 1, 2)
	}
	return all
}

// begun are terms that begin at one position.
type begun struct {
	from  position
	terms []string
}

// say has a request say where its terms begin, and returns how much of its room
// is left. A position that takes more than half of it is not said: so many
// partitions does no request hold.
func (b *begun) say(r *wire.Request, room int) (left int) {
	size := len(`,"position":""`) + len(b.from.text)
	if b.from.text == "" || size > room/2 {
		return room
	}
	r.Position = b.from.text
	return room - size
}
