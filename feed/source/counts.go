package source

import (
	"sync"
	"sync/atomic"

	"tickwire/feed"
)

// Counts is what a Replay has done so far. Every frame either gave ticks, or
// was passed over, or was undecodable.
type Counts struct {
	Frames      int64            // messages of venues, and lines that are nothing known
	Ticks       int64            // taken by Put
	Passed      map[string]int64 // frames that are no ticks, by venue and kind: "binance depthUpdate"
	Undecodable int64            // not JSON, not what the venue documents, not a valid tick, or longer than MaxLine
	Unsplit     int64            // venue symbols in which no quote currency is known, so that they keep their name
}

// maxKinds bounds Counts.Passed: kinds come from outside. What is seen after
// that many counts as "other".
const maxKinds = 256

// kind names a sort of frame: Binance depthUpdate.
type kind struct{ venue, name string }

// tally counts while Counts reads.
type tally struct {
	frames, ticks, undecodable atomic.Int64

	mu     sync.Mutex // guards passed
	passed map[kind]*int64
}

func newTally() *tally { return &tally{passed: make(map[kind]*int64)} }

func (t *tally) pass(venue string, name []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.passed[kind{venue, string(name)}]
	if n == nil {
		n = t.first(venue, name)
	}
	*n++
}

func (t *tally) first(venue string, name []byte) *int64 {
	k := kind{venue, string(name)}
	if len(t.passed) >= maxKinds || !feed.ValidSymbol(name) {
		k = kind{venue: "other"}
	}
	if t.passed[k] == nil {
		t.passed[k] = new(int64)
	}
	return t.passed[k]
}

func (t *tally) counts() Counts {
	c := Counts{
		Frames:      t.frames.Load(),
		Ticks:       t.ticks.Load(),
		Undecodable: t.undecodable.Load(),
		Passed:      make(map[string]int64),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, n := range t.passed {
		name := k.venue
		if k.name != "" {
			name += " " + k.name
		}
		c.Passed[name] = *n
	}
	return c
}
