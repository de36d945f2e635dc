package gateway

import (
	"sync"
	"time"
)

// expiry ends a session when its token does, and warns before.
type expiry struct {
	warn func(in time.Duration)
	end  func()

	mu    sync.Mutex // protects what follows
	at    time.Time  // zero: never, or no longer
	timer *time.Timer
}

// Of a token's life, how much is left when its bearer is warned.
const (
	warnLast  = 10 // a tenth
	warnAtMax = 30 * time.Second
)

// set begins anew with a token that expires at that time; never if it is zero.
func (e *expiry) set(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopTimer()
	e.at = at
	if at.IsZero() {
		return
	}
	life := max(0, time.Until(at))
	before := min(life/warnLast, warnAtMax)
	e.timer = time.AfterFunc(life-before, func() { e.warned(at, before) })
}

// warned is called when the time has come to warn.
func (e *expiry) warned(at time.Time, before time.Duration) {
	e.mu.Lock()
	current := e.at.Equal(at) // else another token has come
	if current {
		e.timer = time.AfterFunc(time.Until(at), func() { e.expired(at) })
	}
	e.mu.Unlock()
	if current {
		e.warn(before)
	}
}

func (e *expiry) expired(at time.Time) {
	e.mu.Lock()
	over := e.at.Equal(at)
	e.mu.Unlock()
	if over {
		e.end()
	}
}

// stop ends it.
func (e *expiry) stop() { e.set(time.Time{}) }

func (e *expiry) stopTimer() {
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
}
