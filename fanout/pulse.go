package fanout

import (
	"tickwire/feed"
	"time"
)

// pulse is one round: all that was asked, all that changed, all that is due.
func (sh *shard) pulse() {
	sh.now = time.Now()
	sh.takeInbox()
	if sh.events > 0 {
		sh.sure = sh.book.intakes.marks(sh.sure)
	}
	sh.takeDue()
	sh.takeSymbols()
	sh.takeDirty()
	sh.flushTouched()
	if sh.now.Sub(sh.swept) >= sh.policy.sweepEvery() {
		sh.sweep()
	}
	sh.pulses.Add(1)
	sh.pulseNanos.Add(uint64(time.Since(sh.now)))
}

// untilNext is how long the loop may sleep if nobody wakes it.
func (sh *shard) untilNext() time.Duration {
	next := sh.swept.Add(sh.policy.sweepEvery())
	if at, waits := sh.due.next(); waits {
		if due := sh.began.Add(at); due.Before(next) {
			next = due
		}
	}
	return max(0, time.Until(next))
}

func (sh *shard) takeInbox() {
	sh.inbox.mu.Lock()
	requests, writable := sh.inbox.requests, sh.inbox.writable
	sh.inbox.requests, sh.inbox.writable = nil, nil
	sh.inbox.mu.Unlock()
	for _, s := range writable {
		s.unblock(sh.now)
		sh.touch(s)
	}
	for _, request := range requests {
		request()
	}
}

// takeDue lets the lanes send whose time has come. It comes before takeDirty: a
// tick that found no lane idle, and so woke nobody, is then seen by this pulse.
func (sh *shard) takeDue() {
	elapsed := sh.now.Sub(sh.began)
	for l := sh.due.popDue(elapsed); l != nil; l = sh.due.popDue(elapsed) {
		if l.budget {
			l.sub.broke = false
		} else {
			sh.idle.Add(1)
		}
		sh.touch(l.sub)
	}
}

// wait has a lane that has sent wait for its rate.
func (sh *shard) wait(l *lane) {
	if l.every == 0 {
		return
	}
	elapsed := sh.now.Sub(sh.began)
	l.next = elapsed - elapsed%l.grid() + l.every
	sh.idle.Add(-1)
	sh.due.push(l)
}

// dismiss ends a lane.
func (sh *shard) dismiss(l *lane) {
	if l.due < 0 {
		sh.idle.Add(-1)
	}
	sh.due.remove(l)
}

// takeSymbols puts symbols that are new on the rosters they belong on.
func (sh *shard) takeSymbols() {
	n := sh.book.symbols.Len()
	sh.arriving = true
	for id := feed.SymbolID(sh.known); int(id) < n; id++ {
		name := sh.book.symbols.Name(id)
		for _, v := range sh.active {
			for _, r := range v.interest.rosters {
				if r.matches(name) {
					v.enlist(r, id)
				}
			}
		}
	}
	sh.known, sh.arriving = n, false
}

func (sh *shard) takeDirty() {
	sh.dirty.take(func(i uint32) {
		for _, v := range sh.active {
			v.changed(feed.SymbolID(i))
		}
	})
}

// schedule has the lane's subscriber flushed when the lane may send: at the end
// of this pulse, unless the lane is due later. One that is blocked is flushed when
// it is writable again, one whose budget is spent when it has some again.
func (sh *shard) schedule(l *lane) {
	if l.due < 0 && !l.sub.blocked && !l.sub.broke {
		sh.touch(l.sub)
	}
}

// touch has s flushed at the end of this pulse.
func (sh *shard) touch(s *Subscriber) {
	if !s.touched && !s.gone {
		s.touched = true
		sh.touched = append(sh.touched, s)
	}
}
