package publish

import (
	"sync"
	"time"
)

// agenda is the moments of a schedule that were drawn and are not done yet. It
// draws ahead only to tell how many are due, so what is drawn ahead is past.
type agenda struct {
	mu       sync.Mutex
	schedule Schedule
	waiting  []time.Duration
	drawn    uint64
	pending  bool // one was taken and is not done
	taken    time.Duration
}

// maxWaiting bounds what is drawn ahead.
const maxWaiting = 1 << 20

// take is the next moment. It stays the one under way until done.
func (a *agenda) take() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending {
		return a.taken // of a run that ended before it was due
	}
	if len(a.waiting) == 0 {
		a.taken = a.draw()
	} else {
		a.taken, a.waiting = a.waiting[0], a.waiting[1:]
	}
	a.pending = true
	return a.taken
}

func (a *agenda) draw() time.Duration {
	a.drawn++
	return a.schedule.Next()
}

func (a *agenda) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending = false
}

// due is how many moments were up to now, and for how long the first one that
// is not done has been waiting.
func (a *agenda) due(now time.Duration) (planned uint64, behind time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) < maxWaiting && (len(a.waiting) == 0 || a.waiting[len(a.waiting)-1] <= now) {
		a.waiting = append(a.waiting, a.draw())
	}
	planned = a.drawn
	if last := len(a.waiting) - 1; a.waiting[last] > now {
		planned--
	}
	first := a.waiting[0]
	if a.pending {
		first = a.taken
		if first > now {
			planned--
		}
	}
	return planned, max(0, now-first)
}
