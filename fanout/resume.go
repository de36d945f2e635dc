package fanout

import "tickwire/feed"

// resume is what a client that comes again has of the symbols that it
// subscribes.
type resume struct {
	symbols    map[string]int64 // seq by symbol
	partitions marks            // the client has all that these say

	missed []*missed // trades that the slots do not hold, of the request that is being carried out
}

// beginResume takes note of what the request that is being carried out resumes, if it
// resumes anything.
func (s *Subscriber) beginResume(since map[string]int64) {
	switch {
	case since == nil:
	case s.resume == nil:
		s.resume = &resume{symbols: since}
	default:
		s.resume.symbols = since
	}
}

// endResume is what the request missed. The marks of an event stay: they hold
// for every subscription of its stream.
func (s *Subscriber) endResume() (missed []*missed) {
	r := s.resume
	if r == nil {
		return nil
	}
	missed, r.missed, r.symbols = r.missed, nil, nil
	if r.partitions == nil {
		s.resume = nil
	}
	return missed
}

// ResumeFrom has the subscriptions of s begin where the id of an event says that
// an earlier connection ended, on whatever node. It is called before Attach; an
// id that is none of this server's is an error.
func (s *Subscriber) ResumeFrom(id string) error {
	from, err := parseMarks(id)
	if err == nil {
		s.resume = &resume{partitions: from}
	}
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
