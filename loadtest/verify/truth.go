package verify

import (
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// MaxSymbols is how many symbols a Truth that learns can hold.
const MaxSymbols = 100_000

// Truth is what was published: of each symbol the ticks in their order. Safe for
// concurrent use; each symbol has a lock of its own. It holds a tick in 32
// bytes, and one that it has learned in 72.
type Truth struct {
	keep    int64 // microseconds
	symbols *feed.Symbols
	prints  *fingerprints

	entered []published               // by id, of a Truth that is told
	learned []atomic.Pointer[learned] // by id, of one that learns; nil otherwise

	count atomic.Uint64

	mu    sync.Mutex // a leaf; protects what follows
	nodes map[string]int32
}

// NewTruth is the Truth of a run that publishes ticks of these symbols itself.
// What was not published is a phantom. Ticks are kept for so long after they
// were; values of older ones are not checked.
func NewTruth(symbols []string, keep time.Duration) *Truth {
	t := newTruth(len(symbols), keep)
	t.entered = make([]published, len(symbols))
	for i, name := range symbols {
		t.symbols.Intern([]byte(name))
		t.entered[i].prints = t.prints
	}
	return t
}

// Learn is the Truth of a run that only listens. Symbols and values are learned
// from who tells them first, and whoever tells the same tick later must agree.
func Learn(keep time.Duration) *Truth {
	t := newTruth(MaxSymbols, keep)
	t.learned = make([]atomic.Pointer[learned], MaxSymbols)
	return t
}

func newTruth(symbols int, keep time.Duration) *Truth {
	return &Truth{keep: keep.Microseconds(), symbols: feed.NewSymbols(symbols), prints: newFingerprints(), nodes: make(map[string]int32)}
}

// ID is the number of a symbol. A Truth that learns gives every valid symbol one.
func (t *Truth) ID(symbol []byte) (id int32, ok bool) {
	n, ok := t.symbols.Intern(symbol)
	return int32(n), ok
}

// Publish enters a tick that is about to be handed over, at sent; 0: it is not
// known when. Its time is the planned one, and rises strictly within a symbol.
// Only a Truth of NewTruth takes it.
func (t *Truth) Publish(id int32, tick *feed.Tick, sent int64) {
	t.entered[id].add(tick, sent, t.keep)
	t.count.Add(1)
}

// Published is how many ticks were entered.
func (t *Truth) Published() uint64 { return t.count.Load() }

// Sent is when the tick of a symbol that was planned for a time was handed over;
// 0: it is not known.
func (t *Truth) Sent(symbol string, planned int64) int64 {
	id, ok := t.symbols.Lookup(symbol)
	if !ok || t.learns() {
		return 0
	}
	return t.entered[id].sent(planned)
}

// Settle enters what the server itself says, at the end of a run that only
// listened, to be the last value of a symbol. Only a Truth of Learn takes it.
func (t *Truth) Settle(id int32, u *wire.Update) { t.learn(id).settle(u) }

// learns reports whether nobody enters what was published.
func (t *Truth) learns() bool { return t.learned != nil }

// update judges a value of ticker; v is what the client had before. There is no
// interface for the two pasts, since a claim would have to be allocated for it.
func (t *Truth) update(v *view, c *claim) verdict {
	if t.learns() {
		return t.learn(v.id()).update(c, v)
	}
	return t.entered[v.id()].update(c, v)
}

// trade judges an element of trades.
func (t *Truth) trade(v *view, c *claim) verdict {
	if t.learns() {
		return t.learn(v.id()).trade(c, v)
	}
	return t.entered[v.id()].trade(c, v)
}

// end is what v lacks when everything was published.
func (t *Truth) end(v *view, trades bool) ending {
	if t.learns() {
		return t.learn(v.id()).end(v, trades)
	}
	return t.entered[v.id()].end(v, trades)
}

// learn is the past of a symbol, made at first sight.
func (t *Truth) learn(id int32) *learned {
	at := &t.learned[id]
	if p := at.Load(); p != nil {
		return p
	}
	at.CompareAndSwap(nil, &learned{keep: t.keep, prints: t.prints})
	return at.Load()
}

// node is the number of a node.
func (t *Truth) node(name string) int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, known := t.nodes[name]
	if !known {
		n = int32(len(t.nodes))
		t.nodes[name] = n
	}
	return n
}
