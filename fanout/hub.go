package fanout

import (
	"math/bits"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// Config is what a Hub is made of.
type Config struct {
	// Symbols bounds the symbols that the Book holds; ticks of further ones
	// are refused and counted. Default: 100,000.
	Symbols int
	// Shards is the number of loops, 1 to 64. Default: one a core.
	Shards int
	// Policy is what subscribers may do.
	Policy Policy
	// Lag tells for how long the feed has been behind the end of the topic;
	// heartbeats carry it. Default: never behind.
	Lag func() time.Duration
}

// Hub is the fan-out: the Book and the shards. It is a feed.Sink.
type Hub struct {
	book    *Book
	shards  []*shard
	policy  Policy
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
	if c.Lag == nil {
		c.Lag = func() time.Duration { return 0 }
	}
	h := &Hub{book: newBook(feed.NewSymbols(c.Symbols)), policy: c.Policy.withDefaults(), stop: make(chan struct{})}
	for n := range c.Shards {
		sh := newShard(n, h.book, h.policy, c.Lag)
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
	id, slot, what := h.book.apply(t, at)
	switch what {
	case Newest:
	case First:
		h.applied[what].Add(1)
	default:
		h.applied[what].Add(1)
		return
	}
	for rest := slot.interest.Load(); rest != 0; rest &= rest - 1 {
		h.shards[bits.TrailingZeros64(rest)].mark(id)
	}
	if what == First { // patterns may want the symbol, and no interest says so yet
		for _, sh := range h.shards {
			sh.rouse()
		}
	}
}

// NewSubscriber makes a subscriber of the client behind out, in the shard that
// has the fewest. deflate tells that permessage-deflate was agreed on with the
// client, without context takeover on the server's side. Attach begins the
// subscriber's life.
func (h *Hub) NewSubscriber(out Outbox, deflate bool) *Subscriber {
	sh := h.shards[0]
	for _, other := range h.shards[1:] {
		if other.subscribers.Load() < sh.subscribers.Load() {
			sh = other
		}
	}
	return &Subscriber{shard: sh, out: out, deflate: deflate, ended: make(chan struct{})}
}

// Policy is the policy in force.
func (h *Hub) Policy() Policy { return h.policy }

// Symbols are the symbols that have been seen.
func (h *Hub) Symbols() *feed.Symbols { return h.book.symbols }

// AppendUpdates appends the update of every symbol that a term matches, in the
// order of first sight and with commas between them; without terms, of all.
func (h *Hub) AppendUpdates(dst []byte, terms ...string) []byte {
	start := len(dst)
	for id := range feed.SymbolID(h.book.symbols.Len()) {
		name := h.book.symbols.Name(id)
		if !matches(name, terms) {
			continue
		}
		end := len(dst)
		if end > start {
			dst = append(dst, ',')
		}
		var ordinal uint64
		if dst, _, ordinal = h.book.slot(id).read(dst, name); ordinal == 0 {
			dst = dst[:end] // interned this moment, its first tick is under way
		}
	}
	return dst
}

func matches(symbol string, terms []string) bool {
	for _, term := range terms {
		if prefix, ok := wire.Pattern(term); symbol == term || ok && strings.HasPrefix(symbol, prefix) {
			return true
		}
	}
	return len(terms) == 0
}
