package fanout

import (
	"sync"
	"sync/atomic"

	"tickwire/feed"
)

// intakes say how far the ticks of each partition have been taken in. A
// partition's loop writes its own, anyone reads.
type intakes struct {
	grow sync.Mutex // held by who makes room
	by   atomic.Pointer[[]*intake]
}

// intake is that of one partition, in a cache line of its own.
type intake struct {
	first      atomic.Int64 // one more than the offset that the log was first read at; 0: it was not
	next       atomic.Int64 // one more than the last offset that shards have been told of; 0: none
	generation int32        // of the log; the loop's own
	_          [44]byte
}

// of is the intake of a partition, made when its first tick comes.
func (in *intakes) of(partition int32) *intake {
	if all := in.by.Load(); all != nil && int(partition) < len(*all) {
		return (*all)[partition]
	}
	in.grow.Lock()
	defer in.grow.Unlock()
	var all []*intake
	if had := in.by.Load(); had != nil {
		all = append(all, *had...)
	}
	for int(partition) >= len(all) {
		all = append(all, new(intake))
	}
	in.by.Store(&all)
	return all[partition]
}

// begin comes before a tick is put into its slot, so that who finds it there
// knows where its log was first read.
func (i *intake) begin(at feed.Position) {
	if at.Generation != i.generation {
		i.generation = at.Generation
		i.next.Store(0)
		i.first.Store(0)
	}
	if i.first.Load() == 0 {
		i.first.Store(at.Offset + 1)
	}
}

// reach comes after every shard with an interest has been told of a tick.
func (i *intake) reach(at feed.Position) {
	if i.next.Load() <= at.Offset {
		i.next.Store(at.Offset + 1)
	}
}

// marks are up to where every tick stands in its slot, and every shard with an
// interest in it has been told.
func (in *intakes) marks(m marks) marks {
	m = m[:0]
	if all := in.by.Load(); all != nil {
		for _, i := range *all {
			m = append(m, i.next.Load())
		}
	}
	return m
}

// since reports whether this node has read all that came in a partition after
// an offset.
func (in *intakes) since(partition int32, offset int64) bool {
	all := in.by.Load()
	if all == nil || int(partition) >= len(*all) {
		return false
	}
	first := (*all)[partition].first.Load()
	return first > 0 && offset >= first-2
}

// sinceAll reports whether this node has read all that came after m, and is not
// behind it.
func (in *intakes) sinceAll(m marks) bool {
	now := in.marks(nil)
	for p := range max(len(m), len(now)) {
		if now.next(p) < m.next(p) || now.next(p) > 0 && !in.since(int32(p), m.next(p)-1) {
			return false
		}
	}
	return true
}
