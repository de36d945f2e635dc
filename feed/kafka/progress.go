package kafka

import (
	"sync"
	"time"

	"tickwire/feed"
)

// Progress is how far a consumer is in one partition. Counters start at zero
// when the partition is found.
type Progress struct {
	Partition int32

	Next int64 // offset of the next record wanted
	End  int64 // offset that the next new record will get: Kafka's high-water mark, as last heard
	Lag  int64 // records between the two, those that are not due yet included

	Ticks       int64 // given to the sink
	Undecodable int64 // records that are not ticks
	Empty       int64 // records without a value: tombstones of a compacted topic
	Markers     int64 // ends of transactions
	Repeated    int64 // records that a fetch brought again; dropped
	Holes       int64 // offsets without a record: compacted away
	Lost        int64 // records that retention removed before they were read

	Rewinds    int64  // times the log was found shorter than before: topic made anew, or cut
	Reconnects int64  // connections that ended and were made again
	LastError  string // why the last of them ended; empty: none did

	AtEnd    bool      // connected, and the last fetch left nothing unread
	Held     bool      // connected, and the next tick is not due yet: see ConsumerConfig.Delay
	CaughtUp time.Time // when AtEnd or Held was last found true; zero: never
}

// answerTime is what a broker that is well takes at most to answer, beyond the
// time that it was told to wait for news.
const answerTime = 2 * time.Second

// tracker holds the Progress that a partition's loop has told last, for
// anybody to read.
type tracker struct {
	patience time.Duration // for how long the loop's word of being at the end holds

	mu        sync.Mutex
	told      Progress
	started   time.Time
	connected bool
	heard     time.Time // when the broker last answered; at first, when the loop began
	target    int64     // the end at the first look; -1: not looked yet
	ready     bool      // target was reached once

	unread   time.Time // since when the watch has seen records to read, zero: there were none
	unreadAt int64     // and told.Next at that time
}

func newTracker(id int32, now time.Time, patience time.Duration) *tracker {
	return &tracker{told: Progress{Partition: id}, started: now, heard: now, target: -1, patience: patience}
}

// tell notes what the loop knows after an answer of the broker.
func (t *tracker) tell(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note(p)
	t.connected, t.heard = true, time.Now()
}

// lose notes what the loop knows after the connection has ended.
func (t *tracker) lose(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note(p)
	t.connected = false
}

func (t *tracker) note(p Progress) {
	p.Lag = max(0, p.End-p.Next)
	t.told = p
	t.ready = t.ready || t.target >= 0 && (p.Next >= t.target || p.Held)
}

// aim says what it takes to be ready.
func (t *tracker) aim(end int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.target = end
}

func (t *tracker) aimed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.target >= 0
}

func (t *tracker) progress() Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told
}

func (t *tracker) isReady() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ready
}

// health is behind from the time when the loop last knew itself at the end, and
// down from the last answer. A loop that waits for an answer for too long is
// not at the end any more, although it has not said so.
func (t *tracker) health(now time.Time) (h feed.Health) {
	t.mu.Lock()
	defer t.mu.Unlock()
	silent := now.Sub(t.heard)
	if !t.connected {
		h.Down = max(0, silent)
	}
	since := t.told.CaughtUp
	if since.IsZero() {
		since = t.started
	}
	switch {
	case !t.told.AtEnd && !t.told.Held || silent > t.patience:
		h.Behind = max(0, now.Sub(since))
	case !t.unread.IsZero() && t.unreadAt == t.told.Next: // somebody else sees records
		h.Behind = max(0, now.Sub(t.unread))
	}
	return h
}

// stalled takes note of the end as somebody else than the loop has heard it,
// and reports whether there has been something to read, and none of it was
// read, for the given time.
func (t *tracker) stalled(end int64, now time.Time, after time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if end > t.told.End {
		t.told.End = end
		t.told.Lag = end - t.told.Next
		t.told.AtEnd = false
	}
	switch {
	case end <= t.told.Next || t.told.Held:
		t.unread = time.Time{}
		return false
	case t.unread.IsZero() || t.unreadAt != t.told.Next:
		t.unread, t.unreadAt = now, t.told.Next
		return false
	case now.Sub(t.unread) < after:
		return false
	}
	t.unread = now
	return true
}
