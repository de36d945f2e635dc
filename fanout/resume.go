package fanout

import "tickwire/feed"

// resume is where the symbols begin that one request subscribes: what its client
// has of them from before. On trades a request that names no place begins with
// the position that the node has at that moment. The slots are read after that
// and may be farther, so every symbol of it begins there too, and not with
// whatever its slot has by then.
type resume struct {
	symbols    map[string]int64 // seq by symbol
	partitions marks            // the client has all that these say of the other symbols; nil: they begin with now
	given      bool             // partitions are those of an earlier connection
	now        marks            // of trades: what the node had when the request came

	behind bool      // a symbol began by partitions, and has come on since
	missed []*missed // trades that the slots do not hold
}

// beginResume takes note of where the request that is being carried out begins.
// position is what it said itself, nil for nothing.
func (s *Subscriber) beginResume(c channel, since map[string]int64, position marks) {
	if position == nil {
		position = s.stream
	}
	r := &resume{symbols: since, partitions: position, given: position != nil}
	if c.trades() {
		r.now = s.shard.book.intakes.marks(marks{})
		if !r.given {
			r.partitions = r.now
		}
	}
	if s.resume = nil; since != nil || r.partitions != nil {
		s.resume = r
	}
}

// endResume is what the request missed.
func (s *Subscriber) endResume() (missed []*missed) {
	if s.resume != nil {
		missed = s.resume.missed
	}
	s.resume = nil
	return missed
}

// ResumeFrom has the subscriptions of s begin where the id of an event says that
// an earlier connection ended, on whatever node. It is called before Attach; an
// id that is none of this server's is an error.
func (s *Subscriber) ResumeFrom(id string) error {
	from, err := parsePosition(id)
	if err == nil {
		s.stream = from
	}
	return err
}

// position is where the subscription begins, for the ack: whatever comes after it
// is told. It is where the client said, unless nothing that it did not name has
// come since; then it is now, which spares the next node to look farther back.
func (r *resume) position(in *intakes) marks {
	if r.given && (r.behind || !in.sinceAll(r.partitions)) {
		return r.partitions
	}
	return r.now
}

// arrivals is where symbols begin that a pattern has yet to get: nil if this node
// has read all that came since the client was told, so that their first trade
// here is the first that the client lacks.
func (r *resume) arrivals(in *intakes) marks {
	if r == nil || !r.given || in.sinceAll(r.partitions) {
		return nil
	}
	return r.partitions
}

// begin is seq for a channel of trades.
func (r *resume) begin(symbol string, now feed.Position) (seq int64, known bool) {
	seq, known = r.seq(symbol, now)
	if _, named := r.symbols[symbol]; !named && seq < now.Offset {
		r.behind = true
	}
	return seq, known
}

// seq is up to where the client has a symbol that stands at a position now.
func (r *resume) seq(symbol string, at feed.Position) (int64, bool) {
	if r == nil {
		return 0, false
	}
	if seq, ok := r.symbols[symbol]; ok {
		return seq, true
	}
	return r.partitions.next(int(at.Partition)) - 1, r.partitions != nil
}

// has reports whether the client has the newest value of a symbol. One that has
// a later one than this node is told what this node has: either the node is
// behind, which its state says, or the log has begun anew.
func (r *resume) has(symbol string, at feed.Position) bool {
	if r == nil {
		return false
	}
	if seq, ok := r.symbols[symbol]; ok {
		return seq == at.Offset
	}
	seq, ok := r.seq(symbol, at)
	return ok && at.Offset <= seq
}
