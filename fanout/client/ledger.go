package client

import (
	"maps"
	"slices"
	"sync"

	"tickwire/fanout/wire"
)

// ledger holds the server to its promises: it knows how far every symbol of
// ticker and trades has been delivered, from one connection to the next. It is
// bounded by the symbols that the server has sent and that are still wanted.
type ledger struct {
	mu        sync.Mutex // a leaf: the reader enters, who asks and unsubscribes looks up
	entries   map[string]map[string]entry
	positions positions
}

// entry is the last delivered element of one symbol in one channel.
type entry struct {
	seq     int64
	ordinal uint64 // of ticker
	stage   stage
}

// stage is how an entry came to be what it is on this connection.
type stage int

const (
	here    stage = iota // this connection has told it
	resumed              // an earlier one has; this one was asked to go on from it
	away                 // an earlier one has, and this one was not asked
	again                // an earlier one has, and this one tells of trades from an earlier position on
)

func newLedger() *ledger {
	return &ledger{entries: map[string]map[string]entry{wire.Ticker: {}, wire.Trades: {}}, positions: positions{by: map[string]position{}}}
}

// reconnect begins a connection: whatever was told was told by another.
func (l *ledger) reconnect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.positions.connection++
	for _, entries := range l.entries {
		for symbol, e := range entries {
			e.stage = away
			entries[symbol] = e
		}
	}
}

// open notes a snapshot. Nothing is promised about what was before it.
func (l *ledger) open(u *wire.Update) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[wire.Ticker][u.Symbol] = entry{seq: u.Seq, ordinal: u.Ordinal}
}

// update checks an update, and notes it if it may be delivered. conflated is how
// many ticks it stands for beside its own. Where a symbol was resumed its
// ordinal begins anew, since another node may have counted otherwise.
func (l *ledger) update(u *wire.Update) (conflated uint64, broken *OrderError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.entries[wire.Ticker][u.Symbol]
	wrong := OrderError{Channel: wire.Ticker, Symbol: u.Symbol, Seq: u.Seq, SeqBefore: before.seq, Ordinal: u.Ordinal, OrdinalBefore: before.ordinal}
	switch {
	case known && u.Seq <= before.seq, known && before.stage == here && u.Ordinal <= before.ordinal:
		return 0, &wrong
	case !known, before.stage == away:
		broken = &OrderError{Channel: wire.Ticker, Symbol: u.Symbol, Seq: u.Seq, Ordinal: u.Ordinal, NoSnapshot: true}
	case before.stage == here:
		conflated = u.Ordinal - before.ordinal - 1
	}
	l.entries[wire.Ticker][u.Symbol] = entry{seq: u.Seq, ordinal: u.Ordinal}
	return conflated, broken
}

// begin notes where the server begins with terms of trades.
func (l *ledger) begin(a *wire.Ack) {
	if a.Op != wire.OpSubscribe || a.Channel != wire.Trades || a.Position == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.positions.begin(a.Symbols, a.Position)
}

// trade checks a trade, and notes it if it is news and may be delivered. gap is
// what cannot be known before it: the symbol was not resumed.
func (l *ledger) trade(t *wire.Trade) (news bool, gap *wire.Gap, broken *OrderError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.entries[wire.Trades][t.Symbol]
	switch {
	case known && before.stage == again && t.Seq <= before.seq:
		return false, nil, nil
	case known && before.stage == away && t.Seq != before.seq+1:
		gap = &wire.Gap{Type: wire.TypeGap, Channel: wire.Trades, Symbol: t.Symbol, From: before.seq + 1, To: t.Seq - 1}
	case known && before.stage != away && t.Seq <= before.seq:
		return false, nil, &OrderError{Channel: wire.Trades, Symbol: t.Symbol, Seq: t.Seq, SeqBefore: before.seq}
	}
	l.entries[wire.Trades][t.Symbol] = entry{seq: t.Seq}
	return true, gap, nil
}

// skip notes a gap: trades go on behind it, or anew. It takes out of it what
// was told before, and reports whether it is news then.
func (l *ledger) skip(g *wire.Gap) (news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, known := l.entries[wire.Trades][g.Symbol]
	if known && before.stage == again && g.To >= g.From {
		if g.To <= before.seq {
			return false
		}
		g.From = max(g.From, before.seq+1)
	}
	if known && g.To >= g.From {
		before.seq = max(before.seq, g.To)
	} else {
		before.seq = g.To
	}
	before.stage = here
	l.entries[wire.Trades][g.Symbol] = before
	return true
}

// seq is where to go on with a symbol that an earlier connection has told.
func (l *ledger) seq(channel, symbol string) (seq int64, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, known := l.entries[channel][symbol]
	return e.seq, known && e.stage == away
}

// resume notes that the server is asked to go on with these symbols.
func (l *ledger) resume(channel string, since map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for symbol := range since {
		if e, known := l.entries[channel][symbol]; known {
			e.stage = resumed
			l.entries[channel][symbol] = e
		}
	}
}

// repeat notes that the server is asked to go on with a symbol from an earlier
// position.
func (l *ledger) repeat(symbol string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, known := l.entries[wire.Trades][symbol]; known {
		e.stage = again
		l.entries[wire.Trades][symbol] = e
	}
}

// symbols are those that an earlier connection has told, sorted.
func (l *ledger) symbols(channel string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for symbol, e := range l.entries[channel] {
		if e.stage == away {
			all = append(all, symbol)
		}
	}
	slices.Sort(all)
	return all
}

// forget lets go of the symbols of terms that were unsubscribed, unless another
// term covers them: who wants one again later begins with it anew.
func (l *ledger) forget(channel string, terms []string, covered func(channel, symbol string) bool) {
	if channel == wire.Trades {
		l.mu.Lock()
		for _, text := range terms {
			delete(l.positions.by, text)
		}
		l.mu.Unlock()
	}
	if slices.ContainsFunc(terms, func(text string) bool { return term{channel, text}.pattern() }) {
		l.keep(covered)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, symbol := range terms {
		if !covered(channel, symbol) {
			delete(l.entries[channel], symbol)
		}
	}
}

// keep lets go of all symbols that no term covers.
func (l *ledger) keep(covered func(channel, symbol string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for channel, entries := range l.entries {
		maps.DeleteFunc(entries, func(symbol string, _ entry) bool { return !covered(channel, symbol) })
	}
}
