package feed

// Position is where a tick stands in the topic.
type Position struct {
	Partition int32
	// Generation counts how often this process saw the partition's log begin
	// anew, its offsets falling: the topic was deleted and made again. It
	// starts at 0.
	Generation int32
	Offset     int64 // also the tick's seq, "q" on the wire: the same on every node
}

// After reports whether p is behind q in the reading order of one symbol: a
// later offset, or any offset of a later generation, or any of a higher
// partition. Partitions are only ever added, and a symbol whose key then maps
// to another one goes on there; so every node takes the same last tick.
func (p Position) After(q Position) bool {
	if p.Partition != q.Partition {
		return p.Partition > q.Partition
	}
	if p.Generation != q.Generation {
		return p.Generation > q.Generation
	}
	return p.Offset > q.Offset
}

// SameLog reports whether the offsets of p and q may be compared.
func (p Position) SameLog(q Position) bool {
	return p.Partition == q.Partition && p.Generation == q.Generation
}

// Sink takes the ticks of a feed. Ticks of one partition come from one
// goroutine at a time and in the order of their offsets; partitions come in
// parallel. The tick and what it points to belong to the caller again when
// Apply returns.
type Sink interface {
	Apply(t *Tick, at Position)
}
