package kafka

import (
	"sync"
	"time"
)

// Progress is how far a consumer is in one partition. Counters start at zero
// when the partition is found.
type Progress struct {
	Partition int32

	Next int64 // offset of the next record wanted
	End  int64 // offset that the next new record will get: Kafka's high-water mark, as last heard
	Lag  int64 // records between the two

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
	CaughtUp time.Time // when AtEnd was last found true; zero: never
}

// tracker holds the Progress that a partition's loop has told last, for
// anybody to read.
type tracker struct {
	mu      sync.Mutex
	told    Progress
	started time.Time
	target  int64 // the end at the first look; -1: not looked yet
	ready   bool  // target was reached once

	unread   time.Time // since when the watch has seen records to read, zero: there were none
	unreadAt int64     // and told.Next at that time
}

func newTracker(id int32, now time.Time) *tracker {
	return &tracker{told: Progress{Partition: id}, started: now, target: -1}
}

func (t *tracker) tell(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Lag = max(0, p.End-p.Next)
	t.told = p
	t.ready = t.ready || t.target >= 0 && p.Next >= t.target
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

// behind is how long ago the end was last reached, or 0 at the end.
func (t *tracker) behind(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := t.told.CaughtUp
	switch {
	case t.told.AtEnd:
		return 0
	case since.IsZero():
		since = t.started
	}
	return max(0, now.Sub(since))
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
	case end <= t.told.Next:
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
