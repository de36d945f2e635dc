package verify

// life is how one node counts one symbol: it has had so many ticks more than the
// past (or fewer, if it began in the midst), and their volume. It is the same for
// all its clients. A node that was restarted may count otherwise: another life.
type life struct {
	node   int32
	count  int64 // ordinals less indexes
	volume amount
	silent bool // its volume does not fit, and is not checked
}

// maxLives is how often the count of one symbol may begin anew on one node.
const maxLives = 8

// lives are those of one symbol.
type lives []life

// of is the life in which a node counts so, or nil.
func (ls lives) of(node int32, count int64) *life {
	for i := range ls {
		if ls[i].node == node && ls[i].count == count {
			return &ls[i]
		}
	}
	return nil
}

// last is the life that a node was last seen to begin, or nil.
func (ls lives) last(node int32) *life {
	for i := len(ls) - 1; i >= 0; i-- {
		if ls[i].node == node {
			return &ls[i]
		}
	}
	return nil
}

// full reports whether a node has begun as often as it may.
func (ls lives) full(node int32) bool {
	n := 0
	for i := range ls {
		if ls[i].node == node {
			n++
		}
	}
	return n >= maxLives
}
