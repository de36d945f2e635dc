package fanout

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tickwire/feed"
	"tickwire/feed/history"
)

// Config is what a Hub is made of.
type Config struct {
	// Symbols bounds the symbols that the Book holds; ticks of further ones
	// are refused and counted. Default: 100,000.
	Symbols int
	// Shards is the number of loops, 1 to 64. Default: one a core.
	Shards int
	// History bounds what is kept of a symbol's trades and bars. Default: see
	// history.Limits.
	History history.Limits
	// Policy is what subscribers may do.
	Policy Policy
	// Health tells how well the node hears its feed, and PartitionHealth how
	// well it hears one partition of it. Default: it always does.
	Health          func() feed.Health
	PartitionHealth func(partition int32) feed.Health
	// Archive has trades that the Book no longer holds, for clients that come
	// again. Default: none; they are told a gap.
	Archive Archive
	// Delay is how old ticks are, by intent, when they come: ages are told
	// without it. Default: 0.
	Delay time.Duration
}

// Hub is the fan-out: the Book and the shards. It is a feed.Sink.
type Hub struct {
	book    *Book
	shards  []*shard
	policy  Policy
	fresh   *freshness
	applied [outcomes]atomic.Uint64 // but Newest: the sum of ordinals tells
	stop    chan struct{}
	loops   sync.WaitGroup
	closing sync.Once
}

// New starts the shards; Close ends them.
func New(c Config) *Hub {
	if c.Symbols <= 0 {
		c.Symbols = 100_000
	}
	if c.Shards <= 0 {
		c.Shards = runtime.GOMAXPROCS(0)
	}
	c.Shards = min(c.Shards, 64)
	h := &Hub{book: newBook(feed.NewSymbols(c.Symbols)), policy: c.Policy.withDefaults(), stop: make(chan struct{})}
	h.book.limits = c.History
	h.fresh = newFreshness(h.book, h.policy, c)
	for n := range c.Shards {
		sh := newShard(n, h.book, h.policy, h.fresh)
		sh.archive, sh.markAll = c.Archive, h.mark
		h.shards = append(h.shards, sh)
		h.loops.Go(func() { sh.run(h.stop) })
	}
	return h
}

// Close shuts every subscriber with ServerEnds and returns when the last shard
// has ended.
func (h *Hub) Close() {
	h.closing.Do(func() { close(h.stop) })
	h.loops.Wait()
}

// Apply takes one tick: see feed.Sink. It never blocks on a subscriber.
func (h *Hub) Apply(t *feed.Tick, at feed.Position) {
	intake := h.book.intakes.of(at.Partition)
	intake.begin(at)
	id, slot, what := h.book.apply(t, at)
	switch what {
	case Newest:
	case First:
		h.applied[what].Add(1)
	default:
		h.applied[what].Add(1)
		intake.reach(at)
		return
	}
	h.mark(id, slot)
	intake.reach(at)
	if what == First { // patterns may want the symbol, and no interest says so yet
		for _, sh := range h.shards {
			sh.rouse()
		}
	}
}

// mark has the shards that have an interest in a symbol look at it.
func (h *Hub) mark(id feed.SymbolID, slot *slot) {
	for rest := slot.interest.Load(); rest != 0; rest &= rest - 1 {
		h.shards[bits.TrailingZeros64(rest)].mark(id)
	}
}

// NewSubscriber makes a subscriber of the client behind out, in the shard that
// has the fewest. Attach begins the subscriber's life.
func (h *Hub) NewSubscriber(out Outbox, encoding Encoding) *Subscriber {
	sh := h.shards[0]
	for _, other := range h.shards[1:] {
		if other.subscribers.Load() < sh.subscribers.Load() {
			sh = other
		}
	}
	return &Subscriber{shard: sh, out: out, encoding: encoding, ended: make(chan struct{})}
}

// Policy is the policy in force.
func (h *Hub) Policy() Policy { return h.policy }

// Symbols are the symbols that have been seen.
func (h *Hub) Symbols() *feed.Symbols { return h.book.symbols }
