package fanout

import (
	"sync"
	"sync/atomic"

	"tickwire/fanout/wire"
	"tickwire/feed"
	"tickwire/feed/history"
)

// Book is the last-value cache: the newest state of every symbol. It grows to
// the limit of its Symbols and never shrinks.
type Book struct {
	symbols *feed.Symbols
	limits  history.Limits
	intakes intakes
	chunks  []atomic.Pointer[chunk] // slots by id, made as ids come up; a slot never moves
}

const chunkSlots = 256

type chunk [chunkSlots]slot

// slot is one symbol in the Book. Its partition's loop writes it, shards and
// REST requests read it.
type slot struct {
	// interest has the bit of each shard with subscribers of this symbol. A
	// shard sets its bit before it reads the slot, and a writer looks at the
	// bits after it wrote: so either the shard sees the tick or the writer
	// sees the shard.
	interest atomic.Uint64

	mu       sync.Mutex // protects what follows; a leaf: nothing is locked under it
	at       feed.Position
	ordinal  uint64
	time     int64
	received int64
	price    digits
	size     digits
	bid      digits
	ask      digits
	history  history.History
}

// digits holds a Number in place, so that a slot points nowhere.
type digits struct {
	n    uint8
	text [feed.MaxNumber]byte
}

// set takes over a Number that a tick has; an empty one leaves the old.
func (d *digits) set(n feed.Number) {
	if len(n) != 0 {
		d.n = uint8(copy(d.text[:], n))
	}
}

func (d *digits) number() feed.Number { return d.text[:d.n] }

// Applied is what became of a tick.
type Applied uint8

// What can become of a tick.
const (
	Newest   Applied = iota // it is the symbol's newest value
	First                   // likewise, and the first of its symbol
	Repeated                // the Book had it already: its offset is not behind the last one
	Astray                  // the symbol has gone on in another partition, see feed.Position.After
	Refused                 // the Book is full and does not know the symbol
	outcomes
)

func newBook(symbols *feed.Symbols) *Book {
	return &Book{symbols: symbols, chunks: make([]atomic.Pointer[chunk], (symbols.Limit()+chunkSlots-1)/chunkSlots)}
}

// apply makes t the newest value of its symbol, unless it is not.
func (b *Book) apply(t *feed.Tick, at feed.Position) (feed.SymbolID, *slot, Applied) {
	id, ok := b.symbols.Intern(t.Symbol)
	if !ok {
		return 0, nil, Refused
	}
	s := b.slot(id)
	return id, s, s.apply(t, at, &b.limits)
}

// slot is the place of an id that symbols gave.
func (b *Book) slot(id feed.SymbolID) *slot {
	place := &b.chunks[id/chunkSlots]
	c := place.Load()
	if c == nil {
		place.CompareAndSwap(nil, new(chunk))
		c = place.Load()
	}
	return &c[id%chunkSlots]
}

func (s *slot) apply(t *feed.Tick, at feed.Position, limits *history.Limits) Applied {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := Newest
	switch {
	case s.ordinal == 0:
		result = First
	case at.After(s.at):
	case at.Partition != s.at.Partition:
		return Astray
	default:
		return Repeated
	}
	s.at = at
	s.ordinal++
	s.time, s.received = t.Time, t.Received
	s.price.set(t.Price)
	s.size.set(t.Size)
	s.bid.set(t.Bid)
	s.ask.set(t.Ask)
	if result == First {
		s.history.Limits = limits
	}
	s.history.Add(t, at.Offset)
	return result
}

// last is when the newest tick of the symbol was, by its venue, and the
// partition that it came from; 0: there was none.
func (s *slot) last() (time int64, partition int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time, s.at.Partition
}

// ticks is how many ticks were the symbol's newest value, each in its turn.
func (s *slot) ticks() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ordinal
}

// read appends the slot's update to dst, and says which tick it is of. A slot
// that has had no tick appends nothing and has ordinal 0.
func (s *slot) read(dst []byte, symbol string, stamped bool) (text []byte, at feed.Position, ordinal uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ordinal == 0 {
		return dst, s.at, 0
	}
	var total [48]byte
	u := wire.Update{
		Symbol: symbol, Seq: s.at.Offset, Ordinal: s.ordinal, Time: s.time,
		Price: s.price.number(), Size: s.size.number(), Bid: s.bid.number(), Ask: s.ask.number(),
		Volume: s.history.AppendVolume(total[:0]),
	}
	if stamped {
		u.Received = s.received
	}
	return wire.AppendUpdate(dst, &u), s.at, s.ordinal
}
