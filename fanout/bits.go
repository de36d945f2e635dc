package fanout

import (
	"math/bits"
	"sync/atomic"
)

// bitset is a set of small numbers. The first 64 are in place, which is all that
// most clients need; set makes room for more.
type bitset struct {
	first uint64
	more  []uint64
}

// word is where i is, or nil if there is no room for it.
func (b *bitset) word(i uint32) *uint64 {
	if i < 64 {
		return &b.first
	}
	if w := int(i/64) - 1; w < len(b.more) {
		return &b.more[w]
	}
	return nil
}

// set adds i and reports whether it was there before.
func (b *bitset) set(i uint32) bool {
	w := b.word(i)
	for w == nil {
		b.more = append(b.more, 0)
		w = b.word(i)
	}
	old := *w
	*w = old | 1<<(i%64)
	return old&(1<<(i%64)) != 0
}

// clear removes i and reports whether it was there.
func (b *bitset) clear(i uint32) bool {
	w := b.word(i)
	if w == nil {
		return false
	}
	old := *w
	*w = old &^ (1 << (i % 64))
	return old != *w
}

func (b *bitset) has(i uint32) bool {
	w := b.word(i)
	return w != nil && *w&(1<<(i%64)) != 0
}

func (b *bitset) empty() bool {
	if b.first != 0 {
		return false
	}
	for _, w := range b.more {
		if w != 0 {
			return false
		}
	}
	return true
}

// wipe removes all.
func (b *bitset) wipe() {
	b.first = 0
	clear(b.more)
}

// visit calls see for every member in order.
func (b *bitset) visit(see func(i uint32)) {
	b.drain(func(i uint32) bool {
		see(i)
		return false
	})
}

// drain calls visit for every member in order and removes those for which it
// returns true.
func (b *bitset) drain(visit func(i uint32) (remove bool)) {
	drainWord(&b.first, 0, visit)
	for w := range b.more {
		drainWord(&b.more[w], uint32(w+1)*64, visit)
	}
}

func drainWord(word *uint64, base uint32, visit func(i uint32) bool) {
	for rest := *word; rest != 0; rest &= rest - 1 {
		if bit := bits.TrailingZeros64(rest); visit(base + uint32(bit)) {
			*word &^= 1 << bit
		}
	}
}

// dirtySet is a set of symbol ids that many goroutines add to and one takes
// from. The upper words say which lower words are not zero, so that taking
// costs by what is there and not by how many symbols there can be.
type dirtySet struct {
	upper, lower []atomic.Uint64
}

func newDirtySet(limit int) dirtySet {
	lower := (limit + 63) / 64
	return dirtySet{upper: make([]atomic.Uint64, (lower+63)/64), lower: make([]atomic.Uint64, lower)}
}

// add reports whether i was not in the set: the caller then wakes the taker.
// The lower bit is set first. A taker that clears the upper bit in between
// misses nothing: who turned the lower word from zero sets the upper bit after.
func (d *dirtySet) add(i uint32) bool {
	w := i / 64
	old := d.lower[w].Or(1 << (i % 64))
	if old == 0 {
		d.upper[w/64].Or(1 << (w % 64))
	}
	return old&(1<<(i%64)) == 0
}

// take empties the set and calls visit for what was in it, in order.
func (d *dirtySet) take(visit func(i uint32)) {
	for u := range d.upper {
		if d.upper[u].Load() == 0 {
			continue
		}
		for up := d.upper[u].Swap(0); up != 0; up &= up - 1 {
			w := u*64 + bits.TrailingZeros64(up)
			for low := d.lower[w].Swap(0); low != 0; low &= low - 1 {
				visit(uint32(w*64 + bits.TrailingZeros64(low)))
			}
		}
	}
}
