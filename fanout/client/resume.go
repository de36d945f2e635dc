package client

import (
	"cmp"
	"slices"
	"strconv"

	"tickwire/fanout/wire"
)

// resumption is what asks a new connection for everything that is wanted, from
// where the last one ended: the budget, then names, then patterns. Names come
// first, as on the server a name goes before a pattern, so that each symbol is
// resumed by the request that will hold it. Of a pattern's symbols only those
// are resumed by their seq that fit into the request beside it; of ticker the
// server tells the others as if they were new, of trades from the position on
// that the subscription has, and what of that was delivered is passed over.
func resumption(w *wanted, l *ledger, room int) []wire.Request {
	l.keep(w.covers)
	var all []wire.Request
	if w.bytesPerS != 0 {
		bytesPerS := w.bytesPerS
		all = append(all, wire.Request{Op: wire.OpSubscribe, BytesPerS: &bytesPerS})
	}
	return append(append(all, resumedNames(w, l, room)...), resumedPatterns(w, l, room)...)
}

func resumedNames(w *wanted, l *ledger, room int) []wire.Request {
	var all []wire.Request
	for _, s := range w.subscriptions(func(t term) bool { return !t.pattern() }) {
		size := func(symbol string) int {
			if seq, known := l.seq(s.Channel, symbol); known {
				return sizeOf(symbol) + sinceSizeOf(symbol, seq)
			}
			return sizeOf(symbol)
		}
		complete := func(symbol string) bool {
			_, known := l.seq(s.Channel, symbol)
			return known
		}
		for _, at := range l.byPosition(s.Channel, s.Symbols, complete) {
			r := s.request()
			left := at.say(&r, room)
			for _, part := range split(at.terms, left, size) {
				r.Symbols, r.Since = part, nil
				for _, symbol := range part {
					goOn(&r, l, symbol)
				}
				l.resume(r.Channel, r.Since)
				all = append(all, r)
			}
		}
	}
	return all
}

func resumedPatterns(w *wanted, l *ledger, room int) []wire.Request {
	var all []wire.Request
	var spare []int          // of each request
	asking := map[term]int{} // which request asks for a pattern
	for _, at := range patternsByPosition(w, l) {
		r := at.request()
		beside := at.begun.say(&r, room)
		for _, part := range split(at.terms, beside, sizeOf) {
			left := beside
			for _, text := range part {
				left -= sizeOf(text)
				asking[term{r.Channel, text}] = len(all)
			}
			r.Symbols = part
			all, spare = append(all, r), append(spare, left)
		}
	}
	for _, channel := range []string{wire.Ticker, wire.Trades} {
		for _, symbol := range l.symbols(channel) {
			i, covered := first(asking, channel, symbol)
			if !covered {
				continue
			}
			seq, _ := l.seq(channel, symbol)
			if size := sinceSizeOf(symbol, seq); size <= spare[i] {
				spare[i] -= size
				goOn(&all[i], l, symbol)
			} else if all[i].Position != "" {
				l.repeat(symbol)
			}
		}
	}
	for _, r := range all {
		l.resume(r.Channel, r.Since)
	}
	return all
}

// begunPatterns are patterns of a subscription that begin at one position.
type begunPatterns struct {
	Subscription
	begun
}

// patternsByPosition has the patterns in the order of where they begin: so the
// first that asks for a symbol has it begin where the oldest does.
func patternsByPosition(w *wanted, l *ledger) (all []begunPatterns) {
	for _, s := range w.subscriptions(term.pattern) {
		for _, at := range l.byPosition(s.Channel, s.Symbols, func(string) bool { return false }) {
			all = append(all, begunPatterns{s, at})
		}
	}
	slices.SortStableFunc(all, func(a, b begunPatterns) int { return cmp.Compare(a.from.age, b.from.age) })
	return all
}

// first is the first request that asks for a pattern which covers the symbol.
func first(asking map[term]int, channel, symbol string) (request int, covered bool) {
	for i := range len(symbol) + 1 {
		if at, known := asking[term{channel, symbol[:i] + "*"}]; known && (!covered || at < request) {
			request, covered = at, true
		}
	}
	return request, covered
}

// goOn has a request say where to go on with a symbol, if that is known.
func goOn(r *wire.Request, l *ledger, symbol string) {
	seq, known := l.seq(r.Channel, symbol)
	if !known {
		return
	}
	if r.Since == nil {
		r.Since = map[string]int64{}
	}
	r.Since[symbol] = seq
}

// sinceSizeOf is how many bytes a symbol takes in Since as JSON.
func sinceSizeOf(symbol string, seq int64) int {
	return sizeOf(symbol) + len(":") + len(strconv.FormatInt(seq, 10))
}
