package client

import "tickwire/fanout/wire"

// ledger holds the server to its promises: it knows where every symbol is. It
// is of one connection, and bounded by the symbols that this one has sent.
type ledger map[string]entry

type entry struct {
	seq     int64
	ordinal uint64
}

// open notes a snapshot. Nothing is promised about what was before it.
func (l ledger) open(u *wire.Update) { l[u.Symbol] = entry{u.Seq, u.Ordinal} }

// enter checks and notes an update. conflated is how many ticks it stands for
// beside its own.
func (l ledger) enter(u *wire.Update) (conflated uint64, broken *OrderError) {
	before, known := l[u.Symbol]
	if !known {
		l.open(u)
		return 0, &OrderError{Symbol: u.Symbol, Seq: u.Seq, Ordinal: u.Ordinal, NoSnapshot: true}
	}
	if u.Seq <= before.seq || u.Ordinal <= before.ordinal {
		return 0, &OrderError{Symbol: u.Symbol, Seq: u.Seq, SeqBefore: before.seq, Ordinal: u.Ordinal, OrdinalBefore: before.ordinal}
	}
	l.open(u)
	return u.Ordinal - before.ordinal - 1, nil
}
