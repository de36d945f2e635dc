package fanout

import "tickwire/feed"

// resume is what a client that comes again has of the symbols that it
// subscribes.
type resume struct {
	symbols    map[string]int64 // seq by symbol
	partitions marks            // the client has all that these say
}

func (s *Subscriber) resumeOf(since map[string]int64) *resume {
	if since == nil && s.from == nil {
		return nil
	}
	return &resume{since, s.from}
}

// ResumeFrom has the subscriptions of s begin where the id of an event says that
// an earlier connection ended, on whatever node. It is called before Attach; an
// id that is none of this server's is an error.
func (s *Subscriber) ResumeFrom(id string) (err error) {
	s.from, err = parseMarks(id)
	return err
}

// seq is up to where the client has a symbol that stands at a position now.
func (r *resume) seq(symbol string, at feed.Position) (int64, bool) {
	if r == nil {
		return 0, false
	}
	if seq, ok := r.symbols[symbol]; ok {
		return seq, true
	}
	if p := int(at.Partition); p < len(r.partitions) && r.partitions[p] > 0 {
		return r.partitions[p] - 1, true
	}
	return 0, false
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
