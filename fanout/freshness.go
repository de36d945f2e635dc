package fanout

import (
	"sync"
	"time"

	"tickwire/fanout/wire"
	"tickwire/feed"
)

// state is a wire.State that can be compared.
type state uint8

const (
	live state = iota
	stale
	lagging
	down
)

var stateNames = [...]wire.State{live: wire.Live, stale: wire.Stale, lagging: wire.Lagging, down: wire.Down}

func (s state) wire() wire.State { return stateNames[s] }

// condition is a state, and how old the newest tick is.
type condition struct {
	state state
	age   time.Duration // 0: there was no tick
}

// Feed is the state of the feed as subscribers are told it.
type Feed struct {
	State  wire.State
	Age    time.Duration // of the newest tick of all: now less its event time; 0: there was none
	Behind time.Duration // the end of the topic
}

// Freshness is the state of one symbol.
type Freshness struct {
	Symbol string
	State  wire.State
	Age    time.Duration // as in Feed
}

// freshness judges how far the feed and its symbols are of now. Shards ask it
// while they sweep; what it found is good for a while.
type freshness struct {
	book      *Book
	policy    Policy
	delay     time.Duration
	health    func() feed.Health
	partition func(int32) feed.Health

	mu         sync.Mutex // protects what follows; held while the symbols are looked through
	at         time.Time
	heard      feed.Health
	feed       condition
	partitions map[int32]state
}

func newFreshness(book *Book, policy Policy, c Config) *freshness {
	f := &freshness{book: book, policy: policy, delay: c.Delay, health: c.Health, partition: c.PartitionHealth}
	if f.health == nil {
		f.health = func() feed.Health { return feed.Health{} }
	}
	if f.partition == nil {
		f.partition = func(int32) feed.Health { return feed.Health{} }
	}
	return f
}

// of is the condition of the feed and, by partition, what its health is like.
func (f *freshness) of(now time.Time) (condition, feed.Health, map[int32]state) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age := now.Sub(f.at); age < 0 || age >= f.policy.sweepEvery()/2 {
		f.look(now)
	}
	return f.feed, f.heard, f.partitions
}

func (f *freshness) look(now time.Time) {
	f.at, f.heard = now, f.health()
	f.partitions = make(map[int32]state)
	var newest int64
	for id := range feed.SymbolID(f.book.symbols.Len()) {
		last, partition := f.book.slot(id).last()
		if last == 0 {
			continue
		}
		if _, known := f.partitions[partition]; !known {
			f.partitions[partition] = f.heardAs(f.partition(partition))
		}
		if last <= now.Add(ahead).UnixMicro() {
			newest = max(newest, last)
		}
	}
	f.feed = condition{f.heardAs(f.heard), f.age(newest, now)}
	if f.feed.state == live && (newest == 0 || f.feed.age >= f.policy.FeedStale) {
		f.feed.state = stale
	}
}

// ahead is by how much an event time may be ahead of this node's clock and still
// count: a wrong one must not have the feed pass for live.
const ahead = time.Minute

func (f *freshness) heardAs(h feed.Health) state {
	switch {
	case h.Down >= f.policy.Down:
		return down
	case h.Behind >= f.policy.Lagging:
		return lagging
	}
	return live
}

// age is how old an event is that came with the delay that is intended.
func (f *freshness) age(event int64, now time.Time) time.Duration {
	if event == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMicro(event))-f.delay)
}

// symbol is the condition of one symbol. partitions is what of gave.
func (f *freshness) symbol(id feed.SymbolID, now time.Time, partitions map[int32]state) condition {
	last, partition := f.book.slot(id).last()
	c := condition{partitions[partition], f.age(last, now)}
	if c.state == live && c.age >= f.policy.SymbolStale {
		c.state = stale
	}
	return c
}

// Feed is the state of the feed now.
func (h *Hub) Feed() Feed {
	c, heard, _ := h.fresh.of(time.Now())
	return Feed{State: c.state.wire(), Age: c.age, Behind: heard.Behind}
}

// NotLive are the symbols that a term matches and that are not live; without
// terms, of all.
func (h *Hub) NotLive(terms ...string) []Freshness {
	now := time.Now()
	_, _, partitions := h.fresh.of(now)
	var all []Freshness
	for id := range feed.SymbolID(h.book.symbols.Len()) {
		name := h.book.symbols.Name(id)
		if !matches(name, terms) {
			continue
		}
		if c := h.fresh.symbol(id, now, partitions); c.state != live {
			all = append(all, Freshness{Symbol: name, State: c.state.wire(), Age: c.age})
		}
	}
	return all
}
