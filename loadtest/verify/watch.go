package verify

import (
	"slices"

	"tickwire/fanout/wire"
)

// Watch is one subscriber's view of its symbols, from one connection to the
// next. One goroutine at a time uses it. It takes 24 bytes a symbol.
type Watch struct {
	truth  *Truth
	client string
	trades bool
	all    bool
	node   int32
	near   int32  // where the next view is likely to be asked for
	views  []view // by id: all of them, or those of the watchlist in order
}

// Watch is the view of a client of a channel, wire.Ticker or wire.Trades. ids
// are its symbols; nil: every symbol.
func (t *Truth) Watch(client, channel string, ids []int32) *Watch {
	w := &Watch{truth: t, client: client, trades: channel == wire.Trades, all: ids == nil}
	if w.reachAll(); w.all {
		return w
	}
	w.views = make([]view, 0, len(ids))
	for _, id := range ids {
		w.views = append(w.views, newView(id))
	}
	slices.SortFunc(w.views, func(a, b view) int { return int(a.id() - b.id()) })
	w.views = slices.CompactFunc(w.views, func(a, b view) bool { return a.id() == b.id() })
	return w
}

// reach has the views of all symbols go up to one.
func (w *Watch) reach(id int32) {
	for next := int32(len(w.views)); next <= id; next++ {
		w.views = append(w.views, newView(next))
	}
}

// reachAll has them go up to the last one that is known.
func (w *Watch) reachAll() {
	if w.all {
		w.reach(int32(w.truth.symbols.Len()) - 1)
	}
}

// view is that of a symbol, nil if it was not asked for.
func (w *Watch) view(symbol []byte) *view {
	id, known := w.truth.ID(symbol)
	if !known {
		return nil
	}
	if w.all {
		w.reach(id)
		return &w.views[id]
	}
	from, to := 0, len(w.views)
	if near := int(w.near); near < to && w.views[near].id() == id { // messages tend to be in the order of symbols
		w.near++
		return &w.views[near]
	}
	for from < to {
		mid := int(uint(from+to) >> 1)
		if w.views[mid].id() < id {
			from = mid + 1
		} else {
			to = mid
		}
	}
	if from == len(w.views) || w.views[from].id() != id {
		return nil
	}
	w.near = int32(from + 1)
	return &w.views[from]
}

// Connect begins a connection with a node, which hello names. Ordinals and
// volumes may be counted otherwise there. With resumed, the client asks to go on
// with all its symbols where it is: those that have not moved get no snapshot,
// and trades go on without a hole.
func (w *Watch) Connect(node string, asks bool) {
	w.node = w.truth.node(node)
	for i := range w.views {
		v := &w.views[i]
		switch {
		case !asks || !v.is(told):
			v.clear(here | resumed | holed)
			if w.trades {
				v.clear(matched) // nobody knows from where on it is told trades
			}
		case !w.trades:
			v.clear(here)
			v.set(resumed)
		}
	}
}

// begin is called when the server has said that the subscription is in force:
// trades that are published from now on must be told.
func (w *Watch) begin() {
	if !w.trades || w.truth.learns() {
		return
	}
	for i := range w.views {
		if v := &w.views[i]; !v.is(here) && !v.is(matched) {
			v.match(w.truth.entered[v.id()].begin())
		}
	}
}

// Complete reports whether the last value of every symbol is the last one
// published, or, of a Truth that learns, at least the settled one. Of trades,
// those of a subscription that is in force are meant.
func (w *Watch) Complete() bool {
	w.reachAll()
	for i := range w.views {
		v := &w.views[i]
		if end := w.truth.end(v, w.trades); end.missing > 0 {
			return false
		}
	}
	return true
}

// Lost is called once, in place of Finish, of a client that has no connection in
// the end: what it was not told does not arrive any more. That breaks no promise.
func (w *Watch) Lost(l *Ledger) {
	for i := range w.views {
		if v := &w.views[i]; v.is(told) {
			l.Expected += uint64(w.truth.end(v, w.trades).missing)
		}
	}
}

// Finish is called once, when all is quiet: a symbol whose last value is not the
// last one published is a violation.
func (w *Watch) Finish(l *Ledger) {
	w.reachAll()
	for i := range w.views {
		v := &w.views[i]
		end := w.truth.end(v, w.trades)
		if !v.is(told) && !w.trades {
			end.missing = min(end.missing, 1) // nobody knows when it should have begun
		}
		l.Expected += uint64(end.missing)
		if end.wrong != "" {
			l.violate(Violation{Kind: Final, Client: w.client, Symbol: w.truth.symbols.Name(symbolID(v)), Before: v.seq, Seq: end.seq, What: end.wrong})
		}
	}
}
